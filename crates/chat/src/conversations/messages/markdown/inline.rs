//! The text of a paragraph as pieces, in one walk: addresses, code, links and mentions as they come, emphasis in the end.

use std::{collections::HashMap, iter::Peekable, ops::Range, vec::IntoIter};

use super::{
    addresses,
    emphasis::{self, Run},
    mention,
    signs::{is_letter, is_visible},
    types::Piece,
};

/// The longest address of a link in bytes.
const LONGEST_ADDRESS: usize = 2_048;

/// What a text consists of.
pub(in super::super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    walk(text, false)
}

fn walk(text: &str, in_link: bool) -> Vec<Piece<'_>> {
    let found = if in_link { Vec::new() } else { addresses::find(text) };
    let mut walk = Walk {
        text,
        in_link,
        at: 0,
        shown: 0,
        parts: Vec::new(),
        runs: Vec::new(),
        counted: 0,
        words: 0,
        addresses: found.into_iter().peekable(),
        brackets: None,
        unclosed: Vec::new(),
        word: Word::default(),
    };
    while walk.at < text.len() {
        walk.step();
    }
    walk.show(text.len());
    walk.finish()
}

enum Part<'a> {
    Piece(Piece<'a>),
    /// The next of the runs.
    Run,
}

struct Walk<'a> {
    text: &'a str,
    in_link: bool,
    at: usize,
    /// Up to here all is in `parts`.
    shown: usize,
    parts: Vec<Part<'a>>,
    runs: Vec<Run<'a>>,
    /// Up to here words are counted, as far as emphasis must know.
    counted: usize,
    words: usize,
    addresses: Peekable<IntoIter<Range<usize>>>,
    /// Which bracket closes which; made when the first may begin a link.
    brackets: Option<HashMap<usize, usize>>,
    /// Lengths of backtick runs that nothing closes.
    unclosed: Vec<usize>,
    /// The last word that was looked at as a whole.
    word: Word,
}

/// What stands between two spaces.
#[derive(Default)]
struct Word {
    place: Range<usize>,
    /// Its backslashes are those of a path or a pattern.
    is_path: bool,
    /// It consists of signs only that programs and footnotes write so: `/**`, `(*)`, `*_*`.
    is_signs: bool,
}

impl Word {
    /// The word around a place in a text.
    fn around(text: &str, at: usize) -> Word {
        let (before, after) = text.split_at(at);
        let start = at - before.rsplit(char::is_whitespace).next().map_or(0, str::len);
        let end = at + after.split(char::is_whitespace).next().map_or(0, str::len);
        let word = &text[start..end];
        let mut backslashes = word.match_indices('\\');
        Word {
            place: start..end,
            is_path: backslashes.any(|(at, _)| is_literal(&word[..at], &word[at + 1..])),
            is_signs: word.bytes().all(|byte| b"*_~/\\()[]{}|".contains(&byte)),
        }
    }
}

/// Whether a backslash is one of a path or a pattern: before letters, each other, and signs that need none.
fn is_literal(before: &str, after: &str) -> bool {
    match after.chars().next() {
        None | Some('_' | '{') => true,
        Some('*' | '`' | '~') => in_word(before, after),
        Some('#' | '>' | '-' | '[') => false,
        Some(c) => is_letter(c) || c.is_ascii_punctuation(),
    }
}

fn in_word(before: &str, after: &str) -> bool {
    let mut after = after.chars().skip(1);
    let (next, second) = (after.next(), after.next());
    let goes_on = next.is_some_and(is_letter) || next == Some('.') && second.is_some_and(is_letter);
    before.ends_with(':') || before.ends_with(is_letter) && goes_on
}

impl<'a> Walk<'a> {
    fn step(&mut self) {
        while self.addresses.next_if(|place| place.start < self.at).is_some() {}
        let next_address = self.addresses.peek().map_or(self.text.len(), |place| place.start);
        let rest = &self.text.as_bytes()[self.at..next_address.max(self.at)];
        let is_sign =
            |byte: &u8| matches!(byte, b'\n' | b'\\' | b'`' | b'*' | b'_' | b'~' | b'[' | b'!' | b'@');
        self.at += rest.iter().position(is_sign).unwrap_or(rest.len());
        if self.at == next_address {
            return self.address();
        }
        match self.text.as_bytes()[self.at] {
            b'\n' => self.push(Piece::Break, self.at + 1),
            b'\\' => self.backslash(),
            b'`' => self.code(),
            sign @ (b'*' | b'_' | b'~') => self.run(sign),
            b'@' if !self.in_link => self.mention(),
            b'[' if !self.in_link => self.link(self.at),
            b'!' if !self.in_link && self.text.as_bytes().get(self.at + 1) == Some(&b'[') => {
                self.link(self.at + 1)
            }
            _ => self.at += 1,
        }
    }

    /// Text up to here is shown as it is.
    fn show(&mut self, end: usize) {
        if self.shown < end {
            self.parts.push(Part::Piece(Piece::Text(&self.text[self.shown..end])));
        }
        self.shown = end;
    }

    /// A piece from `at` to `end`.
    fn push(&mut self, piece: Piece<'a>, end: usize) {
        self.show(self.at);
        self.parts.push(Part::Piece(piece));
        self.at = end;
        self.shown = end;
    }

    fn address(&mut self) {
        if let Some(place) = self.addresses.next() {
            let address = &self.text[place.clone()];
            self.push(Piece::Link(address), place.start);
            self.push(Piece::Text(address), place.end);
            self.push(Piece::LinkEnd, place.end);
        }
    }

