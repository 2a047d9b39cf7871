//! Work that a transaction leaves behind: enqueued in it, claimed for some seconds by whoever runs it, tried again when it
//! fails, dead when it failed too often. Owns the rows and their turns. Must not know: how the work is done.
//!
//! A job whose effects are in the database ends in the transaction of its effects ([`complete`]), so that a crash at any
//! point gives the effect once. One that reaches outside is done at least once.

use parlor_db::{FromRow, params, row, statements};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Result, not_found},
    ids::{RowId, TenantId},
    time::Time,
    tx::Tx,
};

/// What is to be done. Stored as its `kind` and its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Tell an application's server what happened on channels: `body` to `url`, signed.
    Webhook {
        /// The address that the application's administrator named.
        url: String,
        /// JSON, as it is signed.
        body: String,
    },
    /// Open the tenant's snoozed conversations whose time has come.
    Unsnooze,
    /// Clear what the tenant keeps no longer.
    Retention,
    /// Make small pictures of an attached one.
    SmallPictures {
        /// The picture.
        file: RowId,
    },
    /// Remove a picture as it came, of which a cleaned one is kept.
    RemoveSent {
        /// The picture.
        file: RowId,
    },
    /// Remove the files that nothing refers to, of all tenants.
    RemoveFiles,
    /// Forget rows whose time is over, of all tenants.
    PruneExpired,
}

/// Who runs a kind of work: what reaches outside may be slow, and must not hold up the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Work in the database.
    Inside,
    /// Work on files, which may be in a bucket far away.
    Files,
    /// Work that waits for other servers.
    Outside,
}

impl Queue {
    fn kinds(self) -> Vec<String> {
        let kinds: &[&str] = match self {
            Self::Inside => &["unsnooze", "retention", "prune_expired"],
            Self::Files => &["small_pictures", "remove_sent", "remove_files"],
            Self::Outside => &["webhook"],
        };
        kinds.iter().map(|kind| (*kind).to_owned()).collect()
    }
}

/// When work of a kind is tried again, and when it is dead.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Seconds until the next try after the first failure, the second … the last of them goes on.
    pub back_off: &'static [i64],
    /// Seconds from when it was enqueued to when it is dead.
    pub give_up_after: i64,
    /// Seconds from its end to its next turn, of work that never ends.
    pub every: Option<i64>,
}

impl Work {
    /// Its name in the database, in metrics and on the command line.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Unsnooze => "unsnooze",
            Self::Retention => "retention",
            Self::SmallPictures { .. } => "small_pictures",
            Self::RemoveSent { .. } => "remove_sent",
            Self::RemoveFiles => "remove_files",
            Self::PruneExpired => "prune_expired",
        }
    }

    /// How patient one is with it.
    #[must_use]
    pub fn policy(&self) -> Policy {
        const DAY: i64 = 86_400;
        // Work on our own rows is never given up: what stops it is mended, and it goes on.
        let own = Policy { back_off: &[30, 120, 480], give_up_after: i64::MAX, every: None };
        match self {
            Self::Webhook { .. } => {
                Policy { back_off: &[6, 10, 20, 40, 60], give_up_after: 300, every: None }
            }
            Self::Unsnooze => Policy { back_off: &[1, 5, 30], ..own },
            Self::Retention => Policy { every: Some(DAY), ..own },
            Self::SmallPictures { .. } => Policy { give_up_after: DAY, ..own },
            Self::RemoveSent { .. } => own,
            Self::RemoveFiles | Self::PruneExpired => Policy { every: Some(600), ..own },
        }
    }
}

/// A job that waits, runs or is dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The tenant that it is for; [`EVERYWHERE`] for work on the whole installation.
    pub tenant: TenantId,
    /// Its id.
    pub id: RowId,
    /// What tells it from others of its kind, where only one may wait.
    pub key: Option<String>,
    /// What is to be done.
    pub work: Work,
    /// How often it was claimed.
    pub attempts: i64,
    /// When it was enqueued.
    pub created_at: Time,
}

/// A job that is given up, for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeadJob {
    /// Its id.
    pub id: RowId,
    /// Its kind of work.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<String>,
    /// When it was enqueued.
    pub created_at: Time,
    /// When it was given up.
    pub dead_at: Time,
}

/// How many jobs there are, for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = JobTotals)]
pub struct Totals {
    /// They wait for their time.
    pub waiting: i64,
    /// Somebody runs them.
    pub running: i64,
    /// They were given up.
    pub dead: i64,
}

