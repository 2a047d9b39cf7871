//! Owns: what a signed-in person needs to subscribe: the hub's address, a token, its cookie and the topics.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LINK, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use parlor_chat::{Error, Time, events, tenants};
use parlor_realtime::protocol::mercure::parlor_topics::{CONVERSATION_TEMPLATE, Topic};
use parlor_realtime::protocol::mercure::wire;
use serde::Serialize;
use utoipa::ToSchema;

use super::hub::address;
use crate::app::{App, Ctx};
use crate::auth::mercure::PersonToken;
use crate::request::caller::{Caller, is_secure};
use crate::request::extract::Json;
use crate::request::problem::Problem;

/// How to subscribe to one's own updates.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hub {
    /// The hub's address.
    url: String,
    /// To be sent where the cookie is not.
    token: Option<String>,
    /// When the token ends.
    expires_at: Option<Time>,
    /// To subscribe from, so that nothing is missed that happens meanwhile.
    last_event_id: String,
    topics: Topics,
}

/// One's own topics.
#[derive(Serialize, ToSchema)]
pub(crate) struct Topics {
    /// Everything that one may see.
    inbox: String,
    /// New messages of others, muted conversations excepted.
    notifications: String,
    /// Of a conversation; put its id in.
    conversation: &'static str,
}

impl Topics {
    fn of(caller: &Caller) -> Self {
        Self {
            inbox: Topic::Inbox(caller.id()).to_string(),
            notifications: Topic::Notifications(caller.id()).to_string(),
            conversation: CONVERSATION_TEMPLATE,
        }
    }
}

/// What a person gets to subscribe with.
pub(crate) struct Granted {
    /// The hub's address.
    pub url: String,
    /// The token, and when it ends.
    pub token: Option<(String, Time)>,
    /// `Link` and `Set-Cookie`, for any answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// The hub, a token and the topics of the caller; the token also comes as a cookie of the hub
#[utoipa::path(get, path = "/mercure", tag = "events", operation_id = "mercure",
    responses((status = 200, body = Hub)))]
pub(crate) async fn get(
    State(app): State<Ctx>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = caller.tenant;
    let position = app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
    let granted = grant(&app, &caller, &headers).await?;
    let (token, expires_at) = granted.token.unzip();
    let last = wire::id(position.epoch, position.seq);
    let link = format!("<{}>; rel=\"mercure\"; last-event-id=\"{last}\"", granted.url);
    let hub = Hub { url: granted.url, token, expires_at, last_event_id: last, topics: Topics::of(&caller) };
    let mut answer = Json(hub).into_response();
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    granted.headers.into_iter().for_each(|(name, value)| {
        answer.headers_mut().append(name, value);
    });
    if let Ok(link) = HeaderValue::from_str(&link) {
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}

/// Makes a token for the caller and the headers that lead a browser to the hub and let it in.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn grant(app: &App, caller: &Caller, request: &HeaderMap) -> Result<Granted, Error> {
    let id = caller.tenant;
    let tenant = app.db.read_plain(move |tx| tenants::by_id(tx, id)).await?;
    let topics = Topics::of(caller);
    let mut known = vec![topics.inbox, topics.notifications];
    let external = app.config.mercure.external();
    if external.is_some() {
        known.extend(recent(app, caller).await?);
    }
    let person = PersonToken {
        actor: &caller.actor,
        tenant: &tenant.slug,
        topics: &known,
        expires: caller.expires,
        root: caller.root,
        tag: caller.tag,
    };
    let made = match external {
        Some(_) => app.auth.mercure_external_token(&person),
        None => app.auth.mercure_token(&person),
    };
    let url = match (app.config.mercure.public_url(), external) {
        (Some(url), _) => url.to_owned(),
        (None, Some(url)) => url.to_owned(),
        (None, None) => address(app, request),
    };
    let mut headers = Vec::new();
    if let Ok(link) = HeaderValue::from_str(&format!("<{url}>; rel=\"mercure\"")) {
        headers.push((LINK, link));
    }
    if let Some((token, expires)) = &made
        && let Ok(cookie) = HeaderValue::from_str(&cookie(app, request, token, *expires))
    {
        headers.push((SET_COOKIE, cookie));
    }
    Ok(Granted { url, token: made, headers })
}

/// Another hub knows topics only: the newest conversations of the person by name. The inbox has all of them.
async fn recent(app: &App, caller: &Caller) -> Result<Vec<String>, Error> {
    const MOST: usize = 20;
    let actor = caller.actor.clone();
    let found = app
        .db
        .read_plain(move |tx| {
            let mine = parlor_chat::access::access(tx, &actor)?;
            let mut ids: Vec<_> = mine.conversations.into_iter().collect();
            ids.sort_unstable();
            Ok(ids)
        })
        .await?;
    Ok(found.iter().rev().take(MOST).map(|id| Topic::Conversation(*id).to_string()).collect())
}

fn cookie(app: &App, request: &HeaderMap, token: &str, expires: Time) -> String {
    let options = &app.config.mercure;
    let left = (expires.micros() - app.clock.now().micros()) / 1_000_000;
    let domain =
        options.cookie_domain.as_ref().map(|domain| format!("; Domain={domain}")).unwrap_or_default();
    let secure = if is_secure(request, app) { "; Secure" } else { "" };
    format!(
        "{}={token}; Path=/.well-known/mercure; HttpOnly; SameSite=Strict; Max-Age={left}{domain}{secure}",
        options.cookie
    )
}
