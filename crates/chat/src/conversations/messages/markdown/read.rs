//! A body read without its structure: what is seen of it in its order, whether it says anything, whom it names.

use super::{
    blocks::parse,
    inline::pieces,
    mention::Name,
    signs::is_visible,
    types::{Block, Piece},
};

/// What is seen of a body, in its order.
pub(in super::super) enum Seen<'b> {
    /// Words, code, and lines that are shown as they were typed.
    Text(&'b str),
    /// Marks around nothing.
    Hollow(&'b str),
    Mention(&'b Name),
    /// The number of an item.
    Number(u32),
    /// The end of a line, a block, an item or a cell.
    End,
}

/// Walks over a body without its structure.
pub(in super::super) fn visit(blocks: &[Block<'_>], see: &mut impl FnMut(Seen<'_>)) {
    for block in blocks {
        match block {
            Block::Paragraph(words) => visit_text(words, see),
            Block::Heading(words) => visit_text(words, see),
            Block::Quote(inner) => visit(inner, see),
            Block::List(list) => {
                for (item, place) in list.items.iter().zip(0..) {
                    list.first.iter().for_each(|first| see(Seen::Number(first + place)));
                    visit(&item.blocks, see);
                }
            }
            Block::Code(lines) | Block::Typed(lines) => visit_lines(lines, Seen::Text, see),
            Block::Table(table) => table.rows.iter().flatten().for_each(|cell| visit_text(cell, see)),
            Block::Rule => {}
            Block::Hollow(lines) => visit_lines(lines, Seen::Hollow, see),
        }
    }
}

fn visit_text(text: &str, see: &mut impl FnMut(Seen<'_>)) {
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) | Piece::Code(text) => see(Seen::Text(text)),
            Piece::Hollow(typed) => see(Seen::Hollow(typed)),
            Piece::Mention(name) => see(Seen::Mention(&name)),
            Piece::Break => see(Seen::End),
            Piece::Open(..) | Piece::Close(..) | Piece::Link(_) | Piece::LinkEnd => {}
        }
    }
    see(Seen::End);
}

fn visit_lines<'b>(lines: &[&'b str], shown: fn(&'b str) -> Seen<'b>, see: &mut impl FnMut(Seen<'_>)) {
    for line in lines {
        see(shown(line));
        see(Seen::End);
    }
}

/// What a body says to the program.
pub(in super::super) struct Said {
    /// There is more than marks around nothing.
    pub anything: bool,
    /// Whom it names, at most 50, each once.
    pub names: Vec<Name>,
}

/// Reads a body without rendering it.
pub(in super::super) fn read(text: &str) -> Said {
    let blocks = parse(text);
    let mut said = Said { anything: blocks.contains(&Block::Rule), names: Vec::new() };
    visit(&blocks, &mut |seen| match seen {
        Seen::Text(text) => said.anything = said.anything || text.chars().any(is_visible),
        Seen::Mention(name) => {
            said.anything = true;
            if said.names.len() < 50 && !said.names.contains(name) {
                said.names.push(name.clone());
            }
        }
        Seen::Hollow(_) | Seen::Number(_) | Seen::End => {}
    });
    said
}
