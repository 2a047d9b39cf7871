//! Owns: telling a supervisor whether the process lives and can serve.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use parlor_chat::{Time, backlog, tenants};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::adapters::outbound;
use crate::app::{App, Ctx};
use crate::metrics::Now;
use crate::request::problem::Problem;
use crate::services::storage::takes_more;

/// `/healthz`: the process answers. `/readyz`: the database answers too, the disks take more, and the server is not
/// stopping. `/metrics`: numbers for Prometheus.
pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether somebody may read the numbers: by the token, or without one from a private network and not through a proxy,
/// behind which anybody could be.
fn reads_metrics(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(wanted) = app.config.metrics_token.as_deref().filter(|token| !token.is_empty()) else {
        let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| headers.contains_key(*name));
        if outbound::is_public(peer.ip()) || forwarded {
            let text =
                "set PARLOR_METRICS_TOKEN and send it as a bearer token, or ask from a private network";
            return Err(Problem::forbidden("metrics", text));
        }
        return Ok(());
    };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    match given.as_bytes().ct_eq(wanted.as_bytes()).into() {
        true => Ok(()),
        false => Err(Problem::unauthorized("send the token of PARLOR_METRICS_TOKEN as a bearer token")),
    }
}

async fn metrics(
    State(app): State<Ctx>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reads_metrics(&app, peer, &headers)?;
    let waits = app.db.read_plain(backlog::oldest).await?;
    let time = app.clock.now();
    let age =
        |since: Option<Time>| since.map_or(0.0, |since| (time.micros() - since.micros()).max(0) as f64 / 1e6);
    // Whoever no longer has an external hub keeps the place where its log was handed on.
    let relay = waits.relay.filter(|_| app.config.mercure.external().is_some());
    let now = Now {
        lags: [("search_index", age(waits.search)), ("webhooks", age(waits.webhooks)), ("relay", age(relay))],
        stats: app.db.engine().stats(),
        waiting: app.hub.waiting(),
        joined: app.hub.joined(),
        redis: app.cluster.state().unwrap_or(false),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], app.metrics.text(&now)).into_response())
}

async fn ready(State(app): State<Ctx>) -> (StatusCode, Json<Value>) {
    let stopping = *app.stopping.borrow();
    let database = app.db.read_plain(tenants::list).await.is_ok();
    let storage = !database || takes_more(&app).await;
    let status = match () {
        () if !database || stopping || app.db.is_damaged() => StatusCode::SERVICE_UNAVAILABLE,
        () if !storage => StatusCode::INSUFFICIENT_STORAGE,
        () => StatusCode::OK,
    };
    let connections = app.hub.joined();
    let redis = app.cluster.state();
    let storage = match storage {
        _ if app.db.is_damaged() => "damaged",
        true => "ok",
        false => "full",
    };
    let told = json!({"database": database, "storage": storage, "stopping": stopping, "connections": connections, "redis": redis});
    (status, Json(told))
}
