//! Bare addresses in a text, and which addresses may be followed. An address is found before anything else is and is
//! one piece: no mark inside it means anything.

use std::ops::Range;

use super::signs::{is_visible, is_wide_mark};

/// Schemes that are found without any marks.
const SCHEMES: [&str; 2] = ["https", "http"];

/// Where addresses stand in a text, in order.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let slants = slants(text);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")).map(|at| at + from) {
        from = at + 3;
        if let Some(start) = scheme(&text[..at])
            && found.last().is_none_or(|last| last.end <= start)
        {
            let end = from + length(&text[from..], slants.is_some_and(|at| at < start));
            if end > from {
                found.push(start..end);
                from = end;
            }
        }
    }
    found
}

/// Where a scheme begins that ends the text. A longer word is another scheme.
fn scheme(before: &str) -> Option<usize> {
    SCHEMES.iter().find_map(|name| {
        let start = before.len().checked_sub(name.len())?;
        let fits = before.get(start..)?.eq_ignore_ascii_case(name);
        let alone =
            !before[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'));
        (fits && alone).then_some(start)
    })
}

/// Where an underscore first begins a word: from there on one behind an address may end what it began. Looked for once,
/// because a text may have thousands of addresses.
fn slants(text: &str) -> Option<usize> {
    let begins = |(at, _): &(usize, &str)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices('_').find(begins).map(|(at, _)| at)
}

/// How much of what follows `://` belongs to the address. `slanted`: an underscore behind it is none of it.
fn length(rest: &str, slanted: bool) -> usize {
    let mut open: Vec<char> = Vec::new();
    let mut end = rest.len();
    for (at, c) in rest.char_indices() {
        // Persian and Indian words are written with joiners.
        let ends = !is_visible(c) && !matches!(c, '\u{200C}' | '\u{200D}')
            || matches!(c, '<' | '>' | '"' | '`' | '“' | '”' | '„' | '«' | '»')
            || is_wide_mark(c)
            || match c {
                '(' | '[' | '{' => {
                    open.push(c);
                    false
                }
                // What closes something that the address did not open belongs to the sentence.
                ')' => open.pop() != Some('('),
                ']' => open.pop() != Some('['),
                '}' => open.pop() != Some('{'),
                _ => false,
            };
        if ends {
            end = at;
            break;
        }
    }
    trimmed(&rest[..end], slanted).len()
}

/// Without the marks that end a sentence, a bracket that nothing closes, and the marks of emphasis around it.
fn trimmed(mut address: &str, slanted: bool) -> &str {
    loop {
        let shorter = address
            .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '…', '*', '~', '(', '[', '{', '|']);
        let shorter = if slanted { shorter.trim_end_matches('_') } else { shorter };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

/// Whether an address may be followed: the web, mail, telephone, and paths of this server.
pub(in super::super) fn is_allowed(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let local = address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
    local || ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// A fragment with a token signs in whoever follows it: no message carries that.
pub(in super::super) fn without_token(address: &str) -> &str {
    let Some((page, fragment)) = address.split_once('#') else { return address };
    let signs_in = fragment.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        unescaped(name).eq_ignore_ascii_case("token") && pair.contains('=')
    });
    if signs_in { page } else { address }
}

/// Letters that were written as `%74`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match letter {
            Some(letter) => {
                out.push(char::from(letter));
                out.push_str(part.get(2..).unwrap_or_default());
            }
            None => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_addresses() {
        let cases: &[(&str, &[&str])] = &[
            (
                "https://en.wikipedia.org/wiki/GT_Racing_(video_game)",
                &["https://en.wikipedia.org/wiki/GT_Racing_(video_game)"],
            ),
            ("(see https://a.example/GT_(video_game))", &["https://a.example/GT_(video_game)"]),
            ("https://example.com/src/__init__.py", &["https://example.com/src/__init__.py"]),
            ("https://example.com/?q=a*b*c", &["https://example.com/?q=a*b*c"]),
            ("你好https://example.com/a", &["https://example.com/a"]),
            ("「https://example.com/a」を参照", &["https://example.com/a"]),
            ("https://example.com/a。", &["https://example.com/a"]),
            (
                "https://example.com/a！ https://example.com/a（中文）",
                &["https://example.com/a", "https://example.com/a"],
            ),
            ("https://zh.wikipedia.org/wiki/中文", &["https://zh.wikipedia.org/wiki/中文"]),
            ("Https://example.com/a", &["Https://example.com/a"]),
            ("see https://example.com/a?b=c&d, ok", &["https://example.com/a?b=c&d"]),
            ("**https://example.com/a**", &["https://example.com/a"]),
            ("_see https://example.com/a_", &["https://example.com/a"]),
            ("https://example.com/a_", &["https://example.com/a_"]),
            ("https:// http://. xhttp://a git+https://a", &[]),
            ("http://a http://b", &["http://a", "http://b"]),
            ("http://a/http://b", &["http://a/http://b"]),
            ("<https://example.com>", &["https://example.com"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = find(text).into_iter().map(|place| &text[place]).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn links_carry_no_tokens() {
        let cases = [
            ("/app/#token=abc", "/app/"),
            ("https://a.example/app/c/1#x=1&token=abc", "https://a.example/app/c/1"),
            ("https://a.example/app/#%74ok%65N=abc", "https://a.example/app/"),
            ("https://a.example/page#token", "https://a.example/page#token"),
            ("https://a.example/page#section-2", "https://a.example/page#section-2"),
            ("/app/invite#abc.def", "/app/invite#abc.def"),
        ];
        for (address, expected) in cases {
            assert_eq!(without_token(address), expected, "{address}");
        }
    }
}
