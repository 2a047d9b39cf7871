//! What a purge does to some messages of one conversation. Owns taking them out of everything that tells of them:
//! rows, edits, reactions, mentions, files, notifications, the search index, stored events, quotations, counters.

use std::collections::BTreeMap;

use parlor_db::{params, statements};
use serde_json::{Value, json};

use crate::{
    attachments,
    conversations::{self, Conversation},
    error::Result,
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{ConversationId, MessageId, TenantId},
    messages, notifications,
    person::Actor,
    read_steps, search,
    time::Time,
    tx::Tx,
};

/// A message that goes.
pub(super) struct Doomed {
    pub no: i64,
    pub id: MessageId,
    pub seq: i64,
    pub is_text: bool,
    pub is_private: bool,
    pub is_deleted: bool,
    pub is_pinned: bool,
    pub event_seq: Option<i64>,
    pub root: Option<i64>,
}

statements! {
    /// Whoever has not read them has nothing to read there any more.
    pub static COUNT_AWAY = both("
        UPDATE participants SET read_count = read_count + (
            SELECT COUNT(*) FROM messages m
            WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq = ANY($3) AND m.seq > participants.read_seq
              AND m.kind = 'text' AND (m.author_id IS NULL OR m.author_id <> participants.person_id)
              AND (m.is_private = FALSE OR participants.person_kind <> 'contact'))
        WHERE tenant = $1 AND conversation_id = $2 AND read_seq < $4");
    /// The conversation without them.
    pub static PURGED = both("
        UPDATE conversations SET purged = purged + $3,
            purged_seq = CASE WHEN purged_seq < $4 THEN $4 ELSE purged_seq END,
            team_read_count = team_read_count + $5
        WHERE tenant = $1 AND id = $2");
    /// When the newest of those that stay was posted.
    pub static NEWEST = both("
        SELECT created_at FROM messages WHERE tenant = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT 1");
    /// When something last happened in it.
    pub static SET_ACTIVITY = both("UPDATE conversations SET last_activity_at = $3 WHERE tenant = $1 AND id = $2");
    /// The rows.
    pub static DELETE = both("DELETE FROM messages WHERE tenant = $1 AND no = ANY($2)");
    /// Makes messages tombstones.
    pub static HIDE = both("
        UPDATE messages SET deleted_at = $3, pinned_at = NULL, mentions = NULL WHERE tenant = $1 AND no = ANY($2)");
    /// What they said before.
    pub static DELETE_EDITS = both("DELETE FROM message_edits WHERE tenant = $1 AND message_id = ANY($2)");
    /// Who reacted to them.
    pub static DELETE_REACTIONS = both("DELETE FROM reactions WHERE tenant = $1 AND message_id = ANY($2)");
    /// Who was named in them.
    pub static DELETE_MENTIONS = both("
        DELETE FROM mentions WHERE tenant = $1 AND conversation_id = $2 AND seq = ANY($3)");
    /// The events that told what they said before.
    pub static TOLD_BEFORE = both("
        SELECT event_seq FROM message_edits
        WHERE tenant = $1 AND message_id = ANY($2) AND event_seq IS NOT NULL");
}

/// Removes messages for good. Answers how many.
pub(super) fn remove(
    tx: &mut Tx,
    system: &Actor,
    conversation: &Conversation,
    doomed: &[Doomed],
    before: Time,
) -> Result<i64> {
    let Some(newest) = doomed.last().map(|message| message.seq) else { return Ok(0) };
    let (tenant, id) = (system.tenant, conversation.id);
    let seqs: Vec<i64> = doomed.iter().map(|message| message.seq).collect();
    let ids: Vec<[u8; 16]> = doomed.iter().map(|message| message.id.0.into_bytes()).collect();
    let numbers: Vec<i64> = doomed.iter().map(|message| message.no).collect();
    forget_words(tx, system, id, doomed, &ids, &seqs)?;
    notifications::forget(tx, system, &ids)?;
    tx.db.execute(&COUNT_AWAY, params![tenant, id, &seqs[..], newest])?;
    attachments::release(tx, tenant, &ids)?;
    for statement in [&DELETE_EDITS, &DELETE_REACTIONS] {
        tx.db.execute(statement, params![tenant, &ids[..]])?;
    }
    tx.db.execute(&DELETE_MENTIONS, params![tenant, id, &seqs[..]])?;
    tx.db.execute(&DELETE, params![tenant, &numbers[..]])?;
    read_steps::forget(tx, tenant, id, newest)?;
    let texts = count(doomed, |message| message.is_text);
    let unseen = count(doomed, |message| message.is_text && message.seq > conversation.team_read_seq);
    tx.db.execute(&PURGED, params![tenant, id, texts, newest, unseen])?;
    if newest == conversation.last_seq {
        let left: Option<Time> = tx.db.opt(&NEWEST, params![tenant, id], |row| row.get(0))?;
        tx.db.execute(&SET_ACTIVITY, params![tenant, id, left.unwrap_or(conversation.created_at)])?;
    }
    // Their roots, where those stay: a deleted reply does not count any more.
    let stays = |root: &i64| !seqs.contains(root);
    uncount(tx, tenant, conversation, doomed, stays)?;
    announce(tx, system, conversation, doomed, before)?;
    Ok(i64::try_from(doomed.len()).unwrap_or(0))
}

/// Hides messages, as their deletion would. Answers how many were not hidden yet.
pub(super) fn hide(
    tx: &mut Tx,
    system: &Actor,
    conversation: &Conversation,
    doomed: Vec<Doomed>,
    before: Time,
) -> Result<i64> {
    let doomed: Vec<Doomed> =
        doomed.into_iter().filter(|message| message.is_text && !message.is_deleted).collect();
    let Some(newest) = doomed.last().map(|message| message.seq) else { return Ok(0) };
    let (tenant, id) = (system.tenant, conversation.id);
    let seqs: Vec<i64> = doomed.iter().map(|message| message.seq).collect();
    let ids: Vec<[u8; 16]> = doomed.iter().map(|message| message.id.0.into_bytes()).collect();
    let numbers: Vec<i64> = doomed.iter().map(|message| message.no).collect();
    forget_words(tx, system, id, &doomed, &ids, &seqs)?;
    for message in &doomed {
        notifications::retell(tx, system, message.id, "")?;
    }
    tx.db.execute(&HIDE, params![tenant, &numbers[..], tx.now])?;
    tx.db.execute(&conversations::store::DELETED, params![tenant, id, newest])?;
    tx.db.execute(&DELETE_MENTIONS, params![tenant, id, &seqs[..]])?;
    uncount(tx, tenant, conversation, &doomed, |_| true)?;
    announce(tx, system, conversation, &doomed, before)?;
    Ok(i64::try_from(doomed.len()).unwrap_or(0))
}

fn count(doomed: &[Doomed], is: impl Fn(&Doomed) -> bool) -> i64 {
    i64::try_from(doomed.iter().filter(|message| is(message)).count()).unwrap_or(0)
}

/// Pins and replies that are no more.
fn uncount(
    tx: &mut Tx,
    tenant: TenantId,
    conversation: &Conversation,
    doomed: &[Doomed],
    stays: impl Fn(&i64) -> bool,
) -> Result<()> {
    let pins = count(doomed, |message| message.is_pinned);
    if pins > 0 {
        tx.db.execute(&conversations::store::PINNED, params![tenant, conversation.id, -pins])?;
    }
    let mut replies: BTreeMap<i64, i64> = BTreeMap::new();
    for root in doomed.iter().filter(|message| !message.is_deleted).filter_map(|message| message.root) {
        *replies.entry(root).or_default() += 1;
    }
    for (root, lost) in replies.into_iter().filter(|(root, _)| stays(root)) {
        messages::count_replies(tx, tenant, conversation.id, root, -lost)?;
    }
    Ok(())
}

/// Takes their words out of the search index and out of every stored event.
fn forget_words(
    tx: &mut Tx,
    system: &Actor,
    place: ConversationId,
    doomed: &[Doomed],
    ids: &[[u8; 16]],
    seqs: &[i64],
) -> Result<()> {
    let texts: Vec<i64> = doomed.iter().filter(|message| message.is_text).map(|message| message.no).collect();
    search::forget(tx, system.tenant, &texts)?;
    let mut told: Vec<i64> = tx.db.all(&TOLD_BEFORE, params![system.tenant, ids], |row| row.get(0))?;
    told.extend(doomed.iter().filter(|message| message.is_text).filter_map(|message| message.event_seq));
    told.sort_unstable();
    told.dedup();
    for seq in told {
        events::rewrite(tx, system.tenant, seq, |data| {
            if let Some(message) = data.get_mut("message") {
                message["body"] = json!("");
                message["html"] = json!("");
                message["mentions"] = json!([]);
                message["attachments"] = json!([]);
                message["related"] = Value::Null;
            }
        })?;
    }
    messages::forget_quotes(tx, system.tenant, place, seqs)
}

/// One event a conversation, so that it reaches exactly those who read it.
fn announce(
    tx: &mut Tx,
    system: &Actor,
    conversation: &Conversation,
    doomed: &[Doomed],
    before: Time,
) -> Result<()> {
    let hidden = doomed.iter().all(|message| message.is_private);
    let audience: Audience = if hidden { conversation.staff_readers() } else { conversation.readers() };
    let told =
        Payload::HistoryPurged(payloads::HistoryPurged { conversation_ids: vec![conversation.id], before });
    events::append(tx, system, NewEvent::in_conversation(conversation.id, told, audience))?;
    Ok(())
}
