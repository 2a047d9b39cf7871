//! The lines of a body as blocks. Containers hand the lines that are inside them on, without their marks.

use std::borrow::Cow;

use super::{
    lines::{dedented, indent, is_blank},
    lists,
    signs::{is_letter, is_visible},
    types::{Block, DEEPEST, Item, List, Side, Table},
};

/// Names of languages that stand behind a fence.
const LANGUAGES: &str = "\
    ada asm awk bash bat batch c c# c++ clojure cmake cmd cobol code console cpp cs csharp css csv dart delphi \
    diff dockerfile elixir elm erlang f# fish fortran fsharp gherkin go golang graphql groovy haskell hcl html \
    http ini java javascript js json json5 jsonc jsx julia kotlin kt latex less lisp log lua makefile markdown \
    matlab md mermaid nginx nim nix objc objective-c ocaml pascal patch perl php plain plaintext pl powershell \
    prolog proto protobuf ps1 py python r rb ruby rs rust sass scala scheme scss sh shell solidity sql svelte \
    swift tcl terraform tex text toml ts tsx txt typescript vb vba vim vue xml yaml yml zig zsh";

/// The blocks of a body.
pub(in super::super) fn parse(text: &str) -> Vec<Block<'_>> {
    blocks(&text.split('\n').collect::<Vec<_>>(), 0)
}

/// The blocks of some lines that stand inside `depth` elements.
fn blocks<'a>(lines: &[&'a str], depth: usize) -> Vec<Block<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    // Numbers up to here do not count on: they are text.
    let mut facts = 0;
    while at < lines.len() {
        if is_blank(lines[at]) {
            at += 1;
            continue;
        }
        if at >= facts {
            facts = facts.max(lists::unordered_numbers(&lines[at..]) + at);
        }
        let rest = &lines[at..];
        let block = indented(rest).or_else(|| block(rest, at < facts, depth));
        let (block, taken) = block.unwrap_or_else(|| paragraph(lines, at, &mut facts));
        found.push(block);
        at += taken;
    }
    found
}

/// A block that may also follow a paragraph without a blank line, and how many lines it takes.
fn block<'a>(lines: &[&'a str], is_fact: bool, depth: usize) -> Option<(Block<'a>, usize)> {
    let line = lines[0];
    if indent(line) > 3 {
        return None;
    }
    let line = line.trim_start_matches([' ', '\t']);
    match line.as_bytes()[0] {
        b'`' | b'~' => fence(lines),
        b'>' => quote(lines, depth),
        b'#' => heading(line),
        b'-' | b'*' | b'_' if is_rule(line) => Some((Block::Rule, 1)),
        b'-' | b'*' => list(lines, depth),
        b'0'..=b'9' if !is_fact => list(lines, depth),
        _ => None,
    }
    .or_else(|| table(lines, depth))
}

/// Lines up to a blank one, or one with which another block begins.
fn paragraph<'a>(lines: &[&'a str], from: usize, facts: &mut usize) -> (Block<'a>, usize) {
    let mut to = from + 1;
    while to < lines.len() && !is_blank(lines[to]) {
        if to >= *facts {
            *facts = (*facts).max(lists::unordered_numbers(&lines[to..]) + to);
        }
        if begins(&lines[to..], to < *facts) {
            break;
        }
        to += 1;
    }
    let trimmed = |line: &&'a str| line.trim_matches([' ', '\t']);
    let text = match &lines[from..to] {
        [line] => Cow::Borrowed(trimmed(line)),
        lines => Cow::Owned(lines.iter().map(trimmed).collect::<Vec<_>>().join("\n")),
    };
    (Block::Paragraph(text), to - from)
}

/// Whether a block other than a paragraph begins here.
fn begins(lines: &[&str], is_fact: bool) -> bool {
    let line = lines[0].trim_start_matches([' ', '\t']);
    let signed = indent(lines[0]) <= 3
        && match line.as_bytes().first() {
            Some(b'`' | b'~') => opening(lines[0]).is_some(),
            Some(b'>') => quoted(lines[0]).is_some(),
            Some(b'#') => heading(line).is_some(),
            Some(b'-' | b'*' | b'_') => is_rule(line) || lists::begins(line),
            Some(b'0'..=b'9') => !is_fact && lists::begins(line),
            _ => false,
        };
    signed || sides(lines).is_some()
}

/// Lines that are indented by four, and not the end of a paragraph.
fn indented<'a>(lines: &[&'a str]) -> Option<(Block<'a>, usize)> {
    let is_code = |line: &&str| is_blank(line) || indent(line) > 3;
    let taken = lines.iter().take_while(|line| is_code(line)).count();
    let lines = lines[..taken].iter().rposition(|line| !is_blank(line)).map(|last| &lines[..=last])?;
    Some((Block::Code(lines.iter().map(|line| dedented(line, 4)).collect()), taken))
}

/// The sign of a fence, how often it stands there, and what follows it.
fn opening(line: &str) -> Option<(char, usize, &str)> {
    let rest = line.trim_start_matches(' ');
    let sign = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(sign);
    let length = rest.len() - info.len();
    let is_fence = length >= 3 && indent(line) <= 3 && !(sign == '`' && info.contains('`'));
    is_fence.then_some((sign, length, info.trim()))
}

