//! Owns: the ids of members as the registry keeps them. An id that was signed as a number, and that the application wants
//! to hear of as a number, has a mark in front; ids that are texts have no control characters, so the mark is in none.

use serde_json::{Number, Value};

const NUMBER: char = '\u{1}';

/// The id of a member that was signed as a number.
#[must_use]
pub fn number_id(id: &Number) -> String {
    format!("{NUMBER}{id}")
}

/// The id without the mark: what names the member wherever numbers and texts are one.
#[must_use]
pub fn plain_id(id: &str) -> &str {
    id.strip_prefix(NUMBER).unwrap_or(id)
}

/// The id as others are told it.
#[must_use]
pub fn id_json(id: &str) -> Value {
    let number = id.strip_prefix(NUMBER).and_then(|id| id.parse().ok());
    number.map_or_else(|| plain_id(id).into(), Value::Number)
}
