//! Owns: `GET /ws`: the native protocol over WebSocket.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use parlor_realtime::protocol::native::{self, Incoming};
use parlor_realtime::{Close, EncodedEvent};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use utoipa::IntoParams;

use super::dialect::Dialect;
use super::subscriber::{Opened, Stage, advance, begin_anew, open, time_left, token_ended};
use super::websocket::{self, Socket, Upgrade};
use crate::app::Ctx;
use crate::metrics::Protocol;
use crate::request::caller::{Caller, StreamCaller, check_origin};
use crate::request::extract::Query;
use crate::request::problem::Problem;

const PING: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(60);
/// Nobody sends us more than a pong.
const MAX_FRAME: usize = 4096;
/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConnectQuery {
    /// The cursor; without it from now on.
    cursor: Option<String>,
}

/// Events as they happen, over WebSocket
#[utoipa::path(get, path = "/ws", tag = "events", operation_id = "connect", params(ConnectQuery),
    responses((status = 101, description = "docs/protocols/native.md tells the frames")))]
pub(super) async fn connect(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    headers: HeaderMap,
    Query(query): Query<ConnectQuery>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    check_origin(&caller, &headers, &app)?;
    answer_in(app, caller, query, upgrade, Dialect::Native).await
}

/// The same in the words of a dialect. The caller has seen to it that no foreign page connects.
pub(crate) async fn answer_in(
    app: Ctx,
    caller: Caller,
    query: ConnectQuery,
    upgrade: Upgrade,
    dialect: Dialect,
) -> Result<Response, Problem> {
    let protocol = match dialect {
        Dialect::Native => Protocol::Native,
        Dialect::Chat => Protocol::Chat,
    };
    let opened = open(&app, &caller, query.cursor.as_deref(), protocol).await?;
    Ok(upgrade.accepting(MAX_FRAME).then(move |socket| async move {
        Box::pin(Connection { app, caller, opened, dialect, socket }.run()).await;
    }))
}

/// Why a connection ends: a close code and a reason, or nothing to say because the other side is gone.
type End = Option<(u16, &'static str)>;

struct Connection {
    app: Ctx,
    caller: Caller,
    opened: Opened,
    dialect: Dialect,
    socket: Socket,
}

impl Connection {
    async fn run(mut self) {
        let end = match self.replay().await {
            Ok(()) => self.live().await,
            Err(end) => end,
        };
        // The person is gone from here on, not only once the other side has heard it.
        let Self { mut socket, opened, .. } = self;
        drop(opened);
        if end.is_some() {
            let _ = timeout(Duration::from_secs(5), socket.close(end)).await;
        }
    }

    /// `ready`, then everything that the client missed. What cannot be told is answered like a cursor that does not
    /// serve: closing would bring the client back with the same cursor.
    async fn replay(&mut self) -> Result<(), End> {
        self.ready().await?;
        loop {
            let step = advance(&self.app, &self.caller, &mut self.opened).await;
            let (events, stage) = step.map_err(|error| Some(self.failed(&error)))?;
            for event in events {
                self.feed(self.dialect.frame(&EncodedEvent::new(event))).await?;
            }
            self.flush().await?;
            match stage {
                Stage::Reading => {}
                Stage::Live => return Ok(()),
                // Once is enough: at the head of the log nothing is missed.
                Stage::Reset if self.opened.reset => return Err(Some(native::close(Close::Resync))),
                Stage::Reset => {
                    let anew = begin_anew(&self.app, &self.caller, &self.opened).await;
                    self.opened = anew.map_err(|error| Some(self.failed(&error)))?;
                    self.ready().await?;
                }
                Stage::Stopping => return Err(Some(native::close(Close::Restart))),
            }
        }
    }

    async fn ready(&mut self) -> Result<(), End> {
        let cursor = format!("{}.{}", self.opened.at, self.opened.tail);
        self.say(self.dialect.ready(&cursor, self.opened.reset)).await
    }

    fn failed(&self, error: &parlor_chat::Error) -> (u16, &'static str) {
        match error {
            parlor_chat::Error::Unauthorized { .. } => native::close(Close::Unauthorized),
            _ => {
                tracing::warn!(%error, "a connection could not be brought up to date");
                native::close(Close::Resync)
            }
        }
    }

    async fn live(&mut self) -> End {
        let left = time_left(&self.app, &self.caller);
        let ended = token_ended(left);
        tokio::pin!(ended);
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let step = tokio::select! {
                happened = self.opened.session.next() => match happened {
                    Ok(published) => self.forward(&published).await,
                    Err(why) => {
                        self.opened.ended(&self.app, why);
                        Err(Some(native::close(why)))
                    }
                },
                frame = self.socket.next() => {
                    heard = Instant::now();
                    self.receive(frame).await
                }
                _ = pings.tick() => match heard.elapsed() > SILENCE {
                    true => Err(Some(native::SILENT)),
                    false => self.ping().await,
                },
                () = &mut ended => Err(Some(native::close(Close::Unauthorized))),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Several events leave in one write.
    async fn forward(&mut self, events: &[std::sync::Arc<EncodedEvent>]) -> Result<(), End> {
        let write_timeout = Duration::from_secs(self.app.config.client_write_timeout);
        let written = timeout(write_timeout, async {
            for published in events {
                self.feed(self.dialect.frame(published)).await?;
            }
            self.flush().await
        });
        // A client that does not read is cut without a close frame.
        written.await.map_err(|_| None)??;
        self.opened.delivered(&self.app, events);
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), End> {
        let position = self.opened.session.position();
        let moved = (position > self.opened.at).then(|| format!("{position}.{}", self.opened.tail));
        self.opened.at = position;
        self.say(self.dialect.ping(moved.as_deref())).await
    }

    async fn receive(&mut self, frame: Option<websocket::Incoming>) -> Result<(), End> {
        let text = match frame {
            None => return Err(None),
            Some(websocket::Incoming::Control) => return Ok(()),
            Some(websocket::Incoming::Binary(_)) => return Err(Some(native::MALFORMED)),
            Some(websocket::Incoming::Text(text)) => text,
        };
        match self.dialect.incoming(&text) {
            Incoming::Ping => self.say(self.dialect.pong()).await,
            Incoming::Pong | Incoming::Unknown => Ok(()),
            Incoming::Malformed => Err(Some(native::MALFORMED)),
            incoming => {
                self.opened.sign(&self.app, &self.caller, incoming).await;
                Ok(())
            }
        }
    }

    async fn feed(&mut self, frame: &Bytes) -> Result<(), End> {
        if frame.is_empty() {
            return Ok(());
        }
        self.socket.feed(frame.clone()).await.map_err(|_| None)
    }

    async fn flush(&mut self) -> Result<(), End> {
        self.socket.flush().await.map_err(|_| None)
    }

    async fn say(&mut self, frame: impl Into<Bytes>) -> Result<(), End> {
        self.socket.say(frame).await.map_err(|_| None)
    }
}
