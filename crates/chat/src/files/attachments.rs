//! Attachments: what is known of uploaded files. Owns their rows; the bytes are the server's business, under the file's
//! id: a name that somebody gave a file is never part of a path. Must not know: who reads one (`messages/files.rs`).

use parlor_db::{FromRow, params, row, statements};

use crate::{
    error::{Error, Result, invalid, not_found},
    ids::{MessageId, PersonId, RowId, TenantId},
    jobs::{self, When, Work},
    person::Actor,
    settings,
    time::Time,
    tx::Tx,
    upload_quota,
    words::words,
};

pub use crate::resources::message::Attachment;

/// A file that is in its place.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its id, which is its place.
    pub id: RowId,
    /// As its uploader names it.
    pub name: String,
    /// Found by looking into it.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Width and height of a picture.
    pub measures: Option<(i64, i64)>,
}

/// The most files of one message.
const MOST: usize = 10;
/// The most characters of a name that are kept.
const LONGEST_NAME: usize = 200;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 1_000;

words! {
    /// What becomes of a file. The statements name these as they stand here.
    pub enum FileState {
        /// It waits for a message; its uploader may claim it for one.
        Waiting = "waiting",
        /// It belongs to a message.
        Attached = "attached",
        /// It is the picture of a user.
        Avatar = "avatar",
        /// Nothing refers to it, and nothing ever will: it is to be removed.
        Abandoned = "abandoned",
    }
}

row! {
    /// The columns of a file `a`, as clients see it.
    impl Attachment, attachment_columns! {
        id: "a.id",
        name: "a.name",
        content_type: "a.content_type",
        size: "a.size",
        width: "a.width",
        height: "a.height",
        description: "a.description",
    }
}
pub(crate) use attachment_columns;

