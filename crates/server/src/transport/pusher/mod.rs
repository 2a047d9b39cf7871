//! The Pusher protocol, version 7 (docs/protocols/pusher.md): connections, the HTTP API of applications, the answers
//! that let clients join channels, and webhooks. The wire format is `parlor_realtime::protocol::pusher`.
//!
//! What applications publish are events of the tenant's log; what clients tell each other is ephemeral. Who is
//! on which channel is in the roster (`channel:{name}`), so counts and members hold over all nodes.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use parlor_chat::events::{Audience, Event, NewEvent};
use parlor_chat::publications::Publication;
use parlor_chat::{Error, TenantId};

use crate::app::{App, Ctx};

mod api;

mod auth;
mod client_events;
mod connection;
mod parlor_channels;
mod presence_events;
mod request_auth;
mod sign_in;
mod subscribe;
mod subscriptions;
mod webhooks;

use webhooks::WebhookOutbox;

/// The roster's lists of channels begin so; a member of a plain channel is "".
const LIST: &str = "channel:";
/// The roster's list of signed-in users.
const SIGNED_IN: &str = "signed-in";

/// The list of a channel.
fn list(channel: &str) -> String {
    format!("{LIST}{channel}")
}

/// What the routes of the protocol share.
#[derive(Clone, Debug)]
pub(crate) struct Pusher {
    app: Ctx,
    webhooks: Arc<WebhookOutbox>,
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

/// Everything beside `/api/v1`.
pub(crate) fn routes(pusher: &Pusher) -> Router<Ctx> {
    let routes = Router::new()
        .route("/app/{key}", get(connection::connect))
        .route("/apps/{app}/events", post(api::publish))
        .route("/apps/{app}/batch_events", post(api::publish_batch))
        .route("/apps/{app}/channels", get(api::channels))
        .route("/apps/{app}/channels/{channel}", get(api::channel))
        .route("/apps/{app}/channels/{channel}/users", get(api::users))
        .route("/apps/{app}/users/{user}/terminate_connections", post(api::terminate))
        .with_state(pusher.clone());
    routes.merge(auth::routes(&pusher.app))
}

/// Starts the background work. It ends with the application.
pub(crate) fn start(app: &Ctx) -> Pusher {
    let webhooks = Arc::<WebhookOutbox>::default();
    tokio::spawn(presence_events::run(Arc::downgrade(app), webhooks.clone(), app.roster.changes()));
    webhooks::start(app, &webhooks);
    Pusher { app: app.clone(), webhooks }
}

/// An ephemeral event on one channel.
struct EphemeralEvent<'a> {
    channel: &'a str,
    name: &'a str,
    /// JSON, as it stands in the frame.
    data: String,
    /// The connection that does not get it.
    except: Option<&'a str>,
    /// The user whose client sent it, or whom it is about.
    user_id: Option<&'a str>,
}

impl EphemeralEvent<'_> {
    fn event(self, app: &App, tenant: TenantId) -> Result<Event, Error> {
        let new = NewEvent {
            kind: "channel.told",
            conversation: None,
            audience: Audience::Named,
            access: &[],
            data: (),
        };
        let publication = Publication::Channels {
            channels: vec![self.channel.to_owned()],
            name: self.name.to_owned(),
            data: self.data,
            except: self.except.map(str::to_owned),
            user_id: self.user_id.map(str::to_owned),
        };
        let event = Event::passing(tenant, app.clock.now(), None, new)?;
        Ok(Event { publication: Some(Arc::new(publication)), ..event })
    }
}

/// Publishes to the subscribers of this node.
fn publish_here(app: &App, tenant: TenantId, event: EphemeralEvent<'_>) {
    match event.event(app, tenant) {
        Ok(event) => app.hub.tell(event),
        Err(error) => tracing::warn!(%error, "an ephemeral event could not be encoded"),
    }
}

/// Publishes to the subscribers of all nodes.
fn publish_everywhere(app: &App, tenant: TenantId, event: EphemeralEvent<'_>) {
    match event.event(app, tenant) {
        Ok(event) => app.publish_ephemeral(event),
        Err(error) => tracing::warn!(%error, "an ephemeral event could not be encoded"),
    }
}
