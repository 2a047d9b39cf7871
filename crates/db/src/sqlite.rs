//! SQLite: opening a connection, running a statement, and what its errors mean.
//!
//! The only file besides `row.rs` that speaks to `rusqlite`. Knows nothing of queues, groups and threads.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};

use crate::deadline::Deadline;
use crate::{Engine, Error, Param, Row, Sql};

/// More than the statements of the whole program, so that none is prepared twice.
const STATEMENT_CACHE: usize = 1024;

/// How long another process (a backup, a command line) may hold the file before an operation fails.
const BUSY: Duration = Duration::from_secs(10);
/// How soon it is looked again where SQLite does not wait.
const AGAIN: Duration = Duration::from_millis(2);

/// Settings every connection gets.
/// - `cache_size`: 16 MB each; `mmap_size` spares readers a copy from the page cache.
/// - `foreign_keys`: off by default for reasons of history.
const EVERY: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA mmap_size = 268435456;
";

/// Settings of the connection that writes.
/// - `synchronous = FULL`: the log is flushed at every commit, so that an acknowledged write survives a power cut.
/// - `wal_autocheckpoint`: 4,000 pages (16 MB) copy hot pages back four times less often than the default; the log
///   stays small enough to be read back in an instant after a crash.
/// - `journal_size_limit`: a giant transaction does not leave a giant log behind.
const WRITER: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
";

/// After so many steps of a statement the deadline is looked at: some ten microseconds.
const STEPS: i32 = 2_000;

/// A connection with the one statement runner.
pub(crate) struct Conn {
    db: Connection,
    deadline: Option<Deadline>,
    #[cfg(feature = "testing")]
    steps: std::cell::Cell<u64>,
}

/// The file that a URL names: `sqlite:PATH`, `sqlite://PATH` or a plain path.
pub(crate) fn path_of(url: &str) -> Result<PathBuf, Error> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(":memory:") {
        // Readers and the writer are separate connections; memory would give each its own database.
        return Err(Error::Unavailable("SQLite needs the path of a file".into()));
    }
    Ok(PathBuf::from(path))
}

/// Makes the file, or closes it to others than its owner: what is in it is everybody's messages. SQLite gives the files
/// beside it the same mode. What cannot be done is left to be found when the file is opened.
///
/// A file that is there is never opened: POSIX takes all locks of a process off a file when the process closes any of
/// its descriptors. SQLite of another program would then believe that nobody uses the file, and remove the log into
/// which we go on writing.
fn private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let _ = options.mode(0o600).open(path);
        for end in ["", "-wal", "-shm", "-journal", ".installed"] {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            if let Ok(about) = std::fs::metadata(&file)
                && about.permissions().mode() & 0o077 != 0
            {
                let closed = std::fs::Permissions::from_mode(about.permissions().mode() & 0o700);
                let _ = std::fs::set_permissions(&file, closed);
            }
        }
    }
    #[cfg(not(unix))]
    let _ = options.open(path);
}

/// Has the database keep a write-ahead log; answers the mode that it has. SQLite itself waits for nobody here: of several
/// that open a new database at the same moment all but one are refused.
fn write_ahead(db: &Connection) -> rusqlite::Result<String> {
    let begun = Instant::now();
    loop {
        let mode = db.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0));
        let is_busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        match mode {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY => std::thread::sleep(AGAIN),
            mode => return mode,
        }
    }
}

