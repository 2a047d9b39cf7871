//! Tenants: the isolation boundary, each with its log and its first roles. Must not know: who is in it.

use parlor_db::{FromRow, params, row, statements};
use serde::Serialize;

use crate::{
    error::{Result, conflict, invalid, not_found},
    ids::{RoleId, TenantId},
    person::Actor,
    rights::{Right, Rights},
    roles,
    text::checked_name,
    tx::Tx,
};

/// The slug of the tenant that is made on the first start.
pub const DEFAULT_SLUG: &str = "default";

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The short name in tokens and addresses.
    pub slug: String,
    /// Shown name.
    pub name: String,
    /// Its number.
    #[serde(skip)]
    pub no: i64,
}

row! {
    /// The columns of a tenant `t`.
    impl Tenant, tenant_columns! {
        id: "t.id",
        slug: "t.slug",
        name: "t.name",
        no: "t.no",
    }
}
pub(crate) use tenant_columns;

statements! {
    /// All of them.
    pub static LIST = both(concat!("SELECT ", tenant_columns!(), " FROM tenants t ORDER BY t.no")).global();
    /// By slug.
    pub static BY_SLUG = both(concat!("SELECT ", tenant_columns!(), " FROM tenants t WHERE t.slug = $1")).global();
    /// By id.
    pub static BY_ID = both(concat!("SELECT ", tenant_columns!(), " FROM tenants t WHERE t.id = $1")).global();
    /// The next number.
    pub static NEXT_NO = both("SELECT COALESCE(MAX(no), 0) + 1 FROM tenants").global();
    /// A new one.
    pub static INSERT = both("
        INSERT INTO tenants (id, no, slug, name, created_at) VALUES ($1, $2, $3, $4, $5)").global();
    /// Another shown name.
    pub static RENAME = both("UPDATE tenants SET name = $2 WHERE id = $1").global();
    /// Its log.
    pub static INSERT_LOG = both("INSERT INTO logs (tenant, epoch, head, floor, messages, indexed) VALUES ($1, $2, 0, 0, 0, 0)");
}

/// Every tenant, in the order in which they were made.
pub fn list(tx: &mut Tx) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&LIST, params![], Tenant::from_row)?)
}

/// The tenant with that slug.
pub fn by_slug(tx: &mut Tx, slug: &str) -> Result<Tenant> {
    tx.db.opt(&BY_SLUG, params![slug], Tenant::from_row)?.ok_or(not_found("tenant"))
}

/// The tenant with that id.
pub fn by_id(tx: &mut Tx, id: TenantId) -> Result<Tenant> {
    tx.db.opt(&BY_ID, params![id], Tenant::from_row)?.ok_or(not_found("tenant"))
}

/// The tenant `default`, made when missing.
///
/// # Errors
/// When the database cannot be used.
pub fn ensure_default(tx: &mut Tx) -> Result<Tenant> {
    match by_slug(tx, DEFAULT_SLUG) {
        Err(crate::Error::NotFound { .. }) => create(tx, DEFAULT_SLUG, "Default"),
        found => found,
    }
}

/// A new tenant with its log and three roles: `admin` (every right), `agent` and `member` (the default).
pub fn create(tx: &mut Tx, slug: &str, name: &str) -> Result<Tenant> {
    let fits =
        !slug.is_empty() && slug.len() <= 63 && slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !fits || slug != slug.to_ascii_lowercase() {
        return Err(invalid("slug", "slug", "use 1 to 63 of the characters a-z, 0-9 and -"));
    }
    if tx.db.opt(&BY_SLUG, params![slug], Tenant::from_row)?.is_some() {
        return Err(conflict("slug", format!("there is already a tenant \"{slug}\"")));
    }
    let name = checked_name(name)?;
    let no: i64 = tx.db.one(&NEXT_NO, params![], |row| row.get(0))?;
    let tenant = Tenant { id: TenantId(tx.id()), slug: slug.to_owned(), name, no };
    tx.db.execute(&INSERT, params![tenant.id, no, slug, tenant.name.as_str(), tx.now])?;
    let epoch = tx.number() >> 16;
    tx.db.execute(&INSERT_LOG, params![tenant.id, epoch])?;
    for (role, rights, default) in initial_roles() {
        let id = RoleId(tx.id());
        let more = roles::Insert { restricted: false, is_default: default };
        roles::insert(tx, tenant.id, id, role, rights, more)?;
    }
    Ok(tenant)
}

fn initial_roles() -> [(&'static str, Rights, bool); 3] {
    let member = [Right::Group, Right::Channel, Right::Ticket, Right::Messenger];
    let agent =
        [Right::Group, Right::Channel, Right::Ticket, Right::Support, Right::Contacts, Right::Messenger];
    [
        ("admin", Rights::all(), false),
        ("agent", agent.into_iter().collect(), false),
        ("member", member.into_iter().collect(), true),
    ]
}

/// Adds what a newer version brings: missing roles, rights that the role `admin` lacks, and, where no role has the right
/// `messenger`, that right to every role: in a tenant made before the right existed everybody used the messenger. Safe to
/// repeat, and never gives back what an administrator took from a role; answers how many roles were made or changed.
pub fn sync_rights(tx: &mut Tx, tenant: &Tenant) -> Result<u64> {
    let known = roles::all(tx, tenant.id)?;
    let system = system_actor(tenant);
    let mut changed = 0;
    for (name, rights, _) in initial_roles() {
        match known.iter().find(|role| role.name == name) {
            None => {
                let id = RoleId(tx.id());
                // Where the matrix holds, nothing new writes to everybody before somebody says so.
                let more = roles::Insert { restricted: roles::has_matrix(&known), is_default: false };
                roles::insert(tx, tenant.id, id, name, rights, more)?;
            }
            Some(role) if name == "admin" && role.rights.len() < rights.list().len() => {
                let change =
                    roles::RoleChange { rights: Some(rights.list()), ..roles::RoleChange::default() };
                roles::update(tx, &system, role.id, &change)?;
            }
            Some(_) => continue,
        }
        changed += 1;
    }
    let has = |role: &&roles::Role| role.rights.contains(&Right::Messenger);
    // A tenant whose administrators have it knows the right already: who else has it is their choice.
    if !known.iter().any(|role| has(&role)) {
        for role in known.iter().filter(|role| role.name != "admin") {
            let rights = role.rights.iter().copied().chain([Right::Messenger]).collect();
            let change = roles::RoleChange { rights: Some(rights), ..roles::RoleChange::default() };
            roles::update(tx, &system, role.id, &change)?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Parlor itself, as the author of what happens without a person: the command line, first sights, wake-ups.
pub fn system_actor(tenant: &Tenant) -> Actor {
    Actor::system(tenant.id, tenant.no)
}

/// Gives the actor's tenant another shown name. Needs `manage_settings`.
pub fn rename(tx: &mut Tx, actor: &Actor, name: &str) -> Result<Tenant> {
    actor.require(Right::ManageSettings, "tenant.rename")?;
    let name = checked_name(name)?;
    tx.db.execute(&RENAME, params![actor.tenant, name.as_str()])?;
    crate::audit::record(tx, actor, "tenant.rename", None, &serde_json::json!({ "name": name }))?;
    by_id(tx, actor.tenant)
}
