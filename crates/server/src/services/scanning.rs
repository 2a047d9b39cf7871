//! Owns: that nobody gets a file which a virus scanner, where there is one, has not looked at. Must not know: how one is asked.

use parlor_chat::{Actor, attachments};

use crate::adapters::blobs::{Blob, Stored};
use crate::adapters::clamd::{Verdict, scan};
use crate::app::App;
use crate::request::problem::Problem;

/// Has the scanner look at a file before it is anything but bytes: what is infected is refused, and is in the audit log.
///
/// # Errors
/// When it is infected; when the scanner could not look, unless the operator takes files without.
pub(crate) async fn look_for_viruses(
    app: &App,
    actor: &Actor,
    blob: Blob,
    stored: &Stored,
    name: &str,
) -> Result<(), Problem> {
    let options = &app.config.files;
    let Some(daemon) = options.clamd() else { return Ok(()) };
    let bytes = app.blobs.read(blob, stored.etag.as_deref(), 0..stored.size).await;
    let bytes = bytes.map_err(|error| Problem::unstored(&error))?;
    match scan(daemon, bytes).await {
        Ok(Verdict::Clean) => Ok(()),
        Ok(Verdict::Infected(found)) => {
            tracing::warn!(%found, user = %actor.id(), "an infected file was refused");
            let (by, name, what) = (actor.clone(), name.to_owned(), found.clone());
            let no = actor.tenant_no;
            app.db.write_plain(no, move |tx| attachments::infected(tx, &by, &name, &what)).await?;
            let detail = format!("a virus was found in this file ({found}): it was not stored");
            Err(Problem::invalid("file", "virus", detail))
        }
        Err(error) if options.clamd_optional => {
            tracing::warn!(%error, "a file was taken that the virus scanner could not look at");
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            tracing::warn!(%error, "the virus scanner could not look at a file");
            let detail =
                format!("the virus scanner could not look into this file ({error}): send a smaller one");
            Err(Problem::invalid("file", "virus", detail))
        }
        Err(error) => {
            tracing::error!(%error, "the virus scanner could not look at a file");
            Err(Problem::unavailable(
                "the virus scanner does not answer, and without it no file is taken: try again later",
            ))
        }
    }
}
