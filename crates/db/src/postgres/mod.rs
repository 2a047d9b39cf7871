//! PostgreSQL: a connection that runs statements.
//!
//! Only this folder and `row.rs` speak to `tokio-postgres`. Each connection brings its own single-threaded runtime and is
//! used by one thread, so callers may live in any runtime or in none. Knows nothing of queues and groups.

mod connect;
mod errors;
mod params;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Statement};

use crate::deadline::Deadline;
use crate::sqlite::wrong_count;
use crate::{Engine, Error, Param, Row, Sql};
use params::Owned;

/// A connection with the one statement runner.
///
/// What nobody waits for is kept back and leaves together with the next statement, in one round trip: statements whose
/// answer is not needed yet in `ahead`, then the words of the transaction in `words`.
pub(crate) struct Conn {
    config: Config,
    /// How long a statement may take, as the server is told; zero is for ever.
    limit: Duration,
    /// When the running transaction has to end.
    deadline: Option<Deadline>,
    runtime: Runtime,
    client: Option<Arc<Client>>,
    // By the address of the static: comparing texts would cost more than it tells.
    statements: HashMap<usize, Statement>,
    ahead: Vec<Ahead>,
    words: String,
    /// How many of `ahead` belong to operations that are over.
    of_others: usize,
    /// One of those failed, and with it the transaction of the whole group.
    failed_late: bool,
    /// Something of this transaction has left for the server.
    begun: bool,
    #[cfg(feature = "testing")]
    steps: i64,
}

/// Something to send before the next statement.
struct Ahead {
    name: &'static str,
    work: Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>,
}

/// What leaves in the next round trip, and how many of it belong to operations that are over.
struct Leaving {
    ahead: Vec<Ahead>,
    of_others: usize,
}

/// The first failure of a round trip.
struct Failed {
    error: tokio_postgres::Error,
    /// The statement, unless it is the one that is waited for.
    earlier: Option<&'static str>,
    of_others: bool,
}

impl Conn {
    /// A connection that is made at its first use.
    pub(crate) fn new(url: &str) -> Result<Conn, Error> {
        Conn::reader(url, Duration::ZERO)
    }

