//! Owns: topic selectors: what a subscriber listens to and what a token allows. Must not know: tokens or requests.
//!
//! Answers are not remembered: a match takes some 0.2 µs (docs/decisions/0013).

use std::sync::Arc;

use super::pattern::Pattern;
use super::template::Template;

/// What topics it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    All,
    Exact,
    Template(Template),
    Pattern(Pattern),
}

/// A selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As it was written.
    pub text: Arc<str>,
    kind: Kind,
}

impl Selector {
    /// Of the classic dialect: `*`, a URI template, or the topic itself.
    #[must_use]
    pub fn classic(text: &str) -> Self {
        let kind = match text {
            "*" => Kind::All,
            _ if text.contains('{') => Template::parse(text).map_or(Kind::Exact, Kind::Template),
            _ => Kind::Exact,
        };
        Self { text: text.into(), kind }
    }

    /// Of 1.0: the topic itself, or `*`.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { text: text.into(), kind: if text == "*" { Kind::All } else { Kind::Exact } }
    }

    /// Of 1.0: a URL pattern; `None` when it is not one that is supported.
    #[must_use]
    pub fn pattern(text: &str) -> Option<Self> {
        Some(Self { text: text.into(), kind: Kind::Pattern(Pattern::parse(text)?) })
    }

    /// Whether it selects the topic.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        match &self.kind {
            Kind::All => true,
            Kind::Exact => *self.text == *topic,
            Kind::Template(template) => *self.text == *topic || template.matches(topic),
            Kind::Pattern(pattern) => pattern.matches(topic),
        }
    }

    /// The one topic that it selects, when there is only one.
    #[must_use]
    pub fn topic(&self) -> Option<&Arc<str>> {
        matches!(self.kind, Kind::Exact).then_some(&self.text)
    }

    /// Its name in 1.0.
    #[must_use]
    pub fn match_type(&self) -> &'static str {
        if matches!(self.kind, Kind::Pattern(_)) { "urlpattern" } else { "exact" }
    }
}

/// Whether one of the selectors selects one of the topics.
#[must_use]
pub fn any(selectors: &[Selector], topics: &[String]) -> bool {
    topics.iter().any(|topic| one(selectors, topic))
}

/// Whether one of the selectors selects the topic.
#[must_use]
pub fn one(selectors: &[Selector], topic: &str) -> bool {
    selectors.iter().any(|selector| selector.matches(topic))
}

#[cfg(test)]
#[path = "selector_tests.rs"]
mod tests;
