//! Which words a language has. Owns: their names.
//!
//! Must not know: the words.

use super::super::{
    letter::{Language, Section},
    wording::{Forms, Texts},
};

/// All words of a language.
pub struct Pack {
    pub common: Common,
    pub mention: Texts<'static>,
    pub messages: Texts<'static>,
    pub assignment: Texts<'static>,
    pub ticket: Texts<'static>,
    pub digest: Texts<'static>,
}

/// Words that do not depend on the kind of letter, and nobody changes.
pub struct Common {
    /// Where an answer by mail is written.
    pub above: &'static str,
    /// Beside a note for staff.
    pub private: &'static str,
    pub preferences: &'static str,
    pub unsubscribe: &'static str,
    pub earlier_one: &'static str,
    /// `{count}` is the number.
    pub earlier_other: &'static str,
    pub mentions: &'static str,
    pub waiting: &'static str,
    pub at_risk: &'static str,
    pub due: &'static str,
}

impl Common {
    /// That so many earlier messages are not shown.
    pub fn earlier(&self, language: Language, count: u64) -> String {
        let form = if language.is_one(count) { self.earlier_one } else { self.earlier_other };
        form.replace("{count}", &count.to_string())
    }

    /// The heading of a section.
    pub fn section(&self, section: Section) -> &'static str {
        match section {
            Section::Mentions => self.mentions,
            Section::Waiting => self.waiting,
            Section::AtRisk => self.at_risk,
            Section::Due => self.due,
        }
    }
}

/// A text that is the same for every count.
pub const fn all(text: &'static str) -> Forms<'static> {
    Forms { one: None, other: text }
}

/// A text that differs for one.
pub const fn counted(one: &'static str, other: &'static str) -> Forms<'static> {
    Forms { one: Some(one), other }
}