    /// One whose statements take no longer than `limit`.
    pub(crate) fn reader(url: &str, limit: Duration) -> Result<Conn, Error> {
        let config = connect::config_of(url)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(format!("cannot start a connection: {error}")))?;
        Ok(Conn {
            config,
            limit,
            deadline: None,
            runtime,
            client: None,
            statements: HashMap::new(),
            ahead: Vec::new(),
            words: String::new(),
            of_others: 0,
            failed_late: false,
            begun: false,
            #[cfg(feature = "testing")]
            steps: 0,
        })
    }

    /// Connects unless connected already.
    pub(crate) fn connect(&mut self) -> Result<(), Error> {
        if !self.is_connected() {
            self.drop_connection();
            self.client = Some(Arc::new(self.runtime.block_on(connect::connect(&self.config, self.limit))?));
        }
        Ok(())
    }

    fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(|client| !client.is_closed())
    }

    fn client(&self) -> Result<Arc<Client>, Error> {
        self.client.clone().ok_or_else(|| Error::Unavailable("the connection was lost".into()))
    }

    fn drop_connection(&mut self) {
        self.statements.clear();
        self.forget();
        self.client = None;
    }

    /// Forgets what was not sent.
    fn forget(&mut self) {
        self.ahead.clear();
        self.words.clear();
        self.of_others = 0;
    }

    /// False when the transaction of the whole group is lost.
    pub(crate) fn is_alive(&self) -> bool {
        self.is_connected() && !self.failed_late
    }

    /// Connects if need be, and begins a transaction with the next statement.
    pub(crate) fn begin(&mut self, word: &str) -> Result<(), Error> {
        self.connect()?;
        self.forget();
        (self.failed_late, self.begun, self.deadline) = (false, false, None);
        self.defer(word);
        Ok(())
    }

    /// The statements of the transaction that has just begun end at the deadline.
    pub(crate) fn stop_at(&mut self, deadline: Deadline) {
        self.deadline = Some(deadline);
    }

    pub(crate) fn savepoint(&mut self) {
        self.defer("SAVEPOINT o");
    }

    /// The operation is over and stays.
    pub(crate) fn end_operation(&mut self, savepoint: bool) {
        if savepoint && !self.take_back("SAVEPOINT o") {
            self.defer("RELEASE o");
        }
        self.of_others = self.ahead.len();
    }

    /// The operation is over and is undone.
    pub(crate) fn undo(&mut self) -> Result<(), Error> {
        if self.take_back("SAVEPOINT o") {
            return Ok(());
        }
        if !self.ahead.is_empty() {
            // What it left behind fails or succeeds here, where it harms nobody; unless others left something too.
            let flushed = self.control("");
            if !self.is_alive() {
                return flushed;
            }
        }
        self.defer("ROLLBACK TO o");
        self.defer("RELEASE o");
        Ok(())
    }

    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        match self.begun || !self.ahead.is_empty() {
            true => self.control("COMMIT"),
            // No statement, nothing to commit.
            false => {
                self.forget();
                Ok(())
            }
        }
    }

    /// A connection that cannot roll back is dropped, which does the same.
    pub(crate) fn rollback(&mut self) {
        self.forget();
        self.deadline = None;
        if self.begun && self.is_connected() && self.control("ROLLBACK").is_err() {
            self.drop_connection();
        }
    }

    fn defer(&mut self, word: &str) {
        self.words.push_str(word);
        self.words.push(';');
    }

    /// Takes the last word back, if it is `word` and was not sent yet.
    fn take_back(&mut self, word: &str) -> bool {
        let kept = self.words.strip_suffix(';').and_then(|text| text.strip_suffix(word)).map(str::len);
        kept.inspect(|len| self.words.truncate(*len)).is_some()
    }

    /// Sends what was kept back, and `word`, now.
    pub(crate) fn control(&mut self, word: &str) -> Result<(), Error> {
        let mut text = std::mem::take(&mut self.words);
        text.push_str(word);
        if text.is_empty() && self.ahead.is_empty() {
            return Ok(());
        }
        let (client, leaving) = (self.client()?, self.leaving()?);
        let done = self.runtime.block_on(leaving.and_then(client.batch_execute(&text)));
        done.map_err(|failed| self.heard(failed))
    }

    /// Runs a statement and lends each row to `each`.
    pub(crate) fn query(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.prepared(sql, params)?;
        let (client, leaving, params) = (self.client()?, self.leaving()?, as_dyn(params));
        let work = leaving.and_then(client.query(&statement, &params));
        let rows = self.runtime.block_on(until(self.deadline.as_ref(), &self.config, &client, work));
        let rows = rows.map_err(|failed| self.heard(failed))?;
        rows.iter().try_for_each(|row| each(&Row::Postgres(row)))
    }

    /// Runs a statement that gives no rows and tells how many it touched.
    pub(crate) fn execute(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<u64, Error> {
        let statement = self.prepared(sql, params)?;
        no_rows(&statement)?;
        let (client, leaving, params) = (self.client()?, self.leaving()?, as_dyn(params));
        let count = self.runtime.block_on(leaving.and_then(client.execute(&statement, &params)));
        count.map_err(|failed| self.heard(failed))
    }

    /// Keeps a statement that gives no rows for the next round trip.
    pub(crate) fn execute_later(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<(), Error> {
        let statement = self.prepared(sql, params)?;
        no_rows(&statement)?;
        let (client, params) = (self.client()?, params.iter().map(Owned::from).collect::<Vec<_>>());
        self.pack()?;
        let work = Box::pin(async move { client.execute_raw(&statement, params).await.map(drop) });
        self.ahead.push(Ahead { name: sql.name(), work });
        Ok(())
    }

    /// Puts the deferred words behind the statements that were kept back before them.
    fn pack(&mut self) -> Result<(), Error> {
        if !self.words.is_empty() {
            let (client, words) = (self.client()?, std::mem::take(&mut self.words));
            let work = Box::pin(async move { client.batch_execute(&words).await });
            self.ahead.push(Ahead { name: "transaction", work });
        }
        Ok(())
    }

    fn leaving(&mut self) -> Result<Leaving, Error> {
        self.pack()?;
        self.begun = true;
        Ok(Leaving { ahead: std::mem::take(&mut self.ahead), of_others: std::mem::take(&mut self.of_others) })
    }

    fn prepared(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<Statement, Error> {
        let address = std::ptr::from_ref(sql).addr();
        if !self.statements.contains_key(&address) {
            // Preparing takes a round trip anyway, and must not happen in a transaction that has failed.
            self.control("")?;
            let client = self.client()?;
            let prepared = self.runtime.block_on(client.prepare(sql.text(Engine::Postgres)));
            let statement = prepared.map_err(|error| self.error_of(error))?;
            self.statements.insert(address, statement);
        }
        match self.statements.get(&address) {
            Some(statement) if statement.params().len() == params.len() => Ok(statement.clone()),
            Some(statement) => Err(wrong_count(statement.params().len(), params.len())),
            None => Err(Error::internal("a statement was not prepared")),
        }
    }

    fn heard(&mut self, failed: Failed) -> Error {
        self.failed_late |= failed.of_others;
        // A migration of another process changed a table under a prepared statement: prepare anew and try again.
        let stale = failed.error.as_db_error().is_some_and(|db| {
            *db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().contains("cached plan")
        });
        if stale {
            self.statements.clear();
            return Error::Serialization("the schema changed under a prepared statement".into());
        }
        let error = self.error_of(failed.error);
        match failed.earlier {
            Some(name) => error.in_statement(name),
            None => error,
        }
    }

    fn error_of(&mut self, error: tokio_postgres::Error) -> Error {
        let error = errors::error_of(error, self.limit);
        if matches!(error, Error::Unavailable(_)) {
            self.drop_connection();
        }
        error
    }

    /// Rows of tables and entries of indexes that the transaction has looked at since the last call.
    #[cfg(feature = "testing")]
    pub(crate) fn steps(&mut self) -> Result<u64, Error> {
        const LOOKED_AT: &str = "
            SELECT CAST(COALESCE(SUM(pg_stat_get_xact_tuples_returned(c.oid)), 0) AS BIGINT)
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')";
        self.control("")?;
        let client = self.client()?;
        let row = self.runtime.block_on(client.query_one(LOOKED_AT, &[]));
        let total = row.map_err(|error| self.error_of(error))?.get::<_, i64>(0);
        let before = std::mem::replace(&mut self.steps, total);
        Ok(u64::try_from(total - before).unwrap_or(0))
    }

    /// The plan of a statement, one step a line. Leaves its settings to the transaction, which must end.
    #[cfg(feature = "testing")]
    pub(crate) fn explain(&mut self, sql: &'static Sql) -> Result<String, Error> {
        self.control("SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off")?;
        let text = sql.text(Engine::Postgres);
        let client = self.client()?;
        let plan = self.runtime.block_on(async {
            let wanted = client.prepare(text).await?.params().len();
            // EXPLAIN (GENERIC_PLAN) would do, from version 16 on.
            let nulls = match wanted {
                0 => String::new(),
                _ => format!("({})", vec!["NULL"; wanted].join(", ")),
            };
            client.batch_execute("DEALLOCATE ALL").await?;
            client.batch_execute(&format!("PREPARE explained AS {text}")).await?;
            client.simple_query(&format!("EXPLAIN (COSTS OFF) EXECUTE explained {nulls}")).await
        });
        // Along with ours, DEALLOCATE ALL took the cached ones.
        self.statements.clear();
        let rows = plan.map_err(|error| self.error_of(error))?;
        let steps = rows.iter().filter_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(steps.collect::<Vec<_>>().join("\n"))
    }
}

impl Leaving {
    /// Sends all of this and then `last`, without waiting in between; waits for all of it.
    async fn and_then<T>(
        mut self,
        last: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failed> {
        let mut answers: Vec<Option<Result<(), tokio_postgres::Error>>> =
            self.ahead.iter().map(|_| None).collect();
        // A request leaves when it is first polled, so the order of polling is the order of sending.
        let all = std::future::poll_fn(|context| {
            let waiting = self.ahead.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none());
            for (sent, answer) in waiting {
                if let Poll::Ready(ready) = sent.work.as_mut().poll(context) {
                    *answer = Some(ready);
                }
            }
            match answers.iter().all(Option::is_some) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let ((), done) = join(all, last).await;
        for (place, (sent, answer)) in self.ahead.iter().zip(answers).enumerate() {
            if let Some(Err(error)) = answer {
                return Err(Failed { error, earlier: Some(sent.name), of_others: place < self.of_others });
            }
        }
        done.map_err(|error| Failed { error, earlier: None, of_others: false })
    }
}

/// How often a running statement is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for an answer, and asks the server to stop once the deadline is reached; then the answer says so.
async fn until<T>(
    deadline: Option<&Deadline>,
    config: &Config,
    client: &Client,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let Some(deadline) = deadline else { return work.await };
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout(LOOK, &mut work).await {
            return done;
        }
        if deadline.is_reached() {
            // Failing that, the server's own limit ends it.
            drop(connect::cancel(config, client).await);
            return work.await;
        }
    }
}

fn no_rows(statement: &Statement) -> Result<(), Error> {
    match statement.columns().is_empty() {
        true => Ok(()),
        false => Err(Error::internal("execute() of a statement that returns rows")),
    }
}

fn as_dyn<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}
