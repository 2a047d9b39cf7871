//! Owns: opening everything that a server needs: data folder, database, keys, the first tenant.
//! Must not know: what then works in the background; `serve.rs` starts that.

use std::fs::{File, OpenOptions, TryLockError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlor_chat::events::{self, Event};
use parlor_chat::jobs::Enqueued;
use parlor_chat::settings::Settings;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, MIGRATIONS, TenantId, backlog, pusher_apps, users};
use parlor_db::{DatabaseFiles, Db, Note, Options, Use};
use parlor_realtime::{Hub, Presence, Registry};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::adapters::blobs::Blobs;
use crate::adapters::cluster::{Cluster, Notes};
use crate::adapters::outbound::Outbound;
use crate::adapters::private_path::private;
use crate::app::cache::Caches;
use crate::app::limits::Limits;
use crate::app::secrets::read_key;
use crate::app::{App, Ctx};
use crate::auth::Auth;
use crate::auth::token::new_setup_code;
use crate::budgets::Budgets;
use crate::clock::{Clock, random_seed};
use crate::config::{DataArgs, ServeArgs};
use crate::connections::Connections;
use crate::database::Database;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::services::sealing;

/// How often a first start looks again when others start at the same time.
pub(crate) const FIRST_TRIES: usize = 8;

/// What the workers of an application go on with.
#[derive(Debug)]
pub(crate) struct Feeds {
    /// Events in the order in which they were committed here.
    pub committed: mpsc::UnboundedReceiver<Event>,
    /// Logs of which the hub lacks events, and the last one that it has.
    pub gaps: mpsc::UnboundedReceiver<(TenantId, i64)>,
    /// What goes to other nodes, where there is a Redis.
    pub notes: Option<Notes>,
    /// Held as long as the application: one server per data folder.
    pub lock: Option<File>,
}

impl App {
    /// Opens everything. Nothing works in the background yet.
    ///
    /// # Errors
    /// What is missing, in a sentence for the terminal.
    pub(crate) async fn open(
        data: &DataArgs,
        config: ServeArgs,
        clock: Clock,
    ) -> Result<(Ctx, Feeds), StartError> {
        let (committed, to_publish) = mpsc::unbounded_channel();
        let (gaps, to_fill) = mpsc::unbounded_channel();
        let hub = Hub::with_limit(config.queue_limit, move |tenant, after| {
            let _ = gaps.send((tenant, after));
        });
        let registry = Registry::new();
        let (cluster, notes) = Cluster::new(random_node(), config.redis_url().is_some());
        let (cluster, metrics) = (Arc::new(cluster), Arc::new(Metrics::default()));
        let outbound = Outbound::new(config.private_fetches)?;
        let caches = Caches::new(outbound.clone());
        let jobs_enqueued = Arc::new(watch::Sender::new(()));
        let on_commit = Committed {
            to_publish: committed,
            caches: caches.clone(),
            cluster: cluster.clone(),
            metrics: metrics.clone(),
            jobs_enqueued: jobs_enqueued.clone(),
        };
        let options = Options { on_commit: Some(commit_hook(on_commit)), ..Options::default() };
        let lock = lock_to_serve(data).await?;
        let budgets = Budgets::new(caches.settings.clone());
        let db = open_aside(data.clone(), options, clock.clone()).await?.with_budgets(budgets);
        let cursor_key: Arc<[u8]> = cursor_key(data, &config)?.into();
        let (blobs, config) = (Blobs::of(data, &config.files, &outbound)?, Arc::new(config));
        let app = Arc::new(App {
            auth: Auth::new(db.clone(), hub.clone(), caches.clone(), config.clone(), cursor_key.clone()),
            db,
            caches,
            presence: Presence::new(registry.clone()),
            hub,
            registry,
            cluster,
            blobs,
            folder: data.is_embedded().then(|| data.data.clone()),
            storage_found: tokio::sync::Mutex::default(),
            outbound,
            connections: Connections::new(config.connections),
            limits: Limits::default(),
            metrics,
            started_at: clock.now(),
            clock,
            config,
            cursor_key,
            setup_code: Mutex::new(None),
            commits: watch::Sender::new(()),
            jobs_enqueued,
            stopping: watch::Sender::new(false),
        });
        app.blobs.close();
        // The last that may refuse for another reason than the database: a refused start must not look like a crash.
        begin_use(data, &app.db)?;
        app.after_what_is_stored().await?;
        // From here on the log of an embedded database is never empty: an empty one after a crash is a lost one.
        if let Err(error) = app.db.write_plain(0, backlog::try_out).await {
            tracing::warn!(%error, "nothing can be written now");
        }
        app.first_start().await?;
        Ok((app, Feeds { committed: to_publish, gaps: to_fill, notes, lock }))
    }

