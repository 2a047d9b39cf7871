//! Owns: the channels of Laravel Echo's `broadcaster: 'socket.io'` in the main namespace, as laravel-echo-server spoke it:
//! `subscribe`, `unsubscribe` and `client event` from the client; `(channel, data)`, `presence:…` and `subscription_error`
//! to it. Who may join what is asked of the rules of `/pusher/auth`. Must not know: packets, or when it is asked.

use axum::http::StatusCode;
use bytes::Bytes;
use parlor_chat::events::EventKind;
use parlor_chat::publications::Publication;
use parlor_chat::{PersonId, TenantId};
use parlor_realtime::protocol::engineio::Frame;
use parlor_realtime::protocol::pusher::{self, Kind, ParlorChannel, is_name, kind};
use parlor_realtime::protocol::socketio::{Event, MAIN, event_frames};
use parlor_realtime::{EncodedEvent, Name, Session};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::budgets::Spending;
use crate::request::caller::Caller;
use crate::request::problem::Problem;
use crate::services::presence::{self, TypingSign};
use crate::transport::pusher::auth::admit;
use crate::transport::pusher::connection::client_events::unfit;
use crate::transport::pusher::connection::subscribe::room;
use crate::transport::pusher::ephemeral::{EphemeralEvent, publish_everywhere};
use crate::transport::pusher::lists::list;
use crate::transport::pusher::subscriptions::{Member, Subscriptions};

/// The whisper that is typing for all clients.
const TYPING: &str = "client-typing";

/// What a client says in this dialect.
pub(super) enum Command {
    Subscribe(String),
    Unsubscribe(String),
    Whisper(Whisper),
}

#[derive(Deserialize)]
struct Wanted {
    channel: String,
}

/// `client event`
#[derive(Deserialize)]
pub(super) struct Whisper {
    channel: String,
    event: String,
    data: Box<RawValue>,
}

/// What the event says in this dialect, if it is one of its.
pub(super) fn command(event: &Event) -> Option<Command> {
    let input = event.first();
    let channel = || serde_json::from_str::<Wanted>(input).ok().map(|wanted| wanted.channel);
    match event.name.as_str() {
        "subscribe" => channel().map(Command::Subscribe),
        "unsubscribe" => channel().map(Command::Unsubscribe),
        "client event" => serde_json::from_str(input).ok().map(Command::Whisper),
        _ => None,
    }
}

/// Whether the caller may join a channel now.
///
/// # Errors
/// Why not.
pub(super) async fn may_join(app: &Ctx, caller: &Caller, channel: &str) -> Result<(), Problem> {
    if !is_name(channel, app.config.pusher.name_length) {
        return Err(Problem::invalid("channel", "channel", "this is no name of a channel"));
    }
    if matches!(ParlorChannel::parse(channel), Some(ParlorChannel::Viewers(_)))
        || kind(channel) == Kind::Encrypted
    {
        let text = "this channel is for broadcaster: 'pusher'; here there is private-conversation-…";
        return Err(Problem::forbidden("channel", text));
    }
    app.db.spend(caller, Spending::Sign).await?;
    admit(app, caller, channel).await.map(|_| ())
}

/// The channels that one connection is on.
pub(super) struct Channels {
    app: Ctx,
    tenant: TenantId,
    person: PersonId,
    /// The person as others on a presence channel see it.
    member: Member,
    joined: Subscriptions,
}

impl Channels {
    /// None yet; `sid` names the connection, so that it does not hear its own whispers.
    pub(super) fn new(app: &Ctx, caller: &Caller, sid: &str) -> Self {
        let person = &caller.person;
        let info = json!({"id": person.id, "name": person.name, "avatar_url": person.avatar_url}).to_string();
        let member = Member { id: person.id.to_string().into(), info: Some(info) };
        let joined = Subscriptions::new(app.clone(), caller.tenant, sid.to_owned());
        Self { app: app.clone(), tenant: caller.tenant, person: caller.id(), member, joined }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.joined.len() == 0
    }

    /// Joins a channel that was allowed, and says who else is on it, or says why not.
    pub(super) fn join(
        &mut self,
        channel: String,
        allowed: &Result<(), Problem>,
        session: &Session,
    ) -> Vec<Frame> {
        let status = match allowed {
            Err(problem) => Some(problem.status()),
            Ok(()) => self.is_full(&channel).then_some(StatusCode::TOO_MANY_REQUESTS),
        };
        if let Some(status) = status {
            return frames(&["subscription_error".into(), channel.into(), status.as_u16().into()]);
        }
        let presence = kind(&channel) == Kind::Presence;
        if self.joined.get(&channel).is_none() {
            session.listen(Name::Channel(channel.as_str().into()));
            self.joined.take(&channel, presence.then_some(&self.member));
        }
        if !presence {
            return Vec::new();
        }
        let members = self.app.registry.members(self.tenant, &list(&channel));
        let members: Vec<Value> =
            members.iter().map(|member| described(&member.id, member.value.as_deref())).collect();
        frames(&["presence:subscribed".into(), channel.into(), members.into()])
    }