impl Conn {
    /// The connection that may write. Creates the file.
    pub(crate) fn writer(path: &Path) -> Result<Conn, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        private(path);
        let conn = Conn::open(path, flags)?;
        let mode = write_ahead(&conn.db).map_err(plain_error)?;
        if mode != "wal" {
            return Err(Error::Unavailable(format!(
                "{}: write-ahead log refused ({mode}): is the folder on a network drive or read-only?",
                path.display()
            )));
        }
        conn.db.execute_batch(WRITER).map_err(plain_error)?;
        Ok(conn)
    }

    /// From now on, what is deleted or replaced is overwritten with zeros.
    pub(crate) fn overwrite_deleted(&mut self) -> Result<(), Error> {
        self.script("PRAGMA secure_delete = ON")
    }

    /// Copies the write-ahead log into the file and empties it, as far as nobody reads from it.
    pub(crate) fn empty_log(&mut self) -> Result<(), Error> {
        self.script("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// What is wrong with the database, in SQLite's words.
    pub(crate) fn quick_check(&mut self) -> Result<Vec<String>, Error> {
        let mut statement = self.db.prepare("PRAGMA quick_check(10)").map_err(plain_error)?;
        let found = statement.query_map((), |row| row.get::<_, String>(0)).map_err(plain_error)?;
        let found: Vec<String> = found.collect::<Result<_, _>>().map_err(plain_error)?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// A connection that cannot write. The file must be there.
    pub(crate) fn reader(path: &Path) -> Result<Conn, Error> {
        // Read-write all the same: reading a write-ahead log needs its shared memory file.
        let conn = Conn::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.db.execute_batch("PRAGMA query_only = ON").map_err(plain_error)?;
        Ok(conn)
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Conn, Error> {
        let db = Connection::open_with_flags(path, flags)
            .map_err(|error| Error::Unavailable(format!("cannot open {}: {error}", path.display())))?;
        db.busy_timeout(BUSY).map_err(plain_error)?;
        db.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        db.execute_batch(EVERY).map_err(plain_error)?;
        // A plan does not depend on the values bound to it. Without this guarantee most statements over tables with
        // partial indexes are compiled anew for every call, which costs more than running them.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(plain_error)?;
        rusqlite::vtab::array::load_module(&db).map_err(plain_error)?;
        lowered(&db).map_err(plain_error)?;
        Ok(Conn {
            db,
            deadline: None,
            #[cfg(feature = "testing")]
            steps: std::cell::Cell::default(),
        })
    }

    /// Runs a statement and lends each row to `each`. Always to the end: a constraint that is checked after the last
    /// row must be heard.
    pub(crate) fn query(
        &mut self,
        sql: &Sql,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        loop {
            match rows.next() {
                Ok(Some(row)) => each(&Row::Sqlite(row))?,
                Ok(None) => break,
                Err(error) => return Err(self.error_of(error)),
            }
        }
        #[cfg(feature = "testing")]
        {
            drop(rows);
            self.add_steps(&statement);
        }
        Ok(())
    }

    #[cfg(feature = "testing")]
    fn add_steps(&self, statement: &CachedStatement<'_>) {
        let steps = statement.reset_status(rusqlite::StatementStatus::VmStep);
        self.steps.set(self.steps.get() + u64::try_from(steps).unwrap_or(0));
    }

    /// The steps of SQLite's machine since the last call; some ten for each row that is looked at.
    #[cfg(feature = "testing")]
    pub(crate) fn steps(&mut self) -> u64 {
        self.steps.take()
    }

    /// Statements end at the deadline, until [`Conn::stop_no_more`].
    pub(crate) fn stop_at(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.deadline = Some(deadline.clone());
        self.db.progress_handler(STEPS, Some(move || deadline.is_reached())).map_err(plain_error)
    }

    /// Statements take as long as they take.
    pub(crate) fn stop_no_more(&mut self) {
        if self.deadline.take().is_some() {
            // Taking a handler away cannot fail on an open connection.
            self.db.progress_handler(0, None::<fn() -> bool>).unwrap_or_default();
        }
    }

    fn error_of(&self, error: rusqlite::Error) -> Error {
        match (&self.deadline, error.sqlite_error_code()) {
            (Some(deadline), Some(ErrorCode::OperationInterrupted)) => Error::TimedOut(deadline.limit()),
            _ => error_of(&self.db, error),
        }
    }

    /// Runs a statement that gives no rows and tells how many it touched.
    pub(crate) fn execute(&mut self, sql: &Sql, params: &[Param<'_>]) -> Result<u64, Error> {
        let mut statement = self.bound(sql, params)?;
        if statement.column_count() > 0 {
            return Err(Error::internal("execute() of a statement that returns rows"));
        }
        statement.raw_execute().map(|count| count as u64).map_err(|error| self.error_of(error))
    }

    fn bound<'a>(&'a self, sql: &Sql, params: &[Param<'_>]) -> Result<CachedStatement<'a>, Error> {
        let failed = |error| error_of(&self.db, error);
        let mut statement = self.db.prepare_cached(sql.text(Engine::Sqlite)).map_err(failed)?;
        let wanted = statement.parameter_count();
        if wanted != params.len() {
            return Err(wrong_count(wanted, params.len()));
        }
        for (index, param) in params.iter().enumerate() {
            match list(param) {
                Some(list) => statement.raw_bind_parameter(index + 1, Rc::new(list)),
                None => statement.raw_bind_parameter(index + 1, param),
            }
            .map_err(failed)?;
        }
        Ok(statement)
    }

    /// Runs one of the engine's own words, such as `BEGIN IMMEDIATE`.
    pub(crate) fn control(&mut self, text: &str) -> Result<(), Error> {
        let run = |db: &Connection| db.prepare_cached(text)?.raw_execute();
        run(&self.db).map(|_| ()).map_err(|error| error_of(&self.db, error))
    }

    /// Runs a script of several statements.
    pub(crate) fn script(&mut self, text: &str) -> Result<(), Error> {
        self.db.execute_batch(text).map_err(|error| error_of(&self.db, error))
    }

    /// The plan of a statement, one step a line.
    #[cfg(feature = "testing")]
    pub(crate) fn explain(&mut self, sql: &Sql) -> Result<String, Error> {
        let text = format!("EXPLAIN QUERY PLAN {}", sql.text(Engine::Sqlite));
        let plan = |db: &Connection| {
            let mut statement = db.prepare(&text)?;
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            steps.collect::<rusqlite::Result<Vec<_>>>()
        };
        // Prepared by itself as well: EXPLAIN forgives more.
        self.db.prepare_cached(sql.text(Engine::Sqlite)).map_err(|error| error_of(&self.db, error))?;
        plan(&self.db).map(|steps| steps.join("\n")).map_err(|error| error_of(&self.db, error))
    }

    /// False when SQLite rolled the whole transaction back by itself, as it may when the disk is full.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }
}

pub(crate) fn wrong_count(wanted: usize, given: usize) -> Error {
    Error::internal(format!("the statement has {wanted} parameters, {given} were given"))
}

fn list(param: &Param<'_>) -> Option<Vec<Owned>> {
    match param {
        Param::Ints(list) => Some(list.iter().map(|v| Owned::Integer(*v)).collect()),
        Param::Ids(list) => Some(list.iter().map(|v| Owned::Blob(v.to_vec())).collect()),
        Param::Texts(list) => Some(list.iter().map(|v| Owned::Text(v.clone())).collect()),
        _ => None,
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Int(number) => ValueRef::Integer(*number),
            Param::Bool(flag) => ValueRef::Integer((*flag).into()),
            Param::Real(number) => ValueRef::Real(*number),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Bytes(bytes) => ValueRef::Blob(bytes),
            Param::Id(id) => ValueRef::Blob(id),
            // Lists are bound as arrays by `bound`.
            Param::Null | Param::Ints(_) | Param::Ids(_) | Param::Texts(_) => ValueRef::Null,
        }))
    }
}

/// An error outside of any statement.
/// `lowered(text)`: in small letters, those of every alphabet. SQLite's own `lower` knows ASCII only. PostgreSQL gets it by a migration.
fn lowered(db: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("lowered", 1, flags, |call| {
        Ok(call.get_raw(0).as_str_or_null()?.map(str::to_lowercase))
    })
}

fn plain_error(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let text = message.clone().unwrap_or_else(|| failure.to_string());
            // A quota or a limit of the system is told as a failed write, and not as a full disk.
            if [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE].contains(&failure.extended_code) {
                return Error::Full(text);
            }
            match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy(text),
                ErrorCode::DiskFull => Error::Full(text),
                ErrorCode::DatabaseCorrupt => Error::Lost(format!(
                    "the database is damaged ({text}): stop the server, keep a copy of its folder, put the files back from a backup"
                )),
                ErrorCode::ReadOnly => Error::ReadOnly(text),
                ErrorCode::CannotOpen | ErrorCode::NotADatabase => Error::Unavailable(text),
                ErrorCode::TooBig => Error::Value(text),
                _ => internal(error),
            }
        }
        _ => internal(error),
    }
}

