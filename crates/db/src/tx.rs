//! A transaction as an operation sees it.
//!
//! Owns [`Tx`]: the statement runner both engines share, the poison after a failed statement, the notes. How operations
//! are grouped into commits is known by `group_commit.rs`.

use std::any::Any;

use crate::deadline::Deadline;
use crate::{Engine, Error, Note, Param, Row, Sql, postgres, sqlite};

/// A connection of either engine, with a transaction open on it.
///
/// The first statement that fails poisons the operation, on both engines: later ones answer [`Error::Poisoned`], and the
/// operation cannot commit, whatever its closure returns.
pub struct Tx {
    conn: Conn,
    notes: Vec<Note>,
    notes_before: usize,
    failure: Option<Error>,
    reading: bool,
    /// The running operation has run something else than a plain `SELECT`.
    wrote: bool,
    /// What each statement walked, once a test has asked for it.
    #[cfg(feature = "testing")]
    walked: Option<Vec<(&'static str, u64)>>,
}

/// An operation without a savepoint has written something, or broken the transaction.
pub(crate) struct NothingToGoBackTo;

enum Conn {
    Sqlite(sqlite::Conn),
    Postgres(Box<postgres::Conn>),
}

impl Tx {
    /// The one row; [`Error::NotFound`] if there is none, an error if there are several.
    pub fn one<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.opt(sql, params, map)?.ok_or(Error::NotFound)
    }

    /// The one row, if there is one; an error if there are several.
    pub fn opt<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.query(sql, params, &mut |row| match found {
            None => map(row).map(|value| found = Some(value)),
            Some(_) => Err(Error::internal("more than one row where at most one was expected")),
        })?;
        Ok(found)
    }

    /// Every row.
    pub fn all<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.query(sql, params, &mut |row| map(row).map(|value| found.push(value)))?;
        Ok(found)
    }

    /// Runs a statement that gives no rows; tells how many rows it touched.
    pub fn execute(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<u64, Error> {
        self.guarded(sql, params, |conn| match conn {
            Conn::Sqlite(conn) => conn.execute(sql, params),
            Conn::Postgres(conn) => conn.execute(sql, params),
        })
    }

    /// [`execute`](Tx::execute) for a statement whose count and whose failure are not needed here.
    ///
    /// On PostgreSQL it travels with the next statement, which saves a round trip. A failure is the failure of a later
    /// statement of this operation, or of the operation after its closure returned. Not for a row that may well be
    /// refused.
    pub fn execute_later(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<(), Error> {
        let reading = self.reading;
        self.guarded(sql, params, |conn| match conn {
            Conn::Sqlite(conn) => conn.execute(sql, params).map(drop),
            // A read never waits for anything after its closure.
            Conn::Postgres(conn) if reading => conn.execute(sql, params).map(drop),
            Conn::Postgres(conn) => conn.execute_later(sql, params),
        })
    }

    /// Leaves something for the commit hook. Kept only if this operation commits.
    pub fn note(&mut self, note: impl Any + Send) {
        self.notes.push(Box::new(note));
    }

    /// Which engine this is. For the rare rule that text alone cannot level.
    pub fn engine(&self) -> Engine {
        match self.conn {
            Conn::Sqlite(_) => Engine::Sqlite,
            Conn::Postgres(_) => Engine::Postgres,
        }
    }

    fn query(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.guarded(sql, params, |conn| match conn {
            Conn::Sqlite(conn) => conn.query(sql, params, each),
            Conn::Postgres(conn) => conn.query(sql, params, each),
        })
    }

    fn guarded<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        run: impl FnOnce(&mut Conn) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.failure.is_some() {
            return Err(Error::Poisoned);
        }
        self.wrote |= sql.may_write();
        let checked = params.iter().try_for_each(Param::check);
        let done = checked.and_then(|()| run(&mut self.conn)).map_err(|error| {
            let error = error.in_statement(sql.name());
            self.failure = Some(error.clone());
            error
        });
        #[cfg(feature = "testing")]
        self.count_walked(sql)?;
        done
    }
}

/// What the engine itself does with a transaction.
impl Tx {
    pub(crate) fn sqlite(conn: sqlite::Conn) -> Tx {
        Tx::new(Conn::Sqlite(conn))
    }

    pub(crate) fn postgres(conn: postgres::Conn) -> Tx {
        Tx::new(Conn::Postgres(Box::new(conn)))
    }

    fn new(conn: Conn) -> Tx {
        Tx {
            conn,
            notes: Vec::new(),
            notes_before: 0,
            failure: None,
            reading: false,
            wrote: false,
            #[cfg(feature = "testing")]
            walked: None,
        }
    }

