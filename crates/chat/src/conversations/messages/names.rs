//! Names after an `@` in a text: `@name` and `@[Full Name]`. Must not know: whose they are.

/// The names that a text mentions, at most 50. An `@` inside a word (an e-mail address) is none.
pub(crate) fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        if let Some(c) = rest[..at].chars().next_back() {
            before = c;
        }
        rest = &rest[at + 1..];
        if !before.is_alphanumeric()
            && let Some((name, length)) = name(rest)
        {
            if !found.contains(&name) && found.len() < 50 {
                found.push(name);
            }
            rest = &rest[length..];
        }
        before = '@';
    }
    found
}

/// The name that begins here, and how many bytes it takes.
pub(crate) fn name(rest: &str) -> Option<(String, usize)> {
    if let Some(inner) = rest.strip_prefix('[') {
        let end = inner.find(']')?;
        let name = inner[..end].trim();
        // Bytes first: counting characters again and again would take long in a hostile text.
        let fits = !name.is_empty()
            && name.len() <= 480
            && name.chars().count() <= 120
            && !name.contains(['\n', '[']);
        return fits.then(|| (name.to_owned(), end + 2));
    }
    let end =
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
    let name = rest[..end].trim_end_matches(['.', '-']);
    (!name.is_empty() && name.chars().count() <= 60).then(|| (name.to_owned(), name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names() {
        let cases: [(&str, &[&str]); 8] = [
            ("hello @ana, and @[Bruno da Silva]!", &["ana", "Bruno da Silva"]),
            ("mail me at ana@example.com", &[]),
            ("(@ana) @ana @ana.", &["ana"]),
            ("@", &[]),
            ("@[never closed", &[]),
            ("@[] @[ ]", &[]),
            ("@张伟 你好", &["张伟"]),
            ("@@ana", &["ana"]),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text), expected, "{text}");
        }
    }
}
