//! Owns: the frames, names and codes of the Pusher protocol, version 7 (docs/protocols/pusher.md). One JSON object a
//! text frame; `data` of the server's events is a string that holds JSON, but for events of clients, which are
//! forwarded as they came. Must not know: who may join what.

use std::sync::OnceLock;

use bytes::Bytes;
use parlor_chat::ConversationId;
use parlor_chat::events::Event;
use parlor_chat::publications::Publication;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::close::Close;

mod ids;
mod names;
pub mod signature;

pub use ids::{id_json, number_id, plain_id};
pub use names::{Kind, ParlorChannel, is_cache, is_name, is_socket_id, kind, signed_in_user};

/// The longest a name is by the protocol.
pub const NAME_LENGTH: usize = 164;
/// The versions that are spoken; they differ in nothing that a server sends.
pub const VERSIONS: std::ops::RangeInclusive<u32> = 5..=7;

/// Only the server sends events that begin so.
const INTERNAL: &str = "pusher_internal:";
/// Tells those who watch a user; names no channel.
pub const WATCHED: &str = "#watched-";
/// Tells a user's connections to end.
pub const TERMINATED: &str = "#terminated-";
/// Somebody joined a presence channel.
pub const MEMBER_ADDED: &str = "pusher_internal:member_added";
/// Somebody left a presence channel.
pub const MEMBER_REMOVED: &str = "pusher_internal:member_removed";
/// How many subscribe to a channel.
pub const SUBSCRIPTION_COUNT: &str = "pusher_internal:subscription_count";
/// Who of the watched came or went.
pub const WATCHLIST: &str = "pusher_internal:watchlist_events";

/// The answer to a client's ping.
pub const PONG: &str = r#"{"event":"pusher:pong","data":{}}"#;
/// To be answered by a pong.
pub const PING: &str = r#"{"event":"pusher:ping","data":{}}"#;

/// How a connection ends: a code and a text.
pub type CloseReason = (u16, &'static str);
/// No application has the key.
pub const NO_APP: CloseReason = (4001, "no application has this key");
/// The application is switched off.
pub const DISABLED: CloseReason = (4003, "the application is disabled");
/// The application's connections are used up.
pub const OVER_QUOTA: CloseReason = (4004, "the application has too many connections");
/// As many connections are open as there may be: come back after a moment.
pub const FULL: CloseReason = (4100, "too many connections are open");
/// The version is no number.
pub const BAD_VERSION: CloseReason = (4006, "the protocol version is not a number");
/// The version is not spoken here.
pub const OTHER_VERSION: CloseReason = (4007, "this protocol version is not supported");
/// No version was given.
pub const NO_VERSION: CloseReason = (4008, "no protocol version was given");
/// Not allowed, or no longer.
pub const UNAUTHORIZED: CloseReason = (4009, "unauthorized");
/// Too slow, or rights changed: come back after a moment.
pub const COME_BACK: CloseReason = (4100, "come back in a moment");
/// The server stops: come back after a second. The code for "at once" would have pusher-js try while nobody listens, and
/// then wait for fifteen seconds.
pub const RESTART: CloseReason = (4100, "the server restarts");
/// Silent after a ping.
pub const SILENT: CloseReason = (4201, "no answer to the ping");
/// A frame that cannot be read.
pub const MALFORMED: CloseReason = (4400, "a frame is one JSON object with an event");
/// A client's event was not forwarded.
pub const REJECTED: u16 = 4301;
/// Too many ids in a watchlist.
pub const WATCHLIST_TOO_LONG: u16 = 4302;

/// The close code and reason.
#[must_use]
pub fn close(why: Close) -> CloseReason {
    match why {
        Close::Resync => COME_BACK,
        Close::Unauthorized => UNAUTHORIZED,
        Close::Restart => RESTART,
    }
}

/// What a client may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// It lives.
    Pong,
    /// It asks whether we live.
    Ping,
    /// It wants a channel's events.
    Subscribe(Subscribe),
    /// It wants them no longer.
    Unsubscribe(String),
    /// It says which user it is.
    SignIn(SignIn),
    /// It tells the others on a channel something.
    Client {
        /// The event's name, beginning with `client-`.
        event: String,
        /// The channel that it is sent on.
        channel: String,
        /// JSON, as it came.
        data: String,
    },
    /// An event of a later version: ignored.
    Unknown,
    /// Not a JSON object with an event.
    Malformed,
}

