//! Posting: exactly once. The conversation's row is locked first, so that whoever comes second with the same
//! `client_id` finds the first result. Seven short statements, whatever the number of participants.

use parlor_db::{FromRow, params};
use serde::Deserialize;
use serde_json::value::to_raw_value;

use crate::{
    attachments::{self},
    conversations::{self, Conversation, Membership, Related, Role, Visibility},
    error::{Result, conflict, invalid, not_found},
    hooks,
    ids::{ConversationId, MessageId, RowId},
    kinds::Kind,
    participants,
    person::{Actor, PersonKind},
    text::check_id,
    tx::Tx,
    viewer::Viewer,
};

use super::{
    Body, Message, MessageKind, Quote, SystemMessage,
    append::{Draft, Posted, append},
    mentions,
    row::Stored,
    store,
};

/// What is to be posted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// The text, as Markdown. `@[Full Name|id]` names exactly this person; the id does not stay in the text.
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

/// Posts a message, or answers the one that the same `client_id` has posted before.
pub fn post(tx: &mut Tx, actor: &Actor, id: ConversationId, new: &NewMessage, body: &Body) -> Result<Posted> {
    let (conversation, me, visibility) = conversations::lock(tx, actor, id)?;
    if let Some(client_id) = &new.client_id {
        check_client_id(client_id)?;
        if let Some(first) = find_first(tx, actor, &conversation, new, body, client_id)? {
            return Ok(Posted { json: to_raw_value(&first)?, message: first, is_new: false });
        }
    }
    if new.is_private_note {
        conversations::check_note(actor, &conversation)?;
    }
    conversations::check_post(tx, actor, &conversation, me.as_ref(), visibility)?;
    if let Some(related) = &new.related {
        related.check()?;
    }
    check_id("external_id", new.external_id.as_deref())?;
    let (conversation, me) = take_part(tx, actor, conversation, me, visibility)?;
    let (reply_to, root) = answered(tx, actor, &conversation, new)?;
    let named = mentions::of(tx, actor, &conversation, me.as_ref(), body, &[])?;
    let draft = Draft {
        kind: MessageKind::Text,
        body: &body.text,
        html: body.html.as_deref(),
        is_private: new.is_private_note,
        client_id: new.client_id.as_deref(),
        reply_to,
        root,
        mentions: named.mentions,
        related: new.related.as_ref(),
        files: attachments::wanted(tx, actor, &new.attachment_ids)?,
        system: None,
        external_id: new.external_id.as_deref(),
    };
    if body.text.is_empty() && new.attachment_ids.is_empty() {
        return Err(invalid("body", "not_empty", "write something"));
    }
    let direct = conversation.kind == Kind::Direct;
    let mut posted = append(tx, actor, conversation, me.as_ref(), draft)?;
    if !named.nobody.is_empty() {
        posted.message.names_nobody = named.nobody;
        posted.json = to_raw_value(&posted.message)?;
    }
    if body.audited {
        hooks::sent(tx, actor, &posted.message)?;
    }
    if direct {
        hooks::posted(tx, actor, &posted.message)?;
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
        tx.db.opt(&store::BY_CLIENT, params![actor.tenant, conversation.id, client_id], Stored::from_row)?;
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
    visibility: Visibility,
) -> Result<(Conversation, Option<Membership>)> {
    if me.as_ref().is_some_and(Membership::is_active) || actor.person.kind == PersonKind::System {
        return Ok((conversation, me));
    }
    if conversation.rules().everyone || visibility != Visibility::Outsider {
        participants::remember(tx, actor, conversation.id)?;
    } else {
        let person = actor.person.clone();
        participants::add_members(tx, actor, &conversation, &[person], Role::Member, |people| {
            SystemMessage::ParticipantJoined { people }
        })?;
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
) -> Result<Stored> {
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
