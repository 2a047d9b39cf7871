//! Owns: the ways in which a file comes: its bytes through us in a form, or straight to their storage by a signed address,
//! and the row that refers to them. Without the row the bytes are removed. Must not know: which entrance asks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use futures_util::StreamExt;
use parlor_chat::attachments::{self, Attachment, NewFile};
use parlor_chat::uploads::{self, ADDRESS_SECONDS, Announced, Upload};
use parlor_chat::{Actor, Error, RowId, Time, Tx, file_types, upload_quota};

use crate::adapters::blobs::{Address, Blob, Form, Stored};
use crate::adapters::content::{self, Found};
use crate::app::App;
use crate::app::upload_limits::Turn;
use crate::request::problem::Problem;
use crate::services::{pictures, scanning};

/// The longest type that is looked at (RFC 6838, 4.2: twice 127 characters).
const LONGEST_TYPE: usize = 255;

/// Receives a field of a form as a file that waits to be sent with a message.
///
/// # Errors
/// Limits of the tenant and of the person, and a form that ends too early.
pub async fn receive(app: &App, actor: &Arc<Actor>, mut field: Field<'_>) -> Result<Attachment, Problem> {
    let (limit, turn) = turn(app, actor).await?;
    app.db.read(actor, |tx, actor| upload_quota::room(tx, actor, 0)).await?;
    let name = field.file_name().unwrap_or_default().to_owned();
    let claimed = field.content_type().filter(|claimed| is_type(claimed)).unwrap_or_default().to_owned();
    let blob = Blob::sent(actor.tenant, RowId(app.clock.new_id()));
    let mut incoming = app.blobs.begin(blob).await.map_err(|error| Problem::unstored(&error))?;
    let mut size = 0;
    while let Some(chunk) = field.chunk().await.map_err(cut_off)? {
        turn.took(chunk.len());
        size = incoming.write(&chunk).await.map_err(|error| Problem::unstored(&error))?;
        if size > limit {
            return Err(too_large(limit));
        }
    }
    // From here on a row knows of the bytes, whatever happens.
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let announced = Announced { name, content_type: claimed, size };
    let asked = app
        .db
        .write_paid(actor, move |tx, actor| uploads::ask(tx, actor, blob.id, &announced, ADDRESS_SECONDS))
        .await;
    asked?;
    if let Err(error) = app.blobs.finish(incoming).await {
        app.db.write_paid(actor, move |tx, actor| uploads::refuse(tx, actor, blob.id)).await?;
        return Err(Problem::unstored(&error));
    }
    look_into(app, actor, blob.id, false).await
}

/// Whether a text could be a type.
pub(crate) fn is_type(text: &str) -> bool {
    text.len() <= LONGEST_TYPE && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
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
    let blob = Blob::sent(actor.tenant, id);
    let stored = app.blobs.put(blob, bytes).await.map_err(|error| Problem::unstored(&error))?;
    let found = content::look(&app.blobs, blob, &stored).await.map_err(|error| Problem::unstored(&error));
    let kept = match found {
        Ok(found) => written(app, actor, blob, name, Looked { found, stored, cleaned: false }, row).await,
        Err(problem) => Err(problem),
    };
    if kept.is_err() {
        let _ = app.blobs.remove(blob).await;
    }
    kept
}

/// A file that was looked into.
struct Looked {
    found: Found,
    /// What is kept of it.
    stored: Stored,
    /// That is another form of what came.
    cleaned: bool,
}

/// Writes the row of a file.
async fn written<T: Send + 'static>(
    app: &App,
    actor: &Arc<Actor>,
    blob: Blob,
    name: &str,
    looked: Looked,
    row: impl Fn(&mut Tx<'_>, &Actor, &NewFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let Looked { found, stored, cleaned } = looked;
    let new = NewFile {
        id: blob.id,
        name: name.to_owned(),
        content_type: found.content_type,
        size: i64::try_from(stored.size).unwrap_or(i64::MAX),
        etag: stored.etag,
        measures: found.measures,
        cleaned,
    };
    Ok(app.db.write_paid(actor, move |tx, actor| row(tx, actor, &new)).await?)
}

