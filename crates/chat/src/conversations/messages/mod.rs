//! Messages: what people write, and what Parlor notes down about a conversation. Owns their rows (`store.rs`), appending one
//! (`append.rs`), posting exactly once (`post.rs`), editing and deleting (`edit.rs`), what
//! deleted ones said (`deleted.rs`), pages (`query.rs`), reactions and pins,
//! what a body may be (`body.rs`), its Markdown (`markdown/`), whom it names (`mentions.rs`) and its rendering (`html.rs`).

mod append;
mod body;
mod deleted;
mod edit;
mod emoji;
mod files;
mod html;
mod import;
mod last;
mod markdown;
mod mentions;
mod pins;
mod post;
mod query;
mod quotes;
mod reactions;
pub(crate) mod row;
pub(crate) mod store;

pub use append::Posted;
pub(crate) use append::append_system;
pub use body::Body;
pub use deleted::{DeletedMessage, deleted, erase};
pub use edit::{delete, edit};
pub use files::readable_file;
pub use html::{preview, render};
pub(crate) use import::{Import, append_import, count_replies};
pub(crate) use last::{last, seen_pins};
pub use pins::{pin, pins};
pub use post::{NewMessage, post};
pub use query::{
    Edit, MessagePage, Range, Reader, get, history, ids_at, page, place, readers, system_messages, thread,
};
pub(crate) use quotes::forget_quotes;
pub use reactions::react;

pub(crate) use crate::resources::message::MANY;
pub use crate::resources::message::{
    LastMessage, Mention, Message, MessageKind, NamedThen, Quote, Reaction, SystemMessage, TicketThen,
};

use parlor_db::Sql;

/// The statements of messages, of deleted ones and of their quotations.
pub fn statements() -> Vec<&'static Sql> {
    [store::statements(), deleted::statements(), quotes::statements()].concat()
}
