//! What a notification by mail says, and how it looks: a letter as subject, text and HTML. Owns: how much of a conversation
//! a letter shows, and the limits of its size (some programs cut what has more than 102 kB).
//!
//! Must not know: when and to whom it is sent, how time is written, what a conversation is.

mod html;
mod letter;
mod plain;
mod shorten;
mod texts;
mod wording;

pub use letter::{Block, Content, InvalidLink, Kind, Language, Letter, Link, Section, Values};
pub use texts::built_in;
pub use wording::{Field, Forms, InvalidText, Reason, Texts, Wording};

/// A letter, ready to be put into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// On one line.
    pub subject: String,
    /// For programs that show no HTML, and for people who do not want it.
    pub text: String,
    /// The whole document.
    pub html: String,
}

/// Puts the values into the words, and the words into the layout.
pub fn render(wording: &Wording, letter: &Letter<'_>) -> Rendered {
    let said = wording.fill(letter.language, &letter.values);
    let blocks = shorten::shorten(wording.kind(), &letter.blocks);
    Rendered {
        text: plain::text(&said, letter, &blocks),
        html: html::document(&said, letter, &blocks),
        subject: said.subject,
    }
}
