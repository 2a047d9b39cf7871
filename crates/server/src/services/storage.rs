//! Owns: whether something can be stored now, in the database and among the files. Must not know: what is stored.

use std::time::Duration;

use parlor_chat::backlog;
use tokio::time::Instant;

use crate::adapters::blobs::try_out;
use crate::app::App;

/// How long an answer is believed: everybody may ask.
const BELIEVED: Duration = Duration::from_secs(5);
/// What was refused a moment ago was perhaps larger than what is tried here.
const REMEMBERED_SECONDS: i64 = 30;

/// Whether the disks take more.
pub(crate) async fn takes_more(app: &App) -> bool {
    let mut last = app.storage_found.lock().await;
    if let Some((at, found)) = *last
        && at.elapsed() < BELIEVED
    {
        return found;
    }
    let found = !app.db.was_full(REMEMBERED_SECONDS) && is_writable(app).await;
    *last = Some((Instant::now(), found));
    found
}

async fn is_writable(app: &App) -> bool {
    let (blobs, folder) = (app.blobs.clone(), app.folder.clone());
    let files = tokio::task::spawn_blocking(move || {
        folder.as_deref().map_or(Ok(()), try_out).and_then(|()| blobs.try_out())
    });
    let files = files.await.is_ok_and(|tried| {
        tried.inspect_err(|error| tracing::error!(%error, "nothing can be stored")).is_ok()
    });
    // Another failure of the database is not one of room: the caller asks for those itself.
    let refused = app.db.write_plain(0, backlog::try_out).await.err();
    files && !matches!(refused, Some(parlor_chat::Error::Db(parlor_db::Error::Full(_))))
}
