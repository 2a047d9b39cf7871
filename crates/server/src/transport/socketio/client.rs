//! Owns: one person in the main namespace: joining, what was missed, what happens, what it says, and its end.
//! Must not know: transports, or how packets are put together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::{BoxFuture, OptionFuture};
use parlor_chat::Error;
use parlor_realtime::protocol::engineio::Frame;
use parlor_realtime::protocol::socketio::{Event, MAIN, ack_frames};
use parlor_realtime::{Close, EncodedEvent, Loaded};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::app::Ctx;
use crate::auth::Credential;
use crate::metrics::Protocol;
use crate::request::caller::Caller;
use crate::request::problem::Problem;
use crate::transport::socketio::commands;
use crate::transport::socketio::dialect::Dialect;
use crate::transport::socketio::echo::{self, Channels, Command};
use crate::transport::socketio::handshake::{Entered, Entry, Place};
use crate::transport::socketio::namespaces::{Outgoing, Socket};
use crate::transport::{Opened, Stage, absorb, load, time_left};

/// Events of a client that may wait; then no more are read.
const MOST_EVENTS: usize = 32;

pub(super) struct Person {
    app: Ctx,
    place: Place,
    state: State,
    outgoing: VecDeque<Outgoing>,
    said: VecDeque<Event>,
    /// What the client said last is being done.
    doing: Option<BoxFuture<'static, Done>>,
}

/// What came of something that a client said.
enum Done {
    Said(Option<Outgoing>),
    /// Whether it may join a channel.
    Asked(String, Result<(), Problem>),
}

enum State {
    Joining(BoxFuture<'static, Result<Entered, Problem>>),
    /// History is being read.
    Reading(Box<Present>, BoxFuture<'static, Result<Loaded, Error>>),
    Live(Box<Present>),
    /// Nothing more is outgoing.
    Over,
}

struct Present {
    credential: Credential,
    caller: Caller,
    opened: Opened,
    /// When the token ends.
    ends: Option<Instant>,
    channels: Channels,
}

/// What ended first.
enum Happened {
    Events(Result<Vec<Arc<EncodedEvent>>, Close>),
    Done(Done),
    TokenEnded,
}

impl Person {
    pub(super) fn new(entry: Entry) -> Self {
        let (app, place) = (entry.app.clone(), entry.place.clone());
        let state = State::Joining(Box::pin(entry.enter()));
        Self { app, place, state, outgoing: VecDeque::new(), said: VecDeque::new(), doing: None }
    }

    async fn step(&mut self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.outgoing.pop_front() {
                return outgoing;
            }
            match &mut self.state {
                State::Joining(joining) => {
                    let entered = joining.await;
                    self.join(entered);
                }
                State::Reading(_, page) => {
                    let loaded = page.await;
                    self.read(loaded);
                }
                State::Live(_) => self.live().await,
                State::Over => std::future::pending().await,
            }
        }
    }

    fn join(&mut self, entered: Result<Entered, Problem>) {
        self.state = State::Over;
        match entered {
            Ok(entered) => {
                let data = match &entered.pid {
                    Some(pid) => json!({"sid": entered.sid, "pid": pid}),
                    None => json!({"sid": entered.sid}),
                };
                self.outgoing.push_back(Outgoing::Accepted(data.to_string()));
                let channels = Channels::new(&self.app, &entered.caller, &entered.sid);
                let Entered { credential, caller, opened, missed, stage, .. } = entered;
                let longest = Duration::from_secs(86_400 * 365);
                let ends = time_left(&self.app, &caller).map(|left| Instant::now() + left.min(longest));
                self.go_on(Box::new(Present { credential, caller, opened, ends, channels }), missed, stage);
            }
            // It may try again, which a refused client does not do.
            Err(problem) if problem.status().is_server_error() => self.outgoing.push_back(Outgoing::Close),
            Err(problem) => {
                let refusal = json!({"message": problem.detail(), "data": {"code": problem.code()}});
                self.outgoing.push_back(Outgoing::Refused(refusal.to_string()));
            }
        }
    }

    /// Tells a page of history, and reads the next one or is live.
    fn go_on(&mut self, present: Box<Present>, events: Vec<parlor_chat::events::Event>, stage: Stage) {
        let events: Vec<_> = events.into_iter().map(|event| Arc::new(EncodedEvent::new(event))).collect();
        let outgoing = self.tell(&present, &events);
        self.outgoing.extend(outgoing);
        self.state = match stage {
            Stage::Live => State::Live(present),
            Stage::Reset | Stage::Stopping => {
                self.outgoing.push_back(Outgoing::Close);
                State::Over
            }
            Stage::Reading => {
                let (app, actor, root) =
                    (self.app.clone(), present.caller.actor.clone(), present.caller.root);
                let (epoch, after) = (present.opened.epoch, present.opened.session.last());
                State::Reading(present, Box::pin(async move { load(&app, &actor, root, epoch, after).await }))
            }
        };
    }

    fn read(&mut self, loaded: Result<Loaded, Error>) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let State::Reading(mut present, _) = state else { return };
        match loaded {
            Ok(loaded) => {
                let (events, stage) = absorb(&self.app, &mut present.opened, loaded);
                self.go_on(present, events, stage);
            }
            Err(error) => {
                let out = matches!(error, Error::Unauthorized { .. });
                tracing::debug!(%error, "a connection could not be brought up to date");
                self.outgoing.push_back(if out { Outgoing::Out } else { Outgoing::Close });
                self.state = State::Over;
            }
        }
    }

