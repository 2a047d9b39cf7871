//! The nouns of the contracts in each contract's own spelling, made from the native JSON: the REST answers and the codecs
//! of their realtime protocols use the same ones. Pure; must not know HTTP, sockets or the database.

pub mod chat;
pub mod crm;
pub mod erp;

use serde_json::Value;

/// A text field of a native object.
fn text(of: &Value, field: &str) -> Option<String> {
    of.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// The `data` of an event as it is stored, with its type and its conversation.
#[derive(Debug, serde::Deserialize)]
pub struct Told {
    /// "message.posted" …
    #[serde(rename = "type")]
    pub kind: String,
    /// When, as RFC 3339.
    pub at: String,
    /// In which conversation.
    pub conversation_id: Option<String>,
    /// The event's own part.
    pub data: Value,
}

impl Told {
    /// Reads a stored event.
    #[must_use]
    pub fn parse(json: &str) -> Option<Told> {
        serde_json::from_str(json).ok()
    }
}
