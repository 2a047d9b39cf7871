//! Owns: how a client becomes a person in the main namespace: what it shows, and what it missed while it was away.
//! Must not know: transports, or what people say.
//!
//! A client that lost its connection shows its `pid` and the offset of the last event that it got. The `pid` is the
//! socket's name and a cursor (docs/decisions/0003-cursor.md), so any node can check it, and what was missed comes
//! from the log.

use std::net::IpAddr;
use std::sync::Arc;

use parlor_chat::events::{self, Event, Position};
use parlor_chat::{Error, matrix, signing};

use crate::app::Ctx;
use crate::auth::Credential;
use crate::budgets::Spending;
use crate::connections::Connected;
use crate::http::contracts::erp::member::admit;
use crate::metrics::Protocol;
use crate::request::caller::Caller;
use crate::request::problem::Problem;
use crate::transport::socketio::dialect::Dialect;
use crate::transport::socketio::engine::new_sid;
use crate::transport::{Opened, Stage, advance, open_at};

/// Whoever is further behind in the tenant's log starts anew: reading it all would take too long.
const FURTHEST_BEHIND: i64 = 10_000;
const SID_LENGTH: usize = 20;

/// Where a client has come to, and from where.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) dialect: Dialect,
    /// What the address names as the tenant.
    pub(super) tenant: String,
    pub(super) ip: Option<IpAddr>,
}

/// A request to connect to the main namespace.
pub(super) struct Entry {
    pub(super) app: Ctx,
    pub(super) shown: Option<Credential>,
    pub(super) place: Place,
    pub(super) pid: Option<String>,
    pub(super) offset: Option<String>,
    pub(super) connected: Arc<Connected>,
}

/// A client that was let in.
pub(super) struct Entered {
    pub(super) credential: Credential,
    pub(super) caller: Caller,
    pub(super) opened: Opened,
    pub(super) sid: String,
    /// What to come back with, where clients can.
    pub(super) pid: Option<String>,
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
        let caller = self.place.admit(&self.app, &credential).await?;
        if self.place.dialect == Dialect::Erp {
            self.app.db.read(&caller, |tx, actor| matrix::require_any(tx, actor, "ws.connect")).await?;
        }
        let tenant = caller.tenant;
        self.connected.becomes(tenant, caller.id())?;
        self.app.db.spend(&caller, Spending::Sign).await?;
        let position = self.app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
        if let Some((sid, at)) = self.wanted(&caller, position)
            && let Some((opened, missed, stage)) = self.recover(&caller, position, at).await?
        {
            let pid = self.pid;
            return Ok(Entered { credential, caller, opened, sid, pid, missed, stage });
        }
        let mut opened = self.open_at(&caller, position.epoch, position.seq);
        // Whoever lost the right to come in since the token was checked is found out here.
        let (missed, stage) = advance(&self.app, &caller, &mut opened).await?;
        let sid = new_sid();
        let pid = match self.place.dialect {
            Dialect::Native => Some(format!("{sid}.{}.{}", opened.at, opened.tail)),
            Dialect::Erp => None,
        };
        Ok(Entered { credential, caller, opened, sid, pid, missed, stage })
    }

    fn open_at(&self, caller: &Caller, epoch: i64, at: i64) -> Opened {
        open_at(&self.app, caller, epoch, at, Protocol::SocketIo, self.connected.clone())
    }

    /// The name and the place of a socket that can be there again.
    fn wanted(&self, caller: &Caller, position: Position) -> Option<(String, i64)> {
        let pid = self.pid.as_deref().filter(|_| self.place.dialect == Dialect::Native);
        let (sid, cursor) = pid?.split_once('.')?;
        let (start, epoch) = signing::parse(cursor, caller.tenant, caller.id(), &self.app.cursor_key)?;
        // A client that began anew may still hold the offset of its former life.
        let at = match &self.offset {
            Some(offset) => offset.parse::<i64>().ok()?.max(start),
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
        let mut opened = self.open_at(caller, position.epoch, at);
        loop {
            let (missed, stage) = advance(&self.app, caller, &mut opened).await?;
            match (missed.first(), stage) {
                (_, Stage::Reset) => return Ok(None),
                (None, Stage::Reading) => {}
                (None, Stage::Live | Stage::Stopping) => return Ok(Some((opened, missed, stage))),
                (Some(first), _) => {
                    let since = self.app.clock.now().plus_seconds(-self.app.config.socketio.recovery);
                    return Ok((first.at >= since).then_some((opened, missed, stage)));
                }
            }
        }
    }
}

impl Place {
    /// Whoever shows the credential, if it may be here.
    pub(super) async fn admit(&self, app: &Ctx, credential: &Credential) -> Result<Caller, Problem> {
        let caller = Caller::find(app, credential, self.ip).await?;
        if self.dialect == Dialect::Erp {
            admit(app, &caller, &self.tenant).await?;
        }
        Ok(caller)
    }
}
