//! The packets of Socket.IO against a transcript and against junk.

use proptest::prelude::*;

use super::*;

/// What clients send.
const READ: &[&str] = &[
    "0",
    r#"0{"token":"123"}"#,
    r#"0/admin,{"token":"123"}"#,
    "0/custom",
    "0/admin?x=1,",
    r#"2["hey",1,{"a":2}]"#,
    r#"2456["msg", 1]"#,
    r#"2/admin,13["x"]"#,
    r#"2[7,"number"]"#,
    r#"2["only"]"#,
    "313[]",
    "3/admin,13[1]",
    "1",
    "1/admin,",
    "1/admin",
];

/// What no well-behaved client sends.
const REFUSED: &[&str] = &[
    "",
    "abc",
    "7",
    "4{}",
    "ü",
    "0[]",
    "0null",
    "0{",
    "05",
    r#"00{"a":1}"#,
    "1{}",
    "11",
    "2",
    "2{}",
    "2[]",
    "2[null]",
    r#"2["disconnect"]"#,
    r#"2["connect"]"#,
    r#"2abc["x"]"#,
    r#"299999999999999999999["x"]"#,
    r#"2-1["x"]"#,
    "3[]",
    "31{}",
    "31",
    "5[\"x\"]",
    r#"5a-["x"]"#,
    r#"5-["x"]"#,
    r#"5+1-["x"]"#,
    r#"511-["x"]"#,
    r#"51-["x",{"_placeholder":true,"num":1}]"#,
    r#"51-["x",{"_placeholder":true}]"#,
    r#"2["x"] "y""#,
];

fn shown(frames: &[Frame]) -> String {
    let texts = frames.iter().map(|frame| match frame {
        Frame::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        Frame::Binary(bytes) => format!("{bytes:?}"),
    });
    format!("> {}", texts.collect::<Vec<_>>().join(" + "))
}

/// The transcript beside this file: `>` is sent by the server, `<` by the client, `=` is what it is read as.
#[test]
fn transcript() {
    let bytes = || vec![Bytes::from_static(&[1, 2, 3]), Bytes::from_static(&[4])];
    let two = r#"["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let mut found = vec![
        shown(&[connected(MAIN, r#"{"sid":"wZX3oN0bSVIhsaknAAAI"}"#)]),
        shown(&[connected("/admin", r#"{"sid":"wZX3oN0bSVIhsaknAAAI"}"#)]),
        shown(&[refused("/random", INVALID_NAMESPACE)]),
        shown(&[refused(MAIN, r#"{"message":"Not authorized"}"#)]),
        shown(&[disconnected(MAIN), disconnected("/admin")]),
        shown(&event_frames(MAIN, r#"["hey",1,{"a":2}]"#, Vec::new())),
        shown(&event_frames("/admin", two, bytes())),
        shown(&ack_frames(MAIN, 456, "[1]", Vec::new())),
        shown(&ack_frames("/admin", 13, "[]", Vec::new())),
        shown(&ack_frames(MAIN, 789, two, bytes())),
        shown(&[Frame::Text(published("message.posted", r#"{"seq":8}"#, 8))]),
        shown(&[Frame::Text(published("typing", r#"{"type":"typing"}"#, 0))]),
    ];
    for message in READ.iter().chain(REFUSED) {
        let packet = Decoder::new(10).text(message);
        found.push(format!("< {message} = {packet:?}"));
    }
    let found = found.join("\n");
    assert_eq!(found.trim(), include_str!("socketio.golden").trim(), "\n{found}\n");
}

#[test]
fn attachments_follow_their_event() {
    let mut decoder = Decoder::new(2);
    let head = r#"52-/admin,7["m",{"a":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]"#;
    assert!(decoder.text(head).unwrap().is_none());
    assert!(decoder.binary(Bytes::from_static(&[1])).unwrap().is_none());
    let packet = decoder.binary(Bytes::from_static(&[2])).unwrap().unwrap();
    let Body::Event(event) = packet.body else { panic!() };
    assert_eq!((packet.namespace.as_str(), event.ack), ("/admin", Some(7)));
    assert_eq!(event.attachments, [Bytes::from_static(&[1]), Bytes::from_static(&[2])]);
    // As many as promised, and nothing between.
    assert_eq!(decoder.binary(Bytes::new()).unwrap_err(), Malformed);
    assert!(decoder.text(r#"51-["m"]"#).unwrap().is_none());
    assert_eq!(decoder.text(r#"2["m"]"#).unwrap_err(), Malformed);
    assert!(Decoder::new(2).text(r#"53-["m"]"#).is_err());
    assert!(Decoder::new(2).text(r#"510000-["m"]"#).is_err());
    // An acknowledgement may carry attachments as well.
    let mut decoder = Decoder::new(2);
    assert!(decoder.text(r#"61-5[{"_placeholder":true,"num":0}]"#).unwrap().is_none());
    assert!(matches!(decoder.binary(Bytes::new()).unwrap().unwrap().body, Body::Ack(5)));
}

#[test]
fn arguments_keep_their_text() {
    let packet = Decoder::new(0).text(r#"2["message",1,"2",{"3":[true]},1.50e3]"#).unwrap().unwrap();
    let Body::Event(event) = packet.body else { panic!() };
    assert_eq!(event.args, r#"[1,"2",{"3":[true]},1.50e3]"#);
    assert_eq!(event.first(), "1");
}

#[test]
fn depth_and_length_are_no_weapon() {
    let deep = format!(r#"51-["x",{}1{}]"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(Decoder::new(10).text(&deep).is_err());
    let deep = format!(r#"2["x",{}1{}]"#, "[".repeat(100_000), "]".repeat(100_000));
    if let Ok(Some(Packet { body: Body::Event(event), .. })) = Decoder::new(10).text(&deep) {
        assert!(serde_json::from_str::<Value>(event.first()).is_err());
    }
    assert!(Decoder::new(10).text(&format!("0/{}", "n".repeat(300))).is_err());
    assert!(Decoder::new(10).text(&format!("2{}", "9".repeat(1000))).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(message in "[0-9/,?{}\\[\\]\"a-z:_ü-]{0,40}") {
        let _ = Decoder::new(10).text(&message);
    }

    #[test]
    fn what_is_sent_can_be_read(
        namespace in "/[a-z]{0,8}",
        id in any::<u64>(),
        text in "\\PC{0,20}",
    ) {
        let array = serde_json::json!(["name", text]).to_string();
        let frames = event_frames(&namespace, &array, Vec::new());
        let [Frame::Text(frame)] = frames.as_slice() else { panic!() };
        let message = std::str::from_utf8(frame).unwrap();
        let packet = Decoder::new(0).text(&message[1..]).unwrap().unwrap();
        prop_assert_eq!(&packet.namespace, &namespace);
        let Body::Event(event) = packet.body else { panic!() };
        prop_assert_eq!(event.first(), serde_json::json!(text).to_string());
        let acked = head(3, 0, &namespace, Some(id)) + "[]";
        let packet = Decoder::new(0).text(&acked[1..]).unwrap().unwrap();
        prop_assert!(matches!(packet.body, Body::Ack(found) if found == id));
    }
}
