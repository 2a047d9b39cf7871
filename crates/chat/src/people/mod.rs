//! People: users and contacts, where they work, what they come in with, what they reach. Must not know: what is in a
//! conversation.

pub mod access;
pub mod api_keys;
pub mod contacts;
pub mod credential_check;
pub mod host_keys;
pub mod matrix;
pub mod nonces;
pub mod provisioning;
pub mod reseal;
pub mod sessions;
pub mod statuses;
pub mod stores;
pub mod teams;
pub mod users;
