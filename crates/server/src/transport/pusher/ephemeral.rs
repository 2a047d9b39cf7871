//! Owns: ephemeral events of channels: from clients, and about subscribers. Nothing here is stored.
//! Must not know: who may send them.

use parlor_chat::events::{Audience, Ephemeral, Event};
use parlor_chat::publications::Publication;
use parlor_chat::{Error, TenantId};

use crate::app::App;

/// An ephemeral event on one channel.
pub(crate) struct EphemeralEvent<'a> {
    pub(crate) channel: &'a str,
    pub(crate) name: &'a str,
    /// JSON, as it stands in the frame.
    pub(crate) data: String,
    /// The connection that does not get it.
    pub(crate) except: Option<&'a str>,
    /// The user whose client sent it, or whom it is about.
    pub(crate) user_id: Option<&'a str>,
}

impl EphemeralEvent<'_> {
    pub(crate) fn event(self, app: &App, tenant: TenantId) -> Result<Event, Error> {
        let told = Ephemeral::ChannelEvent(Publication::Channels {
            channels: vec![self.channel.to_owned()],
            name: self.name.to_owned(),
            data: self.data,
            except: self.except.map(str::to_owned),
            user_id: self.user_id.map(str::to_owned),
        });
        Event::ephemeral(tenant, app.clock.now(), None, None, Audience::Named, told)
    }
}

/// Publishes to the subscribers of this node.
pub(crate) fn publish_here(app: &App, tenant: TenantId, event: EphemeralEvent<'_>) {
    match event.event(app, tenant) {
        Ok(event) => app.hub.tell(event),
        Err(error) => tracing::warn!(%error, "an ephemeral event could not be encoded"),
    }
}

/// Publishes to the subscribers of all nodes.
pub(crate) fn publish_everywhere(app: &App, tenant: TenantId, event: EphemeralEvent<'_>) {
    match event.event(app, tenant) {
        Ok(event) => app.publish_ephemeral(event),
        Err(error) => tracing::warn!(%error, "an ephemeral event could not be encoded"),
    }
}
