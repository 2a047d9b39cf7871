//! The words of one kind of letter in one language: texts with places in braces, as `{sender} mentioned you`. Owns: reading
//! them, with line and reason when they cannot be read, and putting values in.
//!
//! A language of templates that can compute is not needed for a sentence, and one that can count can be made to count for
//! ever. Must not know: layout.

use std::fmt;

use super::{
    super::line::clean_line,
    letter::{Kind, Language, Values},
};

/// The longest text of a template.
const MOST: usize = 300;
/// As much of a value as is put into a sentence.
const MOST_VALUE: usize = 120;

/// The words as they are written down; `{name}` stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts<'a> {
    /// The subject of the mail.
    pub subject: Forms<'a>,
    /// The heading above.
    pub heading: Forms<'a>,
    /// The sentence after it.
    pub intro: Forms<'a>,
    /// On the button.
    pub button: Forms<'a>,
    /// Why the reader gets this.
    pub reason: Forms<'a>,
}

/// A text, and how it reads for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forms<'a> {
    /// When the count is one; the other form when there is none.
    pub one: Option<&'a str>,
    /// For every other count.
    pub other: &'a str,
}

/// Words that have been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    kind: Kind,
    subject: Phrases,
    heading: Phrases,
    intro: Phrases,
    button: Phrases,
    reason: Phrases,
}

/// Why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}, line {line}: {reason}")]
pub struct InvalidText {
    /// The text.
    pub field: Field,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// Which of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `subject`.
    Subject,
    /// `heading`.
    Heading,
    /// `intro`.
    Intro,
    /// `button`.
    Button,
    /// `reason`.
    Reason,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Nothing is in it.
    #[error("there is no text")]
    Empty,
    /// Too much is in it.
    #[error("a text has at most 300 characters")]
    TooLong,
    /// A place that does not end.
    #[error("a {{ has no }} after it")]
    Open,
    /// The end of a place that did not begin.
    #[error("a }} has no {{ before it")]
    Close,
    /// No value has this name in letters of this kind.
    #[error("there is no {{{0}}} in letters of this kind; there is {1}")]
    Unknown(String, String),
}

/// The words with the values in them.
pub struct Said {
    pub subject: String,
    pub heading: String,
    pub intro: String,
    pub button: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrases {
    one: Option<Vec<Piece>>,
    other: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Place(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Sender,
    Tenant,
    Conversation,
    Number,
    Count,
}

impl Wording {
    /// Reads the words of a kind.
    pub fn parse(kind: Kind, texts: &Texts<'_>) -> Result<Self, InvalidText> {
        let read = |field, forms: Forms<'_>| Phrases::parse(kind, field, forms);
        Ok(Self {
            kind,
            subject: read(Field::Subject, texts.subject)?,
            heading: read(Field::Heading, texts.heading)?,
            intro: read(Field::Intro, texts.intro)?,
            button: read(Field::Button, texts.button)?,
            reason: read(Field::Reason, texts.reason)?,
        })
    }

    /// Whose words they are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn fill(&self, language: Language, values: &Values<'_>) -> Said {
        let fill = |phrases: &Phrases| phrases.fill(language, values);
        Said {
            subject: fill(&self.subject),
            heading: fill(&self.heading),
            intro: fill(&self.intro),
            button: fill(&self.button),
            reason: fill(&self.reason),
        }
    }
}

impl Phrases {
    fn parse(kind: Kind, field: Field, forms: Forms<'_>) -> Result<Self, InvalidText> {
        let read =
            |text: &str| parse(kind, text).map_err(|(line, reason)| InvalidText { field, line, reason });
        Ok(Self { one: forms.one.map(read).transpose()?, other: read(forms.other)? })
    }

    fn fill(&self, language: Language, values: &Values<'_>) -> String {
        let one = self.one.as_ref().filter(|_| language.is_one(values.count));
        let filled = one.unwrap_or(&self.other).iter().map(|piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Place(place) => place.value(values),
        });
        clean_line(&filled.collect::<String>(), 2 * MOST)
    }
}

/// The pieces of a text, or the line and what is wrong there.
fn parse(kind: Kind, text: &str) -> Result<Vec<Piece>, (usize, Reason)> {
    if text.trim().is_empty() {
        return Err((1, Reason::Empty));
    }
    if text.chars().count() > MOST {
        return Err((1, Reason::TooLong));
    }
    let line = |rest: &str| 1 + text[..text.len() - rest.len()].matches('\n').count();
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (words, place) = rest.split_at(at);
        pieces.push(Piece::Words(words.to_owned()));
        let Some(inside) = place.strip_prefix('{') else { return Err((line(place), Reason::Close)) };
        let end = inside.find(['{', '}', '\n']).filter(|end| inside[*end..].starts_with('}'));
        let Some(end) = end else { return Err((line(place), Reason::Open)) };
        pieces.push(Piece::Place(Place::of(kind, &inside[..end]).map_err(|reason| (line(place), reason))?));
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Words(rest.to_owned()));
    Ok(pieces)
}

impl Place {
    const NAMES: [(&'static str, Self); 5] = [
        ("sender", Self::Sender),
        ("tenant", Self::Tenant),
        ("conversation", Self::Conversation),
        ("number", Self::Number),
        ("count", Self::Count),
    ];

    fn of(kind: Kind, name: &str) -> Result<Self, Reason> {
        let known = || Self::NAMES.iter().filter(|(_, place)| place.is_in(kind));
        let found = known().find(|(known, _)| *known == name.trim()).map(|(_, place)| *place);
        found.ok_or_else(|| {
            let names: Vec<_> = known().map(|(name, _)| format!("{{{name}}}")).collect();
            Reason::Unknown(shown(name), names.join(", "))
        })
    }

    fn is_in(self, kind: Kind) -> bool {
        match self {
            Self::Tenant | Self::Count => true,
            Self::Sender | Self::Conversation => kind != Kind::Digest,
            Self::Number => kind == Kind::Ticket,
        }
    }

    fn value(self, values: &Values<'_>) -> String {
        match self {
            Self::Sender => shown(values.sender),
            Self::Tenant => shown(values.tenant),
            Self::Conversation => shown(values.conversation),
            Self::Number => shown(values.number),
            Self::Count => values.count.to_string(),
        }
    }
}

/// A value as it stands in a sentence.
fn shown(value: &str) -> String {
    clean_line(value, MOST_VALUE)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Heading => "heading",
            Self::Intro => "intro",
            Self::Button => "button",
            Self::Reason => "reason",
        })
    }
}
