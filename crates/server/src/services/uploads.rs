//! Owns: the ways in which a file comes: its bytes through us in a form, or straight to their storage by a signed address,
//! and the row that refers to them. Without the row the bytes are removed. Must not know: which entrance asks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use futures_util::StreamExt;
use parlor_chat::attachments::{self, Attachment, NewFile};
use parlor_chat::uploads::{self, ADDRESS_SECONDS, Announced, Upload};
use parlor_chat::{Actor, Error, RowId, Time, Tx, file_types, upload_quota};

use crate::adapters::blobs::{Address, Blob, Incoming, Stored};
use crate::adapters::content::{self, Found};
use crate::app::App;
use crate::app::upload_limits::Turn;
use crate::request::problem::Problem;

/// Receives a field of a form as a file that waits to be sent with a message.
///
/// # Errors
/// Limits of the tenant and of the person, and a form that ends too early.
pub async fn receive(app: &App, actor: &Arc<Actor>, mut field: Field<'_>) -> Result<Attachment, Problem> {
    let (limit, turn) = turn(app, actor).await?;
    app.db.read(actor, |tx, actor| upload_quota::room(tx, actor, 0)).await?;
    let name = field.file_name().unwrap_or_default().to_owned();
    let claimed = field.content_type().unwrap_or_default().to_owned();
    let blob = Blob { tenant: actor.tenant, id: RowId(app.clock.new_id()) };
    let mut incoming = app.blobs.begin(blob).await.map_err(|error| Problem::unstored(&error))?;
    loop {
        let size = match field.chunk().await {
            Ok(Some(chunk)) => {
                turn.took(chunk.len());
                incoming.write(&chunk).await.map_err(|error| Problem::unstored(&error))
            }
            Ok(None) => break,
            Err(error) => Err(cut_off(error)),
        };
        let refused = match size {
            Ok(size) if size > limit => too_large(limit),
            Ok(_) => continue,
            Err(problem) => problem,
        };
        incoming.cancel().await;
        return Err(refused);
    }
    let looked = async |stored: &Stored| called(app, actor, blob, stored, &name, &claimed).await;
    keep(app, actor, incoming, &name, looked, attachments::add).await
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
    let blob = Blob { tenant: actor.tenant, id };
    let mut incoming = app.blobs.begin(blob).await.map_err(|error| Problem::unstored(&error))?;
    if let Err(error) = incoming.write(bytes).await {
        incoming.cancel().await;
        return Err(Problem::unstored(&error));
    }
    let looked = async |stored: &Stored| {
        content::look(&app.blobs, blob, stored).await.map_err(|error| Problem::unstored(&error))
    };
    keep(app, actor, incoming, name, looked, row).await
}

/// Gives complete bytes their place and their row.
async fn keep<T: Send + 'static>(
    app: &App,
    actor: &Arc<Actor>,
    incoming: Incoming,
    name: &str,
    look: impl AsyncFnOnce(&Stored) -> Result<Found, Problem>,
    row: impl Fn(&mut Tx<'_>, &Actor, &NewFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let blob = incoming.blob();
    let stored = app.blobs.finish(incoming).await.map_err(|error| Problem::unstored(&error))?;
    let kept = match look(&stored).await {
        Ok(found) => {
            let new = new_file(blob, name, found, stored);
            app.db.write_paid(actor, move |tx, actor| row(tx, actor, &new)).await.map_err(Problem::from)
        }
        Err(refused) => Err(refused),
    };
    if kept.is_err() {
        let _ = app.blobs.remove(blob).await;
    }
    kept
}

fn new_file(blob: Blob, name: &str, found: Found, stored: Stored) -> NewFile {
    NewFile {
        id: blob.id,
        name: name.to_owned(),
        content_type: found.content_type,
        size: i64::try_from(stored.size).unwrap_or(i64::MAX),
        etag: stored.etag,
        measures: found.measures,
    }
}

/// What a file is found to be, when that is what it is called.
async fn called(
    app: &App,
    actor: &Actor,
    blob: Blob,
    stored: &Stored,
    name: &str,
    claimed: &str,
) -> Result<Found, Problem> {
    let only_common = app.settings(actor.tenant).await?.common_files_only;
    let found = content::look(&app.blobs, blob, stored).await.map_err(|error| Problem::unstored(&error))?;
    let content_type = file_types::agreed(name, claimed, &found.content_type, only_common)?;
    Ok(Found { content_type, ..found })
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
    // Looked at again when bytes come through us.
    turn(app, actor).await?;
    let blob = Blob { tenant: actor.tenant, id: RowId(app.clock.new_id()) };
    let wanted = announced.clone();
    let until = app.db.write_paid(actor, move |tx, actor| uploads::ask(tx, actor, blob.id, &wanted)).await?;
    let size = u64::try_from(announced.size).unwrap_or_default();
    let lasts = Duration::from_secs(ADDRESS_SECONDS.unsigned_abs());
    let address = app.blobs.address(blob, size, sent_as(&announced), lasts);
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
    let blob = Blob { tenant: actor.tenant, id };
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
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Problem::conflict(
            "uploaded",
            "the bytes of this file are there already: confirm them, or ask for another address",
        )),
        Err(error) => Err(Problem::unstored(&error)),
        Ok(_) => still_wanted(app, actor, blob).await,
    }
}

/// The row may have gone while the bytes came: nobody else would remove them.
async fn still_wanted(app: &App, actor: &Arc<Actor>, blob: Blob) -> Result<(), Problem> {
    let found = app.db.read(actor, move |tx, actor| uploads::find(tx, actor, blob.id)).await;
    if matches!(found, Err(Error::NotFound { .. })) {
        app.blobs.remove(blob).await.map_err(|error| Problem::unstored(&error))?;
    }
    found.map(drop).map_err(Problem::from)
}

/// Looks at the bytes of a file that was asked for; it waits to be sent with a message from then on.
///
/// # Errors
/// When they are not there, or are not what was announced: then they are removed.
pub(crate) async fn confirm(app: &App, actor: &Arc<Actor>, id: RowId) -> Result<Attachment, Problem> {
    let announced = match app.db.read(actor, move |tx, actor| uploads::find(tx, actor, id)).await? {
        Upload::Confirmed(file) => return Ok(file),
        Upload::Open { announced, .. } => announced,
    };
    let blob = Blob { tenant: actor.tenant, id };
    let stored = app.blobs.stat(blob).await.map_err(|error| Problem::unstored(&error))?;
    let stored = stored.ok_or_else(|| {
        Problem::conflict(
            "not_uploaded",
            "the bytes of this file are not there: put them to its address first",
        )
    })?;
    let (size, came) = (u64::try_from(announced.size).unwrap_or_default(), stored.size);
    let found = match came == size {
        true => called(app, actor, blob, &stored, &announced.name, &announced.content_type).await,
        false => Err(other_size(size, came)),
    };
    let kept = match found {
        Ok(found) => {
            let new = new_file(blob, &announced.name, found, stored);
            app.db
                .write_paid(actor, move |tx, actor| uploads::confirm(tx, actor, &new))
                .await
                .map_err(Problem::from)
        }
        Err(refused) => Err(refused),
    };
    if let Err(refused) = &kept
        && refused.status().is_client_error()
    {
        app.db.write_paid(actor, move |tx, actor| uploads::refuse(tx, actor, id)).await?;
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
