//! E-mail: addresses, ids and tokens, the bounded reading of messages, and what a received message is,
//! and the writing of messages.
//!
//! Must not know: SMTP, IMAP, or what a conversation is.

mod address;
pub mod bounce;
pub mod compose;
mod fields;
pub mod keys;
mod message_id;
mod parts;
pub mod tokens;

pub use address::{Address, InvalidAddress};
pub use keys::Keys;
pub use message_id::{InvalidMessageId, MessageId};
pub use parts::Unreadable;