    /// The clock may have gone back since something was stored.
    async fn after_what_is_stored(&self) -> Result<(), StartError> {
        let Some(newest) = self.db.read_plain(events::newest).await? else { return Ok(()) };
        let ahead = (newest.micros() - self.clock.now().micros()) / 1_000_000;
        if ahead > 0 {
            tracing::warn!(
                seconds = ahead,
                "the clock is behind the newest event: check the time of this machine"
            );
        }
        self.db.not_before(newest);
        Ok(())
    }

    /// Makes the first tenant, and a setup code while nobody administers it.
    async fn first_start(&self) -> Result<(), StartError> {
        let mut tries = 1;
        let tenant = loop {
            let made = match self.db.write_plain(1, tenants::ensure_default).await {
                Ok(tenant) => self.first_pusher_app(&tenant).await.map(|()| tenant),
                refused => refused,
            };
            match made {
                Err(error) if made_by_another(&error) && tries < FIRST_TRIES => tries += 1,
                made => break made.map_err(named)?,
            }
        };
        let id: TenantId = tenant.id;
        if !self.db.read_plain(move |tx| users::has_super_admin(tx, id)).await? {
            *self.setup_code.lock().unwrap_or_else(PoisonError::into_inner) = Some(new_setup_code());
        }
        Ok(())
    }

    /// Gives the tenant the application that the options of the process name, or one of its own.
    async fn first_pusher_app(&self, tenant: &Tenant) -> Result<(), Error> {
        let (id, no, options) = (tenant.id, tenant.no, &self.config.pusher);
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let change = pusher_apps::Change {
            id: filled(&options.app_id),
            key: filled(&options.app_key),
            secret: filled(&options.app_secret),
            options: None,
        };
        let given = change.id.is_some() || change.key.is_some() || change.secret.is_some();
        let made = self.db.write_plain(no, move |tx| {
            if given { pusher_apps::set(tx, id, no, &change) } else { pusher_apps::ensure(tx, id, no) }
        });
        made.await.map(|_| ())
    }
}

/// What a commit is told to.
struct Committed {
    to_publish: mpsc::UnboundedSender<Event>,
    caches: Caches,
    cluster: Arc<Cluster>,
    metrics: Arc<Metrics>,
    jobs_enqueued: Arc<watch::Sender<()>>,
}

