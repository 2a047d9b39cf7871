//! JSON in a column. Must not know: what it means.

use parlor_db::{FromValue, Value};
use serde::de::DeserializeOwned;

/// A stored JSON; `NULL` is JSON's `null`. One that cannot be read is an error, whatever it is read into: what would stand
/// in for it (no limits, no rights, nothing attached) is a guess.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        let text = match value {
            Value::Null => "null",
            Value::Text(text) => text,
            other => return Err(other.mismatch("JSON")),
        };
        serde_json::from_str(text).map(Json).map_err(|error| error.to_string())
    }
}

/// Likewise one that is an object. A struct would be read from a list too, and from an empty one as if nothing were set.
pub(crate) struct Object<T>(pub T);

impl<T: DeserializeOwned> FromValue for Object<T> {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Text(text) if text.trim_start().starts_with('{') => {
                Json::from_value(value).map(|Json(object)| Self(object))
            }
            Value::Text(_) => Err("this is no JSON object".to_owned()),
            other => Err(other.mismatch("a JSON object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(value: Value<'_>) -> Result<Option<Vec<i64>>, String> {
        Json::from_value(value).map(|Json(list)| list)
    }

    #[test]
    fn what_is_no_json_is_an_error_even_where_nothing_would_do() {
        assert_eq!(list(Value::Null), Ok(None));
        assert_eq!(list(Value::Text("[1]")), Ok(Some(vec![1])));
        for damaged in [Value::Text(""), Value::Text("[1"), Value::Text("{}"), Value::Int(1)] {
            assert!(list(damaged).is_err(), "{damaged:?}");
        }
    }
}
