//! Words for the search index, the same on both engines and in every language. Scripts that write spaces give words,
//! folded, and the parts of words with apostrophes, dots and the like (`l'équipe` gives `lequipe`, `l`, `equipe`); those
//! that do not (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give single characters and pairs, so that any part of a
//! text is found. Terms hold letters, digits and marks only. Whoever changes what a text gives has the index made anew
//! by a migration, as version 20 does.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    characters::{is_apostrophe, is_ignorable},
    folding::{letters, spelled_out},
};

/// Begins the terms that say where a message is and who wrote it. A letter that the folding drops from texts.
pub const MARK: char = 'ǂ';
const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];
const LONGEST: usize = 40;
const MOST: usize = 4_000;

/// Terms of a text to be indexed, separated by spaces, each once.
pub fn of(text: &str) -> String {
    let mut terms = BTreeSet::new();
    for word in words(text, alone) {
        if let Word::Spaced(word) = &word {
            terms.extend(parts(word));
            terms.extend(spelled_out(word).iter().flat_map(|word| parts(word)));
        }
        add(word, &mut terms);
        if terms.len() > MOST {
            break;
        }
    }
    if terms.len() <= MOST && text.contains(HYPHENS) {
        words(text, hyphenated).into_iter().for_each(|word| add(word, &mut terms));
    }
    terms.into_iter().collect::<Vec<_>>().join(" ")
}

/// The terms of a piece of text, without those of the parts of its words.
pub(super) fn of_whole(piece: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    words(piece, alone).into_iter().for_each(|word| add(word, &mut terms));
    terms
}

fn add(word: Word, terms: &mut BTreeSet<String>) {
    match word {
        Word::Spaced(word) => {
            terms.extend(spelled_out(&word).map(|word| whole(&word)));
            terms.insert(whole(&word));
        }
        Word::Unspaced(characters) => {
            terms.extend(characters.iter().cloned());
            terms.extend(characters.windows(2).map(|pair| pair.concat()));
        }
    }
}

/// A term of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerm {
    /// The term.
    pub text: String,
    /// The same as people write it who have no `ü` on their keyboard, where there is another way: either is found.
    pub spelled: Option<String>,
    /// Finds words that begin with it.
    pub prefix: bool,
}

impl QueryTerm {
    /// What stands in the index for it.
    pub fn ways(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.text.as_str()).chain(self.spelled.as_deref())
    }
}

