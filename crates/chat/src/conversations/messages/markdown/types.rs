//! What a body consists of: blocks of lines, and pieces of text.

use std::borrow::Cow;

use super::mention::Name;

/// Elements in each other at most. People who quote quotes in lists stay below half of it.
pub(in super::super) const DEEPEST: usize = 16;

/// A part of a body that stands on lines of its own.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Block<'a> {
    /// Lines, to be read with `inline.rs`.
    Paragraph(Cow<'a, str>),
    /// The same, on one line.
    Heading(&'a str),
    Quote(Vec<Block<'a>>),
    List(List<'a>),
    /// Lines as they are.
    Code(Vec<&'a str>),
    Table(Table<'a>),
    Rule,
    /// Lines without marks: what is nested too deeply.
    Typed(Vec<&'a str>),
    /// Marks around nothing, shown as they were typed.
    Hollow(Vec<&'a str>),
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct List<'a> {
    /// Its first number, if it has numbers; they rise by one.
    pub first: Option<u32>,
    pub items: Vec<Item<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Item<'a> {
    /// A task, done or not.
    pub task: Option<bool>,
    pub blocks: Vec<Block<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Table<'a> {
    pub sides: Vec<Side>,
    /// The first is the head. Rows may have fewer or more cells than it.
    pub rows: Vec<Vec<Cow<'a, str>>>,
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Side {
    Start,
    Left,
    Center,
    Right,
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Piece<'a> {
    Text(&'a str),
    Break,
    Code(&'a str),
    /// Emphasis begins, and with which signs.
    Open(Style, &'static str),
    Close(Style, &'static str),
    /// A link begins, to this address, which may be followed.
    Link(&'a str),
    LinkEnd,
    Mention(Name),
    /// Marks around nothing, as they were typed.
    Hollow(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Style {
    Emphasis,
    Strong,
    Strike,
}

impl Style {
    pub(super) fn of(sign: u8, strong: bool) -> Style {
        match (sign, strong) {
            (b'~', _) => Style::Strike,
            (_, true) => Style::Strong,
            (_, false) => Style::Emphasis,
        }
    }

    pub(super) fn signs(self, sign: u8) -> &'static str {
        match (self, sign) {
            (Style::Strike, _) => "~~",
            (Style::Strong, b'*') => "**",
            (Style::Strong, _) => "__",
            (Style::Emphasis, b'*') => "*",
            (Style::Emphasis, _) => "_",
        }
    }
}
