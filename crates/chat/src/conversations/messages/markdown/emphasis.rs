//! Which runs of `*`, `_` and `~~` belong together. CommonMark's way of pairing them, with other rules for what may
//! open and close: never inside a word, never around signs alone, and beside the letters of scripts without spaces.

use super::{
    signs::{is_letter, is_mark, is_unspaced, is_word},
    types::{Piece, Style},
};

/// Neighbouring equal signs, and what became of them.
#[derive(Debug)]
pub(super) struct Run<'a> {
    signs: &'a str,
    opens: bool,
    closes: bool,
    /// How many words there are in front of it.
    words: usize,
    /// Signs that are not used up.
    left: usize,
    closed: Vec<Style>,
    opened: Vec<Style>,
}

impl<'a> Run<'a> {
    /// `None` for signs that mean nothing where they stand.
    pub(super) fn new(signs: &'a str, before: &str, after: &str, words: usize) -> Option<Run<'a>> {
        let (opens, closes) = flanks(signs, before.chars().next_back(), after);
        let closes = closes && !(signs.starts_with('_') && ends_with_identifier(before));
        let run =
            Run { signs, opens, closes, words, left: signs.len(), closed: Vec::new(), opened: Vec::new() };
        (opens || closes).then_some(run)
    }

    fn sign(&self) -> u8 {
        self.signs.as_bytes()[0]
    }

    /// What it is: ends of emphasis, signs that are left, beginnings.
    pub(super) fn pieces(self) -> impl Iterator<Item = Piece<'a>> {
        let sign = self.sign();
        let left = (self.left > 0).then(|| Piece::Text(&self.signs[..self.left]));
        let closed = self.closed.into_iter().map(move |style| Piece::Close(style, style.signs(sign)));
        let opened = self.opened.into_iter().rev().map(move |style| Piece::Open(style, style.signs(sign)));
        closed.chain(left).chain(opened)
    }
}

/// Whether a text ends with a name as programs have them: `obj.__name`.
fn ends_with_identifier(text: &str) -> bool {
    // The longest names are shorter, and a hostile word is not looked at from every place in it.
    let start = text.char_indices().rev().take(100).last().map_or(0, |(at, _)| at);
    let word = text[start..].rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !is_letter(c));
    word.contains("__") || word.contains("._")
}

/// Whether signs may open and close.
fn flanks(signs: &str, before: Option<char>, after: &str) -> (bool, bool) {
    let mut following = after.chars();
    let (next, second) = (following.next(), following.next());
    let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let mark = |c: Option<char>| c.is_some_and(is_mark);
    let wide = |c: Option<char>| c.is_some_and(is_unspaced);
    let in_word = |c: Option<char>| !space(c) && !mark(c) && !wide(c);
    let opens = !space(next) && (!mark(next) || space(before) || mark(before) || wide(before));
    let closes = !space(before) && (!mark(before) || space(next) || mark(next) || wide(next));
    match signs.as_bytes()[0] {
        b'~' => (opens && signs.len() == 2, closes && signs.len() == 2),
        b'*' if in_word(before) && in_word(next) => (false, false),
        b'*' => (opens, closes),
        // Names of programs are full of underscores: they stand at the borders of words, and nowhere else.
        _ => {
            let first = space(before)
                || before.is_some_and(|c| "([{\"'*~“„‘«".contains(c) || wide(Some(c)) && !is_letter(c));
            let goes_on = mark(next) && second.is_some_and(|c| is_word(c) || c == '_');
            let inside = in_word(next) || next.is_some_and(is_letter) || goes_on;
            (opens && first, closes && !inside)
        }
    }
}

/// Pairs the runs of a text.
pub(super) fn pair(runs: &mut [Run<'_>]) {
    let mut open: Vec<usize> = Vec::new();
    // Below these no opener fits, for each kind of closer: so that a hostile text is not searched again and again.
    let mut bottom = [0_usize; 3 * 2 * 3];
    for at in 0..runs.len() {
        while runs[at].closes && runs[at].left > 0 {
            let kind = kind(&runs[at]);
            let Some(found) = opener(runs, &open, bottom[kind], at) else {
                bottom[kind] = open.len();
                break;
            };
            let (first, second) = (open[found], at);
            let strong = runs[first].left >= 2 && runs[second].left >= 2;
            let style = Style::of(runs[second].sign(), strong);
            let used = if strong { 2 } else { 1 };
            open.truncate(found + 1);
            bottom.iter_mut().for_each(|bottom| *bottom = (*bottom).min(found + 1));
            runs[first].left -= used;
            runs[first].opened.push(style);
            runs[second].left -= used;
            runs[second].closed.push(style);
            if runs[first].left == 0 {
                open.pop();
            }
        }
        if runs[at].opens && runs[at].left > 0 {
            open.push(at);
        }
    }
}

fn kind(run: &Run<'_>) -> usize {
    let sign = match run.sign() {
        b'*' => 0,
        b'_' => 1,
        _ => 2,
    };
    (sign * 2 + usize::from(run.opens)) * 3 + run.left % 3
}

/// The last opener that fits a closer, above `bottom`.
fn opener(runs: &[Run<'_>], open: &[usize], bottom: usize, closer: usize) -> Option<usize> {
    let closer = &runs[closer];
    let fits = |opener: &Run<'_>| {
        // Both sides could be the other's: `*a**b*` is one emphasis (CommonMark, rules 9 and 10).
        let odd = (opener.closes || closer.opens)
            && (opener.left + closer.left).is_multiple_of(3)
            && !(opener.left.is_multiple_of(3) && closer.left.is_multiple_of(3));
        opener.sign() == closer.sign()
            && !odd
            && opener.words < closer.words
            && (closer.sign() != b'~' || opener.left == 2)
    };
    (bottom..open.len()).rev().find(|at| fits(&runs[open[*at]]))
}