/// Code between fences, or to the end. The name of a language behind the first is none of its lines; any other word is.
fn fence<'a>(lines: &[&'a str]) -> Option<(Block<'a>, usize)> {
    let (sign, length, info) = opening(lines[0])?;
    let columns = indent(lines[0]);
    let mut code = Vec::new();
    let is_language = LANGUAGES.split(' ').any(|name| name.eq_ignore_ascii_case(info));
    if !info.is_empty() && !is_language {
        code.push(info);
    }
    let mut taken = 1;
    for line in &lines[1..] {
        taken += 1;
        let before = line.trim_end().trim_end_matches(sign);
        let signs = line.trim_end().len() - before.len();
        let closes = signs >= length && (is_blank(before) || sign == '`' && !before.contains(sign));
        if !closes {
            code.push(dedented(line, columns));
        } else {
            if !is_blank(before) {
                code.push(dedented(before, columns));
            }
            break;
        }
    }
    let says = code.iter().any(|line| line.chars().any(is_visible));
    Some((if says { Block::Code(code) } else { Block::Hollow(lines[..taken].to_vec()) }, taken))
}

/// What stands behind the mark of a quote. `>` before digits and other signs is no mark.
fn quoted(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(' ').strip_prefix('>').filter(|_| indent(line) <= 3)?;
    let marks = rest.trim_start_matches('>');
    let is_mark = |c: char| c.is_whitespace() || is_letter(c) && !c.is_numeric() || "*\"“'[@`#".contains(c);
    let is_mark = marks.is_empty() || marks.starts_with(is_mark);
    is_mark.then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

fn quote<'a>(lines: &[&'a str], depth: usize) -> Option<(Block<'a>, usize)> {
    let inner: Vec<&str> = lines.iter().map_while(|line| quoted(line)).collect();
    let (taken, typed) = (inner.len(), &lines[..inner.len()]);
    if inner.iter().all(|line| !line.chars().any(is_visible)) {
        return (taken > 0).then(|| (Block::Hollow(typed.to_vec()), taken));
    }
    if depth + 2 > DEEPEST {
        return Some((Block::Typed(typed.to_vec()), taken));
    }
    Some((Block::Quote(blocks(&inner, depth + 1)), taken))
}

fn list<'a>(lines: &[&'a str], depth: usize) -> Option<(Block<'a>, usize)> {
    let (list, taken) = lists::split(lines)?;
    if depth + 3 > DEEPEST {
        return Some((Block::Typed(lines[..taken].to_vec()), taken));
    }
    let item = |item: lists::Lines<'a>| Item { task: item.task, blocks: blocks(&item.lines, depth + 2) };
    Some((Block::List(List { first: list.first, items: list.items.into_iter().map(item).collect() }), taken))
}

fn heading(line: &str) -> Option<(Block<'_>, usize)> {
    let text = line.trim_start_matches('#');
    let is_heading =
        line.len() - text.len() <= 6 && text.starts_with([' ', '\t']) && text.chars().any(is_visible);
    is_heading.then(|| (Block::Heading(text.trim_matches([' ', '\t'])), 1))
}

/// At least three equal signs and nothing else.
fn is_rule(line: &str) -> bool {
    let mut signs = line.bytes().filter(|byte| !matches!(byte, b' ' | b'\t'));
    let first = signs.next();
    let count = signs.clone().count() + 1;
    count >= 3 && matches!(first, Some(b'-' | b'*' | b'_')) && signs.all(|byte| Some(byte) == first)
}

fn table<'a>(lines: &[&'a str], depth: usize) -> Option<(Block<'a>, usize)> {
    let sides = sides(lines)?;
    let is_row = |line: &&&str| line.contains('|') && !is_blank(line);
    let taken = 2 + lines[2..].iter().take_while(is_row).count();
    if depth + 5 > DEEPEST {
        return Some((Block::Typed(lines[..taken].to_vec()), taken));
    }
    let rows = [lines[0]].into_iter().chain(lines[2..taken].iter().copied()).map(cells).collect();
    Some((Block::Table(Table { sides, rows }), taken))
}

/// The columns of a table that begins here: its second line says where their texts stand.
fn sides(lines: &[&str]) -> Option<Vec<Side>> {
    let [head, line, ..] = lines else { return None };
    if !line.contains('-') || !head.contains('|') || indent(head) > 3 {
        return None;
    }
    let sides: Vec<Side> = cells(line).iter().map(|cell| side(cell)).collect::<Option<_>>()?;
    (cells(head).len() == sides.len()).then_some(sides)
}

fn side(cell: &str) -> Option<Side> {
    let (left, right) = (cell.starts_with(':'), cell.ends_with(':'));
    let dashes = cell.trim_matches(':');
    let is_side =
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-') && cell.len() - dashes.len() <= 2;
    is_side.then_some(match (left, right) {
        (true, true) => Side::Center,
        (true, false) => Side::Left,
        (false, true) => Side::Right,
        (false, false) => Side::Start,
    })
}

/// What stands between the bars of a row; `\|` is a bar of the text.
fn cells(line: &str) -> Vec<Cow<'_, str>> {
    let line = line.trim_matches([' ', '\t']);
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = Vec::new();
    let (mut start, mut before) = (0, 0);
    for (at, byte) in line.bytes().enumerate() {
        if byte == b'|' && before != b'\\' {
            cells.push(&line[start..at]);
            start = at + 1;
        }
        before = byte;
    }
    if !is_blank(&line[start..]) {
        cells.push(&line[start..]);
    }
    cells.into_iter().map(|cell| cell.trim_matches([' ', '\t'])).map(unbarred).collect()
}

fn unbarred(cell: &str) -> Cow<'_, str> {
    if cell.contains("\\|") { Cow::Owned(cell.replace("\\|", "|")) } else { Cow::Borrowed(cell) }
}