/// What a file is found to be, when that is what it is called.
async fn called(
    app: &App,
    actor: &Actor,
    blob: Blob,
    stored: Stored,
    name: &str,
    claimed: &str,
) -> Result<Looked, Problem> {
    let settings = app.settings(actor.tenant).await?;
    let found = content::look(&app.blobs, blob, &stored).await.map_err(|error| Problem::unstored(&error))?;
    let content_type = file_types::agreed(name, claimed, &found.content_type, settings.common_files_only)?;
    // A name may not have told that it is a picture.
    let limit = attachments::limit(&settings, file_types::is_picture(&content_type)).unsigned_abs();
    if stored.size > limit {
        return Err(too_large(limit));
    }
    if content_type.starts_with("image/") {
        pictures::within_limits(found.measures)?;
    }
    scanning::look_for_viruses(app, actor, blob, &stored, name).await?;
    if !pictures::is_cleaned(&content_type) {
        return Ok(Looked { found: Found { content_type, ..found }, stored, cleaned: false });
    }
    let pictures::Kept { cleaned, measures } = pictures::clean(app, blob, &stored, found.measures).await?;
    let found = Found { content_type, measures };
    let is_cleaned = cleaned.is_some();
    Ok(Looked { found, stored: cleaned.unwrap_or(stored), cleaned: is_cleaned })
}

/// An address for the bytes of a file.
pub(crate) struct Asked {
    /// The file.
    pub id: RowId,
    /// Where the bytes go by themselves; through us when absent.
    pub address: Option<Address>,
    /// Until when.
    pub until: Time,
}

/// Makes room for a file, and an address for its bytes.
///
/// # Errors
/// Limits, before anything is sent.
pub(crate) async fn ask(app: &App, actor: &Arc<Actor>, announced: Announced) -> Result<Asked, Problem> {
    let (_, turn) = turn(app, actor).await?;
    let blob = Blob::sent(actor.tenant, RowId(app.clock.new_id()));
    let wanted = announced.clone();
    let until = app
        .db
        .write_paid(actor, move |tx, actor| uploads::ask(tx, actor, blob.id, &wanted, ADDRESS_SECONDS))
        .await?;
    let size = u64::try_from(announced.size).unwrap_or_default();
    let lasts = Duration::from_secs(ADDRESS_SECONDS.unsigned_abs());
    let address = app.blobs.address(blob, size, sent_as(&announced), lasts);
    if address.is_some() {
        // Nobody counts them where they go.
        turn.took(usize::try_from(size).unwrap_or(usize::MAX));
    }
    Ok(Asked { id: blob.id, address, until })
}

/// The type that a request with the bytes must name.
pub(crate) fn sent_as(announced: &Announced) -> &str {
    match announced.content_type.as_str() {
        "" => "application/octet-stream",
        claimed => claimed,
    }
}

/// Takes the bytes of a file that was asked for, as they were announced.
///
/// # Errors
/// When there are more or fewer, when some are there already, and limits.
pub(crate) async fn put(
    app: &App,
    actor: &Arc<Actor>,
    id: RowId,
    size: i64,
    body: Body,
) -> Result<(), Problem> {
    let (_, turn) = turn(app, actor).await?;
    let size = u64::try_from(size).unwrap_or_default();
    let blob = Blob::sent(actor.tenant, id);
    let mut incoming = app.blobs.begin(blob).await.map_err(|error| Problem::unstored(&error))?;
    let mut chunks = body.into_data_stream();
    let mut came = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| Problem::of_cut_body(&error, "the bytes did not come to their end"))?;
        turn.took(chunk.len());
        came = incoming.write(&chunk).await.map_err(|error| Problem::unstored(&error))?;
        if came > size {
            break;
        }
    }
    if came != size {
        return Err(other_size(size, came));
    }
    match app.blobs.finish(incoming).await {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
        Err(error) => Err(Problem::unstored(&error)),
        Ok(_) => still_wanted(app, actor, blob).await,
    }
}

fn taken() -> Problem {
    let detail = "the bytes of this file are there already: confirm them, or ask for another address";
    Problem::conflict("uploaded", detail)
}

