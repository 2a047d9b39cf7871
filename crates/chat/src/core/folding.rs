//! Letters as they are compared when people search: one folding for messages, names and titles, the same on both
//! engines because it is done here. Must not know: what is searched, or where it is stored.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::characters::{is_apostrophe, is_ignorable};

/// Small letters without accents, vowel marks and strokes; what is no letter stays. Scripts whose marks are letters in
/// their own right (Devanagari, Thai, kana) keep them.
pub(crate) fn letters(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let mut drops_marks = true;
    for c in text.nfkd().filter(|c| !is_ignorable(*c)) {
        if is_combining_mark(c) {
            if !drops_marks {
                folded.push(c);
            }
            continue;
        }
        drops_marks = has_optional_marks(c);
        for lower in c.to_lowercase() {
            match without_stroke(lower) {
                Some(plain) => folded.push_str(plain),
                None => folded.push(lower),
            }
        }
    }
    folded.nfc().collect()
}

/// Whether people leave out the marks over this letter when they search.
fn has_optional_marks(c: char) -> bool {
    matches!(
        c.script(),
        Script::Latin
            | Script::Greek
            | Script::Cyrillic
            | Script::Arabic
            | Script::Hebrew
            | Script::Syriac
            | Script::Common
    )
}

/// Letters that Unicode does not take apart: Latin ones as in CLDR's Latin-ASCII, Arabic ones as search engines do.
fn without_stroke(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ə' | 'ɛ' | 'ǝ' => "e",
        'ƀ' | 'ɓ' => "b",
        'ƈ' | 'ȼ' => "c",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ǥ' | 'ɠ' | 'ɣ' => "g",
        'ħ' => "h",
        'ı' | 'ɨ' => "i",
        'ȷ' | 'ɉ' => "j",
        'ĸ' | 'ƙ' => "k",
        'ł' | 'ƚ' => "l",
        'ŋ' | 'ɲ' | 'ƞ' => "n",
        'ø' | 'ɔ' | 'ɵ' => "o",
        'ƥ' => "p",
        'ŧ' | 'ƭ' | 'ʈ' => "t",
        'ʉ' => "u",
        'ʋ' => "v",
        'ƴ' => "y",
        'ƶ' => "z",
        'ς' => "σ",
        'ґ' => "г",
        'ٱ' => "ا",
        'ى' | 'ی' | 'ے' => "ي",
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۃ' => "ه",
        'ک' => "ك",
        'ـ' => "",
        '٠' | '۰' => "0",
        '١' | '۱' => "1",
        '٢' | '۲' => "2",
        '٣' | '۳' => "3",
        '٤' | '۴' => "4",
        '٥' | '۵' => "5",
        '٦' | '۶' => "6",
        '٧' | '۷' => "7",
        '٨' | '۸' => "8",
        '٩' | '۹' => "9",
        _ => return None,
    })
}

/// The text as people write it who have no `ä`, `ö`, `ü`, `ø`, `å` on their keyboard, where there is one of these.
pub(crate) fn spelled_out(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut spelled = String::with_capacity(text.len() + 4);
    let mut is_other = false;
    for c in text.nfc() {
        let pair = match c {
            'ä' | 'Ä' => "ae",
            'ö' | 'Ö' | 'ø' | 'Ø' => "oe",
            'ü' | 'Ü' => "ue",
            'å' | 'Å' => "aa",
            _ => {
                spelled.push(c);
                continue;
            }
        };
        spelled.push_str(pair);
        is_other = true;
    }
    is_other.then_some(spelled)
}

/// Signs that people look for as such: `R&D`, `100%`, `#general`.
const MEANT: &str = "%&#@*!_/\\§";

/// The words of a name or title, folded, with one space between them. Apostrophes part no words; symbols and emoji stay.
pub(crate) fn words(name: &str) -> String {
    let joined: String = name.chars().filter(|c| !is_apostrophe(*c)).collect();
    let mut words = String::with_capacity(joined.len());
    for c in letters(&joined).chars() {
        let parts = c.is_whitespace()
            || c.is_control()
            || c.general_category_group() == GeneralCategoryGroup::Punctuation && !MEANT.contains(c);
        if !parts {
            words.push(c);
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// The ways in which a name is typed: folded, and spelled out where that is another.
pub(crate) fn ways(name: &str) -> Vec<String> {
    let mut ways = vec![words(name)];
    ways.extend(spelled_out(name).map(|spelled| words(&spelled)));
    ways.dedup();
    ways.retain(|way| !way.is_empty());
    ways
}

/// What a name or title is found by, as it is stored beside it: each way on a line of its own, between line ends.
pub(crate) fn key(name: &str) -> String {
    let ways = ways(name);
    if ways.is_empty() { String::new() } else { format!("\n{}\n", ways.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_leave_out_is_folded() {
        let cases = [
            ("Gaël Ångström", "gael angstrom"),
            ("Đà Nẵng", "da nang"),
            ("Ærø blåbær", "aero blabaer"),
            ("Łódź, Straße, ẞ", "lodz, strasse, ss"),
            ("Þórður Guðmundsson", "thordur gudmundsson"),
            ("İstanbul Kadıköy", "istanbul kadikoy"),
            ("Ħamrun œuvre Ŋ", "hamrun oeuvre n"),
            ("ΟΔΟΣ Αθήνας", "οδοσ αθηνασ"),
            ("Йод ещё ґанок", "иод еще ганок"),
            ("مُحَمَّد أحمد", "محمد احمد"),
            ("آمنة إلى مـــرحبا", "امنه الي مرحبا"),
            ("مؤمن ٱلله شئ", "مومن الله شي"),
            ("علی کتاب ۱۲۳", "علي كتاب 123"),
            ("שָׁלוֹם", "שלום"),
            ("Ｆｕｌｌ ｗｉｄｔｈ ½ ﬁ", "full width 1⁄2 fi"),
            ("Sil\u{AD}ben", "silben"),
            // Marks that carry meaning.
            ("हिन्दी", "हिन्दी"),
            ("สวัสดี", "สวัสดี"),
            ("ガード が", "ガード が"),
            ("안녕하세요", "안녕하세요"),
        ];
        for (text, expected) in cases {
            assert_eq!(letters(text), expected, "{text}");
            assert_eq!(letters(&text.nfd().collect::<String>()), expected, "{text}, decomposed");
            assert_eq!(letters(expected), expected, "{text}, twice");
        }
    }

    #[test]
    fn names_are_words() {
        let cases = [
            ("  Schmidt, Anna [EXT] ", "\nschmidt anna ext\n"),
            ("Jean-Luc O’Neill", "\njean luc oneill\n"),
            ("Jürgen Müller", "\njurgen muller\njuergen mueller\n"),
            ("C++ & R&D, 🚀", "\nc++ & r&d 🚀\n"),
            ("l’équipe", "\nlequipe\n"),
            ("- …", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(key(name), expected, "{name}");
        }
    }
}
