//! Owns: the state that requests, connections and workers share. Must not know: HTTP, sockets, or what an operation does.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::events::Event;
use parlor_chat::settings::Settings;
use parlor_chat::{Actor, Error, TenantId, Time};
use parlor_realtime::{Hub, Presence, Registry};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::adapters::blobs::Blobs;
use crate::adapters::cluster::Cluster;
use crate::adapters::outbound::Outbound;
use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::ServeArgs;
use crate::connections::Connections;
use crate::database::Database;
use crate::metrics::Metrics;

pub mod cache;
pub mod limits;
pub(crate) mod secrets;
pub mod start;
pub(crate) mod upload_limits;

use cache::Caches;
use limits::Limits;

/// Everything a request needs. One per server; two servers can live in one process.
pub struct App {
    /// Runs operations.
    pub db: Database,
    /// Who is calling.
    pub auth: Auth,
    /// What is remembered between requests.
    pub caches: Caches,
    /// Listeners of this node, and the events they get.
    pub hub: Arc<Hub>,
    /// Presence entries of all nodes.
    pub registry: Arc<Registry>,
    /// Presence, typing and viewing of this node.
    pub presence: Arc<Presence>,
    /// The other nodes.
    pub cluster: Arc<Cluster>,
    /// Attached files.
    pub blobs: Blobs,
    /// The folder of the embedded database, where there is one.
    pub(crate) folder: Option<PathBuf>,
    /// Whether the disks took more when that was tried last.
    pub(crate) storage_found: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// Requests to other servers.
    pub(crate) outbound: Outbound,
    /// Open connections, of whatever protocol.
    pub connections: Arc<Connections>,
    /// How often and how much at once.
    pub limits: Limits,
    /// What is counted for operators.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
    /// Since when this server runs.
    pub started_at: Time,
    /// The options of the process.
    pub config: Arc<ServeArgs>,
    /// Signs cursors and links.
    pub cursor_key: Arc<[u8]>,
    /// The code that makes the first administrator, while there is none.
    pub setup_code: Mutex<Option<String>>,
    /// Changes with every commit of this node: consumers of the log read on.
    pub commits: watch::Sender<()>,
    /// Changes when a commit of this node has enqueued a job.
    pub jobs_enqueued: Arc<watch::Sender<()>>,
    /// True once the server stops.
    pub stopping: watch::Sender<bool>,
}

/// What is shared by all requests.
pub type Ctx = Arc<App>;

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

impl App {
    /// The settings that hold for a tenant.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn settings(&self, tenant: TenantId) -> Result<Arc<Settings>, Error> {
        self.db.settings(tenant).await
    }

    /// Sends an event that is not kept to everybody it is for, on all nodes.
    pub fn publish_ephemeral(&self, event: Event) {
        self.cluster.publish(&event);
        self.hub.tell(event);
    }

    /// The part of a cursor that stays the same for this owner.
    #[must_use]
    pub fn cursor_tail(&self, actor: &Actor, epoch: i64) -> String {
        parlor_chat::signing::tail(epoch, actor.tenant, actor.id(), &self.cursor_key)
    }

    /// What to tell whoever started the server: how to make the first administrator.
    #[must_use]
    pub fn setup_hint(&self, address: &str) -> Option<String> {
        let code = self.setup_code.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(format!("no administrator yet: open {address}/app/setup and enter the setup code {code}"))
    }
}
