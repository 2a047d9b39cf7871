//! What of a conversation its reader sees. Private notes, and what Parlor noted down for the staff, are for the staff:
//! a contact, and whoever else listens from outside, meets neither them nor anything that points to them. Owns telling
//! each what it may know, now and in replays; the rule itself is in `viewer.rs`. Must not know who reads a conversation:
//! `access.rs` does.

use std::collections::{BTreeMap, HashMap};

use parlor_db::{FromRow, params, row, statements};
use serde_json::{Value, json};

use crate::{
    access::AccessChange,
    conversations::Conversation,
    error::{Error, Result},
    event::EventKind,
    events::{self, Audience, Event, Payload, Scope},
    ids::{ConversationId, MessageId, TenantId},
    person::Actor,
    time::Time,
    tx::Tx,
};

row! {
    /// A hidden message `m`, and the last one `n` before it that everybody sees.
    struct HiddenRow, hidden_columns! {
        id: MessageId = "m.id",
        seq: i64 = "m.seq",
        seen_seq: Option<i64> = "n.seq",
        seen_id: Option<MessageId> = "n.id",
    }
}

/// Hidden messages and the last one before each that everybody sees.
macro_rules! hidden {
    ($which:literal) => {
        concat!(
            "SELECT ",
            hidden_columns!(),
            " FROM messages m
             LEFT JOIN messages n ON n.tenant = m.tenant AND n.conversation_id = m.conversation_id AND n.seq = (
                SELECT b.seq FROM messages b WHERE b.tenant = m.tenant AND b.conversation_id = m.conversation_id
                  AND b.seq < m.seq AND b.is_private = FALSE ORDER BY b.seq DESC LIMIT 1)
             WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.is_private = TRUE AND ",
            $which
        )
    };
}

statements! {
    /// The last message up to a place that everybody sees.
    pub static UP_TO = both("
        SELECT seq, id FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND seq <= $3 AND is_private = FALSE ORDER BY seq DESC LIMIT 1");
    /// Which of some places and messages are hidden.
    pub static HIDDEN = both(concat!(hidden!("m.seq = ANY($3)"), " UNION ALL ", hidden!("m.id = ANY($4)")));
    /// The replies of a thread at some time: those that everybody sees, and the others.
    pub static REPLIES = both("
        SELECT COUNT(CASE WHEN is_private = FALSE THEN 1 END), COUNT(CASE WHEN is_private = TRUE THEN 1 END)
        FROM messages WHERE tenant = $1 AND conversation_id = $2 AND thread_root_seq = $3
          AND created_at <= $4 AND (deleted_at IS NULL OR deleted_at > $4)");
}

/// A position in a conversation, and the message there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MessagePosition {
    pub seq: i64,
    pub id: Option<MessageId>,
}

/// The last place up to `seq` that everybody sees.
pub(crate) fn up_to(tx: &mut Tx, tenant: TenantId, at: ConversationId, seq: i64) -> Result<MessagePosition> {
    let row = |row: &parlor_db::Row<'_>| Ok(MessagePosition { seq: row.get(0)?, id: Some(row.get(1)?) });
    Ok(tx.db.opt(&UP_TO, params![tenant, at, seq], row)?.unwrap_or_default())
}

/// Tells the readers of a conversation something. Where the staff sees more than the others, everybody is told what all
/// see, and the staff the whole of it right after that.
pub(crate) fn tell(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    access: &[AccessChange],
    told: &Payload,
) -> Result<()> {
    let whole = told.data()?;
    let mut shown = whole.clone();
    if conversation.rules().notes {
        let mut points = Points::default();
        if !points.find(told.kind(), &shown) {
            return Err(Error::Damaged("an event points nobody knows where".to_owned()));
        }
        Hidden::among(tx, actor.tenant, conversation.id, &points)?.take_out(&mut shown);
    }
    append_both(tx, actor, conversation, told.kind(), access, &shown, &whole).map(drop)
}

/// Tells everybody `shown`, and the staff `whole` right after that where it is something else: two forms of one kind.
/// Answers the first number.
pub(crate) fn tell_both(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    shown: &Payload,
    whole: &Payload,
) -> Result<i64> {
    append_both(tx, actor, conversation, whole.kind(), &[], &shown.data()?, &whole.data()?)
}

fn append_both(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    kind: EventKind,
    access: &[AccessChange],
    shown: &Value,
    whole: &Value,
) -> Result<i64> {
    let id = conversation.id;
    let to_all = Scope::of(id, conversation.readers()).with_access(access);
    let seq = events::append_cut(tx, actor, kind, to_all, shown)?;
    if shown != whole {
        events::append_cut(tx, actor, kind, Scope::of(id, conversation.staff_readers()), whole)?;
    }
    Ok(seq)
}

/// How an event of a conversation points to messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// It is about one, which it shows.
    Message,
    /// It is about one, which it names.
    MessageById,
    /// It names places that people have come to.
    Places,
    /// Not at all.
    None,
}

