//! Owns: the running application: database, hub, clock, caches, and the one way in which operations are run.
//! Must not know: HTTP, sockets, or what an operation does.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::settings::Settings;
use parlor_chat::{Actor, Error, PersonId, TenantId, Time, Tx, audit};
use parlor_db::Db;
use parlor_realtime::{Hub, Presence, Roster};
use tokio::sync::{Notify, Semaphore, watch};

use crate::auth::limiter::{Key, Limiter, Rate};
use crate::auth::password::Passwords;
use crate::clock::{Clock, random_seed};
use crate::config::ServeArgs;
use crate::files::Files;
use crate::metrics::Metrics;
use crate::transport::pusher::Pusher;
use crate::uploads::Uploads;

mod caches;
pub mod cluster;
pub mod presence;
mod purging;
mod relay;
pub(crate) mod secrets;
mod start;
mod workers;

pub use caches::Caches;
pub use cluster::Cluster;
pub use start::{
    DEFAULT_TENANT, StartError, default_tenant, defaults, lock_folder, made_by_another, make_folder,
    open_database,
};
pub(crate) use start::{FIRST_TRIES, private};

/// Everything a request needs. One per server; two servers can live in one process.
pub struct App {
    /// The storage engine.
    pub db: Db,
    /// Who is online.
    pub hub: Arc<Hub>,
    /// Who is where, over all nodes.
    pub roster: Arc<Roster>,
    /// Who is there, types, looks at what.
    pub presence: Arc<Presence>,
    /// The other nodes.
    pub cluster: Arc<Cluster>,
    /// What is counted for operators.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
    /// Since when this server runs.
    pub started_at: Time,
    /// The options of the process.
    pub config: ServeArgs,
    /// Settings where a tenant has set nothing.
    pub defaults: Arc<Settings>,
    /// What is remembered between requests.
    pub caches: Caches,
    /// Tags of the keys among the options.
    pub(crate) process_keys: Vec<u64>,
    /// Hashing of passwords.
    pub passwords: Passwords,
    /// Attempts to sign in, by address and by account.
    pub sign_ins: Limiter<Key>,
    /// Sent messages, by person.
    pub sending: Limiter<(TenantId, PersonId)>,
    /// Saved drafts, by person.
    pub drafting: Limiter<(TenantId, PersonId)>,
    /// Uploads under way.
    pub uploads: Arc<Uploads>,
    /// Roles that tokens named and nobody made, which the log knows already.
    pub(crate) unknown_roles: Mutex<HashSet<(String, String)>>,
    /// Attached files.
    pub files: Files,
    /// Turns at opening pictures.
    pub pictures: Semaphore,
    /// Signs cursors.
    pub cursor_key: Vec<u8>,
    /// The code that makes the first administrator, while there is none.
    pub setup_code: Mutex<Option<String>>,
    /// Something was committed that an external hub may have to hear of.
    pub relay_wake: Notify,
    /// True once the server stops.
    pub stopping: watch::Sender<bool>,
    /// What the Pusher protocol keeps in memory.
    pub(crate) pusher: Pusher,
}

/// What is shared by all requests.
pub type Ctx = Arc<App>;

/// Another process may change settings without our hearing of it at once.
const SETTINGS_MAX_AGE_SECONDS: i64 = 30;

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

impl App {
    /// Runs an operation that only reads. Where looking itself must be remembered (a super administrator's view
    /// leaves an audit row) the reading connection refuses, and the operation runs again as a writing one.
    ///
    /// # Errors
    /// The operation's own; a refusal leaves an audit row.
    pub async fn read<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let operation = Arc::new(operation);
        let (who, reads) = (actor.clone(), operation.clone());
        let mut result = self.read_plain(move |tx| reads(tx, &who)).await;
        if let Err(Error::Db(parlor_db::Error::ReadOnly(_))) = &result {
            let who = actor.clone();
            result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        }
        self.audited(actor, result).await
    }

    /// Runs an operation that may write.
    ///
    /// # Errors
    /// The operation's own; a refusal leaves an audit row.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let who = actor.clone();
        let result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        self.audited(actor, result).await
    }

    /// Reads on nobody's behalf: to learn who is calling.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn read_plain<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, defaults) = (self.clock.now(), self.defaults.clone());
        let seed = random_seed();
        self.db.read(move |tx| operation(&mut Tx::new(tx, now, seed, &defaults))).await
    }

    /// Writes on nobody's behalf, in the lane of the tenant with this number.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn write_plain<T: Send + 'static>(
        &self,
        tenant_no: i64,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, defaults) = (self.clock.now(), self.defaults.clone());
        let seed = random_seed();
        self.db
            .write(tenant_no.unsigned_abs(), move |tx| operation(&mut Tx::new(tx, now, seed, &defaults)))
            .await
    }

    /// The one place that remembers refusals, in a transaction of its own: the refused one was rolled back.
    async fn audited<T>(&self, actor: &Arc<Actor>, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Forbidden { rule, action, entity, .. }) = &result {
            let (who, rule, action, entity) = (actor.clone(), *rule, *action, entity.clone());
            let row = self.write_plain(actor.tenant_no, move |tx| {
                let about = entity.as_ref().map(|(kind, id)| (*kind, id.as_str()));
                audit::forbidden_attempt(tx, &who, action, rule, about)
            });
            if let Err(error) = row.await {
                tracing::error!(%error, action, "a refused attempt could not be audited");
            }
        }
        result
    }

    /// The settings that hold for a tenant.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn settings(&self, tenant: TenantId) -> Result<Arc<Settings>, Error> {
        let now = self.clock.now();
        let known = self.caches.settings.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        if let Some((at, known)) = known
            && now < at.plus_seconds(SETTINGS_MAX_AGE_SECONDS)
        {
            return Ok(known);
        }
        let read = Arc::new(self.read_plain(move |tx| parlor_chat::settings::load(tx, tenant)).await?);
        self.caches
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant, (now, read.clone()));
        Ok(read)
    }

    /// Takes one message from the sender's allowance; `Err` holds the seconds to wait.
    ///
    /// # Errors
    /// When the allowance is used up.
    pub fn may_send(&self, actor: &Actor, settings: &Settings, now: Time) -> Result<(), u64> {
        let per_minute = settings.send_rate_per_minute as f64;
        if per_minute <= 0.0 {
            return Ok(());
        }
        let rate = Rate { per_minute, burst: (per_minute / 10.0).max(1.0) };
        self.sending.take((actor.tenant, actor.id()), rate, now)
    }

    /// The part of a cursor that stays the same for this owner.
    #[must_use]
    pub fn cursor_tail(&self, actor: &Actor, epoch: i64) -> String {
        parlor_chat::signing::tail(epoch, actor.tenant, actor.id(), &self.cursor_key)
    }
}
