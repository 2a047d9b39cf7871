//! Owns: the frames of the native WebSocket protocol (docs/protocols/native.md). One JSON object a text frame.

use bytes::Bytes;
use parlor_chat::ConversationId;
use serde::Deserialize;
use serde_json::json;

use crate::close::Close;

/// `{"type":"event","event":…}`; `event` is JSON already.
#[must_use]
pub fn event(event: &str) -> Bytes {
    let mut frame = String::with_capacity(event.len() + 26);
    frame.push_str(r#"{"type":"event","event":"#);
    frame.push_str(event);
    frame.push('}');
    Bytes::from(frame)
}

/// The first frame: where the client stands, and whether its own cursor did not serve.
#[must_use]
pub fn ready(cursor: &str, reset: bool) -> String {
    json!({"type": "ready", "cursor": cursor, "reset": reset}).to_string()
}

/// To be answered by `pong`. Carries a cursor when the position moved on without events for this client.
#[must_use]
pub fn ping(cursor: Option<&str>) -> String {
    match cursor {
        Some(cursor) => json!({"type": "ping", "cursor": cursor}).to_string(),
        None => r#"{"type":"ping"}"#.to_owned(),
    }
}

/// The answer to a client's ping.
pub const PONG: &str = r#"{"type":"pong"}"#;

/// What a client may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Its user does something.
    Active,
    /// Its user looks at a conversation, or at none.
    View(Option<ConversationId>),
    /// Its user types, or no longer does.
    Typing {
        /// The conversation typed in.
        conversation: ConversationId,
        /// False when it stopped.
        typing: bool,
        /// A private note.
        is_private_note: bool,
    },
    /// It lives.
    Pong,
    /// It asks whether we live.
    Ping,
    /// A type of a later version: ignored.
    Unknown,
    /// Not a JSON object with a type.
    Malformed,
}

/// Reads a client's frame.
#[must_use]
pub fn incoming(text: &str) -> Incoming {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
        conversation_id: Option<ConversationId>,
        typing: Option<bool>,
        #[serde(default)]
        is_private_note: bool,
    }
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
    }
    let Ok(Kind { kind }) = serde_json::from_str(text) else { return Incoming::Malformed };
    match kind.as_ref() {
        "pong" => return Incoming::Pong,
        "ping" => return Incoming::Ping,
        "active" | "view" | "typing" => {}
        _ => return Incoming::Unknown,
    }
    let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else { return Incoming::Malformed };
    match (frame.kind.as_ref(), frame.conversation_id) {
        ("active", _) => Incoming::Active,
        ("view", conversation) => Incoming::View(conversation),
        (_, Some(conversation)) => Incoming::Typing {
            conversation,
            typing: frame.typing.unwrap_or(true),
            is_private_note: frame.is_private_note,
        },
        (_, None) => Incoming::Malformed,
    }
}

/// The close code and reason.
#[must_use]
pub fn close(why: Close) -> (u16, &'static str) {
    match why {
        Close::Resync => (4000, "resync"),
        Close::Unauthorized => (4001, "unauthorized"),
        Close::Restart => (4200, "restart"),
    }
}

/// Sent to a client whose frame cannot be read.
pub const MALFORMED: (u16, &str) = (4400, "malformed");
/// Sent to a client that was silent too long.
pub const SILENT: (u16, &str) = (4408, "silent");

#[cfg(test)]
mod tests {
    use super::*;

    /// The transcript beside this file: `>` is sent by the server, `<` by the client, `=` is what it is read as.
    #[test]
    fn transcript() {
        let written = [
            format!("> {}", ready("7.1.sig", false)),
            format!("> {}", ready("9.1.sig", true)),
            format!("> {}", String::from_utf8(event(r#"{"seq":8,"type":"read"}"#).to_vec()).unwrap()),
            format!("> {}", ping(None)),
            format!("> {}", ping(Some("12.1.sig"))),
            format!("> {PONG}"),
        ];
        let read =
            [
                r#"{"type":"pong"}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"active"}"#,
                r#"{"type":"view","conversation_id":null}"#,
                r#"{"type":"view","conversation_id":"00000000-0000-0000-0000-000000000007"}"#,
                r#"{"type":"typing","conversation_id":"00000000-0000-0000-0000-000000000007"}"#,
                r#"{"type":"typing","conversation_id":"00000000-0000-0000-0000-000000000007","typing":false,"is_private_note":true}"#,
                r#"{"type":"typing"}"#,
                r#"{"type":"view","conversation_id":7}"#,
                r#"{"type":"later","x":[1]}"#,
                "{}",
                "[1",
                "",
            ]
            .map(|text| format!("< {text} = {:?}", incoming(text)));
        let closed = [Close::Resync, Close::Unauthorized, Close::Restart]
            .map(|why| format!("> close {:?}", close(why)));
        let found = [&written[..], &read[..], &closed[..]].concat().join("\n");
        assert_eq!(found.trim(), include_str!("native.golden").trim(), "\n{found}\n");
    }
}
