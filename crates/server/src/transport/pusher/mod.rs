//! The Pusher protocol, version 7 (docs/protocols/pusher.md): connections, the HTTP API of applications, the answers
//! that let clients join channels, and webhooks. The wire format is `parlor_realtime::protocol::pusher`.
//!
//! What applications publish are events of the tenant's log; what clients tell each other is ephemeral. Who is
//! on which channel is in the registry (`channel:{name}`), so counts and members hold over all nodes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::Ctx;

mod api;
pub(crate) mod auth;
pub(crate) mod connection;
pub(crate) mod ephemeral;
pub(crate) mod lists;
mod presence_events;
mod reading;
mod request_auth;
pub(crate) mod state;
pub(crate) mod subscriptions;
mod webhooks;

use crate::transport::pusher::state::Pusher;
use webhooks::WebhookOutbox;

/// Everything beside `/api/v1`.
pub(crate) fn routes(pusher: &Pusher) -> Router<Ctx> {
    let routes = Router::new()
        .route("/app/{key}", get(connection::connect))
        .route("/apps/{app}/events", post(api::publish))
        .route("/apps/{app}/batch_events", post(api::publish_batch))
        .route("/apps/{app}/channels", get(api::channels))
        .route("/apps/{app}/channels/{channel}", get(api::channel))
        .route("/apps/{app}/channels/{channel}/users", get(api::users))
        .route("/apps/{app}/users/{user}/terminate_connections", post(api::terminate))
        .with_state(pusher.clone());
    routes.merge(auth::routes(&pusher.app))
}

/// Starts the background work. It ends with the application.
pub(crate) fn start(app: &Ctx) -> Pusher {
    let webhooks = Arc::<WebhookOutbox>::default();
    tokio::spawn(presence_events::run(Arc::downgrade(app), webhooks.clone(), app.registry.changes()));
    webhooks::start(app, &webhooks);
    Pusher { app: app.clone(), webhooks }
}