/// The row may have gone while the bytes came, or others have been confirmed: nobody else would remove these.
async fn still_wanted(app: &App, actor: &Arc<Actor>, blob: Blob) -> Result<(), Problem> {
    let found = app.db.read(actor, move |tx, actor| uploads::find(tx, actor, blob.id)).await;
    if matches!(found, Err(Error::NotFound { .. }) | Ok(Upload::Confirmed(_))) {
        app.blobs.remove(blob).await.map_err(|error| Problem::unstored(&error))?;
    }
    match found? {
        Upload::Open { .. } => Ok(()),
        Upload::Confirmed(_) => Err(taken()),
    }
}

/// Looks at the bytes of a file that was asked for; it waits to be sent with a message from then on.
///
/// # Errors
/// When they are not there, or are not what was announced: then they are removed.
pub(crate) async fn confirm(app: &App, actor: &Arc<Actor>, id: RowId) -> Result<Attachment, Problem> {
    look_into(app, actor, id, app.blobs.origin().is_some()).await
}

/// `open`: somebody has an address that we do not watch over.
async fn look_into(app: &App, actor: &Arc<Actor>, id: RowId, open: bool) -> Result<Attachment, Problem> {
    let Some(_look) = app.limits.confirming.begin(id) else {
        return Err(Problem::conflict("confirming", "this file is being looked at: ask again in a moment"));
    };
    let (announced, until) = match app.db.read(actor, move |tx, actor| uploads::find(tx, actor, id)).await? {
        Upload::Confirmed(file) => return Ok(file),
        Upload::Open { announced, until } => (announced, if open { until } else { Time(0) }),
    };
    let blob = Blob::sent(actor.tenant, id);
    let stored = app.blobs.stat(blob).await.map_err(|error| Problem::unstored(&error))?;
    let stored = stored.ok_or_else(|| {
        Problem::conflict(
            "not_uploaded",
            "the bytes of this file are not there: put them to its address first",
        )
    })?;
    let (size, came) = (u64::try_from(announced.size).unwrap_or_default(), stored.size);
    let looked = match came == size {
        true => called(app, actor, blob, stored, &announced.name, &announced.content_type).await,
        false => Err(other_size(size, came)),
    };
    let kept = match looked {
        Ok(looked) => {
            let row =
                move |tx: &mut Tx<'_>, actor: &Actor, new: &NewFile| uploads::confirm(tx, actor, new, until);
            written(app, actor, blob, &announced.name, looked, row).await
        }
        Err(refused) => Err(refused),
    };
    match kept.as_ref().map_err(Problem::status) {
        Err(StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE) => {
            app.db.write_paid(actor, move |tx, actor| uploads::refuse(tx, actor, id)).await?;
        }
        // The row went meanwhile: nobody else would remove these.
        Err(StatusCode::NOT_FOUND) => {
            for form in [Form::Sent, Form::Cleaned] {
                app.blobs.remove(blob.in_form(form)).await.map_err(|error| Problem::unstored(&error))?;
            }
        }
        _ => {}
    }
    kept
}

fn other_size(size: u64, came: u64) -> Problem {
    let came = if came > size { "more".to_owned() } else { came.to_string() };
    let detail =
        format!("{size} bytes were announced, and {came} came: ask for an address for the size that it has");
    Problem::invalid("size", "exact", detail)
}

/// Whether the actor may upload now, and how many bytes a file may have at most.
async fn turn(app: &App, actor: &Actor) -> Result<(u64, Turn), Problem> {
    let settings = app.settings(actor.tenant).await?;
    let limit = u64::try_from(attachments::limit(&settings, false)).unwrap_or_default();
    if limit == 0 {
        return Err(too_large(limit));
    }
    let who = (actor.tenant, actor.id());
    let turn = app.limits.uploads.begin(who, settings.upload_mb_per_minute, app.clock.now());
    Ok((limit, turn.map_err(Problem::rate_limited)?))
}

fn too_large(limit: u64) -> Problem {
    Problem::too_large(format!("a file may have at most {limit} bytes"))
}

/// A form that ended before its end was said.
pub fn cut_off(error: MultipartError) -> Problem {
    Problem::of_cut_body(&error, "the form could not be read to its end")
}
