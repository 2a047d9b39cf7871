//! E-mail: addresses, the bounded reading of messages, and what a received message is.
//!
//! Must not know: SMTP, IMAP, or what a conversation is.

mod address;
pub mod bounce;
mod fields;
mod parts;

pub use address::{Address, InvalidAddress};
pub use parts::Unreadable;
