//! Texts that callers give, checked where every noun asks for the same: names, addresses, searched words. Must not know:
//! whose they are.

use crate::error::{Result, invalid};

/// A pattern of `LIKE … ESCAPE '!'` that finds the text anywhere; `%` and `_` in it find themselves only. Empty for no text.
pub(crate) fn like(text: &str) -> String {
    let text = text.trim().to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    if text.is_empty() { String::new() } else { format!("%{text}%") }
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
        assert_eq!(like(" Ana "), "%ana%");
        assert_eq!(like("100%_!"), "%100!%!_!!%");
        assert_eq!(like(" "), "");
    }
}
