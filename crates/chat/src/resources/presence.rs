//! What others see of a user's presence.

use serde::{Deserialize, Serialize};

use crate::{ids::PersonId, time::Time};

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// Connected and active.
    Online,
    /// Connected, and not active for a while.
    Away,
    /// Connected, and not to be disturbed.
    Busy,
    /// Not connected.
    Offline,
}

/// What others see of a user.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PresenceView {
    /// The user.
    pub user_id: PersonId,
    /// Whether the user is there.
    pub status: PresenceStatus,
    /// Whether the user asks not to be disturbed; counts while connected.
    pub busy: bool,
    /// A few words of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<String>,
    /// When the words end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text_until: Option<Time>,
    /// The last activity of somebody connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_active_at: Option<Time>,
    /// When the last connection ended, of somebody who is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_seen_at: Option<Time>,
}
