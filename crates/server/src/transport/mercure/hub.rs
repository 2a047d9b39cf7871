//! Owns: what the routes of the hub share: who asks, for which tenant, how a refusal looks, the address of the hub.
//! Must not know: what is asked.

use std::borrow::Cow;

use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERER, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use parlor_chat::tenants::Tenant;
use parlor_chat::{Error, TenantId};
use parlor_realtime::protocol::mercure::{Dialect, Grants, PATH, Refused};

use crate::app::App;
use crate::auth::mercure::Bearer;
use crate::auth::mercure_keys::Role;
use crate::connections::RETRY_SECONDS;
use crate::request::caller::is_secure;
use crate::request::problem::AsIs;

/// The cookie of 1.0; it cannot be named otherwise.
pub(crate) const COOKIE_V1: &str = "__Secure-mercure_access_token";

pub(crate) fn is_named(app: &App, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    app.config.allows_named_origin(origin) || lists(&app.config.mercure.cors_origins, origin)
}

pub(crate) fn lists(origins: &[String], origin: &str) -> bool {
    let origin = origin.trim_end_matches('/');
    origins.iter().any(|known| !known.is_empty() && known.eq_ignore_ascii_case(origin))
}

/// A refusal in the protocol's form: a sentence, and a challenge where a token is missing or does not serve.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: Cow<'static, str>,
    pub(crate) challenge: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn malformed(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into(), challenge: None }
    }

    /// No token where one is needed.
    pub(crate) fn no_token() -> Self {
        let text = "Unauthorized: a token is needed here.".into();
        Self { status: StatusCode::UNAUTHORIZED, text, challenge: Some("Bearer") }
    }

    /// A token that is not believed.
    pub(crate) fn bad_token(detail: &str) -> Self {
        let text = format!("Unauthorized: {detail}.").into();
        Self { status: StatusCode::UNAUTHORIZED, text, challenge: Some("Bearer error=\"invalid_token\"") }
    }

    /// A token that does not allow this: 1.0 says 403, hubs before it 401.
    pub(crate) fn not_allowed(dialect: Dialect) -> Self {
        let status = match dialect {
            Dialect::Classic => StatusCode::UNAUTHORIZED,
            Dialect::V1 => StatusCode::FORBIDDEN,
        };
        let text = "The token does not allow this.".into();
        Self { status, text, challenge: Some("Bearer error=\"insufficient_scope\"") }
    }

    pub(crate) fn not_found(text: impl Into<Cow<'static, str>>) -> Self {
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
            Error::Db(Db::Unavailable(_) | Db::Overloaded(_) | Db::Serialization(_)) => {
                tracing::warn!(%error, "the hub's database");
                let text = "The database is busy, try again.".into();
                Self { status: StatusCode::SERVICE_UNAVAILABLE, text, challenge: None }
            }
            Error::Db(Db::Full(_)) => {
                tracing::error!(%error, "the hub's database");
                let text = "The disk of the server is full.".into();
                Self { status: StatusCode::INSUFFICIENT_STORAGE, text, challenge: None }
            }
            Error::Db(Db::Value(detail)) => Self::malformed(detail),
            Error::Later { detail, .. } => {
                Self { status: StatusCode::TOO_MANY_REQUESTS, text: detail.into(), challenge: None }
            }
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
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response.extensions_mut().insert(AsIs);
        response
    }
}

/// Whoever asks: with a token, or without one in the tenant that the address names.
pub(crate) struct Asker {
    pub(crate) tenant: Tenant,
    pub(crate) bearer: Option<Bearer>,
}

impl Asker {
    pub(crate) fn tenant_id(&self) -> TenantId {
        self.tenant.id
    }

    pub(crate) fn grants(&self) -> Grants {
        self.bearer.as_ref().map(|bearer| bearer.grants.clone()).unwrap_or_default()
    }
}

/// A token, and whether a browser added it by itself.
pub(crate) struct Shown {
    pub(crate) token: String,
    pub(crate) by_cookie: bool,
}

/// Finds out who asks. A token that is there must be good, even where none is needed.
pub(crate) async fn ask(
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
pub(crate) fn shown(
    app: &App,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Result<Option<Shown>, Refusal> {
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

pub(crate) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// A page of another site must not publish with the cookie of its visitor.
pub(crate) fn may_publish_from(app: &App, headers: &HeaderMap) -> bool {
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
pub(crate) fn address(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = app.config.public_url() {
        return format!("{url}{PATH}");
    }
    let scheme = if is_secure(headers, app) { "https" } else { "http" };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{scheme}://{host}{PATH}")
}

/// The id of an update or a subscriber.
pub(crate) fn urn() -> String {
    format!("urn:uuid:{}", crate::clock::random_id())
}
