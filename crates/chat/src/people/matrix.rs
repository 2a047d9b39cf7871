//! The matrix of roles applied to two users: whether one may write to the other, and why. Owns no rows: `roles.rs` does.

use parlor_db::{params, statements};
use serde::Serialize;

use crate::{
    error::{Error, Result},
    ids::{PersonId, RoleId, TenantId},
    person::Actor,
    rights::Right,
    roles::{self, Role},
    tx::Tx,
    users,
};

statements! {
    /// How many of the actor's roles let it write to everybody.
    pub static UNRESTRICTED = both("
        SELECT COUNT(*) FROM user_roles ur JOIN roles r ON r.tenant = ur.tenant AND r.id = ur.role_id
        WHERE ur.tenant = $1 AND ur.user_id = $2 AND r.restricted = FALSE");
    /// How many cells let one user write to anybody.
    pub static ANY_CELL = both("
        SELECT COUNT(*) FROM user_roles a
        JOIN role_writes w ON w.tenant = a.tenant AND w.from_role = a.role_id
        WHERE a.tenant = $1 AND a.user_id = $2");
    /// To which of these users cells let one write.
    pub static CELLS = both("
        SELECT DISTINCT b.user_id FROM user_roles a
        JOIN role_writes w ON w.tenant = a.tenant AND w.from_role = a.role_id
        JOIN user_roles b ON b.tenant = w.tenant AND b.role_id = w.to_role
        WHERE a.tenant = $1 AND a.user_id = $2 AND b.user_id = ANY($3)");
}

/// Whether the matrix lets one user write to another. System and super administrators are bound by it as well.
pub fn may_write(tx: &mut Tx, tenant: TenantId, from: PersonId, to: PersonId) -> Result<bool> {
    Ok(!writable(tx, tenant, from, &[to])?.is_empty())
}

/// To which of these users the matrix lets one write. Two statements, whatever their number.
pub fn writable(tx: &mut Tx, tenant: TenantId, from: PersonId, to: &[PersonId]) -> Result<Vec<PersonId>> {
    let unrestricted: i64 = tx.db.one(&UNRESTRICTED, params![tenant, from], |row| row.get(0))?;
    if unrestricted > 0 {
        return Ok(to.to_vec());
    }
    let keys: Vec<[u8; 16]> = to.iter().map(|id| id.0.into_bytes()).collect();
    Ok(tx.db.all(&CELLS, params![tenant, from, &keys[..]], |row| row.get(0))?)
}

/// Refuses an actor whom the matrix lets write to nobody at all.
pub fn require_any(tx: &mut Tx, actor: &Actor, action: &'static str) -> Result<()> {
    let asked = params![actor.tenant, actor.id()];
    let count = |tx: &mut Tx, sql| tx.db.one::<i64>(sql, asked, |row| row.get(0));
    if count(tx, &UNRESTRICTED)? > 0 || count(tx, &ANY_CELL)? > 0 {
        return Ok(());
    }
    let reason = "your roles let you write to nobody; ask an administrator for a role of the matrix";
    Err(crate::error::forbidden(action, "matrix", reason))
}

/// Why the matrix lets one user write to another, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// They are one person.
    Oneself,
    /// A role of the writer is not restricted.
    Unrestricted,
    /// A cell allows it.
    Cell,
    /// No cell does.
    NoCell,
    /// One of them may no longer sign in.
    Inactive,
}

/// What the matrix says of two users.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Verdict {
    /// Whether the one may write to the other.
    pub allowed: bool,
    /// What decides it.
    pub because: Because,
    /// The role of the writer that decides; none where all of them refuse.
    pub from_role: Option<RoleId>,
    /// The role of the other one that decides.
    pub to_role: Option<RoleId>,
}

/// Asks the matrix about two users. Needs `manage_users`.
pub fn explain(tx: &mut Tx, actor: &Actor, from: PersonId, to: PersonId) -> Result<Verdict> {
    actor.require(Right::ManageUsers, "role.explain")?;
    let (writer, reader) = (users::get(tx, actor, from)?, users::get(tx, actor, to)?);
    let no = |because| Verdict { allowed: false, because, from_role: None, to_role: None };
    if from == to {
        return Ok(no(Because::Oneself));
    }
    if !writer.active || !reader.active {
        return Ok(no(Because::Inactive));
    }
    let roles: Vec<Role> = roles::all(tx, actor.tenant)?;
    let mine: Vec<&Role> = roles.iter().filter(|role| writer.roles.contains(&role.id)).collect();
    if let Some(free) = mine.iter().find(|role| !role.restricted) {
        let because = Because::Unrestricted;
        return Ok(Verdict { allowed: true, because, from_role: Some(free.id), to_role: None });
    }
    let cell = mine.iter().find_map(|role| {
        let to = role.writes_to.iter().find(|to| reader.roles.contains(to))?;
        Some((role.id, *to))
    });
    Ok(match cell {
        Some((from, to)) => {
            Verdict { allowed: true, because: Because::Cell, from_role: Some(from), to_role: Some(to) }
        }
        None => no(Because::NoCell),
    })
}

/// The refusal of the matrix.
pub fn refusal(action: &'static str, name: &str) -> Error {
    crate::error::forbidden(action, "matrix", format!("your role may not write to {name}"))
}
