//! Owns: conversations and messages as the CRM messenger contract shows them, and what of the core it shows at all.

use parlor_chat::conversations::{self, ListFilter, Related, Role, View};
use parlor_chat::participants;
use parlor_chat::{Actor, ConversationId, Error, Kind, MessageId, Person, PersonId, Time, Tx, messages};
use serde::Serialize;
use utoipa::ToSchema;

/// A conversation, for one of its readers.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmConversation)]
pub(super) struct Conversation {
    id: ConversationId,
    /// direct, group, broadcast or global.
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    subject: Option<String>,
    created_by: Option<PersonId>,
    replies_enabled: bool,
    context_type: Option<String>,
    context_id: Option<String>,
    /// The whole card of the record.
    context: Option<Related>,
    participants: Vec<Participant>,
    participants_count: i64,
    last_message_id: Option<MessageId>,
    last_message_at: Option<Time>,
    last_message: Option<LastMessage>,
    unread_count: i64,
    muted: bool,
    can_reply: bool,
    created_at: Time,
    updated_at: Time,
}

/// Somebody in a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmParticipant)]
struct Participant {
    user_id: PersonId,
    name: String,
    avatar_url: Option<String>,
    role: Role,
    last_read_at: Option<Time>,
}

/// The newest message, shortened.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmLastMessage)]
struct LastMessage {
    id: MessageId,
    author_id: Option<PersonId>,
    author_name: Option<String>,
    preview: String,
    created_at: Time,
}

/// Every conversation of the contract that somebody reads.
pub(super) fn filter() -> ListFilter {
    ListFilter { kinds: KINDS.iter().map(|(kind, _)| *kind).collect(), ..ListFilter::default() }
}

/// The conversation, if it is of the contract.
pub(super) fn known(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<View, Error> {
    let view = conversations::get(tx, actor, id)?;
    match KINDS.iter().any(|(kind, _)| *kind == view.kind) {
        true => Ok(view),
        false => Err(Error::NotFound { what: "conversation" }),
    }
}

/// Unread over the conversations of the contract; muted ones stay silent but count.
pub(super) fn unread_total(tx: &mut Tx<'_>, actor: &Actor) -> Result<i64, Error> {
    Ok(conversations::totals_of(tx, actor, &KINDS.map(|(kind, _)| kind))?.unread)
}

impl Conversation {
    pub(super) fn of(view: &View) -> Self {
        let last = view.last_message.as_ref();
        let me = view.me.as_ref();
        Self {
            id: view.id,
            kind: KINDS.iter().find(|(kind, _)| *kind == view.kind).map(|(_, name)| *name),
            subject: view.title.clone(),
            created_by: view.created_by,
            replies_enabled: view.replies_enabled,
            context_type: view.related.as_ref().map(|related| related.kind.clone()),
            context_id: view.related.as_ref().map(|related| related.id.clone()),
            context: view.related.clone(),
            participants: view.participants.iter().map(Participant::of).collect(),
            participants_count: view.members_count,
            last_message_id: last.map(|last| last.id),
            last_message_at: last.map(|last| last.created_at),
            last_message: last.map(LastMessage::of),
            unread_count: me.map_or(0, |me| me.unread),
            muted: me.is_some_and(|me| me.muted),
            can_reply: me.is_some_and(|me| me.can.post),
            created_at: view.created_at,
            updated_at: view.last_activity_at.max(view.updated_at),
        }
    }
}

impl Participant {
    fn of(native: &participants::Participant) -> Self {
        let Person { id, name, avatar_url, .. } = native.person.clone();
        Self { user_id: id, name, avatar_url, role: native.role, last_read_at: native.last_read_at }
    }
}

impl LastMessage {
    fn of(native: &messages::LastMessage) -> Self {
        Self {
            id: native.id,
            author_id: native.author.as_ref().map(|author| author.id),
            author_name: native.author.as_ref().map(|author| author.name.clone()),
            preview: native.preview.clone(),
            created_at: native.created_at,
        }
    }
}

/// The kinds that this contract knows, under its names.
pub(crate) const KINDS: [(Kind, &str); 4] = [
    (Kind::Direct, "direct"),
    (Kind::Group, "group"),
    (Kind::Broadcast, "broadcast"),
    (Kind::Announcement, "global"),
];
