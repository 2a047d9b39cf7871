//! A received message as a bounded list of its parts. Owns: the limits of what is read of a message, and how multiparts are
//! taken apart (RFC 2046, 5.1).
//!
//! The parser of the library is given single header blocks only: over a whole message it takes the depth and the number of
//! parts from the sender, and 25 MB of nested messages end the process by its stack.
//!
//! Must not know: what a message means.

use std::borrow::Cow;

use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
};

use super::fields::Fields;

/// The largest message that is read.
pub const MOST_BYTES: usize = 25 * 1024 * 1024;
/// Parts after these, and parts that lie deeper, are not looked at.
const MOST_PARTS: usize = 200;
const MOST_DEPTH: usize = 20;
/// As much of a part as is read as text.
const MOST_TEXT: usize = 256 * 1024;

/// Why a message cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Over the largest size.
    #[error("the message has more than 25 MB")]
    TooLarge,
    /// Not one header field.
    #[error("the message has no header")]
    NoHeader,
}

/// One part of a message: the message itself, a part of a multipart, or a message that is attached.
pub struct Part<'x> {
    /// Its header fields.
    pub fields: Fields,
    /// What follows the header, as it was sent.
    pub body: &'x [u8],
    /// How many messages it is attached in: 0 for the parts of the message itself.
    pub attached: usize,
    /// It is neither taken apart nor a multipart: its body is its content.
    pub leaf: bool,
}

impl Part<'_> {
    /// Whether the type is this one, as `"text/plain"`.
    pub fn is(&self, media_type: &str) -> bool {
        media_type
            .split_once('/')
            .is_some_and(|(main, sub)| self.is_of(main) && self.subtype().eq_ignore_ascii_case(sub))
    }

    /// Whether the type begins with this word; without a type it is text (RFC 2045, 5.2).
    pub fn is_of(&self, main: &str) -> bool {
        self.fields.content_type().map_or("text", |kind| kind.ctype()).eq_ignore_ascii_case(main)
    }

    /// A parameter of the type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.fields.content_type()?.attribute(name)
    }

    /// The beginning of the content as text; bytes that are none in the charset are replaced.
    pub fn text(&self) -> String {
        let body = beginning(self.body);
        let encoding = self.fields.raw("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        let decoded = match encoding.as_str() {
            "base64" => base64_decode(body).map(Cow::Owned),
            "quoted-printable" => quoted_printable_decode(body).map(Cow::Owned),
            _ => None,
        };
        let bytes = decoded.unwrap_or(Cow::Borrowed(body));
        match self.parameter("charset").and_then(|charset| charset_decoder(charset.as_bytes())) {
            Some(decode) => decode(&bytes),
            None => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    fn subtype(&self) -> &str {
        self.fields.content_type().map_or("plain", |kind| kind.subtype().unwrap_or_default())
    }
}

/// The parts of a message, in the order in which they stand; the first is the message itself.
pub fn parts(raw: &[u8]) -> Result<Vec<Part<'_>>, Unreadable> {
    if raw.len() > MOST_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let mut found = Vec::new();
    take_apart(without_empty_lines(raw), 0, 0, &mut found);
    match found.first() {
        Some(message) if !message.fields.is_empty() => Ok(found),
        _ => Err(Unreadable::NoHeader),
    }
}

fn take_apart<'x>(raw: &'x [u8], depth: usize, attached: usize, found: &mut Vec<Part<'x>>) {
    if depth > MOST_DEPTH || found.len() >= MOST_PARTS {
        return;
    }
    let (block, body) = split_head(raw);
    let mut part = Part { fields: Fields::read(block), body, attached, leaf: false };
    let inner = inner_parts(&part);
    part.leaf = inner.is_empty();
    let attached = attached + usize::from(part.is_of("message"));
    found.push(part);
    for raw in inner {
        take_apart(raw, depth + 1, attached, found);
    }
}

/// What a part consists of: nothing for a leaf, and for a multipart whose boundary is nowhere.
fn inner_parts<'x>(part: &Part<'x>) -> Vec<&'x [u8]> {
    if part.is_of("multipart") {
        return part.parameter("boundary").map(|boundary| between(part.body, boundary)).unwrap_or_default();
    }
    let encoding = part.fields.raw("Content-Transfer-Encoding").unwrap_or_default();
    let encoded = ["base64", "quoted-printable"].iter().any(|other| encoding.eq_ignore_ascii_case(other));
    if (part.is("message/rfc822") || part.is("message/global")) && !encoded {
        vec![without_empty_lines(part.body)]
    } else {
        Vec::new()
    }
}

/// Whole lines, as far as they are read: half a line could be half a group of base64.
fn beginning(body: &[u8]) -> &[u8] {
    let Some(start) = body.get(..MOST_TEXT) else { return body };
    let end = start.iter().rposition(|byte| *byte == b'\n').map_or(MOST_TEXT, |at| at + 1);
    &body[..end]
}

