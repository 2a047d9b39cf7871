//! Owns: bringing an application up: data folder, database, first tenant, keys, background work.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use parlor_chat::events::Event;
use parlor_chat::settings::Settings;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, MIGRATIONS, TenantId, Tx, users};
use parlor_db::{Db, Note, Options};
use parlor_realtime::{Hub, Presence, Roster};
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use super::{App, Caches, Cluster, Ctx, cluster, secrets, workers};
use crate::auth::limiter::Limiter;
use crate::auth::password::Passwords;
use crate::auth::token::new_setup_code;
use crate::clock::{Clock, random_seed};
use crate::config::{DataArgs, ServeArgs};
use crate::files::Files;
use crate::metrics::Metrics;
use crate::transport::pusher::Pusher;

/// How often a first start looks again when others start at the same time.
pub(crate) const FIRST_TRIES: usize = 8;

/// The tenant that is made on the first start.
pub const DEFAULT_TENANT: &str = "default";

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("the data folder {0} cannot be used: {1}")]
    Folder(PathBuf, std::io::Error),
    /// Another server.
    #[error("another parlor serves the data folder {0}")]
    Locked(PathBuf),
    /// The database.
    #[error("database: {0}")]
    Database(#[from] parlor_db::Error),
    /// An operation on it.
    #[error(transparent)]
    Chat(#[from] Error),
    /// A variable of the environment.
    #[error("{0}")]
    Environment(String),
    /// A key that is kept in a file.
    #[error("the key {0} cannot be used: {1}")]
    KeyFile(PathBuf, std::io::Error),
    /// One that was cut off.
    #[error(
        "the key {0} {1}: it was cut off by a full disk or a crash, or is no key. \
         Put the right one back from a backup, or remove it: the next start makes a new one, and clients begin anew \
         from a snapshot"
    )]
    WeakKey(PathBuf, secrets::Weak),
    /// A secret that is none.
    #[error("{0} {1}: make one with `openssl rand -hex 32`")]
    WeakSecret(&'static str, secrets::Weak),
    /// The address of Redis.
    #[error("REDIS_URL: {0}")]
    Redis(String),
    /// The playground where others could reach it.
    #[error("--playground lets everybody sign in as anybody: listen on 127.0.0.1 with it, not on {0}")]
    Playground(std::net::SocketAddr),
    /// The address.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
}

impl StartError {
    fn redis(error: impl std::fmt::Display) -> Self {
        Self::Redis(error.to_string())
    }
}

/// The settings that the environment gives.
///
/// # Errors
/// A variable that cannot be read.
pub fn defaults() -> Result<Settings, StartError> {
    Settings::from_environment(|name| std::env::var(name).ok()).map_err(StartError::Environment)
}

/// Opens the database in its folder and brings its schema up to date. Blocks.
///
/// # Errors
/// When the folder or the database cannot be used.
pub fn open_database(data: &DataArgs, options: Options) -> Result<Db, StartError> {
    if data.is_embedded() {
        make_folder(data)?;
    }
    let db = Db::open(&data.database_url(), options)?;
    db.migrate(MIGRATIONS)?;
    Ok(db)
}

/// Makes the data folder when it is missing, for its owner alone: everybody's messages will be in it.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(data: &DataArgs) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&data.data).map_err(|error| StartError::Folder(data.data.clone(), error))
}

/// The tenant `default`, made when missing.
///
/// # Errors
/// When the database cannot be used.
pub fn default_tenant(tx: &mut Tx<'_>) -> Result<Tenant, Error> {
    match tenants::by_slug(tx, DEFAULT_TENANT) {
        Err(Error::NotFound { .. }) => tenants::create(tx, DEFAULT_TENANT, "Default"),
        found => found,
    }
}

/// Whether the error says that another process, which starts at the same time, has just made the same. What it made is
/// found when one looks again.
#[must_use]
pub fn made_by_another(error: &Error) -> bool {
    match error {
        Error::Conflict { rule, .. } => *rule == "slug",
        Error::Db(error) => error.unique_constraint().is_some(),
        _ => false,
    }
}

/// A file of the data folder that others could read, from an earlier version or a copy, is closed to them. Where that is
/// not ours to do, the file stays as it is.
pub(crate) fn private(path: &Path) {
    #[cfg(unix)]
    if let Ok(about) = std::fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode();
        if mode & 0o077 != 0 {
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700));
        }
    }
}

