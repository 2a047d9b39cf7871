//! Owns: whoever comes to the main namespace before it is known who it is. Must not know: what may be said there.

use std::sync::Arc;

use axum::extract::Query;
use axum::http::request::Parts;
use parlor_chat::Error;
use parlor_realtime::protocol::socketio::MAIN;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app::Ctx;
use crate::auth::Credential;
use crate::connections::{self, Connected};
use crate::request::caller::{client_ip, may_use_cookie, stream_credential};
use crate::transport::socketio::client::Person;
use crate::transport::socketio::dialect::Dialect;
use crate::transport::socketio::handshake::{Entry, Place};
use crate::transport::socketio::namespaces::{Client, Socket};

/// Somebody who has opened a session.
pub(crate) struct Visitor {
    pub(crate) app: Ctx,
    pub(crate) shown: Option<Credential>,
    pub(crate) place: Place,
    pub(crate) connected: Arc<Connected>,
}

#[derive(Deserialize)]
pub(crate) struct TokenQuery {
    pub(crate) token: Option<String>,
}

impl Visitor {
    /// # Errors
    /// `Later` when as many are open from there as there may be.
    pub(crate) fn new(app: &Ctx, parts: &Parts, dialect: Dialect) -> Result<Self, Error> {
        let token = Query::<TokenQuery>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.token);
        let shown = token.filter(|token| !token.is_empty()).map(Credential::Bearer);
        let shown = shown.or_else(|| stream_credential(parts)).filter(|shown| {
            // A page of another site must not connect with our user's cookie.
            !matches!(shown, Credential::Session(_)) || may_use_cookie(&parts.headers, app)
        });
        let tenant = match dialect {
            Dialect::Native => "",
            Dialect::Erp => parts.uri.path().split('/').nth(3).unwrap_or_default(),
        };
        let place = Place { dialect, tenant: tenant.to_owned(), ip: client_ip(parts, app) };
        let connected = app.connections.enter(place.ip, connections::Visitor::Stranger(None))?;
        Ok(Self { app: app.clone(), shown, place, connected })
    }
}

impl Client for Visitor {
    fn join(&mut self, namespace: &str, auth: Map<String, Value>) -> Option<Box<dyn Socket>> {
        if namespace != MAIN {
            return None;
        }
        let text = |name: &str| auth.get(name).and_then(Value::as_str).map(str::to_owned);
        let token = text("token").or_else(|| bearer(&auth));
        let token = token.filter(|token| !token.is_empty()).map(Credential::Bearer);
        let entry = Entry {
            app: self.app.clone(),
            shown: token.or_else(|| self.shown.clone()),
            place: self.place.clone(),
            connected: self.connected.clone(),
            pid: text("pid"),
            offset: text("offset"),
        };
        Some(Box::new(Person::new(entry)))
    }
}

/// Laravel Echo sends the headers of its option `auth`.
fn bearer(auth: &Map<String, Value>) -> Option<String> {
    let headers = auth.get("headers")?.as_object()?;
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let (scheme, token) = value.as_str()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}
