//! Header fields as bytes: cleaning and encoding (RFC 2047).
//!
//! Must not know: which fields a message has.

use data_encoding::BASE64;

use super::{
    super::{folding::write_words, line::clean_line},
    values::Mailbox,
};

/// Bytes of text in one encoded word, so that the word has at most 75 letters (RFC 2047, 2).
const ENCODED: usize = 42;
/// A longer word of a text is encoded: it could not be folded.
const LONGEST_WORD: usize = 60;
/// Longer texts are cut: no program shows more of a name or a subject.
const MOST_NAME: usize = 100;
const MOST_TEXT: usize = 300;

/// A header as it grows.
#[derive(Default)]
pub struct Head(String);

impl Head {
    /// A field whose value is one word that is known to be clean.
    pub fn word(&mut self, name: &str, word: &str) {
        self.words(name, [word]);
    }

    /// A field of clean words that may be folded between any two. No field when there are none.
    pub fn words<T: AsRef<str>>(&mut self, name: &str, words: impl IntoIterator<Item = T>) {
        write_words(&mut self.0, name, words);
    }

    /// A field with a text of people.
    pub fn text(&mut self, name: &str, text: &str) {
        let clean = clean_line(text, MOST_TEXT);
        if is_plain(&clean) {
            self.words(name, clean.split(' ').filter(|word| !word.is_empty()));
        } else {
            self.words(name, encoded_words(&clean));
        }
    }

    /// A field with mailboxes. No field when there are none.
    pub fn mailboxes(&mut self, name: &str, mailboxes: &[Mailbox]) {
        let mut words = Vec::new();
        for (at, mailbox) in mailboxes.iter().enumerate() {
            let shown = clean_line(&mailbox.name, MOST_NAME);
            let comma = if at + 1 < mailboxes.len() { "," } else { "" };
            match shown.as_str() {
                "" => words.push(format!("{}{comma}", mailbox.address)),
                plain if is_plain(plain) => {
                    words.push(format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")));
                    words.push(format!("<{}>{comma}", mailbox.address));
                }
                other => {
                    words.extend(encoded_words(other));
                    words.push(format!("<{}>{comma}", mailbox.address));
                }
            }
        }
        self.words(name, words);
    }

    /// The fields, without an empty line after them.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Whether the text may stand as it is: visible ASCII, nothing that reads as an encoded word, no word beyond folding.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.contains("=?")
        && text.split(' ').all(|word| word.len() <= LONGEST_WORD)
}

/// The text as encoded words, none of which divides a character (RFC 2047, 5).
fn encoded_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(ENCODED);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (word, after) = rest.split_at(end);
        words.push(format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes())));
        rest = after;
    }
    words
}
