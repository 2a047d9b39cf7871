//! Owns: what the description of the API says of shapes beyond what is written beside each of them.
//! Must not know: which shapes there are.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// Shapes that tell only what changed: a field that is absent is as it was, and one that is null has no value now.
const PARTIAL: [&str; 1] = ["ConversationChanges"];

/// Makes the shapes as narrow as what is answered:
/// - A field of an answer that may be null is always there, because one that may be absent is never null
///   (`nullable = false` beside its `skip_serializing_if`). What callers send may leave it out.
/// - An object of which no field is named may hold any.
pub(super) fn narrow(document: &mut OpenApi) {
    let asked = asked(document);
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        each_object(schema, &mut |object| {
            if is_open(object) {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
            }
            if asked.contains(name) || PARTIAL.contains(&name.as_str()) {
                return;
            }
            for (field, schema) in &object.properties {
                if is_nullable(schema) && !object.required.contains(field) {
                    object.required.push(field.clone());
                }
            }
        });
    }
}

/// The shapes that callers send, and all that these are made of.
fn asked(document: &OpenApi) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in document.paths.paths.values() {
        for operation in [&item.get, &item.post, &item.put, &item.patch, &item.delete].into_iter().flatten() {
            names_in(&serde_json::to_value(&operation.request_body).unwrap_or_default(), &mut names);
        }
    }
    let mut left: Vec<String> = names.iter().cloned().collect();
    while let Some(name) = left.pop() {
        let schema = document.components.as_ref().and_then(|all| all.schemas.get(&name));
        let mut inside = BTreeSet::new();
        names_in(&serde_json::to_value(schema).unwrap_or_default(), &mut inside);
        left.extend(inside.into_iter().filter(|inner| names.insert(inner.clone())));
    }
    names
}

fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let named = fields.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next());
            names.extend(named.map(str::to_owned));
            fields.values().for_each(|field| names_in(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        _ => {}
    }
}

fn each_object(schema: &mut RefOr<Schema>, visit: &mut impl FnMut(&mut Object)) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            visit(object);
            object.properties.values_mut().for_each(|field| each_object(field, visit));
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                each_object(items, visit);
            }
        }
        Schema::OneOf(of) => of.items.iter_mut().for_each(|item| each_object(item, visit)),
        Schema::AllOf(of) => of.items.iter_mut().for_each(|item| each_object(item, visit)),
        Schema::AnyOf(of) => of.items.iter_mut().for_each(|item| each_object(item, visit)),
        _ => {}
    }
}

fn is_open(object: &Object) -> bool {
    has_type(&object.schema_type, &Type::Object)
        && object.properties.is_empty()
        && object.additional_properties.is_none()
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::Ref(_) => false,
        RefOr::T(Schema::Object(object)) => has_type(&object.schema_type, &Type::Null),
        RefOr::T(Schema::Array(array)) => has_type(&array.schema_type, &Type::Null),
        RefOr::T(Schema::OneOf(of)) => of.items.iter().any(is_nullable),
        RefOr::T(Schema::AnyOf(of)) => of.items.iter().any(is_nullable),
        RefOr::T(_) => false,
    }
}

fn has_type(found: &SchemaType, wanted: &Type) -> bool {
    match found {
        SchemaType::Type(one) => one == wanted,
        SchemaType::Array(several) => several.contains(wanted),
        SchemaType::AnyValue => false,
    }
}
