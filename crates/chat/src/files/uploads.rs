//! Files whose bytes come straight to their storage: asked for, put there by the uploader, confirmed. Owns their rows until
//! they wait for a message like others. Must not know: addresses, storage, how content is looked into.

use parlor_db::{FromRow, params, row, statements};

use crate::{
    attachments::{self, Attachment, FileState, NewFile, shown_name},
    error::{Error, Result, not_found},
    file_types,
    ids::{PersonId, RowId},
    person::Actor,
    settings,
    time::Time,
    tx::Tx,
    upload_quota,
};

/// For how long an address for the bytes serves.
pub const ADDRESS_SECONDS: i64 = 300;

/// How long after that nobody is waited for any more.
const GIVE_UP_SECONDS: i64 = 3_600;

/// What somebody wants to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// As its uploader names it.
    pub name: String,
    /// What its uploader says that it is; empty for nothing.
    pub content_type: String,
    /// In bytes, exactly.
    pub size: i64,
}

/// A file that was asked for.
#[derive(Clone, Debug)]
pub enum Upload {
    /// It is not confirmed.
    Open {
        /// What it is to be.
        announced: Announced,
        /// Until when its bytes are taken.
        until: Time,
    },
    /// It is confirmed.
    Confirmed(Attachment),
}

row! {
    struct Asked, asked_columns! {
        name: String = "a.name",
        content_type: String = "a.content_type",
        size: i64 = "a.size",
        until: Time = "a.upload_until",
        uploader: PersonId = "a.uploader_id",
        state: FileState = "a.state",
    }
}

statements! {
    /// One that was asked for.
    pub static INSERT = both("
        INSERT INTO attachments (tenant, id, uploader_id, message_id, name, content_type, size, created_at, upload_until, state)
        VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, 'uploading')");
    /// By id.
    pub static FIND = both(concat!("
        SELECT ", asked_columns!(), " FROM attachments a WHERE a.tenant = $1 AND a.id = $2"));
    /// It is there, and waits for a message.
    pub static CONFIRM = both("
        UPDATE attachments SET content_type = $4, etag = $5, width = $6, height = $7, created_at = $8, size = $9, cleaned = $10,
            state = 'waiting'
        WHERE tenant = $1 AND id = $2 AND uploader_id = $3 AND state = 'uploading'");
    /// It is not what it was said to be.
    pub static REFUSE = both("
        UPDATE attachments SET name = '', state = 'abandoned'
        WHERE tenant = $1 AND id = $2 AND uploader_id = $3 AND state = 'uploading'");
    /// Those that nobody confirms any more.
    pub static GIVE_UP = both("
        UPDATE attachments SET name = '', state = 'abandoned' WHERE state = 'uploading' AND upload_until < $1").global();
}

/// Makes room for a file that is to come, to an address that serves for so many seconds; what can be refused now is refused
/// now. Answers until when it serves.
pub fn ask(tx: &mut Tx, actor: &Actor, id: RowId, announced: &Announced, seconds: i64) -> Result<Time> {
    let only_common = settings::load(tx, actor.tenant)?.common_files_only;
    let Announced { name, content_type, size } = announced;
    let name = shown_name(name);
    let is_picture = file_types::announced(&name, content_type, only_common)?;
    attachments::check_size(tx, actor.tenant, *size, is_picture)?;
    upload_quota::room(tx, actor, *size)?;
    let until = tx.now.plus_seconds(seconds);
    tx.db.execute(
        &INSERT,
        params![actor.tenant, id, actor.id(), name.as_str(), content_type.as_str(), *size, tx.now, until],
    )?;
    Ok(until)
}

/// One's own file that was asked for.
pub fn find(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<Upload> {
    let gone = || not_found("file");
    let asked = tx.db.opt(&FIND, params![actor.tenant, id], Asked::from_row)?.ok_or_else(gone)?;
    if asked.uploader != actor.id() {
        return Err(gone());
    }
    match asked.state {
        FileState::Uploading => {
            let Asked { name, content_type, size, until, .. } = asked;
            Ok(Upload::Open { announced: Announced { name, content_type, size }, until })
        }
        FileState::Waiting => {
            let found = attachments::find(tx, actor.tenant, id)?;
            found.map(|(found, _)| Upload::Confirmed(found.file)).ok_or_else(gone)
        }
        FileState::Attached | FileState::Avatar | FileState::Abandoned => Err(gone()),
    }
}

/// The bytes are there, and are what they were said to be: the file waits for a message from now on. `until` is when its
/// address ends.
pub fn confirm(tx: &mut Tx, actor: &Actor, file: &NewFile, until: Time) -> Result<Attachment> {
    attachments::check_size(tx, actor.tenant, file.size, file_types::is_picture(&file.content_type))?;
    let measures = file.measures;
    let given = params![
        actor.tenant,
        file.id,
        actor.id(),
        file.content_type.as_str(),
        file.etag.as_deref(),
        measures.map(|(width, _)| width),
        measures.map(|(_, height)| height),
        tx.now,
        file.size,
        file.cleaned
    ];
    if tx.db.execute(&CONFIRM, given)? == 0 {
        return match find(tx, actor, file.id)? {
            Upload::Confirmed(file) => Ok(file),
            Upload::Open { .. } => Err(Error::Damaged(format!("the file {} cannot be confirmed", file.id))),
        };
    }
    attachments::finish_picture(tx, actor.tenant, file, until)?;
    let found = attachments::find(tx, actor.tenant, file.id)?;
    found.map(|(found, _)| found.file).ok_or(not_found("file"))
}

/// What came is refused: it is removed.
pub fn refuse(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<()> {
    match tx.db.execute(&REFUSE, params![actor.tenant, id, actor.id()])? {
        0 => Ok(()),
        _ => attachments::remove_soon(tx),
    }
}

/// What nobody confirms any more is removed.
pub fn give_up(tx: &mut Tx) -> Result<u64> {
    let before = tx.now.plus_seconds(-GIVE_UP_SECONDS);
    Ok(tx.db.execute(&GIVE_UP, params![before])?)
}
