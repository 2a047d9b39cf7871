//! Owns: what a token's claims allow, in both dialects. Must not know: signatures, time, or who asks.

use serde::Deserialize;
use serde_json::Value;

use super::selector::Selector;
use super::{Dialect, MAX_TOPICS};

/// What a token allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grants {
    /// The form of the token.
    pub dialect: Dialect,
    /// Where its bearer publishes; `None` when it is no publisher at all.
    pub publish: Option<Vec<Selector>>,
    /// Which private updates it gets.
    pub subscribe: Vec<Selector>,
    /// What is told of the subscriber to those who may ask.
    pub payload: Option<Value>,
}

#[derive(Deserialize)]
struct Classic {
    publish: Option<Vec<String>>,
    subscribe: Option<Vec<String>>,
    payload: Option<Value>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    topics: Vec<Topic>,
    payload: Option<Value>,
}

#[derive(Deserialize)]
struct Topic {
    #[serde(rename = "match")]
    text: String,
    match_type: Option<String>,
}

const DETAIL: &str = "https://mercure.rocks/authorization-detail";

impl Grants {
    /// Reads claims; `None` when they have the wrong shape or too many selectors. Claims that say nothing of Mercure
    /// allow nothing.
    #[must_use]
    pub fn parse(claims: &Value, dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Classic => Self::classic(claims),
            Dialect::V1 => Self::v1(claims),
        }
    }

    fn classic(claims: &Value) -> Option<Self> {
        let claim = claims.get("mercure").or_else(|| claims.get("https://mercure.rocks/"));
        let Some(claim) = claim else { return Some(Self::default()) };
        let claim = Classic::deserialize(claim).ok()?;
        let read = |texts: Vec<String>| {
            (texts.len() <= MAX_TOPICS).then(|| texts.iter().map(|text| Selector::classic(text)).collect())
        };
        let publish = match claim.publish {
            Some(texts) => Some(read(texts)?),
            None => None,
        };
        let subscribe = read(claim.subscribe.unwrap_or_default())?;
        Some(Self { dialect: Dialect::Classic, publish, subscribe, payload: claim.payload })
    }

    fn v1(claims: &Value) -> Option<Self> {
        let details = claims.get("authorization_details").cloned().unwrap_or(Value::Array(Vec::new()));
        let Value::Array(details) = details else { return None };
        let mut found = Self { dialect: Dialect::V1, ..Self::default() };
        for detail in details.iter().filter(|detail| detail.get("type").is_some_and(|kind| kind == DETAIL)) {
            found.add(Detail::deserialize(detail).ok()?)?;
        }
        Some(found)
    }

    fn add(&mut self, detail: Detail) -> Option<()> {
        debug_assert_eq!(detail.kind, DETAIL);
        let mut selectors = Vec::with_capacity(detail.topics.len());
        for topic in &detail.topics {
            selectors.push(match topic.match_type.as_deref() {
                None | Some("exact") => Selector::exact(&topic.text),
                Some("urlpattern") => Selector::pattern(&topic.text)?,
                Some(_) => return None,
            });
        }
        let acts = |action: &str| detail.actions.iter().any(|known| known == action);
        if acts("publish") {
            self.publish.get_or_insert_default().extend(selectors.iter().cloned());
        }
        if acts("subscribe") {
            self.subscribe.extend(selectors);
            self.payload = self.payload.take().or(detail.payload);
        }
        let many = self.publish.as_ref().map_or(0, Vec::len).max(self.subscribe.len());
        (many <= MAX_TOPICS).then_some(())
    }

    /// Whether the bearer may publish on all of these.
    #[must_use]
    pub fn may_publish(&self, topics: &[String]) -> bool {
        let Some(selectors) = &self.publish else { return false };
        topics.iter().all(|topic| super::one(selectors, topic))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn classic(claims: Value) -> Option<Grants> {
        Grants::parse(&claims, Dialect::Classic)
    }

    fn v1(details: Value) -> Option<Grants> {
        Grants::parse(&json!({"authorization_details": details}), Dialect::V1)
    }

    fn may(grants: &Grants, topics: &[&str]) -> bool {
        grants.may_publish(&topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn classic_claims() {
        let all = classic(json!({"mercure": {"publish": ["*"], "subscribe": ["*"]}})).unwrap();
        assert!(may(&all, &["a", "b"]) && all.subscribe[0].matches("x"));
        let named =
            classic(json!({"https://mercure.rocks/": {"publish": ["/a/{id}", "b"], "payload": 1}})).unwrap();
        assert!(may(&named, &["/a/1", "b"]) && !may(&named, &["b", "c"]));
        assert_eq!((named.subscribe.len(), named.payload), (0, Some(json!(1))));
        assert!(!may(&classic(json!({"mercure": {"publish": []}})).unwrap(), &["a"]));
        assert!(!may(&classic(json!({"mercure": {"subscribe": ["*"]}})).unwrap(), &["a"]));
        assert_eq!(classic(json!({})).unwrap(), Grants::default());
        assert!(classic(json!({"mercure": {"publish": "*"}})).is_none());
        assert!(classic(json!({"mercure": {"subscribe": vec!["a"; 1001]}})).is_none());
    }

    #[test]
    fn claims_of_1_0() {
        let both = v1(json!([
            {"type": "something else", "actions": 7},
            {"type": DETAIL, "actions": ["publish"], "topics": [{"match": "*"}]},
            {"type": DETAIL, "actions": ["subscribe"], "payload": {"name": "Ana"},
             "topics": [{"match": "https://x.example/:id", "match_type": "urlpattern"}, {"match": "/a/{id}"}]},
        ]))
        .unwrap();
        assert!(may(&both, &["anything"]));
        assert!(super::super::one(&both.subscribe, "https://x.example/1"));
        assert!(!super::super::one(&both.subscribe, "/a/1"), "1.0 has no templates");
        assert_eq!(both.payload, Some(json!({"name": "Ana"})));
        assert!(v1(json!([{"type": DETAIL, "topics": [{"match": "x", "match_type": "regexp"}]}])).is_none());
        assert!(v1(json!({})).is_none());
        assert_eq!(v1(json!([])).unwrap().publish, None);
    }
}
