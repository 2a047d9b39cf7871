//! Owns: every route of the server on one screen, and what holds for all answers.
//! Must not know: what the routes do.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::Ctx;
use crate::http::{self, openapi};
use crate::request::layers::{cors, protect, uncached};
use crate::request::problem::{self, Problem};
use crate::transport;
use crate::transport::pusher::state::Pusher;

/// Every operation of `/api/v1`, with its description.
fn api() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().merge(http::api::routes()).merge(http::admin::routes()).merge(transport::routes())
}

/// The description of `/api/v1` and of the contracts of host applications.
#[must_use]
pub fn document() -> OpenApi {
    openapi::document(api().split_for_parts().1, http::contracts::description())
}

/// Everything the server answers.
pub(crate) fn router(app: &Ctx, pusher: &Pusher) -> Router {
    let api = api().split_for_parts().0.fallback(nothing).layer(from_fn(uncached)).layer(cors(app));
    let playground = if app.config.playground { http::playground::routes() } else { Router::new() };
    Router::new()
        .nest("/api/v1", api)
        .merge(playground)
        .merge(transport::pusher::routes(pusher))
        .merge(http::contracts::routes(app))
        .merge(http::api::files::links())
        .merge(http::api::uploads::addresses(app))
        .merge(http::api::avatars::addresses())
        .merge(openapi::routes())
        .merge(http::health::routes())
        .merge(transport::socketio::routes(app))
        .merge(transport::mercure::routes(app))
        .fallback(http::assets::serve)
        .layer(DefaultBodyLimit::max(app.config.body_limit))
        .layer(from_fn_with_state(app.clone(), protect))
        .layer(from_fn(problem::render))
        .with_state(app.clone())
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing at this address")
}
