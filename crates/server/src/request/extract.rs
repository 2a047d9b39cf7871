//! Owns: reading JSON, paths and queries so that every refusal is a [`Problem`] that names the field.
//! Must not know: routes or operations.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use parlor_chat::words::unknown_word;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::request::problem::Problem;

/// A JSON body, in and out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        body(request, state).await.and_then(|bytes| parse(&bytes)).map(Self)
    }
}

/// The bytes of a JSON body.
///
/// # Errors
/// When it is declared as something else, or too large.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !(essence.is_empty() || essence == "application/json" || essence.ends_with("+json")) {
        return Err(Problem::malformed("the body must be application/json"));
    }
    Bytes::from_request(request, state).await.map_err(|rejection| body_problem(&rejection))
}

fn body_problem(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the request body is too large"),
        _ => Problem::of_cut_body(rejection, "the request body could not be read"),
    }
}

/// Reads JSON. An empty body is an empty object, so that calls without input need none.
///
/// # Errors
/// Malformed when it is not UTF-8 or not JSON, invalid with the field when a value does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::malformed("the body is not valid UTF-8"))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    // A struct would take a list for its fields in their order.
    let is_object = text.trim_start().starts_with('{');
    if !is_object && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Err(Problem::invalid("body", "type", "the body must be a JSON object"));
    }
    if text.contains("\\u0000")
        && let Some(field) = serde_json::from_str(text).ok().and_then(|value| nul_in(&value))
    {
        return Err(Problem::invalid(&field, "no_nul", NO_NUL));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        (if path == "." { String::new() } else { path }, error.into_inner())
    });
    let read = read.and_then(|value| json.end().map(|()| value).map_err(|error| (String::new(), error)));
    read.map_err(|(path, error)| {
        // Asked of the text and not of the error: what is no word is told as an error of the syntax.
        match serde_json::from_str::<Value>(text) {
            Ok(value) if path.is_empty() && text.len() <= MOST_BLAMED_BYTES => {
                unfit(&blamed::<T>(&value, &error).unwrap_or_default(), &error)
            }
            Ok(_) => unfit(&path, &error),
            Err(_) => Problem::malformed(format!("the body is not valid JSON: {error}")),
        }
    })
}

const NO_NUL: &str = "leave out the character U+0000";

/// Where a text or a name within this holds the character that databases cannot.
fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            let found = items.iter().enumerate().find_map(|(at, item)| Some((at, nul_in(item)?)));
            found.map(|(at, rest)| format!("[{at}]{rest}"))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let rest = if name.contains('\0') { String::new() } else { nul_in(value)? };
            let between = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
            Some(format!("{}{between}{rest}", name.replace('\0', "")))
        }),
        _ => None,
    }
}

/// Which field an error is about that serde tells of the whole: the one without which there is another error, or none.
fn blamed<T: DeserializeOwned>(value: &Value, error: &serde_json::Error) -> Option<String> {
    let without_place =
        |error: &serde_json::Error| error.to_string().split(" at line ").next().map(str::to_owned);
    let told = without_place(error);
    let is_named = told.as_ref().is_some_and(|told| told.contains('`') && told.contains(" field "));
    let fields = value.as_object().filter(|fields| !is_named && fields.len() <= MOST_BLAMED)?;
    let is_guilty = |name: &&String| {
        let mut rest = fields.clone();
        rest.remove(*name);
        match serde_json::from_value::<T>(Value::Object(rest)) {
            Ok(_) => true,
            Err(other) => {
                let other = without_place(&other);
                let is_needed = format!("missing field `{name}`");
                other != told && other.is_some_and(|other| other != is_needed)
            }
        }
    };
    fields.keys().find(is_guilty).cloned()
}

/// Larger objects are not looked through for the field that an error is about.
const MOST_BLAMED: usize = 40;
const MOST_BLAMED_BYTES: usize = 16 * 1024;

/// What went wrong, in words of the API instead of the program's.
fn plain_words(text: &str) -> String {
    if text.contains("UUID parsing failed") {
        return "this is no id: ids look like 0198c0de-0000-7000-8000-000000000001".to_owned();
    }
    if text.contains("invalid digit found")
        || text.contains("cannot parse integer")
        || text.contains("to fit in target type")
    {
        return "use a whole number".to_owned();
    }
    if text.contains("was not `true` or `false`") {
        return "use true or false".to_owned();
    }
    match text.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None if text == "expected value" => "this is not what is expected here".to_owned(),
        None => text.to_owned(),
    }
}

