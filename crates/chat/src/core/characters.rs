//! What single characters are, wherever that is asked: in names, in files' names, in words that are compared, in
//! messages. Must not know: any text's meaning.

use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// Unicode's property `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), which does not change: nothing is seen
/// of these, they change what stands beside them.
pub(crate) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What people type between the parts of a word: `l'équipe`, `O’Neill`, `Hawaiʻi`, `мʼята`.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | '‛' | '`' | '´' | '′' | '＇' | '\u{2B9}'..='\u{2BF}' | '\u{A78B}' | '\u{A78C}'
    )
}

/// Whether anything is seen of it: no space, no control, nothing that is only there to change others or to stand for what
/// is missing.
pub(crate) fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    !c.is_whitespace()
        && !is_ignorable(c)
        && !matches!(c, '\u{2800}' | '\u{FFFC}')
        && c.general_category_group() != GeneralCategoryGroup::Other
        || is_private(c)
}

/// Companies and fonts have letters of their own there.
fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}')
}

/// A letter, digit or mark of any script.
pub(crate) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// A text without characters that are not seen: those that turn the direction of what follows, that part or join where
/// nothing is parted or joined, that make two equal names differ. What scripts and emoji need between others stays.
pub(crate) fn without_hidden(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if !is_ignorable(c) || is_needed(c, kept.chars().next_back(), rest.clone().next()) {
            kept.push(c);
        }
    }
    kept
}

/// Whether a character that is not seen says something about those beside it.
fn is_needed(c: char, before: Option<char>, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let is_symbol = |c: char| c.general_category_group() == GeneralCategoryGroup::Symbol;
    match c {
        // Joiners: within words of scripts whose letters join (Persian, Indic), and within emoji.
        '\u{200C}' => joins(before) && after.is_some_and(joins),
        '\u{200D}' => {
            let in_emoji = is_symbol(before) || before == '\u{FE0F}';
            after.is_some_and(|after| joins(before) && joins(after) || in_emoji && is_symbol(after))
        }
        '\u{FE0E}' | '\u{FE0F}' => !before.is_alphabetic() && is_visible(before),
        // Forms of single letters.
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180F}' => {
            before.is_alphabetic() && !is_european(before)
        }
        // Flags of regions: England is a black flag and letters that are not seen.
        '\u{E0020}'..='\u{E007F}' => matches!(before, '\u{1F3F4}' | '\u{E0020}'..='\u{E007F}'),
        _ => false,
    }
}

fn joins(c: char) -> bool {
    is_letter(c) && !is_european(c)
}

fn is_european(c: char) -> bool {
    matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic | Script::Common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen() {
        for c in ['a', '.', 'é', '中', '😀', '\u{301}', '\u{F8FF}', '\u{A9}', '\u{FFFD}'] {
            assert!(is_visible(c), "{c:?}");
        }
        let unseen = " \t\u{7F}\u{A0}\u{AD}\u{61C}\u{115F}\u{180E}\u{200B}\u{200D}\u{202E}\u{2800}\u{3000}\u{3164}\u{FE0F}\u{FEFF}\u{FFFE}\u{E0041}";
        for c in unseen.chars() {
            assert!(!is_visible(c), "{c:?}");
        }
    }

    #[test]
    fn what_hides_goes_and_what_is_needed_stays() {
        let cases = [
            ("\u{202E}Ana\u{202C} \u{2066}Lima\u{2069}", "Ana Lima"),
            ("A\u{200B}n\u{34F}a\u{FEFF} \u{61C}L\u{AD}ima\u{2060}", "Ana Lima"),
            ("A\u{200D}n\u{200C}a", "Ana"),
            ("Ana\u{FE0F}\u{E0041}", "Ana"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("می\u{200C} خواهم\u{200C}", "می خواهم"),
            ("क्\u{200D}ष", "क्\u{200D}ष"),
            (
                "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} ❤\u{FE0F}\u{200D}🔥",
                "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} ❤\u{FE0F}\u{200D}🔥",
            ),
            ("1\u{FE0F}\u{20E3}", "1\u{FE0F}\u{20E3}"),
            ("🏴\u{E0067}\u{E0062}\u{E007F}!", "🏴\u{E0067}\u{E0062}\u{E007F}!"),
            ("葛\u{E0100}飾区", "葛\u{E0100}飾区"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_hidden(text), expected, "{text:?}");
        }
    }
}