/// Stands for the whole installation where work belongs to no tenant.
pub const EVERYWHERE: TenantId = TenantId(Uuid::nil());

/// Left for the commit hook: a job was enqueued.
#[derive(Clone, Copy, Debug)]
pub struct Enqueued;

/// What happens to a job that waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It moves to this time.
    At(Time),
    /// It moves only to an earlier time.
    By(Time),
}

row! {
    /// A job as it is stored: kind and payload may be what this version cannot read.
    struct Claimed, job_columns! {
        tenant: TenantId = "tenant",
        id: RowId = "id",
        kind: String = "kind",
        key: Option<String> = "key",
        payload: String = "payload",
        attempts: i64 = "attempts",
        created_at: Time = "created_at",
    }
}

row! {
    impl DeadJob, dead_columns! {
        id: "id",
        kind: "kind",
        attempts: "attempts",
        error: "last_error",
        created_at: "created_at",
        dead_at: "dead_at",
    }
}

row! {
    impl Totals, total_columns! {
        waiting: "COALESCE(SUM(CASE WHEN dead_at IS NULL AND locked_until IS NULL THEN 1 ELSE 0 END), 0)",
        running: "COALESCE(SUM(CASE WHEN locked_until IS NOT NULL THEN 1 ELSE 0 END), 0)",
        dead: "COALESCE(SUM(CASE WHEN dead_at IS NOT NULL THEN 1 ELSE 0 END), 0)",
    }
}

