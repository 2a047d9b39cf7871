//! Conversations: one noun for all ten kinds, told apart by the table in `kinds.rs`. Owns their rows, who may do what
//! in them (`rules.rs`), opening (`open.rs`), lists (`list.rs`), changes (`update.rs`) and how clients see them (`view.rs`);
//! beside them what is in a conversation: participants, messages, read state, drafts, and the search over all of it.

mod audiences;
pub mod drafts;
pub(crate) mod hooks;
pub mod import;
mod list;
mod load;
pub mod messages;
mod mine;
mod open;
pub mod participants;
pub mod purges;
pub mod read_state;
pub mod read_steps;
mod rules;
pub mod search;
mod snooze;
pub(crate) mod store;
pub mod tickets;
mod types;
mod update;
mod view;
pub(crate) mod viewer;
pub(crate) mod visible;

pub use audiences::{typing_audience, viewing_audience};
pub use list::{ListFilter, list, searchable, totals, totals_of};
pub(crate) use load::{Visibility, lock, require_readable, takes_part, visibility};
pub use load::{direct_with, is_reader, needs_audit};
pub(crate) use mine::{announce_me, me_view};
pub(crate) use open::open_imported;
pub use open::{NewConversation, Opened, open};
pub(crate) use rules::{check_invite, check_join, check_note, check_post, check_react};
pub use snooze::unsnooze;
pub use store::statements;
pub use types::{Conversation, Membership, Mine, Totals};
pub use update::{ConversationChange, escalate_links, update};
pub use view::get;

pub use crate::related::Related;
pub use crate::resources::conversation::{Can, Me, Role, View};
