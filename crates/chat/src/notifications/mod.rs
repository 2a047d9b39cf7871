//! Notifications: what a person is told beside its conversations: a direct message, an alert of the host application,
//! a notice of the system. Owns their rows and events. The rules of who is told of what, when and by which way stand
//! beside: `types`, `quiet_hours`, `plan`, `batches`, `digest`. Must not know: how a push or a mail is sent.

pub mod batches;
pub mod digest;
pub mod plan;
pub mod quiet_hours;
pub mod types;

use parlor_db::{FromRow, params, row, statements};
use serde::Deserialize;
use serde_json::json;

use crate::{
    error::{Result, invalid, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{MessageId, PersonId, RowId},
    json::Json,
    page::{Page, cursor, limit},
    person::{Actor, PersonKind},
    related::Related,
    rights::Right,
    tx::Tx,
    users,
    words::{HostNotificationKind, NotificationKind, NotificationStatus},
};

pub use crate::resources::notification::Notification;

/// A notification that a host application sends.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotification {
    /// Whom it tells something; at most 1,000.
    pub user_ids: Vec<PersonId>,
    /// In a few words.
    pub title: String,
    /// In a sentence.
    #[serde(default)]
    pub message: String,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: HostNotificationKind,
    /// What it is about.
    pub related: Option<Related>,
}

/// The most characters of a message that its notification shows.
pub(crate) const SHOWN_CHARS: usize = 140;
const MOST_AT_ONCE: usize = 1_000;

