//! Owns: what the routes of the protocol share. Must not know: the routes.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::app::Ctx;
use crate::transport::pusher::webhooks::WebhookOutbox;

/// What the routes of the protocol share.
#[derive(Clone, Debug)]
pub(crate) struct Pusher {
    pub(crate) app: Ctx,
    pub(crate) webhooks: Arc<WebhookOutbox>,
}

impl FromRef<Pusher> for Ctx {
    fn from_ref(pusher: &Pusher) -> Self {
        pusher.app.clone()
    }
}

impl FromRef<Pusher> for Arc<WebhookOutbox> {
    fn from_ref(pusher: &Pusher) -> Self {
        pusher.webhooks.clone()
    }
}