fn subject(kind: EventKind) -> Subject {
    match kind {
        EventKind::MessagePosted | EventKind::MessageEdited | EventKind::MessageDeleted => Subject::Message,
        EventKind::MessageReacted | EventKind::MessagePinned => Subject::MessageById,
        EventKind::Read
        | EventKind::Delivered
        | EventKind::ParticipantAdded
        | EventKind::ParticipantRemoved
        | EventKind::ParticipantUpdated => Subject::Places,
        // What it says of oneself is looked at apart.
        EventKind::MeConversation => Subject::None,
        EventKind::ConversationOpened
        | EventKind::ConversationUpdated
        | EventKind::Acknowledged
        | EventKind::DraftSaved
        | EventKind::StatusUpdated
        | EventKind::MeUpdated
        | EventKind::UserUpdated
        | EventKind::TeamUpdated
        | EventKind::RoleUpdated
        | EventKind::StoreUpdated
        | EventKind::ContactUpdated
        | EventKind::SettingsUpdated
        | EventKind::HistoryImported
        | EventKind::HistoryPurged
        | EventKind::NotificationCreated
        | EventKind::NotificationUpdated
        | EventKind::CredentialEnded
        | EventKind::ChannelPublished
        | EventKind::TopicPublished
        | EventKind::Presence
        | EventKind::Typing
        | EventKind::Viewing
        | EventKind::ChannelEvent
        | EventKind::Unknown => Subject::None,
    }
}

/// Brings stored events to what their readers may know: those of earlier versions told everybody of notes that a public
/// message answers, and of places of notes. Of one that does not say readably what it points to, nobody knows whether
/// that is a note.
pub(crate) fn clean(tx: &mut Tx, tenant: TenantId, events: &mut [Event]) -> Result<()> {
    let mut by_place: BTreeMap<ConversationId, (Points, Vec<(usize, Value)>)> = BTreeMap::new();
    for (index, event) in events.iter_mut().enumerate() {
        let Some(place) = event.conversation.filter(|_| may_point(event)) else { continue };
        let (points, told) = by_place.entry(place).or_default();
        match serde_json::from_str::<Value>(&event.json) {
            Ok(value) if points.find(event.kind, &value["data"]) => told.push((index, value)),
            _ => event.audience = Audience::Unreadable,
        }
    }
    for (place, (points, told)) in by_place {
        let hidden = Hidden::among(tx, tenant, place, &points)?;
        for (index, mut told) in told {
            let event = &mut events[index];
            if hidden.has_subject(event.kind, &told["data"])
                && let Audience::Conversation { staff_only, .. } = &mut event.audience
            {
                *staff_only = true;
                continue;
            }
            let mut changed = hidden.take_out(&mut told["data"]);
            changed |= count_replies(tx, tenant, place, event.at, &mut told["data"])?;
            if changed {
                event.json = told.to_string().into();
            }
        }
    }
    Ok(())
}

/// Whether somebody other than the staff gets the event, and it may point to a note.
fn may_point(event: &Event) -> bool {
    match &event.audience {
        Audience::Conversation { facets, staff_only: false } => {
            facets.kind.rules().notes && subject(event.kind) != Subject::None
        }
        // What it says of oneself; the actor is the person that it is for.
        Audience::Person(_) => event.kind == EventKind::MeConversation && event.json.contains(BY_CONTACT),
        _ => false,
    }
}

/// Part of an event whose actor is a contact, or which names one.
const BY_CONTACT: &str = r#""kind":"contact""#;

