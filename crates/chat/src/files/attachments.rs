//! Attachments: what is known of uploaded files. Owns their rows; the bytes are the server's business, under the file's
//! id: a name that somebody gave a file is never part of a path. Must not know: who reads one (`messages/files.rs`).

use parlor_db::{FromRow, params, row, statements};
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    audit,
    characters::is_visible,
    error::{Error, Result, invalid, not_found},
    file_types::is_picture,
    ids::{MessageId, PersonId, RowId, TenantId},
    jobs::{self, When, Work},
    json::Json,
    person::Actor,
    settings::{self, Settings},
    text::line,
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
    /// What S3 calls its bytes.
    pub etag: Option<String>,
    /// Width and height of a picture.
    pub measures: Option<(i64, i64)>,
    /// Its bytes are those of a picture from which everything else was taken.
    pub cleaned: bool,
}

/// A file that somebody may read, and what its bytes are called where they are.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// As clients see it.
    pub file: Attachment,
    /// What S3 calls its bytes.
    pub etag: Option<String>,
    /// Its bytes are those of a picture from which everything else was taken.
    pub cleaned: bool,
    /// How many bytes each small picture of it has, smallest first.
    pub small: Vec<i64>,
}

/// For how long after its end something may still come to an address: what was begun in time may take long.
pub(crate) const LATE_SECONDS: i64 = 86_400;
/// The most files of one message.
const MOST: usize = 10;
/// The most characters of a name that are kept, and the most bytes: file systems take 255.
const LONGEST_NAME: usize = 200;
const MOST_BYTES: usize = 255;
/// The most characters of an ending, behind its dot.
const LONGEST_ENDING: usize = 10;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 1_000;

