//! Owns: the names of channels and what they say: who may join, what is kept, which are Parlor's own.
//! Must not know: frames, or who asks.

use std::fmt;

use parlor_chat::{ConversationId, PersonId};

/// What a channel's name says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anybody with the key.
    Public,
    /// Whoever the application signs.
    Private,
    /// The same, and its content is encrypted by the application.
    Encrypted,
    /// The same, and everybody there sees who is there.
    Presence,
    /// The connections of one signed-in user.
    User,
}

impl Kind {
    /// Whether joining needs a signature.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Private | Self::Encrypted | Self::Presence)
    }

    /// Whether clients may send events to each other there.
    #[must_use]
    pub fn takes_client_events(self) -> bool {
        matches!(self, Self::Private | Self::Presence)
    }
}

const USER: &str = "#server-to-user-";
const PREFIXES: [(&str, Kind); 4] = [
    ("presence-", Kind::Presence),
    ("private-encrypted-", Kind::Encrypted),
    ("private-", Kind::Private),
    (USER, Kind::User),
];

/// The kind of a channel.
#[must_use]
pub fn kind(channel: &str) -> Kind {
    PREFIXES.iter().find(|(prefix, _)| channel.starts_with(prefix)).map_or(Kind::Public, |(_, kind)| *kind)
}

/// Whether the channel keeps its last event for those who come later.
#[must_use]
pub fn is_cache(channel: &str) -> bool {
    let rest = PREFIXES.iter().find_map(|(prefix, _)| channel.strip_prefix(prefix)).unwrap_or(channel);
    rest.starts_with("cache-") && !is_user(channel)
}

/// Whether this can be a channel, at most `longest` bytes long.
#[must_use]
pub fn is_name(channel: &str, longest: usize) -> bool {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-=@,.;".contains(&b));
    // Ids of users are the application's, and may hold what names may not.
    let user = |id: &str| !id.is_empty() && !id.chars().any(char::is_control);
    let fits = match channel.strip_prefix(USER) {
        Some(id) => user(id),
        None => plain(channel),
    };
    !channel.is_empty() && channel.len() <= longest && fits
}

/// The user whose connections the channel reaches.
#[must_use]
pub fn signed_in_user(channel: &str) -> Option<&str> {
    channel.strip_prefix(USER)
}

pub(super) fn is_user(channel: &str) -> bool {
    channel.starts_with(USER)
}

/// Two numbers and a dot between them.
#[must_use]
pub fn is_socket_id(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 64 && text.split_once('.').is_some_and(|(left, right)| digits(left) && digits(right))
}

/// Parlor's own channels. They carry Parlor's ids; other names are the application's, whatever they begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParlorChannel {
    /// What happens in a conversation.
    Conversation(ConversationId),
    /// The same, and who views it.
    Viewers(ConversationId),
    /// Everything that a person may see.
    Person(PersonId),
    /// Which staff is here.
    Inbox,
}

const CONVERSATION: &str = "private-conversation-";
const VIEWERS: &str = "presence-conversation-";
const PERSON: &str = "private-user-";
const INBOX: &str = "presence-inbox";

impl ParlorChannel {
    /// What the channel is, if it is one of Parlor's.
    #[must_use]
    pub fn parse(channel: &str) -> Option<Self> {
        let of = |prefix: &str| channel.strip_prefix(prefix).filter(|id| is_id(id));
        if channel == INBOX {
            return Some(Self::Inbox);
        }
        if let Some(id) = of(CONVERSATION) {
            return id.parse().ok().map(Self::Conversation);
        }
        if let Some(id) = of(VIEWERS) {
            return id.parse().ok().map(Self::Viewers);
        }
        of(PERSON).and_then(|id| id.parse().ok()).map(Self::Person)
    }

    /// The conversation, for the channels of one.
    #[must_use]
    pub fn conversation(self) -> Option<ConversationId> {
        match self {
            Self::Conversation(id) | Self::Viewers(id) => Some(id),
            _ => None,
        }
    }
}

/// Only as Parlor writes them: one conversation has one channel.
fn is_id(text: &str) -> bool {
    let place = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(place)
}

impl fmt::Display for ParlorChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversation(id) => write!(f, "{CONVERSATION}{id}"),
            Self::Viewers(id) => write!(f, "{VIEWERS}{id}"),
            Self::Person(id) => write!(f, "{PERSON}{id}"),
            Self::Inbox => f.write_str(INBOX),
        }
    }
}
