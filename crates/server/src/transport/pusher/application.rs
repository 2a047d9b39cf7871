//! Owns: the applications that were looked up a short time ago. Must not know: what is asked of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::pusher_apps;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, TenantId, Time, Tx};
use parlor_realtime::protocol::pusher_sign::Signer;

use crate::app::App;

/// Another node may change an application without our hearing of it at once.
const MAX_AGE_SECONDS: i64 = 5;

/// An application and whose it is.
#[derive(Debug)]
pub(crate) struct Application {
    /// Whose.
    pub tenant: Tenant,
    /// Its key, secret and options.
    pub app: pusher_apps::App,
}

impl Application {
    /// Its key and secret.
    pub fn signer(&self) -> Signer<'_> {
        Signer { key: &self.app.key, secret: &self.app.secret }
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
    Id(i64),
    Tenant(TenantId),
}

/// What was looked up, and when.
#[derive(Debug, Default)]
pub(crate) struct Applications(Mutex<HashMap<By, (Time, Arc<Application>)>>);

impl Applications {
    /// What is remembered of the tenant is old.
    pub fn forget(&self, tenant: TenantId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, application)| application.tenant.id != tenant);
    }
}

impl App {
    /// The application, if there is such a one.
    pub(super) async fn application(&self, by: By) -> Result<Option<Arc<Application>>, Error> {
        let now = self.clock.now();
        let known =
            self.caches.applications.0.lock().unwrap_or_else(PoisonError::into_inner).get(&by).cloned();
        if let Some((at, known)) = known
            && now < at.plus_seconds(MAX_AGE_SECONDS)
        {
            return Ok(Some(known));
        }
        let wanted = by.clone();
        let Some(found) = self.read_plain(move |tx| find(tx, &wanted)).await?.map(Arc::new) else {
            return Ok(None);
        };
        let mut known = self.caches.applications.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(by, (now, found.clone()));
        Ok(Some(found))
    }

    /// The tenant's application, made when there is none yet.
    pub(super) async fn application_of(
        &self,
        tenant: TenantId,
        tenant_no: i64,
    ) -> Result<Arc<Application>, Error> {
        if let Some(known) = self.application(By::Tenant(tenant)).await? {
            return Ok(known);
        }
        let made = self.write_plain(tenant_no, move |tx| {
            let app = pusher_apps::ensure(tx, tenant, tenant_no)?;
            Ok(Application { tenant: tenants::by_id(tx, tenant)?, app })
        });
        Ok(Arc::new(made.await?))
    }

    /// An application was changed: what is remembered of its tenant is old.
    pub(crate) fn forget_application(&self, tenant: TenantId) {
        self.caches.applications.forget(tenant);
    }

    /// Gives the tenant the application that the options of the process name, or one of its own.
    ///
    /// # Errors
    /// When another tenant has its id or key, or the database fails.
    pub(crate) async fn first_application(&self, tenant: &Tenant) -> Result<(), Error> {
        let (id, no, options) = (tenant.id, tenant.no, &self.config.pusher);
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let change = pusher_apps::Change {
            id: options.app_id,
            key: filled(&options.app_key),
            secret: filled(&options.app_secret),
            options: None,
        };
        let told = change.id.is_some() || change.key.is_some() || change.secret.is_some();
        self.write_plain(no, move |tx| {
            if told { pusher_apps::set(tx, id, no, &change) } else { pusher_apps::ensure(tx, id, no) }
        })
        .await
        .map(|_| ())
    }
}

fn find(tx: &mut Tx<'_>, by: &By) -> Result<Option<Application>, Error> {
    let app = match by {
        By::Key(key) => pusher_apps::by_key(tx, key)?,
        By::Id(id) => pusher_apps::by_id(tx, *id)?,
        By::Tenant(tenant) => pusher_apps::of_tenant(tx, *tenant)?,
    };
    app.map(|app| Ok(Application { tenant: tenants::by_id(tx, app.tenant)?, app })).transpose()
}
