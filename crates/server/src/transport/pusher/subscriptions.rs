//! Owns: the channels a connection is on and the user it is signed in as; the registry hears of both, and of their end
//! however the connection ends. Must not know: who may join what.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::TenantId;
use parlor_realtime::protocol::pusher::{Kind, ParlorChannel, kind};
use tokio::time::Instant;

use crate::app::Ctx;
use crate::transport::pusher::lists::{SIGNED_IN, list};

/// A member of a presence channel, or a signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The application's id of the user, or Parlor's.
    pub id: Arc<str>,
    /// JSON that others see.
    pub info: Option<String>,
}

/// A channel that a connection is on.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// As whom, on presence channels.
    pub member: Option<Arc<str>>,
    /// What it is of Parlor's.
    pub own: Option<ParlorChannel>,
    /// When Parlor's rules were asked last.
    pub checked: Instant,
}

/// Everything a connection is on.
pub(crate) struct Subscriptions {
    app: Ctx,
    tenant: TenantId,
    /// Names the connection.
    pub socket_id: String,
    channels: HashMap<Arc<str>, Subscription>,
    user: Option<Member>,
    /// Counted among the application's connections.
    counted: bool,
}

/// The registry's list of connections, for applications that have a limit.
const CONNECTIONS: &str = "connections";

impl Subscriptions {
    pub fn new(app: Ctx, tenant: TenantId, socket_id: String) -> Self {
        Self { app, tenant, socket_id, channels: HashMap::new(), user: None, counted: false }
    }

    /// Counts the connection; false when there are more than `most` now.
    pub fn count(&mut self, most: u32) -> bool {
        self.counted = true;
        self.app.registry.enter(self.tenant, CONNECTIONS, "", None).list_after <= most
    }

    pub fn len(&self) -> usize {
        self.channels.len()
    }

    pub fn get(&self, channel: &str) -> Option<&Subscription> {
        self.channels.get(channel)
    }

    pub fn get_mut(&mut self, channel: &str) -> Option<&mut Subscription> {
        self.channels.get_mut(channel)
    }

    /// Takes a subscription.
    pub fn take(&mut self, channel: &str, member: Option<&Member>) {
        let subscription = Subscription {
            member: member.map(|member| member.id.clone()),
            own: ParlorChannel::parse(channel),
            checked: Instant::now(),
        };
        if kind(channel) != Kind::User {
            let (id, info) = member.map_or(("", None), |member| (&*member.id, member.info.as_deref()));
            self.app.registry.enter(self.tenant, &list(channel), id, info);
        }
        self.channels.insert(Arc::from(channel), subscription);
    }

    /// Leaves one; false when it had none.
    pub fn leave(&mut self, channel: &str) -> bool {
        let Some(subscription) = self.channels.remove(channel) else { return false };
        self.left(channel, &subscription);
        true
    }

    fn left(&self, channel: &str, subscription: &Subscription) {
        if kind(channel) != Kind::User {
            self.app.registry.leave(
                self.tenant,
                &list(channel),
                subscription.member.as_deref().unwrap_or_default(),
            );
        }
    }

    /// The user the connection is signed in as.
    pub fn user(&self) -> Option<&Member> {
        self.user.as_ref()
    }

    /// Signs the connection in.
    pub fn sign_in(&mut self, user: Member) {
        self.app.registry.enter(self.tenant, SIGNED_IN, &user.id, None);
        self.user = Some(user);
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        for (channel, subscription) in std::mem::take(&mut self.channels) {
            self.left(&channel, &subscription);
        }
        if let Some(user) = self.user.take() {
            self.app.registry.leave(self.tenant, SIGNED_IN, &user.id);
        }
        if self.counted {
            self.app.registry.leave(self.tenant, CONNECTIONS, "");
        }
    }
}
