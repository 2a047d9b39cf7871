//! What a message's body may be: text of 1 to so many characters without NUL. Parsed before the transaction, with
//! everything that is computed from it, so that the writer only writes.

use unicode_normalization::UnicodeNormalization;

use crate::{
    error::{Error, Result, invalid},
    ids::PersonId,
};

use super::{
    html,
    markdown::{self, Name},
};

/// A checked body and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// As written, line ends as `\n`, in Unicode normal form C, without surrounding blank lines and ids of mentions.
    pub text: String,
    /// The names after `@`.
    pub(crate) names: Vec<Name>,
    /// Whom it names beside those, all at once.
    pub(crate) group: Option<GroupMention>,
    /// The rendering, where it needs no look at who takes part.
    pub(crate) html: Option<String>,
    /// Sending it leaves a row of the audit log.
    pub(crate) audited: bool,
}

/// Many people who are named by one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupMention {
    /// `@all`: every member.
    All,
    /// `@here`: the members among these, who are online.
    Here(Vec<PersonId>),
}

impl GroupMention {
    /// The word among the names of a text.
    fn of(names: &[Name]) -> Option<GroupMention> {
        let said =
            |word: &str| names.iter().any(|name| name.id.is_none() && name.name.eq_ignore_ascii_case(word));
        if said("all") {
            Some(GroupMention::All)
        } else {
            said("here").then(|| GroupMention::Here(Vec::new()))
        }
    }

    /// The word for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            GroupMention::All => "all",
            GroupMention::Here(_) => "here",
        }
    }
}

/// The most characters any tenant may allow.
const MOST_CHARS: usize = 100_000;

impl Body {
    /// Checks a body. `limit` in characters comes from the tenant's settings.
    pub fn parse(text: &str, limit: i64) -> Result<Body> {
        let limit = usize::try_from(limit).unwrap_or(MOST_CHARS).min(MOST_CHARS);
        if text.len() > limit * 4 || text.chars().count() > limit {
            return Err(Error::TooLarge { field: "body", limit });
        }
        if text.contains('\0') {
            return Err(invalid("body", "no_nul", "must not contain the character NUL"));
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text: String = if text.is_ascii() { text } else { text.nfc().collect() };
        let text = text.trim_matches('\n').trim_end();
        let said = markdown::read(text);
        if !said.anything {
            return Err(invalid("body", "not_empty", "write something that can be seen"));
        }
        let text = markdown::without_ids(text, &said.names);
        let group = GroupMention::of(&said.names);
        Ok(Body { group, names: said.names, html: None, text, audited: false })
    }

    /// Checks the body of a message with files, which may be empty.
    pub fn parse_with_files(text: &str, limit: i64) -> Result<Body> {
        if text.trim().is_empty() {
            return Ok(Body {
                text: String::new(),
                names: Vec::new(),
                group: None,
                html: None,
                audited: false,
            });
        }
        Body::parse(text, limit)
    }

    /// Whether it matters who is online.
    #[must_use]
    pub fn mentions_online(&self) -> bool {
        matches!(self.group, Some(GroupMention::Here(_)))
    }

    /// With those who are online.
    #[must_use]
    pub fn with_online(mut self, people: Vec<PersonId>) -> Body {
        if self.mentions_online() {
            self.group = Some(GroupMention::Here(people));
        }
        self
    }

    /// With whether sending it leaves a row of the audit log, as the tenant's settings say.
    #[must_use]
    pub fn audited(self, audited: bool) -> Body {
        Body { audited, ..self }
    }

    /// Renders a body that names nobody ahead of the transaction, so that the writer need not.
    #[must_use]
    pub fn rendered(mut self) -> Body {
        if self.names.is_empty() {
            self.html = Some(html::render(&self.text, &[]));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_nobody_could_read() {
        for text in [
            "",
            " ",
            "\n\n",
            "\u{200B}\u{200D}",
            "\u{202E}",
            "\t\u{FEFF}",
            "\u{2800}",
            "\u{115F}",
            "\u{61C}",
            "> ",
            ">\n> >",
            "[]()",
            "![]()",
            "```\n```",
            "```rust\n \n```",
            "` `",
            "> ```\n> ```",
        ] {
            assert!(
                matches!(Body::parse(text, 100), Err(Error::Invalid { rule: "not_empty", .. })),
                "{text:?}"
            );
        }
        assert!(matches!(Body::parse("a\0b", 100), Err(Error::Invalid { rule: "no_nul", .. })));
        assert!(matches!(Body::parse(&"é".repeat(101), 100), Err(Error::TooLarge { limit: 100, .. })));
        assert_eq!(Body::parse("\r\n a\r\nb \n", 100).map(|body| body.text).ok().as_deref(), Some(" a\nb"));
        assert!(Body::parse(&"👩‍👩‍👧‍👦".repeat(14), 100).is_ok());
    }
}
