//! Full-text search over messages. Owns the index (`index.rs`), its terms (`terms.rs`, `filter_terms.rs`), searching
//! (`query.rs`) and the highlighted extracts (`snippet.rs`); and the keys of names from before they had any (`name_keys.rs`).

mod entry;
mod filter_terms;
mod index;
mod name_keys;
mod query;
mod snippet;
pub mod terms;

pub use entry::Has;
pub(crate) use entry::{Entry, has_of};
pub use index::{behind, catch_up, is_behind};
pub(crate) use index::{forget, index, reindex};
pub use name_keys::key_names;
pub use query::{Found, Hit, Query, search};

use parlor_db::Sql;

/// The statements of the index and of searching.
pub fn statements() -> Vec<&'static Sql> {
    [index::statements(), name_keys::statements(), query::statements()].concat()
}
