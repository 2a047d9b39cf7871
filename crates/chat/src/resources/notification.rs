//! A notification, as clients see it.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MessageId, PersonId, RowId},
    related::Related,
    time::Time,
    words::{NotificationKind, NotificationStatus},
};

/// A notification, for the person whom it tells something.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notification {
    /// Its id, ascending in time.
    pub id: RowId,
    /// Whom it tells something.
    pub user_id: PersonId,
    /// In a few words.
    pub title: String,
    /// In a sentence; of a message, how it begins.
    pub message: String,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// Whether the person has seen it.
    pub status: NotificationStatus,
    /// What it is about.
    pub related: Option<Related>,
    /// The message that it tells of.
    pub message_id: Option<MessageId>,
    /// Whether it was pushed to a device.
    pub push_sent: bool,
    /// When a device was told of it.
    pub push_sent_at: Option<Time>,
    /// Since when.
    pub created_at: Time,
}
