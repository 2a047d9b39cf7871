//! The events: every kind that there is, its name on the wire and in the log, and what it tells. Whoever acts on events
//! matches on these, so that a new kind is a question to each of them. Must not know: who gets an event, or where it is
//! kept (`events.rs`).

pub mod ended;
pub mod payloads;
pub mod publication;
pub mod raw;
mod schema;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use payloads as tells;
use publication::Publication;

pub use schema::EventSchema;

macro_rules! events {
    (
        kept { $($(#[$kept_doc:meta])* $kept:ident($kept_data:ty) = $kept_name:literal $(in $kept_place:ident)?,)* }
        internal { $($(#[$internal_doc:meta])* $internal:ident($internal_data:ty) = $internal_name:literal,)* }
        ephemeral {
            $($(#[$ephemeral_doc:meta])* $ephemeral:ident($ephemeral_data:ty) = $ephemeral_name:literal $(in $ephemeral_place:ident)?,)*
        }
        listeners { $($(#[$listeners_doc:meta])* $listeners:ident($listeners_data:ty) = $listeners_name:literal,)* }
    ) => {
        /// The kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$kept_doc])* $kept,)*
            $($(#[$internal_doc])* $internal,)*
            $($(#[$ephemeral_doc])* $ephemeral,)*
            $($(#[$listeners_doc])* $listeners,)*
            /// A kind that this version does not know: it reaches nobody.
            Unknown,
        }

        impl EventKind {
            /// Those that clients are told and that the log keeps.
            pub const KEPT: &[EventKind] = &[$(EventKind::$kept,)*];
            /// Those that the log keeps for the server itself and for listeners of channels and topics.
            pub const INTERNAL: &[EventKind] = &[$(EventKind::$internal,)*];
            /// Those that clients are told once and that nothing keeps.
            pub const EPHEMERAL: &[EventKind] = &[$(EventKind::$ephemeral,)*];

            /// Its name on the wire and in the log.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(EventKind::$kept => $kept_name,)*
                    $(EventKind::$internal => $internal_name,)*
                    $(EventKind::$ephemeral => $ephemeral_name,)*
                    $(EventKind::$listeners => $listeners_name,)*
                    EventKind::Unknown => "unknown",
                }
            }

            /// Whether every event of this kind happens in a conversation; else none does.
            #[must_use]
            pub fn is_in_conversation(self) -> bool {
                match self {
                    $(EventKind::$kept => is_said(&[$(stringify!($kept_place))?]),)*
                    $(EventKind::$ephemeral => is_said(&[$(stringify!($ephemeral_place))?]),)*
                    $(EventKind::$internal |)* $(EventKind::$listeners |)* EventKind::Unknown => false,
                }
            }

            /// The kind that the log calls so.
            #[must_use]
            pub fn in_log(name: &str) -> EventKind {
                match name {
                    $($kept_name => EventKind::$kept,)*
                    $($internal_name => EventKind::$internal,)*
                    _ => EventKind::Unknown,
                }
            }

            /// The kind that nodes call so when they tell each other what is not kept.
            #[must_use]
            pub fn between_nodes(name: &str) -> EventKind {
                match name {
                    $($ephemeral_name => EventKind::$ephemeral,)*
                    $($listeners_name => EventKind::$listeners,)*
                    _ => EventKind::Unknown,
                }
            }
        }

        /// What an event of the log tells.
        #[derive(Clone, Debug)]
        pub enum Payload {
            $($(#[$kept_doc])* $kept($kept_data),)*
            $($(#[$internal_doc])* $internal($internal_data),)*
        }

        impl Payload {
            /// Its kind.
            #[must_use]
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Payload::$kept(_) => EventKind::$kept,)*
                    $(Payload::$internal(_) => EventKind::$internal,)*
                }
            }

            /// Its data as JSON.
            pub(crate) fn data(&self) -> serde_json::Result<Value> {
                match self {
                    $(Payload::$kept(data) => serde_json::to_value(data),)*
                    $(Payload::$internal(data) => serde_json::to_value(data),)*
                }
            }

            /// Reads an event's JSON; `None` of a kind that is not kept.
            pub(crate) fn read(kind: EventKind, json: &str) -> serde_json::Result<Option<Payload>> {
                Ok(Some(match kind {
                    $(EventKind::$kept => Payload::$kept(data(json)?),)*
                    $(EventKind::$internal => Payload::$internal(data(json)?),)*
                    $(EventKind::$ephemeral |)* $(EventKind::$listeners |)* EventKind::Unknown => return Ok(None),
                }))
            }
        }

        /// What an event tells that is not kept.
        #[derive(Clone, Debug)]
        pub enum Ephemeral {
            $($(#[$ephemeral_doc])* $ephemeral($ephemeral_data),)*
            $($(#[$listeners_doc])* $listeners($listeners_data),)*
        }

        impl Ephemeral {
            /// Its kind.
            #[must_use]
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Ephemeral::$ephemeral(_) => EventKind::$ephemeral,)*
                    $(Ephemeral::$listeners(_) => EventKind::$listeners,)*
                }
            }

            /// Its data as JSON: null of what goes to listeners beside it.
            pub(crate) fn data(&self) -> serde_json::Result<Value> {
                match self {
                    $(Ephemeral::$ephemeral(data) => serde_json::to_value(data),)*
                    $(Ephemeral::$listeners(_) => Ok(Value::Null),)*
                }
            }

            /// Reads an event's JSON; `None` of a kind that is kept, or that goes to listeners beside it.
            pub(crate) fn read(kind: EventKind, json: &str) -> serde_json::Result<Option<Ephemeral>> {
                match kind {
                    $(EventKind::$ephemeral => data(json).map(Ephemeral::$ephemeral).map(Some),)*
                    $(EventKind::$kept |)* $(EventKind::$internal |)* $(EventKind::$listeners |)* EventKind::Unknown => Ok(None),
                }
            }
        }

        impl EventSchema {
            fn add_all(&mut self) {
                $(self.add::<$kept_data>(EventKind::$kept, true);)*
                $(self.add::<$ephemeral_data>(EventKind::$ephemeral, false);)*
            }
        }
    };
}

const fn is_said(words: &[&str]) -> bool {
    !words.is_empty()
}

events! {
    kept {
        /// Somebody, or Parlor itself, wrote a message.
        MessagePosted(tells::MessagePosted) = "message.posted" in conversation,
        /// A message has another text.
        MessageEdited(tells::MessageEdited) = "message.edited" in conversation,
        /// A message was deleted.
        MessageDeleted(tells::MessageDeleted) = "message.deleted" in conversation,
        /// Somebody reacted to a message, or no longer does.
        MessageReacted(tells::MessageReacted) = "message.reacted" in conversation,
        /// A message was pinned, or its pin taken away.
        MessagePinned(tells::MessagePinned) = "message.pinned" in conversation,
        /// A conversation was opened.
        ConversationOpened(tells::ConversationOpened) = "conversation.opened" in conversation,
        /// Fields of a conversation have new values.
        ConversationUpdated(tells::ConversationUpdated) = "conversation.updated" in conversation,
        /// People take part from now on.
        ParticipantAdded(tells::ParticipantAdded) = "participant.added" in conversation,
        /// People no longer take part.
        ParticipantRemoved(tells::ParticipantRemoved) = "participant.removed" in conversation,
        /// Participants have another role.
        ParticipantUpdated(tells::ParticipantUpdated) = "participant.updated" in conversation,
        /// Somebody has read further.
        Read(tells::Read) = "read" in conversation,
        /// A device of somebody has received more.
        Delivered(tells::Delivered) = "delivered" in conversation,
        /// Somebody acknowledged a broadcast or an announcement.
        Acknowledged(tells::Acknowledged) = "acknowledged" in conversation,
        /// One's own part of a conversation changed.
        MeConversation(tells::MeConversation) = "me.conversation" in conversation,
        /// A draft was saved or removed.
        DraftSaved(tells::DraftSaved) = "draft.saved" in conversation,
        /// Somebody says something else of their presence.
        StatusUpdated(tells::StatusUpdated) = "status.updated",
        /// One's own profile changed.
        MeUpdated(tells::MeUpdated) = "me.updated",
        /// A user is new, or changed.
        UserUpdated(tells::UserUpdated) = "user.updated",
        /// A team is new, changed or gone.
        TeamUpdated(tells::TeamUpdated) = "team.updated",
        /// A role is new, changed or gone.
        RoleUpdated(tells::RoleUpdated) = "role.updated",
        /// A store is new, changed or gone.
        StoreUpdated(tells::StoreUpdated) = "store.updated",
        /// A contact is new, or changed.
        ContactUpdated(tells::ContactUpdated) = "contact.updated",
        /// Settings of the tenant changed.
        SettingsUpdated(tells::SettingsUpdated) = "settings.updated",
        /// History was imported.
        HistoryImported(tells::HistoryImported) = "history.imported",
        /// Old messages were cleared.
        HistoryPurged(tells::HistoryPurged) = "history.purged" in conversation,
        /// Somebody is told something.
        NotificationCreated(tells::NotificationCreated) = "notification.created",
        /// A notification has another status.
        NotificationUpdated(tells::NotificationUpdated) = "notification.updated",
    }
    internal {
        /// A credential was lost: whatever lives by it ends.
        CredentialEnded(tells::CredentialEnded) = "credential.ended",
        /// An application published on channels.
        ChannelPublished(Publication) = "channel.published",
        /// An application published an update of topics.
        TopicPublished(Publication) = "topic.published",
    }
    ephemeral {
        /// Users are connected, away or gone.
        Presence(tells::Presence) = "presence",
        /// Somebody types, or has stopped.
        Typing(tells::Typing) = "typing" in conversation,
        /// Somebody of the staff looks at a conversation, or no longer does.
        Viewing(tells::Viewing) = "viewing" in conversation,
    }
    listeners {
        /// A client, or the server, says something on a channel.
        ChannelEvent(Publication) = "channel.told",
    }
}

/// The members of an event around its data, in their order; ephemeral ones have no number.
#[derive(Serialize)]
pub(crate) struct Envelope<'a, D> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub at: crate::time::Time,
    pub conversation_id: Option<crate::ids::ConversationId>,
    pub actor: Option<&'a crate::person::Person>,
    pub data: D,
}

impl<'a> Envelope<'a, ()> {
    /// An event's JSON.
    pub fn around<D: Serialize>(self, data: D) -> serde_json::Result<String> {
        let Envelope { seq, kind, at, conversation_id, actor, data: () } = self;
        serde_json::to_string(&Envelope::<'a, D> { seq, kind, at, conversation_id, actor, data })
    }
}

/// The data of an event's JSON.
fn data<T: for<'de> Deserialize<'de>>(json: &str) -> serde_json::Result<T> {
    #[derive(Deserialize)]
    struct Told<T> {
        data: T,
    }
    serde_json::from_str::<Told<T>>(json).map(|told| told.data)
}
