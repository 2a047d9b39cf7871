//! Owns: one person in the main namespace: joining, what was missed, what happens, what it says, and its end.
//! Must not know: transports, or how packets are put together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, OptionFuture};
use parlor_chat::Error;
use parlor_realtime::protocol::engineio::Frame;
use parlor_realtime::protocol::socketio::{Event, MAIN, ack_frames};
use parlor_realtime::{Close, Loaded, Published};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::commands;
use super::join::{Entered, Entry};
use super::namespaces::{Socket, Told};
use crate::app::Ctx;
use crate::auth::Credential;
use crate::http::caller::Caller;
use crate::http::problem::Problem;
use crate::transport::{Opened, Stage, absorb, load, time_left};

/// Events of a client that may wait; then no more are read.
const MOST_EVENTS: usize = 32;

pub(super) struct Person {
    app: Ctx,
    ip: Option<std::net::IpAddr>,
    state: State,
    told: VecDeque<Told>,
    said: VecDeque<Event>,
    /// What the client said last is being done.
    doing: Option<BoxFuture<'static, Option<Told>>>,
}

enum State {
    Joining(BoxFuture<'static, Result<Entered, Problem>>),
    /// History is being read.
    Reading(Box<Present>, BoxFuture<'static, Result<Loaded, Error>>),
    Live(Box<Present>),
    Over,
}

struct Present {
    credential: Credential,
    caller: Caller,
    opened: Opened,
    /// When the token ends.
    ends: Option<Instant>,
}

/// What ended first.
enum Happened {
    Events(Result<Vec<Arc<Published>>, Close>),
    Done(Option<Told>),
    TokenEnded,
}

impl Person {
    pub(super) fn new(entry: Entry) -> Self {
        let (app, ip) = (entry.app.clone(), entry.ip);
        let state = State::Joining(Box::pin(entry.enter()));
        Self { app, ip, state, told: VecDeque::new(), said: VecDeque::new(), doing: None }
    }

    async fn step(&mut self) -> Told {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
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
                let data = json!({"sid": entered.sid, "pid": entered.pid});
                self.told.push_back(Told::Accepted(data.to_string()));
                let Entered { credential, caller, opened, missed, stage, .. } = entered;
                let longest = Duration::from_secs(86_400 * 365);
                let ends = time_left(&self.app, &caller).map(|left| Instant::now() + left.min(longest));
                self.go_on(Box::new(Present { credential, caller, opened, ends }), missed, stage);
            }
            // It may try again, which a refused client does not do.
            Err(problem) if problem.status().is_server_error() => self.told.push_back(Told::Close),
            Err(problem) => {
                let refusal = json!({"message": problem.detail(), "data": {"code": problem.code()}});
                self.told.push_back(Told::Refused(refusal.to_string()));
            }
        }
    }

    /// Tells a page of history, and reads the next one or is live.
    fn go_on(&mut self, present: Box<Present>, events: Vec<parlor_chat::events::Event>, stage: Stage) {
        if !events.is_empty() {
            let frames = events.into_iter().map(|event| packet(&Published::new(event)));
            self.told.push_back(Told::Send(frames.collect()));
        }
        self.state = match stage {
            Stage::Live => State::Live(present),
            Stage::Reset => {
                self.told.push_back(Told::Close);
                State::Over
            }
            Stage::Reading => {
                let (app, actor) = (self.app.clone(), present.caller.actor.clone());
                let (epoch, after) = (present.opened.epoch, present.opened.session.last());
                State::Reading(present, Box::pin(async move { load(&app, &actor, epoch, after).await }))
            }
        };
    }

    fn read(&mut self, loaded: Result<Loaded, Error>) {
        let State::Reading(mut present, _) = std::mem::replace(&mut self.state, State::Over) else { return };
        match loaded {
            Ok(loaded) => {
                let (events, stage) = absorb(&mut present.opened, loaded);
                self.go_on(present, events, stage);
            }
            Err(Error::Unauthorized { .. }) => self.told.push_back(Told::Out),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be brought up to date");
                self.told.push_back(Told::Close);
            }
        }
    }

    async fn live(&mut self) {
        let State::Live(present) = &mut self.state else { return };
        if self.doing.is_none()
            && let Some(event) = self.said.pop_front()
        {
            let (app, credential, ip) = (self.app.clone(), present.credential.clone(), self.ip);
            self.doing = Some(Box::pin(answer(app, credential, ip, event)));
        }
        let ends = present.ends;
        let happened = tokio::select! {
            events = present.opened.session.next() => Happened::Events(events),
            Some(told) = OptionFuture::from(self.doing.as_mut()) => Happened::Done(told),
            () = sleep_until(ends.unwrap_or_else(Instant::now)), if ends.is_some() => Happened::TokenEnded,
        };
        let told = match happened {
            Happened::Events(Ok(events)) => {
                Some(Told::Send(events.iter().map(|event| packet(event)).collect()))
            }
            Happened::Done(told) => {
                self.doing = None;
                told
            }
            Happened::Events(Err(Close::Unauthorized)) | Happened::TokenEnded => Some(Told::Out),
            Happened::Events(Err(Close::Resync | Close::Restart)) => Some(Told::Close),
        };
        if matches!(told, Some(Told::Out | Told::Close)) {
            self.state = State::Over;
        }
        self.told.extend(told);
    }
}

impl Socket for Person {
    fn receive(&mut self, event: Event) {
        self.said.push_back(event);
    }

    fn is_busy(&self) -> bool {
        self.said.len() >= MOST_EVENTS
    }

    fn next(&mut self) -> BoxFuture<'_, Told> {
        Box::pin(self.step())
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn packet(event: &Published) -> Frame {
    Frame::Text(event.socketio().clone())
}

/// Does what a client asks for; whoever asks is checked anew each time.
async fn answer(
    app: Ctx,
    credential: Credential,
    ip: Option<std::net::IpAddr>,
    event: Event,
) -> Option<Told> {
    let caller = match Caller::find(&app, &credential, ip).await {
        Ok(caller) => Ok(caller),
        Err(Error::Unauthorized { .. }) => return Some(Told::Out),
        Err(error) => Err(Problem::from(error)),
    };
    let done = match caller {
        Ok(caller) => commands::run(&app, &caller, &event).await,
        Err(problem) => Err(problem),
    };
    let args = match done {
        Ok(data) => format!(r#"[{{"ok":true,"data":{data}}}]"#),
        Err(problem) => {
            json!([{"ok": false, "error": {"code": problem.code(), "message": problem.detail()}}]).to_string()
        }
    };
    event.ack.map(|id| Told::Send(ack_frames(MAIN, id, &args, Vec::new())))
}
