//! Owns: the audit log in the words of the ERP contract. Must not know: who may read it, or what writes its rows.

use axum::extract::{OriginalUri, State};
use parlor_chat::audit::{self, AuditFilter, AuditRow};
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{PersonKind, RowId, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::member::Member;
use crate::app::Ctx;
use crate::request::bare_list::BareList;
use crate::request::extract::Query;
use crate::request::problem::Problem;

/// Which rows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditQuery {
    action: Option<String>,
    user_id: Option<NamedUser>,
    from: Option<Time>,
    to: Option<Time>,
    after: Option<RowId>,
    limit: Option<i64>,
}

/// The rows of the log, newest first.
pub(super) async fn list(
    State(app): State<Ctx>,
    Member(caller): Member,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<AuditQuery>,
) -> Result<BareList<Value>, Problem> {
    let tenant = caller.tenant;
    let run = app.db.read(&caller, move |tx, actor| {
        let user = query.user_id.as_ref().map(|user| users::named_one(tx, actor, user)).transpose()?;
        let filter = AuditFilter {
            action: query.action.clone(),
            actor_id: user,
            from: query.from,
            to: query.to,
            after: query.after,
            limit: query.limit,
            ..AuditFilter::default()
        };
        audit::list(tx, actor, &filter)
    });
    Ok(BareList::of(run.await?.map(|row| shown(tenant, row)), &asked))
}

fn shown(tenant: parlor_chat::TenantId, row: AuditRow) -> Value {
    json!({
        "id": row.id,
        "tenantId": tenant,
        "userId": row.actor_id.filter(|_| row.actor_kind != PersonKind::System),
        "action": row.action,
        "entityType": row.entity_type,
        "entityId": row.entity_id,
        "details": row.details,
        "ipAddress": row.ip,
        "createdAt": row.at,
    })
}
