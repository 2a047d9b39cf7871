//! Who is online and what reaches them: the hub that spreads committed events, the session that joins stored history to
//! live events without loss or repetition, and the wire protocols as pure codecs.
//!
//! Must not know: sockets, HTTP, SQL, or how a person proved who they are.

mod audience_index;
mod close;
pub mod contracts;
pub mod encoded;
pub mod hub;
pub mod listeners;
pub mod mailbox;
pub mod presence;
pub mod protocol;
pub mod session;
pub mod subscribers;

#[cfg(test)]
mod testing;

pub use close::Close;
pub use encoded::EncodedEvent;
pub use hub::{Hub, Joined, Reach, Ticket};
pub use listeners::{Matcher, Name};
pub use mailbox::Mailbox;
pub use presence::Presence;
pub use presence::registry::Registry;
pub use session::{Loaded, Session, Start};
