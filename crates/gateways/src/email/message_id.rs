//! Message-IDs, also those of others. Owns: which of them may be written into a header.
//!
//! Must not know: whose they are (`tokens`).

use std::{fmt, str::FromStr};

/// Longer ones are no use in a References line, and of nobody who keeps the standard.
const MOST: usize = 250;

/// `<left@right>`, angle brackets included: visible ASCII without further brackets, so that it can leave neither its line
/// nor its place. Looser than RFC 5322, 3.6.4, because mail systems are too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

/// A text that is no Message-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Message-ID has the form <left@right>, in ASCII without spaces, and at most 250 characters")]
pub struct InvalidMessageId;

impl MessageId {
    /// From two sides that are known to be words of an address.
    pub(super) fn of_parts(left: &str, domain: &str) -> Self {
        Self(format!("<{left}@{domain}>"))
    }

    /// With its angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Both sides of the `@`.
    pub fn inside(&self) -> &str {
        &self.0[1..self.0.len() - 1]
    }

    /// All that stand in a field like References, in their order; what is none is left out.
    pub fn all_in(field: &str) -> impl Iterator<Item = Self> {
        let pieces = field.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
        pieces.filter_map(|(inside, _)| format!("<{inside}>").parse().ok())
    }
}

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(text: &str) -> Result<Self, InvalidMessageId> {
        let inside =
            text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).ok_or(InvalidMessageId)?;
        let clean = inside.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte));
        let sides = inside.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
        if clean && sides && text.len() <= MOST { Ok(Self(text.to_owned())) } else { Err(InvalidMessageId) }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_mail_systems_write_and_nothing_that_leaves_its_line() {
        for id in [
            "<a@b>",
            "<conversation/1/messages/2@x.example>",
            "<\"a.b:c\"@x.example>",
            "<a@[10.0.0.1]>",
            "<a@b@c>",
        ] {
            assert_eq!(id.parse::<MessageId>().unwrap().as_str(), id);
        }
        let long = format!("<{}@b>", "a".repeat(250));
        for hostile in [
            "",
            "<>",
            "<@>",
            "<a@>",
            "<@b>",
            "a@b",
            "<a@b",
            "<a b@c>",
            "<a@b\r\nBcc: x@y.example>",
            "<é@b>",
            "<a@b><c@d>",
            "<a@b\0>",
            &long,
        ] {
            assert_eq!(hostile.parse::<MessageId>(), Err(InvalidMessageId), "{hostile:?}");
        }
        let found: Vec<_> =
            MessageId::all_in("junk <a@b>\r\n <c d@e> <<f@g> <h@i").map(|id| id.to_string()).collect();
        assert_eq!(found, ["<a@b>", "<f@g>"]);
    }
}
