//! No text that the API takes is without bound: made from its description, every text of every body is sent as long as a
//! request may be, and refused by its name.

use serde_json::{Map, Value, json};

use crate::isolation::{Things, body, fill, things};
use crate::support::{Person, Site, described::DOCUMENT};

const LONGEST: usize = 150_000;

/// Texts that are compared with something and never kept.
const COMPARED: &[&str] = &["look_at_invitation token", "set_password current"];

/// A schema without references and the ways to be null.
fn plain(schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return plain(DOCUMENT.pointer(name.trim_start_matches('#')).unwrap());
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = json!({"type": "object", "properties": {}, "required": []});
        for part in parts.iter().map(plain) {
            whole["properties"]
                .as_object_mut()
                .unwrap()
                .extend(part["properties"].as_object().cloned().unwrap_or_default());
            let required = part["required"].as_array().cloned().unwrap_or_default();
            whole["required"].as_array_mut().unwrap().extend(required);
        }
        return whole;
    }
    let ways = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    match ways.and_then(|ways| ways.iter().find(|way| way["type"] != "null")) {
        Some(way) => plain(way),
        None => schema.clone(),
    }
}

fn is(schema: &Value, name: &str) -> bool {
    schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&json!(name)))
}

/// Something that fits the schema: only what is required.
fn sample(schema: &Value) -> Value {
    let schema = plain(schema);
    if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
        return word.clone();
    }
    if is(&schema, "object") {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let fields = required.map(|name| (name.to_owned(), sample(&schema["properties"][name])));
        return Value::Object(fields.collect::<Map<_, _>>());
    }
    match () {
        () if is(&schema, "array") => json!([]),
        () if is(&schema, "string") => json!("x"),
        () if is(&schema, "boolean") => json!(false),
        () => json!(1),
    }
}

/// Every text of the schema: the fields on the way to it, and what fits around it.
fn texts(schema: &Value, around: &dyn Fn(Value) -> Value, name: &str, found: &mut Vec<(String, Value)>) {
    let schema = plain(schema);
    if is(&schema, "string") && schema["enum"].is_null() {
        found.push((name.to_owned(), around(json!("a".repeat(LONGEST)))));
    } else if is(&schema, "array") {
        texts(&schema["items"], &|item| around(json!([item])), name, found);
    } else if let Some(fields) = schema["properties"].as_object() {
        for (field, of) in fields {
            let put = |value| {
                let mut whole = sample(&schema);
                whole[field] = value;
                around(whole)
            };
            let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
            texts(of, &put, &name, found);
        }
    }
}

async fn refused(
    admin: &Person,
    things: &Things,
    method: &str,
    path: &str,
    operation: &Value,
) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = operation["operationId"].as_str().unwrap();
    let mut found = Vec::new();
    if !schema.is_null() {
        texts(schema, &|value| value, "", &mut found);
    }
    let mut wrong = Vec::new();
    for (text, sent) in found {
        let top = text.split('.').next().unwrap();
        if COMPARED.contains(&format!("{name} {text}").as_str()) {
            continue;
        }
        let mut whole = base(name, admin, things);
        if top == "contact" {
            whole.as_object_mut().unwrap().remove("contact_id");
        }
        for (field, value) in sent.as_object().into_iter().flatten() {
            // What the operation needs stays as it is, unless it is the text in question.
            if field == top || whole.get(field).is_none() {
                whole[field] = value.clone();
            }
        }
        // A new contact is one by its name.
        if let Some(contact) = whole.get_mut("contact").and_then(Value::as_object_mut) {
            contact.entry("name").or_insert_with(|| json!("x"));
        }
        let request = admin.request(method.to_uppercase().parse().unwrap(), &fill(path, things));
        let reply = admin.send(request.json(&whole)).await;
        let field = reply.json["field"].as_str().unwrap_or_default();
        let is_named = text.split('.').any(|part| field.split('.').any(|named| named == part));
        // Ids are read before anything is asked.
        let is_no_id = ["type", "format"].contains(&reply.json["rule"].as_str().unwrap_or_default());
        if !(400..500).contains(&reply.status) || !(is_named || is_no_id || reply.status == 413) {
            let answer: String = reply.text.chars().take(200).collect();
            wrong.push(format!("{name} {text}: {} {answer}", reply.status));
        }
    }
    wrong
}

/// What makes the operation ask for the text at all.
fn base(operation: &str, admin: &Person, things: &Things) -> Value {
    match operation {
        "open_conversation" => {
            json!({"kind": "support", "subject": "x", "contact_id": things["contacts"], "message": {"body": "x"}})
        }
        "send_notification" => json!({"user_ids": [admin.id], "title": "x", "message": "x", "type": "alert"}),
        "create_user" | "create_team" | "create_store" | "create_contact" | "create_role" => {
            json!({"name": "another"})
        }
        "create_api_key" => json!({"name": "x"}),
        _ => body(operation, admin),
    }
}

#[tokio::test]
async fn no_text_is_without_bound() {
    let site = Site::start().await;
    let (admin, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    let things = things(&site, &admin, &ben).await;
    let mut wrong = Vec::new();
    for (path, operations) in DOCUMENT["paths"].as_object().unwrap() {
        let Some(under) = path.strip_prefix("/api/v1") else { continue };
        for (method, operation) in operations.as_object().unwrap() {
            wrong.extend(refused(&admin, &things, method, under, operation).await);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
