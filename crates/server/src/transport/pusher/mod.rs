//! The Pusher protocol, version 7 (docs/protocols/pusher.md): connections, the HTTP API of applications, the answers
//! that let clients join channels, and webhooks. The wire format is `parlor_realtime::protocol::pusher`.
//!
//! What applications publish are events of the tenant's log; what clients tell each other is told and not kept. Who is
//! on which channel is in the roster (`channel:{name}`), so counts and members hold over all nodes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use parlor_chat::events::{Audience, Event, NewEvent};
use parlor_chat::publications::Publication;
use parlor_chat::{Error, TenantId};

use crate::app::{App, Ctx};
use crate::outbound::Outbound;

mod api;
mod application;
mod auth;
mod client_events;
mod connection;
mod own;
mod seats;
mod sign_in;
mod signature;
mod subscribe;
mod watch;
mod webhooks;

pub(crate) use application::{Application, Applications};

/// The roster's lists of channels begin so; a member of a plain channel is "".
const LIST: &str = "channel:";
/// The roster's list of signed-in users.
const SIGNED_IN: &str = "signed-in";

/// The list of a channel.
fn list(channel: &str) -> String {
    format!("{LIST}{channel}")
}

/// What the protocol keeps in memory.
#[derive(Debug, Default)]
pub(crate) struct Pusher {
    happenings: Arc<webhooks::Happenings>,
    outbound: Outbound,
}

/// Everything beside `/api/v1`.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    Router::new()
        .route("/app/{key}", get(connection::connect))
        .route("/apps/{app}/events", post(api::publish))
        .route("/apps/{app}/batch_events", post(api::publish_batch))
        .route("/apps/{app}/channels", get(api::channels))
        .route("/apps/{app}/channels/{channel}", get(api::channel))
        .route("/apps/{app}/channels/{channel}/users", get(api::users))
        .route("/apps/{app}/users/{user}/terminate_connections", post(api::terminate))
        .merge(auth::routes(app))
}

/// Starts the background work. It ends with the application.
pub(crate) fn start(app: &Ctx) {
    tokio::spawn(watch::run(Arc::downgrade(app), app.roster.changes()));
    webhooks::start(app);
}

/// What is told on one channel and not kept.
struct Told<'a> {
    channel: &'a str,
    name: &'a str,
    /// JSON, as it stands in the frame.
    data: String,
    /// The connection that does not get it.
    except: Option<&'a str>,
    /// Whose client said it, or whom it is about.
    user_id: Option<&'a str>,
}

impl Told<'_> {
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
        let event = Event::ephemeral(tenant, app.clock.now(), None, new)?;
        Ok(Event { publication: Some(Arc::new(publication)), ..event })
    }
}

impl App {
    /// Tells the subscribers of this node.
    fn tell_here(&self, tenant: TenantId, told: Told<'_>) {
        match told.event(self, tenant) {
            Ok(event) => self.hub.tell(event),
            Err(error) => tracing::warn!(%error, "what was told could not be written"),
        }
    }

    /// Tells the subscribers of all nodes.
    fn tell_everywhere(&self, tenant: TenantId, told: Told<'_>) {
        match told.event(self, tenant) {
            Ok(event) => self.tell(event),
            Err(error) => tracing::warn!(%error, "what was told could not be written"),
        }
    }
}