row! {
    impl Notification, notification_columns! {
        id: "id",
        user_id: "user_id",
        title: "title",
        message: "message",
        kind: "kind",
        status: "status",
        related: Json "related",
        message_id: "message_id",
        push_sent: "push_sent_at IS NOT NULL",
        push_sent_at: "push_sent_at",
        created_at: "created_at",
    }
}

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO notifications (tenant, id, user_id, title, message, kind, status, related, message_id, push_sent_at,
            event_seq, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'unread', $7, $8, NULL, $9, $10)");
    /// One of a person.
    pub static FIND = both(concat!("
        SELECT ", notification_columns!(), " FROM notifications WHERE tenant = $1 AND id = $2 AND user_id = $3"));
    /// A page of a person's in one status, newest first.
    pub static PAGE = both(concat!("
        SELECT ", notification_columns!(), " FROM notifications
        WHERE tenant = $1 AND user_id = $2 AND status = $3 AND id < $4 ORDER BY id DESC LIMIT $5"));
    /// How many of a person's are unread.
    pub static UNREAD = both("
        SELECT COUNT(*) FROM notifications WHERE tenant = $1 AND user_id = $2 AND status = 'unread'");
    /// Another status.
    pub static SET_STATUS = both("
        UPDATE notifications SET status = $4 WHERE tenant = $1 AND id = $2 AND user_id = $3");
    /// Those that tell of one of these messages: they must say something else now.
    pub static RETELL = both("
        UPDATE notifications SET message = $3 WHERE tenant = $1 AND message_id = ANY($2) RETURNING event_seq");
    /// Those that tell of messages which are gone for good.
    pub static FORGET = both("
        DELETE FROM notifications WHERE tenant = $1 AND message_id = ANY($2) RETURNING event_seq");
    /// Those of a person that tell of messages up to a place of a conversation.
    pub static SEEN = both("
        SELECT n.id FROM messages m
        JOIN notifications n ON n.tenant = m.tenant AND n.message_id = m.id
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq > $3 AND m.seq <= $4
          AND n.user_id = $5 AND n.status = 'unread' LIMIT 500");
}

/// A page of one's own, newest first: the unread ones, then the others when no status is asked for.
pub fn list(
    tx: &mut Tx,
    actor: &Actor,
    status: Option<NotificationStatus>,
    after: Option<&str>,
    asked: Option<i64>,
) -> Result<Page<Notification>> {
    let wanted = NotificationStatus::ALL.iter().copied().filter(|known| status.is_none_or(|s| s == *known));
    let limit = limit(asked);
    let mut cursor = cursor(after, |after| {
        let (status, id) = after.split_once('_')?;
        Some((NotificationStatus::parse(status)?, id.parse::<RowId>().ok()?))
    })?;
    let mut rows: Vec<Notification> = Vec::new();
    for status in wanted {
        let below = match &cursor {
            Some((at, _)) if *at != status => continue,
            Some((_, id)) => *id,
            None => RowId(uuid::Uuid::max()),
        };
        cursor = None;
        let left = i64::try_from(limit + 1 - rows.len().min(limit + 1)).unwrap_or(0);
        rows.extend(tx.db.all(
            &PAGE,
            params![actor.tenant, actor.id(), status, below, left],
            Notification::from_row,
        )?);
    }
    Ok(Page::cut(rows, limit, |last| format!("{}_{}", last.status.name(), last.id)))
}

/// How many of one's own are unread.
pub fn unread(tx: &mut Tx, actor: &Actor) -> Result<i64> {
    Ok(tx.db.one(&UNREAD, params![actor.tenant, actor.id()], |row| row.get(0))?)
}

/// Marks one's own read, unread or archived.
pub fn set_status(tx: &mut Tx, actor: &Actor, id: RowId, status: NotificationStatus) -> Result<Notification> {
    let find = |tx: &mut Tx| -> Result<Notification> {
        let found = tx.db.opt(&FIND, params![actor.tenant, id, actor.id()], Notification::from_row)?;
        found.ok_or(not_found("notification"))
    };
    if find(tx)?.status != status {
        tx.db.execute(&SET_STATUS, params![actor.tenant, id, actor.id(), status])?;
        // Without its words, so that only the event of its making can tell what was deleted since.
        let told = payloads::NotificationUpdated { notification_id: id, status };
        tell(tx, actor, actor.id(), Payload::NotificationUpdated(told))?;
    }
    find(tx)
}

/// Tells people something on behalf of the host application. Needs `manage_users`.
pub fn send(tx: &mut Tx, actor: &Actor, new: &NewNotification) -> Result<Vec<Notification>> {
    actor.require(Right::ManageUsers, "notification.send")?;
    if new.user_ids.is_empty() || new.user_ids.len() > MOST_AT_ONCE {
        return Err(invalid("user_ids", "count", "name 1 to 1,000 users"));
    }
    let title = new.title.trim();
    if title.is_empty() || title.chars().count() > 200 {
        return Err(invalid("title", "length", "use 1 to 200 characters"));
    }
    if new.message.chars().count() > 2_000 {
        return Err(invalid("message", "length", "use at most 2,000 characters"));
    }
    if let Some(related) = &new.related {
        related.check()?;
    }
    let mut ids = new.user_ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let people = users::require_all(tx, actor.tenant, &ids, "user_ids")?;
    let mut sent = Vec::new();
    for person in people {
        let content =
            Content { title, message: &new.message, kind: new.kind.into(), related: new.related.as_ref() };
        sent.push(insert(tx, actor, person.id, &content, None)?);
    }
    Ok(sent)
}

/// What a notification says.
struct Content<'a> {
    title: &'a str,
    message: &'a str,
    kind: NotificationKind,
    related: Option<&'a Related>,
}

/// The actor posted a direct message to somebody. `beginning` is how its text begins.
pub(crate) fn of_message(
    tx: &mut Tx,
    actor: &Actor,
    to: PersonId,
    message: MessageId,
    beginning: &str,
    related: Option<&Related>,
) -> Result<()> {
    let content =
        Content { title: &actor.person.name, message: beginning, kind: NotificationKind::Message, related };
    insert(tx, actor, to, &content, Some(message)).map(drop)
}

fn insert(
    tx: &mut Tx,
    actor: &Actor,
    to: PersonId,
    content: &Content<'_>,
    message: Option<MessageId>,
) -> Result<Notification> {
    let made = Notification {
        id: RowId(tx.id()),
        user_id: to,
        title: content.title.to_owned(),
        message: content.message.to_owned(),
        kind: content.kind,
        status: NotificationStatus::Unread,
        related: content.related.cloned(),
        message_id: message,
        push_sent: false,
        push_sent_at: None,
        created_at: tx.now,
    };
    let told = payloads::NotificationCreated { notification: made.clone() };
    let seq = tell(tx, actor, to, Payload::NotificationCreated(told))?;
    let related = content.related.map(serde_json::to_string).transpose()?;
    tx.db.execute_later(
        &INSERT,
        params![
            actor.tenant,
            made.id,
            to,
            content.title,
            content.message,
            content.kind,
            related.as_deref(),
            message,
            seq,
            tx.now
        ],
    )?;
    Ok(made)
}

fn tell(tx: &mut Tx, actor: &Actor, to: PersonId, told: Payload) -> Result<i64> {
    events::append(tx, actor, NewEvent::new(told, Audience::Person(to)))
}

/// A message says something else now, and begins so: so do the notifications of it, in replays as well.
pub(crate) fn retell(tx: &mut Tx, actor: &Actor, message: MessageId, beginning: &str) -> Result<()> {
    let ids = [message.0.into_bytes()];
    let told: Vec<Option<i64>> =
        tx.db.all(&RETELL, params![actor.tenant, &ids[..], beginning], |row| row.get(0))?;
    rewrite(tx, actor, told, beginning)
}

/// Messages are gone for good: so are the notifications of them.
pub(crate) fn forget(tx: &mut Tx, actor: &Actor, messages: &[[u8; 16]]) -> Result<()> {
    let told: Vec<Option<i64>> = tx.db.all(&FORGET, params![actor.tenant, messages], |row| row.get(0))?;
    rewrite(tx, actor, told, "")
}

fn rewrite(tx: &mut Tx, actor: &Actor, told: Vec<Option<i64>>, text: &str) -> Result<()> {
    for seq in told.into_iter().flatten() {
        events::rewrite(tx, actor.tenant, seq, |data| {
            if let Some(notification) = data.get_mut("notification") {
                notification["message"] = json!(text);
            }
        })?;
    }
    Ok(())
}

/// Whoever has read messages has seen the notifications of them.
pub(crate) fn seen(
    tx: &mut Tx,
    actor: &Actor,
    place: crate::ids::ConversationId,
    after: i64,
    upto: i64,
) -> Result<()> {
    if actor.person.kind != PersonKind::User {
        return Ok(());
    }
    let ids: Vec<RowId> =
        tx.db.all(&SEEN, params![actor.tenant, place, after, upto, actor.id()], |row| row.get(0))?;
    for id in ids {
        set_status(tx, actor, id, NotificationStatus::Read)?;
    }
    Ok(())
}
