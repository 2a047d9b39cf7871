//! The contracts of host applications: thin surfaces that translate their own paths and field names to the core and
//! back. No rule lives here; what differs between tenants is a setting.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::app::Ctx;
use crate::http::contracts::crm::realtime_headers;
use crate::request::layers::{cors, uncached};

pub mod chat;
pub mod crm;
pub mod erp;
mod opens;

/// Every path of the contracts. They stand at the root, as their specifications have them.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    // Every answer under /admin leads a browser to the hub.
    let admin =
        crm::routes().merge(chat::admin_routes()).layer(from_fn_with_state(app.clone(), realtime_headers));
    Router::new()
        .merge(chat::routes())
        .merge(admin)
        .merge(erp::routes())
        .layer(from_fn(uncached))
        .layer(cors(app))
}
