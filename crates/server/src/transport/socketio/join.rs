//! Owns: how a client becomes a person in the main namespace: what it shows, and what it missed while it was away.
//! Must not know: transports, or what people say.
//!
//! A client that lost its connection shows its `pid` and the offset of the last event that it got. The `pid` is the
//! socket's name and a cursor (docs/decisions/0003-cursor.md), so any node can check it, and what was missed comes
//! from the log.

use std::net::IpAddr;

use axum::extract::Query;
use axum::http::request::Parts;
use parlor_chat::events::{self, Event, Position};
use parlor_chat::{Error, cursor};
use parlor_realtime::protocol::socketio::MAIN;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::engine::new_sid;
use super::namespaces::{Client, Socket};
use super::person::Person;
use crate::app::Ctx;
use crate::auth::Credential;
use crate::http::caller::{Caller, client_ip, credential, may_use_cookie};
use crate::http::problem::Problem;
use crate::transport::{Opened, Stage, advance, opened};

/// Whoever is further behind in the tenant's log starts anew: reading it all would take too long.
const FURTHEST_BEHIND: i64 = 10_000;
const SID_LENGTH: usize = 20;

/// Somebody who has opened a session.
pub(super) struct Visitor {
    app: Ctx,
    shown: Option<Credential>,
    ip: Option<IpAddr>,
}

#[derive(Deserialize)]
struct TokenQuery {
    token: Option<String>,
}

impl Visitor {
    pub(super) fn new(app: &Ctx, parts: &Parts) -> Self {
        let token = Query::<TokenQuery>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.token);
        let shown = token.filter(|token| !token.is_empty()).map(Credential::Bearer);
        let shown = shown.or_else(|| credential(parts)).filter(|shown| {
            // A page of another site must not connect with our user's cookie.
            !matches!(shown, Credential::Session(_)) || may_use_cookie(&parts.headers, app)
        });
        Self { app: app.clone(), shown, ip: client_ip(parts, app) }
    }
}

impl Client for Visitor {
    fn join(&mut self, namespace: &str, auth: Map<String, Value>) -> Option<Box<dyn Socket>> {
        if namespace != MAIN {
            return None;
        }
        let text = |name: &str| auth.get(name).and_then(Value::as_str).map(str::to_owned);
        let token = text("token").filter(|token| !token.is_empty()).map(Credential::Bearer);
        let entry = Entry {
            app: self.app.clone(),
            shown: token.or_else(|| self.shown.clone()),
            ip: self.ip,
            pid: text("pid"),
            offset: text("offset"),
        };
        Some(Box::new(Person::new(entry)))
    }
}

/// What somebody wants in with.
pub(super) struct Entry {
    pub(super) app: Ctx,
    pub(super) shown: Option<Credential>,
    pub(super) ip: Option<IpAddr>,
    pid: Option<String>,
    offset: Option<String>,
}

/// Somebody who is in.
pub(super) struct Entered {
    pub(super) credential: Credential,
    pub(super) caller: Caller,
    pub(super) opened: Opened,
    pub(super) sid: String,
    pub(super) pid: String,
    /// The beginning of what was missed.
    pub(super) missed: Vec<Event>,
    pub(super) stage: Stage,
}

impl Entry {
    /// Finds out who it is and where it stands.
    pub(super) async fn enter(self) -> Result<Entered, Problem> {
        let credential = self.shown.clone();
        let credential =
            credential.ok_or_else(|| Problem::unauthorized("no token and no session was sent"))?;
        let caller = Caller::find(&self.app, &credential, self.ip).await?;
        let tenant = caller.tenant;
        let position = self.app.read_plain(move |tx| events::position(tx, tenant)).await?;
        if let Some((sid, at)) = self.wanted(&caller, position)
            && let Some((opened, missed, stage)) = self.recover(&caller, position, at).await?
        {
            let pid = self.pid.unwrap_or_default();
            return Ok(Entered { credential, caller, opened, sid, pid, missed, stage });
        }
        let mut opened = opened(&self.app, &caller, position, None, false);
        // Whoever lost the right to come in since the token was checked is found out here.
        let (missed, stage) = advance(&self.app, &caller, &mut opened).await?;
        let sid = new_sid();
        let pid = format!("{sid}.{}.{}", opened.at, opened.tail);
        Ok(Entered { credential, caller, opened, sid, pid, missed, stage })
    }

    /// The name and the place of a socket that can be there again.
    fn wanted(&self, caller: &Caller, position: Position) -> Option<(String, i64)> {
        let (sid, cursor) = self.pid.as_deref()?.split_once('.')?;
        let (start, epoch) = cursor::parse(cursor, caller.tenant, caller.id(), &self.app.cursor_key)?;
        let at = match &self.offset {
            Some(offset) => offset.parse::<i64>().ok()?,
            None => start,
        };
        let fits = sid.len() == SID_LENGTH
            && epoch == position.epoch
            && (position.floor..=position.seq).contains(&at)
            && position.seq - at <= FURTHEST_BEHIND;
        fits.then(|| (sid.to_owned(), at))
    }

    /// Reads up to the first event that was missed; `None` when it is too old.
    async fn recover(
        &self,
        caller: &Caller,
        position: Position,
        at: i64,
    ) -> Result<Option<(Opened, Vec<Event>, Stage)>, Error> {
        let mut opened = opened(&self.app, caller, position, Some(at), false);
        loop {
            let (missed, stage) = advance(&self.app, caller, &mut opened).await?;
            match (missed.first(), stage) {
                (_, Stage::Reset) => return Ok(None),
                (None, Stage::Reading) => {}
                (None, Stage::Live) => return Ok(Some((opened, missed, stage))),
                (Some(first), _) => {
                    let since = self.app.clock.now().plus_seconds(-self.app.config.socketio.recovery);
                    return Ok((first.at >= since).then_some((opened, missed, stage)));
                }
            }
        }
    }
}
