//! Roles, teams and stores, as clients see them.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{PersonId, RoleId, StoreId, TeamId},
    rights::Right,
};

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name, unique in the tenant; tokens name it so.
    pub name: String,
    /// What it allows.
    pub rights: Vec<Right>,
    /// Whether its users may write to users of `writes_to` only. Without it they may write to everybody.
    pub restricted: bool,
    /// New users get it.
    pub is_default: bool,
    /// The row of the matrix.
    pub writes_to: Vec<RoleId>,
}

/// A team.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Shown name.
    pub name: String,
    /// Short name in tokens and addresses.
    pub slug: String,
    /// What its ticket numbers begin with: "DEV".
    pub ticket_prefix: String,
    /// Its users.
    pub members: Vec<PersonId>,
}

/// A store.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Store {
    /// Its id.
    pub id: StoreId,
    /// Shown name.
    pub name: String,
    /// The host application's id of it.
    pub external_id: Option<String>,
    /// Its users.
    pub users: Vec<PersonId>,
}
