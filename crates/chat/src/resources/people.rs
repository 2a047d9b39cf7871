//! Users, contacts, and one's own profile, as clients see them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{PersonId, RoleId, StoreId, TeamId},
    person::PersonKind,
    time::Time,
};

/// A user, as every user of the tenant sees it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// Its id.
    pub id: PersonId,
    /// User or bot.
    pub kind: PersonKind,
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// The address of its picture.
    pub avatar_url: Option<String>,
    /// The roles that it has.
    pub roles: Vec<RoleId>,
    /// The teams that it is in.
    pub teams: Vec<TeamId>,
    /// The stores that it works for.
    pub stores: Vec<StoreId>,
    /// Whether it may sign in.
    pub active: bool,
    /// Holds every right.
    #[serde(default)]
    #[schema(required = true)]
    pub super_admin: bool,
    /// Since when.
    pub created_at: Time,
    /// IANA time zone; empty until a client has told it.
    #[serde(default)]
    #[schema(required = true)]
    pub time_zone: String,
}

/// What is one's own of a profile.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Profile {
    /// Language: en, fr, de, pt.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
    /// What clients keep for the person.
    #[schema(value_type = Object)]
    pub preferences: Value,
}

/// A contact, as staff sees it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contact {
    /// Its id.
    pub id: PersonId,
    /// The host application's id of it.
    pub external_id: Option<String>,
    /// The brand it belongs to; empty for none.
    pub platform: String,
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// The address of its picture.
    pub avatar_url: Option<String>,
    /// What the host says of it.
    #[schema(value_type = Object)]
    pub attributes: Value,
    /// May no longer write.
    pub blocked: bool,
    /// Since when.
    pub created_at: Time,
    /// When it last wrote.
    pub last_activity_at: Option<Time>,
}
