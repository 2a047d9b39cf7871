//! Owns: the Mercure hub at `/.well-known/mercure`: who is asking, CORS, and errors in the protocol's own form.
//! Must not know: how updates are stored or spread.

use std::borrow::Cow;

use axum::Router;
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, ETAG, HOST, ORIGIN, REFERER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parlor_chat::tenants::Tenant;
use parlor_chat::{Error, TenantId};
use parlor_realtime::protocol::mercure::{Dialect, Grants, PATH, Refused};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use crate::app::{App, Ctx};
use crate::auth::mercure::Bearer;
use crate::auth::mercure_keys::Role;
use crate::request::caller::is_secure;
use crate::request::problem::AsIs;

pub(crate) mod grant;
mod publish;
mod subscribe;
mod subscriptions;

/// The cookie of 1.0; it cannot be named otherwise.
const COOKIE_V1: &str = "__Secure-mercure_access_token";

/// Everything at the hub's address.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    let list = get(subscriptions::list);
    Router::new()
        .route(PATH, get(subscribe::subscribe).post(publish::publish))
        .route("/.well-known/mercure/subscriptions", list.clone())
        .route("/.well-known/mercure/subscriptions/{*rest}", list)
        .layer(cors(app))
}

/// Pages of named origins may come with the cookie; with `*`, others may come with a token.
fn cors(app: &Ctx) -> CorsLayer {
    let (any, named) = (app.clone(), app.clone());
    let any = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        let star = any.config.mercure.cors_origins.iter().any(|known| known == "*");
        star || origin.to_str().is_ok_and(|origin| any.config.allows_origin(origin)) || is_named(&any, origin)
    };
    let named = move |origin: &HeaderValue, _: &axum::http::request::Parts| is_named(&named, origin);
    let [last, last_v1] = ["last-event-id", "mercure-last-event-id"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(any))
        .allow_credentials(AllowCredentials::predicate(named))
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, last.clone()])
        .expose_headers([ETAG, WWW_AUTHENTICATE, last, last_v1])
        .max_age(std::time::Duration::from_secs(600))
}

fn is_named(app: &App, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    app.config.allows_named_origin(origin) || lists(&app.config.mercure.cors_origins, origin)
}

fn lists(origins: &[String], origin: &str) -> bool {
    origins.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin.trim_end_matches('/')))
}

/// A refusal in the protocol's form: a sentence, and a challenge where a token is missing or does not serve.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
    challenge: Option<&'static str>,
}

impl Refusal {
    fn malformed(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into(), challenge: None }
    }

    /// No token where one is needed.
    fn no_token() -> Self {
        let text = "Unauthorized: a token is needed here.".into();
        Self { status: StatusCode::UNAUTHORIZED, text, challenge: Some("Bearer") }
    }

    /// A token that is not believed.
    fn bad_token(detail: &str) -> Self {
        let text = format!("Unauthorized: {detail}.").into();
        Self { status: StatusCode::UNAUTHORIZED, text, challenge: Some("Bearer error=\"invalid_token\"") }
    }

    /// A token that does not allow this: 1.0 says 403, hubs before it 401.
    fn not_allowed(dialect: Dialect) -> Self {
        let status = match dialect {
            Dialect::Classic => StatusCode::UNAUTHORIZED,
            Dialect::V1 => StatusCode::FORBIDDEN,
        };
        let text = "The token does not allow this.".into();
        Self { status, text, challenge: Some("Bearer error=\"insufficient_scope\"") }
    }

    fn not_found(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::NOT_FOUND, text: text.into(), challenge: None }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Malformed(_) => StatusCode::BAD_REQUEST,
            Refused::Reserved => StatusCode::FORBIDDEN,
        };
        Self { status, text: refused.text().to_owned().into(), challenge: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        use parlor_db::Error as Db;
        match error {
            Error::Unauthorized { detail } => Self::bad_token(&detail),
            Error::Db(Db::Unavailable(_) | Db::Full(_) | Db::Serialization(_)) => {
                tracing::warn!(%error, "the hub's database");
                let text = "The database is busy, try again.".into();
                Self { status: StatusCode::SERVICE_UNAVAILABLE, text, challenge: None }
            }
            Error::Db(Db::Value(detail)) => Self::malformed(detail),
            error => {
                tracing::error!(%error, "the hub failed");
                let text = "Something went wrong on our side.".into();
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, text, challenge: None }
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let kind = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let mut response = (self.status, [kind], format!("{}\n", self.text)).into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(AsIs);
        response
    }
}

