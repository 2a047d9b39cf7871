//! The audit log: who did what to what, from where. Append-only. Owns no rule but who may read it.

use parlor_db::{FromRow, params, row, statements};
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::Result,
    ids::{PersonId, RowId, TenantId},
    json::Json,
    page::{Page, limit},
    person::{Actor, PersonKind},
    rights::Right,
    text::Sought,
    time::Time,
    tx::Tx,
};

/// One row.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// Its id, ascending in time.
    pub id: RowId,
    /// When it was done, or tried.
    pub at: Time,
    /// Who; none for Parlor itself.
    pub actor_id: Option<PersonId>,
    /// What kind of person.
    pub actor_kind: PersonKind,
    /// The actor's name now.
    pub actor_name: Option<String>,
    /// "forbidden_attempt", "conversation.view_as_admin" …
    pub action: String,
    /// What it was about.
    pub entity_type: Option<String>,
    /// Which one.
    pub entity_id: Option<String>,
    /// What the action says beside that, as an object.
    pub details: Value,
    /// From where.
    pub ip: Option<String>,
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// One action.
    pub action: Option<String>,
    /// One actor.
    pub actor_id: Option<PersonId>,
    /// Part of the action, of what it was about, or of its details.
    pub search: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Only rows older than this.
    pub to: Option<Time>,
    /// A page's `next`.
    pub after: Option<RowId>,
    /// At most so many.
    pub limit: Option<i64>,
}

row! {
    impl AuditRow, audit_columns! {
        id: "a.id",
        at: "a.at",
        actor_id: "a.actor_id",
        actor_kind: "a.actor_kind",
        actor_name: "COALESCE(u.name, k.name)",
        action: "a.action",
        entity_type: "a.entity_type",
        entity_id: "a.entity_id",
        details: Json "a.details",
        ip: "a.ip",
    }
}

statements! {
    /// Writes a row.
    pub static INSERT = both("
        INSERT INTO audit (tenant, id, at, actor_id, actor_kind, action, entity_type, entity_id, details, ip)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    /// A page, newest first.
    pub static LIST = both(concat!("
        SELECT ", audit_columns!(), "
        FROM audit a
        LEFT JOIN users u ON u.tenant = a.tenant AND u.id = a.actor_id
        LEFT JOIN contacts k ON k.tenant = a.tenant AND k.id = a.actor_id
        WHERE a.tenant = $1 AND a.id < $2 AND a.at >= $3 AND a.at < $4
          AND ($5 = '' OR a.action = $5) AND ($6 = FALSE OR a.actor_id = $7)
          AND ($8 = '' OR lowered(a.action) LIKE $8 ESCAPE '!' OR lowered(a.entity_id) LIKE $8 ESCAPE '!' OR lowered(a.details) LIKE $8 ESCAPE '!'
               OR a.ip LIKE $8 ESCAPE '!' OR lowered(u.name) LIKE $8 ESCAPE '!' OR u.name_key LIKE $10 ESCAPE '!'
               OR u.name_key LIKE $11 ESCAPE '!')
        ORDER BY a.id DESC LIMIT $9"));
    /// Forgets old rows; ids ascend in time.
    pub static PRUNE = both("
        DELETE FROM audit WHERE tenant = $1 AND id IN (
            SELECT id FROM audit WHERE tenant = $1 AND id < $2 ORDER BY id LIMIT $3)");
}

/// Writes a row about something that an actor did or tried.
pub fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    entity: Option<(&str, &str)>,
    details: &Value,
) -> Result<()> {
    let id = RowId(tx.id());
    tx.db.execute(
        &INSERT,
        params![
            actor.tenant,
            id,
            tx.now,
            actor.id(),
            actor.person.kind,
            action,
            entity.map(|(kind, _)| kind),
            entity.map(|(_, id)| id),
            details.to_string().as_str(),
            actor.ip.as_deref()
        ],
    )?;
    Ok(())
}

/// Writes the row of a refused operation. Called in a transaction of its own, after the refused one was rolled back.
pub fn forbidden_attempt(
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    rule: &str,
    entity: Option<(&str, &str)>,
) -> Result<()> {
    record(tx, actor, "forbidden_attempt", entity, &serde_json::json!({ "attempted": action, "rule": rule }))
}

/// Forgets rows older than `before`, at most `limit` of them; answers how many.
pub fn prune(tx: &mut Tx, tenant: TenantId, before: Time, limit: i64) -> Result<u64> {
    let millis = u64::try_from(before.0 / 1000).unwrap_or(0);
    let first = RowId(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid());
    Ok(tx.db.execute(&PRUNE, params![tenant, first, limit])?)
}

/// A page of the log, newest first. Needs `view_audit`.
pub fn list(tx: &mut Tx, actor: &Actor, filter: &AuditFilter) -> Result<Page<AuditRow>> {
    actor.require(Right::ViewAudit, "audit.list")?;
    let limit = limit(filter.limit);
    let sought = Sought::of(filter.search.as_deref())?;
    let rows = tx.db.all(
        &LIST,
        params![
            actor.tenant,
            filter.after.unwrap_or(RowId(uuid::Uuid::max())),
            filter.from.unwrap_or(Time(i64::MIN)),
            filter.to.unwrap_or(Time(i64::MAX)),
            filter.action.as_deref().unwrap_or(""),
            filter.actor_id.is_some(),
            filter.actor_id,
            sought.written.as_str(),
            i64::try_from(limit + 1).unwrap_or(200),
            sought.folded.as_str(),
            sought.spelled.as_deref()
        ],
        AuditRow::from_row,
    )?;
    Ok(Page::cut(rows, limit, |row| row.id.to_string()))
}
