//! Owns: the one way to post a message and to open a conversation, for every entrance: HTTP, contracts, transports.
//! Must not know: which entrance it is, or how its answer looks.

use std::sync::Arc;

use parlor_chat::conversations::{self, NewConversation, Opened};
use parlor_chat::messages::{self, Body, NewMessage, Posted};
use parlor_chat::{Actor, ConversationId, Error, Tx};
use parlor_realtime::presence::Connection;

use crate::app::App;
use crate::budgets::Spending;
use crate::request::problem::Problem;

/// Posts a message. `gate` is what the entrance asks besides the rules of the conversation.
///
/// # Errors
/// Limits, the allowance, the gate, and what the rules refuse.
pub async fn post(
    app: &App,
    actor: &Arc<Actor>,
    conversation: ConversationId,
    new: NewMessage,
    gate: impl Fn(&mut Tx<'_>, &Actor) -> Result<(), Error> + Send + 'static,
) -> Result<Posted, Problem> {
    let body = prepare(app, actor, &new).await?;
    write(app, actor, conversation, new, body, gate).await
}

/// Posts a message whose allowance was taken before it was complete: its files came with it.
///
/// # Errors
/// Limits, the gate, and what the rules refuse.
pub async fn post_allowed(
    app: &App,
    actor: &Arc<Actor>,
    conversation: ConversationId,
    new: NewMessage,
    gate: impl Fn(&mut Tx<'_>, &Actor) -> Result<(), Error> + Send + 'static,
) -> Result<Posted, Problem> {
    let body = body_of(app, actor, &new).await?;
    write(app, actor, conversation, new, body, gate).await
}

async fn write(
    app: &App,
    actor: &Arc<Actor>,
    conversation: ConversationId,
    new: NewMessage,
    body: Body,
    gate: impl Fn(&mut Tx<'_>, &Actor) -> Result<(), Error> + Send + 'static,
) -> Result<Posted, Problem> {
    let posted = app.db.write_paid(actor, move |tx, actor| {
        gate(tx, actor)?;
        messages::post(tx, actor, conversation, &new, &body)
    });
    let posted = posted.await?;
    // A message ends its author's typing; readers know that by the message, and the next sign is a new one.
    let _ = app.presence.stop_typing(actor.tenant, conversation, actor.id());
    Ok(posted)
}

/// Opens a conversation, with its first message where there is one. `answer` makes of it what the entrance answers, in
/// the same transaction.
///
/// # Errors
/// Limits, the allowance, and what the rules refuse.
pub async fn open<T: Send + 'static>(
    app: &App,
    actor: &Arc<Actor>,
    new: NewConversation,
    answer: impl Fn(&mut Tx<'_>, &Actor, Opened) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let body = prepare_open(app, actor, &new).await?;
    let opened = app.db.write_paid(actor, move |tx, actor| {
        let opened = conversations::open(tx, actor, &new, body.as_ref())?;
        answer(tx, actor, opened)
    });
    Ok(opened.await?)
}

/// What opening a conversation needs before it waits for the writer: the first message, and one of the allowance.
///
/// # Errors
/// Limits, and the allowance.
pub async fn prepare_open(app: &App, actor: &Actor, new: &NewConversation) -> Result<Option<Body>, Problem> {
    let body = match &new.message {
        Some(message) => Some(body_of(app, actor, message).await?),
        None => None,
    };
    allowance(app, actor).await?;
    Ok(body)
}

/// What a message needs before it waits for the writer: its body, parsed and within limits, and one of the allowance.
/// What is refused for its length costs no allowance.
async fn prepare(app: &App, actor: &Actor, new: &NewMessage) -> Result<Body, Problem> {
    let body = body_of(app, actor, new).await?;
    allowance(app, actor).await?;
    Ok(body)
}

/// The body of an edited message, parsed and within limits.
///
/// # Errors
/// When it is empty or too long.
pub async fn edited_body(app: &App, actor: &Actor, text: &str) -> Result<Body, Problem> {
    let settings = app.settings(actor.tenant).await?;
    let body = Body::parse(text, settings.message_max_chars)?.rendered();
    Ok(with_online(app, actor, body.audited(settings.audit_messages)))
}

/// Takes one message from the sender's allowance.
///
/// # Errors
/// When it is used up: how long to wait.
pub async fn allowance(app: &App, actor: &Actor) -> Result<(), Problem> {
    Ok(app.db.spend(actor, Spending::Message).await?)
}

/// The body of a new message: one with files may be without words.
async fn body_of(app: &App, actor: &Actor, new: &NewMessage) -> Result<Body, Problem> {
    if new.attachment_ids.is_empty() {
        return edited_body(app, actor, &new.body).await;
    }
    let settings = app.settings(actor.tenant).await?;
    let body = Body::parse_with_files(&new.body, settings.message_max_chars)?.rendered();
    Ok(with_online(app, actor, body.audited(settings.audit_messages)))
}

/// Who is online is known to the server only.
fn with_online(app: &App, actor: &Actor, body: Body) -> Body {
    if !body.mentions_online() {
        return body;
    }
    let people = app.presence.people(actor.tenant).into_iter();
    let online =
        people.filter(|(_, shown)| shown.connection == Connection::Online).map(|(id, _)| id).collect();
    body.with_online(online)
}
