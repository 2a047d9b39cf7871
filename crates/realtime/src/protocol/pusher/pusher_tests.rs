//! The golden transcript, and what the names of channels say.

use std::sync::Arc;

use super::*;
use crate::encoded::EncodedEvent;
use crate::testing;

const ID: &str = "00000000-0000-0000-0000-000000000007";

fn publication(channels: &[&str], name: &str, data: &str, user_id: Option<&str>) -> Publication {
    Publication::Channels {
        channels: channels.iter().map(|channel| (*channel).to_owned()).collect(),
        name: name.to_owned(),
        data: data.to_owned(),
        except: None,
        user_id: user_id.map(str::to_owned),
    }
}

fn published(seq: i64, publication: Publication) -> EncodedEvent {
    EncodedEvent::new(Event { publication: Some(Arc::new(publication)), ..testing::event(seq, 7) })
}

fn text(frame: &Bytes) -> String {
    String::from_utf8(frame.to_vec()).unwrap()
}

fn sent() -> Vec<String> {
    let conversation = testing::conversation(7);
    let kept = published(8, publication(&["a", "private-b"], "n", "{\"x\":\"é\\n\"}", None));
    let client = published(0, publication(&["presence-c"], "client-typing", r#"{"on":true}"#, Some("7")));
    let added = publication(&["presence-c"], MEMBER_ADDED, &member_added("7", Some("{}")), Some("7"));
    let removed = publication(&["presence-c"], MEMBER_REMOVED, &member_removed("7"), Some("7"));
    let counted = publication(&["a"], SUBSCRIPTION_COUNT, &subscription_count(3), None);
    let seen = publication(&["#watched-7"], WATCHLIST, &watched("7", false), None);
    let own = EncodedEvent::new(testing::event(9, 7));
    let members = members([("7", Some(r#"{"name":"Ana"}"#)), ("8", None)].into_iter());
    vec![
        established("12.34", 120),
        PING.to_owned(),
        PONG.to_owned(),
        rejected("private-a", "too fast"),
        subscribed("a", "{}"),
        subscribed("presence-c", &members),
        not_subscribed("private-b", "AuthError", "wrong", 401),
        cache_miss("cache-a"),
        event("cache-a", "n", "1"),
        signed_in(r#"{"id":"7"}"#),
        watchlist(&["8"], &["9"]),
        watchlist(&[], &[]),
        text(&kept.pusher().nth(0, "a")),
        text(&kept.pusher().nth(1, "private-b")),
        text(&client.pusher().nth(0, "presence-c")),
        text(&published(0, added).pusher().nth(0, "presence-c")),
        text(&published(0, removed).pusher().nth(0, "presence-c")),
        text(&published(0, counted).pusher().nth(0, "a")),
        text(&published(0, seen).pusher().nth(0, "#watched-7")),
        text(&own.pusher().in_conversation(conversation)),
        text(&own.pusher().for_viewers(conversation)),
        text(&own.pusher().on("private-user-x")),
    ]
}

const RECEIVED: [&str; 17] = [
    r#"{"event":"pusher:ping","data":{}}"#,
    r#"{"event":"pusher:pong"}"#,
    r#"{"event":"pusher:subscribe","data":{"channel":"a"}}"#,
    r#"{"event":"pusher:subscribe","data":{"channel":"a","auth":null,"channel_data":null}}"#,
    r#"{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{}","channel":"presence-c"}}"#,
    r#"{"event":"pusher:subscribe","data":"{\"channel\":\"a\"}"}"#,
    r#"{"event":"pusher:subscribe","data":{}}"#,
    r#"{"event":"pusher:unsubscribe","data":{"channel":"a"}}"#,
    r#"{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{}"}}"#,
    r#"{"event":"client-x","channel":"private-b","data":{ "a" : [1] }}"#,
    r#"{"event":"client-x","channel":"private-b"}"#,
    r#"{"event":"client-x"}"#,
    r#"{"event":"something"}"#,
    "{}",
    r#"{"event":1}"#,
    "[1",
    "",
];

/// The transcript beside this file: `>` is sent by the server, `<` by the client, `=` is what it is read as.
#[test]
fn transcript() {
    let sent = sent().into_iter().map(|frame| format!("> {frame}"));
    let received = RECEIVED.iter().map(|frame| format!("< {frame}\n  = {:?}", incoming(frame)));
    let closed = [Close::Resync, Close::Unauthorized, Close::Restart].map(close);
    let closed = closed.iter().map(|why| format!("> close {why:?}"));
    let found: Vec<_> = sent.chain(received).chain(closed).collect();
    let found = found.join("\n");
    assert_eq!(found.trim(), include_str!("pusher.golden").trim(), "\n{found}\n");
}

#[test]
fn every_frame_is_json() {
    for frame in sent() {
        let value: Value = serde_json::from_str(&frame).unwrap();
        assert!(value["event"].is_string(), "{frame}");
    }
}

#[test]
fn frames_are_made_once() {
    let kept = published(8, publication(&["a"], "n", "x", None));
    assert_eq!(kept.pusher().nth(0, "a").as_ptr(), kept.pusher().nth(0, "a").as_ptr());
}

#[test]
fn what_names_say() {
    let kinds = [
        ("a", Kind::Public, false),
        ("cache-a", Kind::Public, true),
        ("privateer", Kind::Public, false),
        ("private-a", Kind::Private, false),
        ("private-cache-a", Kind::Private, true),
        ("private-encrypted-a", Kind::Encrypted, false),
        ("private-encrypted-cache-a", Kind::Encrypted, true),
        ("presence-a", Kind::Presence, false),
        ("presence-cache-a", Kind::Presence, true),
        ("a-cache-b", Kind::Public, false),
        ("#server-to-user-cache-7", Kind::User, false),
    ];
    for (name, expected, cache) in kinds {
        assert_eq!((kind(name), is_cache(name)), (expected, cache), "{name}");
        assert!(is_name(name, NAME_LENGTH));
    }
    for bad in ["", "a b", "#x", "#server-to-user-", "a:b", "ä", "a\n", "a/b", &"x".repeat(165)] {
        assert!(!is_name(bad, NAME_LENGTH), "{bad}");
    }
    for (text, right) in [("1.2", true), ("1", false), ("1.", false), ("1.2.3", false), ("a.1", false)] {
        assert_eq!(is_socket_id(text), right, "{text}");
    }
}

#[test]
fn parlors_own_channels_carry_its_ids() {
    for name in ["private-conversation-", "presence-conversation-", "private-user-"] {
        let channel = format!("{name}{ID}");
        assert_eq!(ParlorChannel::parse(&channel).unwrap().to_string(), channel);
        assert_eq!(ParlorChannel::parse(&format!("{name}7")), None, "the application's own");
        assert_eq!(ParlorChannel::parse(&channel.to_uppercase()), None);
        assert_eq!(ParlorChannel::parse(&format!("{name}{}", ID.replace('-', ""))), None);
    }
    assert_eq!(ParlorChannel::parse("presence-inbox"), Some(ParlorChannel::Inbox));
    assert_eq!(ParlorChannel::parse("presence-inbox-2"), None);
}