/// Runs on the thread that committed: forgets what is no longer true at once, and hands the events on.
fn commit_hook(to: Committed) -> parlor_db::CommitHook {
    Arc::new(move |notes: Vec<Note>| {
        let mut enqueued = false;
        for note in notes {
            match note.downcast::<Event>() {
                Ok(event) => {
                    let stale = to.caches.invalidate(&event);
                    to.cluster.reached(event.tenant, event.seq, stale);
                    to.metrics.committed(&event);
                    let _ = to.to_publish.send(*event);
                }
                Err(other) => enqueued |= other.is::<Enqueued>(),
            }
        }
        if enqueued {
            to.jobs_enqueued.send_replace(());
        }
    })
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
async fn open_aside(data: DataArgs, options: Options, clock: Clock) -> Result<Database, StartError> {
    let opened = tokio::task::spawn_blocking(move || open(&data, options, clock)).await;
    opened.map_err(|error| StartError::Environment(error.to_string()))?
}

/// Says that a server has the embedded database open. After one that ended without a word it is read through, beside the
/// start: SQLite notices damage only where it comes by.
fn begin_use(data: &DataArgs, db: &Database) -> Result<(), StartError> {
    let Some(files) = DatabaseFiles::of(&data.database_url())? else { return Ok(()) };
    if noted(files.say(Use::Open)).flatten() == Some(Use::Open) {
        let db = db.clone();
        tokio::task::spawn_blocking(move || match files.quick_check() {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                db.note_damage();
                tracing::error!(
                    found = found.join("; "),
                    "the database is damaged: stop the server, keep a copy of the folder, put the files back from a backup"
                );
            }
            Err(error) => tracing::error!(%error, "the database could not be read through"),
        });
    }
    Ok(())
}

/// Says that the server has closed its embedded database.
pub(crate) fn end_use(url: &str) {
    if let Ok(Some(files)) = DatabaseFiles::of(url) {
        noted(files.say(Use::Closed));
    }
}

/// A full disk must not keep a server from reading, so that it starts and ends without a note as well.
fn noted<T>(said: std::io::Result<T>) -> Option<T> {
    said.inspect_err(|error| tracing::warn!(%error, "the use of the database could not be noted beside it"))
        .ok()
}

/// A number for this run of the server, unlike any other node's.
fn random_node() -> u64 {
    let seed = random_seed();
    seed.iter().take(8).fold(0, |node, byte| (node << 8) | u64::from(*byte))
}

/// The settings that the environment gives.
///
/// # Errors
/// A variable that cannot be read.
pub fn defaults() -> Result<Settings, StartError> {
    Settings::from_environment(|name| std::env::var(name).ok()).map_err(StartError::Environment)
}

/// Opens the database and its keys. Blocks.
///
/// # Errors
/// When either cannot be used, or they do not belong together.
pub fn open(data: &DataArgs, options: Options, clock: Clock) -> Result<Database, StartError> {
    let engine = open_database(data, options)?;
    if data.secret_key_file().is_none() {
        make_folder(data)?;
    }
    sealing::open(data, engine, clock, defaults()?)
}

/// Opens the database in its folder and brings its schema up to date. Blocks.
///
/// # Errors
/// When the folder or the database cannot be used.
pub fn open_database(data: &DataArgs, options: Options) -> Result<Db, StartError> {
    if data.is_embedded() {
        make_folder(data)?;
    }
    let files = DatabaseFiles::of(&data.database_url())?;
    if let Some(word) = files.as_ref().map(DatabaseFiles::check).transpose()?.flatten() {
        tracing::warn!("{word}");
    }
    let db = Db::open(&data.database_url(), options)?;
    db.migrate(MIGRATIONS)?;
    if let Some(files) = files {
        // A command that has read the log to its end removes it when it closes the database: nothing is missing then.
        noted(match lock_folder(data) {
            Ok(Some(_nobody_serves)) => files.say(Use::Closed).map(drop),
            _ => files.say_there_is_one(),
        });
    }
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

/// Whether the error says that another process, which starts at the same time, has just made the same. What it made is
/// found when one looks again.
#[must_use]
pub(crate) fn made_by_another(error: &Error) -> bool {
    match error {
        Error::Conflict { rule, .. } => *rule == "slug",
        Error::Db(error) => error.unique_constraint().is_some(),
        _ => false,
    }
}

/// The lock of a server. A command holds it for a moment to see that nobody serves.
async fn lock_to_serve(data: &DataArgs) -> Result<Option<File>, StartError> {
    for _ in 0..FIRST_TRIES {
        match lock_folder(data) {
            Err(StartError::Locked(_)) => sleep(Duration::from_millis(25)).await,
            lock => return lock,
        }
    }
    lock_folder(data)
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
    read_key(&data.data.join("cursor.key"))
}
