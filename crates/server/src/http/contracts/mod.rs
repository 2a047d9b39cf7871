//! The contracts of host applications: thin surfaces that translate their own paths and field names to the core and
//! back. No rule lives here; what differs between tenants is a setting.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::Ctx;
use crate::http::contracts::crm::realtime_headers;
use crate::request::layers::{cors, uncached};

pub mod chat;
pub mod crm;
pub mod erp;
mod opens;

/// What stands under `/admin`, where every answer leads a browser to the hub.
fn admin() -> OpenApiRouter<Ctx> {
    crm::routes().merge(chat::admin_routes())
}

/// Every path of the contracts. They stand at the root, as their specifications have them.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    let admin = admin().layer(from_fn_with_state(app.clone(), realtime_headers));
    let routes = chat::routes().merge(admin).merge(erp::routes());
    routes.split_for_parts().0.layer(from_fn(uncached)).layer(cors(app))
}

/// The description of the same.
pub(crate) fn description() -> OpenApi {
    chat::routes().merge(admin()).merge(erp::routes()).split_for_parts().1
}
