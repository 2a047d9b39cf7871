//! Appending a message: its row, the counters of the conversation and of its author, the event. Owns what every message
//! has in common, whoever writes it. Must not know: who may write (`post.rs`).

use parlor_db::params;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{
    attachments::{self, Attachment},
    contacts,
    conversations::{self, Conversation, Membership, Related},
    error::{Result, not_found},
    event::raw::Raw,
    events::{self, NewEvent, Payload, payloads},
    ids::{ConversationId, MessageId},
    person::Actor,
    tx::Tx,
};

use super::{
    Mention, Message, MessageKind, Quote, SystemMessage, html, mentions,
    store::{self, NewRow},
};

/// A message that was posted, now or before.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message.
    pub message: Message,
    /// The same as JSON: encoded once for the event and for the answer.
    pub json: Box<RawValue>,
    /// False when the same `client_id` had posted it before.
    pub is_new: bool,
}

/// Everything that a message's row is made of, once the rules have passed it.
pub(crate) struct Draft<'a> {
    pub kind: MessageKind,
    pub body: &'a str,
    pub html: Option<&'a str>,
    pub is_private: bool,
    pub client_id: Option<&'a str>,
    pub reply_to: Option<Quote>,
    pub root: Option<(MessageId, i64)>,
    pub mentions: Vec<Mention>,
    pub related: Option<&'a Related>,
    pub files: Vec<Attachment>,
    pub system: Option<Value>,
    pub external_id: Option<&'a str>,
}

/// Notes down what happened to a conversation. Counts as unread for nobody.
pub(crate) fn append_system(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    tells: &SystemMessage,
) -> Result<()> {
    let (conversation, me) = conversations::store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let draft = Draft {
        kind: MessageKind::System,
        body: "",
        html: None,
        is_private: conversation.rules().notes,
        client_id: None,
        reply_to: None,
        root: None,
        mentions: Vec::new(),
        related: None,
        files: Vec::new(),
        system: Some(serde_json::to_value(tells)?),
        external_id: None,
    };
    append(tx, actor, conversation, me.as_ref(), draft)?;
    Ok(())
}

/// Writes the row, the counters and the event. The search index follows (`search/index.rs`).
pub(crate) fn append(
    tx: &mut Tx,
    actor: &Actor,
    mut conversation: Conversation,
    me: Option<&Membership>,
    draft: Draft<'_>,
) -> Result<Posted> {
    let (event_seq, no) = events::next_with_message(tx, actor)?;
    count(&mut conversation, &draft, actor.is_staff());
    let own = me.map_or(0, |me| me.own_count) + i64::from(draft.kind == MessageKind::Text);
    let message = shown(tx, actor, &conversation, &draft);
    insert(tx, actor, &conversation, &message, &draft, Numbers { no, own, event_seq })?;
    let c = &conversation;
    tx.db.execute_later(
        &conversations::store::POSTED,
        params![
            actor.tenant,
            c.id,
            c.last_seq,
            c.last_public_seq,
            c.staff_count,
            c.public_count,
            tx.now,
            c.team_read_seq,
            c.team_read_count
        ],
    )?;
    let mut author_read_seq = None;
    if let Some(me) = me.filter(|_| draft.kind == MessageKind::Text) {
        // Told only where it moved: the old place may be that of a note.
        author_read_seq =
            Some(count_own(tx, actor, &conversation, me, own)?).filter(|seq| *seq != me.read_seq);
    }
    if draft.kind == MessageKind::Text && actor.is_contact() {
        tx.db.execute(&contacts::TOUCH, params![actor.tenant, actor.id(), tx.now])?;
    }
    let json = Raw::new(&message)?;
    let progress =
        payloads::ConversationProgress { last_seq: conversation.last_seq, last_activity_at: tx.now };
    let told = payloads::MessagePosted { message: json.clone(), conversation: progress, author_read_seq };
    let audience = conversation.readers_of(draft.is_private);
    let event = NewEvent::in_conversation(conversation.id, Payload::MessagePosted(told), audience);
    events::append_as(tx, actor, event_seq, event)?;
    Ok(Posted { message, json: json.into_json(), is_new: true })
}