    /// Whether there is no room, of the connection or of the channel.
    fn is_full(&self, channel: &str) -> bool {
        let presence = kind(channel) == Kind::Presence;
        self.joined.get(channel).is_none()
            && (self.joined.len() >= self.app.config.pusher.channels
                || (presence && room(&self.app, self.tenant, channel, &self.member).is_err()))
    }

    /// Leaves one.
    pub(super) fn leave(&mut self, channel: &str, session: &Session) {
        if self.joined.leave(channel) {
            session.forget(&Name::Channel(channel.into()));
        }
    }

    /// The connection's name, when it is on the channel of a whisper.
    pub(super) fn whispers(&self, whisper: &Whisper) -> Option<String> {
        self.joined.get(&whisper.channel).map(|_| self.joined.socket_id.clone())
    }

    /// An event on each of the channels that it is told on.
    pub(super) fn told(&self, published: &EncodedEvent) -> Vec<Frame> {
        let event = &published.event;
        match event.publication.as_deref() {
            Some(Publication::Channels { channels, name, data, except, user_id }) => {
                let hears = |channel: &&String| {
                    let own = ParlorChannel::parse(channel).is_some() && name.starts_with("client-");
                    self.joined.get(channel).is_some()
                        && !own
                        && except.as_deref() != Some(&self.joined.socket_id)
                };
                let oneself = user_id.as_deref() == Some(&*self.member.id);
                let on = channels.iter().filter(hears);
                on.flat_map(|channel| publication(channel, name, data, oneself, event.is_ephemeral()))
                    .collect()
            }
            Some(Publication::Topics { .. }) => Vec::new(),
            None => {
                let channels = self.own(event.kind, event.conversation.map(ParlorChannel::Conversation));
                channels.flat_map(|channel| raw_frames(event.kind.name(), &channel, &event.json)).collect()
            }
        }
    }

    /// Which of Parlor's channels that it is on an event belongs to.
    fn own(&self, kind: EventKind, conversation: Option<ParlorChannel>) -> impl Iterator<Item = String> {
        let inbox = (kind == EventKind::Presence).then_some(ParlorChannel::Inbox);
        let all = [conversation, inbox, Some(ParlorChannel::Person(self.person))];
        all.into_iter()
            .flatten()
            .map(|channel| channel.to_string())
            .filter(|name| self.joined.get(name).is_some())
    }
}

/// Tells the others on the channel, while the caller may be on it. On one of Parlor's, typing is typing for all clients.
pub(super) async fn whisper(app: &Ctx, caller: &Caller, sid: &str, whisper: Whisper) -> Result<(), Problem> {
    let Whisper { channel, event, data } = whisper;
    let application = admit(app, caller, &channel).await?;
    let unfit = unfit(app, &application, &event, &channel, data.get());
    if let Some(text) = unfit.or_else(|| (!event.starts_with("client-")).then_some("this is no client event"))
    {
        return Err(Problem::invalid("event", "client_event", text));
    }
    app.db.spend(caller, Spending::Sign).await?;
    if let Some(conversation) = ParlorChannel::parse(&channel).and_then(ParlorChannel::conversation)
        && event == TYPING
    {
        let TypingSign { typing, is_private_note } = TypingSign::of(data.get());
        presence::typing(app, caller, conversation, typing, is_private_note).await?;
        // Of who types a note, only those hear who read notes: as an event, not as what was said on the channel.
        if is_private_note {
            return Ok(());
        }
    }
    let data = data.get().to_owned();
    let told = EphemeralEvent { channel: &channel, name: &event, data, except: Some(sid), user_id: None };
    publish_everywhere(app, caller.tenant, told);
    Ok(())
}

/// A member as the clients of this dialect know it.
fn described(id: &str, info: Option<&str>) -> Value {
    let info: Value = info.and_then(|info| serde_json::from_str(info).ok()).unwrap_or(Value::Null);
    json!({"user_id": pusher::id_json(id), "user_info": info})
}

/// What was published, or who came and went. What is kept carries a text that mostly is JSON; what is only told carries its
/// data as it stands in a frame of Pusher.
fn publication(channel: &str, name: &str, data: &str, oneself: bool, ephemeral: bool) -> Vec<Frame> {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    let inner = |text: &str| match value(text) {
        Value::String(text) => value(&text),
        other => other,
    };
    let (name, data) = match name {
        pusher::MEMBER_ADDED | pusher::MEMBER_REMOVED if oneself => return Vec::new(),
        pusher::MEMBER_ADDED => ("presence:joining", inner(data)),
        pusher::MEMBER_REMOVED => ("presence:leaving", inner(data)),
        name if name.starts_with("pusher_internal:") => return Vec::new(),
        name if ephemeral => return raw_frames(name, channel, data),
        name => (name, value(data)),
    };
    frames(&[name.into(), channel.into(), data])
}

fn frames(array: &[Value]) -> Vec<Frame> {
    event_frames(MAIN, &Value::from(array).to_string(), Vec::new())
}

/// The same for data that is JSON already.
fn raw_frames(name: &str, channel: &str, json: &str) -> Vec<Frame> {
    let (name, channel) = (Value::from(name), Value::from(channel));
    vec![Frame::Text(Bytes::from(format!("42[{name},{channel},{json}]")))]
}