/// A thread has as many replies as everybody sees.
fn count_replies(
    tx: &mut Tx,
    tenant: TenantId,
    place: ConversationId,
    at: Time,
    data: &mut Value,
) -> Result<bool> {
    let (seq, told) = (data["message"]["seq"].as_i64(), data["message"]["reply_count"].as_i64());
    let (Some(seq), Some(told)) = (seq, told.filter(|told| *told > 0)) else { return Ok(false) };
    let (seen, hidden): (i64, i64) =
        tx.db.one(&REPLIES, params![tenant, place, seq, at], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if hidden == 0 || seen >= told {
        return Ok(false);
    }
    data["message"]["reply_count"] = json!(seen);
    Ok(true)
}

/// Fields of an event that are places, and what has such fields.
const PLACES: [&str; 3] = ["last_read_seq", "last_delivered_seq", "author_read_seq"];

/// Calls `each` with everything in an event's data that has places.
fn with_places(data: &mut Value, mut each: impl FnMut(&mut Value)) {
    each(data);
    data.get_mut("me").into_iter().for_each(&mut each);
    for list in ["/participants", "/conversation/participants"] {
        if let Some(Value::Array(people)) = data.pointer_mut(list) {
            people.iter_mut().for_each(&mut each);
        }
    }
}

/// The places and messages that events point to.
#[derive(Default)]
struct Points {
    seqs: Vec<i64>,
    ids: Vec<[u8; 16]>,
}

impl Points {
    /// Remembers what an event points to; false when that cannot be read.
    fn find(&mut self, kind: EventKind, data: &Value) -> bool {
        let said = |value: Option<&Value>| value.cloned().filter(|value| !value.is_null());
        let mut readable = subject_of(kind, data).is_none_or(|id| id.and_then(id_of).is_some());
        with_places(&mut data.clone(), |one| {
            for place in PLACES.iter().filter_map(|field| said(one.get(field))) {
                readable &= place.as_i64().map(|seq| self.seqs.push(seq)).is_some();
            }
        });
        for field in ["/message_id", "/message/id", "/message/thread_root_id", "/message/reply_to/id"] {
            if let Some(id) = said(data.pointer(field)) {
                readable &= id_of(&id).map(|id| self.ids.push(id.0.into_bytes())).is_some();
            }
        }
        // A thread has as many replies as everybody sees: counted anew, by the place of its root.
        readable
            && said(data.pointer("/message/reply_count"))
                .is_none_or(|told| told.is_i64() && data.pointer("/message/seq").is_some_and(Value::is_i64))
    }
}

/// Where an event of this kind names the message that it is about, if it is about one, and what stands there.
fn subject_of(kind: EventKind, data: &Value) -> Option<Option<&Value>> {
    match subject(kind) {
        Subject::Message => Some(data.pointer("/message/id")),
        Subject::MessageById => Some(data.get("message_id")),
        Subject::Places | Subject::None => None,
    }
}

fn id_of(value: &Value) -> Option<MessageId> {
    value.as_str()?.parse().ok()
}

/// Hidden messages, each with the last one before it that everybody sees.
#[derive(Default)]
struct Hidden {
    by_seq: HashMap<i64, MessagePosition>,
    by_id: HashMap<MessageId, MessagePosition>,
}

impl Hidden {
    fn among(tx: &mut Tx, tenant: TenantId, place: ConversationId, points: &Points) -> Result<Hidden> {
        let mut found = Hidden::default();
        if points.seqs.is_empty() && points.ids.is_empty() {
            return Ok(found);
        }
        let asked = params![tenant, place, &points.seqs[..], &points.ids[..]];
        for row in tx.db.all(&HIDDEN, asked, HiddenRow::from_row)? {
            let before = MessagePosition { seq: row.seen_seq.unwrap_or(0), id: row.seen_id };
            found.by_id.insert(row.id, before);
            found.by_seq.insert(row.seq, before);
        }
        Ok(found)
    }

    fn at(&self, id: &Value) -> Option<&MessagePosition> {
        self.by_id.get(&id_of(id)?)
    }

    /// Whether the event is about a hidden message.
    fn has_subject(&self, kind: EventKind, data: &Value) -> bool {
        subject_of(kind, data).flatten().is_some_and(|id| self.at(id).is_some())
    }

    /// Takes everything out of an event's data that points to them. Answers whether there was something.
    fn take_out(&self, data: &mut Value) -> bool {
        let before = data.clone();
        with_places(data, |one| {
            for field in PLACES {
                let seq = one.get(field).and_then(Value::as_i64);
                if let Some(place) = seq.and_then(|seq| self.by_seq.get(&seq)) {
                    one[field] = json!(place.seq);
                }
            }
        });
        if let Some(place) = data.get("message_id").and_then(|id| self.at(id)) {
            data["message_id"] = json!(place.id);
        }
        if let Some(message) = data.get_mut("message") {
            if self.at(&message["thread_root_id"]).is_some() {
                message["thread_root_id"] = Value::Null;
            }
            if self.at(&message["reply_to"]["id"]).is_some() {
                message["reply_to"] = Value::Null;
            }
        }
        before != *data
    }
}