/// serde names a missing or unknown field between backquotes, our words their own.
fn unfit(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let whole = if path.is_empty() { "body" } else { path };
    if let Some((field, known)) = unknown_word(text) {
        return Problem::invalid(if path.is_empty() { field } else { path }, "known", known);
    }
    if let Some((_, choices)) =
        text.split_once("unknown variant ").and_then(|(_, rest)| rest.split_once(", expected "))
    {
        return Problem::invalid(
            whole,
            "known",
            format!("use {}", choices.trim_start_matches("one of ").replace('`', "")),
        );
    }
    let named = text.split('`').nth(1).unwrap_or_default();
    if text.starts_with("missing field") {
        let field = if path.is_empty() { named.to_owned() } else { format!("{path}.{named}") };
        return Problem::invalid(&field, "required", format!("{field} is missing"));
    }
    if text.starts_with("unknown field") {
        let field = if path.is_empty() { named } else { path };
        let known = text.split_once(", expected ").map_or("no fields here", |(_, known)| known);
        return Problem::invalid(
            field,
            "unknown",
            format!("there is no field {named}; there are {}", known.replace('`', "")),
        );
    }
    Problem::invalid(whole, "type", plain_words(text))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// 201 with a JSON body.
#[derive(Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// Parts of the path. What cannot be an id is not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => {
                Err(Problem::not_found("there is nothing with this id"))
            }
            Err(_) => Err(Problem::malformed("the path cannot be read")),
        }
    }
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if let Some(field) = nul_in_query(parts.uri.query().unwrap_or_default()) {
            return Err(Problem::invalid(&field, "no_nul", NO_NUL));
        }
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(query_problem(&rejection)),
        }
    }
}

fn nul_in_query(query: &str) -> Option<String> {
    let mut given = query.contains("%00").then(|| form_urlencoded::parse(query.as_bytes()))?;
    given.find(|(_, value)| value.contains('\0')).map(|(name, _)| name.replace('\0', ""))
}

fn query_problem(rejection: &QueryRejection) -> Problem {
    let text = rejection.body_text();
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
    let (field, said) = text.split_once(": ").unwrap_or(("query", text));
    if let Some((_, known)) = unknown_word(said) {
        return Problem::invalid(field, "known", known);
    }
    let (field, said) = if field.contains(' ') { ("query", text) } else { (field, said) };
    Problem::invalid(field, "type", plain_words(said))
}

