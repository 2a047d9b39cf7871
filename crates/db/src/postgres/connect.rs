//! Making a connection: the URL, TLS, the settings of a session. Knows nothing of what the connection is for.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::words_of;
use crate::Error;

/// What the tests run against.
const OLDEST: i32 = 150_000;

/// Settings every session gets.
/// - `jit`: compiling pays for reports, never for the short statements of a request.
/// - `lock_timeout`: a row held by a dead machine fails an operation instead of its whole lane.
const SESSION: &str = "SET jit = off; SET lock_timeout = '5s'; SET client_min_messages = 'warning'";

/// Reads a URL. TLS is used if it says `sslmode=require` (or `verify-ca`, `verify-full`), and always verifies the server:
/// what `prefer` gives, encryption to whoever answers, is no protection and fails with many a local server.
pub(super) fn config_of(url: &str) -> Result<Config, Error> {
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config =
        url.parse().map_err(|error| Error::Unavailable(format!("database URL: {error}")))?;
    if config.get_ssl_mode() != SslMode::Require {
        config.ssl_mode(SslMode::Disable);
    }
    config
        .application_name("parlor")
        .connect_timeout(Duration::from_secs(5))
        .keepalives_idle(Duration::from_secs(30))
        .tcp_user_timeout(Duration::from_secs(30));
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

/// Asks the server to stop what a session is doing. Without effect if the server cannot be reached.
pub(super) async fn cancel(config: &Config, client: &Client) -> Result<(), Error> {
    let failed =
        |error: tokio_postgres::Error| Error::Unavailable(format!("cannot cancel: {}", words_of(&error)));
    match config.get_ssl_mode() {
        SslMode::Require => client.cancel_token().cancel_query(tls()?).await.map_err(failed),
        _ => client.cancel_token().cancel_query(NoTls).await.map_err(failed),
    }
}

/// Connects and sets the session up. To be called in the runtime that will drive the connection.
/// `limit`: how long a statement may take; zero is for ever.
pub(super) async fn connect(config: &Config, limit: Duration) -> Result<Client, Error> {
    let unreachable = |error: tokio_postgres::Error| {
        Error::Unavailable(format!("cannot connect to PostgreSQL: {}", words_of(&error)))
    };
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
    let session = format!("{SESSION}; SET statement_timeout = {}", limit.as_millis());
    client.batch_execute(&session).await.map_err(unreachable)?;
    let version: i32 = client
        .query_one("SELECT current_setting('server_version_num')::int4", &[])
        .await
        .map_err(unreachable)?
        .get(0);
    match version < OLDEST {
        true => Err(Error::Unavailable(format!("PostgreSQL 15 or later is needed, found {version}"))),
        false => Ok(client),
    }
}
