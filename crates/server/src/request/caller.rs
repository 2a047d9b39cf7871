//! Owns: finding out who sends a request: header, query or cookie; CSRF; the sender's address.
//! Must not know: what the caller may do.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use parlor_chat::credentials::Root;
use parlor_chat::{Actor, Error, Time};

use crate::app::{App, Ctx};
use crate::auth::Credential;
use crate::auth::cache::AuthMethod;
use crate::request::problem::Problem;

/// The name of the session cookie.
pub const COOKIE_NAME: &str = "parlor_session";
/// Must be sent with calls that change something by cookie: a foreign page cannot.
pub const CSRF_HEADER: &str = "x-parlor-csrf";

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The actor, with the address the request came from.
    pub actor: Arc<Actor>,
    /// How the caller proved who it is.
    pub means: AuthMethod,
    /// When the token ends.
    pub expires: Option<Time>,
    /// Names the token among connections.
    pub tag: u64,
    /// What the token rests on: streams and whatever is made from it end with that.
    pub root: Root,
}

impl Deref for Caller {
    type Target = Arc<Actor>;

    fn deref(&self) -> &Arc<Actor> {
        &self.actor
    }
}

impl FromRequestParts<Ctx> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let caller = Self::sent(credential(parts), parts, app).await?;
        let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if caller.means == AuthMethod::Cookie && changes && !parts.headers.contains_key(CSRF_HEADER) {
            return Err(Problem::forbidden("csrf", "send the header X-Parlor-Csrf with this call"));
        }
        Ok(caller)
    }
}

impl Caller {
    /// Who calls; whether a page of another site made the browser call is not looked at.
    async fn sent(shown: Option<Credential>, parts: &Parts, app: &App) -> Result<Self, Problem> {
        let credential = shown.ok_or_else(|| Problem::unauthorized("no token and no session was sent"))?;
        Ok(Self::find(app, &credential, client_ip(parts, app)).await?)
    }

    /// Whoever shows the credential, from this address.
    ///
    /// # Errors
    /// `Unauthorized` with the reason.
    pub async fn find(app: &App, credential: &Credential, ip: Option<IpAddr>) -> Result<Self, Error> {
        let known = app.auth.authenticate(credential).await?;
        let ip = ip.map(|ip| ip.to_string());
        let actor = match known.actor.ip == ip {
            true => known.actor,
            false => Arc::new(Actor { ip, ..Actor::clone(&known.actor) }),
        };
        Ok(Self {
            actor,
            means: known.method,
            expires: known.expires,
            tag: known.session_tag,
            root: known.root,
        })
    }

    /// What connections of this caller live by.
    #[must_use]
    pub fn lives_by(&self) -> Vec<u64> {
        vec![self.tag, self.root.tag()]
    }
}

/// Who opens a stream: browsers cannot set headers for some of them, so that the address may carry the token. Only
/// here: addresses are written into logs, and handed on.
#[derive(Clone, Debug)]
pub struct StreamCaller(pub Caller);

impl FromRequestParts<Ctx> for StreamCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        Ok(Self(Caller::sent(stream_credential(parts), parts, app).await?))
    }
}

/// A caller whose library knows no CSRF header of ours: a cookie also serves with the header such libraries send, or
/// when the browser says that the page is ours.
#[derive(Clone, Debug)]
pub struct PageCaller(pub Caller);

impl FromRequestParts<Ctx> for PageCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let caller = Caller::sent(credential(parts), parts, app).await?;
        check_origin(&caller, &parts.headers, app)?;
        let told = [CSRF_HEADER, "x-csrf-token", ORIGIN.as_str()];
        if caller.means == AuthMethod::Cookie
            && !told.iter().any(|header| parts.headers.contains_key(*header))
        {
            return Err(Problem::forbidden("csrf", "send the header X-CSRF-TOKEN with this call"));
        }
        Ok(Self(caller))
    }
}

/// The address of whoever sent the request.
#[derive(Clone, Copy, Debug)]
pub struct ClientIp(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for ClientIp
where
    Ctx: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(client_ip(parts, &Ctx::from_ref(state))))
    }
}

