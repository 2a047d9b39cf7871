//! Owns: what clients tell each other: who may, how often, and whom it reaches. It is told and not kept.

use parlor_realtime::protocol::pusher::{self, kind};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::pusher_apps::Application;
use crate::transport::pusher::connection::Connection;
use crate::transport::pusher::connection::types::Step;
use crate::transport::pusher::ephemeral::{EphemeralEvent, publish_everywhere};
use crate::transport::pusher::webhooks::ChannelEvent;

impl Connection {
    /// Forwards a client's event to the other subscribers.
    pub(super) async fn tell_others(&mut self, event: &str, channel: &str, data: String) -> Step {
        if let Some(why) = self.rejected(event, channel, &data) {
            return self.say(pusher::rejected(channel, why)).await;
        }
        let Some(subscription) = self.subscriptions.get(channel) else { return Ok(()) };
        let member = subscription.member.clone();
        if !self.still_reads(channel).await? {
            return Ok(());
        }
        if !self.may_sign(event).await {
            return self.say(pusher::rejected(channel, "too many client events, slow down")).await;
        }
        if !self.sign_of_life(event, channel, &data).await {
            return Ok(());
        }
        let tenant = self.application.tenant.id;
        self.report_client_event(event, channel, &data, member.as_deref());
        let told = EphemeralEvent {
            channel,
            name: event,
            data,
            except: Some(&self.subscriptions.socket_id),
            user_id: member.as_deref(),
        };
        publish_everywhere(&self.app, tenant, told);
        Ok(())
    }

    fn rejected(&mut self, event: &str, channel: &str, data: &str) -> Option<&'static str> {
        let unfit = unfit(&self.app, &self.application, event, channel, data);
        unfit.or_else(|| (!self.allowance.take()).then_some("too many client events, slow down"))
    }

    fn report_client_event(&self, event: &str, channel: &str, data: &str, member: Option<&str>) {
        if !self.application.wants_webhook("client_event") {
            return;
        }
        // Objects are told as text, texts as they are.
        let data = match serde_json::from_str(data) {
            Ok(Value::String(text)) => text,
            _ => data.to_owned(),
        };
        let mut told = json!({"name": "client_event", "channel": channel, "event": event, "data": data,
            "socket_id": self.subscriptions.socket_id});
        if let (Some(told), Some(member)) = (told.as_object_mut(), member) {
            told.insert("user_id".to_owned(), pusher::id_json(member));
        }
        self.webhooks.report(self.application.tenant.id, ChannelEvent::Other(told));
    }
}

/// Why clients of the application do not tell each other this on the channel.
pub(crate) fn unfit(
    app: &App,
    application: &Application,
    event: &str,
    channel: &str,
    data: &str,
) -> Option<&'static str> {
    if !application.options().client_events {
        return Some("client events are switched off for this application");
    }
    if !kind(channel).takes_client_events() {
        return Some("client events are for private and presence channels");
    }
    let config = &app.config.pusher;
    let too_large = event.len() > config.event_name_length || data.len() > config.event_limit;
    too_large.then_some("the client event is too large")
}
