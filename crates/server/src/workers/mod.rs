//! Owns: what happens beside requests: one file per worker. Each ends with the application.
//! Must not know: HTTP, or how a connection is served.

use std::sync::Arc;

use crate::app::Ctx;
use crate::app::start::Feeds;
use crate::error::StartError;

mod cluster;
mod host_keys;
pub mod jobs;
mod logs;
mod maintenance;
mod presence;
mod publish;
mod relay;
mod search;
mod webhooks;

/// Starts the background work. It ends with the application.
///
/// # Errors
/// An option that cannot be served.
pub(crate) fn start(app: &Ctx, feeds: Feeds) -> Result<(), StartError> {
    tokio::spawn(publish::run(Arc::downgrade(app), feeds.committed, feeds.lock));
    tokio::spawn(logs::fill_gaps(Arc::downgrade(app), feeds.gaps));
    tokio::spawn(logs::poll(Arc::downgrade(app)));
    tokio::spawn(search::run(Arc::downgrade(app)));
    tokio::spawn(host_keys::run(Arc::downgrade(app)));
    jobs::start(app);
    presence::start(app);
    relay::start(app)?;
    if let Some((url, notes)) = app.config.redis_url().zip(feeds.notes) {
        cluster::start(app, url, notes).map_err(StartError::redis)?;
    }
    Ok(())
}
