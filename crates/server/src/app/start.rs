//! Owns: bringing an application up: data folder, database, first tenant, keys, background work.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use parlor_chat::events::Event;
use parlor_chat::settings::Settings;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, MIGRATIONS, TenantId, Tx, users};
use parlor_db::{Db, Note, Options};
use parlor_realtime::{Hub, Presence, Roster};
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use super::{App, Caches, Cluster, Ctx, cluster, workers};
use crate::auth::limiter::Limiter;
use crate::auth::password::Passwords;
use crate::auth::token::new_setup_code;
use crate::clock::{Clock, random_seed};
use crate::config::{DataArgs, ServeArgs};
use crate::files::Files;
use crate::metrics::Metrics;
use crate::transport::pusher::Pusher;

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
        let caches = Caches::default();
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
        let folder = data.clone();
        let opened = tokio::task::spawn_blocking(move || open_database(&folder, options)).await;
        let db = opened.map_err(|error| StartError::Environment(error.to_string()))??;
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
            config,
            defaults: Arc::new(defaults()?),
            caches,
            passwords: Passwords::new(std::thread::available_parallelism().map_or(1, usize::from)),
            sign_ins: Limiter::default(),
            sending: Limiter::default(),
            unknown_roles: Mutex::default(),
            cursor_key,
            setup_code: Mutex::new(None),
            relay_wake: Notify::new(),
            stopping: watch::Sender::new(false),
            pusher: Pusher::default(),
        });
        app.first_start().await?;
        workers::start(&app, to_publish, to_fill, lock)?;
        if let Some((url, notes)) = redis.zip(notes) {
            cluster::start(&app, &url, notes).map_err(StartError::redis)?;
        }
        Ok(app)
    }

    /// Makes the first tenant, and a setup code while nobody administers it.
    async fn first_start(&self) -> Result<(), StartError> {
        let tenant = self.write_plain(1, default_tenant).await?;
        self.first_application(&tenant).await?;
        let id: TenantId = tenant.id;
        if !self.read_plain(move |tx| users::has_super_admin(tx, id)).await? {
            *self.setup_code.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Some(new_setup_code());
        }
        Ok(())
    }
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

/// One server per folder: two would not hear of each other's commits.
fn lock_folder(data: &DataArgs) -> Result<Option<File>, StartError> {
    if !data.is_embedded() {
        return Ok(None);
    }
    make_folder(data)?;
    let unusable = |error| StartError::Folder(data.data.clone(), error);
    let file = File::create(data.data.join("serve.lock")).map_err(unusable)?;
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
    let unusable = |error| StartError::Folder(data.data.clone(), error);
    key_file(&data.data.join("cursor.key")).map_err(unusable)
}

/// Reads a key, or makes one that only its owner can read.
fn key_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let key = random_seed();
            file.write_all(&key)?;
            file.sync_all()?;
            Ok(key.to_vec())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read(path),
        Err(error) => Err(error),
    }
}
