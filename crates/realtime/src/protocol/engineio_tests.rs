//! The packets of Engine.IO against a transcript and against junk.

use proptest::prelude::*;

use super::*;

/// The transcript beside this file: `>` is sent by the server, `<` by the client, `=` is what it is read as.
#[test]
fn transcript() {
    let open = |upgrades| Open {
        sid: "lv_VI97HAXpY6yYWAAAC",
        upgrades,
        ping_interval: 25_000,
        ping_timeout: 20_000,
        max_payload: 1_000_000,
    };
    let mut joined = Vec::new();
    for frame in [Frame::text("4hello"), Frame::Binary(Bytes::from_static(&[1, 2, 3, 4])), Frame::text(PING)]
    {
        frame.append(&mut joined);
    }
    let mut found = vec![
        format!("> {}", open(&["websocket"]).packet()),
        format!("> {}", open(&[]).packet()),
        format!("> {}", String::from_utf8(joined).unwrap().replace('\u{1e}', "\\x1e")),
        format!("> {CLOSE} {PING} {PROBED} {NOOP}"),
    ];
    let bodies = [
        "4hello",
        "4",
        "3",
        "3probe",
        "2probe",
        "1",
        "5",
        "6",
        "bAQIDBA==",
        "bAQIDBA",
        "4a\u{1e}4b",
        "3\u{1e}bAA==",
        "",
        "0{}",
        "2",
        "7",
        "abc",
        "1x",
        "5x",
        "b!",
        "4a\u{1e}",
        "\u{1e}4a",
        "ü",
    ];
    for body in bodies {
        let read: Vec<_> = payload(body).collect();
        found.push(format!("< {} = {read:?}", body.replace('\u{1e}', "\\x1e")));
    }
    let refusals = [
        Refusal::UnknownTransport,
        Refusal::UnknownSession,
        Refusal::BadMethod,
        Refusal::BadRequest,
        Refusal::Forbidden,
        Refusal::UnsupportedVersion,
    ];
    found.extend(refusals.map(|why| format!("> {:?}", why.answer())));
    let found = found.join("\n");
    assert_eq!(found.trim(), include_str!("engineio.golden").trim(), "\n{found}\n");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(body in "\\PC{0,40}") {
        let _ = payload(&body).count();
    }

    #[test]
    fn bytes_survive_a_payload(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let frame = Frame::Binary(Bytes::from(bytes.clone()));
        let mut written = Vec::new();
        frame.append(&mut written);
        prop_assert_eq!(written.len(), frame.polled_len());
        let text = String::from_utf8(written).unwrap();
        prop_assert_eq!(packet(&text), Ok(Packet::Binary(Bytes::from(bytes))));
    }
}
