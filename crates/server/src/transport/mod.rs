//! The three transports of the event stream: WebSocket, server-sent events, long poll. One session machine
//! (`parlor_realtime::Session`) serves them all, so that a client may change between them at any moment.
#![expect(unused_qualifications, reason = "utoipa::path repeats the types of queries with their paths")]

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::transport::subscriber::{Opened, Stage, absorb, advance, load, open_at, time_left};

pub(crate) mod audited;
mod dialect;
pub(crate) mod long_poll;
pub(crate) mod mercure;
pub(crate) mod pusher;
pub mod socketio;
pub(crate) mod sse;
mod subscriber;
pub mod websocket;
pub(crate) mod ws;

pub(crate) use dialect::Dialect;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(long_poll::poll))
        .routes(routes!(sse::stream))
        .routes(routes!(ws::connect))
        .routes(routes!(mercure::grant::get))
}
