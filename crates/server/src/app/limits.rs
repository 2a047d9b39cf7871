//! Owns: what is limited in memory, on this node: attempts, messages, drafts, uploads, pictures opened at once.
//! Must not know: how a refusal looks.

use std::sync::Arc;

use parlor_chat::settings::Settings;
use parlor_chat::{Actor, PersonId, TenantId, Time};
use tokio::sync::Semaphore;

use crate::app::upload_limits::UploadLimits;
use crate::auth::limiter::{Key, Limiter, Rate};

/// The limits of one node.
#[derive(Debug)]
pub struct Limits {
    /// Attempts to sign in, by address and by account, and turns at what costs much.
    pub attempts: Limiter<Key>,
    /// Sent messages, by person.
    pub sending: Limiter<(TenantId, PersonId)>,
    /// Saved drafts, by person.
    pub drafting: Limiter<(TenantId, PersonId)>,
    /// Uploads under way.
    pub(crate) uploads: Arc<UploadLimits>,
    /// Turns at opening pictures: one at a time, so that many cannot fill the memory.
    pub pictures: Semaphore,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: Limiter::default(),
            sending: Limiter::default(),
            drafting: Limiter::default(),
            uploads: Arc::default(),
            pictures: Semaphore::new(1),
        }
    }
}

impl Limits {
    /// Takes one message from the sender's allowance.
    ///
    /// # Errors
    /// The seconds to wait when the allowance is used up.
    pub fn may_send(&self, actor: &Actor, settings: &Settings, now: Time) -> Result<(), u64> {
        let per_minute = settings.send_rate_per_minute as f64;
        if per_minute <= 0.0 {
            return Ok(());
        }
        let rate = Rate { per_minute, burst: (per_minute / 10.0).max(1.0) };
        self.sending.take((actor.tenant, actor.id()), rate, now)
    }
}
