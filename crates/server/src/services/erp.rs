//! Owns: what the ERP contract does, over HTTP and over Socket.IO alike, in its own words.
//! Must not know: paths, sockets, rules.

use std::sync::Arc;

use parlor_chat::conversations::{self, ListFilter, NewConversation, Related, View};
use parlor_chat::messages::{self, MessagePage, NewMessage, Range};
use parlor_chat::{Actor, Error, Kind, MessageId, PersonId, Tx, read_state, users};
use parlor_realtime::contracts::erp::{Message, Read, ReadPosition};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::request::problem::Problem;
use crate::services::sending;

/// A message to somebody.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendInput {
    /// To whom.
    pub to_user_id: PersonId,
    /// The text.
    pub content: String,
    /// The record that it is about.
    pub related: Option<RelatedInput>,
    /// Chosen by the client; the same one again answers the first result.
    pub client_id: Option<String>,
}

/// A record of the host application; only type and id are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedInput {
    /// "sale", "product", "alert" …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there.
    pub id: String,
    /// Shown on the card.
    pub title: Option<String>,
    /// The way back to it.
    pub url: Option<String>,
    /// Shown on the card.
    #[serde(alias = "picture_url")]
    pub picture_url: Option<String>,
}

/// Which part of a conversation.
#[derive(Debug, Default)]
pub struct Asked {
    /// Before this message.
    pub before: Option<String>,
    /// After this message.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

impl From<RelatedInput> for Related {
    fn from(input: RelatedInput) -> Related {
        let title = input.title.unwrap_or_else(|| format!("{} {}", input.kind, input.id));
        Related { kind: input.kind, id: input.id, title, url: input.url, picture_url: input.picture_url }
    }
}

/// Sends a message; the conversation of the two is made if need be.
///
/// # Errors
/// What the rules refuse; a refusal leaves an audit row.
pub async fn send(app: &Ctx, actor: &Arc<Actor>, input: SendInput) -> Result<Message, Problem> {
    let message = NewMessage {
        client_id: input.client_id,
        related: input.related.map(Related::from),
        ..NewMessage::text(input.content)
    };
    let new = NewConversation {
        user_ids: vec![input.to_user_id],
        message: Some(message),
        ..NewConversation::of(Kind::Direct)
    };
    let (message, readers) = sending::open(app, actor, new, |_, _, opened| {
        let message = opened.message.ok_or(Error::NotFound { what: "message" })?;
        Ok((message, readers(&opened.conversation)))
    })
    .await?;
    Ok(Message::of(message, &readers))
}

/// Marks everything up to a message read.
///
/// # Errors
/// When there is no such message for the caller.
pub async fn read(app: &Ctx, actor: &Arc<Actor>, id: MessageId) -> Result<Read, Problem> {
    let run = app.db.write(actor, move |tx, actor| {
        let message = messages::get(tx, actor, id)?;
        read_state::read(tx, actor, message.conversation_id, Some(message.seq))?;
        Ok((message, tx.now))
    });
    let (message, now) = run.await?;
    Ok(Read {
        message_id: Some(id.to_string()),
        conversation_id: Some(message.conversation_id.to_string()),
        user_id: Some(actor.id().to_string()),
        read_at: Some(now.rfc3339()),
    })
}

/// My direct conversations, newest message first.
///
/// # Errors
/// When the database fails.
pub async fn conversations(
    app: &Ctx,
    actor: &Arc<Actor>,
    after: Option<String>,
    limit: Option<i64>,
) -> Result<Value, Problem> {
    let filter = ListFilter { kinds: vec![Kind::Direct], mine: true, after, limit, ..ListFilter::default() };
    let page = app.db.read(actor, move |tx, actor| conversations::list(tx, actor, &filter)).await?;
    let items: Vec<Value> = page.items.iter().map(|view| conversation(actor, view)).collect();
    Ok(json!({"items": items, "next": page.next}))
}

/// The history with somebody, in pages; empty while nothing was said.
///
/// # Errors
/// When there is no such user.
pub async fn history(app: &Ctx, actor: &Arc<Actor>, with: PersonId, asked: Asked) -> Result<Value, Problem> {
    let read = app.db.read(actor, move |tx, actor| {
        users::get(tx, actor, with)?;
        let Some(id) = conversations::direct_with(tx, actor, with)? else { return Ok(None) };
        let range = match (&asked.before, &asked.after) {
            (Some(before), _) => Range::Before(place(tx, actor, before)?),
            (None, Some(after)) => Range::After(place(tx, actor, after)?),
            (None, None) => Range::Newest,
        };
        let page = messages::page(tx, actor, id, range, asked.limit)?;
        Ok(Some((conversations::get(tx, actor, id)?, page)))
    });
    let Some((view, MessagePage { items, has_before, has_after })) = read.await? else {
        return Ok(json!({"conversation": null, "items": [], "hasBefore": false, "hasAfter": false}));
    };
    let readers = readers(&view);
    let items = items.into_iter().map(|message| Message::of(message, &readers)).collect::<Vec<_>>();
    let conversation = conversation(actor, &view);
    Ok(json!({"conversation": conversation, "items": items, "hasBefore": has_before, "hasAfter": has_after}))
}

/// A place in a conversation: a number, or the id of the message that has it.
fn place(tx: &mut Tx<'_>, actor: &Actor, text: &str) -> Result<i64, Error> {
    match (text.parse::<i64>(), text.parse::<MessageId>()) {
        (Ok(seq), _) => Ok(seq),
        (_, Ok(id)) => Ok(messages::get(tx, actor, id)?.seq),
        _ => Err(Error::NotFound { what: "message" }),
    }
}

fn readers(view: &View) -> Vec<ReadPosition> {
    let reader = |participant: &parlor_chat::participants::Participant| ReadPosition {
        person: participant.person.id,
        seq: participant.last_read_seq,
        at: participant.last_read_at,
    };
    view.participants.iter().map(reader).collect()
}

/// A conversation, for one of its two.
fn conversation(actor: &Actor, view: &View) -> Value {
    let mut pair: Vec<PersonId> = view.participants.iter().map(|participant| participant.person.id).collect();
    pair.sort_unstable();
    let with = view.participants.iter().map(|participant| &participant.person);
    let with = with.into_iter().find(|person| person.id != actor.id());
    let last = view.last_message.as_ref().map(|last| {
        json!({
            "id": last.id, "senderId": last.author.as_ref().map(|author| author.id),
            "content": last.preview, "createdAt": last.created_at,
        })
    });
    json!({
        "id": view.id, "tenantId": actor.tenant,
        "userOneId": pair.first(), "userTwoId": pair.get(1),
        "createdAt": view.created_at, "updatedAt": view.last_activity_at,
        "with": with.map(|person| json!({
            "id": person.id, "name": person.name, "avatarUrl": person.avatar_url,
        })),
        "lastMessage": last,
        "unreadCount": view.me.as_ref().map_or(0, |me| me.unread),
        "muted": view.me.as_ref().is_some_and(|me| me.muted),
        "canPost": view.me.as_ref().is_some_and(|me| me.can.post),
    })
}
