//! What stands in the header of a message beside addresses and ids: types that are parsed where they come in.
//!
//! Must not know: how a field is written.

use std::{fmt, str::FromStr};

use super::super::{
    Address,
    address::{domain_in_ascii, is_dot_atom},
};

/// Longer words would not fit into a line with their field.
const MOST: usize = 900;

/// A name to show, and an address. The name may be any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// May be empty.
    pub name: String,
    /// Where it goes.
    pub address: Address,
}

/// A text that is not what it should be; says what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(&'static str);

/// The name of a list, as `42.notifications.acme.example` (RFC 2919).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListId(String);

/// An address that ends mails of one type with one POST (RFC 8058).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsubscribeUrl(String);

/// The type of a file, as `image/png`, in lower case and without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(String);

impl FromStr for ListId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = InvalidValue("a List-ID has the form label.domain, with at most 255 characters");
        let (label, domain) = text.split_once('.').ok_or(wrong)?;
        let domain = domain_in_ascii(domain).ok_or(wrong)?;
        let id = format!("{label}.{domain}");
        if is_dot_atom(label) && id.len() <= 255 { Ok(Self(id)) } else { Err(wrong) }
    }
}

impl FromStr for UnsubscribeUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let clean = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\,".contains(&byte));
        let host = text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
        if clean && host.is_some_and(|host| !host.is_empty()) && text.len() <= MOST {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue(
                "the address to unsubscribe begins with https:// and has at most 900 characters of ASCII",
            ))
        }
    }
}

impl FromStr for MediaType {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = InvalidValue("a type has the form type/subtype");
        let (main, sub) = text.split_once('/').ok_or(wrong)?;
        // RFC 6838, 4.2.
        let word = |word: &str| {
            (1..=127).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        if word(main) && word(sub) { Ok(Self(text.to_ascii_lowercase())) } else { Err(wrong) }
    }
}

impl MediaType {
    /// As a file of a message has it: messages and multiparts may not be encoded (RFC 2046, 5), so they go as bytes.
    pub(super) fn of_file(&self) -> &str {
        let encodable = !self.0.starts_with("message/") && !self.0.starts_with("multipart/");
        if encodable { &self.0 } else { "application/octet-stream" }
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UnsubscribeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_line() {
        assert_eq!(
            "42.Notify.bücher.example".parse::<ListId>().unwrap().to_string(),
            "42.notify.xn--bcher-kva.example"
        );
        assert!("https://acme.example/u/abc?x=1".parse::<UnsubscribeUrl>().is_ok());
        assert_eq!("Image/PNG".parse::<MediaType>().unwrap().of_file(), "image/png");
        assert_eq!("message/rfc822".parse::<MediaType>().unwrap().of_file(), "application/octet-stream");
        for hostile in ["", "a", "a.", ".b", "a b.c", "a>.b.c", "a\r\nX: y.b"] {
            assert!(hostile.parse::<ListId>().is_err(), "{hostile:?}");
        }
        let long = format!("https://a.example/{}", "x".repeat(900));
        for hostile in [
            "",
            "http://a.example/",
            "https://",
            "https:///x",
            "https://a.example/>, <mailto:x@y.example",
            "https://a.example/\r\nX: y",
            "https://a.example/é",
            &long,
        ] {
            assert!(hostile.parse::<UnsubscribeUrl>().is_err(), "{hostile:?}");
        }
        for hostile in ["", "/", "a/", "/b", "a/b; charset=x", "a/b\r\nX: y", "a b/c", "a/b/c"] {
            assert!(hostile.parse::<MediaType>().is_err(), "{hostile:?}");
        }
    }
}
