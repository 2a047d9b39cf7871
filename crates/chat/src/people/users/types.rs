//! What a user is, to others and to itself, and what callers say of one.

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{PersonId, RoleId, StoreId, TeamId};

/// A new user.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Shown name.
    pub name: String,
    /// E-mail address, to sign in with.
    pub email: Option<String>,
    /// Roles; the tenant's default role when none is named.
    pub roles: Option<Vec<RoleId>>,
    /// A program's user.
    #[serde(default)]
    pub bot: bool,
    /// The host application's id of it (`sub` of its tokens): needs every right, for the host signs in as this user then.
    /// A bot has it only to be found by: nobody signs in as a bot.
    pub external_id: Option<String>,
}

/// What of a user is to change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// A new name.
    pub name: Option<String>,
    /// A new address.
    pub email: Option<String>,
    /// A new picture.
    pub avatar_url: Option<String>,
    /// New roles.
    pub roles: Option<Vec<RoleId>>,
    /// New teams.
    pub teams: Option<Vec<TeamId>>,
    /// New stores.
    pub stores: Option<Vec<StoreId>>,
    /// May sign in.
    pub active: Option<bool>,
    /// The host application's id of it (`sub` of its tokens): needs every right, for the host signs in as this user then.
    pub external_id: Option<String>,
}

/// What people change of themselves.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<String>,
    /// Language: en, fr, de, pt.
    pub locale: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Replaces the preferences; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    pub preferences: Option<Value>,
}

/// Which users are wanted.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of the name or address.
    pub search: Option<String>,
    /// Only active ones, or only inactive ones.
    pub active: Option<bool>,
    /// Only those that the actor may write to.
    pub writable: bool,
    /// A page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

/// The credentials of an account, for the server's password check.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user whose account it is.
    pub id: PersonId,
    /// The argon2 hash in PHC format.
    pub password_hash: Option<String>,
    /// May sign in.
    pub active: bool,
    /// The host application's id of it, if a host knows it.
    pub external_id: Option<String>,
}
