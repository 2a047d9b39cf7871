//! Socket.IO 5 over Engine.IO 4, in three layers: an engine (`engine.rs`, `session.rs`) that moves messages over
//! polling and WebSocket, namespaces (`namespaces.rs`) that keep the rules of Socket.IO, and the person in the main
//! namespace (`person.rs`) with what it may say (`commands.rs`).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;

use crate::app::Ctx;

pub mod engine;
pub mod namespaces;

mod commands;
mod join;
mod person;
mod session;

use engine::{Engine, Options, Sharing, Wire};
use join::Visitor;
use namespaces::Namespaces;

/// Nothing that a client may say carries bytes; this many are taken and passed over.
const ATTACHMENTS: usize = 10;

/// The addresses of Socket.IO.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    let engine = engine(app);
    let serve = any(move |request: Request| engine.clone().serve(request));
    Router::new().route("/socket.io", serve.clone()).route("/socket.io/", serve)
}

fn engine(app: &Ctx) -> Arc<Engine> {
    let config = &app.config.socketio;
    let options = Options {
        ping_interval: Duration::from_millis(config.ping_interval),
        ping_timeout: Duration::from_millis(config.ping_timeout),
        upgrade_timeout: Duration::from_millis(config.upgrade_timeout),
        max_payload: config.max_payload,
    };
    let patience = Duration::from_millis(config.connect_timeout);
    let (accepting, sharing) = (app.clone(), app.clone());
    let accept = move |parts: &Parts| -> Result<Box<dyn Wire>, _> {
        let visitor = Visitor::new(&accepting, parts);
        Ok(Box::new(Namespaces::new(Box::new(visitor), patience, ATTACHMENTS)))
    };
    let origins = move |origin: &str| match () {
        () if sharing.config.allows_named_origin(origin) => Sharing::Trusted,
        () if sharing.config.allows_origin(origin) => Sharing::Open,
        () => Sharing::Nothing,
    };
    Engine::new(options, accept, origins, app.stopping.subscribe())
}
