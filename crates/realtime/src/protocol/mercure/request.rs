//! Owns: reading what subscribers ask for and what publishers send. Must not know: who they are or what they may.

use super::selector::Selector;
use super::{Dialect, MAX_TOPICS, PATH};

/// Why a request cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It breaks a rule: the sentence says which.
    Malformed(String),
    /// It names what belongs to the hub.
    Reserved,
}

impl Refused {
    /// A sentence for whoever sent it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Malformed(text) => text,
            Self::Reserved => "Topics below \"/.well-known/mercure\" belong to the hub.",
        }
    }
}

fn malformed<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Malformed(text.into()))
}

/// The names and values of a query or a form, in their order.
///
/// # Errors
/// When something in it is not UTF-8.
pub fn pairs(text: &str) -> Result<Vec<(String, String)>, Refused> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Refused::Malformed("The request is not UTF-8.".to_owned()))
}

fn decoded(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        bytes.push(match (first, more) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What a subscriber asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// The form in which it asks.
    pub dialect: Dialect,
    /// What it wants to hear of.
    pub selectors: Vec<Selector>,
    /// The last event that it knows.
    pub last_id: Option<String>,
}

impl Subscribe {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Refused> {
        let mut found = Self::default();
        let mut classic_id = None;
        for (name, value) in pairs {
            let selector = match name.as_str() {
                "topic" => Selector::classic(value),
                "match" | "match_exact" => Selector::exact(value),
                "match_urlpattern" => match Selector::pattern(value) {
                    Some(selector) => selector,
                    None => return malformed(format!("\"{value}\" is not a supported URL pattern.")),
                },
                "last_event_id" => {
                    found.last_id = Some(value.clone());
                    continue;
                }
                "lastEventID" | "Last-Event-ID" => {
                    classic_id = Some(value.clone());
                    continue;
                }
                name if name.starts_with("match") => {
                    return malformed(format!("\"{name}\" is not a way to match."));
                }
                _ => continue,
            };
            if name != "topic" {
                found.dialect = Dialect::V1;
            }
            if found.selectors.len() == MAX_TOPICS {
                return malformed(format!("At most {MAX_TOPICS} topics can be subscribed to."));
            }
            found.selectors.push(selector);
        }
        if found.selectors.is_empty() {
            return malformed("Missing \"topic\" parameter.");
        }
        found.last_id = found.last_id.or(classic_id).filter(|id| !id.is_empty());
        Ok(found)
    }
}

/// What a publisher sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    /// The canonical one, then its alternates.
    pub topics: Vec<String>,
    /// To be forwarded as it is.
    pub data: String,
    /// Only for those with a right to a topic.
    pub private: bool,
    /// The id that the publisher chose.
    pub id: Option<String>,
    /// The event's type.
    pub name: Option<String>,
    /// Milliseconds until clients come back.
    pub retry: Option<u64>,
}

impl Publish {
    /// Reads a form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(form: Vec<(String, String)>) -> Result<Self, Refused> {
        let mut found = Self::default();
        for (name, value) in form {
            match name.as_str() {
                "topic" if value.is_empty() => return malformed("A topic must not be empty."),
                "topic" => found.topics.push(value),
                "data" => found.data = value,
                "private" => found.private = true,
                "id" => found.id = Some(value).filter(|id| !id.is_empty()),
                "type" => found.name = Some(value).filter(|name| !name.is_empty()),
                "retry" if value.is_empty() => {}
                "retry" => match value.parse() {
                    Ok(retry) => found.retry = Some(retry),
                    Err(_) => return malformed("Invalid \"retry\" parameter."),
                },
                _ => {}
            }
        }
        found.checked()
    }

    fn checked(self) -> Result<Self, Refused> {
        let breaks =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(['\r', '\n', '\0']));
        if self.topics.is_empty() {
            return malformed("Missing \"topic\" parameter.");
        }
        if self.topics.len() > MAX_TOPICS {
            return malformed(format!("An update has at most {MAX_TOPICS} topics."));
        }
        if breaks(&self.id) || self.id.as_ref().is_some_and(|id| id.starts_with('#')) {
            return malformed("Invalid \"id\" parameter.");
        }
        if breaks(&self.name) {
            return malformed("Invalid \"type\" parameter.");
        }
        if self.topics.iter().any(|topic| topic.contains(PATH)) {
            return Err(Refused::Reserved);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(query: &str) -> Result<Subscribe, Refused> {
        Subscribe::parse(&pairs(query)?)
    }

    fn publish(form: &str) -> Result<Publish, Refused> {
        Publish::parse(pairs(form)?)
    }

    #[test]
    fn both_dialects_of_subscribing() {
        let classic = subscribe("topic=%2Fa%2F%7Bid%7D&topic=b+c&lastEventID=x&authorization=t").unwrap();
        assert_eq!(classic.dialect, Dialect::Classic);
        assert_eq!(classic.selectors, [Selector::classic("/a/{id}"), Selector::classic("b c")]);
        assert_eq!(classic.last_id.as_deref(), Some("x"));
        let v1 = subscribe("match=a&match_exact=%7Bb%7D&match_urlpattern=/c/:id&last_event_id=y").unwrap();
        assert_eq!(v1.dialect, Dialect::V1);
        assert_eq!(v1.last_id.as_deref(), Some("y"));
        assert!(v1.selectors[1].matches("{b}") && v1.selectors[2].matches("/c/1"));
        assert_eq!(subscribe("topic=a&Last-Event-ID=z").unwrap().last_id.as_deref(), Some("z"));
        assert_eq!(subscribe("").unwrap_err().text(), "Missing \"topic\" parameter.");
        for bad in ["match_regexp=x", "matchTopic=x", "match_urlpattern=(", "topic=%ff", "x=1"] {
            assert!(subscribe(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits() {
        assert!(subscribe(&"topic=a&".repeat(1000)).is_ok());
        assert!(subscribe(&"topic=a&".repeat(1001)).is_err());
        assert!(publish(&"topic=a&".repeat(1000)).is_ok());
        assert!(publish(&"topic=a&".repeat(1001)).is_err());
    }

    #[test]
    fn publishing() {
        let all = publish("topic=a&topic=b&data=x%0D%0Ay&private&id=i&type=t&retry=5&other=1").unwrap();
        assert_eq!(all.topics, ["a", "b"]);
        assert_eq!((all.data.as_str(), all.private, all.retry), ("x\r\ny", true, Some(5)));
        assert_eq!((all.id.as_deref(), all.name.as_deref()), (Some("i"), Some("t")));
        assert!(publish("topic=a&private=").unwrap().private);
        assert!(!publish("topic=a&id=&type=&retry=").unwrap().private);
        let bad = [
            "data=x",
            "topic=",
            "topic=a&retry=x",
            "topic=a&retry=-1",
            "topic=a&id=a%0Ab",
            "topic=a&id=%00",
            "topic=a&id=%23x",
            "topic=a&type=a%0Db",
            "topic=%FF",
        ];
        bad.iter().for_each(|form| assert!(matches!(publish(form), Err(Refused::Malformed(_))), "{form}"));
        let reserved = "topic=a&topic=https://x.example/.well-known/mercure/subscriptions";
        assert_eq!(publish(reserved), Err(Refused::Reserved));
    }

    #[test]
    fn odd_escapes() {
        assert_eq!(pairs("a=%&b=%4&c=%zz&=x&d").unwrap().len(), 5);
        assert_eq!(pairs("a=100%").unwrap()[0].1, "100%");
    }
}
