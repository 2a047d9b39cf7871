//! What two or more entrances share: HTTP, contracts, transports and workers call these over the application.
//! Must not know: which entrance calls.

pub(crate) mod erp;
pub mod presence;
pub mod purging;
pub mod rotation;
pub mod sealing;
pub(crate) mod search_index;
pub mod sending;
pub(crate) mod uploads;