row! {
    /// Whose a file `a` is.
    pub(crate) struct Owner, owner_columns! {
        pub state: FileState = "a.state",
        pub message: Option<MessageId> = "a.message_id",
        pub uploader: PersonId = "a.uploader_id",
    }
}

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO attachments (tenant, id, uploader_id, message_id, name, content_type, size, sha256, created_at, width,
            height, state)
        VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, 'waiting')");
    /// What one's own waiting file shows.
    pub static DESCRIBE = both("
        UPDATE attachments SET description = $4
        WHERE tenant = $1 AND id = $2 AND uploader_id = $3 AND state = 'waiting'");
    /// By id.
    pub static FIND = both(concat!("
        SELECT ", attachment_columns!(), ", ", owner_columns!(), " FROM attachments a
        WHERE a.tenant = $1 AND a.id = $2"));
    /// Somebody's that wait for a message.
    pub static WAITING = both(concat!("
        SELECT ", attachment_columns!(), " FROM attachments a
        WHERE a.tenant = $1 AND a.id = ANY($2) AND a.uploader_id = $3 AND a.state = 'waiting'"));
    /// They belong to a message now.
    pub static CLAIM = both("
        UPDATE attachments SET message_id = $3, state = 'attached'
        WHERE tenant = $1 AND id = ANY($2) AND state = 'waiting'");
    /// Their messages are gone, and their names with them.
    pub static RELEASE = both("
        UPDATE attachments SET message_id = NULL, name = '', state = 'abandoned'
        WHERE tenant = $1 AND message_id = ANY($2)");
    /// Those that waited too long: nobody can claim them any more.
    pub static GIVE_UP = both("
        UPDATE attachments SET name = '', state = 'abandoned' WHERE state = 'waiting' AND created_at < $1").global();
    /// Files that are to be removed.
    pub static ABANDONED = both("
        SELECT tenant, id FROM attachments WHERE state = 'abandoned' LIMIT $1").global();
    /// A file was removed.
    pub static REMOVE = both("
        DELETE FROM attachments WHERE tenant = $1 AND id = $2 AND state = 'abandoned'");
}

/// A file, and whose it is.
pub(crate) fn find(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<Option<(Attachment, Owner)>> {
    Ok(tx.db.opt(&FIND, params![tenant, id], |row| {
        Ok((Attachment::from_row(row)?, Owner::read(row, Attachment::WIDTH)?))
    })?)
}

/// The most bytes that a file may have in this tenant.
pub fn limit(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(settings::load(tx, tenant)?.attachment_max_mb * 1_000_000)
}

/// Remembers a file that somebody has uploaded; it waits to be claimed by a message.
pub fn add(tx: &mut Tx, actor: &Actor, new: &NewFile) -> Result<Attachment> {
    let limit = limit(tx, actor.tenant)?;
    if new.size > limit {
        return Err(Error::TooLarge { field: "file", limit: usize::try_from(limit).unwrap_or(0) });
    }
    upload_quota::room(tx, actor, new.size)?;
    let name = shown_name(&new.name);
    let sha256 = &new.sha256[..];
    tx.db.execute(
        &INSERT,
        params![
            actor.tenant,
            new.id,
            actor.id(),
            name.as_str(),
            new.content_type.as_str(),
            new.size,
            sha256,
            tx.now,
            new.measures.map(|(width, _)| width),
            new.measures.map(|(_, height)| height)
        ],
    )?;
    Ok(Attachment {
        id: new.id,
        name,
        content_type: new.content_type.clone(),
        size: new.size,
        width: new.measures.map(|(width, _)| width),
        height: new.measures.map(|(_, height)| height),
        description: None,
    })
}

/// Says what one's own file shows, before it is sent. Nothing takes the words back.
pub fn describe(tx: &mut Tx, actor: &Actor, id: RowId, description: &str) -> Result<Attachment> {
    let words = description.trim();
    if words.chars().count() > LONGEST_DESCRIPTION || words.contains('\0') {
        return Err(invalid("description", "max_length", "a description may have 1,000 characters"));
    }
    let words = (!words.is_empty()).then_some(words);
    if tx.db.execute(&DESCRIBE, params![actor.tenant, id, actor.id(), words])? == 0 {
        return Err(not_found("file"));
    }
    let described = find(tx, actor.tenant, id)?;
    described.map(|(found, _)| found).ok_or(not_found("file"))
}

/// A name as it is shown: without folders, without what hides or turns it.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    let kept: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST_NAME).collect();
    let kept = kept.trim().trim_start_matches('.').trim();
    if kept.is_empty() { "file".to_owned() } else { kept.to_owned() }
}

/// One's own files that a message wants, in the order wanted.
pub(crate) fn wanted(tx: &mut Tx, actor: &Actor, ids: &[RowId]) -> Result<Vec<Attachment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if ids.len() > MOST {
        return Err(invalid("attachment_ids", "count", "attach at most 10 files"));
    }
    let keys: Vec<[u8; 16]> = ids.iter().map(|id| id.0.into_bytes()).collect();
    let found = tx.db.all(&WAITING, params![actor.tenant, &keys[..], actor.id()], Attachment::from_row)?;
    let of = |id: &RowId| found.iter().find(|one| one.id == *id);
    let unknown =
        || invalid("attachment_ids", "known", "names a file that you did not upload, or sent already");
    ids.iter().map(|id| of(id).cloned().ok_or_else(unknown)).collect()
}

/// The files belong to this message from now on.
pub(crate) fn claim(tx: &mut Tx, tenant: TenantId, files: &[Attachment], message: MessageId) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let keys: Vec<[u8; 16]> = files.iter().map(|file| file.id.0.into_bytes()).collect();
    let claimed = tx.db.execute(&CLAIM, params![tenant, &keys[..], message])?;
    if claimed == files.len() as u64 {
        Ok(())
    } else {
        Err(invalid("attachment_ids", "known", "names a file twice, or one that was sent already"))
    }
}

/// The files of messages that are gone for good are gone too, soon.
pub(crate) fn release(tx: &mut Tx, tenant: TenantId, messages: &[[u8; 16]]) -> Result<()> {
    match tx.db.execute(&RELEASE, params![tenant, messages])? {
        0 => Ok(()),
        _ => remove_soon(tx),
    }
}

/// Something refers to a file no longer: the job that removes such files runs now.
pub(crate) fn remove_soon(tx: &mut Tx) -> Result<()> {
    jobs::enqueue(tx, jobs::EVERYWHERE, &Work::RemoveFiles, Some(""), When::By(tx.now))
}

/// Files that nobody has claimed since `before` can no longer be claimed.
pub fn give_up(tx: &mut Tx, before: Time) -> Result<u64> {
    Ok(tx.db.execute(&GIVE_UP, params![before])?)
}

/// Some files that are to be removed from their place.
pub fn abandoned(tx: &mut Tx, most: i64) -> Result<Vec<(TenantId, RowId)>> {
    Ok(tx.db.all(&ABANDONED, params![most], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A file was removed from its place.
pub fn removed(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<()> {
    tx.db.execute(&REMOVE, params![tenant, id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_only_names() {
        let cases = [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a b.txt", "a b.txt"),
            ("\u{202E}gpj.exe", "gpj.exe"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("..", "file"),
            ("", "file"),
            (".htaccess", "htaccess"),
        ];
        for (given, shown) in cases {
            assert_eq!(shown_name(given), shown, "{given:?}");
        }
        assert_eq!(shown_name(&"é".repeat(500)).chars().count(), LONGEST_NAME);
    }
}
