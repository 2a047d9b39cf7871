//! How much of what people wrote a letter shows: a letter is no archive, and has less than 102 kB whatever was written.
//!
//! Must not know: words and layout.

use super::{
    super::line::clean_line,
    letter::{Block, Kind, Link, Section},
};

/// Characters of the preview of a mention.
const PREVIEW: usize = 100;
/// Messages of one letter; the last ones.
const MOST_MESSAGES: usize = 10;
/// Facts and rows of one letter; the first ones.
const MOST_ROWS: usize = 40;
/// HTML of a message that is longer is shown as text, and a text is cut.
const MOST_HTML: usize = 5000;
const MOST_TEXT: usize = 800;
/// Characters of names, titles and the like.
const MOST_LINE: usize = 120;

/// A piece of a letter as it is shown.
pub enum Shown<'a> {
    /// So many earlier messages are not shown.
    Earlier(u64),
    /// What somebody wrote, as safe HTML if it has any, and as text.
    Message { author: String, when: String, private: bool, html: Option<&'a str>, text: String },
    /// A label and a value.
    Fact(String, String),
    /// The heading of rows.
    Section(Section),
    /// Title, detail and link.
    Row(String, String, &'a Link),
}

/// The blocks that a letter shows, none longer than it may be.
pub fn shorten<'a>(kind: Kind, blocks: &'a [Block<'_>]) -> Vec<Shown<'a>> {
    let messages = blocks.iter().filter(|block| matches!(block, Block::Message { .. })).count();
    let mut surplus = messages.saturating_sub(MOST_MESSAGES);
    let mut shown = Vec::new();
    if surplus > 0 {
        shown.push(Shown::Earlier(surplus as u64));
    }
    let mut rows = 0;
    for block in blocks {
        if matches!(block, Block::Message { .. }) {
            if surplus > 0 {
                surplus -= 1;
                continue;
            }
        } else {
            rows += 1;
            if rows > MOST_ROWS {
                continue;
            }
        }
        shown.push(one(kind, block));
    }
    shown
}

fn one<'a>(kind: Kind, block: &'a Block<'_>) -> Shown<'a> {
    let line = |text: &str| clean_line(text, MOST_LINE);
    match block {
        Block::Message { author, when, private, content } => {
            let (html, text) = content.both();
            let html = html.filter(|html| kind != Kind::Mention && html.len() <= MOST_HTML);
            let text = if kind == Kind::Mention { clean_line(text, PREVIEW) } else { clean_lines(text) };
            Shown::Message { author: line(author), when: line(when), private: *private, html, text }
        }
        Block::Fact { label, value } => Shown::Fact(line(label), line(value)),
        Block::Section(section) => Shown::Section(*section),
        Block::Row { title, detail, link } => Shown::Row(line(title), line(detail), link),
    }
}

/// A text that keeps its lines, without control characters, cut when it is long.
fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .chars()
        .take(MOST_TEXT)
        .collect::<String>()
        .lines()
        .map(|line| clean_line(line, MOST_TEXT))
        .collect();
    let end = if text.chars().nth(MOST_TEXT).is_some() { "…" } else { "" };
    format!("{}{end}", lines.join("\n").trim_end())
}
