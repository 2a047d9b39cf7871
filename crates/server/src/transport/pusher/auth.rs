//! Owns: the answers that let clients join channels and sign in: `/pusher/auth` and its kind, where the clients of the
//! protocol look for them. For Parlor's channels Parlor's rules decide; for the application's own, its option.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::routing::post;
use axum::{Json, Router};
use parlor_realtime::protocol::pusher::signature::{master_key, shared_secret};
use parlor_realtime::protocol::pusher::{Kind, ParlorChannel, is_name, is_socket_id, kind};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::Ctx;
use crate::auth::pusher_apps::Application;
use crate::request::caller::{Caller, PageCaller};
use crate::request::problem::Problem;
use crate::transport::pusher::reading::reads;

pub(super) fn routes(app: &Ctx) -> Router<Ctx> {
    Router::new()
        .route("/pusher/auth", post(join))
        .route("/broadcasting/auth", post(join))
        .route("/pusher/user-auth", post(sign_in))
        .route("/broadcasting/user-auth", post(sign_in))
        .layer(cors(app))
}

/// Pages of other sites may ask with a token; never with our user's cookie.
fn cors(app: &Ctx) -> CorsLayer {
    let app = app.clone();
    let named = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        origin.to_str().is_ok_and(|origin| app.config.allows_origin(origin))
    };
    let sent_by_clients = ["x-csrf-token", "x-requested-with", "x-socket-id"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(named))
        .allow_methods([Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE].into_iter().chain(sent_by_clients).collect::<Vec<_>>())
        .max_age(std::time::Duration::from_secs(600))
}

/// What clients send, as a form or as JSON.
#[derive(Deserialize)]
struct Asked {
    socket_id: String,
    #[serde(default)]
    channel_name: String,
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Asked, Problem> {
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let asked = match is_json {
        true => crate::request::extract::parse(body)?,
        false => {
            let field = |wanted: &str| {
                let found = form_urlencoded::parse(body).find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.into_owned())
            };
            let missing = || Problem::invalid("socket_id", "required", "socket_id is missing");
            Asked {
                socket_id: field("socket_id").ok_or_else(missing)?,
                channel_name: field("channel_name").unwrap_or_default(),
            }
        }
    };
    if is_socket_id(&asked.socket_id) {
        return Ok(asked);
    }
    Err(Problem::invalid(
        "socket_id",
        "socket_id",
        "socket_id consists of two numbers with a dot between them",
    ))
}

/// Who the caller is, as others see it and as the connection must know it.
fn described(caller: &Caller, id: &str) -> Value {
    let person = &caller.person;
    json!({
        id: person.id,
        "user_info": {"name": person.name, "avatar_url": person.avatar_url, "kind": person.kind},
        "parlor": {
            "until": caller.expires.map(parlor_chat::Time::micros),
            "tag": format!("{:x}", caller.tag),
            "root": caller.root.to_string(),
        },
    })
}

async fn application(app: &Ctx, caller: &Caller) -> Result<Arc<Application>, Problem> {
    let application = app.caches.pusher_apps.of_tenant(&app.db, caller.tenant, caller.tenant_no).await?;
    match application.options().enabled {
        true => Ok(application),
        false => Err(Problem::forbidden("app_disabled", "the application is disabled")),
    }
}

/// Lets a connection join a channel.
async fn join(
    State(app): State<Ctx>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Asked { socket_id, channel_name: channel } = read(&headers, &body)?;
    if !is_name(&channel, app.config.pusher.name_length) || !kind(&channel).is_signed() {
        let text = "only private and presence channels are asked for";
        return Err(Problem::invalid("channel_name", "channel", text));
    }
    let application = admit(&app, &caller, &channel).await?;
    // Also where the protocol needs none: the connection must know what the signature rests on.
    let data = described(&caller, "user_id").to_string();
    let auth = application.signer().channel(&socket_id, &channel, Some(&data));
    let mut answer = json!({"auth": auth, "channel_data": data});
    if kind(&channel) == Kind::Encrypted {
        let key = application.options().encryption_master_key.as_deref().and_then(master_key);
        let text = "the application has no encryption_master_key";
        let key = key.ok_or_else(|| Problem::forbidden("encryption_master_key", text))?;
        answer["shared_secret"] = shared_secret(&channel, &key).into();
    }
    Ok(Json(answer))
}

/// Whether somebody who is signed in to Parlor may join a channel of the tenant's application, which is answered.
///
/// # Errors
/// Why not.
pub(crate) async fn admit(app: &Ctx, caller: &Caller, channel: &str) -> Result<Arc<Application>, Problem> {
    let application = application(app, caller).await?;
    match ParlorChannel::parse(channel) {
        Some(own) => may_join(app, caller, own).await?,
        None if !kind(channel).is_signed() || application.options().lets_clients_join(channel) => {}
        None => {
            let text = "this is a channel of the application: its own server lets people join";
            return Err(Problem::forbidden("client_auth", text));
        }
    }
    Ok(application)
}

async fn may_join(app: &Ctx, caller: &Caller, own: ParlorChannel) -> Result<(), Problem> {
    let refuse = |text: &str| Err(Problem::forbidden("channel", text));
    match own {
        ParlorChannel::Person(id) if id != caller.id() => refuse("this is another person's channel"),
        ParlorChannel::Inbox if !caller.is_staff() => refuse("only staff may join this channel"),
        ParlorChannel::Person(_) | ParlorChannel::Inbox => Ok(()),
        ParlorChannel::Conversation(id) | ParlorChannel::Viewers(id) => match reads(app, caller, id).await? {
            true => Ok(()),
            false => refuse("you do not read this conversation"),
        },
    }
}

/// Signs a connection in as the caller.
async fn sign_in(
    State(app): State<Ctx>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let asked = read(&headers, &body)?;
    let application = application(&app, &caller).await?;
    let data = described(&caller, "id").to_string();
    Ok(Json(json!({"auth": application.signer().user(&asked.socket_id, &data), "user_data": data})))
}
