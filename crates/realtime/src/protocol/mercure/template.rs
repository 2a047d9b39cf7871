//! Owns: matching topics against URI templates (RFC 6570, all levels): whether a topic may be an expansion of one.
//! Must not know: what is done with a match.
//!
//! As in the hubs in use, values are not decoded and every expression may be absent; a value of `{id}` does not reach
//! over a slash.

use super::matcher::{self, Class, MAX_STEPS, Step, Token};

/// A template that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Step>);

const RESERVED: &str = ":/?#[]@!$&'()*+,;=";

/// What an expression's operator means: what comes first, and what values may hold beside the plain characters.
fn operator(sign: Option<char>) -> Option<(Option<char>, &'static str, char)> {
    Some(match sign {
        None => (None, "", ','),
        Some('+') => (None, RESERVED, ','),
        Some('#') => (Some('#'), RESERVED, ','),
        Some('.') => (Some('.'), "", '.'),
        Some('/') => (Some('/'), "", '/'),
        Some(';') => (Some(';'), "=;", ';'),
        Some('?') => (Some('?'), "=&", '&'),
        Some('&') => (Some('&'), "=&", '&'),
        Some(_) => return None,
    })
}

impl Template {
    /// Reads a template; `None` when the text is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            literal(&rest[..open], &mut steps)?;
            let (inside, after) = rest[open + 1..].split_once('}')?;
            expression(inside, &mut steps)?;
            rest = after;
            if steps.len() > MAX_STEPS {
                return None;
            }
        }
        literal(rest, &mut steps)?;
        Some(Self(steps))
    }

    /// Whether the topic may be an expansion.
    pub(super) fn matches(&self, topic: &str) -> bool {
        matcher::matches(&self.0, topic)
    }
}

fn literal(text: &str, steps: &mut Vec<Step>) -> Option<()> {
    for token in matcher::tokens(text) {
        if let Token::Char(c) = token
            && (c.is_control() || " \"'%<>\\^`{|}".contains(c))
        {
            return None;
        }
        steps.push(Step::One(token));
    }
    Some(())
}

fn expression(inside: &str, steps: &mut Vec<Step>) -> Option<()> {
    let sign = inside.chars().next().filter(|c| !c.is_alphanumeric() && !"_%".contains(*c));
    let (first, more, between) = operator(sign)?;
    let variables: Vec<_> =
        inside[sign.map_or(0, char::len_utf8)..].split(',').map(Variable::parse).collect::<Option<_>>()?;
    let start = steps.len();
    steps.push(Step::Optional(0));
    steps.extend(first.map(|c| Step::One(Token::Char(c))));
    match variables.as_slice() {
        [Variable { longest: Some(longest), .. }] if more.is_empty() && *longest < MAX_STEPS / 2 => {
            for _ in 0..*longest {
                steps.extend([Step::Optional(1), Step::Of(Class::Plain(""))]);
            }
        }
        _ => {
            let several = variables.len() > 1 || variables.iter().any(|variable| variable.explodes);
            steps.push(Step::Many(Class::Plain(extras(more, between, several))));
        }
    }
    steps[start] = Step::Optional(steps.len() - start - 1);
    Some(())
}

/// Several values stand with their separator, exploded pairs with their equals sign.
fn extras(more: &'static str, between: char, several: bool) -> &'static str {
    match (more, between, several) {
        ("", '/', true) => "/=",
        ("", _, true) => "=",
        _ => more,
    }
}

struct Variable {
    longest: Option<usize>,
    explodes: bool,
}

impl Variable {
    fn parse(text: &str) -> Option<Self> {
        let (text, explodes) = match text.strip_suffix('*') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let (name, longest) = match text.split_once(':') {
            Some((name, digits)) => (name, Some(length(digits).filter(|_| !explodes)?)),
            None => (text, None),
        };
        let named =
            !name.is_empty() && !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
        let sane = matcher::tokens(name).all(|token| match token {
            Token::Char(c) => c.is_ascii_alphanumeric() || "_.".contains(c),
            Token::Encoded(..) => true,
        });
        (named && sane).then_some(Self { longest, explodes })
    }
}

fn length(digits: &str) -> Option<usize> {
    let sane = (1..=4).contains(&digits.len()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| sane && digits.bytes().all(|b| b.is_ascii_digit()))
}
