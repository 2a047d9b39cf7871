//! Owns: telling a supervisor whether the process lives and can serve.

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use parlor_chat::tenants;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::app::Ctx;
use crate::metrics::Now;

/// `/healthz`: the process answers. `/readyz`: the database answers too and the server is not stopping. `/metrics`:
/// numbers for Prometheus.
pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn metrics(State(app): State<Ctx>, headers: HeaderMap) -> Result<Response, Problem> {
    let wanted = app.config.metrics_token.as_deref().filter(|token| !token.is_empty());
    if let Some(wanted) = wanted {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given.strip_prefix("Bearer ").unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) {
            return Err(Problem::unauthorized("send the token of PARLOR_METRICS_TOKEN as a bearer token"));
        }
    }
    let now = Now {
        stats: app.db.stats(),
        waiting: app.hub.waiting(),
        joined: app.hub.joined(),
        redis: app.cluster.state().unwrap_or(false),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], app.metrics.text(&now)).into_response())
}

async fn ready(State(app): State<Ctx>) -> (StatusCode, Json<Value>) {
    let stopping = *app.stopping.borrow();
    let database = app.read_plain(tenants::list).await.is_ok();
    let status = if database && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let connections = app.hub.joined();
    let redis = app.cluster.state();
    let told =
        json!({"database": database, "stopping": stopping, "connections": connections, "redis": redis});
    (status, Json(told))
}
