//! What an application publishes on channels or topics of its own. Must not know: who may, and who listens.

use serde::{Deserialize, Serialize};

/// A publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Publication {
    /// An event on channels (Pusher).
    Channels {
        /// On which.
        channels: Vec<String>,
        /// The event's name.
        name: String,
        /// Forwarded as it came.
        data: String,
        /// The connection that does not get it.
        except: Option<String>,
        /// Whose client sent it, on presence channels.
        user_id: Option<String>,
    },
    /// An update of topics (Mercure).
    Topics {
        /// The canonical one, then its alternates.
        topics: Vec<String>,
        /// Forwarded as it came.
        data: String,
        /// Only for subscribers with a right to one of the topics.
        private: bool,
        /// Unique in the tenant.
        id: String,
        /// The event's type.
        name: Option<String>,
        /// Milliseconds until clients come back.
        retry: Option<u64>,
    },
}

impl Publication {
    /// The channels or topics.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::Channels { channels, .. } => channels,
            Self::Topics { topics, .. } => topics,
        }
    }
}
