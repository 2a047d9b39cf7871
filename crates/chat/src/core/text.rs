//! Texts that callers give, checked where every noun asks for the same: names, addresses, searched words. Must not know:
//! whose they are.

use unicode_normalization::UnicodeNormalization;

use crate::{
    characters::{is_visible, without_hidden},
    error::{Result, invalid},
    folding,
};

/// What is looked for in names and titles, as patterns of `LIKE … ESCAPE '!'` that find it anywhere. Empty for nothing.
pub(crate) struct Sought {
    /// As it was written, in small letters.
    pub written: String,
    /// For what [`folding::key`] made: in which way a name is typed does not matter.
    pub folded: String,
    /// The same as people write it who have no `ü` on their keyboard, where that is another: NULL is like nothing.
    pub spelled: Option<String>,
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
        let found_by = |text: &str| match folding::words(text) {
            words if words.is_empty() => written.clone(),
            words => pattern(&words),
        };
        let folded = found_by(text);
        let spelled = folding::spelled_out(text).map(|text| found_by(&text));
        Ok(Sought { written, folded, spelled })
    }
}

/// A name or title as it is kept: its letters put together as everybody's (NFC), on one line, without what is not seen.
/// So no two names look alike and are not because of that.
pub(crate) fn line(text: &str) -> String {
    let shown: String = without_hidden(text).nfc().collect();
    let ends =
        |c: char| matches!(c, '\t' | '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    shown.replace(ends, " ").trim().to_owned()
}

/// A [`line`] of at least one character that is seen, and at most so many.
pub(crate) fn checked_line(field: &'static str, text: &str, most: usize) -> Result<String> {
    let line = line(text);
    let fits = line.chars().any(is_visible) && line.chars().count() <= most;
    if !fits {
        return Err(invalid(
            field,
            "length",
            format!("use 1 to {most} characters, at least one that is seen"),
        ));
    }
    match line.chars().any(char::is_control) {
        true => Err(invalid(field, "characters", "leave out control characters")),
        false => Ok(line),
    }
}

/// A name of 1 to 120 characters.
pub(crate) fn checked_name(name: &str) -> Result<String> {
    checked_line("name", name, 120)
}

/// A name as another system writes it, which is not refused: cut, and `?` where nothing of it is seen.
pub(crate) fn shown_name(given: &str) -> String {
    let plain: String = given.chars().filter(|c| !c.is_control()).collect();
    let line = line(&plain);
    match line.char_indices().nth(120) {
        Some((at, _)) => line[..at].trim_end().to_owned(),
        None if line.chars().any(is_visible) => line,
        None => "?".to_owned(),
    }
}

/// The longest id or word of another system that is kept.
const LONGEST_ID: usize = 200;

/// Refuses an id or a word of another system that is too long to be one. It is kept as it is.
pub(crate) fn check_id(field: &'static str, id: Option<&str>) -> Result<()> {
    let fits = |id: &str| id.chars().count() <= LONGEST_ID && !id.chars().any(char::is_control);
    match id {
        Some(id) if !fits(id) => {
            Err(invalid(field, "length", "use at most 200 characters, and no control characters"))
        }
        _ => Ok(()),
    }
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
    fn names_are_lines_that_are_seen() {
        for (given, kept) in [
            (" Ana\u{2028}Lima\n", "Ana Lima"),
            ("\u{202E}ana", "ana"),
            ("Zoe\u{308}", "Zoë"),
            ("\u{200B}\u{34F}x\u{2066}", "x"),
        ] {
            assert_eq!(checked_name(given).unwrap(), kept, "{given:?}");
            assert_eq!(shown_name(given), kept, "{given:?}");
        }
        for given in ["", "  ", "\u{200B}", "\u{3164}\u{2800}", "a\u{7}", &"x".repeat(121)] {
            assert!(checked_name(given).is_err(), "{given:?}");
        }
        assert_eq!(shown_name("\u{200B}\u{7}"), "?");
        assert_eq!(shown_name(&"é".repeat(500)).chars().count(), 120);
    }

    #[test]
    fn wildcards_in_a_searched_text_are_letters() {
        let patterns = |text| {
            let sought = Sought::of(Some(text)).unwrap();
            (sought.written, sought.folded, sought.spelled)
        };
        let all = |written: &str, folded: &str, spelled: Option<&str>| {
            (written.to_owned(), folded.to_owned(), spelled.map(str::to_owned))
        };
        assert_eq!(patterns(" Zoë "), all("%zoë%", "%zoe%", None));
        assert_eq!(patterns("Möß"), all("%möß%", "%moss%", Some("%moess%")));
        assert_eq!(patterns("100%_!"), all("%100!%!_!!%", "%100!%!_!!%", None));
        assert_eq!(patterns("Jean-Luc"), all("%jean-luc%", "%jean luc%", None));
        assert_eq!(patterns("-"), all("%-%", "%-%", None));
        assert_eq!(patterns(" "), all("", "", None));
        assert!(Sought::of(Some(&"a".repeat(201))).is_err());
    }
}
