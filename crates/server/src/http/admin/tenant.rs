//! Owns: the tenant's own name over HTTP.

use axum::extract::State;
use parlor_chat::tenants::{self, Tenant};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::Json;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(change))
}

/// What of the tenant is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    /// 1 to 120 characters.
    name: String,
}

/// Rename the tenant; needs `manage_settings`
#[utoipa::path(patch, path = "/tenant", tag = "settings", operation_id = "change_tenant",
    responses((status = 200, body = Tenant)))]
async fn change(State(app): State<Ctx>, caller: Caller, Json(input): Json<TenantChange>) -> Answer<Tenant> {
    Ok(Json(app.db.write(&caller, move |tx, actor| tenants::rename(tx, actor, &input.name)).await?))
}
