//! E-mail addresses as Parlor writes to them. Owns: which addresses are accepted, and their one written form.
//!
//! Must not know: display names and header fields.

use std::{fmt, str::FromStr};

/// The longest local part and the longest address (RFC 5321, 4.5.3.1 and erratum 1690).
pub const MOST_LOCAL: usize = 64;
const MOST_ADDRESS: usize = 254;

/// `local@domain`, safe to stand in a header or an SMTP command. The local part is a dot-atom (RFC 5322, 3.2.3) in ASCII as
/// it was written; the domain is in lower case, an international one in its ASCII form (RFC 5891). Quoted local parts,
/// address literals and international local parts (RFC 6531) are refused: too few servers take them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
}

/// Why a text is no address that Parlor writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is no `@` between two parts.
    #[error("an address has the form name@domain")]
    Form,
    /// The part before the `@`.
    #[error(
        "the part before the @ may have letters, digits and .!#$%&'*+-/=?^_`{{|}}~, single dots inside, and 64 characters"
    )]
    Local,
    /// The part after the `@`.
    #[error("the part after the @ is not a domain name")]
    Domain,
    /// Longer than any server takes.
    #[error("an address has at most 254 characters")]
    TooLong,
}

impl Address {
    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Another local part at the same domain; None when there is no such address.
    pub fn with_local(&self, local: &str) -> Option<Self> {
        format!("{local}@{}", self.domain()).parse().ok()
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        // An international domain may shrink when it becomes ASCII, but never fourfold.
        if text.len() > 4 * MOST_ADDRESS {
            return Err(InvalidAddress::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::Form)?;
        if local.is_empty() || domain.is_empty() {
            return Err(InvalidAddress::Form);
        }
        if local.len() > MOST_LOCAL || !is_dot_atom(local) {
            return Err(InvalidAddress::Local);
        }
        let domain = domain_in_ascii(domain).ok_or(InvalidAddress::Domain)?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if address.text.len() > MOST_ADDRESS { Err(InvalidAddress::TooLong) } else { Ok(address) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Atoms with single dots between them (RFC 5322, 3.2.3).
pub fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The domain in lower case and ASCII, when it is one.
pub fn domain_in_ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::STD3).ok()?;
    let labels = |domain: &str| domain.split('.').all(|label| (1..=63).contains(&label.len()));
    (ascii.len() <= 253 && labels(&ascii)).then(|| ascii.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_local_part_and_writes_domains_in_ascii() {
        for (written, kept) in [
            ("Ann.Lee@Example.COM", "Ann.Lee@example.com"),
            ("ann+c.abc@bücher.example", "ann+c.abc@xn--bcher-kva.example"),
            ("a@localhost", "a@localhost"),
        ] {
            assert_eq!(written.parse::<Address>().unwrap().as_str(), kept);
        }
        let address: Address = "a@b.example".parse().unwrap();
        assert_eq!((address.local(), address.domain()), ("a", "b.example"));
    }

    #[test]
    fn refuses_whatever_could_leave_its_place() {
        let long = format!("{}@example.com", "a".repeat(65));
        let wide = format!("a@{}", "a.".repeat(200));
        let huge = format!("a@{}", "é".repeat(100_000));
        for hostile in [
            "",
            "@",
            "a",
            "a@",
            "@b.example",
            "a b@c.example",
            "a@b example",
            "a\r\nBcc: x@y.example@b.example",
            "a@b.example\r\nBcc: x@y.example",
            "a@b.example\0",
            "a\0@b.example",
            "<a@b.example>",
            "a,b@c.example",
            "a@b.example,c@d.example",
            "\"a b\"@c.example",
            "a@[127.0.0.1]",
            "a@b..example",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "ä@b.example",
            "a@b@c.example",
            "a@b/c",
            &long,
            &wide,
            &huge,
            "a@\u{202e}b.example",
        ] {
            assert!(hostile.parse::<Address>().is_err(), "{hostile:?}");
        }
    }
}
