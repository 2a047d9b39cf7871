//! Posting: exactly once. The conversation's row is locked first, so that whoever comes second with the same
//! `client_id` finds the first result. Seven short statements, whatever the number of participants.

use parlor_db::params;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    attachments::{self, Attachment},
    contacts,
    conversations::{self, Conversation, Membership, Related, Role, Sight},
    direct,
    error::{Result, conflict, invalid, not_found},
    events::{self, NewEvent},
    ids::{ConversationId, MessageId, PersonId, RowId, TenantId},
    kinds::Kind,
    participants,
    person::{Actor, Person, PersonKind},
    search,
    time::Time,
    tx::Tx,
    visible::Viewer,
};

use super::{Body, Mention, Message, MessageKind, Quote, html, mentions, store};

/// What is to be posted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// Markdown.
    pub body: String,
    /// Chosen by the client; the same one in the same conversation answers the first result again.
    pub client_id: Option<String>,
    /// For staff only (support).
    #[serde(default)]
    pub is_private_note: bool,
    /// The root of the thread that it belongs to.
    pub thread_root_id: Option<MessageId>,
    /// The message that it answers.
    pub reply_to_id: Option<MessageId>,
    /// A record of the host application that it is about.
    pub related: Option<Related>,
    /// Another system's id of it.
    pub external_id: Option<String>,
    /// Files that one has uploaded; a message with files needs no text.
    #[serde(default)]
    pub attachment_ids: Vec<RowId>,
}

impl NewMessage {
    /// A plain text.
    pub fn text(body: impl Into<String>) -> NewMessage {
        NewMessage {
            body: body.into(),
            client_id: None,
            is_private_note: false,
            thread_root_id: None,
            reply_to_id: None,
            related: None,
            external_id: None,
            attachment_ids: Vec::new(),
        }
    }
}

/// A message that was posted, now or before.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message.
    pub message: Message,
    /// The same as JSON: encoded once for the event and for the answer.
    pub json: Box<RawValue>,
    /// False when the same `client_id` had posted it before.
    pub is_new: bool,
}

/// Everything that a message's row is made of, once the rules have passed it.
struct Draft<'a> {
    kind: MessageKind,
    body: &'a str,
    html: Option<&'a str>,
    is_private: bool,
    client_id: Option<&'a str>,
    reply_to: Option<Quote>,
    root: Option<(MessageId, i64)>,
    mentions: Vec<Mention>,
    related: Option<&'a Related>,
    files: Vec<Attachment>,
    system: Option<Value>,
    external_id: Option<&'a str>,
}

/// Posts a message, or answers the one that the same `client_id` has posted before.
pub fn post(tx: &mut Tx, actor: &Actor, id: ConversationId, new: &NewMessage, body: &Body) -> Result<Posted> {
    let (conversation, me, sight) = conversations::lock(tx, actor, id)?;
    if let Some(client_id) = &new.client_id {
        check_client_id(client_id)?;
        if let Some(first) = find_first(tx, actor, &conversation, new, body, client_id)? {
            return Ok(Posted { json: to_raw_value(&first)?, message: first, is_new: false });
        }
    }
    if new.is_private_note {
        conversations::check_note(actor, &conversation)?;
    }
    conversations::check_post(tx, actor, &conversation, me.as_ref(), sight)?;
    if let Some(related) = &new.related {
        related.check()?;
    }
    let (conversation, me) = take_part(tx, actor, conversation, me, sight)?;
    let (reply_to, root) = answered(tx, actor, &conversation, new)?;
    let draft = Draft {
        kind: MessageKind::Text,
        body: &body.text,
        html: body.html.as_deref(),
        is_private: new.is_private_note,
        client_id: new.client_id.as_deref(),
        reply_to,
        root,
        mentions: mentions::of(tx, actor, &conversation, me.as_ref(), body)?,
        related: new.related.as_ref(),
        files: attachments::wanted(tx, actor, &new.attachment_ids)?,
        system: None,
        external_id: new.external_id.as_deref(),
    };
    if body.text.is_empty() && new.attachment_ids.is_empty() {
        return Err(invalid("body", "not_empty", "write something"));
    }
    let direct = conversation.kind == Kind::Direct;
    let posted = append(tx, actor, conversation, me.as_ref(), draft)?;
    if direct {
        direct::posted(tx, actor, &posted.message)?;
    }
    Ok(posted)
}

