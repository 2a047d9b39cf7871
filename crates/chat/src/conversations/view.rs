//! Conversations as clients see them: rows completed with people, the last message and the actor's own part.

use std::borrow::Cow;
use std::collections::HashMap;

use parlor_db::{FromRow, params};
use serde_json::Value;

use crate::{
    error::{Result, not_found},
    ids::ConversationId,
    kinds::{Kind, Poster},
    messages::{self, LastMessage},
    participants::{self},
    person::Actor,
    tickets,
    tx::Tx,
    viewer::Viewer,
};

use super::{
    Conversation, Me, View, Visibility,
    load::{require_readable, takes_part},
    rules,
    store::{self, Listed},
    visibility,
};

/// The actor's own part of each listed row: what the rules allow, and between two people the matrix. At most three
/// statements, whatever the number of rows.
pub(super) fn parts(tx: &mut Tx, actor: &Actor, rows: &[Listed]) -> Result<Vec<Me>> {
    let mut parts: Vec<Me> = rows.iter().map(|row| by_rules(actor, row)).collect();
    let pairs = rows
        .iter()
        .zip(&parts)
        .filter(|(row, me)| me.can.post && row.conversation.rules().poster == Poster::PairByMatrix);
    let pairs: Vec<[u8; 16]> = pairs.map(|(row, _)| row.conversation.id.0.into_bytes()).collect();
    let closed = rules::closed_pairs(tx, actor, &pairs)?;
    for (row, me) in rows.iter().zip(&mut parts) {
        if let Some(refusal) = closed.get(&row.conversation.id) {
            me.can.post = false;
            me.can.why_not_post = Some(Cow::Borrowed(refusal));
        }
    }
    Ok(parts)
}

/// The actor's own part of one conversation.
pub(super) fn part(tx: &mut Tx, actor: &Actor, listed: &Listed) -> Result<Me> {
    let mut parts = parts(tx, actor, std::slice::from_ref(listed))?;
    parts.pop().ok_or(not_found("conversation"))
}

/// What the rules alone say. Of what one does not take part in, nothing is unread.
fn by_rules(actor: &Actor, listed: &Listed) -> Me {
    let visibility = visibility(actor, &listed.conversation, listed.me.as_ref());
    let row = listed.me.as_ref();
    let active = row.filter(|me| me.is_active());
    let counts = takes_part(&listed.conversation, row, visibility);
    Me {
        participant: active.is_some(),
        role: active.map(|me| me.role),
        unread: if counts { listed.unread } else { 0 },
        mentions: if counts { listed.mentions } else { 0 },
        last_read_seq: row.map_or(0, |me| me.read_seq),
        last_delivered_seq: row.map_or(0, |me| me.delivered_seq),
        muted: row.is_some_and(|me| me.muted),
        notify: row.map(|me| me.notify).unwrap_or_default(),
        draft: listed.draft,
        acknowledged_at: row.and_then(|me| me.acknowledged_at),
        can: rules::can(actor, &listed.conversation, row, visibility.unwrap_or(Visibility::Override)),
    }
}

fn bare(conversation: Conversation, viewer: Viewer) -> View {
    let (staff, last_seq) = (viewer.is_staff(), conversation.newest(viewer));
    let number = conversation
        .ticket_prefix
        .as_deref()
        .zip(conversation.ticket_number)
        .map(|(prefix, number)| tickets::number(prefix, number));
    let team_unread = (staff && conversation.kind == Kind::Support)
        .then(|| (conversation.staff_count - conversation.team_read_count).max(0));
    View {
        id: conversation.id,
        kind: conversation.kind,
        status: conversation.status,
        title: conversation.title,
        slug: conversation.slug,
        description: conversation.description,
        subject: conversation.subject,
        is_private: conversation.is_private,
        replies_enabled: conversation.replies_enabled,
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        created_by: conversation.created_by,
        last_seq,
        last_activity_at: conversation.last_activity_at,
        last_message: None,
        members_count: conversation.members,
        participants: Vec::new(),
        contact_id: conversation.contact_id,
        store_id: conversation.store_id,
        team_id: conversation.team_id.filter(|_| staff),
        assignee_id: conversation.assignee_id.filter(|_| staff),
        priority: conversation.priority.filter(|_| staff),
        labels: if staff { conversation.labels } else { Vec::new() },
        number,
        source: conversation.source,
        platform: conversation.platform,
        linked_conversation_id: conversation.linked_conversation_id.filter(|_| staff),
        related: conversation.related,
        snoozed_until: conversation.snoozed_until.filter(|_| staff),
        metadata: if staff { conversation.metadata } else { Value::Object(serde_json::Map::new()) },
        team_unread,
        pinned_count: conversation.pins,
        me: None,
    }
}

