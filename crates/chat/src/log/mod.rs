//! The durable log of a tenant: events, publications, how far others have come in it, answers that are repeated. Must not
//! know: what an event tells.

pub mod audience;
pub mod backlog;
pub mod events;
pub mod idempotency;
pub mod publications;
pub mod retention;
