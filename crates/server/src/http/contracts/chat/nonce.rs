//! Owns: `/ws/chat`, and the nonces with which a page connects without showing its token in an address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_chat::nonces::{self, Nonce};
use parlor_chat::{Actor, Error, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Ctx};
use crate::auth::cache::AuthMethod;
use crate::auth::require_root;
use crate::auth::token::{digest, new_session_token};
use crate::auth::{Credential, load_actor};
use crate::request::Answer;
use crate::request::caller::{Caller, StreamCaller, check_origin, client_ip, session_cookie};
use crate::request::extract::{Json, Query};
use crate::request::problem::Problem;
use crate::transport::websocket::Upgrade;
use crate::transport::{Dialect, ws};

/// How long a nonce waits.
const WAITS_SECONDS: i64 = 60;

/// A nonce.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatNonce)]
pub(super) struct Made {
    nonce: String,
    /// Seconds since 1970.
    expires_at: i64,
}

/// A secret that opens one connection for the caller's session
#[utoipa::path(post, path = "/chat/ws-nonce", tag = "chat contract", operation_id = "chat_make_nonce", responses((status = 200, body = Made)))]
pub(crate) async fn make(State(app): State<Ctx>, caller: Caller) -> Answer<Made> {
    let secret = new_session_token();
    let hash = digest(&secret);
    let until = app.clock.now().plus_seconds(WAITS_SECONDS);
    let nonce = Nonce {
        tenant: caller.tenant,
        kind: caller.person.kind,
        person: caller.id(),
        tag: caller.tag.cast_signed(),
        token_expires_at: caller.expires,
        derived_from: Some(caller.root),
    };
    app.db.write(&caller, move |tx, _| nonces::begin(tx, &hash, &nonce, until)).await?;
    Ok(Json(Made { nonce: secret, expires_at: until.micros() / 1_000_000 }))
}

/// How somebody connects.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NonceQuery {
    /// What `/chat/ws-nonce` answered.
    nonce: Option<String>,
}

/// Whoever connects: by a nonce, else as everywhere.
pub(super) struct Connecting(Caller);

impl FromRequestParts<Ctx> for Connecting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let query = axum::extract::Query::<NonceQuery>::try_from_uri(&parts.uri).ok();
        let nonce = query.and_then(|query| query.0.nonce).filter(|nonce| !nonce.is_empty());
        let Some(nonce) = nonce else {
            let StreamCaller(caller) = StreamCaller::from_request_parts(parts, app).await?;
            check_origin(&caller, &parts.headers, app)?;
            return Ok(Self(caller));
        };
        let caller = by_nonce(app, &nonce, client_ip(parts, app)).await?;
        same_person(app, &caller, &parts.headers).await?;
        Ok(Self(caller))
    }
}

async fn by_nonce(app: &Ctx, nonce: &str, ip: Option<IpAddr>) -> Result<Caller, Problem> {
    let hash = digest(nonce);
    let over = || Problem::unauthorized("this nonce is not known, was used, or is over");
    let found = app.db.write_plain(0, move |tx| nonces::take(tx, &hash)).await?.ok_or_else(over)?;
    let root = found.derived_from.ok_or_else(over)?;
    let process = app.auth.process_keys();
    let (tag, expires): (u64, Option<Time>) = (found.tag.cast_unsigned(), found.token_expires_at);
    let actor: Actor = app
        .db
        .read_plain(move |tx| {
            require_root(tx, found.tenant, &root, &process)?;
            let tenant = parlor_chat::tenants::by_id(tx, found.tenant)?;
            load_actor(tx, &tenant, found.kind, found.person)
        })
        .await?;
    let actor = Actor { ip: ip.map(|ip| ip.to_string()), ..actor };
    Ok(Caller { actor: Arc::new(actor), means: AuthMethod::HostToken, expires, tag, root })
}

/// A browser that is signed in as somebody else must not connect as the nonce's owner.
async fn same_person(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(cookie) = session_cookie(headers) else { return Ok(()) };
    match app.auth.authenticate(&Credential::Session(cookie)).await {
        Ok(known) if known.actor.id() == caller.id() && known.actor.tenant == caller.tenant => Ok(()),
        Ok(_) => Err(Problem::forbidden("nonce", "this nonce was made for another session")),
        Err(Error::Unauthorized { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Events as they happen, over a WebSocket
#[utoipa::path(get, path = "/ws/chat", tag = "chat contract", operation_id = "chat_connect", params(NonceQuery, ws::ConnectQuery),
    responses((status = 101, description = "docs/contracts/chat.md tells the frames")))]
pub(crate) async fn connect(
    State(app): State<Ctx>,
    Connecting(caller): Connecting,
    Query(query): Query<ws::ConnectQuery>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    ws::answer_in(app, caller, query, upgrade, Dialect::Chat).await
}
