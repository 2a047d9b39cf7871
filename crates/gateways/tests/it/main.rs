//! What must hold of the formats, seen from outside: made-up messages of each form, hostile ones, and real ones where they
//! are at hand.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod bounce;
mod compose;
mod corpus;
mod dkim;
mod template;
mod tokens;
