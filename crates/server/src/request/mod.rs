//! One request: who calls, what it carries, how often it may come, and how its errors look.
//!
//! Errors become HTTP in `problem.rs` and nowhere else.

pub(crate) mod attempts;
pub(crate) mod bare_list;
pub mod caller;
pub(crate) mod entering;
pub mod extract;
pub mod idempotency;
pub(crate) mod layers;
pub mod problem;
pub mod ranges;

/// What a handler answers.
pub(crate) type Answer<T> = Result<extract::Json<T>, problem::Problem>;
