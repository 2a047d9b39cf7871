//! Owns: matching topics against URL patterns (WHATWG), the part of them that topics need: `:name`, `*`, `{group}` and
//! `?` behind any of them, in addresses with a host or in paths. Must not know: what is done with a match.
//!
//! Regular expressions in parentheses, and `+` and `*` as repetition, are refused. The topic's text counts as it is.

use super::matcher::{self, Class, MAX_STEPS, Step, Token};

/// A pattern that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Step>);

/// The part of an address that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Scheme,
    Host,
    Path,
    Search,
    Hash,
}

impl Part {
    /// What a `:name` holds.
    fn name(self) -> Class {
        Class::Except(match self {
            Self::Scheme => ":/?#",
            Self::Host => "./?#:",
            Self::Path => "/?#",
            Self::Search => "#",
            Self::Hash => "",
        })
    }

    /// What a `*` holds.
    fn all(self) -> Class {
        Class::Except(match self {
            Self::Scheme => ":/?#",
            Self::Host => "/?#",
            Self::Path => "?#",
            Self::Search => "#",
            Self::Hash => "",
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
    part: Part,
    steps: Vec<Step>,
    /// Where the group that is open began.
    group: Option<usize>,
}

impl Pattern {
    /// Reads a pattern; `None` when it is not one, or needs what is not supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let relative = text.starts_with('/');
        if !relative && !text.contains("://") {
            return None;
        }
        let part = if relative { Part::Path } else { Part::Scheme };
        let mut reader = Reader { rest: text, part, steps: Vec::new(), group: None };
        while !reader.rest.is_empty() {
            reader.step()?;
            if reader.steps.len() > MAX_STEPS {
                return None;
            }
        }
        reader.finish()
    }

    /// Whether the topic fits.
    pub(super) fn matches(&self, topic: &str) -> bool {
        matcher::matches(&self.0, topic)
    }
}

impl Reader<'_> {
    fn step(&mut self) -> Option<()> {
        let c = self.rest.chars().next()?;
        match c {
            '(' | ')' => return None,
            ':' if self.rest[1..].starts_with(|c: char| c.is_alphabetic() || "_$".contains(c)) => {
                self.named()?;
            }
            '*' => {
                self.rest = &self.rest[1..];
                let start = self.steps.len();
                self.steps.push(Step::Many(self.part.all()));
                self.modifier(start)?;
            }
            '{' if self.group.is_none() => {
                self.rest = &self.rest[1..];
                self.group = Some(self.steps.len());
            }
            '}' => {
                let start = self.group.take()?;
                self.rest = &self.rest[1..];
                self.modifier(start)?;
            }
            '{' => return None,
            '\\' => {
                let escaped = self.rest[1..].chars().next()?;
                self.rest = &self.rest[1 + escaped.len_utf8()..];
                self.steps.push(Step::One(Token::Char(escaped)));
            }
            _ => self.literal(c),
        }
        Some(())
    }

    fn named(&mut self) -> Option<()> {
        let body = &self.rest[1..];
        let end = body.find(|c: char| !c.is_alphanumeric() && !"_$".contains(c)).unwrap_or(body.len());
        self.rest = &body[end..];
        // In a path, the slash before an optional name goes with it.
        let slash = self.part == Part::Path
            && self.group.is_none()
            && self.rest.starts_with('?')
            && self.steps.last() == Some(&Step::One(Token::Char('/')));
        let start = self.steps.len() - usize::from(slash);
        let class = self.part.name();
        self.steps.extend([Step::Of(class), Step::Many(class)]);
        self.modifier(start)
    }

    /// Reads what may stand behind a name, a group or a `*`.
    fn modifier(&mut self, start: usize) -> Option<()> {
        match self.rest.chars().next() {
            Some('+' | '*' | '(') => return None,
            Some('?') => {
                self.rest = &self.rest[1..];
                // Groups inside have steps of their own, which count themselves.
                self.steps.insert(start, Step::Optional(self.steps.len() - start));
            }
            _ => {}
        }
        Some(())
    }

    fn literal(&mut self, c: char) {
        if self.part == Part::Scheme && self.rest.starts_with("://") {
            self.steps.extend("://".chars().map(|c| Step::One(Token::Char(c))));
            self.rest = &self.rest[3..];
            self.part = Part::Host;
            return;
        }
        let part = match c {
            '/' => Part::Path,
            '?' => Part::Search,
            '#' => Part::Hash,
            _ => self.part,
        };
        self.part = self.part.max(part);
        if let Some(token) = matcher::tokens(self.rest).next() {
            self.rest = &self.rest[if matches!(token, Token::Encoded(..)) { 3 } else { c.len_utf8() }..];
            self.steps.push(Step::One(token));
        }
    }

    /// Parts that come after what the pattern names may be anything.
    fn finish(mut self) -> Option<Pattern> {
        if self.group.is_some() || self.part == Part::Scheme {
            return None;
        }
        let open = [(Part::Path, '/'), (Part::Search, '?'), (Part::Hash, '#')];
        for (part, sign) in open.into_iter().filter(|(part, _)| *part > self.part) {
            self.steps.extend([Step::Optional(2), Step::One(Token::Char(sign)), Step::Many(part.all())]);
        }
        Some(Pattern(self.steps))
    }
}