/// Terms of a query, all of which a message must have. The last word of the query finds longer words as well.
pub fn query(text: &str) -> Vec<QueryTerm> {
    let mut terms: Vec<QueryTerm> = Vec::new();
    let words = words(text, alone);
    let last = words.len().saturating_sub(1);
    let open = text.chars().next_back().is_some_and(|c| !c.is_whitespace());
    for (index, word) in words.into_iter().enumerate() {
        let found: Vec<QueryTerm> = match word {
            Word::Spaced(word) => {
                let text = whole(&word);
                let spelled = spelled_out(&word).map(|word| whole(&word));
                let prefix = open && index == last && text.chars().count() >= 2;
                vec![QueryTerm { text, spelled, prefix }]
            }
            Word::Unspaced(characters) => {
                let pairs = characters.windows(characters.len().min(2));
                pairs.map(|pair| QueryTerm { text: pair.concat(), spelled: None, prefix: false }).collect()
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
    /// As written.
    Spaced(String),
    Unspaced(Vec<String>),
}

fn words(text: &str, cut: for<'t> fn(&'t str) -> Vec<&'t str>) -> Vec<Word> {
    let mut words = Vec::new();
    // In their compatibility forms before they are cut: `x²` is one word, as `x2` is, and `½` is `1⁄2`. What has no width
    // parts nothing.
    let text: Cow<'_, str> = match text.is_ascii() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|c| *c != '\u{200B}').nfkc().collect()),
    };
    for word in cut(&text) {
        if word.is_ascii() {
            flush(&mut word.to_owned(), &mut words);
            continue;
        }
        let mut spaced = String::new();
        let mut unspaced: Vec<String> = Vec::new();
        for character in word.graphemes(true) {
            if character.chars().next().is_some_and(is_unspaced) {
                flush(&mut spaced, &mut words);
                unspaced.push(character.nfkc().filter(|c| is_kept(*c)).collect());
            } else {
                join(&mut unspaced, &mut words);
                spaced.push_str(character);
            }
        }
        flush(&mut spaced, &mut words);
        join(&mut unspaced, &mut words);
    }
    words
}

/// The words of a text, also where a hyphen is between them.
fn alone(text: &str) -> Vec<&str> {
    text.unicode_words().collect()
}

/// The words of a text; those with a hyphen between their parts are one, so that `email` finds `e-mail`. Who looks for
/// `e-mail` looks for its parts, and finds `e mail` as well.
fn hyphenated(text: &str) -> Vec<&str> {
    let mut places: Vec<Range<usize>> = Vec::new();
    for (at, word) in text.unicode_word_indices() {
        let end = at + word.len();
        match places.last_mut() {
            Some(last) if is_hyphen(&text[last.end..at]) => last.end = end,
            _ => places.push(at..end),
        }
    }
    places.into_iter().map(|place| &text[place]).collect()
}

fn is_hyphen(between: &str) -> bool {
    let mut signs = between.chars();
    signs.next().is_some_and(|sign| HYPHENS.contains(&sign)) && signs.next().is_none()
}

fn flush(spaced: &mut String, words: &mut Vec<Word>) {
    let word = std::mem::take(spaced);
    if parts(&word).next().is_some() {
        words.push(Word::Spaced(word));
    }
}

/// A word as one term, whatever stands between its parts.
fn whole(word: &str) -> String {
    parts(word).collect::<String>().chars().take(LONGEST).collect()
}

fn parts(word: &str) -> impl Iterator<Item = String> + '_ {
    let folded = |part: &str| letters(part).chars().filter(|c| is_kept(*c)).take(LONGEST).collect::<String>();
    word.split(is_separator).map(folded).filter(|part| !part.is_empty())
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

/// What stands between the parts of a word: apostrophes, dots, underscores. A joiner that is not seen is none, but for
/// the one that Persian writes instead of a space.
pub(super) fn is_separator(c: char) -> bool {
    is_apostrophe(c) || c == '\u{200C}' || !(c.is_alphanumeric() || is_combining_mark(c) || is_ignorable(c))
}

fn is_kept(c: char) -> bool {
    (c.is_alphanumeric() || is_combining_mark(c)) && !is_ignorable(c) && c != MARK
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
                    term.ways().any(|way| if term.prefix { found.starts_with(way) } else { *found == way })
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
            ("l’équipe d'accord", "équipe", true),
            ("l’équipe d'accord", "accord equipe", true),
            ("l’équipe d'accord", "l'équipe", true),
            ("l’équipe d'accord", "d’acc", true),
            ("all`improvviso, qu´il", "improvviso", true),
            ("Mr O'Neill", "oneill", true),
            ("Mr O'Neill", "neill", true),
            ("Mr ONeill", "o’neill", true),
            ("Hawaiʻi", "hawaii", true),
            ("п'ять мʼята", "п’ять мята", true),
            ("see report_final.v2.pdf", "pdf", true),
            ("see report_final.v2.pdf", "final report", true),
            ("see report_final.v2.pdf", "report_final.v2", true),
            ("می\u{200C}خواهم", "میخواهم", true),
            ("می\u{200C}خواهم", "خواهم", true),
            ("مُحَمَّد أحمد", "محمد", true),
            ("مُحَمَّد أحمد", "احمد", true),
            ("محمد احمد", "مُحَمَّد أَحْمَد", true),
            ("שָׁלוֹם עולם", "שלום", true),
            ("Đà Nẵng", "da nang", true),
            ("da nang", "Đà Nẵng", true),
            ("Ærø blåbær", "aero", true),
            ("Ærø blåbær", "blabaer", true),
            ("Herr Müller, Malmö", "mueller malmoe", true),
            ("Herr Müller, Malmö", "muller malmo", true),
            ("Herr Mueller, Malmoe", "müller malmö", true),
            ("Herr Muller, Malmo", "müller malm", true),
            ("Herr Muller", "mueller", false),
            ("Sil\u{AD}ben", "silben", true),
            ("葛\u{E0100}飾区", "葛飾", true),
            ("हिन्दी", "हनद", false),
        ];
        for (text, asked, expected) in cases {
            assert_eq!(finds(text, asked), expected, "{asked} in {text}");
        }
    }

    #[test]
    fn finds_in_any_form() {
        let cases = [
            ("area x² m, № 5, ½ cup, ㎏, ①②", "x2", true),
            ("area x² m, № 5, ½ cup, ㎏, ①②", "1/2 kg 12", true),
            ("area x² m, № 5, ½ cup, ㎏, ①②", "x² ½ cup", true),
            ("㍿ムゲン", "株式会社", true),
            ("zero\u{200B}width", "zerowidth", true),
            ("an e-mail to Jean-Luc", "email", true),
            ("an e-mail to Jean-Luc", "e-mail jeanluc", true),
            ("an e-mail to Jean-Luc", "mail luc", true),
            ("l'équipe-type", "l'équipe", true),
            ("an email to Jean Luc", "e-mail", false),
            ("an email to Jean Luc", "jean-luc", true),
            ("a 2026-11-29 b", "11-29", true),
            ("a 2026-11-29 b", "2026-11-29", true),
            ("a 2026-11-29 b", "2026-11", true),
            ("a 2026-11-29 b", "29", true),
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
