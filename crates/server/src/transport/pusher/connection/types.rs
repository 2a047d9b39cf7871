//! Owns: the words in which a connection speaks of itself: steps, ends, refusals, who is on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parlor_chat::{Actor, ConversationId, PersonId};
use parlor_realtime::Joined;
use parlor_realtime::presence::Attending;
use parlor_realtime::protocol::pusher::{CloseReason, number_id};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::transport::audited::Audited;

/// Why a connection ends: a code and a text, or nothing to say because the other side is gone.
pub(crate) type End = Option<CloseReason>;

/// Goes on, or ends.
pub(crate) type Step = Result<(), End>;

/// So many a second, and so many at once.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(crate) per_second: f64,
    pub(crate) most: f64,
    pub(crate) left: f64,
    pub(crate) at: Instant,
}

impl Allowance {
    pub fn new(per_second: u32, most: u32) -> Self {
        let (per_second, most) = (f64::from(per_second), f64::from(most));
        Self { per_second, most, left: most, at: Instant::now() }
    }

    /// Takes one; false when there is none.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let gained = now.duration_since(self.at).max(Duration::ZERO).as_secs_f64() * self.per_second;
        (self.left, self.at) = ((self.left + gained).min(self.most), now);
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

/// What Parlor's own answers add to the signed data: until when, and by which token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignedClaims {
    /// Microseconds since 1970.
    pub until: Option<i64>,
    /// Names the token, so that its end ends the connection.
    pub tag: Option<String>,
    /// What the token rests on, likewise.
    pub root: Option<String>,
}

/// The person behind a connection.
pub(crate) struct Person {
    pub(crate) actor: Arc<Actor>,
    pub(crate) _joined: Joined,
    /// The person is there as long as this.
    pub(crate) attending: Attending,
    /// The audit log knows of it as long as this.
    pub(crate) _audited: Audited,
    /// The conversations whose channels it is on: as a reader, as a viewer.
    pub(crate) conversations: HashMap<ConversationId, (bool, bool)>,
    /// Its own channel, when it is on it.
    pub(crate) channel: Option<Arc<str>>,
    /// It is on the channel of all staff.
    pub(crate) inbox: bool,
}

impl Person {
    pub fn id(&self) -> PersonId {
        self.actor.id()
    }
}

/// The id of a user in signed data: a text, or a number, as the examples of server libraries write it.
pub(crate) fn user_id(value: &Value) -> Option<String> {
    member_id(value, false)
}

/// Likewise the id of a member of a channel, which stays a number where the application wants that.
pub(crate) fn member_id(value: &Value, keeps_numbers: bool) -> Option<String> {
    match value {
        Value::String(id) => fits(id).then(|| id.clone()),
        Value::Number(id) if keeps_numbers => Some(number_id(id)),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn fits(id: &str) -> bool {
    !id.is_empty() && id.len() <= USER_ID_LENGTH && !id.chars().any(char::is_control)
}

/// Why a subscription does not hold; the connection stays.
#[derive(Debug)]
pub(crate) struct Refused {
    pub kind: &'static str,
    pub text: &'static str,
    pub status: u16,
}

pub(crate) const LIMIT: &str = "LimitReached";

impl Refused {
    pub fn auth(status: u16, text: &'static str) -> Self {
        Self { kind: "AuthError", text, status }
    }

    pub(crate) fn limit(status: u16, text: &'static str) -> Self {
        Self { kind: LIMIT, text, status }
    }
}

/// Longest id of a user.
pub(crate) const USER_ID_LENGTH: usize = 128;
