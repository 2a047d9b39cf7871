//! Owns: the audit log in the words of the ERP contract. Must not know: who may read it, or what writes its rows.

use axum::extract::{OriginalUri, State};
use parlor_chat::audit::{self, AuditFilter, AuditRow};
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{PersonId, PersonKind, RowId, TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::member::Member;
use crate::app::Ctx;
use crate::request::bare_list::BareList;
use crate::request::extract::Query;
use crate::request::problem::Problem;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditQuery {
    /// Only what was done so.
    action: Option<String>,
    /// Only by this user, by Parlor's id or the host's.
    #[param(value_type = Option<String>)]
    user_id: Option<NamedUser>,
    /// Not before this.
    from: Option<Time>,
    /// Before this.
    to: Option<Time>,
    /// From the `Link` of the page before.
    after: Option<RowId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// A row of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = ErpAuditRow)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    id: RowId,
    tenant_id: TenantId,
    /// Who; none for Parlor itself.
    user_id: Option<PersonId>,
    action: String,
    entity_type: Option<String>,
    entity_id: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
    ip_address: Option<String>,
    created_at: Time,
}

/// The audit log, newest first
#[utoipa::path(get, path = "/messaging/audit", tag = "erp contract", operation_id = "erp_list_audit",
    params(("tenant" = String, Path, description = "Its slug or its id"), AuditQuery), responses((status = 200, body = Vec<Row>, description = "The next page is in the `Link` header")))]
pub(super) async fn list(
    State(app): State<Ctx>,
    Member(caller): Member,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<AuditQuery>,
) -> Result<BareList<Row>, Problem> {
    let tenant = caller.tenant;
    let run = app.db.read(&caller, move |tx, actor| {
        let user = users::named(tx, actor, query.user_id.as_slice(), "userId")?.first().copied();
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
    Ok(BareList::of(run.await?.map(|row| Row::of(tenant, row)), &asked))
}

impl Row {
    fn of(tenant_id: TenantId, row: AuditRow) -> Self {
        Self {
            id: row.id,
            tenant_id,
            user_id: row.actor_id.filter(|_| row.actor_kind != PersonKind::System),
            action: row.action,
            entity_type: row.entity_type,
            entity_id: row.entity_id,
            details: row.details,
            ip_address: row.ip,
            created_at: row.at,
        }
    }
}
