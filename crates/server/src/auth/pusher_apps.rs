//! Owns: the applications of the Pusher protocol, as they were looked up a short time ago.
//! Must not know: what is asked of them.

use std::sync::Arc;

use parlor_chat::pusher_apps;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, TenantId, Tx};
use parlor_realtime::protocol::pusher::signature::Signer;

use crate::database::Database;
use crate::ttl_cache::TtlCache;

/// Another node may change an application without our hearing of it at once.
const MAX_AGE_SECONDS: i64 = 5;

/// An application and its tenant.
#[derive(Debug)]
pub(crate) struct Application {
    /// The tenant.
    pub tenant: Tenant,
    /// Its key, secret and options.
    pub app: pusher_apps::App,
}

impl Application {
    /// Its key and secret.
    pub fn signer(&self) -> Signer<'_> {
        Signer { key: &self.app.key, secret: &self.app.secret }
    }

    /// Whether its server wants to hear of such an event.
    pub fn wants_webhook(&self, event: &str) -> bool {
        self.options().webhooks.iter().any(|hook| hook.wants(event))
    }

    /// What it may do.
    pub fn options(&self) -> &pusher_apps::Options {
        &self.app.options
    }
}

/// By what an application is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum By {
    Key(String),
    Id(String),
    Tenant(TenantId),
}

/// The applications in memory.
#[derive(Debug)]
pub(crate) struct PusherApps(TtlCache<By, Arc<Application>>);

impl Default for PusherApps {
    fn default() -> Self {
        Self(TtlCache::new(MAX_AGE_SECONDS))
    }
}

impl PusherApps {
    /// The application, if there is such a one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, db: &Database, by: By) -> Result<Option<Arc<Application>>, Error> {
        let (now, generation) = (db.now(), self.0.generation());
        if let Some(known) = self.0.get(&by, now) {
            return Ok(Some(known));
        }
        let wanted = by.clone();
        let Some(found) = db.read_plain(move |tx| find(tx, &wanted)).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.0.put(by, found.clone(), now, generation);
        Ok(Some(found))
    }

    /// The tenant's application, made when there is none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_tenant(
        &self,
        db: &Database,
        tenant: TenantId,
        tenant_no: i64,
    ) -> Result<Arc<Application>, Error> {
        if let Some(known) = self.find(db, By::Tenant(tenant)).await? {
            return Ok(known);
        }
        let made = db.write_plain(tenant_no, move |tx| {
            let app = pusher_apps::ensure(tx, tenant, tenant_no)?;
            Ok(Application { tenant: tenants::by_id(tx, tenant)?, app })
        });
        Ok(Arc::new(made.await?))
    }

    /// What is remembered of the tenant is old.
    pub fn forget(&self, tenant: TenantId) {
        self.0.forget(|_, application| application.tenant.id == tenant);
    }
}

fn find(tx: &mut Tx<'_>, by: &By) -> Result<Option<Application>, Error> {
    let app = match by {
        By::Key(key) => pusher_apps::by_key(tx, key)?,
        By::Id(id) => pusher_apps::by_id(tx, id)?,
        By::Tenant(tenant) => pusher_apps::of_tenant(tx, *tenant)?,
    };
    app.map(|app| Ok(Application { tenant: tenants::by_id(tx, app.tenant)?, app })).transpose()
}
