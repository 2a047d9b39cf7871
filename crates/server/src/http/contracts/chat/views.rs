//! Owns: threads, messages and purges as the team chat contract shows them.

use parlor_chat::conversations::View;
use parlor_chat::messages;
use parlor_chat::purges::Purge;
use parlor_chat::{Actor, Error, Kind, MessageId, Time, Tx};
use parlor_realtime::contracts::chat as contract;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::api::files::CONTRACT_LINK_SECONDS;
use crate::http::api::files::link_to;
use crate::request::caller::Caller;

fn seconds(at: Time) -> i64 {
    at.micros() / 1_000_000
}

/// The conversation, if it is one of this contract's kinds.
pub(super) fn of_contract(view: View) -> Result<View, Error> {
    if KINDS.contains(&view.kind) { Ok(view) } else { Err(Error::NotFound { what: "thread" }) }
}

/// A place in a thread: a number, or the id of the message that has it.
pub(super) fn place(tx: &mut Tx<'_>, actor: &Actor, text: &str) -> Result<i64, Error> {
    match (text.parse::<i64>(), text.parse::<MessageId>()) {
        (Ok(seq), _) => Ok(seq),
        (_, Ok(id)) => Ok(messages::get(tx, actor, id)?.seq),
        _ => Err(Error::NotFound { what: "message" }),
    }
}

/// A thread, for one of its participants.
pub(super) fn thread(tx: &mut Tx<'_>, actor: &Actor, view: &View) -> Result<Value, Error> {
    let seqs: Vec<i64> = view.participants.iter().map(|participant| participant.last_read_seq).collect();
    let ids = messages::ids_at(tx, actor, view.id, &seqs)?;
    let at = |seq: i64| ids.iter().find(|(known, _)| *known == seq).map(|(_, id)| *id);
    let participants: Vec<Value> = view
        .participants
        .iter()
        .map(|participant| {
            json!({
                "id": format!("{}:{}", view.id, participant.person.id),
                "thread_id": view.id, "user_id": participant.person.id, "name": participant.person.name,
                "avatar_url": participant.person.avatar_url, "role": participant.role,
                "last_read_message_id": at(participant.last_read_seq),
                "last_read_at": participant.last_read_at.map(seconds),
                "created_at": seconds(participant.joined_at),
                "updated_at": seconds(participant.last_read_at.map_or(participant.joined_at, |read| read.max(participant.joined_at))),
            })
        })
        .collect();
    let last = view.last_message.as_ref();
    Ok(json!({
        "id": view.id,
        "type": view.kind,
        "subject": view.title,
        "created_by": view.created_by,
        "last_message_id": last.map(|last| last.id),
        "last_message_at": last.map(|last| seconds(last.created_at)),
        "preview": last.map(|last| last.preview.clone()),
        "unread": view.me.as_ref().map_or(0, |me| me.unread),
        "can_post": view.me.as_ref().is_some_and(|me| me.can.post),
        "participants": participants,
        "created_at": seconds(view.created_at),
        "updated_at": seconds(view.last_activity_at.max(view.updated_at)),
    }))
}

/// A message, with links to its files that serve for an hour.
pub(super) fn message(app: &App, caller: &Caller, message: messages::Message) -> contract::Message {
    contract::Message::of(message, |id| link_to(app, caller, id, CONTRACT_LINK_SECONDS).url)
}

/// A row of the log of purges.
pub(super) fn purge(purge: &Purge) -> Value {
    json!({
        "id": purge.id, "admin_id": purge.admin_id, "executed_at": seconds(purge.executed_at),
        "cutoff_timestamp": seconds(purge.cutoff), "mode": purge.mode, "rows_deleted": purge.rows_deleted,
    })
}

/// The kinds that this contract knows.
pub(crate) const KINDS: [Kind; 2] = [Kind::Direct, Kind::Group];
