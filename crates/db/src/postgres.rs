//! PostgreSQL: connecting, running a statement, and what its errors mean.
//!
//! The only file besides `row.rs` that speaks to `tokio-postgres`. Each connection brings its own single-threaded
//! runtime and is used by one thread, so callers may live in any runtime or in none. Knows nothing of queues and groups.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::join;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::sqlite::wrong_count;
use crate::{Engine, Error, Param, Row, Sql};

/// What the tests run against.
const OLDEST: i32 = 150_000;

/// Settings every session gets.
/// - `jit`: compiling pays for reports, never for the short statements of a request.
/// - `lock_timeout`: a row held by a dead machine fails an operation instead of its whole lane.
const SESSION: &str = "SET jit = off; SET lock_timeout = '5s'; SET client_min_messages = 'warning'";

/// A connection with the one statement runner.
///
/// Transaction words are kept back in `prelude` and leave together with the next statement, in one round trip.
pub(crate) struct Conn {
    config: Config,
    runtime: Runtime,
    client: Option<Client>,
    // By the address of the static: comparing texts would cost more than it tells.
    statements: HashMap<usize, Statement>,
    prelude: String,
}

impl Conn {
    /// A connection that is made at its first use.
    pub(crate) fn new(url: &str) -> Result<Conn, Error> {
        let mut config = config_of(url)?;
        config
            .application_name("parlor")
            .connect_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(30));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(format!("cannot start a connection: {error}")))?;
        Ok(Conn { config, runtime, client: None, statements: HashMap::new(), prelude: String::new() })
    }

    /// Connects unless connected already.
    pub(crate) fn connect(&mut self) -> Result<(), Error> {
        if self.is_connected() {
            return Ok(());
        }
        self.drop_connection();
        let unreachable = |error: tokio_postgres::Error| {
            Error::Unavailable(format!("cannot connect to PostgreSQL: {}", words_of(&error)))
        };
        let config = &self.config;
        let client = self.runtime.block_on(async {
            // The failure of a connection shows in its client as well.
            let client = if config.get_ssl_mode() == SslMode::Require {
                let (client, connection) = config.connect(tls()?).await.map_err(unreachable)?;
                tokio::spawn(connection);
                client
            } else {
                let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
                tokio::spawn(connection);
                client
            };
            client.batch_execute(SESSION).await.map_err(unreachable)?;
            let version: i32 = client
                .query_one("SELECT current_setting('server_version_num')::int4", &[])
                .await
                .map_err(unreachable)?
                .get(0);
            if version < OLDEST {
                return Err(Error::Unavailable(format!("PostgreSQL 15 or later is needed, found {version}")));
            }
            Ok(client)
        })?;
        self.client = Some(client);
        Ok(())
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(|client| !client.is_closed())
    }

    /// Forgets the connection and whatever was going on in it.
    pub(crate) fn drop_connection(&mut self) {
        self.statements.clear();
        self.prelude.clear();
        self.client = None;
    }

    /// Keeps a transaction word for the next statement.
    pub(crate) fn defer(&mut self, word: &str) {
        self.prelude.push_str(word);
        self.prelude.push(';');
    }

    /// Takes the last deferred word back, if it is `word` and was not sent yet.
    pub(crate) fn take_back(&mut self, word: &str) -> bool {
        let kept = self.prelude.strip_suffix(';').and_then(|text| text.strip_suffix(word)).map(str::len);
        kept.inspect(|len| self.prelude.truncate(*len)).is_some()
    }

    /// Whether the transaction has begun on the server, or only in our prelude.
    pub(crate) fn is_begun(&self) -> bool {
        !self.prelude.starts_with("BEGIN")
    }

    /// Sends the deferred words and `word` now.
    pub(crate) fn control(&mut self, word: &str) -> Result<(), Error> {
        let mut text = std::mem::take(&mut self.prelude);
        text.push_str(word);
        self.script(&text)
    }

    /// Forgets the deferred words.
    pub(crate) fn clear(&mut self) {
        self.prelude.clear();
    }

    /// Runs a script of several statements.
    pub(crate) fn script(&mut self, text: &str) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        let client = self.client.as_ref().ok_or_else(not_connected)?;
        let done = self.runtime.block_on(client.batch_execute(text));
        done.map_err(|error| self.error_of(error))
    }

    /// Runs a statement and lends each row to `each`.
    pub(crate) fn query(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (statement, prelude) = self.ready(sql, params)?;
        let (client, params) = (self.client.as_ref().ok_or_else(not_connected)?, as_dyn(params));
        let rows = self.runtime.block_on(after(client, &prelude, client.query(&statement, &params)));
        let rows = rows.map_err(|error| self.statement_error(sql, error))?;
        rows.iter().try_for_each(|row| each(&Row::Postgres(row)))
    }

    /// Runs a statement that gives no rows and tells how many it touched.
    pub(crate) fn execute(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<u64, Error> {
        let (statement, prelude) = self.ready(sql, params)?;
        if !statement.columns().is_empty() {
            return Err(Error::internal("execute() of a statement that returns rows"));
        }
        let (client, params) = (self.client.as_ref().ok_or_else(not_connected)?, as_dyn(params));
        let count = self.runtime.block_on(after(client, &prelude, client.execute(&statement, &params)));
        count.map_err(|error| self.statement_error(sql, error))
    }

    /// The plan of a statement, one step a line. Leaves its settings to the transaction, which must end.
    #[cfg(feature = "testing")]
    pub(crate) fn explain(&mut self, sql: &'static Sql) -> Result<String, Error> {
        self.control("SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off")?;
        let text = sql.text(Engine::Postgres);
        let client = self.client.as_ref().ok_or_else(not_connected)?;
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

    /// The prepared statement, and the words to send before it.
    fn ready(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<(Statement, String), Error> {
        let address = std::ptr::from_ref(sql).addr();
        if !self.statements.contains_key(&address) {
            // Preparing needs a round trip of its own anyway, and must not happen in a failed transaction.
            self.control("")?;
            let client = self.client.as_ref().ok_or_else(not_connected)?;
            let prepared = self.runtime.block_on(client.prepare(sql.text(Engine::Postgres)));
            let statement = prepared.map_err(|error| self.error_of(error))?;
            self.statements.insert(address, statement);
        }
        let statement = self.statements.get(&address).ok_or_else(not_connected)?.clone();
        if statement.params().len() != params.len() {
            return Err(wrong_count(statement.params().len(), params.len()));
        }
        Ok((statement, std::mem::take(&mut self.prelude)))
    }

    fn statement_error(&mut self, sql: &'static Sql, error: tokio_postgres::Error) -> Error {
        // A migration of another process changed a table under a prepared statement: prepare it anew and try again.
        let stale = error.as_db_error().is_some_and(|db| {
            *db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().contains("cached plan")
        });
        if stale {
            self.statements.remove(&std::ptr::from_ref(sql).addr());
            return Error::Serialization("the schema changed under a prepared statement".into());
        }
        self.error_of(error)
    }

    fn error_of(&mut self, error: tokio_postgres::Error) -> Error {
        let error = error_of(error);
        if matches!(error, Error::Unavailable(_)) {
            self.drop_connection();
        }
        error
    }
}

/// Reads a URL. TLS is used if it says `sslmode=require` (or `verify-ca`, `verify-full`), and always verifies the server:
/// what `prefer` gives, encryption to whoever answers, is no protection and fails with many a local server.
fn config_of(url: &str) -> Result<Config, Error> {
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config =
        url.parse().map_err(|error| Error::Unavailable(format!("database URL: {error}")))?;
    if config.get_ssl_mode() != SslMode::Require {
        config.ssl_mode(SslMode::Disable);
    }
    Ok(config)
}

/// Trusts whom the system trusts; `SSL_CERT_FILE` names others.
fn tls() -> Result<MakeRustlsConnect, Error> {
    let failed = |error: rustls::Error| Error::Unavailable(format!("cannot set up TLS: {error}"));
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Runs `statement` right behind the deferred words, without waiting for their answer in between.
async fn after<T>(
    client: &Client,
    prelude: &str,
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, tokio_postgres::Error> {
    if prelude.is_empty() {
        return statement.await;
    }
    // `join` polls in this order, and requests leave in the order of their first poll.
    let (words, done) = join(client.batch_execute(prelude), statement).await;
    words?;
    done
}

fn not_connected() -> Error {
    Error::Unavailable("the connection was lost".into())
}

fn as_dyn<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, kind) {
            (Param::Null, _) => Ok(IsNull::Yes),
            (Param::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Param::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Param::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            (Param::Bool(flag), &Type::BOOL) => flag.to_sql(kind, out),
            (Param::Real(number), &Type::FLOAT8) => number.to_sql(kind, out),
            (Param::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(kind, out),
            (Param::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (Param::Id(id), &Type::BYTEA) => id.as_slice().to_sql(kind, out),
            (Param::Ints(list), &Type::INT8_ARRAY) => list.to_sql(kind, out),
            (Param::Ids(list), &Type::BYTEA_ARRAY) => {
                list.iter().map(<[u8; 16]>::as_slice).collect::<Vec<_>>().to_sql(kind, out)
            }
            (Param::Texts(list), &Type::TEXT_ARRAY) => list.to_sql(kind, out),
            _ => {
                Err(format!("{self:?} given where PostgreSQL wants {kind}; a CAST in the text may help")
                    .into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What an error of the server or of the connection means.
fn error_of(error: tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else {
        let io = error.source().is_some_and(|source| source.is::<std::io::Error>());
        return if error.is_closed() || io { Error::Unavailable(words_of(&error)) } else { internal(error) };
    };
    let constraint = || db.constraint().unwrap_or_default().to_owned();
    match db.code().code() {
        "23505" => Error::Unique { constraint: constraint() },
        "23503" => Error::ForeignKey,
        "23514" => Error::Check { constraint: constraint() },
        "23502" => Error::Check {
            constraint: format!("{}.{}", db.table().unwrap_or_default(), db.column().unwrap_or_default()),
        },
        "40001" | "40P01" => Error::Serialization(db.message().to_owned()),
        "55P03" => Error::Busy(db.message().to_owned()),
        "53100" => Error::Full(db.message().to_owned()),
        "25006" => Error::ReadOnly(db.message().to_owned()),
        "25P02" => Error::Poisoned,
        "22003" | "22021" | "54000" => Error::Value(db.message().to_owned()),
        code if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
            Error::Unavailable(db.message().to_owned())
        }
        _ => internal(error),
    }
}

fn internal(error: tokio_postgres::Error) -> Error {
    Error::Internal { context: words_of(&error), source: Some(Arc::new(error)) }
}

/// An error with its causes, in one line.
fn words_of(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = cause.source();
    }
    words
}
