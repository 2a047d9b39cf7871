//! Owns: what is limited in memory, on this node: attempts, uploads, pictures opened at once. What a
//! person may write and tell is in `budgets.rs`. Must not know: how a refusal looks.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::app::upload_limits::{Confirming, UploadLimits};
use crate::auth::limiter::{Key, Limiter};

/// The limits of one node.
#[derive(Debug)]
pub struct Limits {
    /// Attempts to sign in, by address and by account, and turns at what costs much.
    pub attempts: Limiter<Key>,
    /// Uploads under way.
    pub(crate) uploads: Arc<UploadLimits>,
    /// Turns at opening pictures of people: one at a time, so that many cannot fill the memory.
    pub pictures: Semaphore,
    /// The same for attached pictures, whose bytes may come from far away.
    pub(crate) attached_pictures: Semaphore,
    /// The same for those of which small ones are made.
    pub(crate) small_pictures: Semaphore,
    /// Files that are being confirmed.
    pub(crate) confirming: Arc<Confirming>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: Limiter::default(),
            uploads: Arc::default(),
            pictures: Semaphore::new(1),
            attached_pictures: Semaphore::new(1),
            small_pictures: Semaphore::new(1),
            confirming: Arc::default(),
        }
    }
}