words! {
    /// What becomes of a file. The statements name these as they stand here.
    pub enum FileState {
        /// There is an address for its bytes; nobody has said yet that they are there.
        Uploading = "uploading",
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

row! {
    /// How a file `a` is kept.
    pub(crate) struct Kept, kept_columns! {
        etag: Option<String> = "a.etag",
        cleaned: bool = "a.cleaned",
        small: Json<Option<Vec<i64>>> = "a.small",
    }
}
pub(crate) use kept_columns;

impl Kept {
    /// With what clients see of it.
    pub(crate) fn of(self, file: Attachment) -> StoredFile {
        let Json(small) = self.small;
        StoredFile { file, etag: self.etag, cleaned: self.cleaned, small: small.unwrap_or_default() }
    }
}

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO attachments (tenant, id, uploader_id, message_id, name, content_type, size, etag, created_at, width,
            height, cleaned, state)
        VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting')");
    /// What one's own waiting file shows.
    pub static DESCRIBE = both("
        UPDATE attachments SET description = $4
        WHERE tenant = $1 AND id = $2 AND uploader_id = $3 AND state = 'waiting'");
    /// Small pictures of it are there.
    pub static HAS_SMALL = both("
        UPDATE attachments SET small = $3 WHERE tenant = $1 AND id = $2 AND state IN ('waiting', 'attached')");
    /// By id.
    pub static FIND = both(concat!("
        SELECT ", attachment_columns!(), ", ", owner_columns!(), ", ", kept_columns!(), " FROM attachments a
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
    /// Files that are to be removed, after one of them; once more when nothing can come to their address any more.
    pub static ABANDONED = both("
        SELECT tenant, id FROM attachments
        WHERE state = 'abandoned' AND (removed = 0 OR upload_until < $4) AND (tenant, id) > ($1, $2)
        ORDER BY tenant, id LIMIT $3").global();
    /// A file was removed for good.
    pub static FORGET = both("
        DELETE FROM attachments WHERE tenant = $1 AND id = $2 AND state = 'abandoned' AND upload_until < $3");
    /// A file was removed for now.
    pub static REMOVED = both("
        UPDATE attachments SET removed = 1 WHERE tenant = $1 AND id = $2 AND state = 'abandoned'");
}

/// A file, and whose it is.
pub(crate) fn find(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<Option<(StoredFile, Owner)>> {
    let found = tx.db.opt(&FIND, params![tenant, id], |row| {
        let owner = Owner::read(row, Attachment::WIDTH)?;
        Ok((Attachment::from_row(row)?, owner, Kept::read(row, Attachment::WIDTH + Owner::WIDTH)?))
    })?;
    Ok(found.map(|(file, owner, kept)| (kept.of(file), owner)))
}

/// Whether a file of this size may be stored.
pub(crate) fn check_size(tx: &mut Tx, tenant: TenantId, size: i64, is_picture: bool) -> Result<()> {
    let limit = limit(&settings::load(tx, tenant)?, is_picture);
    match size > limit {
        true => Err(Error::TooLarge { field: "file", limit: usize::try_from(limit).unwrap_or(0) }),
        false => Ok(()),
    }
}

/// The most bytes that a file may have, or a picture.
#[must_use]
pub fn limit(settings: &Settings, is_picture: bool) -> i64 {
    let megabytes = match is_picture {
        true => settings.picture_max_mb.min(settings.attachment_max_mb),
        false => settings.attachment_max_mb,
    };
    megabytes * 1_000_000
}

/// Remembers a file that somebody has uploaded; it waits to be claimed by a message.
pub fn add(tx: &mut Tx, actor: &Actor, new: &NewFile) -> Result<Attachment> {
    check_size(tx, actor.tenant, new.size, is_picture(&new.content_type))?;
    upload_quota::room(tx, actor, new.size)?;
    let name = shown_name(&new.name);
    tx.db.execute(
        &INSERT,
        params![
            actor.tenant,
            new.id,
            actor.id(),
            name.as_str(),
            new.content_type.as_str(),
            new.size,
            new.etag.as_deref(),
            tx.now,
            new.measures.map(|(width, _)| width),
            new.measures.map(|(_, height)| height),
            new.cleaned
        ],
    )?;
    finish_picture(tx, actor.tenant, new, tx.now)?;
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

/// A virus was found in what somebody sent. Nothing but this is kept of it.
pub fn infected(tx: &mut Tx, actor: &Actor, name: &str, virus: &str) -> Result<()> {
    let details = json!({ "name": shown_name(name), "virus": virus });
    audit::record(tx, actor, "file.infected", None, &details)
}

/// What a picture has small ones of, or why none are to be made.
#[derive(Clone, Debug)]
pub enum SmallOnes {
    /// They are to be made of this.
    Wanted(StoredFile),
    /// They are there.
    Made,
    /// Nobody wants them any more.
    Gone,
}

/// Small pictures are made beside the requests, and what came is removed where another form is kept: once nothing can come
/// to its address any more, or it would be free for something else.
pub(crate) fn finish_picture(tx: &mut Tx, tenant: TenantId, new: &NewFile, until: Time) -> Result<()> {
    if !new.cleaned {
        return Ok(());
    }
    let ended = if until > tx.now { until.plus_seconds(LATE_SECONDS) } else { tx.now };
    jobs::enqueue(tx, tenant, &Work::SmallPictures { file: new.id }, None, When::At(tx.now))?;
    jobs::enqueue(tx, tenant, &Work::RemoveSent { file: new.id }, None, When::At(ended))
}

/// Whether small ones of a picture are to be made.
pub fn small_ones(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<SmallOnes> {
    Ok(match find(tx, tenant, id)? {
        Some((file, owner)) if matches!(owner.state, FileState::Waiting | FileState::Attached) => {
            if file.small.is_empty() { SmallOnes::Wanted(file) } else { SmallOnes::Made }
        }
        _ => SmallOnes::Gone,
    })
}

/// Small pictures are there: how many bytes each has, smallest first. False when the file is gone.
pub fn has_small(tx: &mut Tx, tenant: TenantId, id: RowId, sizes: &[i64]) -> Result<bool> {
    let sizes = serde_json::to_string(sizes)?;
    Ok(tx.db.execute(&HAS_SMALL, params![tenant, id, sizes.as_str()])? > 0)
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
    described.map(|(found, _)| found.file).ok_or(not_found("file"))
}

/// A name as it is shown: without folders, without what hides or turns it.
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    let line = line(&plain);
    let kept = line.trim_start_matches('.').trim();
    if kept.chars().any(is_visible) { shortened(kept) } else { "file".to_owned() }
}

/// A name that file systems take, cut before its ending: programs are chosen by that.
fn shortened(name: &str) -> String {
    let fits = |chars: usize, bytes: usize| chars <= LONGEST_NAME && bytes <= MOST_BYTES;
    if fits(name.chars().count(), name.len()) {
        return name.to_owned();
    }
    let (stem, ending) = name.split_at(ending_at(name));
    let (mut chars, mut bytes, mut end) = (ending.chars().count(), ending.len(), 0);
    for letter in stem.graphemes(true) {
        (chars, bytes) = (chars + letter.chars().count(), bytes + letter.len());
        if !fits(chars, bytes) {
            break;
        }
        end += letter.len();
    }
    format!("{}{ending}", stem[..end].trim_end())
}

/// Where `.pdf` or `.tar.gz` begins; at the end where there is none.
fn ending_at(name: &str) -> usize {
    let is_ending = |text: &str| {
        (1..=LONGEST_ENDING).contains(&text.chars().count()) && text.chars().all(char::is_alphanumeric)
    };
    match name.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) => stem.strip_suffix(".tar").unwrap_or(stem).len(),
        _ => name.len(),
    }
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
    let wanted: Vec<Attachment> =
        ids.iter().map(|id| of(id).cloned().ok_or_else(unknown)).collect::<Result<_>>()?;
    let most = settings::load(tx, actor.tenant)?.message_files_max_mb;
    match wanted.iter().map(|file| file.size).sum::<i64>() > most * 1_000_000 {
        true => Err(invalid(
            "attachment_ids",
            "max_size",
            format!(
                "the files of a message may have {most} MB together: send some of them with another message"
            ),
        )),
        false => Ok(wanted),
    }
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

/// Some files that are to be removed from their place, in order, after one of them.
pub fn abandoned(tx: &mut Tx, after: (TenantId, RowId), most: i64) -> Result<Vec<(TenantId, RowId)>> {
    let over = tx.now.plus_seconds(-LATE_SECONDS);
    Ok(tx.db.all(&ABANDONED, params![after.0, after.1, most, over], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A file was removed from its place. While its bytes may still come, from an address or a slow line, its row stays.
pub fn removed(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<()> {
    let over = tx.now.plus_seconds(-LATE_SECONDS);
    if tx.db.execute(&FORGET, params![tenant, id, over])? == 0 {
        tx.db.execute(&REMOVED, params![tenant, id])?;
    }
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
            ("in\u{61C}voice\u{AD}\u{200B}\u{2069}.pdf", "invoice.pdf"),
            ("a\u{2028}b\u{2029}.pdf", "a b .pdf"),
            ("\u{FEFF}\u{2800}", "file"),
            ("e\u{301}te\u{301}.txt", "été.txt"),
            ("..", "file"),
            ("", "file"),
            (".htaccess", "htaccess"),
        ];
        for (given, shown) in cases {
            assert_eq!(shown_name(given), shown, "{given:?}");
        }
        let letters = |name: String| name.chars().filter(|c| !c.is_ascii()).count();
        assert_eq!(shown_name(&"z".repeat(500)), "z".repeat(LONGEST_NAME));
        assert_eq!(letters(shown_name(&"é".repeat(500))), 127);
        assert_eq!(shown_name(&format!("{}(251).pdf", "z".repeat(300))), format!("{}.pdf", "z".repeat(196)));
        assert_eq!(shown_name(&format!("{}.pdf", "議".repeat(200))), format!("{}.pdf", "議".repeat(83)));
        assert_eq!(shown_name(&format!("{}.tar.gz", "z".repeat(300))), format!("{}.tar.gz", "z".repeat(193)));
        assert_eq!(shown_name(&format!("{}. {}", "z".repeat(190), "y".repeat(90))).len(), LONGEST_NAME);
        let family = "👨\u{200D}👩\u{200D}👧";
        assert!(shown_name(&format!("{}.png", family.repeat(40))).ends_with("👧.png"), "whole letters only");
    }
}
