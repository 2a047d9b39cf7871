//! The Markdown of messages. People write messages, not documents: a sign is a mark only where it clearly is meant as
//! one, and whatever is no mark is shown as it was typed. Owns the syntax; every reader of a body (HTML, previews,
//! mentions, whether it says anything) asks here, so that there is one syntax and not one for each. Must not know: HTML,
//! who takes part.
//!
//! | written | is | where messages differ from CommonMark |
//! | --- | --- | --- |
//! | `# a` | a heading | its text may not be empty; no underlined headings |
//! | `> a` | a quote | ends with its lines; `>50` and `>_<` are text |
//! | `- a`, `* a` | a list | an item may not be empty; `+` is a plus; items end with their lines |
//! | `1. a` | a numbered list | at least two, whose numbers rise by one; all other numbers are text |
//! | ```` ``` ````, four spaces | code | a fence may end behind the last line |
//! | `a \| b` over `--- \| ---` | a table | rows keep all their cells |
//! | `---` | a rule | |
//! | `*a*`, `_a_`, `**a**`, `__a__`, `~~a~~` | emphasis | not inside words, nor around signs alone; full-width marks are borders |
//! | `` `a` `` | code | |
//! | `[a](address)`, `![a](address)` | a link | addresses that may not be followed, and titles, make it text |
//! | `https://…` | an address | found first and never cut: brackets in pairs, no full-width marks |
//! | `@name`, `@[Full Name]` | a mention | not in code, nor in links; `@[Full Name\|id]` in what is sent |
//! | `\*` | the sign itself | before marks only, and not inside words or paths |
//!
//! There are no definitions of references, no footnotes, no entities and no HTML: they are text.

pub(super) mod addresses;
mod blocks;
mod emphasis;
mod inline;
mod lines;
mod lists;
mod mention;
mod read;
mod signs;
mod types;

pub(super) use blocks::parse;
pub(super) use inline::pieces;
pub(crate) use mention::Name;
pub(super) use mention::without_ids;
pub(super) use read::{Seen, read, visit};
pub(super) use signs::thinned;
pub(super) use types::{Block, DEEPEST, Item, List, Piece, Side, Style, Table};