/// The conversation's counters after this message.
fn count(conversation: &mut Conversation, draft: &Draft<'_>, by_staff: bool) {
    let text = i64::from(draft.kind == MessageKind::Text);
    conversation.last_seq += 1;
    conversation.staff_count += text;
    if !draft.is_private {
        conversation.last_public_seq = conversation.last_seq;
        conversation.public_count += text;
    }
    let answered = by_staff && text == 1;
    let nothing_open = conversation.team_read_count == conversation.staff_count - text && text == 0;
    if answered || nothing_open {
        conversation.team_read_seq = conversation.last_seq;
        conversation.team_read_count = conversation.staff_count;
    }
}

/// The author's counters and read position. Whoever had nothing unread has read its own message as well.
fn count_own(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: &Membership,
    own: i64,
) -> Result<i64> {
    let total = if actor.is_contact() { conversation.public_count } else { conversation.staff_count };
    let up_to_date = total - 1 - me.read_count == me.own_count - me.own_read;
    let (own_read, read_seq, read_count) = if up_to_date {
        (own, conversation.last_seq, total)
    } else {
        (me.own_read, me.read_seq, me.read_count)
    };
    tx.db.execute_later(
        &store::OWN,
        params![
            actor.tenant,
            conversation.id,
            actor.id(),
            own,
            conversation.last_seq,
            own_read,
            read_seq,
            read_count
        ],
    )?;
    Ok(read_seq)
}

fn shown(tx: &mut Tx, actor: &Actor, conversation: &Conversation, draft: &Draft<'_>) -> Message {
    Message {
        id: MessageId(tx.id()),
        conversation_id: conversation.id,
        seq: conversation.last_seq,
        kind: draft.kind,
        author: Some(actor.person.clone()),
        body: draft.body.to_owned(),
        html: draft.html.map_or_else(|| html::render(draft.body, &draft.mentions), str::to_owned),
        is_private_note: draft.is_private && draft.kind == MessageKind::Text,
        client_id: draft.client_id.map(str::to_owned),
        reply_to: draft.reply_to.clone(),
        thread_root_id: draft.root.map(|(id, _)| id),
        reply_count: 0,
        mentions: draft.mentions.clone(),
        related: draft.related.cloned(),
        attachments: draft.files.clone(),
        reactions: Vec::new(),
        pinned_at: None,
        created_at: tx.now,
        edited_at: None,
        deleted_at: None,
        system: draft.system.clone(),
        external_id: draft.external_id.map(str::to_owned),
        status: None,
        names_nobody: Vec::new(),
    }
}

struct Numbers {
    no: i64,
    own: i64,
    event_seq: i64,
}

fn insert(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    message: &Message,
    draft: &Draft<'_>,
    numbers: Numbers,
) -> Result<()> {
    let root = draft.root.map(|(_, seq)| seq);
    let new = NewRow {
        no: numbers.no,
        id: message.id,
        seq: conversation.last_seq,
        kind: draft.kind,
        author: (actor.id(), actor.person.kind),
        body: draft.body,
        is_private: draft.is_private,
        client_id: draft.client_id,
        reply_to_seq: draft.reply_to.as_ref().map(|quote| quote.seq),
        thread_root_seq: root,
        mentions: &draft.mentions,
        related: draft.related,
        system: draft.system.as_ref(),
        staff_count: conversation.staff_count,
        public_count: conversation.public_count,
        own_count: numbers.own,
        event_seq: Some(numbers.event_seq),
        created_at: tx.now,
        external_id: draft.external_id,
        files: &draft.files,
    };
    store::insert(tx, actor.tenant, conversation.id, &new)?;
    attachments::claim(tx, actor.tenant, &draft.files, message.id)?;
    mentions::store(tx, actor, conversation, conversation.last_seq, &draft.mentions)?;
    if let Some(root) = root {
        tx.db.execute_later(&store::COUNT_REPLY, params![actor.tenant, conversation.id, root, 1_i64])?;
    }
    Ok(())
}
