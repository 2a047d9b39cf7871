//! Who is online and what reaches them: the hub that spreads committed events, the session that joins stored history to
//! live events without loss or repetition, and the wire protocols as pure codecs.
//!
//! Must not know: sockets, HTTP, SQL, or how a person proved who they are.

pub mod hub;
mod index;
pub mod mailbox;
pub mod protocol;
pub mod published;
pub mod session;
pub mod shapes;

#[cfg(test)]
mod testing;

pub use hub::{Hub, Joined, Ticket};
pub use mailbox::Close;
pub use published::Published;
pub use session::{Loaded, Session, Start};
