//! Lists: signs or numbers at the beginning of lines, and what is indented below them. In messages numbers are facts: a
//! list never changes one.

use super::lines::{dedented, indent, is_blank};

/// Larger numbers are dates and prices, not places in a list.
const MOST_DIGITS: usize = 3;

/// What marks an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Sign(u8),
    Number(u32),
}

/// The mark of a line, and what stands behind it. Nothing behind it: no item.
fn item(line: &str) -> Option<(Mark, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (mark, rest) = match line.as_bytes().first()? {
        sign @ (b'-' | b'*') => (Mark::Sign(*sign), &line[1..]),
        b'0'..=b'9' if digits <= MOST_DIGITS && !(digits > 1 && line.starts_with('0')) => {
            (Mark::Number(line[..digits].parse().ok()?), line[digits..].strip_prefix('.')?)
        }
        _ => return None,
    };
    let text = rest.strip_prefix([' ', '\t'])?;
    (!is_blank(text)).then_some((mark, text))
}

/// The lines of each item of a list that begins here: how many, and their marks. Blank lines belong to it when it goes
/// on behind them.
fn items(lines: &[&str]) -> Vec<(Mark, usize)> {
    let mut found: Vec<(Mark, usize)> = Vec::new();
    let base = indent(lines[0]);
    let (mut at, mut end) = (0, 0);
    while at < lines.len() {
        let line = lines[at];
        if is_blank(line) {
            at += 1;
            continue;
        }
        let inside = !found.is_empty() && indent(line) >= base + 2;
        let next = if inside { None } else { item(line).map(|(mark, _)| mark) };
        match (next, found.last_mut()) {
            (Some(mark), Some((before, _))) if !same(*before, mark) => break,
            (Some(mark), _) => found.push((mark, at)),
            (None, Some(_)) if inside => {}
            (None, _) => break,
        }
        at += 1;
        end = at;
    }
    // From beginnings to lengths.
    let ends: Vec<usize> = found.iter().skip(1).map(|(_, start)| *start).chain([end]).collect();
    found.into_iter().zip(ends).map(|((mark, start), end)| (mark, end - start)).collect()
}

fn same(one: Mark, other: Mark) -> bool {
    match (one, other) {
        (Mark::Number(_), Mark::Number(_)) => true,
        (one, other) => one == other,
    }
}

fn rises(items: &[(Mark, usize)]) -> bool {
    let number = |mark: Mark| if let Mark::Number(number) = mark { Some(number) } else { None };
    let by_one = |pair: &[(Mark, usize)]| number(pair[0].0).map(|number| number + 1) == number(pair[1].0);
    items.len() > 1 && items.windows(2).all(by_one)
}

/// How many lines from here on have numbers that do not count on.
pub(super) fn unordered_numbers(lines: &[&str]) -> usize {
    if !matches!(item(lines[0]), Some((Mark::Number(_), _))) {
        return 0;
    }
    let items = items(lines);
    if rises(&items) { 0 } else { items.iter().map(|(_, length)| length).sum() }
}

/// Whether a list begins with this line.
pub(super) fn begins(line: &str) -> bool {
    item(line).is_some()
}

/// A list whose items are still lines.
pub(super) struct Split<'a> {
    /// Its first number, if it has numbers.
    pub first: Option<u32>,
    pub items: Vec<Lines<'a>>,
}

/// The lines of an item without its mark.
pub(super) struct Lines<'a> {
    /// A task, done or not.
    pub task: Option<bool>,
    pub lines: Vec<&'a str>,
}

/// The list that begins here, and how many lines it takes.
pub(super) fn split<'a>(lines: &[&'a str]) -> Option<(Split<'a>, usize)> {
    item(lines[0])?;
    let marked = items(lines);
    let mut list = Split { first: None, items: Vec::with_capacity(marked.len()) };
    if let Some((Mark::Number(number), _)) = marked.first() {
        list.first = Some(*number);
    }
    let mut from = 0;
    for (_, length) in marked {
        list.items.push(content(&lines[from..from + length])?);
        from += length;
    }
    Some((list, from))
}

fn content<'a>(lines: &[&'a str]) -> Option<Lines<'a>> {
    let (mark, text) = item(lines[0])?;
    let columns = lines[0].len() - text.len();
    let task = matches!(mark, Mark::Sign(_)).then(|| task(text)).flatten();
    let text = task.map_or(text, |(_, text)| text);
    let inner = lines[1..].iter().map(|line| dedented(line, columns));
    Some(Lines { task: task.map(|(done, _)| done), lines: [text].into_iter().chain(inner).collect() })
}

/// `[ ]` or `[x]` before a text.
fn task(text: &str) -> Option<(bool, &str)> {
    let (sign, rest) = text.strip_prefix('[')?.split_once("] ")?;
    let done = match sign {
        " " => false,
        "x" | "X" => true,
        _ => return None,
    };
    (!is_blank(rest)).then_some((done, rest))
}
