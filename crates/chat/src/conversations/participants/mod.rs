//! Participants: who takes part in a conversation, in which role. Owns adding, removing, leaving, joining again, and
//! one's own preferences in a conversation. Read positions are moved by `read_state.rs`.

mod members;
mod preferences;
mod store;

pub use members::{add, join, list, remove, set_role};
pub(crate) use members::{add_members, check_matrix};
pub use preferences::{MeChange, audience, quiet, set_preferences};
pub use store::statements;
pub(crate) use store::{SMALL, find, first, insert, other, others, previews, remember};

pub use crate::resources::conversation::Participant;
