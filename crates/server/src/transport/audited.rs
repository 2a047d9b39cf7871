//! Owns: what the audit log remembers of connections: that somebody came, and that they went. Must not know: what they carry.

use std::sync::{Arc, Weak};

use parlor_chat::{Actor, Error, Tx, audit};
use serde_json::json;
use tokio::sync::oneshot;

use crate::app::{App, Ctx};
use crate::metrics::Protocol;

/// Somebody is connected, until this is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Audited {
    _until: Arc<oneshot::Sender<()>>,
}

/// Remembers a connection and its end, where the tenant has set that it is audited.
pub(crate) fn audited(app: &Ctx, actor: &Arc<Actor>, protocol: Protocol) -> Audited {
    let (until, ended) = oneshot::channel();
    tokio::spawn(remember(Arc::downgrade(app), actor.clone(), protocol, ended));
    Audited { _until: Arc::new(until) }
}

/// One task for both rows, so that they are written in order; it ends at once where nothing is audited.
async fn remember(app: Weak<App>, actor: Arc<Actor>, protocol: Protocol, ended: oneshot::Receiver<()>) {
    match note(&app, &actor, protocol, "ws.connect").await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => tracing::warn!(%error, "a connection could not be audited"),
    }
    let _ = ended.await;
    if let Err(error) = note(&app, &actor, protocol, "ws.disconnect").await {
        tracing::warn!(%error, "the end of a connection could not be audited");
    }
}

/// Writes a row; false where nothing is audited, or nobody is left to write it.
async fn note(
    app: &Weak<App>,
    actor: &Arc<Actor>,
    protocol: Protocol,
    action: &'static str,
) -> Result<bool, Error> {
    let Some(app) = app.upgrade() else { return Ok(false) };
    if !app.settings(actor.tenant).await?.audit_messages {
        return Ok(false);
    }
    let who = actor.clone();
    let row =
        move |tx: &mut Tx<'_>| audit::record(tx, &who, action, None, &json!({"protocol": protocol.name()}));
    app.db.write_plain(actor.tenant_no, row).await?;
    Ok(true)
}
