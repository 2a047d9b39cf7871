//! Texts that callers give, checked where every noun asks for the same: names, addresses, searched words. Must not know:
//! whose they are.

use crate::{
    error::{Result, invalid},
    folding,
};

/// What is looked for in names and titles, as patterns of `LIKE … ESCAPE '!'` that find it anywhere. Empty for nothing.
pub(crate) struct Sought {
    /// As it was written, in small letters.
    pub written: String,
    /// For what [`folding::key`] made: in which way a name is typed does not matter.
    pub folded: String,
}

/// A text within a pattern: `%` and `_` find themselves only.
pub(crate) fn literal(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

impl Sought {
    pub(crate) fn of(text: Option<&str>) -> Result<Sought> {
        let text = text.unwrap_or_default().trim();
        if text.chars().count() > 200 {
            return Err(invalid("search", "length", "search for at most 200 characters"));
        }
        let pattern = |text: &str| match text {
            "" => String::new(),
            text => format!("%{}%", literal(text)),
        };
        let written = pattern(&text.to_lowercase());
        let words = folding::words(text);
        let folded = if words.is_empty() { written.clone() } else { pattern(&words) };
        Ok(Sought { written, folded })
    }
}

/// A name of 1 to 120 characters without control characters, trimmed.
pub(crate) fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let fits = (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(invalid("name", "length", "use 1 to 120 characters")) }
}

/// An address as written and as compared. Refuses what cannot be one.
pub(crate) fn email_key(email: &str) -> Result<(String, String)> {
    let email = email.trim();
    let fits = email.len() <= 254
        && email
            .split_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && host.len() >= 3 && !host.contains('@'))
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits {
        Ok((email.to_owned(), email.to_lowercase()))
    } else {
        Err(invalid("email", "format", "is not an e-mail address"))
    }
}

/// An absolute http(s) address or a path on this server, when given.
pub(crate) fn checked_url(field: &'static str, url: Option<&str>) -> Result<()> {
    match url {
        Some(url)
            if !(url.starts_with("https://")
                || url.starts_with("http://")
                || (url.starts_with('/') && !url.starts_with("//"))) =>
        {
            Err(invalid(field, "url", "use an address that begins with https://, http:// or /"))
        }
        Some(url) if url.len() > 2_000 || url.chars().any(char::is_control) => {
            Err(invalid(field, "length", "use at most 2,000 characters"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_searched_text_are_letters() {
        let patterns = |text| {
            let sought = Sought::of(Some(text)).unwrap();
            (sought.written, sought.folded)
        };
        let both = |written: &str, folded: &str| (written.to_owned(), folded.to_owned());
        assert_eq!(patterns(" Zoë "), both("%zoë%", "%zoe%"));
        assert_eq!(patterns("100%_!"), both("%100!%!_!!%", "%100!%!_!!%"));
        assert_eq!(patterns("Jean-Luc"), both("%jean-luc%", "%jean luc%"));
        assert_eq!(patterns("-"), both("%-%", "%-%"));
        assert_eq!(patterns(" "), both("", ""));
        assert!(Sought::of(Some(&"a".repeat(201))).is_err());
    }
}
