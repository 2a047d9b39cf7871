//! Who reads an attached file: whoever sees its message, and its uploader while it waits to be sent.

use crate::{
    attachments::{self, Attachment},
    error::{Error, Result, not_found},
    ids::RowId,
    person::Actor,
    tx::Tx,
};

use super::query::get;

/// A file that the actor may read: of a message that it sees, or its own that still waits.
pub fn readable_file(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<Attachment> {
    let gone = || not_found("file");
    let found = attachments::find(tx, actor.tenant, id)?.ok_or_else(gone)?;
    let may = match found.message {
        Some(message) => match get(tx, actor, message) {
            Ok(message) => message.deleted_at.is_none(),
            Err(Error::NotFound { .. }) => false,
            Err(error) => return Err(error),
        },
        None => found.uploader == actor.id(),
    };
    if may { Ok(found.attachment) } else { Err(gone()) }
}
