//! How a push service treats a push: how long it keeps it, how soon a device must show it, and which older one it
//! replaces (RFC 8030, section 5). Must not know: what is in it.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// How soon a device must show a push (RFC 8030, section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A device may wait while its battery is low.
    Normal,
    /// At once.
    High,
}

/// Names what a push is about, so that a newer one replaces an older one that the device has not got yet. Tells nothing of
/// the conversation, and has letters and digits only: not every service takes the two other characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic(String);

impl Topic {
    /// The topic of a conversation.
    #[must_use]
    pub fn of(conversation: Uuid) -> Self {
        let hash = digest(&SHA256, &[b"parlor push topic\0".as_slice(), conversation.as_bytes()].concat());
        let mut topic = String::new();
        for byte in &hash.as_ref()[..12] {
            // Writing to a text cannot fail.
            let _ = write!(topic, "{byte:02x}");
        }
        Self(topic)
    }

    /// As the header has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a push is to be treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// For how many seconds it is kept for a device that is off.
    pub ttl: u32,
    /// How soon a device must show it.
    pub urgency: Urgency,
    /// What it replaces; None replaces nothing.
    pub topic: Option<Topic>,
}

impl Delivery {
    /// The headers of the request, all but `Authorization`.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let urgency = match self.urgency {
            Urgency::Normal => "normal",
            Urgency::High => "high",
        };
        let mut headers = vec![
            ("Content-Encoding", "aes128gcm".to_owned()),
            ("Content-Type", "application/octet-stream".to_owned()),
            ("TTL", self.ttl.to_string()),
            ("Urgency", urgency.to_owned()),
        ];
        headers.extend(self.topic.iter().map(|topic| ("Topic", topic.0.clone())));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_one_topic_of_letters_and_digits_and_another_has_another() {
        let topics: Vec<Topic> = (0..200).map(|number| Topic::of(Uuid::from_u128(number))).collect();
        for (at, topic) in topics.iter().enumerate() {
            assert_eq!(topic.as_str().len(), 24);
            assert!(topic.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(!topics[..at].contains(topic));
        }
        let again = Topic::of(Uuid::from_u128(7));
        assert_eq!(again, topics[7]);
    }

    #[test]
    fn the_headers_are_those_of_the_rfc() {
        let about = Topic::of(Uuid::from_u128(1));
        let mention = Delivery { ttl: 86_400, urgency: Urgency::High, topic: Some(about.clone()) };
        assert_eq!(
            mention.headers(),
            [
                ("Content-Encoding", "aes128gcm".to_owned()),
                ("Content-Type", "application/octet-stream".to_owned()),
                ("TTL", "86400".to_owned()),
                ("Urgency", "high".to_owned()),
                ("Topic", about.as_str().to_owned()),
            ]
        );
        let about_nothing = Delivery { ttl: 0, urgency: Urgency::Normal, topic: None };
        let names: Vec<_> = about_nothing.headers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Content-Encoding", "Content-Type", "TTL", "Urgency"]);
    }
}
