//! Owns: what becomes of an uploaded picture: only what shows it is kept, and small ones are made of it. Must not know: which
//! entrance it came through, formats.

use std::io;
use std::time::Duration;

use parlor_chat::attachments::{self, SmallOnes, StoredFile};
use parlor_chat::{RowId, TenantId};
use tokio::time::timeout;

use crate::adapters::blobs::{Blob, Form, Stored};
use crate::adapters::pictures::{self, Cleaned, MOST_PIXELS, SMALL_SIDES};
use crate::app::App;
use crate::request::problem::Problem;

/// How long a picture may wait for its turn, and its bytes take.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);
const STORAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// Types of pictures of which only what shows them is kept.
static CLEANED: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Whether pictures of this type are cleaned.
pub(crate) fn is_cleaned(content_type: &str) -> bool {
    CLEANED.contains(&content_type)
}

/// What is kept of a picture.
pub(crate) struct Kept {
    /// The cleaned one beside what came; `None` when what came is kept.
    pub cleaned: Option<Stored>,
    /// Width and height, where they are known.
    pub measures: Option<(i64, i64)>,
}

/// Puts the picture beside what came, without what cameras note in it. The same picture gives the same bytes, so that
/// whoever does it twice finds them there. A broken one in which nothing is noted is kept as it is. `measured` is what its
/// header says.
///
/// # Errors
/// When it would take too much memory of whoever looks at it, or is too broken to be cleaned.
pub(crate) async fn clean(
    app: &App,
    blob: Blob,
    stored: &Stored,
    measured: Option<(i64, i64)>,
) -> Result<Kept, Problem> {
    let turn = timeout(TURN_TIMEOUT, app.limits.attached_pictures.acquire()).await;
    let _turn = turn.map_err(|_| busy())?.map_err(Problem::internal)?;
    let kept = timeout(STORAGE_TIMEOUT, clean_now(app, blob, stored, measured)).await;
    kept.map_err(|_| Problem::unstored(&io::ErrorKind::TimedOut.into()))?
}

async fn clean_now(
    app: &App,
    blob: Blob,
    stored: &Stored,
    measured: Option<(i64, i64)>,
) -> Result<Kept, Problem> {
    let bytes = app.blobs.read_whole(blob, stored.etag.as_deref(), 0..stored.size).await;
    let bytes = bytes.map_err(|error| Problem::unstored(&error))?;
    let cleaned = tokio::task::spawn_blocking(move || match pictures::cleaned(&bytes) {
        Some(cleaned) => Ok(Some(cleaned)),
        None if pictures::may_tell_more(&bytes) => Err(()),
        None => Ok(None),
    });
    let Ok(cleaned) = cleaned.await.unwrap_or(Err(())) else {
        let detail = "this picture cannot be read to its end: save it anew, or send it in a zip";
        return Err(Problem::invalid("file", "picture", detail));
    };
    let Some(Cleaned { bytes, measures }) = cleaned else {
        return Ok(Kept { cleaned: None, measures: measured });
    };
    within_limits(measures)?;
    let put = put_once(app, blob.in_form(Form::Cleaned), &bytes).await;
    Ok(Kept { cleaned: Some(put.map_err(|error| Problem::unstored(&error))?), measures })
}

fn busy() -> Problem {
    Problem::unavailable("many pictures are being looked at: try again in a moment")
}

/// Whether a picture has no more pixels than everybody can open.
///
/// # Errors
/// When it has.
pub(crate) fn within_limits(measures: Option<(i64, i64)>) -> Result<(), Problem> {
    let Some((width, height)) = measures else { return Ok(()) };
    if width.saturating_mul(height).unsigned_abs() <= MOST_PIXELS {
        return Ok(());
    }
    let detail = format!(
        "a picture may have {} megapixels, and this one has {width} times {height}: make it smaller, or send it in a zip",
        MOST_PIXELS / 1_000_000
    );
    Err(Problem::invalid("file", "measures", detail))
}

/// Puts bytes in a place where they may be already.
async fn put_once(app: &App, blob: Blob, bytes: &[u8]) -> io::Result<Stored> {
    match app.blobs.put(blob, bytes).await {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            app.blobs.stat(blob).await?.ok_or_else(|| io::ErrorKind::NotFound.into())
        }
        put => put,
    }
}

/// Makes the small pictures of one. What no decoder opens has none, and is shown as it is.
///
/// # Errors
/// When storage or the database fails.
pub(crate) async fn make_small(app: &App, tenant: TenantId, id: RowId) -> Result<(), String> {
    let blob = Blob::sent(tenant, id);
    let wanted = app.db.read_plain(move |tx| attachments::small_ones(tx, tenant, id)).await.map_err(text)?;
    let StoredFile { file, etag, cleaned, .. } = match wanted {
        SmallOnes::Wanted(file) => file,
        SmallOnes::Made => return Ok(()),
        SmallOnes::Gone => return remove_small(app, blob).await,
    };
    let kept = blob.in_form(if cleaned { Form::Cleaned } else { Form::Sent });
    let size = u64::try_from(file.size).unwrap_or_default();
    let turn = app.limits.small_pictures.acquire().await.map_err(text)?;
    let read = timeout(STORAGE_TIMEOUT, app.blobs.read_whole(kept, etag.as_deref(), 0..size)).await;
    let bytes = read.map_err(text)?.map_err(text)?;
    let made = tokio::task::spawn_blocking(move || pictures::small(&bytes)).await;
    drop(turn);
    let Ok(Ok(made)) = made else {
        tracing::debug!(%id, "no small pictures can be made");
        return Ok(());
    };
    let mut sizes = Vec::with_capacity(made.len());
    for (side, bytes) in made {
        let stored = put_once(app, blob.in_form(Form::Small(side)), &bytes).await.map_err(text)?;
        sizes.push(i64::try_from(stored.size).map_err(text)?);
    }
    let told = app.db.write_plain(0, move |tx| attachments::has_small(tx, tenant, id, &sizes)).await;
    match told.map_err(text)? {
        true => Ok(()),
        // It was removed meanwhile.
        false => remove_small(app, blob).await,
    }
}

/// Nobody else would remove them.
async fn remove_small(app: &App, blob: Blob) -> Result<(), String> {
    for side in SMALL_SIDES {
        app.blobs.remove(blob.in_form(Form::Small(side))).await.map_err(text)?;
    }
    Ok(())
}

/// Removes a picture as it came, of which a cleaned one is kept.
///
/// # Errors
/// When it stays.
pub(crate) async fn remove_sent(app: &App, tenant: TenantId, id: RowId) -> Result<(), String> {
    app.blobs.remove(Blob::sent(tenant, id)).await.map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
