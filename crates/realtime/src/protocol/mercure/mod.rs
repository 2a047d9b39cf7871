//! The Mercure protocol, classic (0.x) and 1.0: pure functions between events, requests, tokens' claims and bytes.
//! Must not know sessions, sockets, keys or queues.

mod grants;
mod matcher;
mod notice;
pub mod parlor_topics;
mod pattern;
mod request;
mod selector;
pub mod subscription;
mod template;
pub mod wire;

pub use grants::Grants;
pub use notice::Notice;
pub use request::{Publish, Refused, Subscribe, pairs};
pub use selector::{Selector, any, one};

/// Where every hub is.
pub const PATH: &str = "/.well-known/mercure";
/// Topics of an update, selectors of a request and of a token: at most this many.
pub const MAX_TOPICS: usize = 1000;

/// Which form of the protocol somebody speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// 0.x
    #[default]
    Classic,
    /// 1.0
    V1,
}
