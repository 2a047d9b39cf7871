//! Owns: where oneself is signed in, over HTTP.

use axum::extract::State;
use parlor_chat::credentials::tag;
use parlor_chat::page::Page;
use parlor_chat::sessions::{self, Device};
use parlor_chat::{Error, Time};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, end_others)).routes(routes!(end))
}

/// A browser or program in which one is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct Shown {
    id: String,
    /// In its own words.
    agent: Option<String>,
    /// The address it signed in from.
    ip: Option<String>,
    /// The one that asks.
    current: bool,
    created_at: Time,
    /// Told to within some minutes.
    seen_at: Option<Time>,
    expires_at: Time,
}

/// Names a session to its owner; no secret.
fn name(device: &Device) -> String {
    format!("{:016x}", tag(&device.token_hash))
}

/// Where I am signed in, newest first
#[utoipa::path(get, path = "/me/sessions", tag = "me", operation_id = "list_my_sessions",
    responses((status = 200, body = Page<Shown>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Shown>> {
    let devices = app.db.read(&caller, |tx, actor| sessions::list(tx, actor.tenant, actor.id())).await?;
    let shown = |device: Device| Shown {
        id: name(&device),
        current: tag(&device.token_hash) == caller.tag,
        agent: device.agent,
        ip: device.ip,
        created_at: device.created_at,
        seen_at: device.seen_at,
        expires_at: device.expires_at,
    };
    Ok(Json(Page { items: devices.into_iter().map(shown).collect(), next: None }))
}

/// Sign out one of my devices
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "me", operation_id = "end_my_session",
    params(("id" = String, Path)), responses((status = 204)))]
async fn end(State(app): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Result<Done, Problem> {
    let ended = app.db.write(&caller, move |tx, actor| {
        let devices = sessions::list(tx, actor.tenant, actor.id())?;
        let device = devices.into_iter().find(|device| name(device) == id);
        let device = device.ok_or(Error::NotFound { what: "session" })?;
        sessions::end(tx, &device.token_hash)
    });
    ended.await?;
    Ok(Done)
}

/// Sign out all my other devices
#[utoipa::path(delete, path = "/me/sessions", tag = "me", operation_id = "end_my_other_sessions",
    responses((status = 204)))]
async fn end_others(State(app): State<Ctx>, caller: Caller) -> Result<Done, Problem> {
    let mine = caller.tag;
    let ended = app.db.write(&caller, move |tx, actor| {
        let devices = sessions::list(tx, actor.tenant, actor.id())?;
        let mine = devices.iter().find(|device| tag(&device.token_hash) == mine);
        let kept = mine.map_or([0; 32], |device| device.token_hash);
        sessions::end_others(tx, actor.tenant, actor.id(), &kept)
    });
    ended.await?;
    Ok(Done)
}