fn check_client_id(client_id: &str) -> Result<()> {
    let fits = (1..=100).contains(&client_id.len()) && !client_id.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(invalid("client_id", "length", "use 1 to 100 characters")) }
}

fn find_first(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    new: &NewMessage,
    body: &Body,
    client_id: &str,
) -> Result<Option<Message>> {
    let found =
        tx.db.opt(&store::BY_CLIENT, params![actor.tenant, conversation.id, client_id], store::from_row)?;
    let Some(first) = found else { return Ok(None) };
    let same_author = first.message.author.as_ref().is_some_and(|author| author.id == actor.id());
    let edited = first.message.edited_at.is_some();
    if !same_author
        || (first.body != body.text && !edited)
        || first.message.is_private_note != new.is_private_note
    {
        return Err(conflict(
            "client_id",
            "this client_id has already posted something else in this conversation",
        ));
    }
    Ok(store::complete(tx, actor.tenant, Viewer::of(actor), conversation.id, vec![first])?.pop())
}

/// An outsider who writes takes part from then on; where everybody reads, the row only counts own messages.
fn take_part(
    tx: &mut Tx,
    actor: &Actor,
    conversation: Conversation,
    me: Option<Membership>,
    sight: Sight,
) -> Result<(Conversation, Option<Membership>)> {
    if me.as_ref().is_some_and(Membership::is_active) || actor.person.kind == PersonKind::System {
        return Ok((conversation, me));
    }
    if conversation.rules().everyone || sight != Sight::Outsider {
        participants::remember(tx, actor, conversation.id)?;
    } else {
        let person = actor.person.clone();
        participants::enter(tx, actor, &conversation, &[person], Role::Member, "participant_joined")?;
    }
    conversations::store::load(tx, actor, conversation.id)?.ok_or(not_found("conversation"))
}

type Answered = (Option<Quote>, Option<(MessageId, i64)>);

/// What the message answers, and the root of the thread that makes. Whoever reads the message sees both: a message for
/// everybody answers no private note.
fn answered(tx: &mut Tx, actor: &Actor, conversation: &Conversation, new: &NewMessage) -> Result<Answered> {
    let readers = Viewer::of_readers(new.is_private_note);
    let (reply, root) = match (new.reply_to_id, new.thread_root_id) {
        (None, None) => return Ok((None, None)),
        (Some(reply), root) => (answerable(tx, actor, conversation, readers, reply, "reply_to_id")?, root),
        (None, Some(root)) => {
            (answerable(tx, actor, conversation, readers, root, "thread_root_id")?, Some(root))
        }
    };
    let root_seq = reply.thread_root_seq.unwrap_or(reply.message.seq);
    // A root that was purged, or that not all who read this message see, leaves the thread to whoever is answered.
    let root_message = match store::by_seq(tx, actor.tenant, conversation.id, root_seq)? {
        Some(root) if readers.sees(root.is_private) => root.message,
        _ => reply.message.clone(),
    };
    let root_seq = root_message.seq;
    if let Some(other) = root.filter(|root| *root != root_message.id && *root != reply.message.id) {
        answerable(tx, actor, conversation, readers, other, "thread_root_id")?;
        return Err(invalid(
            "thread_root_id",
            "same_thread",
            "the message answered belongs to another thread",
        ));
    }
    Ok((Some(store::quote(reply.message)), Some((root_message.id, root_seq))))
}

/// A message that a new one may answer: the actor sees it, and so does everybody who will read the answer.
fn answerable(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    readers: Viewer,
    id: MessageId,
    field: &'static str,
) -> Result<store::Stored> {
    let found = store::by_id(tx, actor, id)?
        .filter(|found| {
            found.message.conversation_id == conversation.id && found.message.kind == MessageKind::Text
        })
        .filter(|found| Viewer::of(actor).sees(found.is_private))
        .ok_or_else(|| invalid(field, "known", "names no message of this conversation"))?;
    if readers.sees(found.is_private) { Ok(found) } else { Err(answers_note(field)) }
}

fn answers_note(field: &'static str) -> crate::Error {
    let detail = "this names a private note, which not everybody who reads the answer may see: \
                  answer it with a private note, or leave it away";
    invalid(field, "private_note", detail)
}

/// Notes down what happened to a conversation. Counts as unread for nobody.
pub(crate) fn system(tx: &mut Tx, actor: &Actor, id: ConversationId, payload: Value) -> Result<()> {
    let (conversation, me) = conversations::store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let draft = Draft {
        kind: MessageKind::System,
        body: "",
        html: None,
        is_private: conversation.rules().notes,
        client_id: None,
        reply_to: None,
        root: None,
        mentions: Vec::new(),
        related: None,
        files: Vec::new(),
        system: Some(payload),
        external_id: None,
    };
    append(tx, actor, conversation, me.as_ref(), draft)?;
    Ok(())
}

