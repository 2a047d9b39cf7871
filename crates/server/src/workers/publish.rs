//! Owns: events of this node's commits to the hub, in the order of their commits. Must not know: who listens.

use std::fs::File;
use std::sync::Weak;

use parlor_chat::events::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;

/// Events given to the hub before other tasks get their turn.
const BATCH: usize = 64;

/// Runs until the application ends, and holds the lock of the data folder as long.
pub(super) async fn run(app: Weak<App>, mut committed: UnboundedReceiver<Event>, _lock: Option<File>) {
    let mut batch = Vec::with_capacity(BATCH);
    while committed.recv_many(&mut batch, BATCH).await > 0 {
        let Some(app) = app.upgrade() else { return };
        batch.drain(..).for_each(|event| app.hub.publish(event));
        app.commits.send_replace(());
        tokio::task::yield_now().await;
    }
}
