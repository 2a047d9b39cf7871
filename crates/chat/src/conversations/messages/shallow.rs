//! Owns: how deep and how large a rendered body may become. Markdown lets one sign open one more level; thousands of
//! them, and thousands of marks over one letter, would stop every reader's browser. Nothing that was written is lost:
//! what is nested deeper is shown as it was typed. Must not know: HTML.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use pulldown_cmark::{Event, Tag};
use unicode_normalization::char::is_combining_mark;

/// Elements in each other at most. People who quote quotes in lists stay below half of it.
const DEEPEST: usize = 16;
/// Marks over and under one letter at most; the scripts of the world need half of it.
const MOST_MARKS: usize = 16;

/// Events of the parser, and where in the text each was found.
type Found<'a> = (Event<'a>, Range<usize>);

/// The same events, with what would be too deep as plain text.
pub(super) fn shallow<'a>(
    text: &'a str,
    events: impl Iterator<Item = Found<'a>>,
) -> impl Iterator<Item = Event<'a>> {
    Shallow { text, events, depth: 0, skipping: 0, waiting: VecDeque::new() }
}

struct Shallow<'a, I> {
    text: &'a str,
    events: I,
    depth: usize,
    /// How deep we are in what is already shown as plain text.
    skipping: usize,
    waiting: VecDeque<Event<'a>>,
}

impl<'a, I: Iterator<Item = Found<'a>>> Iterator for Shallow<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let (event, place) = self.events.next()?;
            match &event {
                Event::Start(_) if self.skipping > 0 => self.skipping += 1,
                Event::End(_) if self.skipping > 0 => self.skipping -= 1,
                _ if self.skipping > 0 => {}
                Event::Start(tag) if self.depth + room(tag) > DEEPEST => {
                    self.skipping = 1;
                    self.as_typed(tag, place);
                }
                Event::Start(_) => {
                    self.depth += 1;
                    return Some(event);
                }
                Event::End(_) => {
                    self.depth -= 1;
                    return Some(event);
                }
                _ => return Some(event),
            }
        }
    }
}

impl<'a, I> Shallow<'a, I> {
    fn as_typed(&mut self, tag: &Tag<'a>, place: Range<usize>) {
        let block = is_block(tag);
        let typed = self.text.get(place).unwrap_or_default();
        if block {
            self.waiting.push_back(Event::Start(Tag::Paragraph));
        }
        for (at, line) in typed.trim_end().lines().enumerate() {
            if at > 0 {
                self.waiting.push_back(Event::SoftBreak);
            }
            self.waiting.push_back(Event::Text(line.into()));
        }
        if block {
            self.waiting.push_back(Event::End(Tag::Paragraph.to_end()));
        }
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Table(_))
}

/// How many levels an element needs with what must stand in it; none for what only stands in such a one.
fn room(tag: &Tag<'_>) -> usize {
    match tag {
        Tag::Table(_) => 5,
        Tag::List(_) => 3,
        Tag::BlockQuote(_) => 2,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } => 1,
        _ => 0,
    }
}

/// The text with no more marks over one letter than any script has.
pub(super) fn thinned(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut marks = 0;
    let thin = text.chars().filter(|c| {
        match c {
            // What has no width begins no letter.
            '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{AD}' => return true,
            c if is_combining_mark(*c) => marks += 1,
            _ => marks = 0,
        }
        marks <= MOST_MARKS
    });
    Cow::Owned(thin.collect())
}
