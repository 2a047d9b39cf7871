//! Owns: looking at the published keys of host applications from time to time: one that was withdrawn ends connections.
//! Must not know: how keys are fetched.

use std::sync::Weak;
use std::time::Duration;

use parlor_chat::{Error, tenants};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;

const REFRESH_INTERVAL: Duration = Duration::from_secs(600);

/// Runs until the application ends.
pub(super) async fn run(app: Weak<App>) {
    let mut turns = interval(REFRESH_INTERVAL);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if let Err(error) = refresh(&app).await {
            tracing::warn!(%error, "refreshing keys of host applications failed; will retry");
        }
    }
}

async fn refresh(app: &App) -> Result<(), Error> {
    for id in app.hub.tenants() {
        let tenant = app.db.read_plain(move |tx| tenants::by_id(tx, id)).await?;
        app.auth.host_keys(&tenant.slug).await?;
    }
    Ok(())
}
