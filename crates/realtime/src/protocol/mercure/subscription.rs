//! Owns: the documents that tell who subscribes to what, and the topics they are published on. Must not know: who may
//! read them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Dialect, PATH, Selector};

/// The type of subscription events in 1.0; publishers may not use it.
pub const EVENT_TYPE: &str = "mercure";
const CONTEXT: &str = "https://mercure.rocks/";

/// A subscriber listens to a selector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Names the connection.
    pub subscriber: String,
    /// What it listens to.
    pub selector: String,
    /// The selector's kind in 1.0.
    pub match_type: String,
    /// What its token tells of it.
    pub payload: Option<Value>,
}

impl Subscription {
    /// The subscription of one selector.
    #[must_use]
    pub fn new(subscriber: &str, selector: &Selector, payload: Option<&Value>) -> Self {
        Self {
            subscriber: subscriber.to_owned(),
            selector: selector.text.to_string(),
            match_type: selector.match_type().to_owned(),
            payload: payload.cloned(),
        }
    }

    /// Its address, which is also the topic of its events.
    #[must_use]
    pub fn id(&self, dialect: Dialect) -> String {
        let kind = match dialect {
            Dialect::Classic => String::new(),
            Dialect::V1 => format!("{}/", self.match_type),
        };
        format!("{PATH}/subscriptions/{kind}{}/{}", encoded(&self.selector), encoded(&self.subscriber))
    }

    /// What is told of it, without the context that stands outside of lists.
    #[must_use]
    pub fn member(&self, dialect: Dialect, active: bool) -> Value {
        let mut member = match dialect {
            Dialect::Classic => {
                json!({"id": self.id(dialect), "type": "Subscription", "topic": self.selector})
            }
            Dialect::V1 => json!({"id": self.id(dialect), "type": "subscription", "match": self.selector,
                                  "match_type": self.match_type}),
        };
        member["subscriber"] = json!(self.subscriber);
        member["active"] = json!(active);
        if let Some(payload) = &self.payload {
            member["payload"] = payload.clone();
        }
        member
    }

    /// The event's data.
    #[must_use]
    pub fn event(&self, dialect: Dialect, active: bool) -> String {
        with_context(self.member(dialect, active), dialect).to_string()
    }

    /// One of them, with the place in the stream at which this was so.
    #[must_use]
    pub fn document(&self, dialect: Dialect, last: &str) -> Value {
        let mut document = with_context(self.member(dialect, true), dialect);
        document[last_name(dialect)] = json!(last);
        document
    }
}

/// A list of them.
#[must_use]
pub fn collection(id: &str, found: &[Subscription], dialect: Dialect, last: &str) -> Value {
    let members: Vec<_> = found.iter().map(|found| found.member(dialect, true)).collect();
    let kind = if dialect == Dialect::Classic { "Subscriptions" } else { "subscriptions" };
    let mut list = with_context(json!({"id": id, "type": kind, "subscriptions": members}), dialect);
    list[last_name(dialect)] = json!(last);
    list
}

fn last_name(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Classic { "lastEventID" } else { "last_event_id" }
}

fn with_context(mut value: Value, dialect: Dialect) -> Value {
    if dialect == Dialect::Classic {
        value["@context"] = json!(CONTEXT);
    }
    value
}

/// Encodes a text as one part of a path.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            found.push(char::from(byte));
        } else {
            found.push_str(&format!("%{byte:02X}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let selector = Selector::classic("https://x.example/{id}");
        let found = Subscription::new("urn:uuid:1", &selector, Some(&json!({"n": 1})));
        let id = "/.well-known/mercure/subscriptions/https%3A%2F%2Fx.example%2F%7Bid%7D/urn%3Auuid%3A1";
        assert_eq!(found.id(Dialect::Classic), id);
        let event: Value = serde_json::from_str(&found.event(Dialect::Classic, false)).unwrap();
        let wanted = json!({"@context": "https://mercure.rocks/", "id": id, "type": "Subscription",
            "topic": "https://x.example/{id}", "subscriber": "urn:uuid:1", "active": false, "payload": {"n": 1}});
        assert_eq!(event, wanted);
        assert!(Selector::classic("/.well-known/mercure/subscriptions/{topic}/{subscriber}").matches(id));
        let v1 = Subscription::new("urn:uuid:2", &Selector::pattern("/a/:id").unwrap(), None);
        assert_eq!(
            v1.id(Dialect::V1),
            "/.well-known/mercure/subscriptions/urlpattern/%2Fa%2F%3Aid/urn%3Auuid%3A2"
        );
        let document = v1.document(Dialect::V1, "x");
        assert_eq!((&document["match"], &document["match_type"]), (&json!("/a/:id"), &json!("urlpattern")));
        assert_eq!((&document["last_event_id"], document.get("@context")), (&json!("x"), None));
    }

    #[test]
    fn lists() {
        let one = Subscription::new("urn:uuid:1", &Selector::classic("a"), None);
        let list = collection("/x", std::slice::from_ref(&one), Dialect::Classic, "earliest");
        assert_eq!((&list["type"], &list["lastEventID"]), (&json!("Subscriptions"), &json!("earliest")));
        assert_eq!(list["subscriptions"][0], one.member(Dialect::Classic, true));
        assert!(list["subscriptions"][0].get("@context").is_none());
    }
}
