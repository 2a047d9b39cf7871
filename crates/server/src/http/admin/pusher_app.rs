//! Owns: the tenant's application of the Pusher protocol over HTTP.

use axum::extract::State;
use parlor_chat::pusher_apps;
use parlor_chat::{Actor, Right, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::adapters::outbound;
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::Json;
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// An application of the Pusher protocol.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherApp)]
struct Shown {
    /// In the addresses of the HTTP API.
    id: String,
    /// In the address of connections.
    key: String,
    /// Signs, and vouches for anybody: shown to who has every right.
    secret: Option<String>,
    /// What it may do. `encryption_master_key` and the values of `webhooks.headers` are shown like the secret.
    options: pusher_apps::Options,
    created_at: Time,
}

impl Shown {
    fn to(actor: &Actor, app: pusher_apps::App) -> Self {
        let pusher_apps::App { id, key, secret, options, created_at, .. } = app;
        if !pusher_apps::may_know_secret(actor) {
            return Self { id, key, secret: None, options: options.without_secrets(), created_at };
        }
        Self { id, key, secret: Some(secret), options, created_at }
    }
}

/// What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PusherAppChange)]
struct Change {
    /// 1 to 100 letters, digits, - and _; unique on this installation.
    id: Option<String>,
    /// Unique on this installation.
    key: Option<String>,
    /// At least 8 characters.
    secret: Option<String>,
    /// Replaces all options; those absent in it get their defaults. Who may not know `encryption_master_key` keeps it, and keeps headers of webhooks by giving them empty.
    options: Option<pusher_apps::Options>,
}

/// The tenant's application of the Pusher protocol; needs `manage_settings`
#[utoipa::path(get, path = "/app", tag = "settings", operation_id = "get_app", responses((status = 200, body = Shown)))]
async fn show(State(app): State<Ctx>, caller: Caller) -> Answer<Shown> {
    Ok(Json(Shown::to(&caller, app.db.read(&caller, pusher_apps::get).await?)))
}

/// Change the application; needs `manage_settings`
#[utoipa::path(put, path = "/app", tag = "settings", operation_id = "change_app", responses((status = 200, body = Shown)))]
async fn change(State(app): State<Ctx>, caller: Caller, Json(input): Json<Change>) -> Answer<Shown> {
    let hooks = input.options.as_ref().map(|options| options.webhooks.as_slice()).unwrap_or_default();
    if !app.config.private_fetches && hooks.iter().any(|hook| outbound::names_private(&hook.url)) {
        app.db.read(&caller, |_, actor| actor.require(Right::ManageSettings, "app.update")).await?;
        return Err(Problem::invalid("webhooks", "private", outbound::PRIVATE));
    }
    let change =
        pusher_apps::Change { id: input.id, key: input.key, secret: input.secret, options: input.options };
    let changed = app.db.write(&caller, move |tx, actor| pusher_apps::update(tx, actor, &change)).await?;
    app.caches.pusher_apps.forget(caller.tenant);
    Ok(Json(Shown::to(&caller, changed)))
}
