//! `/api/v1` for administrators: each operation asks for a right of its own.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Ctx;

mod api_keys;
mod audit;
mod health;
mod host_keys;
mod jobs;
pub(crate) mod purges;
mod pusher_app;
mod roles;
mod settings;
mod tenant;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .merge(purges::routes())
        .merge(roles::routes())
        .merge(settings::routes())
        .merge(tenant::routes())
        .merge(api_keys::routes())
        .merge(host_keys::routes())
        .merge(pusher_app::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(jobs::routes())
}
