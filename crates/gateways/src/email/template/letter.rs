//! What a letter is made of.
//!
//! Must not know: words and layout.

use std::{fmt, str::FromStr};

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody named the reader.
    Mention,
    /// Messages that the reader has not read.
    Messages,
    /// A conversation became the reader's.
    Assignment,
    /// A ticket was changed.
    Ticket,
    /// What waits for the reader, once a day or a week.
    Digest,
}

impl Kind {
    /// Each once.
    pub const ALL: [Self; 5] = [Self::Mention, Self::Messages, Self::Assignment, Self::Ticket, Self::Digest];
}

/// The languages of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// In English.
    En,
    /// In French.
    Fr,
    /// In German.
    De,
    /// Portuguese of Brazil.
    Pt,
}

impl Language {
    /// Each once.
    pub const ALL: [Self; 4] = [Self::En, Self::Fr, Self::De, Self::Pt];

    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Pt => "pt-BR",
        }
    }

    /// Whether the language counts so many as one (Unicode CLDR, plural rules).
    pub(super) fn is_one(self, count: u64) -> bool {
        match self {
            Self::En | Self::De => count == 1,
            Self::Fr | Self::Pt => count <= 1,
        }
    }
}

/// One letter.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// The reader's.
    pub language: Language,
    /// What the words name.
    pub values: Values<'a>,
    /// What the letter shows, in its order.
    pub blocks: Vec<Block<'a>>,
    /// Where the button leads.
    pub link: Link,
    /// The page with the reader's settings.
    pub preferences: Option<Link>,
    /// The page on which letters of this kind are ended.
    pub unsubscribe: Option<Link>,
    /// The reader may answer by mail.
    pub answerable: bool,
}

/// What the words name: any text. Empty where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// Who did it.
    pub sender: &'a str,
    /// The company.
    pub tenant: &'a str,
    /// The title of the conversation or ticket.
    pub conversation: &'a str,
    /// The number of the ticket.
    pub number: &'a str,
    /// How many.
    pub count: u64,
}

/// A piece of a letter.
#[derive(Clone, Debug)]
pub enum Block<'a> {
    /// What somebody wrote.
    Message {
        /// Who did it.
        author: &'a str,
        /// When, in the reader's language and time zone.
        when: &'a str,
        /// A note that only staff sees.
        private: bool,
        /// What it is about.
        content: Content<'a>,
    },
    /// What is the case, as `Status: solved`, in the reader's language.
    Fact {
        /// What it is about.
        label: &'a str,
        /// How it is now.
        value: &'a str,
    },
    /// The heading of rows.
    Section(Section),
    /// Something that waits.
    Row {
        /// Its title.
        title: &'a str,
        /// More of it.
        detail: &'a str,
        /// Where it is.
        link: Link,
    },
}

/// What somebody wrote.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// As text: anything.
    Text(&'a str),
    /// As the product shows it.
    Html {
        /// Safe already: it comes from the product's own sanitised rendering.
        html: &'a str,
        /// The same as text.
        text: &'a str,
    },
}

impl<'a> Content<'a> {
    /// The HTML if there is any, and the text.
    pub(super) fn both(self) -> (Option<&'a str>, &'a str) {
        match self {
            Self::Text(text) => (None, text),
            Self::Html { html, text } => (Some(html), text),
        }
    }
}

/// The sections of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Mentions that were not read.
    Mentions,
    /// Conversations that wait for the reader.
    Waiting,
    /// Close to the time that was promised.
    AtRisk,
    /// Tickets that are due.
    Due,
}

/// An address that may be followed from a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

/// A text that is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link begins with https:// or http:// and has at most 1000 characters of ASCII")]
pub struct InvalidLink;

impl FromStr for Link {
    type Err = InvalidLink;

    fn from_str(text: &str) -> Result<Self, InvalidLink> {
        let rest =
            text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(InvalidLink)?;
        let clean = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'\\`".contains(&byte));
        let host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
        if clean && host && text.len() <= 1000 { Ok(Self(text.to_owned())) } else { Err(InvalidLink) }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
