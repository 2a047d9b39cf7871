//! Kinds of characters, as the rules of emphasis, addresses and mentions tell them apart.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

use crate::characters::is_ignorable;
pub(super) use crate::characters::{is_letter, is_visible};

/// A letter or digit of a script without spaces, or a full-width mark.
pub(super) fn is_unspaced(c: char) -> bool {
    if c < '\u{E00}' {
        return false;
    }
    matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FFEF}')
        || matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Hangul
                | Script::Bopomofo
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

/// What words are made of in scripts with spaces.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { is_letter(c) && !is_unspaced(c) }
}

/// A mark between words. Paths and sums are one word: `/`, `\` and `=` part nothing.
pub(super) fn is_mark(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !matches!(c, '/' | '\\' | '=');
    }
    !c.is_whitespace() && !is_letter(c) && !is_ignorable(c)
}

/// A full-width mark, which ends an address.
pub(super) fn is_wide_mark(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3020}' | '\u{3030}' | '\u{30FB}' | '\u{FF01}'..='\u{FF0F}'
        | '\u{FF1A}'..='\u{FF20}' | '\u{FF3B}'..='\u{FF40}' | '\u{FF5B}'..='\u{FF65}')
}

/// Marks over and under one letter at most; the scripts of the world need half of it.
const MOST_MARKS: usize = 16;

/// The text with no more marks over one letter than any script has: thousands stop a reader's browser.
pub(in super::super) fn thinned(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut marks = 0;
    let thin = text.chars().filter(|c| {
        match c {
            // What has no width begins no letter.
            '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{AD}' => return true,
            c if is_combining_mark(*c) => marks += 1,
            _ => marks = 0,
        }
        marks <= MOST_MARKS
    });
    Cow::Owned(thin.collect())
}
