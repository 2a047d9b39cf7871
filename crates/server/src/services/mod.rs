//! What two or more entrances share: HTTP, contracts, transports and workers call these over the application.
//! Must not know: which entrance calls.

pub(crate) mod erp;
pub(crate) mod pictures;
pub mod presence;
pub mod purging;
pub mod rotation;
pub(crate) mod scanning;
pub mod sealing;
pub(crate) mod search_index;
pub mod sending;
pub mod storage;
pub(crate) mod uploads;
