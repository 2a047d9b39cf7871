//! Participants: who takes part in a conversation, in which role. Owns adding, removing, leaving, joining again, and
//! one's own preferences in a conversation. Read positions are moved by `read_state.rs`.

mod members;
mod preferences;
mod store;

pub use members::{add, join, list, remove, set_role};
pub(crate) use members::{add_members, check_matrix};
pub use preferences::{MeChange, quiet, set_preferences, users};
pub use store::statements;
pub(crate) use store::{SMALL, find, first, insert, other, previews, remember};

pub use crate::resources::conversation::Participant;