impl App {
    /// Opens everything and starts the background work. Blocks while the database opens.
    ///
    /// # Errors
    /// What is missing, in a sentence for the terminal.
    pub async fn start(data: &DataArgs, config: ServeArgs, clock: Clock) -> Result<Ctx, StartError> {
        let (committed, to_publish) = mpsc::unbounded_channel();
        let (gaps, to_fill) = mpsc::unbounded_channel();
        let hub = Hub::with_limit(config.queue_limit, move |tenant, after| {
            let _ = gaps.send((tenant, after));
        });
        let roster = Roster::new();
        let presence = Presence::new(roster.clone());
        let redis = config.redis.clone().filter(|url| !url.is_empty());
        let (cluster, notes) = Cluster::new(random_node(), redis.is_some());
        let (cluster, metrics) = (Arc::new(cluster), Arc::new(Metrics::default()));
        let caches = Caches::new(config.private_fetches);
        let options = Options {
            on_commit: Some(commit_hook(Committed {
                to_publish: committed,
                caches: caches.clone(),
                cluster: cluster.clone(),
                metrics: metrics.clone(),
            })),
            ..Options::default()
        };
        let lock = lock_folder(data)?;
        let db = open_aside(data.clone(), options).await?;
        let cursor_key = cursor_key(data, &config)?;
        let app = Arc::new(App {
            db,
            hub,
            roster,
            presence,
            cluster,
            metrics,
            started_at: clock.now(),
            clock,
            process_keys: crate::auth::process_keys(&config),
            files: Files::of(data, &config),
            pictures: Semaphore::new(1),
            defaults: Arc::new(defaults()?),
            caches,
            passwords: Passwords::new(std::thread::available_parallelism().map_or(1, usize::from)),
            sign_ins: Limiter::default(),
            sending: Limiter::default(),
            drafting: Limiter::default(),
            uploads: Arc::default(),
            unknown_roles: Mutex::default(),
            cursor_key,
            setup_code: Mutex::new(None),
            relay_wake: Notify::new(),
            stopping: watch::Sender::new(false),
            pusher: Pusher::default(),
            config,
        });
        app.files.close();
        app.first_start().await?;
        workers::start(&app, to_publish, to_fill, lock)?;
        if let Some((url, notes)) = redis.zip(notes) {
            cluster::start(&app, &url, notes).map_err(StartError::redis)?;
        }
        Ok(app)
    }

    /// Makes the first tenant, and a setup code while nobody administers it.
    async fn first_start(&self) -> Result<(), StartError> {
        let mut tries = 1;
        let tenant = loop {
            let made = match self.write_plain(1, default_tenant).await {
                Ok(tenant) => self.first_application(&tenant).await.map(|()| tenant),
                refused => refused,
            };
            match made {
                Err(error) if made_by_another(&error) && tries < FIRST_TRIES => tries += 1,
                made => break made.map_err(named)?,
            }
        };
        let id: TenantId = tenant.id;
        if !self.read_plain(move |tx| users::has_super_admin(tx, id)).await? {
            *self.setup_code.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Some(new_setup_code());
        }
        Ok(())
    }
}

/// What is wrong with the Pusher application that the options describe, by the name of the option.
fn named(error: Error) -> StartError {
    let Error::Invalid { field, detail, .. } = &error else { return error.into() };
    let variables = [("id", "PARLOR_APP_ID"), ("key", "PARLOR_APP_KEY"), ("secret", "PARLOR_APP_SECRET")];
    match variables.iter().find(|(name, _)| name == field) {
        Some((_, variable)) => StartError::Environment(format!("{variable}: {detail}")),
        None => error.into(),
    }
}

/// Opening may take a while, and blocks.
async fn open_aside(data: DataArgs, options: Options) -> Result<Db, StartError> {
    let opened = tokio::task::spawn_blocking(move || open_database(&data, options)).await;
    opened.map_err(|error| StartError::Environment(error.to_string()))?
}

/// A number for this run of the server, unlike any other node's.
fn random_node() -> u64 {
    let seed = random_seed();
    seed.iter().take(8).fold(0, |node, byte| (node << 8) | u64::from(*byte))
}

/// Where commits are told.
struct Committed {
    to_publish: mpsc::UnboundedSender<Event>,
    caches: Caches,
    cluster: Arc<Cluster>,
    metrics: Arc<Metrics>,
}

/// Runs on the thread that committed: forgets what is no longer true at once, and hands the events on.
fn commit_hook(to: Committed) -> parlor_db::CommitHook {
    Arc::new(move |notes: Vec<Note>| {
        for note in notes {
            if let Ok(event) = note.downcast::<Event>() {
                let stale = to.caches.forget_stale(&event);
                to.cluster.reached(event.tenant, event.seq, stale);
                to.metrics.committed(&event);
                let _ = to.to_publish.send(*event);
            }
        }
    })
}

/// One server per folder: two would not hear of each other's commits. Held as long as the file is.
///
/// # Errors
/// When a server holds it, or the folder cannot be used.
pub fn lock_folder(data: &DataArgs) -> Result<Option<File>, StartError> {
    if !data.is_embedded() {
        return Ok(None);
    }
    make_folder(data)?;
    let unusable = |error| StartError::Folder(data.data.clone(), error);
    let path = data.data.join("serve.lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(unusable)?;
    private(&path);
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(data.data.clone())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn cursor_key(data: &DataArgs, config: &ServeArgs) -> Result<Vec<u8>, StartError> {
    if let Some(secret) = config.secret.as_deref().filter(|secret| !secret.is_empty()) {
        return Ok(secret.as_bytes().to_vec());
    }
    make_folder(data)?;
    secrets::key_file(&data.data.join("cursor.key"))
}
