//! Owns: how many files, and how many bytes of them, may wait to be sent: of one person and of a whole tenant. A stranger
//! who may write to somebody must not fill the disk without sending anything. Must not know: where files are.

use parlor_db::{params, statements};

use crate::{
    error::{Error, Result},
    person::Actor,
    settings,
    time::Time,
    tx::Tx,
};

/// For how long a file waits before it is removed.
pub const WAITS_SECONDS: i64 = 86_400;
/// When to try again once others have to send theirs, or theirs have to grow old.
const LATER_SECONDS: i64 = 600;
const MEGABYTE: i64 = 1_000_000;

statements! {
    /// Somebody's files that wait, their bytes, and since when the oldest does.
    pub static MINE = both("
        SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT), CAST(COALESCE(MIN(created_at), 0) AS BIGINT)
        FROM attachments
        WHERE tenant = $1 AND uploader_id = $2 AND state IN ('uploading', 'waiting') AND (state = 'waiting' OR upload_until > $3)");
    /// Everybody's.
    pub static ALL = both("
        SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM attachments
        WHERE tenant = $1 AND state IN ('uploading', 'waiting') AND (state = 'waiting' OR upload_until > $2)");
}

/// Whether one more file of so many bytes may wait for the actor to send it.
pub fn room(tx: &mut Tx, actor: &Actor, size: i64) -> Result<()> {
    let limits = settings::load(tx, actor.tenant)?;
    // The largest file that is allowed always fits by itself.
    let most = |megabytes: i64| megabytes.max(limits.attachment_max_mb) * MEGABYTE;
    let over = |count: i64, files: i64, bytes: i64, megabytes: i64| {
        (files > 0 && count >= files) || (megabytes > 0 && bytes + size.max(1) > most(megabytes))
    };
    let (count, bytes, oldest) = tx.db.one(&MINE, params![actor.tenant, actor.id(), tx.now], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<Time>(2)?))
    })?;
    if over(count, limits.waiting_files, bytes, limits.waiting_mb) {
        let left = oldest.plus_seconds(WAITS_SECONDS).micros() - tx.now.micros();
        return Err(Error::Later {
            rule: "waiting_files",
            detail: format!(
                "{count} of your files wait to be sent: send them first; what is not sent goes after a day"
            ),
            seconds: (left / 1_000_000).clamp(1, WAITS_SECONDS),
        });
    }
    let (count, bytes) =
        tx.db.one(&ALL, params![actor.tenant, tx.now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if over(count, limits.waiting_files_of_all, bytes, limits.waiting_mb_of_all) {
        return Err(Error::Later {
            rule: "waiting_files_of_all",
            detail: "too many files of everybody wait to be sent: try again later".to_owned(),
            seconds: LATER_SECONDS,
        });
    }
    Ok(())
}