/// Writes the row, the counters, the index and the event.
fn append(
    tx: &mut Tx,
    actor: &Actor,
    mut conversation: Conversation,
    me: Option<&Membership>,
    draft: Draft<'_>,
) -> Result<Posted> {
    let (event_seq, no) = events::next_with_message(tx, actor)?;
    count(&mut conversation, &draft, actor.is_staff());
    let own = me.map_or(0, |me| me.own_count) + i64::from(draft.kind == MessageKind::Text);
    let message = shown(tx, actor, &conversation, &draft);
    insert(
        tx,
        actor,
        &conversation,
        &message,
        &draft,
        Place { no, own, event_seq: Some(event_seq), at: tx.now },
    )?;
    let c = &conversation;
    tx.db.execute_later(
        &conversations::store::POSTED,
        params![
            actor.tenant,
            c.id,
            c.last_seq,
            c.last_public_seq,
            c.staff_count,
            c.public_count,
            tx.now,
            c.team_read_seq,
            c.team_read_count
        ],
    )?;
    let mut author_read_seq = None;
    if let Some(me) = me.filter(|_| draft.kind == MessageKind::Text) {
        // Told only where it moved: the old place may be that of a note.
        author_read_seq =
            Some(count_own(tx, actor, &conversation, me, own)?).filter(|seq| *seq != me.read_seq);
    }
    if draft.kind == MessageKind::Text && actor.is_contact() {
        tx.db.execute(&contacts::TOUCH, params![actor.tenant, actor.id(), tx.now])?;
    }
    let json = to_raw_value(&message)?;
    let news = News {
        message: &json,
        conversation: NewsOfConversation { last_seq: conversation.last_seq, last_activity_at: tx.now },
        author_read_seq,
    };
    let event = NewEvent {
        kind: "message.posted",
        conversation: Some(conversation.id),
        audience: conversation.readers_of(draft.is_private),
        access: &[],
        data: news,
    };
    events::append_as(tx, actor, event_seq, event)?;
    Ok(Posted { message, json, is_new: true })
}

/// What the event `message.posted` tells.
#[derive(Serialize)]
struct News<'a> {
    message: &'a RawValue,
    conversation: NewsOfConversation,
    author_read_seq: Option<i64>,
}

#[derive(Serialize)]
struct NewsOfConversation {
    last_seq: i64,
    last_activity_at: Time,
}

/// The conversation's counters after this message.
fn count(conversation: &mut Conversation, draft: &Draft<'_>, by_staff: bool) {
    let text = i64::from(draft.kind == MessageKind::Text);
    conversation.last_seq += 1;
    conversation.staff_count += text;
    if !draft.is_private {
        conversation.last_public_seq = conversation.last_seq;
        conversation.public_count += text;
    }
    let answered = by_staff && text == 1;
    let nothing_open = conversation.team_read_count == conversation.staff_count - text && text == 0;
    if answered || nothing_open {
        conversation.team_read_seq = conversation.last_seq;
        conversation.team_read_count = conversation.staff_count;
    }
}

/// The author's counters and read position. Whoever had nothing unread has read its own message as well.
fn count_own(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: &Membership,
    own: i64,
) -> Result<i64> {
    let total = if actor.is_contact() { conversation.public_count } else { conversation.staff_count };
    let up_to_date = total - 1 - me.read_count == me.own_count - me.own_read;
    let (own_read, read_seq, read_count) = if up_to_date {
        (own, conversation.last_seq, total)
    } else {
        (me.own_read, me.read_seq, me.read_count)
    };
    tx.db.execute_later(
        &store::OWN,
        params![
            actor.tenant,
            conversation.id,
            actor.id(),
            own,
            conversation.last_seq,
            own_read,
            read_seq,
            read_count
        ],
    )?;
    Ok(read_seq)
}

