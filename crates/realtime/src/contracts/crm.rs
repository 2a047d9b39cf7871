//! Owns: the nouns of the CRM messenger contract (docs/contracts/crm.md): snake_case, times as RFC 3339.
//! Must not know: who asks.

use serde::Serialize;
use serde_json::Value;

use super::text;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "docs/contracts/crm.md describes the shape")]
pub struct Message {
    pub id: Option<String>,
    pub conversation_id: Option<String>,
    pub author_id: Option<String>,
    pub author_name: Option<String>,
    pub body: String,
    pub html: String,
    pub attachments: Value,
    pub is_system: bool,
    pub client_id: Option<String>,
    pub seq: i64,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub deleted_at: Option<String>,
}

impl Message {
    /// From a native message.
    #[must_use]
    pub fn from_native(native: &Value) -> Message {
        let author = native.get("author").unwrap_or(&Value::Null);
        let (created_at, deleted_at) = (text(native, "created_at"), text(native, "deleted_at"));
        Message {
            id: text(native, "id"),
            conversation_id: text(native, "conversation_id"),
            author_id: text(author, "id"),
            author_name: text(author, "name"),
            body: text(native, "body").unwrap_or_default(),
            html: text(native, "html").unwrap_or_default(),
            attachments: native.get("attachments").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
            is_system: text(native, "kind").as_deref() == Some("system"),
            client_id: text(native, "client_id"),
            seq: native.get("seq").and_then(Value::as_i64).unwrap_or(0),
            updated_at: deleted_at
                .clone()
                .or_else(|| text(native, "edited_at"))
                .or_else(|| created_at.clone()),
            created_at,
            deleted_at,
        }
    }
}