/// A subscription that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subscribe {
    /// The channel.
    pub channel: String,
    /// `key:signature`.
    #[serde(default)]
    pub auth: Option<String>,
    /// JSON that the signature covers.
    #[serde(default)]
    pub channel_data: Option<String>,
}

/// A user that is to be signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SignIn {
    /// `key:signature`.
    pub auth: String,
    /// JSON that the signature covers.
    pub user_data: String,
}

/// Reads a client's frame.
#[must_use]
pub fn incoming(text: &str) -> Incoming {
    #[derive(Deserialize)]
    struct Frame<'a> {
        event: String,
        #[serde(default)]
        channel: Option<String>,
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Unsubscribe {
        channel: String,
    }
    let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else { return Incoming::Malformed };
    let data = frame.data.map_or("null", RawValue::get);
    match frame.event.as_str() {
        "pusher:ping" => Incoming::Ping,
        "pusher:pong" => Incoming::Pong,
        "pusher:subscribe" => object(data).map_or(Incoming::Malformed, Incoming::Subscribe),
        "pusher:unsubscribe" => {
            object(data).map_or(Incoming::Malformed, |it: Unsubscribe| Incoming::Unsubscribe(it.channel))
        }
        "pusher:signin" => object(data).map_or(Incoming::Malformed, Incoming::SignIn),
        event if event.starts_with("client-") => match frame.channel {
            Some(channel) => Incoming::Client { event: frame.event, channel, data: data.to_owned() },
            None => Incoming::Malformed,
        },
        _ => Incoming::Unknown,
    }
}

/// Some clients put the object into a string, as the server does.
fn object<T: serde::de::DeserializeOwned>(data: &str) -> Option<T> {
    match serde_json::from_str::<String>(data) {
        Ok(inside) => serde_json::from_str(&inside).ok(),
        Err(_) => serde_json::from_str(data).ok(),
    }
}

/// The first frame.
#[must_use]
pub fn established(socket_id: &str, activity_timeout: u64) -> String {
    let data = json!({"socket_id": socket_id, "activity_timeout": activity_timeout}).to_string();
    json!({"event": "pusher:connection_established", "data": data}).to_string()
}

/// Something went wrong that is about no channel.
#[must_use]
pub fn error(code: u16, message: &str) -> String {
    json!({"event": "pusher:error", "data": {"code": code, "message": message}}).to_string()
}

/// A client's event was not forwarded to the others on its channel.
#[must_use]
pub fn rejected(channel: &str, message: &str) -> String {
    let data = json!({"code": REJECTED, "message": message});
    json!({"event": "pusher:error", "channel": channel, "data": data}).to_string()
}

/// The subscription holds; `data` is JSON, for presence channels their members.
#[must_use]
pub fn subscribed(channel: &str, data: &str) -> String {
    json!({"event": "pusher_internal:subscription_succeeded", "channel": channel, "data": data}).to_string()
}

/// The subscription does not hold, or no longer.
#[must_use]
pub fn not_subscribed(channel: &str, kind: &str, error: &str, status: u16) -> String {
    let data = json!({"type": kind, "error": error, "status": status});
    json!({"event": "pusher:subscription_error", "channel": channel, "data": data}).to_string()
}

/// A cache channel that has no event yet.
#[must_use]
pub fn cache_miss(channel: &str) -> String {
    json!({"event": "pusher:cache_miss", "channel": channel}).to_string()
}

/// An event on a channel.
#[must_use]
pub fn event(channel: &str, name: &str, data: &str) -> String {
    json!({"event": name, "channel": channel, "data": data}).to_string()
}

/// The user is signed in.
#[must_use]
pub fn signed_in(user_data: &str) -> String {
    json!({"event": "pusher:signin_success", "data": {"user_data": user_data}}).to_string()
}

/// Who of the watched is online and who is not, when the watching begins.
#[must_use]
pub fn watchlist(online: &[&str], offline: &[&str]) -> String {
    let told = [("online", online), ("offline", offline)].into_iter().filter(|(_, ids)| !ids.is_empty());
    let events: Vec<Value> = told.map(|(name, ids)| json!({"name": name, "user_ids": ids})).collect();
    json!({"event": WATCHLIST, "data": json!({"events": events}).to_string()}).to_string()
}

