//! Tests of the domain against real databases: SQLite, or PostgreSQL with PARLOR_TEST_ENGINE=postgres.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod client;
mod contacts;
mod conversations;
mod damaged;
mod directory;
mod event_kinds;
mod events;
mod folding;
mod import;
mod jobs;
mod mentions;
mod messages;
mod named;
mod notes;
mod purges;
mod rendering;
mod search;
mod secrets;
mod statements;
mod support;
mod unread;
mod visible;
mod walks;
