//! Owns: what clients tell each other: who may, how often, and whom it reaches. It is told and not kept.

use std::time::Duration;

use parlor_realtime::protocol::pusher::{self, kind};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::connection::{Connection, Step};
use super::webhooks::ChannelEvent;
use super::{EphemeralEvent, publish_everywhere};

/// Longest name of an event.
pub(super) const EVENT_NAME_LENGTH: usize = 200;

/// So many events a second, as many at once.
#[derive(Debug)]
pub(super) struct Allowance {
    most: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    pub fn new(per_second: u32) -> Self {
        let most = f64::from(per_second);
        Self { most, left: most, at: Instant::now() }
    }

    /// Takes one; false when there is none.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let gained = now.duration_since(self.at).max(Duration::ZERO).as_secs_f64() * self.most;
        (self.left, self.at) = ((self.left + gained).min(self.most), now);
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

impl Connection {
    /// Forwards a client's event to the other subscribers.
    pub(super) async fn tell_others(&mut self, event: &str, channel: &str, data: String) -> Step {
        if let Some(why) = self.rejected(event, channel, &data) {
            return self.say(pusher::error(pusher::REJECTED, why)).await;
        }
        let Some(subscription) = self.subscriptions.get(channel) else { return Ok(()) };
        let member = subscription.member.clone();
        if !self.still_reads(channel).await? {
            return Ok(());
        }
        self.sign_of_life(event, channel, &data).await;
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
        if !self.application.options().client_events {
            return Some("client events are switched off for this application");
        }
        if !kind(channel).takes_client_events() {
            return Some("client events are for private and presence channels");
        }
        if event.len() > EVENT_NAME_LENGTH || data.len() > self.app.config.pusher.event_limit {
            return Some("the client event is too large");
        }
        (!self.allowance.take()).then_some("too many client events, slow down")
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
            told.insert("user_id".to_owned(), member.into());
        }
        self.webhooks.report(self.application.tenant.id, ChannelEvent::Other(told));
    }
}