statements! {
    /// A new one; the one that waits moves.
    pub static PUT_AT = both("
        INSERT INTO jobs (tenant, id, kind, key, payload, run_at, attempts, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
        ON CONFLICT (tenant, kind, key) WHERE locked_until IS NULL AND dead_at IS NULL
        DO UPDATE SET run_at = excluded.run_at, payload = excluded.payload");
    /// A new one; the one that waits moves to an earlier time.
    pub static PUT_BY = both("
        INSERT INTO jobs (tenant, id, kind, key, payload, run_at, attempts, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
        ON CONFLICT (tenant, kind, key) WHERE locked_until IS NULL AND dead_at IS NULL
        DO UPDATE SET run_at = excluded.run_at, payload = excluded.payload WHERE excluded.run_at < jobs.run_at");
    /// Whether one of a kind and key waits or runs.
    pub static EXISTS = both("
        SELECT 1 FROM jobs WHERE tenant = $1 AND kind = $2 AND key = $3 AND dead_at IS NULL LIMIT 1");
    /// Takes those that are due, until a time. The outer condition holds again on a row that another node took meanwhile.
    pub static CLAIM = both(concat!("
        UPDATE jobs SET attempts = attempts + 1, locked_until = $2, run_at = $2
        WHERE dead_at IS NULL AND run_at <= $1 AND (tenant, id) IN (
            SELECT tenant, id FROM jobs WHERE dead_at IS NULL AND run_at <= $1 AND kind = ANY($3)
              AND NOT (tenant = ANY($5)) ORDER BY run_at LIMIT $4)
        RETURNING ", job_columns!())).global();
    /// Keeps one that runs until a later time.
    pub static EXTEND = both("
        UPDATE jobs SET locked_until = $4, run_at = $4
        WHERE tenant = $1 AND id = $2 AND attempts = $3 AND locked_until IS NOT NULL");
    /// It is done.
    pub static DONE = both("
        DELETE FROM jobs WHERE tenant = $1 AND id = $2 AND attempts = $3 AND locked_until IS NOT NULL");
    /// A newer one of the same key waits: that one does what this one did not.
    pub static SUPERSEDED = both("
        DELETE FROM jobs WHERE tenant = $1 AND id = $2 AND locked_until IS NOT NULL AND EXISTS (
            SELECT 1 FROM jobs w WHERE w.tenant = $1 AND w.kind = jobs.kind AND w.key = jobs.key
            AND w.locked_until IS NULL AND w.dead_at IS NULL)");
    /// It failed and waits again.
    pub static AGAIN = both("
        UPDATE jobs SET locked_until = NULL, run_at = $4, last_error = $5
        WHERE tenant = $1 AND id = $2 AND attempts = $3 AND locked_until IS NOT NULL");
    /// It failed too often.
    pub static BURY = both("
        UPDATE jobs SET locked_until = NULL, dead_at = $4, last_error = $5
        WHERE tenant = $1 AND id = $2 AND attempts = $3 AND locked_until IS NOT NULL");
    /// Those that ran when a server ended without a word.
    pub static HELD = both("SELECT tenant, id FROM jobs WHERE locked_until IS NOT NULL").global();
    /// One of them waits again.
    pub static RELEASE = both("
        UPDATE jobs SET locked_until = NULL, run_at = $3
        WHERE tenant = $1 AND id = $2 AND locked_until IS NOT NULL");
    /// When the next one is due.
    pub static NEXT = both("SELECT MIN(run_at) FROM jobs WHERE dead_at IS NULL AND kind = ANY($1)").global();
    /// How many wait, run and are dead, of all tenants.
    pub static TOTALS = both(concat!("SELECT ", total_columns!(), " FROM jobs")).global();
    /// The dead of a tenant, newest first.
    pub static DEAD = both(concat!("
        SELECT ", dead_columns!(), " FROM jobs
        WHERE tenant = $1 AND dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT $2"));
    /// A dead one is tried again, as if it were new.
    pub static REVIVE = both("
        UPDATE jobs SET dead_at = NULL, attempts = 0, run_at = $3, created_at = $3, key = NULL
        WHERE tenant = $1 AND id = $2 AND dead_at IS NOT NULL");
    /// A dead one is not wanted any more.
    pub static DISCARD = both("DELETE FROM jobs WHERE tenant = $1 AND id = $2 AND dead_at IS NOT NULL");
    /// The dead are kept for some time.
    pub static PRUNE_DEAD = both("DELETE FROM jobs WHERE dead_at < $1").global();
}

/// Puts the kind back into the fields.
fn read(kind: &str, payload: &str) -> Result<Work> {
    let damaged = |why: &dyn std::fmt::Display| Error::Damaged(format!("a job of kind {kind}: {why}"));
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(payload).map_err(|error| damaged(&error))?;
    fields.insert("kind".to_owned(), kind.into());
    serde_json::from_value(fields.into()).map_err(|error| damaged(&error))
}

fn write(work: &Work) -> Result<String> {
    let mut fields = serde_json::to_value(work)?;
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("kind");
    }
    Ok(fields.to_string())
}

/// Enqueues work, in the transaction that makes it necessary. With a key, one that waits already moves instead.
pub fn enqueue(tx: &mut Tx, tenant: TenantId, work: &Work, key: Option<&str>, when: When) -> Result<()> {
    let (put, at) = match when {
        When::At(at) => (&PUT_AT, at),
        When::By(at) => (&PUT_BY, at),
    };
    let (id, payload) = (RowId(tx.id()), write(work)?);
    tx.db.execute(put, params![tenant, id, work.kind(), key, payload.as_str(), at, tx.now])?;
    tx.db.note(Enqueued);
    Ok(())
}

/// Enqueues work that comes again and again, unless it waits or runs already.
pub fn ensure(tx: &mut Tx, tenant: TenantId, work: &Work) -> Result<()> {
    let known = tx.db.opt(&EXISTS, params![tenant, work.kind(), ""], |row| row.get::<i64>(0))?;
    match known {
        Some(_) => Ok(()),
        None => enqueue(tx, tenant, work, Some(""), When::By(tx.now)),
    }
}

/// Takes jobs of a queue that are due, until a time: whoever takes them renews that ([`extend`]) or ends them. Those of
/// the tenants that are `busy` wait: slow ones of one tenant must not hold up the others.
///
/// # Errors
/// When the database fails. A job that cannot be read is given up, and named in the log of whoever claims.
pub fn claim(
    tx: &mut Tx,
    queue: Queue,
    until: Time,
    most: i64,
    busy: &[TenantId],
) -> Result<Vec<std::result::Result<Job, Error>>> {
    let busy: Vec<[u8; 16]> = busy.iter().map(|tenant| tenant.0.into_bytes()).collect();
    let kinds = queue.kinds();
    let given = params![tx.now, until, &kinds, most, &busy[..]];
    let rows = tx.db.all(&CLAIM, given, Claimed::from_row)?;
    let mut claimed = Vec::with_capacity(rows.len());
    for Claimed { tenant, id, kind, key, payload, attempts, created_at } in rows {
        match read(&kind, &payload) {
            Ok(work) => claimed.push(Ok(Job { tenant, id, key, work, attempts, created_at })),
            Err(error) => {
                let text = error.to_string();
                tx.db.execute(&BURY, params![tenant, id, attempts, tx.now, text.as_str()])?;
                claimed.push(Err(error));
            }
        }
    }
    Ok(claimed)
}

/// Keeps a running job for longer; false when somebody else has taken it meanwhile.
pub fn extend(tx: &mut Tx, job: &Job, until: Time) -> Result<bool> {
    Ok(tx.db.execute(&EXTEND, params![job.tenant, job.id, job.attempts, until])? > 0)
}

/// Ends a job, in the transaction of its effects; what comes again waits for its next turn.
///
/// # Errors
/// When somebody else has taken it meanwhile: then the effects must not stand either.
pub fn complete(tx: &mut Tx, job: &Job) -> Result<()> {
    if tx.db.execute(&DONE, params![job.tenant, job.id, job.attempts])? == 0 {
        let detail = "the job was taken over by another runner".to_owned();
        return Err(Error::Conflict { rule: "lease", detail });
    }
    match job.work.policy().every {
        Some(seconds) => {
            let when = When::By(tx.now.plus_seconds(seconds));
            enqueue(tx, job.tenant, &job.work, job.key.as_deref(), when)
        }
        None => Ok(()),
    }
}

/// A try failed: the job waits again, or is dead. True when it is dead.
pub fn fail(tx: &mut Tx, job: &Job, error: &str) -> Result<bool> {
    let policy = job.work.policy();
    if tx.db.execute(&SUPERSEDED, params![job.tenant, job.id])? > 0 {
        return Ok(false);
    }
    let age = (tx.now.micros() - job.created_at.micros()) / 1_000_000;
    let error: String = error.chars().take(MAX_ERROR).collect();
    if age >= policy.give_up_after {
        tx.db.execute(&BURY, params![job.tenant, job.id, job.attempts, tx.now, error.as_str()])?;
        return Ok(true);
    }
    let tries = usize::try_from(job.attempts - 1).unwrap_or(0).min(policy.back_off.len() - 1);
    let at = tx.now.plus_seconds(policy.back_off[tries]);
    tx.db.execute(&AGAIN, params![job.tenant, job.id, job.attempts, at, error.as_str()])?;
    tx.db.note(Enqueued);
    Ok(false)
}

/// Characters of an error that are kept.
const MAX_ERROR: usize = 1_000;

/// The one server of a database starts: what ran in it before waits again.
pub fn release_all(tx: &mut Tx) -> Result<()> {
    let held: Vec<(TenantId, RowId)> = tx.db.all(&HELD, params![], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (tenant, id) in held {
        tx.db.execute(&SUPERSEDED, params![tenant, id])?;
        tx.db.execute(&RELEASE, params![tenant, id, tx.now])?;
    }
    Ok(())
}

/// When the next job of a queue is due.
pub fn next_due(tx: &mut Tx, queue: Queue) -> Result<Option<Time>> {
    Ok(tx.db.one(&NEXT, params![&queue.kinds()], |row| row.get(0))?)
}

/// How many jobs wait, run, and were given up, of all tenants.
pub fn totals(tx: &mut Tx) -> Result<Totals> {
    Ok(tx.db.one(&TOTALS, params![], Totals::from_row)?)
}

/// The jobs of a tenant that were given up, newest first.
pub fn dead(tx: &mut Tx, tenant: TenantId) -> Result<Vec<DeadJob>> {
    Ok(tx.db.all(&DEAD, params![tenant, MOST_DEAD], DeadJob::from_row)?)
}

/// Dead jobs that are shown.
const MOST_DEAD: i64 = 200;

/// Tries a dead job again, as if it were new.
///
/// # Errors
/// `NotFound` when the tenant has no such dead job.
pub fn retry(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<()> {
    match tx.db.execute(&REVIVE, params![tenant, id, tx.now])? {
        0 => Err(not_found("job")),
        _ => {
            tx.db.note(Enqueued);
            Ok(())
        }
    }
}

/// Forgets a dead job.
///
/// # Errors
/// `NotFound` when the tenant has no such dead job.
pub fn discard(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<()> {
    match tx.db.execute(&DISCARD, params![tenant, id])? {
        0 => Err(not_found("job")),
        _ => Ok(()),
    }
}

/// Forgets jobs that have been dead since before a time.
pub fn prune_dead(tx: &mut Tx, before: Time) -> Result<u64> {
    Ok(tx.db.execute(&PRUNE_DEAD, params![before])?)
}
