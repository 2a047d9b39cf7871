//! Owns: threads, messages and purges as the team chat contract shows them.

use std::borrow::Cow;

use parlor_chat::conversations::{Role, View};
use parlor_chat::messages;
use parlor_chat::participants::Participant;
use parlor_chat::purges::{Mode, Purge};
use parlor_chat::{Actor, ConversationId, Error, Kind, MessageId, PersonId, RowId, Time, Tx};
use parlor_realtime::contracts::chat as contract;
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::http::api::files::CONTRACT_LINK_SECONDS;
use crate::http::api::files::link_to;
use crate::request::caller::Caller;
use crate::transport::long_poll::Polled;

/// A thread, for one of its participants. Times are seconds since 1970.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatThread)]
pub(super) struct Thread {
    id: ConversationId,
    /// direct or group.
    #[serde(rename = "type")]
    kind: Kind,
    subject: Option<String>,
    created_by: Option<PersonId>,
    last_message_id: Option<MessageId>,
    last_message_at: Option<i64>,
    preview: Option<String>,
    unread: i64,
    can_post: bool,
    participants: Vec<ThreadParticipant>,
    created_at: i64,
    updated_at: i64,
}

/// Somebody in a thread.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatParticipant)]
struct ThreadParticipant {
    /// Of the thread and the user, with a colon between them.
    id: String,
    thread_id: ConversationId,
    user_id: PersonId,
    name: String,
    avatar_url: Option<String>,
    role: Role,
    last_read_message_id: Option<MessageId>,
    last_read_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

/// A page of a thread.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatHistory)]
pub(super) struct History {
    pub(super) items: Vec<contract::Message>,
    pub(super) has_before: bool,
    pub(super) has_after: bool,
}

/// What `/chat/events` answers: the native answer with events in this contract's words.
pub(super) struct PolledEvents;

impl PartialSchema for PolledEvents {
    fn schema() -> RefOr<Schema> {
        let mut schema = Polled::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.insert("items".to_owned(), Vec::<contract::Event>::schema());
        }
        schema
    }
}

impl ToSchema for PolledEvents {
    fn name() -> Cow<'static, str> {
        "ChatPolled".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((contract::Event::name().into_owned(), contract::Event::schema()));
    }
}

/// A row of the log of purges.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatPurge)]
pub(super) struct PurgeRow {
    id: RowId,
    admin_id: Option<PersonId>,
    executed_at: i64,
    cutoff_timestamp: i64,
    mode: Mode,
    rows_deleted: i64,
}

/// What a purge would clear.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatPurgeCount)]
pub(super) struct PurgeCount {
    pub(super) dry_run: bool,
    pub(super) rows: i64,
}

fn seconds(at: Time) -> i64 {
    at.micros() / 1_000_000
}

/// The conversation, if it is one of this contract's kinds.
pub(super) fn of_contract(view: View) -> Result<View, Error> {
    if KINDS.contains(&view.kind) { Ok(view) } else { Err(Error::NotFound { what: "thread" }) }
}

/// A thread, for one of its participants.
pub(super) fn thread(tx: &mut Tx<'_>, actor: &Actor, view: &View) -> Result<Thread, Error> {
    let seqs: Vec<i64> = view.participants.iter().map(|participant| participant.last_read_seq).collect();
    let ids = messages::ids_at(tx, actor, view.id, &seqs)?;
    let at = |seq: i64| ids.iter().find(|(known, _)| *known == seq).map(|(_, id)| *id);
    let last = view.last_message.as_ref();
    Ok(Thread {
        id: view.id,
        kind: view.kind,
        subject: view.title.clone(),
        created_by: view.created_by,
        last_message_id: last.map(|last| last.id),
        last_message_at: last.map(|last| seconds(last.created_at)),
        preview: last.map(|last| last.preview.clone()),
        unread: view.me.as_ref().map_or(0, |me| me.unread),
        can_post: view.me.as_ref().is_some_and(|me| me.can.post),
        participants: view
            .participants
            .iter()
            .map(|one| participant(view.id, one, at(one.last_read_seq)))
            .collect(),
        created_at: seconds(view.created_at),
        updated_at: seconds(view.last_activity_at.max(view.updated_at)),
    })
}

fn participant(thread: ConversationId, one: &Participant, last_read: Option<MessageId>) -> ThreadParticipant {
    ThreadParticipant {
        id: format!("{thread}:{}", one.person.id),
        thread_id: thread,
        user_id: one.person.id,
        name: one.person.name.clone(),
        avatar_url: one.person.avatar_url.clone(),
        role: one.role,
        last_read_message_id: last_read,
        last_read_at: one.last_read_at.map(seconds),
        created_at: seconds(one.joined_at),
        updated_at: seconds(one.last_read_at.map_or(one.joined_at, |read| read.max(one.joined_at))),
    }
}

/// A message, with links to its files that serve for an hour.
pub(super) fn message(app: &App, caller: &Caller, message: messages::Message) -> contract::Message {
    contract::Message::of(message, |id| link_to(app, caller, id, CONTRACT_LINK_SECONDS).url)
}

impl PurgeRow {
    pub(super) fn of(purge: &Purge) -> Self {
        Self {
            id: purge.id,
            admin_id: purge.admin_id,
            executed_at: seconds(purge.executed_at),
            cutoff_timestamp: seconds(purge.cutoff),
            mode: purge.mode,
            rows_deleted: purge.rows_deleted,
        }
    }
}

/// The kinds that this contract knows.
pub(crate) const KINDS: [Kind; 2] = [Kind::Direct, Kind::Group];
