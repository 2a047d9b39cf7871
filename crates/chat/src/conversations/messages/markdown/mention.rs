//! Whom a text names: `@name`, `@[Full Name]` and, as completion writes it, `@[Full Name|id]`. Must not know: who takes
//! part.

use uuid::Uuid;

use crate::{folding, ids::PersonId};

use super::signs::{is_letter, is_unspaced};

/// What stands behind an `@`: in a body that was parsed, without the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// As written, without brackets and id.
    pub name: String,
    /// Of the person, where the writer's program knew it.
    pub id: Option<PersonId>,
}

impl Name {
    /// Whether it is this person's: the whole name or the first. Brackets do not count, because they end a mention.
    pub(crate) fn is_of(&self, full: &str) -> bool {
        self.closeness(full).is_some()
    }

    /// Whose of these people it is: who is called exactly so, before those whose name is as good as it.
    pub(crate) fn whose<'p, P>(&self, people: &'p [P], full: impl Fn(&P) -> &str) -> Option<&'p P> {
        self.closest(people, full).first().copied()
    }

    /// The same, where there is one only.
    pub(crate) fn only<'p, P>(&self, people: &'p [P], full: impl Fn(&P) -> &str) -> Option<&'p P> {
        match self.closest(people, full)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    fn closest<'p, P>(&self, people: &'p [P], full: impl Fn(&P) -> &str) -> Vec<&'p P> {
        let close = |person: &P| self.closeness(full(person));
        let Some(best) = people.iter().filter_map(close).min() else { return Vec::new() };
        people.iter().filter(|person| close(person) == Some(best)).collect()
    }

    /// 0 for the whole name, 1 for the first, 2 and 3 when these are equal as people search for them.
    fn closeness(&self, full: &str) -> Option<u8> {
        let (own, name) = (plain(&self.name).to_lowercase(), plain(full).to_lowercase());
        if own == name {
            return Some(0);
        }
        if name.split(' ').next() == Some(own.as_str()) {
            return Some(1);
        }
        let (own, ways) = (self.ways(), folding::ways(&name));
        if ways.iter().any(|way| own.contains(way)) {
            return Some(2);
        }
        let is_first =
            |way: &String| way.split(' ').next().is_some_and(|first| own.iter().any(|own| own == first));
        ways.iter().any(is_first).then_some(3)
    }

    /// The name as it is compared with [`folding::key`]: one way or two, none where nothing of it can be found.
    pub(crate) fn ways(&self) -> Vec<String> {
        folding::ways(&plain(&self.name))
    }
}

fn plain(name: &str) -> String {
    name.replace(['[', ']', '\n'], "").trim().to_owned()
}

/// A text without the ids of its mentions, which were read from it.
pub(in super::super) fn without_ids(text: &str, names: &[Name]) -> String {
    names
        .iter()
        .filter_map(|name| name.id)
        .fold(text.to_owned(), |text, id| text.replace(&format!("|{id}]"), "]"))
}

/// The name after an `@`, and how many bytes it takes. `before` is what stands in front of the `@`.
pub(super) fn name(rest: &str, before: Option<char>) -> Option<(Name, usize)> {
    if rest.starts_with('[') {
        return in_brackets(rest);
    }
    let border = before.is_none_or(|c| is_unspaced(c) || !(is_letter(c) || c == '/'));
    border.then(|| bare(rest)).flatten()
}

/// Brackets within a name come in pairs.
fn in_brackets(rest: &str) -> Option<(Name, usize)> {
    let mut depth = 0;
    for (at, c) in rest.char_indices().take(200) {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
        if depth == 0 {
            let (name, id) = with_id(&rest[1..at]);
            let name = name.trim();
            let fits = !name.is_empty() && name.chars().count() <= 120;
            return fits.then(|| (Name { name: name.to_owned(), id }, at + 1));
        }
    }
    None
}

fn with_id(inner: &str) -> (&str, Option<PersonId>) {
    let parts = inner.rsplit_once('|');
    let with_id = parts.and_then(|(name, id)| Some((name, id, Uuid::try_parse(id).ok()?)));
    match with_id {
        Some((name, typed, id)) if id.to_string() == typed => (name, Some(PersonId(id))),
        _ => (inner, None),
    }
}

/// Letters, digits and marks; between two of them also `_`, `-`, `.` and apostrophes.
fn bare(rest: &str) -> Option<(Name, usize)> {
    let mut end = 0;
    for (at, c) in rest.char_indices().take(61) {
        if is_letter(c) {
            end = at + c.len_utf8();
        } else if !matches!(c, '_' | '-' | '.' | '\'' | '’') || end < at && !joins(&rest[end..at]) {
            break;
        }
    }
    let name = &rest[..end];
    let starts = name.chars().next().is_some_and(is_letter);
    (starts && name.chars().count() <= 60).then(|| (Name { name: name.to_owned(), id: None }, end))
}

/// Whether signs may stand side by side within a name: underscores only.
fn joins(signs: &str) -> bool {
    signs.chars().all(|c| c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(String, bool, &str)> {
        let at = text.find('@').unwrap();
        let (name, length) = name(&text[at + 1..], text[..at].chars().next_back())?;
        Some((name.name, name.id.is_some(), &text[at + 1 + length..]))
    }

    #[test]
    fn brackets_of_names_do_not_count() {
        let is_of = |name: &str, full: &str| Name { name: name.to_owned(), id: None }.is_of(full);
        for full in ["Anna Schmidt [EXT]", "Anna Schmidt [", "[ Anna Schmidt", "Anna Schmidt"] {
            assert!(is_of(full.replace(['[', ']'], "").trim(), full), "{full}");
            assert!(is_of("anna", full), "{full}");
        }
        assert!(!is_of("Schmidt", "Anna Schmidt"));
    }

    #[test]
    fn one_grammar() {
        let id = "00000000-0000-0000-0000-000000000001";
        let with_id = format!("@[Schmidt, Anna [EXT]|{id}]!");
        let cases = [
            ("@ana, hi", Some(("ana", false, ", hi"))),
            ("@ana. Hi", Some(("ana", false, ". Hi"))),
            ("@ana-maria.b", Some(("ana-maria.b", false, ""))),
            ("@O'Neill’s", Some(("O'Neill’s", false, ""))),
            ("_@Benno_", Some(("Benno", false, "_"))),
            ("@dev_ops__x", Some(("dev_ops__x", false, ""))),
            ("@a-.b", Some(("a", false, "-.b"))),
            ("@张伟 你好", Some(("张伟", false, " 你好"))),
            ("请@李雷 看", Some(("李雷", false, " 看"))),
            ("@हिन्दी", Some(("हिन्दी", false, ""))),
            ("请@[李雷]看一下", Some(("李雷", false, "看一下"))),
            ("drinks:@Ben", Some(("Ben", false, ""))),
            ("a@[Bruno da Silva]b", Some(("Bruno da Silva", false, "b"))),
            ("@[Schmidt, Anna [EXT]] x", Some(("Schmidt, Anna [EXT]", false, " x"))),
            (&with_id, Some(("Schmidt, Anna [EXT]", true, "!"))),
            ("@[A|B]", Some(("A|B", false, ""))),
            ("ana@example.com", None),
            ("medium.com/@Benno", None),
            ("@[never closed", None),
            ("@[] ", None),
            ("@[ ]", None),
            ("@[a\nb]", None),
            ("@", None),
            ("@ ana", None),
            ("@-a", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(name, id, rest)| (name.to_owned(), id, rest));
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(found(&format!("@{}", "a".repeat(61))), None);
        assert_eq!(found(&format!("@[{}]", "a".repeat(121))), None);
    }
}
