//! Messages, what is looked for in them, and cursors.

use std::collections::HashMap;

use parlor_chat::messages::{Body, preview, render};
use parlor_chat::search::terms;
use parlor_chat::{PersonId, RowId, TenantId, Time, signing};
use uuid::Uuid;

use crate::text;

/// Bytes of HTML that a body may become: so many for each of its own, and some more.
const LARGEST: usize = 12;
const LARGEST_OF_ALL: usize = 4096;
/// Elements in each other: sixteen levels, and what a heading or a block of code adds inside.
const DEEPEST: usize = 20;
const MOST_CHARACTERS: i64 = 20_000;

/// What is typed is not lost, and its HTML is well-formed, neither deep nor out of proportion.
pub(crate) fn markdown(input: &[u8]) {
    let body = text(input);
    let html = render(body, &[]);
    assert!(html.len() <= LARGEST * body.len() + LARGEST_OF_ALL, "{} bytes of {}", html.len(), body.len());
    well_formed(&html);
    let (typed, shown) = (letters(&without_marks(body)), letters(&html));
    // The numbers of a list are the browser's to show.
    let counted = typed.into_iter().filter(|(letter, _)| !(letter.is_ascii_digit() && html.contains("<ol")));
    for (letter, count) in counted {
        assert!(shown.get(&letter).copied().unwrap_or(0) >= count, "{letter:?} is lost: {html}");
    }
    assert!(preview(body, 120).chars().count() <= 121);
}

/// The body without what is a mark and no text: languages behind the fences of code, and the ids of mentions,
/// `@[Name|id]`.
fn without_marks(body: &str) -> String {
    let body = body.split('\n').map(|line| match line.split_once("```") {
        Some((before, language)) if !language.trim().contains(char::is_whitespace) => before,
        _ => line,
    });
    let body = body.collect::<Vec<_>>().join("\n");
    let mut parts = body.split('|');
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let id = part.get(..36).filter(|id| Uuid::try_parse(id).is_ok());
        let after = id.and_then(|_| part.get(36..)).filter(|after| after.starts_with(']'));
        rest.push_str(after.unwrap_or(part));
    }
    rest
}

/// How often each letter and digit occurs.
fn letters(text: &str) -> HashMap<char, usize> {
    let mut found = HashMap::new();
    for letter in text.chars().filter(|letter| letter.is_alphanumeric()) {
        *found.entry(letter).or_insert(0) += 1;
    }
    found
}

fn well_formed(html: &str) {
    let mut open = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or_else(|| panic!("a tag does not end: {html}"));
        let name = tag.trim_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(!["script", "style", "iframe", "object"].contains(&name), "{html}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(name);
            assert!(open.len() <= DEEPEST, "{} levels", open.len());
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
}

/// A body that is taken shows something and names people within bounds; one that is not is refused.
pub(crate) fn mentions(input: &[u8]) {
    let Ok(body) = Body::parse(text(input), MOST_CHARACTERS) else { return };
    assert!(!body.text.trim().is_empty() && body.text.chars().count() <= MOST_CHARACTERS as usize);
    assert!(!preview(&body.text, 120).is_empty() || !render(&body.text, &[]).is_empty());
    // Reading it again reads the same, but where what stood too far behind an `@` to belong to it has come nearer.
    if without_marks(&body.text) != body.text {
        return;
    }
    let again = Body::parse(&body.text, MOST_CHARACTERS).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((again.text.as_str(), again.mentions_online()), (body.text.as_str(), body.mentions_online()));
}

/// A text is found by asking for itself: each term of the query is one of its terms, or begins one.
pub(crate) fn search(input: &[u8]) {
    let text: String = text(input).chars().take(200).collect();
    let stored = terms::of(&text);
    let stored: Vec<&str> = stored.split(' ').collect();
    for term in terms::query(&text) {
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        assert!(!term.text.is_empty() && !term.text.contains([' ', '"', '*', '(', ')', '\'']), "{term:?}");
        assert!(term.text.chars().any(plain) || !term.text.is_ascii(), "{term:?}");
        let found = match term.prefix {
            true => stored.iter().any(|word| word.starts_with(&term.text)),
            false => stored.contains(&term.text.as_str()),
        };
        assert!(found, "{term:?} is not among {stored:?}");
    }
}

/// A cursor or a link that was not made here is none, and one that was is read as it was made, in its one form.
pub(crate) fn cursors(input: &[u8]) {
    let key = b"a key of thirty-two bytes at least";
    let (tenant, owner, other) =
        (TenantId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)), PersonId(Uuid::from_u128(3)));
    let given = text(input);
    assert_eq!(signing::parse(given, tenant, owner, key), None, "{given}");
    let (head, tail) = input.split_at(input.len().min(16));
    let mut bytes = [0; 16];
    bytes[..head.len()].copy_from_slice(head);
    let (seq, epoch) =
        (u128::from_be_bytes(bytes) as i64 & i64::MAX, (u128::from_be_bytes(bytes) >> 64) as i64);
    let made = signing::encode(seq, epoch, tenant, owner, key);
    assert_eq!(signing::parse(&made, tenant, owner, key), Some((seq, epoch)));
    assert_eq!(signing::parse(&made, tenant, other, key), None, "another's");
    let spoiled = format!("{}{made}", text(tail));
    assert!(
        spoiled == made || signing::parse(&spoiled, tenant, owner, key) != Some((seq, epoch)),
        "{spoiled}"
    );
    let (id, expires) = (RowId(Uuid::from_u128(u128::from_be_bytes(bytes))), Time(seq));
    use signing::LinkFor::{Reading, Uploading};
    assert_eq!(signing::verify_link(Reading, id, "a", expires, given, key), None);
    let link = signing::sign_link(Reading, tenant, id, given, expires, key);
    assert_eq!(signing::verify_link(Reading, id, given, expires, &link, key), Some(tenant));
    assert_eq!(signing::verify_link(Uploading, id, given, expires, &link, key), None);
    assert_eq!(signing::verify_link(Reading, id, &format!("{given}x"), expires, &link, key), None);
}
