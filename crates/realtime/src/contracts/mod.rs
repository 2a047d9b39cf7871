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