/// Before the header of a whole message there may be empty lines; a part that begins with one has no header.
fn without_empty_lines(message: &[u8]) -> &[u8] {
    let lines = message.split_inclusive(|byte| *byte == b'\n');
    let empty: usize = lines.take_while(|line| line.trim_ascii().is_empty()).map(<[u8]>::len).sum();
    &message[empty..]
}

/// The bytes before and after the first empty line.
fn split_head(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return (&raw[..at], &raw[at + line.len()..]);
        }
        at += line.len();
    }
    (raw, &[])
}

/// What stands between the lines with the boundary. A part that nothing ends goes to the end.
fn between<'x>(body: &'x [u8], boundary: &str) -> Vec<&'x [u8]> {
    let (mut inner, mut start, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if let Some(last) = delimiter(line, boundary.as_bytes()) {
            inner.extend(start.map(|start| &body[start..at]));
            start = (!last).then_some(at + line.len());
            if last || inner.len() >= MOST_PARTS {
                return inner;
            }
        }
        at += line.len();
    }
    inner.extend(start.map(|start| &body[start..]));
    inner
}

/// Whether the line is one with the boundary, and if so whether it is the last.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
    (!boundary.is_empty() && matches!(rest, b"" | b"--")).then_some(rest == b"--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(raw: &str) -> Vec<(usize, bool, String)> {
        let parts = parts(raw.as_bytes()).unwrap();
        parts.iter().map(|part| (part.attached, part.leaf, part.text().trim().to_owned())).collect()
    }

    #[test]
    fn takes_multiparts_and_attached_messages_apart() {
        let raw = "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\nbefore\r\n--a b\r\n\r\nfirst\r\n--a b  \r\n\
            Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nsecond\r\n--a b--\r\nafter";
        let shape = shape(raw);
        let texts: Vec<_> =
            shape.iter().skip(1).map(|(attached, leaf, text)| (*attached, *leaf, text.as_str())).collect();
        assert_eq!(
            texts,
            [(0, true, "first"), (0, false, "Subject: inner\r\n\r\nsecond"), (1, true, "second")]
        );
    }

    #[test]
    fn a_boundary_that_is_the_beginning_of_another_ends_nothing() {
        let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\n\none\n--ab--\n--a\n\ntwo\n";
        let leaves: Vec<_> = shape(raw).into_iter().filter(|part| part.1).map(|part| part.2).collect();
        assert_eq!(leaves, ["one", "two"]);
    }

    #[test]
    fn encodings_and_charsets_are_read_and_wrong_ones_replaced() {
        for (header, body, text) in [
            ("Content-Transfer-Encoding: base64", "Y2Fmw6k=", "café"),
            ("Content-Transfer-Encoding: quoted-printable", "caf=C3=A9", "café"),
            (
                "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: QUOTED-PRINTABLE",
                "caf=E9",
                "café",
            ),
            ("Content-Transfer-Encoding: base64", "no base64 \u{e9}!", "no base64 \u{e9}!"),
            ("Content-Type: text/plain; charset=no-such", "plain", "plain"),
        ] {
            assert_eq!(shape(&format!("{header}\r\n\r\n{body}"))[0].2, text, "{header}");
        }
        assert!(parts(b"A: b\r\n\r\n\xff\xfe").unwrap()[0].text().contains('\u{fffd}'));
    }

    #[test]
    fn of_a_long_part_the_beginning_is_read() {
        for header in ["X: y", "Content-Transfer-Encoding: base64"] {
            let raw = format!("{header}\r\n\r\n{}", "YWJj\r\n".repeat(1_000_000));
            let text = parts(raw.as_bytes()).unwrap()[0].text();
            assert!(text.len() <= MOST_TEXT && text.len() > MOST_TEXT / 3, "{}", text.len());
        }
    }

    #[test]
    fn floods_stay_within_the_limits() {
        let nested = "Content-Type: message/rfc822\n\n".repeat(MOST_BYTES / 30);
        assert_eq!(parts(nested.as_bytes()).unwrap().len(), MOST_DEPTH + 1);
        let wide = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\n".repeat(1_000_000));
        assert_eq!(parts(wide.as_bytes()).unwrap().len(), MOST_PARTS);
        let deep: String = (0..50_000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
            .collect();
        assert_eq!(parts(deep.as_bytes()).unwrap().len(), MOST_DEPTH + 1);
        assert_eq!(parts(&vec![b'a'; MOST_BYTES + 1]).err(), Some(Unreadable::TooLarge));
        for empty in ["", "\r\n", "no field\r\n\r\ntext", " : \n\n"] {
            assert_eq!(parts(empty.as_bytes()).err(), Some(Unreadable::NoHeader), "{empty:?}");
        }
    }
}