fn shown(tx: &mut Tx, actor: &Actor, conversation: &Conversation, draft: &Draft<'_>) -> Message {
    Message {
        id: MessageId(tx.id()),
        conversation_id: conversation.id,
        seq: conversation.last_seq,
        kind: draft.kind,
        author: Some(actor.person.clone()),
        body: draft.body.to_owned(),
        html: draft.html.map_or_else(|| html::render(draft.body, &draft.mentions), str::to_owned),
        is_private_note: draft.is_private && draft.kind == MessageKind::Text,
        client_id: draft.client_id.map(str::to_owned),
        reply_to: draft.reply_to.clone(),
        thread_root_id: draft.root.map(|(id, _)| id),
        reply_count: 0,
        mentions: draft.mentions.clone(),
        related: draft.related.cloned(),
        attachments: draft.files.clone(),
        reactions: Vec::new(),
        pinned_at: None,
        created_at: tx.now,
        edited_at: None,
        deleted_at: None,
        system: draft.system.clone(),
        external_id: draft.external_id.map(str::to_owned),
        status: None,
    }
}

struct Place {
    no: i64,
    own: i64,
    event_seq: Option<i64>,
    at: Time,
}

fn insert(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    message: &Message,
    draft: &Draft<'_>,
    place: Place,
) -> Result<()> {
    let text = |value: Option<Value>| value.map(|value| value.to_string());
    let mentions =
        if draft.mentions.is_empty() { None } else { Some(serde_json::to_string(&draft.mentions)?) };
    let related = draft.related.map(serde_json::to_string).transpose()?;
    let files = if draft.files.is_empty() { None } else { Some(serde_json::to_string(&draft.files)?) };
    let root = draft.root.map(|(_, seq)| seq);
    let kind = if draft.kind == MessageKind::Text { "text" } else { "system" };
    tx.db.execute_later(
        &store::INSERT,
        params![
            place.no,
            actor.tenant,
            conversation.id,
            conversation.last_seq,
            message.id,
            kind,
            actor.id(),
            actor.person.kind,
            draft.body,
            draft.is_private,
            draft.client_id,
            draft.reply_to.as_ref().map(|quote| quote.seq),
            root,
            mentions.as_deref(),
            related.as_deref(),
            text(draft.system.clone()).as_deref(),
            conversation.staff_count,
            conversation.public_count,
            place.own,
            place.event_seq,
            place.at,
            draft.external_id,
            files.as_deref()
        ],
    )?;
    attachments::claim(tx, actor.tenant, &draft.files, message.id)?;
    mentions::store(tx, actor, conversation, conversation.last_seq, &draft.mentions)?;
    if let Some(root) = root {
        tx.db.execute_later(&store::COUNT_REPLY, params![actor.tenant, conversation.id, root, 1_i64])?;
    }
    Ok(())
}

/// A message of another system's history.
pub(crate) struct Import<'a> {
    pub author: &'a Person,
    pub at: Time,
    pub body: &'a Body,
    pub terms: &'a str,
    pub client_id: &'a str,
    pub reply_to_seq: Option<i64>,
    pub thread_root_seq: Option<i64>,
    /// Own messages of the author so far, this one included.
    pub own: i64,
    pub no: i64,
}

/// A thread of a history has so many replies more.
pub(crate) fn count_replies(
    tx: &mut Tx,
    tenant: TenantId,
    conversation: ConversationId,
    root: i64,
    replies: i64,
) -> Result<()> {
    tx.db.execute_later(&store::COUNT_REPLY, params![tenant, conversation, root, replies])?;
    Ok(())
}

/// Writes a message of a history: row and index, no event of its own. The caller writes the counters afterwards.
pub(crate) fn append_import(
    tx: &mut Tx,
    system: &Actor,
    conversation: &mut Conversation,
    import: &Import<'_>,
) -> Result<()> {
    conversation.last_seq += 1;
    conversation.last_public_seq = conversation.last_seq;
    conversation.staff_count += 1;
    conversation.public_count += 1;
    let id = MessageId(tx.id());
    let author: PersonId = import.author.id;
    tx.db.execute_later(
        &store::INSERT,
        params![
            import.no,
            system.tenant,
            conversation.id,
            conversation.last_seq,
            id,
            "text",
            author,
            import.author.kind,
            import.body.text.as_str(),
            false,
            import.client_id,
            import.reply_to_seq,
            import.thread_root_seq,
            None::<&str>,
            None::<&str>,
            None::<&str>,
            conversation.staff_count,
            conversation.public_count,
            import.own,
            None::<i64>,
            import.at,
            None::<&str>,
            None::<&str>
        ],
    )?;
    let place = search::Place {
        conversation: conversation.id,
        kind: conversation.kind,
        author,
        no: import.no,
        at: import.at,
        has: search::has_of(&import.body.text, &[]),
    };
    search::index(tx, &place, import.terms)
}
