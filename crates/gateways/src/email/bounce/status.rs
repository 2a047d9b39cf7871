//! Status codes of mail systems (RFC 3463), and finding them in what servers say.
//!
//! Must not know: which message they are about.

use std::{fmt, str::FromStr};

/// `5.1.1`: class, subject and detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// 2 success, 4 for now, 5 for good.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 4 the network, 7 policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl EnhancedStatus {
    /// It says no more than its class.
    pub fn is_general(self) -> bool {
        (self.subject, self.detail) == (0, 0)
    }

    /// The first code of a failure in a text.
    pub fn find(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
        words
            .filter_map(|word| word.trim_end_matches('.').parse().ok())
            .find(|status: &Self| status.class != 2)
    }
}

impl FromStr for EnhancedStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |part: &str| {
            let plain = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten().ok_or(())
        };
        let mut groups = text.split('.');
        let mut next = || groups.next().ok_or(());
        let (class, subject, detail) = (next()?, next()?, next()?);
        let class = match class {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return Err(()),
        };
        let status = Self { class, subject: number(subject)?, detail: number(detail)? };
        if groups.next().is_some() { Err(()) } else { Ok(status) }
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// The class of the first reply code of a failure in a text (RFC 5321, 4.2.1): `550 no such user` is 5.
pub fn reply_class(text: &str) -> Option<u8> {
    let codes = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|word| word.len() == 3);
    let classes = codes.filter_map(|code| match code.as_bytes() {
        [class @ (b'4' | b'5'), b'0'..=b'5', b'0'..=b'9'] => Some(class - b'0'),
        _ => None,
    });
    classes.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_codes_and_no_addresses_of_machines() {
        for (text, found) in [
            ("smtp; 550 5.1.1 <a@b.example>: no", Some("5.1.1")),
            ("host mx[192.0.2.25] said: 4.4.7 expired", Some("4.4.7")),
            ("no mailbox here (#5.1.1 - chkusr)", Some("5.1.1")),
            ("(see 5.7.606.)", Some("5.7.606")),
            ("5.1.1.9 5.1 6.1.1 2.0.0 5.1234.1 ok", None),
        ] {
            assert_eq!(
                EnhancedStatus::find(text).map(|status| status.to_string()).as_deref(),
                found,
                "{text}"
            );
        }
        assert_eq!(reply_class("said: 452 4.2.2 full"), Some(4));
        assert_eq!(reply_class("554-5.7.1"), Some(5));
        assert_eq!(reply_class("192.0.2.550 and 5500, 600, 299 or 560"), None);
    }
}