    /// A sign is shown instead of meaning something: before marks, and not where words and paths have backslashes.
    fn backslash(&mut self) {
        let (text, at) = (self.text, self.at);
        let (before, after) = (&text[..at], &text[at + 1..]);
        let escapes = match after.as_bytes().first() {
            Some(b'*' | b'`' | b'~') => !self.word().is_path,
            Some(b'#' | b'>' | b'-') => {
                let before = before.trim_end_matches([' ', '\t']);
                before.is_empty() || before.ends_with('\n')
            }
            Some(b'[') => !self.in_link && self.link_at(self.at + 1).is_some(),
            _ => false,
        };
        if escapes {
            self.show(self.at);
            self.shown = self.at + 1;
            self.at += 2;
        } else {
            self.at += 1;
        }
    }

    /// The word around here. A hostile one is looked at once, not from every place in it.
    fn word(&mut self) -> &Word {
        if !self.word.place.contains(&self.at) {
            self.word = Word::around(self.text, self.at);
        }
        &self.word
    }

    fn code(&mut self) {
        let length = run_length(&self.text[self.at..]);
        let start = self.at + length;
        if let Some(end) = self.closing(start, length) {
            let inner = &self.text[start..end];
            let piece = if inner.chars().any(is_visible) {
                let padded = inner.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' '));
                Piece::Code(padded.unwrap_or(inner))
            } else {
                Piece::Hollow(&self.text[self.at..end + length])
            };
            self.push(piece, end + length);
        } else {
            self.at = start;
        }
    }

    /// Where the next run of so many backticks begins.
    fn closing(&mut self, start: usize, length: usize) -> Option<usize> {
        if self.unclosed.contains(&length) {
            return None;
        }
        let mut at = start;
        while let Some(found) = self.text[at..].find('`') {
            at += found;
            let run = run_length(&self.text[at..]);
            if run == length {
                return Some(at);
            }
            at += run;
        }
        self.unclosed.push(length);
        None
    }

    fn run(&mut self, sign: u8) {
        let length = run_length(&self.text[self.at..]);
        let end = self.at + length;
        // A blank to be filled in, or signs that stand alone, are no emphasis.
        let means_nothing = if sign == b'~' { length != 2 } else { length > 3 };
        if means_nothing || self.word().is_signs {
            self.at = end;
            return;
        }
        let says = |c: char| c.is_alphanumeric() || !c.is_ascii();
        self.words += usize::from(self.text[self.counted..self.at].contains(says));
        self.counted = end;
        let (before, signs, after) = (&self.text[..self.at], &self.text[self.at..end], &self.text[end..]);
        if let Some(run) = Run::new(signs, before, after, self.words) {
            self.show(self.at);
            self.parts.push(Part::Run);
            self.runs.push(run);
            self.shown = end;
        }
        self.at = end;
    }

    fn mention(&mut self) {
        let before = self.text[..self.at].chars().next_back();
        match mention::name(&self.text[self.at + 1..], before) {
            Some((name, length)) => {
                let end = self.at + 1 + length;
                self.push(Piece::Mention(name), end);
            }
            None => self.at += 1,
        }
    }

    /// `bracket` is where the text of the link begins.
    fn link(&mut self, bracket: usize) {
        let Some(link) = self.link_at(bracket) else {
            self.at = bracket + 1;
            return;
        };
        let typed = &self.text[self.at..link.end];
        if link.address.is_empty() {
            return self.push(Piece::Hollow(typed), link.end);
        }
        self.push(Piece::Link(link.address), link.end);
        if link.text.chars().any(is_visible) {
            self.parts.extend(walk(link.text, true).into_iter().map(Part::Piece));
        } else {
            self.parts.push(Part::Piece(Piece::Text(link.address)));
        }
        self.parts.push(Part::Piece(Piece::LinkEnd));
    }

    /// The link whose text begins with this bracket, if it may be followed, or is quite empty.
    fn link_at(&mut self, bracket: usize) -> Option<Link<'a>> {
        let text = self.text;
        let close = *self.brackets.get_or_insert_with(|| brackets(text)).get(&bracket)?;
        let rest = text[close + 1..].strip_prefix('(')?;
        let end = closing_bracket(rest)?;
        let (words, address) = (&text[bracket + 1..close], rest[..end].trim_matches(' '));
        let followed = addresses::is_allowed(address) && address.chars().all(is_visible);
        let empty = address.is_empty() && !words.chars().any(is_visible);
        (followed || empty).then_some(Link { text: words, address, end: close + 2 + end + 1 })
    }

    fn finish(mut self) -> Vec<Piece<'a>> {
        emphasis::pair(&mut self.runs);
        let mut runs = self.runs.into_iter();
        let mut pieces = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            match part {
                Part::Piece(piece) => pieces.push(piece),
                Part::Run => pieces.extend(runs.next().into_iter().flat_map(Run::pieces)),
            }
        }
        pieces
    }
}

struct Link<'a> {
    text: &'a str,
    address: &'a str,
    end: usize,
}

/// How often the first sign is repeated. It is one byte.
fn run_length(text: &str) -> usize {
    text.bytes().take_while(|byte| Some(byte) == text.as_bytes().first()).count()
}

/// Square brackets that close each other.
fn brackets(text: &str) -> HashMap<usize, usize> {
    let (mut open, mut pairs) = (Vec::new(), HashMap::new());
    if !text.contains("](") {
        return pairs;
    }
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open.push(at),
            b']' => {
                if let Some(start) = open.pop() {
                    pairs.insert(start, at);
                }
            }
            _ => {}
        }
    }
    pairs
}

/// Where the round bracket closes that was opened before the text; none of its own may stay open.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().take(LONGEST_ADDRESS) {
        match byte {
            b'\n' => return None,
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}