    /// The failure that poisoned the running operation.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    pub(crate) fn begin_write(&mut self) -> Result<(), Error> {
        self.reset();
        self.reading = false;
        match &mut self.conn {
            Conn::Sqlite(conn) => conn.control("BEGIN IMMEDIATE"),
            Conn::Postgres(conn) => conn.begin("BEGIN"),
        }
    }

    /// A transaction whose statements all see the database as it was at the first of them, and end at the deadline.
    pub(crate) fn begin_read(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.reset();
        self.reading = true;
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                conn.control("BEGIN DEFERRED")?;
                conn.stop_at(deadline)
            }
            Conn::Postgres(conn) => {
                conn.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
                conn.stop_at(deadline);
                Ok(())
            }
        }
    }

    fn reset(&mut self) {
        self.notes.clear();
        self.notes_before = 0;
        self.failure = None;
    }

    /// The next operation begins, with a savepoint to go back to or without.
    pub(crate) fn start_operation(&mut self, savepoint: bool) -> Result<(), Error> {
        self.wrote = false;
        match &mut self.conn {
            Conn::Sqlite(conn) if savepoint => conn.control("SAVEPOINT o")?,
            Conn::Postgres(conn) if savepoint => conn.savepoint(),
            _ => {}
        }
        Ok(())
    }

    /// The running operation is over and stays.
    pub(crate) fn keep_operation(&mut self, savepoint: bool) -> Result<(), Error> {
        self.notes_before = self.notes.len();
        match &mut self.conn {
            Conn::Sqlite(conn) if savepoint => conn.control("RELEASE o")?,
            Conn::Sqlite(_) => {}
            Conn::Postgres(conn) => conn.end_operation(savepoint),
        }
        Ok(())
    }

    /// The running operation is over, and was as if it had never been: undoes it, and nothing before it.
    pub(crate) fn undo_operation(&mut self) -> Result<(), Error> {
        self.notes.truncate(self.notes_before);
        self.failure = None;
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                conn.control("ROLLBACK TO o")?;
                conn.control("RELEASE o")
            }
            Conn::Postgres(conn) => conn.undo(),
        }
    }

    /// The same without a savepoint: possible if the operation has done nothing but read.
    pub(crate) fn forget_operation(&mut self) -> Result<(), NothingToGoBackTo> {
        if self.wrote || self.failure.is_some() {
            return Err(NothingToGoBackTo);
        }
        self.notes.truncate(self.notes_before);
        Ok(())
    }

    /// Commits. The notes of the whole group, in order.
    pub(crate) fn commit(&mut self) -> Result<Vec<Note>, Error> {
        match &mut self.conn {
            Conn::Sqlite(conn) => conn.control("COMMIT")?,
            Conn::Postgres(conn) => conn.commit()?,
        }
        Ok(std::mem::take(&mut self.notes))
    }

    /// Gives everything up. Never fails: a connection that cannot roll back is dropped, which does the same.
    pub(crate) fn rollback(&mut self) {
        self.reset();
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                conn.stop_no_more();
                if conn.in_transaction() {
                    // Fails only if SQLite rolled back on its own.
                    conn.control("ROLLBACK").unwrap_or_default();
                }
            }
            Conn::Postgres(conn) => conn.rollback(),
        }
    }

    /// False when the transaction of the whole group is gone: the connection was lost, SQLite rolled back by itself, or a
    /// statement of an operation that was over already turned out to have failed.
    pub(crate) fn is_alive(&self) -> bool {
        match &self.conn {
            Conn::Sqlite(conn) => conn.in_transaction(),
            Conn::Postgres(conn) => conn.is_alive(),
        }
    }

    /// Runs a script; for migrations and tests.
    pub(crate) fn script(&mut self, text: &str) -> Result<(), Error> {
        match &mut self.conn {
            Conn::Sqlite(conn) => conn.script(text),
            Conn::Postgres(conn) => conn.control(text),
        }
    }

    /// From now on, counts what each statement walks: see [`testing::walked`](crate::testing::walked).
    #[cfg(feature = "testing")]
    pub(crate) fn count_from_now(&mut self) -> Result<(), Error> {
        self.walked = Some(Vec::new());
        self.steps().map(drop)
    }

    /// The statements since then, each with what it walked. Counts no more.
    #[cfg(feature = "testing")]
    pub(crate) fn counted(&mut self) -> Vec<(&'static str, u64)> {
        self.walked.take().unwrap_or_default()
    }

    #[cfg(feature = "testing")]
    fn count_walked(&mut self, sql: &'static Sql) -> Result<(), Error> {
        if self.walked.is_some() && self.failure.is_none() {
            let steps = self.steps()?;
            self.walked.iter_mut().for_each(|walked| walked.push((sql.name(), steps)));
        }
        Ok(())
    }

    #[cfg(feature = "testing")]
    fn steps(&mut self) -> Result<u64, Error> {
        match &mut self.conn {
            Conn::Sqlite(conn) => Ok(conn.steps()),
            Conn::Postgres(conn) => conn.steps(),
        }
    }

    /// Prepares a statement and tells how it would run.
    #[cfg(feature = "testing")]
    pub(crate) fn explain(&mut self, sql: &'static Sql) -> Result<String, Error> {
        self.guarded(sql, &[], |conn| match conn {
            Conn::Sqlite(conn) => conn.explain(sql),
            Conn::Postgres(conn) => conn.explain(sql),
        })
    }
}
