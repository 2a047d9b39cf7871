//! Purges: messages older than a time are cleared, for everybody or for good: the walk over a tenant's messages
//! (`walk.rs`), and what a step of it does to one conversation (`erase.rs`).

mod erase;
mod walk;

pub use walk::{Mode, Purge, Walk, begin, count, cutoff, get, list, step};

use parlor_db::Sql;

/// The statements of the walk and of its steps.
pub fn statements() -> Vec<&'static Sql> {
    [walk::statements(), erase::statements()].concat()
}
