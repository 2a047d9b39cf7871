//! Owns: what is limited in memory, on this node: attempts, uploads, pictures opened at once. What a
//! person may write and tell is in `budgets.rs`. Must not know: how a refusal looks.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::app::upload_limits::UploadLimits;
use crate::auth::limiter::{Key, Limiter};

/// The limits of one node.
#[derive(Debug)]
pub struct Limits {
    /// Attempts to sign in, by address and by account, and turns at what costs much.
    pub attempts: Limiter<Key>,
    /// Uploads under way.
    pub(crate) uploads: Arc<UploadLimits>,
    /// Turns at opening pictures: one at a time, so that many cannot fill the memory.
    pub pictures: Semaphore,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attempts: Limiter::default(), uploads: Arc::default(), pictures: Semaphore::new(1) }
    }
}
