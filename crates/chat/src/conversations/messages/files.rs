//! Who reads an attached file: whoever sees its message, and its uploader while it waits to be sent.

use crate::{
    attachments::{self, FileState, StoredFile},
    error::{Error, Result, not_found},
    ids::RowId,
    person::Actor,
    tx::Tx,
};

use super::query::get;

/// A file that the actor may read: of a message that it sees, or its own that still waits.
pub fn readable_file(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<StoredFile> {
    let gone = || not_found("file");
    let (file, owner) = attachments::find(tx, actor.tenant, id)?.ok_or_else(gone)?;
    let may = match (owner.state, owner.message) {
        (FileState::Waiting, _) => owner.uploader == actor.id(),
        (FileState::Attached, Some(message)) => match get(tx, actor, message) {
            Ok(message) => message.deleted_at.is_none(),
            Err(Error::NotFound { .. }) => false,
            Err(error) => return Err(error),
        },
        (FileState::Attached, None) => {
            return Err(Error::Damaged(format!("the file {id} is attached to no message")));
        }
        // A picture has an address of its own.
        (FileState::Uploading | FileState::Avatar | FileState::Abandoned, _) => false,
    };
    if may { Ok(file) } else { Err(gone()) }
}
