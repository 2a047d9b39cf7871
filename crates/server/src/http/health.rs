//! Owns: telling a supervisor whether the process lives and can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use parlor_chat::tenants;
use serde_json::{Value, json};

use crate::app::Ctx;

/// `/healthz`: the process answers. `/readyz`: the database answers too and the server is not stopping.
pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

async fn ready(State(app): State<Ctx>) -> (StatusCode, Json<Value>) {
    let stopping = *app.stopping.borrow();
    let database = app.read_plain(tenants::list).await.is_ok();
    let status = if database && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let connections = app.hub.joined();
    (status, Json(json!({"database": database, "stopping": stopping, "connections": connections})))
}
