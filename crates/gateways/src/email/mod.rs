//! E-mail: addresses, ids and tokens, the bounded reading of messages, and what a received message is,
//! the writing of messages, their signatures, and what notifications say.
//!
//! Must not know: SMTP, IMAP, or what a conversation is.

mod address;
pub mod bounce;
pub mod compose;
pub mod dkim;
mod fields;
mod folding;
pub mod keys;
mod line;
mod message_id;
mod parts;
pub mod template;
pub mod tokens;

pub use address::{Address, InvalidAddress};
pub use keys::Keys;
pub use message_id::{InvalidMessageId, MessageId};
pub use parts::Unreadable;