    async fn live(&mut self) {
        let State::Live(present) = &mut self.state else { return };
        if self.doing.is_none()
            && let Some(event) = self.said.pop_front()
        {
            let asked = (self.app.clone(), self.place.clone(), present.credential.clone());
            self.doing = begin(present, asked, event);
        }
        let ends = present.ends;
        let happened = tokio::select! {
            events = present.opened.session.next() => Happened::Events(events),
            Some(done) = OptionFuture::from(self.doing.as_mut()) => Happened::Done(done),
            () = sleep_until(ends.unwrap_or_else(Instant::now)), if ends.is_some() => Happened::TokenEnded,
        };
        let outgoing = match happened {
            Happened::Events(Ok(events)) => {
                let State::Live(present) = &self.state else { return };
                self.tell(present, &events)
            }
            Happened::Done(done) => {
                self.doing = None;
                match done {
                    Done::Said(outgoing) => outgoing,
                    Done::Asked(channel, allowed) => {
                        let told = present.channels.join(channel, &allowed, &present.opened.session);
                        (!told.is_empty()).then_some(Outgoing::Send(told))
                    }
                }
            }
            Happened::Events(Err(Close::Unauthorized)) | Happened::TokenEnded => Some(Outgoing::Out),
            Happened::Events(Err(Close::Resync)) => {
                self.app.metrics.resync(Protocol::SocketIo);
                Some(Outgoing::Close)
            }
            Happened::Events(Err(Close::Restart)) => Some(Outgoing::Close),
        };
        self.outgoing.extend(outgoing);
    }

    /// Events in the words of the client.
    fn tell(&self, present: &Present, events: &[Arc<EncodedEvent>]) -> Option<Outgoing> {
        let mut frames = Vec::with_capacity(events.len());
        for event in events {
            match self.place.dialect {
                // Whoever has joined channels hears of them alone.
                Dialect::Native if !present.channels.is_empty() => {
                    frames.extend(present.channels.told(event))
                }
                Dialect::Native if event.event.publication.is_some() => {}
                Dialect::Native => frames.push(Frame::Text(event.socketio().clone())),
                Dialect::Erp => frames.extend(event.erp().iter().cloned().map(Frame::Text)),
            }
        }
        present.opened.delivered(&self.app, events);
        (!frames.is_empty()).then_some(Outgoing::Send(frames))
    }
}

impl Socket for Person {
    fn receive(&mut self, event: Event) {
        self.said.push_back(event);
    }

    fn is_busy(&self) -> bool {
        self.said.len() >= MOST_EVENTS
    }

    fn next(&mut self) -> BoxFuture<'_, Outgoing> {
        Box::pin(self.step())
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        // What it holds ends with it.
        Box::pin(async move { drop(self) })
    }
}

/// Who says something: checked anew each time.
type Asker = (Ctx, Place, Credential);

/// Begins what a client asks for; `None` when it is done.
fn begin(present: &mut Present, asker: Asker, event: Event) -> Option<BoxFuture<'static, Done>> {
    let native = asker.1.dialect == Dialect::Native;
    match echo::command(&event).filter(|_| native) {
        None => Some(Box::pin(async { Done::Said(answer(asker, event).await) })),
        Some(Command::Subscribe(channel)) => Some(Box::pin(ask(asker, channel))),
        Some(Command::Unsubscribe(channel)) => {
            present.channels.leave(&channel, &present.opened.session);
            None
        }
        Some(Command::Whisper(said)) => {
            let sid = present.channels.whispers(&said)?;
            Some(Box::pin(async move {
                let (app, place, credential) = asker;
                let told = match place.admit(&app, &credential).await {
                    Ok(caller) => echo::whisper(&app, &caller, &sid, said).await,
                    Err(problem) => Err(problem),
                };
                if let Err(problem) = told {
                    tracing::debug!(code = problem.code(), "a whisper leads nowhere");
                }
                Done::Said(None)
            }))
        }
    }
}

/// Whether the client may join a channel.
async fn ask((app, place, credential): Asker, channel: String) -> Done {
    match place.admit(&app, &credential).await {
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Done::Said(Some(Outgoing::Out)),
        Err(problem) => Done::Asked(channel, Err(problem)),
        Ok(caller) => {
            let allowed = echo::may_join(&app, &caller, &channel).await;
            Done::Asked(channel, allowed)
        }
    }
}

/// Does what a client asks for.
async fn answer((app, place, credential): Asker, event: Event) -> Option<Outgoing> {
    let done = match place.admit(&app, &credential).await {
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return Some(Outgoing::Out),
        Err(problem) => Err(problem),
        Ok(caller) => commands::run(&app, &caller, place.dialect, &event).await,
    };
    let args = match done {
        Ok(data) => format!(r#"[{{"ok":true,"data":{data}}}]"#),
        Err(problem) => {
            json!([{"ok": false, "error": {"code": problem.code(), "message": problem.detail()}}]).to_string()
        }
    };
    event.ack.map(|id| Outgoing::Send(ack_frames(MAIN, id, &args, Vec::new())))
}