/// The address of whoever sent the request.
#[must_use]
pub fn client_ip(parts: &Parts, app: &App) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if !app.config.behind_proxy {
        return peer;
    }
    forwarded_for(&parts.headers).or(peer)
}

/// The last entry of the last line is the proxy's own word; those before it are the client's. Some proxies add to a line,
/// others add a line, and some name a port.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let entry = line.rsplit(',').next()?.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether the browser reached us over TLS.
#[must_use]
pub fn is_secure(headers: &HeaderMap, app: &App) -> bool {
    let told = headers.get_all("x-forwarded-proto").iter().next_back().and_then(|value| value.to_str().ok());
    let forwarded =
        told.and_then(|list| list.rsplit(',').next()).is_some_and(|scheme| scheme.trim() == "https");
    app.config.is_secure() || (app.config.behind_proxy && forwarded)
}

/// What the request shows: a header or a cookie.
fn credential(parts: &Parts) -> Option<Credential> {
    if let Some(value) = parts.headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Credential::Bearer(token.trim().to_owned()));
    }
    session_cookie(&parts.headers).map(Credential::Session)
}

/// What a request for a stream shows: a header, a query, or a cookie.
#[must_use]
pub fn stream_credential(parts: &Parts) -> Option<Credential> {
    let token = query_value(parts.uri.query().unwrap_or_default(), "access_token");
    match token.filter(|_| !parts.headers.contains_key(AUTHORIZATION)) {
        Some(token) => Some(Credential::Bearer(token)),
        None => credential(parts),
    }
}

fn query_value(query: &str, name: &str) -> Option<String> {
    // Tokens and keys consist of characters that need no escape.
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// The session's token, when a cookie carries one.
#[must_use]
pub fn session_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE_NAME && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// The `Set-Cookie` value of a session; an empty token removes it.
#[must_use]
pub fn cookie(token: &str, max_age_seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}")
}

/// A page of another site must not open a connection with our user's cookie.
///
/// # Errors
/// When the request comes by cookie from a foreign origin.
pub fn check_origin(caller: &Caller, headers: &HeaderMap, app: &App) -> Result<(), Problem> {
    if caller.means != AuthMethod::Cookie || may_use_cookie(headers, app) {
        return Ok(());
    }
    Err(Problem::forbidden("origin", "this page may not connect with a session"))
}

/// Whether the page that sends the request is one of ours, or of an origin that was named.
#[must_use]
pub fn may_use_cookie(headers: &HeaderMap, app: &App) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|value| value.to_str().ok()) else { return true };
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, site)| site.eq_ignore_ascii_case(host));
    own || app.config.allows_named_origin(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; parlor_session=abc; b=2".parse().unwrap());
        assert_eq!(session_cookie(&headers).as_deref(), Some("abc"));
        assert_eq!(session_cookie(&HeaderMap::new()), None);
    }

    #[test]
    fn the_proxys_own_word_counts() {
        let of = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| {
                headers.append("x-forwarded-for", line.parse().unwrap());
            });
            forwarded_for(&headers).map(|ip| ip.to_string())
        };
        let cases: [(&[&str], Option<&str>); 7] = [
            (&["1.1.1.1, 192.0.2.7"], Some("192.0.2.7")),
            (&["1.1.1.1", "192.0.2.7"], Some("192.0.2.7")),
            (&["192.0.2.7:4711"], Some("192.0.2.7")),
            (&["[2001:db8::1]:4711"], Some("2001:db8::1")),
            (&["[2001:db8::1]"], Some("2001:db8::1")),
            (&["1.1.1.1", "unknown"], None),
            (&[], None),
        ];
        for (lines, expected) in cases {
            assert_eq!(of(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn tokens_in_queries() {
        assert_eq!(query_value("a=1&access_token=x.y.z&b=2", "access_token").as_deref(), Some("x.y.z"));
        assert_eq!(query_value("xaccess_token=1", "access_token"), None);
        assert_eq!(query_value("access_token=", "access_token"), None);
    }

    #[test]
    fn cookies_are_out_of_scripts_reach() {
        assert_eq!(
            cookie("t", 60, true),
            "parlor_session=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
    }
}