/// The data of [`subscribed`] on a presence channel; each member with its JSON.
#[must_use]
pub fn members<'a>(members: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let (mut ids, mut hash, mut count) = (String::new(), String::new(), 0);
    for (id, info) in members {
        let comma = if count == 0 { "" } else { "," };
        ids.push_str(&format!("{comma}{}", id_json(id)));
        hash.push_str(&format!("{comma}{}:{}", quoted(plain_id(id)), info.unwrap_or("null")));
        count += 1;
    }
    format!(r#"{{"presence":{{"ids":[{ids}],"hash":{{{hash}}},"count":{count}}}}}"#)
}

/// The data of [`MEMBER_ADDED`], as it stands in a frame.
#[must_use]
pub fn member_added(id: &str, info: Option<&str>) -> String {
    quoted(&format!(r#"{{"user_id":{},"user_info":{}}}"#, id_json(id), info.unwrap_or("null")))
}

/// The data of [`MEMBER_REMOVED`], as it stands in a frame.
#[must_use]
pub fn member_removed(id: &str) -> String {
    quoted(&json!({"user_id": id_json(id)}).to_string())
}

/// The data of [`SUBSCRIPTION_COUNT`], as it stands in a frame.
#[must_use]
pub fn subscription_count(count: u32) -> String {
    quoted(&json!({"subscription_count": count}).to_string())
}

/// The data of [`WATCHLIST`] when somebody comes or goes, as it stands in a frame.
#[must_use]
pub fn watched(id: &str, online: bool) -> String {
    let name = if online { "online" } else { "offline" };
    quoted(&json!({"events": [{"name": name, "user_ids": [id]}]}).to_string())
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// An event's frames: what is the same on all channels is made once, and each channel's frame once.
#[derive(Debug)]
pub struct Frames {
    /// Up to the channel.
    head: String,
    /// From `data` on.
    tail: String,
    slots: Vec<OnceLock<Bytes>>,
}

impl Frames {
    /// What is told but not kept carries its data as it stands in the frame; what is kept carries a string.
    pub(crate) fn new(event: &Event) -> Self {
        let (head, tail, slots) = match event.publication.as_deref() {
            Some(Publication::Channels { channels, name, data, user_id, .. }) => {
                let data = if event.is_ephemeral() { data.clone() } else { quoted(data) };
                let by = user_id.as_deref().filter(|_| !name.starts_with(INTERNAL));
                let by = by.map(|id| format!(r#","user_id":{}"#, id_json(id))).unwrap_or_default();
                (quoted(name), format!("{data}{by}"), channels.len())
            }
            _ => (quoted(event.kind.name()), quoted(&event.json), 2),
        };
        let slots = std::iter::repeat_with(OnceLock::new).take(slots).collect();
        Self { head: format!(r#"{{"event":{head}"#), tail: format!(r#","data":{tail}}}"#), slots }
    }

    /// The frame for the publication's channel at this place.
    pub fn nth(&self, at: usize, channel: &str) -> Bytes {
        let make = || {
            if channel.starts_with('#') && !names::is_user(channel) {
                self.nowhere()
            } else {
                self.on(channel)
            }
        };
        self.slots.get(at).map_or_else(&make, |slot| slot.get_or_init(&make).clone())
    }

    /// The frame for the channel of the event's conversation.
    pub fn in_conversation(&self, conversation: ConversationId) -> Bytes {
        self.nth(0, &ParlorChannel::Conversation(conversation).to_string())
    }

    /// The frame for the channel of those who view the event's conversation.
    pub fn for_viewers(&self, conversation: ConversationId) -> Bytes {
        self.nth(1, &ParlorChannel::Viewers(conversation).to_string())
    }

    /// The frame for any channel.
    #[must_use]
    pub fn on(&self, channel: &str) -> Bytes {
        Bytes::from(format!(r#"{},"channel":{}{}"#, self.head, quoted(channel), self.tail))
    }

    fn nowhere(&self) -> Bytes {
        Bytes::from(format!("{}{}", self.head, self.tail))
    }
}

#[cfg(test)]
#[path = "pusher_tests.rs"]
mod tests;
