//! Owns: what the ERP contract does, over HTTP and over Socket.IO alike, in its own words.
//! Must not know: paths, sockets, rules.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::conversations::{self, ListFilter, NewConversation, Related, View};
use parlor_chat::messages::{self, MessagePage, NewMessage, Range};
use parlor_chat::page::Page;
use parlor_chat::participants::Participant;
use parlor_chat::read_steps::{self, ReadStep};
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Person, PersonId, TenantId, Time, Tx, read_state,
};
use parlor_realtime::contracts::erp::{Message, Read, ReadPosition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Ctx;
use crate::request::problem::Problem;
use crate::services::sending;

/// A message to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ErpSendInput)]
#[serde(rename_all = "camelCase")]
pub struct SendInput {
    /// To whom: by Parlor's id or the host's.
    #[schema(value_type = String)]
    pub to_user_id: NamedUser,
    /// The text.
    pub content: String,
    /// The record that it is about.
    pub related: Option<RelatedInput>,
    /// Chosen by the client; the same one again answers the first result.
    pub client_id: Option<String>,
}

/// A record of the host application; only type and id are asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ErpRelatedInput)]
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

/// Which conversations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AskedList {
    /// A page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
    /// Part of the other one's name.
    pub search: Option<String>,
}

/// Which part of a conversation: message ids, or places (`seq`).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Before this message.
    pub before: Option<String>,
    /// After this message.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

/// A conversation, for one of its two.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErpConversation)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    id: ConversationId,
    tenant_id: TenantId,
    user_one_id: Option<PersonId>,
    user_two_id: Option<PersonId>,
    created_at: Time,
    updated_at: Time,
    with: Option<OtherUser>,
    last_message: Option<LastMessage>,
    unread_count: i64,
    muted: bool,
    can_post: bool,
}

/// The other one of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErpOtherUser)]
#[serde(rename_all = "camelCase")]
struct OtherUser {
    id: PersonId,
    /// The host's own id of them.
    external_id: Option<String>,
    name: String,
    avatar_url: Option<String>,
}

/// The newest message, shortened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErpLastMessage)]
#[serde(rename_all = "camelCase")]
struct LastMessage {
    id: MessageId,
    sender_id: Option<PersonId>,
    content: String,
    created_at: Time,
}

/// A part of a conversation.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ErpHistory)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// None while nothing was said.
    conversation: Option<Conversation>,
    items: Vec<Message>,
    has_before: bool,
    has_after: bool,
}

/// A message that a device of the caller has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErpDelivered)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    message_id: MessageId,
    conversation_id: ConversationId,
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
    send_message(app, actor, input).await.map_err(|refused| refused.in_words_of(&FIELDS))
}

/// What this contract calls the fields of a message.
const FIELDS: [(&str, &str); 4] = [
    ("body", "content"),
    ("user_ids", "toUserId"),
    ("client_id", "clientId"),
    ("related.picture_url", "related.pictureUrl"),
];

async fn send_message(app: &Ctx, actor: &Arc<Actor>, input: SendInput) -> Result<Message, Problem> {
    let message = NewMessage {
        client_id: input.client_id,
        related: input.related.map(Related::from),
        ..NewMessage::text(input.content)
    };
    let to = [input.to_user_id];
    let user_ids = app.db.read(actor, move |tx, actor| users::named(tx, actor, &to, "toUserId")).await?;
    let new = NewConversation { user_ids, message: Some(message), ..NewConversation::of(Kind::Direct) };
    let sent = sending::open(app, actor, new, |tx, actor, opened| {
        let message = opened.message.ok_or(Error::NotFound { what: "message" })?;
        shown(tx, actor, &opened.conversation, vec![message])
    });
    one(sent.await?)
}

/// Changes what one's own message says, inside the tenant's window.
///
/// # Errors
/// When it is not the caller's, or the window is over.
pub async fn edit(app: &Ctx, actor: &Arc<Actor>, id: MessageId, content: &str) -> Result<Message, Problem> {
    let body =
        sending::edited_body(app, actor, content).await.map_err(|refused| refused.in_words_of(&FIELDS))?;
    let run = app.db.write(actor, move |tx, actor| {
        let view = place_of(tx, actor, id)?;
        let message = messages::edit(tx, actor, id, &body)?;
        shown(tx, actor, &view, vec![message])
    });
    one(run.await?)
}

/// Deletes a message: nobody sees what it said.
///
/// # Errors
/// When it is not the caller's to delete.
pub async fn delete(app: &Ctx, actor: &Arc<Actor>, id: MessageId) -> Result<Message, Problem> {
    let run = app.db.write(actor, move |tx, actor| {
        let view = place_of(tx, actor, id)?;
        let message = messages::delete(tx, actor, id)?;
        shown(tx, actor, &view, vec![message])
    });
    one(run.await?)
}

/// A device of the caller has everything up to a message.
///
/// # Errors
/// When there is no such message for the caller.
pub async fn delivered(app: &Ctx, actor: &Arc<Actor>, id: MessageId) -> Result<Delivered, Problem> {
    let run = app.db.write(actor, move |tx, actor| {
        let view = place_of(tx, actor, id)?;
        let seq = messages::get(tx, actor, id)?.seq;
        read_state::delivered(tx, actor, view.id, seq)?;
        Ok(Delivered { message_id: id, conversation_id: view.id })
    });
    Ok(run.await?)
}

/// The conversation of a message, if it is one of two people: this contract knows no other.
fn place_of(tx: &mut Tx<'_>, actor: &Actor, id: MessageId) -> Result<View, Error> {
    let message = messages::get(tx, actor, id)?;
    let view = conversations::get(tx, actor, message.conversation_id)?;
    if view.kind == Kind::Direct { Ok(view) } else { Err(Error::NotFound { what: "message" }) }
}

