//! Words for the search index, the same on both engines and in every language. Scripts that write spaces give words,
//! folded (case, accents); those that do not (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give single characters and
//! pairs, so that any part of a text is found. Terms hold letters, digits and marks only.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// Begins the terms that say where a message is and who wrote it. A letter that the folding drops from texts.
pub const MARK: char = 'ǂ';
const LONGEST: usize = 40;
const MOST: usize = 4_000;

/// Terms of a text to be indexed, separated by spaces, each once.
pub fn of(text: &str) -> String {
    let mut terms = BTreeSet::new();
    for word in words(text) {
        match word {
            Word::Spaced(word) => {
                terms.insert(word);
            }
            Word::Unspaced(characters) => {
                terms.extend(characters.iter().cloned());
                terms.extend(characters.windows(2).map(|pair| pair.concat()));
            }
        }
        if terms.len() > MOST {
            break;
        }
    }
    terms.into_iter().collect::<Vec<_>>().join(" ")
}

/// A term of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerm {
    /// The term.
    pub text: String,
    /// Finds words that begin with it.
    pub prefix: bool,
}

/// Terms of a query, all of which a message must have. The last word of the query finds longer words as well.
pub fn query(text: &str) -> Vec<QueryTerm> {
    let mut terms: Vec<QueryTerm> = Vec::new();
    let words = words(text);
    let last = words.len().saturating_sub(1);
    let open = text.chars().next_back().is_some_and(|c| !c.is_whitespace());
    for (index, word) in words.into_iter().enumerate() {
        let found: Vec<QueryTerm> = match word {
            Word::Spaced(text) => {
                let prefix = open && index == last && text.chars().count() >= 2;
                vec![QueryTerm { text, prefix }]
            }
            Word::Unspaced(characters) if characters.len() == 1 => {
                vec![QueryTerm { text: characters.concat(), prefix: false }]
            }
            Word::Unspaced(characters) => {
                characters.windows(2).map(|pair| QueryTerm { text: pair.concat(), prefix: false }).collect()
            }
        };
        for term in found {
            if !terms.contains(&term) && terms.len() < 30 {
                terms.push(term);
            }
        }
    }
    terms
}

enum Word {
    Spaced(String),
    Unspaced(Vec<String>),
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for word in text.unicode_words() {
        if word.is_ascii() {
            let folded = word.bytes().filter(u8::is_ascii_alphanumeric).take(LONGEST);
            let folded: String = folded.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
            if !folded.is_empty() {
                words.push(Word::Spaced(folded));
            }
            continue;
        }
        let mut spaced = String::new();
        let mut unspaced: Vec<String> = Vec::new();
        for character in word.graphemes(true) {
            if character.chars().next().is_some_and(is_unspaced) {
                flush(&mut spaced, &mut words);
                unspaced.push(kept(character.nfkc()));
            } else {
                join(&mut unspaced, &mut words);
                spaced.push_str(&fold(character));
            }
        }
        flush(&mut spaced, &mut words);
        join(&mut unspaced, &mut words);
    }
    words
}

fn flush(spaced: &mut String, words: &mut Vec<Word>) {
    let word: String = std::mem::take(spaced).chars().take(LONGEST).collect();
    if !word.is_empty() {
        words.push(Word::Spaced(word));
    }
}

/// The word splitter cuts scripts without spaces anywhere, so neighbours are put together again.
fn join(unspaced: &mut Vec<String>, words: &mut Vec<Word>) {
    let mut characters: Vec<String> =
        std::mem::take(unspaced).into_iter().filter(|c| !c.is_empty()).collect();
    if characters.is_empty() {
        return;
    }
    if let Some(Word::Unspaced(before)) = words.last_mut() {
        before.append(&mut characters);
    } else {
        words.push(Word::Unspaced(characters));
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(
        c.script(),
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
    )
}

/// Lower case, compatibility forms and Latin, Greek and Cyrillic accents folded; other scripts keep their marks.
fn fold(character: &str) -> String {
    let folds = character
        .chars()
        .any(|c| matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic | Script::Common));
    let lower = character.to_lowercase();
    if folds {
        kept(lower.nfkd().filter(|c| !is_combining_mark(*c)))
            .replace('ß', "ss")
            .replace('ø', "o")
            .replace('ł', "l")
    } else {
        kept(lower.nfkc())
    }
}

fn kept(characters: impl Iterator<Item = char>) -> String {
    characters.filter(|c| (c.is_alphanumeric() || is_combining_mark(*c)) && *c != MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, asked: &str) -> bool {
        let terms = of(text);
        let terms: Vec<&str> = terms.split(' ').collect();
        let query = query(asked);
        !query.is_empty()
            && query.iter().all(|term| {
                terms.iter().any(|found| {
                    if term.prefix { found.starts_with(&term.text) } else { *found == term.text }
                })
            })
    }

    #[test]
    fn finds_in_any_language() {
        let cases = [
            ("Der Straßenbau beginnt", "strassen", true),
            ("Réunion à São Paulo", "reuniao", false),
            ("Réunion à São Paulo", "sao reunion", true),
            ("我们明天在北京开会", "北京", true),
            ("我们明天在北京开会", "京", true),
            ("我们明天在北京开会", "上海", false),
            ("สวัสดีครับ ประชุมพรุ่งนี้", "ประชุม", true),
            ("東京タワーで会いましょう", "タワー", true),
            ("Привет, мир", "прив", true),
            ("مرحبا بالعالم", "مرحبا", true),
            ("हिन्दी में लिखा", "हिन्दी", true),
            ("the quick brown fox", "quick fo", true),
            ("the quick brown fox", "fo quick", false),
            ("version 2.4.1 of DEV-042", "dev 042", true),
            ("안녕하세요 세계", "안녕", true),
        ];
        for (text, asked, expected) in cases {
            assert_eq!(finds(text, asked), expected, "{asked} in {text}");
        }
    }

    #[test]
    fn no_text_can_forge_a_mark() {
        assert!(!of("ǂcabc ǂ ǂǂx").contains(MARK));
        assert!(query("ǂcabc").iter().all(|term| !term.text.contains(MARK)));
    }
}
