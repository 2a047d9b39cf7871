//! Socket.IO 5 over Engine.IO 4, in three layers: an engine (`engine.rs`, `session.rs`) that moves messages over
//! polling and WebSocket, namespaces (`namespaces.rs`) that keep the rules of Socket.IO, and the person in the main
//! namespace (`handshake.rs`, `client.rs`) with what it may say (`commands.rs`), in the words of a `Dialect`; channels of Laravel Echo (`echo.rs`).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;
use parlor_realtime::protocol::engineio::Refusal;

use crate::app::Ctx;

pub mod engine;
pub mod namespaces;

mod client;
mod commands;
mod dialect;
mod echo;
mod handshake;
mod session;
mod visitor;
pub mod wire;

use crate::transport::socketio::dialect::Dialect;
use engine::Engine;
use namespaces::Namespaces;
use visitor::Visitor;
use wire::{Options, Sharing, Wire};

/// Binary attachments are accepted up to this number and ignored.
const ATTACHMENTS: usize = 10;

/// The addresses of Socket.IO.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    let mut router = Router::new();
    let places = [(Dialect::Native, "/socket.io"), (Dialect::Erp, "/api/tenants/{tenant}/messaging/socket")];
    for (dialect, path) in places {
        let engine = engine(app, dialect);
        let serve = any(move |request: Request| engine.clone().serve(request));
        router = router.route(path, serve.clone()).route(&format!("{path}/"), serve);
    }
    router
}

fn engine(app: &Ctx, dialect: Dialect) -> Arc<Engine> {
    let config = &app.config.socketio;
    let options = Options {
        ping_interval: Duration::from_millis(config.ping_interval),
        ping_timeout: Duration::from_millis(config.ping_timeout),
        upgrade_timeout: Duration::from_millis(config.upgrade_timeout),
        max_payload: config.max_payload,
    };
    let connect_timeout = Duration::from_millis(config.connect_timeout);
    let (accepting, sharing) = (app.clone(), app.clone());
    let accept = move |parts: &Parts| -> Result<Box<dyn Wire>, Refusal> {
        let visitor = Visitor::new(&accepting, parts, dialect).map_err(|_| Refusal::Full)?;
        let stopping = accepting.stopping.subscribe();
        Ok(Box::new(Namespaces::new(Box::new(visitor), connect_timeout, ATTACHMENTS, stopping)))
    };
    let origins = move |origin: &str| match () {
        () if sharing.config.allows_named_origin(origin) => Sharing::Trusted,
        () if sharing.config.allows_origin(origin) => Sharing::Open,
        () => Sharing::Nothing,
    };
    Engine::new(options, accept, origins)
}
