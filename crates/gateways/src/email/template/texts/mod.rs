//! The words that Parlor brings along, in each language.
//!
//! Must not know: how words are read and filled.

mod de;
mod en;
mod fr;
mod pack;
mod pt;

use super::{
    letter::{Kind, Language},
    wording::Texts,
};
pub use pack::Common;
use pack::Pack;

/// The words of a kind in a language; `Wording::parse` reads them.
pub fn built_in(kind: Kind, language: Language) -> Texts<'static> {
    let pack = pack(language);
    match kind {
        Kind::Mention => pack.mention,
        Kind::Messages => pack.messages,
        Kind::Assignment => pack.assignment,
        Kind::Ticket => pack.ticket,
        Kind::Digest => pack.digest,
    }
}

/// What all letters of a language have in common.
pub fn common(language: Language) -> &'static Common {
    &pack(language).common
}

fn pack(language: Language) -> &'static Pack {
    match language {
        Language::En => &en::WORDS,
        Language::Fr => &fr::WORDS,
        Language::De => &de::WORDS,
        Language::Pt => &pt::WORDS,
    }
}
