//! What single characters are, wherever that is asked: in names, in files' names, in words that are compared, in
//! messages. Must not know: any text's meaning.

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
