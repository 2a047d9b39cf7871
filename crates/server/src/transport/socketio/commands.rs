//! Owns: what a client may say in the main namespace, over the operations of the HTTP API.
//! Must not know: packets, or who waits for the answer.

use parlor_chat::messages::{self, NewMessage};
use parlor_chat::{ConversationId, reads};
use parlor_realtime::protocol::socketio::Event;
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::http::caller::Caller;
use crate::http::extract;
use crate::http::messages::{allowance, body};
use crate::http::problem::Problem;

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

/// Does what the event asks for and answers JSON.
pub(super) async fn run(app: &Ctx, caller: &Caller, event: &Event) -> Result<String, Problem> {
    let input = event.first().as_bytes();
    match event.name.as_str() {
        "message" => post(app, caller, extract::parse(input)?).await,
        "read" => read(app, caller, extract::parse(input)?).await,
        _ => Err(Problem::invalid("event", "unknown", "there is no such event")),
    }
}

async fn post(app: &Ctx, caller: &Caller, input: Posting) -> Result<String, Problem> {
    let parsed = body(app, caller, &input.new.body).await?;
    allowance(app, caller).await?;
    let Posting { conversation_id, new } = input;
    let posted =
        app.write(caller, move |tx, actor| messages::post(tx, actor, conversation_id, &new, &parsed));
    Ok(posted.await?.json.get().to_owned())
}

async fn read(app: &Ctx, caller: &Caller, input: Reading) -> Result<String, Problem> {
    let Reading { conversation_id, seq } = input;
    json(&app.write(caller, move |tx, actor| reads::read(tx, actor, conversation_id, seq)).await?)
}

fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}
