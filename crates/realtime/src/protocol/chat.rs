//! Owns: the frames of the team chat contract over WebSocket and the lines of its event stream
//! (docs/contracts/chat.md). One JSON object with a member `event` a text frame.

use bytes::Bytes;
use parlor_chat::events::Event;
use parlor_chat::{ConversationId, Error};
use serde::Deserialize;
use serde_json::json;

use super::native::Incoming;
use crate::contracts::chat;

/// The object of an event; empty when the contract has no word for it.
///
/// # Errors
/// `Damaged` when the event cannot be read.
pub fn event(event: &Event) -> Result<Bytes, Error> {
    let Some(said) = chat::Event::from_log(event)? else { return Ok(Bytes::new()) };
    Ok(Bytes::from(serde_json::to_vec(&said)?))
}

/// The lines of the same after its `id`.
///
/// # Errors
/// `Damaged` when the event cannot be read.
pub fn lines(event: &Event) -> Result<Bytes, Error> {
    let Some(said) = chat::Event::from_log(event)? else { return Ok(Bytes::new()) };
    let json = serde_json::to_string(&said)?;
    Ok(Bytes::from(format!("event: {}\ndata: {json}\n\n", said.event)))
}

/// The first frame: where the client stands, and whether its own cursor did not serve.
#[must_use]
pub fn ready(cursor: &str, reset: bool) -> String {
    json!({"event": "ready", "data": {"cursor": cursor, "reset": reset}}).to_string()
}

/// To be answered by `pong`. Carries a cursor when the position moved on without events for this client.
#[must_use]
pub fn ping(cursor: Option<&str>) -> String {
    json!({"event": "ping", "data": {"cursor": cursor}}).to_string()
}

/// The answer to a client's ping.
pub const PONG: &str = r#"{"event":"pong","data":{}}"#;

/// Reads a client's frame.
#[must_use]
pub fn incoming(text: &str) -> Incoming {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(borrow)]
        event: std::borrow::Cow<'a, str>,
        #[serde(default)]
        data: Data,
    }
    #[derive(Default, Deserialize)]
    struct Data {
        thread_id: Option<ConversationId>,
        typing: Option<bool>,
    }
    let Ok(Frame { event, data }) = serde_json::from_str(text) else { return Incoming::Malformed };
    match (event.as_ref(), data.thread_id) {
        ("pong", _) => Incoming::Pong,
        ("ping", _) => Incoming::Ping,
        ("presence", _) => Incoming::Active,
        ("typing", Some(conversation)) => {
            Incoming::Typing { conversation, typing: data.typing.unwrap_or(true), is_private_note: false }
        }
        ("typing", None) => Incoming::Malformed,
        _ => Incoming::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parlor_chat::access::Facets;
    use parlor_chat::events::{Audience, EventKind};
    use parlor_chat::kinds::Kind;
    use parlor_chat::{TenantId, Time};
    use uuid::Uuid;

    use super::*;
    use crate::testing;

    fn logged(kind: EventKind, place: Kind, data: serde_json::Value) -> Event {
        let id = Uuid::from_u128(7);
        let json = json!({"seq": 8, "type": kind.name(), "at": "2026-11-21T08:00:00Z", "conversation_id": id, "data": data});
        Event {
            tenant: TenantId(Uuid::nil()),
            seq: 8,
            kind,
            at: Time::parse("2026-11-21T08:00:00Z").unwrap(),
            conversation: Some(ConversationId(id)),
            audience: Audience::Conversation {
                facets: Facets { kind: place, team: None, store: None, assignee: None },
                staff_only: false,
            },
            access: Vec::new(),
            publication: None,
            json: Arc::from(json.to_string()),
        }
    }

    /// The transcript beside this file: `>` is sent by the server, `<` by the client, `=` is what it is read as.
    #[test]
    fn transcript() {
        let file = json!({"id": Uuid::from_u128(9), "name": "a.png", "content_type": "image/png", "size": 7});
        let another =
            json!({"client_id": "c", "created_at": "2026-11-21T08:00:00.5Z", "attachments": [file]});
        let message = testing::message(1, another);
        let (ben, first) = (Uuid::from_u128(2), Uuid::from_u128(3));
        let read = json!({"person_id": ben, "last_read_seq": 3, "message_id": first, "last_read_at": "2026-11-21T08:00:01Z"});
        let progress = json!({"last_seq": 3, "last_activity_at": "2026-11-21T08:00:00.5Z"});
        let posted = json!({"message": message, "conversation": progress, "author_read_seq": null});
        let events = [
            logged(EventKind::MessagePosted, Kind::Direct, posted.clone()),
            logged(EventKind::MessageEdited, Kind::Group, json!({ "message": message })),
            logged(EventKind::Read, Kind::Direct, read),
            logged(
                EventKind::HistoryPurged,
                Kind::Group,
                json!({"before": "2026-11-01T00:00:00Z", "conversation_ids": []}),
            ),
            logged(EventKind::ParticipantAdded, Kind::Group, json!({"participants": [], "members_count": 2})),
            Event {
                seq: 0,
                ..logged(EventKind::Typing, Kind::Direct, json!({"person_id": ben, "typing": true}))
            },
            logged(EventKind::MessagePosted, Kind::Support, posted),
            logged(EventKind::DraftSaved, Kind::Direct, json!({"mode": "reply", "body": ""})),
        ];
        let mut found = vec![
            format!("> {}", ready("7.1.sig", false)),
            format!("> {}", ping(None)),
            format!("> {}", ping(Some("12.1.sig"))),
            format!("> {PONG}"),
        ];
        let shown = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap().replace('\n', "⏎");
        found.extend(events.iter().map(|one| format!("> {}", shown(event(one).unwrap()))));
        found.extend(events.iter().take(3).map(|one| format!("> {}", shown(lines(one).unwrap()))));
        let said = [
            r#"{"event":"pong"}"#,
            r#"{"event":"ping"}"#,
            r#"{"event":"presence"}"#,
            r#"{"event":"typing","data":{"thread_id":"00000000-0000-0000-0000-000000000007"}}"#,
            r#"{"event":"typing","data":{"thread_id":"00000000-0000-0000-0000-000000000007","typing":false}}"#,
            r#"{"event":"typing"}"#,
            r#"{"event":"later","data":{"x":1}}"#,
            "{}",
            "[1",
        ];
        found.extend(said.map(|text| format!("< {text} = {:?}", incoming(text))));
        let found = found.join("\n");
        assert_eq!(found.trim(), include_str!("chat.golden").trim(), "\n{found}\n");
    }
    #[test]
    fn what_cannot_be_read_is_an_error() {
        for kind in [EventKind::MessagePosted, EventKind::Read, EventKind::HistoryPurged] {
            let damaged = logged(kind, Kind::Direct, json!({ "message_id": 7 }));
            assert!(matches!(event(&damaged), Err(Error::Damaged(_))), "{kind:?}");
        }
    }
}
