//! Owns: what a client may say in the main namespace, over the operations of the HTTP API.
//! Must not know: packets, or who waits for the answer.

use parlor_chat::messages::NewMessage;
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{Actor, ConversationId, MessageId, Tx, read_state};
use parlor_realtime::protocol::socketio::Event;
use serde::{Deserialize, Serialize};

use super::dialect::Dialect;
use crate::app::Ctx;
use crate::request::caller::Caller;
use crate::request::extract;
use crate::request::problem::Problem;
use crate::services::erp::SendInput;
use crate::services::{erp, presence, sending};

/// `message`
#[derive(Deserialize)]
struct Posting {
    conversation_id: ConversationId,
    #[serde(flatten)]
    new: NewMessage,
}

/// `read`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    conversation_id: ConversationId,
    seq: Option<i64>,
}

/// `typing`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typing {
    conversation_id: ConversationId,
    /// False when it stopped.
    typing: Option<bool>,
    #[serde(default)]
    is_private_note: bool,
}

/// `messaging:join` of the ERP contract.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErpJoin {
    user_id: NamedUser,
}

/// `messaging:read`, `messaging:delivered` and `messaging:delete` of the ERP contract.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErpMessage {
    message_id: MessageId,
}

/// `messaging:edit` of the ERP contract.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErpEdit {
    message_id: MessageId,
    content: String,
}

/// Does what the event asks for and answers JSON. Any command counts as activity.
pub(super) async fn run(
    app: &Ctx,
    caller: &Caller,
    dialect: Dialect,
    event: &Event,
) -> Result<String, Problem> {
    app.presence.touch(caller.tenant, caller.id(), app.clock.now());
    let input = event.first().as_bytes();
    match (dialect, event.name.as_str()) {
        (Dialect::Native, "message") => post(app, caller, extract::parse(input)?).await,
        (Dialect::Native, "read") => read(app, caller, extract::parse(input)?).await,
        (Dialect::Native, "typing") => typing(app, caller, extract::parse(input)?).await,
        (Dialect::Native, "active") | (Dialect::Erp, "presence:ping") => Ok("{}".to_owned()),
        (Dialect::Erp, "messaging:join") => join(app, caller, extract::parse(input)?).await,
        (Dialect::Erp, "messaging:send") => {
            let input: SendInput = extract::parse(input)?;
            json(&erp::send(app, caller, input).await?)
        }
        (Dialect::Erp, "messaging:read") => {
            let input: ErpMessage = extract::parse(input)?;
            json(&erp::read(app, caller, input.message_id).await?)
        }
        (Dialect::Erp, "messaging:delivered") => {
            let input: ErpMessage = extract::parse(input)?;
            json(&erp::delivered(app, caller, input.message_id).await?)
        }
        (Dialect::Erp, "messaging:edit") => {
            let input: ErpEdit = extract::parse(input)?;
            json(&erp::edit(app, caller, input.message_id, &input.content).await?)
        }
        (Dialect::Erp, "messaging:delete") => {
            let input: ErpMessage = extract::parse(input)?;
            json(&erp::delete(app, caller, input.message_id).await?)
        }
        _ => Err(Problem::invalid("event", "unknown", "there is no such event")),
    }
}

/// Everybody is in their own room from the beginning, and in no other.
async fn join(app: &Ctx, caller: &Caller, input: ErpJoin) -> Result<String, Problem> {
    let named = move |tx: &mut Tx<'_>, actor: &Actor| {
        users::named(tx, actor, std::slice::from_ref(&input.user_id), "userId")
    };
    if app.db.read(caller, named).await? != [caller.id()] {
        return Err(Problem::forbidden("self", "one joins as oneself"));
    }
    Ok(serde_json::json!({"userId": caller.id()}).to_string())
}

async fn typing(app: &Ctx, caller: &Caller, input: Typing) -> Result<String, Problem> {
    let typing = input.typing.unwrap_or(true);
    presence::typing(app, caller, input.conversation_id, typing, input.is_private_note).await?;
    Ok("{}".to_owned())
}

async fn post(app: &Ctx, caller: &Caller, input: Posting) -> Result<String, Problem> {
    let Posting { conversation_id, new } = input;
    let posted = sending::post(app, caller, conversation_id, new, |_, _| Ok(())).await?;
    Ok(posted.json.get().to_owned())
}

async fn read(app: &Ctx, caller: &Caller, input: Reading) -> Result<String, Problem> {
    let Reading { conversation_id, seq } = input;
    json(&app.db.write(caller, move |tx, actor| read_state::read(tx, actor, conversation_id, seq)).await?)
}

fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}
