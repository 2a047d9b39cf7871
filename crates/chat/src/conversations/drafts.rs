//! Drafts: what somebody has begun to write, per conversation and mode. Private to its author on all devices.

use parlor_db::{FromRow, params, row, statements};
use serde::Serialize;

use crate::{
    access::{outsider, readable_kinds},
    conversations,
    error::{Result, conflict, invalid},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{ConversationId, MessageId},
    person::Actor,
    settings,
    time::Time,
    tx::Tx,
    viewer::{Viewer, seen},
};

/// The most drafts of one person.
const MOST: i64 = 500;

/// A draft.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Draft {
    /// The conversation that it is for.
    pub conversation_id: ConversationId,
    /// "reply", "note" or a thread root's id.
    pub mode: String,
    /// What was written so far.
    pub body: String,
    /// When it was last written.
    pub updated_at: Time,
}

row! {
    impl Draft, draft_columns! {
        conversation_id: "d.conversation_id",
        mode: "d.mode",
        body: "d.body",
        updated_at: "d.updated_at",
    }
}

statements! {
    /// One's own, for conversations that one still reads.
    pub static LIST = both(concat!("
        SELECT ", draft_columns!(), " FROM drafts d
        JOIN conversations c ON c.tenant = d.tenant AND c.id = d.conversation_id
        LEFT JOIN participants p ON p.tenant = d.tenant AND p.conversation_id = d.conversation_id AND p.person_id = d.person_id
        WHERE d.tenant = $1 AND d.person_id = $2
          AND ((p.person_id IS NOT NULL AND p.left_at IS NULL) OR ", outsider!("$3", "$4", "$5", "$6"), ")
        ORDER BY d.updated_at DESC LIMIT 500"));
    /// One's own of a conversation.
    pub static OF_CONVERSATION = both(concat!("
        SELECT ", draft_columns!(), " FROM drafts d WHERE d.tenant = $1 AND d.person_id = $2 AND d.conversation_id = $3"));
    /// Saves one.
    pub static PUT = both("
        INSERT INTO drafts (tenant, person_id, conversation_id, mode, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant, person_id, conversation_id, mode)
        DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at");
    /// How many others somebody has.
    pub static OTHERS = both("
        SELECT COUNT(*) FROM drafts
        WHERE tenant = $1 AND person_id = $2 AND NOT (conversation_id = $3 AND mode = $4)");
    /// Whether a message is one of the conversation that its reader sees.
    pub static ROOT = both(concat!(
        "SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.id = $3 AND ",
        seen!("m", "$4")
    ));
    /// Removes one.
    pub static DELETE = both("
        DELETE FROM drafts WHERE tenant = $1 AND person_id = $2 AND conversation_id = $3 AND mode IN ($4, $5)");
}

/// The newest 500 of one's drafts, for conversations that one reads.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<Draft>> {
    let kinds = readable_kinds(actor);
    let teams: Vec<[u8; 16]> = actor.teams.iter().map(|id| id.0.into_bytes()).collect();
    let stores: Vec<[u8; 16]> = actor.stores.iter().map(|id| id.0.into_bytes()).collect();
    let asked =
        params![actor.tenant, actor.id(), &teams[..], &stores[..], &kinds.all[..], &kinds.unassigned[..]];
    Ok(tx.db.all(&LIST, asked, Draft::from_row)?)
}

/// One's drafts of a conversation.
pub fn of_conversation(tx: &mut Tx, actor: &Actor, conversation: ConversationId) -> Result<Vec<Draft>> {
    conversations::require_readable(tx, actor, conversation, "draft.get")?;
    Ok(tx.db.all(&OF_CONVERSATION, params![actor.tenant, actor.id(), conversation], Draft::from_row)?)
}

/// Drafts are of modes that there are, no longer than a message could be before somebody shortens it, and not more of
/// one person than are ever shown.
fn check(tx: &mut Tx, actor: &Actor, conversation: ConversationId, mode: &str, body: &str) -> Result<()> {
    let viewer = Viewer::of(actor);
    let known = match (mode, mode.parse::<MessageId>()) {
        ("reply", _) => true,
        ("note", _) => viewer.is_staff(),
        (_, Ok(root)) => {
            let asked = params![actor.tenant, conversation, root, viewer.is_staff()];
            tx.db.opt(&ROOT, asked, |row| row.get::<i64>(0))?.is_some()
        }
        _ => false,
    };
    if !known {
        let modes = if viewer.is_staff() { "\"reply\", \"note\"" } else { "\"reply\"" };
        return Err(invalid("mode", "known", format!("use {modes} or the id of a thread's root")));
    }
    let most = usize::try_from(settings::load(tx, actor.tenant)?.message_max_chars).unwrap_or(0) * 2;
    if body.len() > most && body.chars().count() > most {
        return Err(invalid("body", "max_length", format!("a draft may have {most} characters")));
    }
    let others = params![actor.tenant, actor.id(), conversation, mode];
    if tx.db.one(&OTHERS, others, |row| row.get::<i64>(0))? >= MOST {
        return Err(conflict(
            "drafts",
            format!("you have {MOST} drafts: send or discard some of them first"),
        ));
    }
    Ok(())
}

/// Saves a draft; an empty one is removed.
pub fn put(tx: &mut Tx, actor: &Actor, conversation: ConversationId, given: &str, body: &str) -> Result<()> {
    // An id has many spellings, and a thread one draft.
    let mode = given.parse::<MessageId>().map_or_else(|_| given.to_owned(), |root| root.to_string());
    let mode = mode.as_str();
    conversations::require_readable(tx, actor, conversation, "draft.put")?;
    let removes = body.trim().is_empty();
    if !removes {
        check(tx, actor, conversation, mode, body)?;
    }
    if removes {
        tx.db.execute(&DELETE, params![actor.tenant, actor.id(), conversation, mode, given])?;
    } else {
        tx.db.execute(&PUT, params![actor.tenant, actor.id(), conversation, mode, body, tx.now])?;
    }
    let body = if removes { "" } else { body };
    let told = payloads::DraftSaved { mode: mode.to_owned(), body: body.to_owned() };
    let to_me = Audience::Person(actor.id());
    events::append(tx, actor, NewEvent::in_conversation(conversation, Payload::DraftSaved(told), to_me))?;
    Ok(())
}