fn one(messages: Vec<Message>) -> Result<Message, Problem> {
    messages.into_iter().next().ok_or_else(|| Problem::not_found("message not found"))
}

/// Marks everything up to a message read.
///
/// # Errors
/// When there is no such message for the caller.
pub async fn read(app: &Ctx, actor: &Arc<Actor>, id: MessageId) -> Result<Read, Problem> {
    let run = app.db.write(actor, move |tx, actor| {
        let place = place_of(tx, actor, id)?.id;
        let message = messages::get(tx, actor, id)?;
        read_state::read(tx, actor, place, Some(message.seq))?;
        let seq = message.seq;
        let steps = read_steps::between(tx, actor, place, &[actor.id()], (seq, seq))?;
        Ok((place, steps.first().map_or(tx.now, |step| step.at)))
    });
    let (place, at) = run.await?;
    Ok(Read {
        message_id: Some(id.to_string()),
        conversation_id: Some(place.to_string()),
        user_id: Some(actor.id().to_string()),
        read_at: Some(at.rfc3339()),
    })
}

/// My direct conversations, newest message first.
///
/// # Errors
/// When too much was searched for, or the database fails.
pub async fn conversations(
    app: &Ctx,
    actor: &Arc<Actor>,
    asked: AskedList,
) -> Result<Page<Conversation>, Problem> {
    let AskedList { after, limit, search } = asked;
    let filter =
        ListFilter { kinds: vec![Kind::Direct], mine: true, after, limit, search, ..ListFilter::default() };
    app.db.spend_search(actor, filter.search.as_ref()).await?;
    let run = app.db.read(actor, move |tx, actor| {
        let page = conversations::list(tx, actor, &filter)?;
        let others = page.items.iter().filter_map(|view| other(actor, view)).map(|person| person.id);
        let names = users::external_ids(tx, actor.tenant, &others.collect::<Vec<_>>())?;
        let items = page.items.iter().map(|view| Conversation::of(actor, view, &names)).collect();
        Ok(Page { items, next: page.next })
    });
    Ok(run.await?)
}

/// The history with somebody, in pages; empty while nothing was said.
///
/// # Errors
/// When there is no such user.
pub async fn history(
    app: &Ctx,
    actor: &Arc<Actor>,
    with: NamedUser,
    asked: Asked,
) -> Result<History, Problem> {
    let read = app.db.read(actor, move |tx, actor| {
        let with = users::named_one(tx, actor, &with)?;
        let Some(id) = conversations::direct_with(tx, actor, with)? else { return Ok(History::default()) };
        let range = match (&asked.before, &asked.after) {
            (Some(before), _) => Range::Before(messages::place(tx, actor, "before", before)?),
            (None, Some(after)) => Range::After(messages::place(tx, actor, "after", after)?),
            (None, None) => Range::Newest,
        };
        let MessagePage { items, has_before, has_after } = messages::page(tx, actor, id, range, asked.limit)?;
        let view = conversations::get(tx, actor, id)?;
        let items = shown(tx, actor, &view, items)?;
        let names = users::external_ids(tx, actor.tenant, &[with])?;
        let conversation = Some(Conversation::of(actor, &view, &names));
        Ok(History { conversation, items, has_before, has_after })
    });
    Ok(read.await?)
}

/// Messages of a conversation in the contract's words, with the time at which each was read.
fn shown(
    tx: &mut Tx<'_>,
    actor: &Actor,
    view: &View,
    items: Vec<messages::Message>,
) -> Result<Vec<Message>, Error> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return Ok(Vec::new()) };
    let people: Vec<PersonId> = view.participants.iter().map(|participant| participant.person.id).collect();
    let steps = read_steps::between(tx, actor, view.id, &people, (first.seq, last.seq))?;
    let readers: Vec<ReadPosition> = view.participants.iter().map(|one| reader(one, &steps)).collect();
    Ok(items.into_iter().map(|message| Message::of(message, &readers)).collect())
}

fn reader(participant: &Participant, steps: &[ReadStep]) -> ReadPosition {
    let person = participant.person.id;
    let own = steps.iter().filter(|step| step.person == person);
    ReadPosition {
        person,
        seq: participant.last_read_seq,
        at: participant.last_read_at,
        delivered: participant.last_delivered_seq,
        steps: own.map(|step| (step.seq, step.at)).collect(),
    }
}

fn other<'v>(actor: &Actor, view: &'v View) -> Option<&'v Person> {
    view.participants.iter().map(|participant| &participant.person).find(|person| person.id != actor.id())
}

impl Conversation {
    fn of(actor: &Actor, view: &View, names: &HashMap<PersonId, String>) -> Self {
        let mut pair: Vec<PersonId> =
            view.participants.iter().map(|participant| participant.person.id).collect();
        pair.sort_unstable();
        Self {
            id: view.id,
            tenant_id: actor.tenant,
            user_one_id: pair.first().copied(),
            user_two_id: pair.get(1).copied(),
            created_at: view.created_at,
            updated_at: view.last_activity_at,
            with: other(actor, view).map(|person| OtherUser {
                id: person.id,
                external_id: names.get(&person.id).cloned(),
                name: person.name.clone(),
                avatar_url: person.avatar_url.clone(),
            }),
            last_message: view.last_message.as_ref().map(|last| LastMessage {
                id: last.id,
                sender_id: last.author.as_ref().map(|author| author.id),
                content: last.preview.clone(),
                created_at: last.created_at,
            }),
            unread_count: view.me.as_ref().map_or(0, |me| me.unread),
            muted: view.me.as_ref().is_some_and(|me| me.muted),
            can_post: view.me.as_ref().is_some_and(|me| me.can.post),
        }
    }
}