fn internal(error: rusqlite::Error) -> Error {
    Error::Internal { context: error.to_string(), source: Some(Arc::new(error)) }
}

/// What a failed statement means. Asks the schema for the index behind a uniqueness failure.
fn error_of(db: &Connection, error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = &error else {
        return plain_error(error);
    };
    let tail = message.split_once(": ").map_or(message.as_str(), |(_, tail)| tail);
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            Error::Unique { constraint: index_name(db, tail) }
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL | ffi::SQLITE_CONSTRAINT_CHECK => {
            Error::Check { constraint: tail.to_owned() }
        }
        _ => plain_error(error),
    }
}

/// Name of the unique index over these columns. SQLite tells `t.a, t.b`, or `index 'name'` if it is over expressions.
fn index_name(db: &Connection, columns: &str) -> String {
    if let Some(name) = columns.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return name.to_owned();
    }
    let mut table = "";
    let wanted: Vec<&str> = columns
        .split(", ")
        .filter_map(|column| column.split_once('.'))
        .map(|(of, name)| {
            table = of;
            name
        })
        .collect();
    // A primary key has an index only if it is not the row number itself, and no name of its own.
    find_index(db, table, &wanted).ok().flatten().unwrap_or_else(|| format!("{table}_pkey"))
}

fn find_index(db: &Connection, table: &str, wanted: &[&str]) -> rusqlite::Result<Option<String>> {
    let mut indexes =
        db.prepare_cached("SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" ORDER BY name")?;
    let mut columns = db.prepare_cached("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut found = indexes.query([table])?;
    while let Some(row) = found.next()? {
        let (name, origin): (String, String) = (row.get(0)?, row.get(1)?);
        let of_index: Vec<Option<String>> =
            columns.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        if of_index.iter().map(Option::as_deref).eq(wanted.iter().copied().map(Some)) {
            return Ok(Some(match origin.as_str() {
                "pk" => format!("{table}_pkey"),
                // PostgreSQL's name for a UNIQUE inside CREATE TABLE.
                "u" => format!("{table}_{}_key", wanted.join("_")),
                _ => name,
            }));
        }
    }
    Ok(None)
}