/// A query parameter that may be a comma list: each entry once, in alphabetical order.
#[must_use]
pub fn comma_list(text: Option<&str>) -> BTreeSet<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_arrive_in_time_is_told_so() {
        use std::io::{Error, ErrorKind};
        for (kind, status) in [(ErrorKind::TimedOut, 408), (ErrorKind::ConnectionReset, 400)] {
            let broken = futures_util::stream::iter([Ok("{"), Err(Error::from(kind))]);
            let request = Request::new(axum::body::Body::from_stream(broken));
            assert_eq!(body(request, &()).await.unwrap_err().status().as_u16(), status, "{kind}");
        }
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[expect(dead_code, reason = "only read by serde")]
        body: String,
    }

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Nested {
        colour: Option<Colour>,
        ids: Vec<uuid::Uuid>,
        inner: Option<Input>,
    }

    #[test]
    fn what_is_deep_inside_is_named_too() {
        let cases = [
            (r#"{"ids":["x"]}"#, "ids[0]", "type"),
            (r#"{"ids":{}}"#, "ids", "type"),
            (r#"{"ids":[],"inner":{}}"#, "inner.body", "required"),
            (r#"{"ids":[],"inner":{"body":"","x":1}}"#, "inner.x", "unknown"),
            (r#"{"ids":[],"inner":{"body":null}}"#, "inner.body", "type"),
            (r#"{"ids":[],"colour":"blue"}"#, "colour", "known"),
            (r#"{"ids":[],"colour":7}"#, "colour", "type"),
            (r#"{"ids":[],"colour":[]}"#, "colour", "type"),
            (r#"{}"#, "ids", "required"),
            ("[]", "body", "type"),
        ];
        for (text, field, rule) in cases {
            let problem = serde_json::to_value(parse::<Nested>(text.as_bytes()).unwrap_err()).unwrap();
            assert_eq!(
                (&problem["field"], &problem["rule"]),
                (&field.into(), &rule.into()),
                "{text}: {problem}"
            );
            assert!(!problem["detail"].as_str().unwrap().contains("line 1"), "{problem}");
        }
        for text in ["\"\"", "-1", "null", "true"] {
            let problem = serde_json::to_value(parse::<Nested>(text.as_bytes()).unwrap_err()).unwrap();
            assert_eq!(problem["detail"], "the body must be a JSON object", "{text}");
        }
        for text in ["{", "{}x", r#"{"ids":[],}"#] {
            assert_eq!(
                serde_json::to_value(parse::<Nested>(text.as_bytes()).unwrap_err()).unwrap()["code"],
                "malformed"
            );
        }
    }

    /// Fields of fields in one object, of which serde no longer knows which it was at.
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Flat {
        name: String,
        #[serde(flatten)]
        rest: Rest,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Rest {
        colour: Option<Colour>,
        ids: Option<Vec<uuid::Uuid>>,
    }

    #[test]
    fn what_is_flattened_is_named_too() {
        for (text, field, rule, detail) in [
            (r#"{"name":"a","ids":["x"]}"#, "ids", "type", "this is no id"),
            (r#"{"name":"a","ids":[],"colour":"blue"}"#, "colour", "known", "use red or green"),
            (r#"{"ids":[]}"#, "name", "required", "name is missing"),
        ] {
            let problem = serde_json::to_value(parse::<Flat>(text.as_bytes()).unwrap_err()).unwrap();
            assert_eq!((&problem["field"], &problem["rule"]), (&field.into(), &rule.into()), "{problem}");
            assert!(problem["detail"].as_str().unwrap().starts_with(detail), "{problem}");
        }
    }

    #[test]
    fn no_text_holds_a_nul() {
        for (text, field) in [
            (r#"{"body":"a\u0000"}"#, "body"),
            (r#"{"a":{"b":[1,"\u0000"]}}"#, "a.b[1]"),
            (r#"{"a\u0000b":1}"#, "ab"),
        ] {
            let problem = serde_json::to_value(parse::<Value>(text.as_bytes()).unwrap_err()).unwrap();
            assert_eq!((&problem["field"], &problem["rule"]), (&field.into(), &"no_nul".into()), "{text}");
        }
        assert!(parse::<Value>(br#"{"body":"\\u0000"}"#).is_ok(), "a backslash and letters");
        assert_eq!(nul_in_query("a=b&search=x%00").as_deref(), Some("search"));
        assert_eq!(nul_in_query("a=b&search=x%2500"), None);
    }

    fn refusal(bytes: &[u8]) -> Value {
        serde_json::to_value(parse::<Input>(bytes).unwrap_err()).unwrap()
    }

    #[test]
    fn refusals_name_the_field() {
        assert_eq!(refusal(b"{}")["field"], "body");
        assert_eq!(refusal(b"{}")["rule"], "required");
        assert_eq!(refusal(b"")["code"], "invalid", "an empty body is an empty object");
        assert_eq!(refusal(br#"{"body":"x","x":1}"#)["field"], "x");
        let typed = refusal(br#"{"body":1}"#);
        assert_eq!((&typed["field"], &typed["rule"]), (&"body".into(), &"type".into()));
        assert_eq!(typed["detail"], "invalid type: integer `1`, expected a string");
        assert_eq!(refusal(b"{\"body\":\"\xff\"}")["code"], "malformed");
        assert_eq!(refusal(b"{\"body\"")["status"], 400);
        assert!(parse::<Input>(br#"{"body":"x"}"#).is_ok());
    }

    #[test]
    fn comma_lists() {
        let entries = |text| comma_list(Some(text)).into_iter().collect::<Vec<_>>();
        assert_eq!(entries("a, c,,b"), ["a", "b", "c"]);
        assert_eq!(entries(&"a,b,".repeat(10_000)), ["a", "b"], "what is said twice counts once");
        assert!(comma_list(None).is_empty());
    }
}