/// Whoever asks: with a token, or without one in the tenant that the address names.
struct Asker {
    tenant: Tenant,
    bearer: Option<Bearer>,
}

impl Asker {
    fn tenant_id(&self) -> TenantId {
        self.tenant.id
    }

    fn grants(&self) -> Grants {
        self.bearer.as_ref().map(|bearer| bearer.grants.clone()).unwrap_or_default()
    }
}

/// A token, and whether a browser added it by itself.
struct Shown {
    token: String,
    by_cookie: bool,
}

/// Finds out who asks. A token that is there must be good, even where none is needed.
async fn ask(
    app: &App,
    headers: &HeaderMap,
    query: &[(String, String)],
    role: Role,
) -> Result<Asker, Refusal> {
    let named = query.iter().find(|(name, _)| name == "tenant").map(|(_, slug)| slug.as_str());
    let slug = named.filter(|slug| !slug.is_empty()).unwrap_or(parlor_chat::tenants::DEFAULT_SLUG);
    let Some(shown) = shown(app, headers, query)? else {
        let keys = app.auth.mercure_keys(slug).await.map_err(|error| match error {
            Error::NotFound { .. } => Refusal::no_token(),
            error => error.into(),
        })?;
        return Ok(Asker { tenant: keys.tenant.clone(), bearer: None });
    };
    if shown.by_cookie && role == Role::Publisher && !may_publish_from(app, headers) {
        return Err(Refusal::bad_token("this page may not publish with a cookie"));
    }
    let bearer = app.auth.mercure_bearer(&shown.token, role, slug, &address(app, headers)).await?;
    Ok(Asker { tenant: bearer.tenant.clone(), bearer: Some(bearer) })
}

/// The header hides the query, which hides the cookie. 1.0 has no token in the query.
fn shown(app: &App, headers: &HeaderMap, query: &[(String, String)]) -> Result<Option<Shown>, Refusal> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = token else { return Err(Refusal::bad_token("the token is malformed")) };
        return Ok(Some(Shown { token: token.trim().to_owned(), by_cookie: false }));
    }
    let v1 = query.iter().any(|(name, _)| name.starts_with("match"));
    if let Some((_, token)) = query.iter().find(|(name, _)| name == "authorization" && !v1) {
        return Ok(Some(Shown { token: token.clone(), by_cookie: false }));
    }
    let names =
        if v1 { [COOKIE_V1, &app.config.mercure.cookie] } else { [&*app.config.mercure.cookie, COOKIE_V1] };
    let found = names.iter().find_map(|name| cookie(headers, name));
    Ok(found.map(|token| Shown { token, by_cookie: true }))
}

fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// A page of another site must not publish with the cookie of its visitor.
fn may_publish_from(app: &App, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = match (text(ORIGIN), text(REFERER)) {
        (Some(origin), _) => Some(origin.to_owned()),
        (None, Some(page)) => page.split_once("://").map(|(scheme, rest)| {
            format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or_default())
        }),
        (None, None) => None,
    };
    origin.is_some_and(|origin| {
        let own = origin.split_once("://").map(|(_, site)| site);
        lists(&app.config.mercure.publish_origins, &origin)
            || app.config.allows_named_origin(&origin)
            || own.is_some_and(|site| text(HOST).is_some_and(|host| host.eq_ignore_ascii_case(site)))
    })
}

/// The hub's own address.
fn address(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.config.public_url {
        return format!("{}{PATH}", url.trim_end_matches('/'));
    }
    let scheme = if is_secure(headers, app) { "https" } else { "http" };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{scheme}://{host}{PATH}")
}

/// The id of an update or a subscriber.
fn urn() -> String {
    format!("urn:uuid:{}", uuid::Uuid::now_v7())
}
