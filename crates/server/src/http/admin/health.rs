//! Owns: what administrators see of the state of the system, over HTTP. Supervisors ask `health.rs`.

use axum::extract::State;
use parlor_chat::jobs::Totals;
use parlor_chat::{Error, Right, Time, backlog};
use parlor_db::Engine;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Ctx};
use crate::metrics::ProtocolFigures;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::Json;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(health))
}

/// The state of the node that answers, and of what it shares with others.
#[derive(Serialize, ToSchema)]
struct Health {
    version: &'static str,
    started_at: Time,
    at: Time,
    /// This node and those that it has heard of.
    nodes: usize,
    /// None without Redis.
    redis: Option<RedisState>,
    protocols: Vec<ProtocolFigures>,
    /// Events committed since the start.
    events: u64,
    /// Messages posted since the start.
    messages: u64,
    /// Events waiting in the queues of connections.
    queue_waiting: usize,
    /// Events waiting in the longest queue.
    queue_longest: usize,
    database: Database,
    jobs: Vec<Job>,
    /// Background jobs of all tenants.
    job_totals: Totals,
}

/// Whether other nodes hear of this one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RedisState {
    Connected,
    Lost,
}

/// Where everything is stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EngineName {
    Sqlite,
    Postgres,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HealthDatabase)]
struct Database {
    engine: EngineName,
    /// None where it cannot be found out.
    bytes: Option<i64>,
    /// How long an empty commit took just now.
    commit_ms: f64,
    /// How long a read took just now.
    read_ms: f64,
    /// Commits since the start.
    commits: u64,
    /// Operations in them.
    operations: u64,
    /// Reads since the start.
    reads: u64,
    /// Runs repeated after a conflict or a lost connection.
    retries: u64,
    writes_waiting: u64,
    reads_waiting: u64,
}

/// A background job.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthJob)]
struct Job {
    /// `search_index`, webhooks, relay.
    job: &'static str,
    /// How long its oldest work has waited.
    lag_seconds: f64,
}

/// The state of the system; needs `manage_settings`
#[utoipa::path(get, path = "/health", tag = "settings", operation_id = "get_health",
    responses((status = 200, body = Health)))]
async fn health(State(app): State<Ctx>, caller: Caller) -> Answer<Health> {
    app.db.read(&caller, |_, actor| actor.require(Right::ManageSettings, "health.get")).await?;
    let (events, messages) = app.metrics.committed_so_far();
    let (queue_waiting, queue_longest) = app.hub.waiting();
    let state = |connected| if connected { RedisState::Connected } else { RedisState::Lost };
    Ok(Json(Health {
        version: env!("CARGO_PKG_VERSION"),
        started_at: app.started_at,
        at: app.clock.now(),
        nodes: app.registry.nodes().len() + 1,
        redis: app.cluster.state().map(state),
        protocols: app.metrics.by_protocol(),
        events,
        messages,
        queue_waiting,
        queue_longest,
        database: database(&app, caller.tenant_no).await?,
        jobs: jobs(&app).await?,
        job_totals: app.db.read_plain(parlor_chat::jobs::totals).await?,
    }))
}

async fn database(app: &App, tenant_no: i64) -> Result<Database, Error> {
    let stats = app.db.engine().stats();
    let start = Instant::now();
    let bytes = app.db.read_plain(backlog::database_bytes).await?;
    let read_ms = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    app.db.write_plain(tenant_no, |_| Ok(())).await?;
    let commit_ms = start.elapsed().as_secs_f64() * 1e3;
    let engine = match app.db.engine().engine() {
        Engine::Sqlite => EngineName::Sqlite,
        Engine::Postgres => EngineName::Postgres,
    };
    let (commits, operations, reads, retries) = (stats.commits, stats.operations, stats.reads, stats.retries);
    let (writes_waiting, reads_waiting) = (stats.writes_waiting, stats.reads_waiting);
    Ok(Database {
        engine,
        bytes,
        commit_ms,
        read_ms,
        commits,
        operations,
        reads,
        retries,
        writes_waiting,
        reads_waiting,
    })
}

async fn jobs(app: &App) -> Result<Vec<Job>, Error> {
    let waits = app.db.read_plain(backlog::oldest).await?;
    let now = app.clock.now();
    let age =
        |since: Option<Time>| since.map_or(0.0, |since| (now.micros() - since.micros()).max(0) as f64 / 1e6);
    let mut jobs = vec![
        Job { job: "search_index", lag_seconds: age(waits.search) },
        Job { job: "webhooks", lag_seconds: age(waits.webhooks) },
    ];
    if app.config.mercure.external().is_some() {
        jobs.push(Job { job: "relay", lag_seconds: age(waits.relay) });
    }
    Ok(jobs)
}