/// Rows of a list, completed. A few statements, whatever the number of rows.
pub(crate) fn views(tx: &mut Tx, actor: &Actor, rows: Vec<Listed>) -> Result<Vec<View>> {
    let ids: Vec<[u8; 16]> = rows.iter().map(|row| row.conversation.id.0.into_bytes()).collect();
    let mut last: HashMap<ConversationId, LastMessage> =
        messages::last(tx, actor, &ids)?.into_iter().collect();
    let small = rows.iter().filter(|row| row.conversation.members <= participants::SMALL);
    let small: Vec<[u8; 16]> = small.map(|row| row.conversation.id.0.into_bytes()).collect();
    let mut people = participants::previews(tx, actor, &small)?;
    let pins = seen_pins(tx, actor, &rows)?;
    let parts = parts(tx, actor, &rows)?;
    Ok(rows
        .into_iter()
        .zip(parts)
        .map(|(row, own)| {
            let mut view = bare(row.conversation, Viewer::of(actor));
            let newest = last.remove(&view.id);
            view.pinned_count = pinned(view.pinned_count, view.id, pins.as_ref());
            show_last(&mut view, actor, newest);
            view.participants = people.remove(&view.id).unwrap_or_default();
            view.me = Some(own);
            view
        })
        .collect())
}

/// Adds the last message. A contact must not learn from times that something happened which it does not see.
fn show_last(view: &mut View, actor: &Actor, last: Option<LastMessage>) {
    if actor.is_contact() {
        view.last_activity_at = last.as_ref().map_or(view.created_at, |last| last.created_at);
        view.updated_at = view.last_activity_at;
    }
    view.last_message = last;
}

/// How many pinned messages a contact sees in each of these; none for the staff, which sees all. One statement when
/// there are any.
fn seen_pins(tx: &mut Tx, actor: &Actor, rows: &[Listed]) -> Result<Option<HashMap<ConversationId, i64>>> {
    if Viewer::of(actor).is_staff() {
        return Ok(None);
    }
    let pinned = rows.iter().filter(|row| row.conversation.pins > 0);
    let ids: Vec<[u8; 16]> = pinned.map(|row| row.conversation.id.0.into_bytes()).collect();
    if ids.is_empty() {
        return Ok(Some(HashMap::new()));
    }
    Ok(Some(messages::seen_pins(tx, actor.tenant, &ids)?))
}

fn pinned(all: i64, id: ConversationId, seen: Option<&HashMap<ConversationId, i64>>) -> i64 {
    seen.map_or(all, |seen| seen.get(&id).copied().unwrap_or(0))
}

/// One conversation with all its participants (the first 200 of a large one) and the actor's own part.
pub(super) fn one(tx: &mut Tx, actor: &Actor, conversation: Conversation) -> Result<View> {
    let listed = store::me(tx, actor, conversation.id)?.ok_or(not_found("conversation"))?;
    let mine = part(tx, actor, &listed)?;
    let (id, viewer) = (conversation.id, Viewer::of(actor));
    let pins = seen_pins(tx, actor, std::slice::from_ref(&listed))?;
    let mut view = bare(conversation, viewer);
    view.pinned_count = pinned(view.pinned_count, id, pins.as_ref());
    let last = messages::last(tx, actor, &[id.0.into_bytes()])?.into_iter().next().map(|(_, last)| last);
    show_last(&mut view, actor, last);
    view.participants = participants::first(tx, actor.tenant, viewer, id, view.members_count, 200)?;
    view.me = Some(mine);
    Ok(view)
}

/// A conversation as it goes into events: with its participants, without anybody's own part.
pub(super) fn public(tx: &mut Tx, actor: &Actor, id: ConversationId, viewer: Viewer) -> Result<View> {
    let found = tx.db.one(&store::FIND, params![actor.tenant, id, actor.id()], Conversation::from_row)?;
    let mut view = bare(found, viewer);
    view.participants = participants::first(tx, actor.tenant, viewer, id, view.members_count, 50)?;
    Ok(view)
}

/// One conversation with its participants and the actor's own part.
pub fn get(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<View> {
    let (conversation, _) = require_readable(tx, actor, id, "conversation.get")?;
    one(tx, actor, conversation)
}
