//! Owns: the one way to upload: limits, bytes, and the row that refers to them. Without the row the bytes are removed.
//! Must not know: which entrance the bytes come through.

use std::sync::Arc;

use axum::extract::multipart::{Field, MultipartError};
use parlor_chat::attachments::{self, Attachment, NewFile};
use parlor_chat::{Actor, Error, RowId, Tx, upload_quota};

use crate::adapters::blobs::Upload;
use crate::app::App;
use crate::request::problem::Problem;

/// Receives a field of a form as a file that waits to be sent with a message.
///
/// # Errors
/// Limits of the tenant and of the person, and a form that ends too early.
pub async fn receive(app: &App, actor: &Arc<Actor>, mut field: Field<'_>) -> Result<Attachment, Problem> {
    let settings = app.settings(actor.tenant).await?;
    let limit = settings.attachment_max_mb * 1_000_000;
    let too_large = || Problem::too_large(format!("a file may have at most {limit} bytes"));
    if limit == 0 {
        return Err(too_large());
    }
    let who = (actor.tenant, actor.id());
    let turn = app.limits.uploads.begin(who, settings.upload_mb_per_minute, app.clock.now());
    let turn = turn.map_err(Problem::rate_limited)?;
    app.db.read(actor, |tx, actor| upload_quota::room(tx, actor, 0)).await?;
    let name = field.file_name().unwrap_or_default().to_owned();
    let id = RowId(app.clock.new_id());
    let mut upload = app.blobs.begin(actor.tenant, id).await.map_err(|error| Problem::unstored(&error))?;
    loop {
        let size = match field.chunk().await {
            Ok(Some(chunk)) => {
                turn.took(chunk.len());
                upload.write(&chunk).await.map_err(|error| Problem::unstored(&error))
            }
            Ok(None) => break,
            Err(error) => Err(cut_off(error)),
        };
        let refused = match size {
            Ok(size) if size > limit => too_large(),
            Ok(_) => continue,
            Err(problem) => problem,
        };
        upload.cancel().await;
        return Err(refused);
    }
    keep(app, actor, upload, name, attachments::add).await
}

/// Stores bytes that the server made, and the row that refers to them.
///
/// # Errors
/// When they cannot be stored, and what the operation refuses.
pub async fn store<T: Send + 'static>(
    app: &App,
    actor: &Arc<Actor>,
    id: RowId,
    name: &str,
    bytes: &[u8],
    row: impl Fn(&mut Tx<'_>, &Actor, &NewFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let mut upload = app.blobs.begin(actor.tenant, id).await.map_err(|error| Problem::unstored(&error))?;
    if let Err(error) = upload.write(bytes).await {
        upload.cancel().await;
        return Err(Problem::unstored(&error));
    }
    keep(app, actor, upload, name.to_owned(), row).await
}

/// Gives complete bytes their name and their row.
async fn keep<T: Send + 'static>(
    app: &App,
    actor: &Arc<Actor>,
    upload: Upload,
    name: String,
    row: impl Fn(&mut Tx<'_>, &Actor, &NewFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let new = upload.finish(name).await.map_err(|error| Problem::unstored(&error))?;
    let id = new.id;
    let stored = app.db.write_paid(actor, move |tx, actor| row(tx, actor, &new)).await;
    if stored.is_err() {
        let _ = app.blobs.remove(actor.tenant, id).await;
    }
    Ok(stored?)
}

/// A form that ended before its end was said.
pub fn cut_off(error: MultipartError) -> Problem {
    Problem::of_cut_body(&error, "the form could not be read to its end")
}
