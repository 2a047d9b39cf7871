//! Owns: joining and leaving channels: names, limits, signatures, and what a new subscriber is told first.

use std::sync::Arc;

use parlor_chat::{TenantId, publications};
use parlor_realtime::Name;
use parlor_realtime::protocol::pusher::{self, Kind, ParlorChannel, Subscribe, is_cache, is_name, kind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::App;
use crate::transport::pusher::connection::Connection;
use crate::transport::pusher::connection::types::Refused;
use crate::transport::pusher::connection::types::SignedClaims;
use crate::transport::pusher::connection::types::Step;
use crate::transport::pusher::connection::types::USER_ID_LENGTH;
use crate::transport::pusher::connection::types::member_id;
use crate::transport::pusher::lists::list;
use crate::transport::pusher::subscriptions::Member;
use crate::transport::pusher::webhooks::ChannelEvent;

/// What the application signed about whoever joins.
#[derive(Deserialize)]
struct ChannelData {
    user_id: Value,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
    #[serde(default)]
    parlor: SignedClaims,
}

impl Connection {
    /// Joins a channel, or says why not. Joining twice is answered twice.
    pub(super) async fn subscribe(&mut self, wanted: Subscribe) -> Step {
        let channel = wanted.channel.as_str();
        if self.subscriptions.get(channel).is_none() {
            match self.admit(&wanted).await {
                Ok(member) => {
                    // Listen before subscribing, so that no event after the answer is lost.
                    self.joined.listen(Name::Channel(Arc::from(channel)));
                    self.subscriptions.take(channel, member.as_ref());
                }
                Err(Some(why)) => {
                    return self.say(pusher::not_subscribed(channel, why.kind, why.text, why.status)).await;
                }
                Err(None) => return Err(Some(pusher::COME_BACK)),
            }
        }
        if kind(channel).is_signed() {
            self.authorized();
        }
        let data = match kind(channel) {
            Kind::Presence => self.members(channel),
            _ => "{}".to_owned(),
        };
        self.say(pusher::subscribed(channel, &data)).await?;
        if is_cache(channel) { self.tell_cached(channel).await } else { Ok(()) }
    }

    /// Leaves a channel.
    pub(super) fn unsubscribe(&mut self, channel: &str) {
        if self.subscriptions.leave(channel) {
            self.joined.forget(&Name::Channel(Arc::from(channel)));
            self.forget_own(channel);
        }
    }

    fn members(&self, channel: &str) -> String {
        let members = self.app.registry.members(self.application.tenant.id, &list(channel));
        let own = self.subscriptions.get(channel).and_then(|subscription| {
            subscription.own.as_ref().filter(|_| self.is_contact()).and(subscription.member.clone())
        });
        let shown = members.iter().filter(|member| own.as_ref().is_none_or(|own| *own == member.id));
        pusher::members(shown.map(|member| (&*member.id, member.value.as_deref())))
    }

    async fn tell_cached(&mut self, channel: &str) -> Step {
        let (tenant, wanted) = (self.application.tenant.id, channel.to_owned());
        let cached = self.app.db.read_plain(move |tx| publications::cached(tx, tenant, &wanted)).await;
        match cached {
            Ok(Some(cached)) => self.say(pusher::event(channel, &cached.name, &cached.data)).await,
            Ok(None) => {
                if self.application.wants_webhook("cache_miss") {
                    let told = ChannelEvent::Other(json!({"name": "cache_miss", "channel": channel}));
                    self.webhooks.report(tenant, told);
                }
                self.say(pusher::cache_miss(channel)).await
            }
            Err(error) => {
                tracing::warn!(%error, "the last event of a channel could not be read");
                Err(Some(pusher::COME_BACK))
            }
        }
    }

    /// As whom the connection joins, or why it does not; `Err(None)` when that cannot be found out now.
    async fn admit(&mut self, wanted: &Subscribe) -> Result<Option<Member>, Option<Refused>> {
        let channel = wanted.channel.as_str();
        let config = &self.app.config.pusher;
        if channel.len() > config.name_length {
            return Err(Some(Refused::limit(4009, "the channel's name is too long")));
        }
        if !is_name(channel, config.name_length) {
            let text = "a channel's name consists of letters, digits and _ - = @ , . ;";
            return Err(Some(Refused { kind: "NameError", text, status: 400 }));
        }
        if !self.joins.take() {
            return Err(Some(Refused::limit(4100, "too many subscriptions, slow down")));
        }
        if self.subscriptions.len() >= config.channels {
            return Err(Some(Refused::limit(4100, "this connection is on too many channels")));
        }
        if let Some(user) = pusher::signed_in_user(channel) {
            let own = self.subscriptions.user().is_some_and(|known| *known.id == *user);
            return if own { Ok(None) } else { Err(Some(Refused::auth(401, "sign in as this user first"))) };
        }
        if !kind(channel).is_signed() {
            return Ok(None);
        }
        let (signed, vouch) = self.vouched(wanted).map_err(Some)?;
        let member = signed.or_else(|| self.subscriptions.user().cloned());
        match self.take_claims(&vouch).await {
            Ok(()) => {}
            Err(Some(pusher::UNAUTHORIZED)) => {
                return Err(Some(Refused::auth(401, "the token behind this signature has ended")));
            }
            Err(_) => return Err(None),
        }
        if let Some(own) = ParlorChannel::parse(channel) {
            self.admit_own(own, member.as_ref()).await?;
        }
        if kind(channel) != Kind::Presence {
            return Ok(None);
        }
        let text = "a presence channel needs channel_data with a user_id, or a signed-in user";
        let member = member.ok_or_else(|| Some(Refused::auth(401, text)))?;
        if let Err(refused) = room(&self.app, self.application.tenant.id, channel, &member) {
            self.forget_own(channel);
            return Err(Some(refused));
        }
        Ok(Some(member))
    }

    /// What the application's signature says of whoever joins.
    fn vouched(&self, wanted: &Subscribe) -> Result<(Option<Member>, SignedClaims), Refused> {
        let (channel, auth) = (wanted.channel.as_str(), wanted.auth.as_deref().unwrap_or_default());
        let checks = |data| {
            self.application.signer().checks_channel(auth, &self.subscriptions.socket_id, channel, data)
        };
        let data = wanted.channel_data.as_deref();
        if let Some(data) = data.filter(|data| checks(Some(*data))) {
            let keeps_numbers = self.application.options().keeps_numbers();
            return read_member(data, keeps_numbers).map(|(member, vouch)| (Some(member), vouch));
        }
        // What is not covered by the signature says nothing.
        if (data.is_none() || kind(channel) != Kind::Presence) && checks(None) {
            return Ok((None, SignedClaims::default()));
        }
        Err(Refused::auth(401, "the signature does not fit the connection, the channel and its data"))
    }
}

/// Whether a presence channel takes one more member like this.
pub(crate) fn room(app: &App, tenant: TenantId, channel: &str, member: &Member) -> Result<(), Refused> {
    let config = &app.config.pusher;
    let size = member.info.as_ref().map_or(0, String::len) + member.id.len();
    if member.id.len() > USER_ID_LENGTH || size > config.member_limit {
        return Err(Refused::limit(4301, "the user's data is too large"));
    }
    let list = list(channel);
    let known = app.registry.get(tenant, &list, &member.id).is_some();
    // Parlor's own channels have the members that Parlor's rules say.
    if known
        || ParlorChannel::parse(channel).is_some()
        || app.registry.members(tenant, &list).len() < config.members
    {
        return Ok(());
    }
    Err(Refused::limit(4100, "the channel has as many members as it may have"))
}

fn read_member(data: &str, keeps_numbers: bool) -> Result<(Member, SignedClaims), Refused> {
    let unfit = || Refused::auth(400, "channel_data must be JSON with a user_id");
    let data: ChannelData = serde_json::from_str(data).map_err(|_| unfit())?;
    let id = member_id(&data.user_id, keeps_numbers).ok_or_else(unfit)?;
    let info = data.user_info.map(|info| info.get().to_owned());
    Ok((Member { id: id.into(), info }, data.parlor))
}
