//! The frames and selectors of the realtime protocols.

use bytes::Bytes;
use parlor_realtime::protocol::engineio::{self, Frame, Packet};
use parlor_realtime::protocol::mercure::Selector;
use parlor_realtime::protocol::pusher::{self, Incoming};
use parlor_realtime::protocol::socketio::{Decoder, ack_frames, event_frames};
use serde_json::Value;

use crate::text;

fn json(frame: &str) -> Value {
    serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error}: {frame}"))
}

/// Whatever a client says, what others and it are answered is JSON that says the same.
pub(crate) fn pusher(input: &[u8]) {
    match pusher::incoming(text(input)) {
        Incoming::Subscribe(wanted) => {
            let answer = json(&pusher::not_subscribed(&wanted.channel, "AuthError", "no", 401));
            assert_eq!(answer["channel"], wanted.channel.as_str());
            let kind = pusher::kind(&wanted.channel);
            assert!(!pusher::is_cache(&wanted.channel) || wanted.channel.contains("cache-"), "{kind:?}");
            if pusher::is_name(&wanted.channel, 164) {
                assert!(wanted.channel.len() <= 164 && wanted.channel.is_ascii());
            }
        }
        Incoming::Client { event, channel, data } => {
            assert!(event.starts_with("client-"));
            json(&data);
            assert_eq!(json(&pusher::rejected(&channel, "too fast"))["channel"], channel.as_str());
        }
        Incoming::SignIn(wanted) => {
            assert_eq!(
                json(&pusher::signed_in(&wanted.user_data))["data"]["user_data"],
                wanted.user_data.as_str()
            );
        }
        _ => {}
    }
    let id = text(input);
    assert_eq!(
        json(&format!("[{}]", pusher::member_added(id, None)))[0].as_str().map(json).unwrap_or_default()["user_info"],
        Value::Null
    );
}

/// A selector in the first line, a topic in the rest. A topic selects itself; what selects exactly selects nothing else.
pub(crate) fn mercure(input: &[u8]) {
    let text: String = text(input).chars().take(1_000).collect();
    let (selector, topic) = text.split_once('\n').unwrap_or((&text, ""));
    let classic = Selector::classic(selector);
    assert!(classic.matches(selector), "a selector selects the topic of its own text: {selector:?}");
    let _ = classic.matches(topic);
    let exact = Selector::exact(selector);
    assert!(exact.matches(selector));
    assert!(selector == "*" || selector == topic || !exact.matches(topic));
    if let Some(pattern) = Selector::pattern(selector) {
        let _ = pattern.matches(topic);
    }
}

/// A payload is read packet by packet; what is answered is read as it was written.
pub(crate) fn engineio(input: &[u8]) {
    let mut decoder = Decoder::new(10);
    for packet in engineio::payload(text(input)) {
        let decoded = match packet {
            Ok(Packet::Text(message)) => decoder.text(message),
            Ok(Packet::Binary(bytes)) => decoder.binary(bytes),
            Ok(_) => continue,
            Err(_) => break,
        };
        if decoded.is_err() {
            break;
        }
    }
    let frames = [Frame::Binary(Bytes::copy_from_slice(input)), Frame::text("4hello")];
    let mut payload = Vec::new();
    frames.iter().for_each(|frame| frame.append(&mut payload));
    let read: Vec<_> = engineio::payload(str(&payload)).collect();
    assert_eq!(read, [Ok(Packet::Binary(Bytes::copy_from_slice(input))), Ok(Packet::Text("hello"))]);
    round_trip(input);
}

/// An event with the input as its attachment and as its argument.
fn round_trip(input: &[u8]) {
    let args = serde_json::json!(["e", text(input)]).to_string();
    for frames in [
        event_frames("/a", &args, vec![Bytes::copy_from_slice(input)]),
        ack_frames("/a", 7, &args, Vec::new()),
    ] {
        let (mut decoder, mut last) = (Decoder::new(10), None);
        for frame in frames {
            last = match &frame {
                Frame::Text(text) => decoder.text(&str(text)[1..]),
                Frame::Binary(bytes) => decoder.binary(bytes.clone()),
            }
            .unwrap_or_else(|_| panic!("our own packet is not read"));
        }
        assert!(last.is_some());
    }
}

fn str(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("what is told is UTF-8"))
}
