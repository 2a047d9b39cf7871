//! Whether what the server says is what the API's description says of it: fields that it does not name, that are missing,
//! null or of another type. Knows as much of JSON Schema as the description uses.

use std::sync::LazyLock;

use serde_json::{Map, Value};

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(&parlor::http::openapi::text(&parlor::router::document())).unwrap()
});

/// Checks a JSON answer of the API. One that the description does not have is none of its operations'.
#[track_caller]
pub fn answer(method: &str, path: &str, status: u16, body: &Value) {
    let Some(operation) = operation(method, path) else { return };
    let schema = &operation["responses"][status.to_string()]["content"]["application/json"]["schema"];
    if !schema.is_null() {
        check(schema, body, &format!("{method} {path}"));
    }
}

/// Checks an event as a stream tells it.
#[track_caller]
pub fn event(event: &Value) {
    let kind = &event["type"];
    let kinds = DOCUMENT["components"]["schemas"]["Event"]["oneOf"].as_array().unwrap();
    let schema = kinds.iter().find(|one| one["properties"]["type"]["enum"][0] == *kind);
    check(schema.unwrap_or_else(|| panic!("no such event: {event}")), event, "event");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let named: Vec<&str> = template.split('/').collect();
        named.len() == parts.len()
            && named.iter().zip(&parts).all(|(name, part)| name.starts_with('{') || name == part)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // A path that is named as it is goes before one with places for ids.
    let mut found: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.first()?.1.get(method.to_lowercase())
}

#[track_caller]
fn check(schema: &Value, value: &Value, what: &str) {
    let wrong = fault(schema, value, true);
    assert!(wrong.is_none(), "{what} is not as described: {}\n{value}", wrong.unwrap_or_default());
}

/// What is wrong; `closed` when a field that is not named is.
fn fault(schema: &Value, value: &Value, closed: bool) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = DOCUMENT.pointer(name.trim_start_matches('#'));
        return fault(schema.unwrap_or_else(|| panic!("{name}")), value, closed);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().find_map(|part| fault(part, value, false));
    }
    for of in ["oneOf", "anyOf"] {
        if let Some(ways) = schema[of].as_array() {
            let faults: Option<Vec<String>> = ways.iter().map(|way| fault(way, value, closed)).collect();
            return faults.map(|faults| format!("none of: {}", faults.join("; ")));
        }
    }
    if !schema["type"].is_null() && !types(schema).any(|name| is(name, value)) {
        return Some(format!("{value} is not {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Some(format!("{value} is none of {}", schema["enum"]));
    }
    match value {
        Value::Array(items) if !schema["items"].is_null() => {
            let faults = items.iter().enumerate();
            let mut faults = faults.filter_map(|(at, item)| Some((at, fault(&schema["items"], item, true)?)));
            faults.next().map(|(at, wrong)| format!("[{at}] {wrong}"))
        }
        Value::Object(fields) if types(schema).any(|name| name == "object") => {
            fault_of_fields(schema, fields, closed)
        }
        _ => None,
    }
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str().into_iter();
    one.chain(schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the description has a type {other}"),
    }
}

fn fault_of_fields(schema: &Value, fields: &Map<String, Value>, closed: bool) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("{missing} is missing"));
    }
    let others = &schema["additionalProperties"];
    fields.iter().find_map(|(name, value)| {
        let wrong = match (&schema["properties"][name], others) {
            (Value::Null, Value::Object(_)) => fault(others, value, true),
            (Value::Null, Value::Null) if closed => Some("is not described".to_owned()),
            (Value::Null, Value::Bool(false)) => Some("is not described".to_owned()),
            (Value::Null, _) => None,
            (schema, _) => fault(schema, value, true),
        };
        wrong.map(|wrong| format!("{name}: {wrong}"))
    })
}
