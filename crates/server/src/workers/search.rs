//! Owns: bringing the search index to the newest message, soon after commits and in large steps; before that, once, the
//! keys of names that an older version wrote.
//! Must not know: what is indexed.

use std::sync::Weak;
use std::time::Duration;

use parlor_chat::{Error, search, tenants};
use tokio::time::{sleep, timeout};

use crate::app::App;

/// Commits of this long are indexed together.
const TOGETHER: Duration = Duration::from_secs(1);
/// How often messages are looked for that another process committed and did not index.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Runs until the application ends or stops.
pub(super) async fn run(app: Weak<App>) {
    let Some(mut commits) = app.upgrade().map(|app| app.commits.subscribe()) else { return };
    let mut names_keyed = false;
    loop {
        let Some(app) = app.upgrade().filter(|app| !*app.stopping.borrow()) else { return };
        commits.mark_unchanged();
        let result = if names_keyed { Ok(()) } else { key_names(&app).await };
        names_keyed = result.is_ok();
        if let Err(error) = result.and(catch_up(&app).await) {
            tracing::warn!(%error, "search indexing failed; will retry");
        }
        drop(app);
        sleep(TOGETHER).await;
        let _ = timeout(POLL_INTERVAL, commits.changed()).await;
    }
}

async fn key_names(app: &App) -> Result<(), Error> {
    for tenant in app.db.read_plain(tenants::list).await? {
        while app.db.write_plain(tenant.no, move |tx| search::key_names(tx, tenant.id)).await? {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

async fn catch_up(app: &App) -> Result<(), Error> {
    for tenant in app.db.read_plain(search::behind).await? {
        let no = tenant.no;
        while app.db.write_plain(no, move |tx| search::catch_up(tx, tenant.id, no)).await? {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
