//! The durable log of a tenant: events, publications, how long both are kept, answers that are repeated, what waits
//! for background work. Must not know: what an event tells.

pub mod audience;
pub mod backlog;
pub mod event;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod publications;
pub mod retention;
