//! Owns: what commands share: the database, opened, brought up to date, blocking; files that they are given; waiting for other
//! servers. Must not know: any command.

use std::path::Path;
use std::time::Duration;

use parlor_chat::settings::Settings;
use parlor_chat::tenants::{self, DEFAULT_SLUG, Tenant};
use parlor_chat::{Error, Time, Tx};
use parlor_db::Options;

use super::failure::Failure;
use crate::app::start::{FIRST_TRIES, defaults, made_by_another, open_database};
use crate::clock::Clock;
use crate::config::DataArgs;
use crate::database::Database;

/// An open database for one command.
pub(crate) struct Store(Database);

impl Store {
    /// Opens the database, and makes the tenant `default` where there is none.
    pub fn open(data: &DataArgs) -> Result<Self, Failure> {
        let store = Self::bare(data)?;
        let mut tries = 1;
        while let Err(error) = store.write(1, tenants::ensure_default) {
            if !made_by_another(&error) || tries == FIRST_TRIES {
                return Err(error.into());
            }
            tries += 1;
        }
        Ok(store)
    }

    /// Opens the database as it is.
    pub fn bare(data: &DataArgs) -> Result<Self, Failure> {
        // A command may count through a whole history.
        let read_limit = Duration::from_secs(3_600);
        let options = Options { readers: 1, lanes: 1, read_limit, ..Options::default() };
        Ok(Self(Database::new(open_database(data, options)?, Clock::System, defaults()?)))
    }

    /// The present time.
    pub fn now(&self) -> Time {
        self.0.now()
    }

    /// Runs an operation that only reads.
    pub fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.read_blocking(operation)
    }

    /// Runs an operation that may write.
    pub fn write<T: Send + 'static>(
        &self,
        tenant_no: i64,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.write_blocking(tenant_no, operation)
    }

    /// Runs something that makes the domain's transactions itself, with times of its own.
    pub fn write_raw<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut parlor_db::Tx, &Settings) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.write_raw(operation)
    }

    /// The tenant with this slug.
    pub fn tenant(&self, slug: &str) -> Result<Tenant, Failure> {
        let wanted = slug.to_owned();
        Ok(self.read(move |tx| tenants::by_slug(tx, &wanted))?)
    }
}

/// Which tenant a command is about.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct TenantArg {
    /// Slug of the tenant
    #[arg(long, env = "PARLOR_TENANT", default_value = DEFAULT_SLUG, value_name = "SLUG")]
    pub tenant: String,
}

/// Runs what waits for other servers.
pub(crate) fn block_on<T>(waiting: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(waiting))
}

/// Reads a file given on the command line; `-` is standard input.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let text = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(path),
    };
    text.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
