//! Changing a conversation itself: texts, status, assignment, labels. Every change is told to its readers, and the
//! ones that people want to look up later are noted down in the conversation as system messages.

use parlor_db::params;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    characters::is_visible,
    error::{Result, conflict, invalid, not_found},
    events::{self, NewEvent, Payload, payloads, payloads::ConversationChanges},
    folding,
    ids::{ConversationId, PersonId, TeamId},
    kinds::{Kind, Titled},
    messages::{self, NamedThen, SystemMessage, TicketThen},
    participants,
    person::Actor,
    teams,
    text::line,
    tickets,
    time::Time,
    tx::Tx,
    users,
    words::{Priority, Status},
};

use super::{Conversation, Role, View, lock, rules, store};

/// What of a conversation is to change. Absent leaves it, null clears it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationChange {
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// A new subject.
    pub subject: Option<String>,
    /// One of the kind's statuses.
    pub status: Option<Status>,
    /// How soon it is wanted.
    pub priority: Option<Priority>,
    /// Replaces the labels.
    pub labels: Option<Vec<String>>,
    /// Assigns it to a person, or to nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<PersonId>)]
    pub assignee_id: Option<Option<PersonId>>,
    /// Assigns it to a team, or to none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TeamId>)]
    pub team_id: Option<Option<TeamId>>,
    /// Whether others may reply to a broadcast or announcement.
    pub replies_enabled: Option<bool>,
    /// Whether a channel can only be entered by invitation.
    pub is_private: Option<bool>,
    /// Snoozes a support conversation until then, or wakes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Time>)]
    pub snoozed_until: Option<Option<Time>>,
    /// Replaces what the host keeps with it.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
}

/// Tells null from absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// What was changed: for the public, for staff only, and the lines to be noted down.
#[derive(Default)]
struct Changes {
    public: ConversationChanges,
    staff: ConversationChanges,
    lines: Vec<SystemMessage>,
}

/// Changes a conversation.
pub fn update(tx: &mut Tx, actor: &Actor, id: ConversationId, change: &ConversationChange) -> Result<View> {
    let (before, me, visibility) = lock(tx, actor, id)?;
    rules::check_manage(actor, &before, me.as_ref(), visibility)?;
    check_texts(
        change.title.as_deref(),
        change.description.clone().flatten().as_deref(),
        change.subject.as_deref(),
    )?;
    check_workflow(change.labels.as_deref(), change.metadata.as_ref())?;
    let mut after = before.clone();
    let mut changes = Changes::default();
    change_texts(&mut after, change, &mut changes)?;
    change_status(tx, actor, &mut after, change, &mut changes)?;
    change_workflow(&mut after, change, &mut changes)?;
    assign(tx, actor, &mut after, change, &mut changes)?;
    if changes.public.is_empty() && changes.staff.is_empty() {
        return super::get(tx, actor, id);
    }
    save(tx, actor, &after)?;
    tell(tx, actor, &before, &after, changes)?;
    follow_up(tx, actor, &before, &after)?;
    super::get(tx, actor, id)
}

fn save(tx: &mut Tx, actor: &Actor, c: &Conversation) -> Result<()> {
    tx.db.execute(
        &store::UPDATE,
        params![
            actor.tenant,
            c.id,
            c.status,
            c.title.as_deref(),
            c.description.as_deref(),
            c.subject.as_deref(),
            c.is_private,
            c.replies_enabled,
            c.team_id,
            c.assignee_id,
            c.priority,
            serde_json::to_string(&c.labels)?.as_str(),
            c.linked_conversation_id,
            c.metadata.to_string().as_str(),
            c.snoozed_until,
            tx.now,
            folding::key(c.title.as_deref().or(c.subject.as_deref()).unwrap_or_default()).as_str()
        ],
    )?;
    Ok(())
}

fn change_texts(after: &mut Conversation, change: &ConversationChange, changes: &mut Changes) -> Result<()> {
    let titled = after.rules().titled;
    if let Some(title) = change.title.as_deref().map(line).filter(|_| titled != Titled::No) {
        if !title.chars().any(is_visible) && titled == Titled::Title {
            return Err(invalid("title", "not_empty", "give it a title"));
        }
        let title = Some(title).filter(|title| !title.is_empty());
        if title != after.title {
            changes.public.title = Some(title.clone());
            changes.lines.push(SystemMessage::TitleChanged { title: title.clone() });
            after.title = title;
        }
    }
    if let Some(description) = &change.description
        && *description != after.description
    {
        changes.public.description = Some(description.clone());
        after.description.clone_from(description);
    }
    if let Some(subject) = change.subject.as_deref().map(line).filter(|subject| !subject.is_empty())
        && after.subject.as_ref() != Some(&subject)
    {
        changes.public.subject = Some(subject.clone());
        after.subject = Some(subject);
    }
    if let Some(enabled) = change.replies_enabled.filter(|enabled| *enabled != after.replies_enabled) {
        changes.public.replies_enabled = Some(enabled);
        after.replies_enabled = enabled;
    }
    if let Some(private) =
        change.is_private.filter(|private| after.kind == Kind::Channel && *private != after.is_private)
    {
        changes.public.is_private = Some(private);
        after.is_private = private;
    }
    Ok(())
}

fn change_status(
    tx: &mut Tx,
    actor: &Actor,
    after: &mut Conversation,
    change: &ConversationChange,
    changes: &mut Changes,
) -> Result<()> {
    let mut status = change.status;
    if let Some(until) = change.snoozed_until {
        if after.kind != Kind::Support {
            return Err(invalid("snoozed_until", "kind", "only support conversations can be snoozed"));
        }
        if until.is_some_and(|until| until <= tx.now) {
            return Err(invalid("snoozed_until", "future", "must be in the future"));
        }
        if until != after.snoozed_until {
            changes.staff.snoozed_until = Some(until);
            after.snoozed_until = until;
            if let Some(until) = until {
                store::wake_by(tx, actor.tenant, until)?;
            }
        }
        status = status.or(Some(if until.is_some() { Status::Snoozed } else { Status::Open }));
    }
    let Some(status) = status else { return Ok(()) };
    if !after.rules().statuses.contains(&status) {
        let known = after.rules().statuses.iter().map(|status| status.name()).collect::<Vec<_>>().join(", ");
        return Err(invalid("status", "known", format!("use one of: {known}")));
    }
    if status == Status::Snoozed && after.snoozed_until.is_none() {
        return Err(invalid("snoozed_until", "required", "say until when"));
    }
    if status != Status::Snoozed && after.snoozed_until.is_some() {
        after.snoozed_until = None;
        changes.staff.snoozed_until = Some(None);
    }
    if status != after.status {
        changes.public.status = Some(status);
        changes.lines.push(SystemMessage::StatusChanged { from: after.status, status });
        after.status = status;
    }
    Ok(())
}

fn change_workflow(
    after: &mut Conversation,
    change: &ConversationChange,
    changes: &mut Changes,
) -> Result<()> {
    let workflow = after.rules().workflow;
    if !workflow && (change.priority.is_some() || change.labels.is_some()) {
        return Err(invalid("priority", "kind", "this kind of conversation has no priority and labels"));
    }
    if let Some(priority) = change.priority.filter(|priority| after.priority != Some(*priority)) {
        changes.staff.priority = Some(priority);
        changes.lines.push(SystemMessage::PriorityChanged { priority });
        after.priority = Some(priority);
    }
    if let Some(labels) = change.labels.clone().filter(|labels| after.labels != *labels) {
        changes.staff.labels = Some(labels.clone());
        after.labels = labels;
    }
    if let Some(metadata) = change.metadata.clone().filter(|metadata| after.metadata != *metadata) {
        changes.staff.metadata = Some(metadata.clone());
        after.metadata = metadata;
    }
    Ok(())
}

fn assign(
    tx: &mut Tx,
    actor: &Actor,
    after: &mut Conversation,
    change: &ConversationChange,
    changes: &mut Changes,
) -> Result<()> {
    let asked = change.team_id.is_some() || change.assignee_id.is_some();
    if asked && !after.rules().workflow {
        return Err(invalid("assignee_id", "kind", "this kind of conversation is assigned to nobody"));
    }
    if let Some(team) = change.team_id.filter(|team| *team != after.team_id) {
        let head = team.map(|team| teams::head(tx, actor.tenant, team)).transpose()?;
        let head = head.map(|head| NamedThen { id: head.id, name: head.name });
        changes.staff.team_id = Some(team);
        changes.lines.push(SystemMessage::TeamAssigned { team: head });
        after.team_id = team;
    }
    if let Some(assignee) = change.assignee_id.filter(|assignee| *assignee != after.assignee_id) {
        let ids: Vec<PersonId> = assignee.into_iter().collect();
        let person = users::require_all(tx, actor.tenant, &ids, "assignee_id")?.pop();
        changes.staff.assignee_id = Some(assignee);
        changes.lines.push(SystemMessage::Assigned { assignee: person.as_ref().map(NamedThen::of) });
        after.assignee_id = assignee;
    }
    Ok(())
}

/// Events for the readers of before and of now, and the lines in the conversation.
fn tell(
    tx: &mut Tx,
    actor: &Actor,
    before: &Conversation,
    after: &Conversation,
    changes: Changes,
) -> Result<()> {
    let moved = before.facets() != after.facets();
    for (fields, hidden) in [(changes.public, false), (changes.staff, true)] {
        if fields.is_empty() {
            continue;
        }
        let hidden = hidden && after.rules().contact;
        let told = payloads::ConversationUpdated { changes: Box::new(fields), updated_at: Some(tx.now) };
        let mut audiences = vec![after];
        if moved {
            audiences.push(before);
        }
        for seen_by in audiences {
            let audience = if hidden { seen_by.staff_readers() } else { seen_by.readers() };
            let told = Payload::ConversationUpdated(told.clone());
            events::append(tx, actor, NewEvent::in_conversation(after.id, told, audience))?;
        }
    }
    for line in changes.lines {
        messages::append_system(tx, actor, after.id, &line)?;
    }
    Ok(())
}

/// Whoever it is assigned to takes part; the conversation that a resolved ticket follows from is told.
fn follow_up(tx: &mut Tx, actor: &Actor, before: &Conversation, after: &Conversation) -> Result<()> {
    if let Some(assignee) = after.assignee_id.filter(|_| before.assignee_id != after.assignee_id) {
        let there = participants::find(tx, actor, after.id, assignee)?;
        if there.is_none_or(|there| there.left_at.is_some()) {
            let people = users::require_all(tx, actor.tenant, &[assignee], "assignee_id")?;
            let (now, _) = store::load(tx, actor, after.id)?.ok_or(not_found("conversation"))?;
            let line = |people| SystemMessage::ParticipantsAdded { people };
            participants::add_members(tx, actor, &now, &people, Role::Member, line)?;
        }
    }
    let resolved =
        after.kind == Kind::Ticket && after.status == Status::Resolved && before.status != Status::Resolved;
    if let (true, Some(linked), Some(number)) = (resolved, after.linked_conversation_id, after.ticket_number)
    {
        let number = tickets::number(after.ticket_prefix.as_deref().unwrap_or(""), number);
        let ticket = TicketThen { id: after.id, number };
        store::lock(tx, actor, linked)?;
        messages::append_system(tx, actor, linked, &SystemMessage::TicketResolved { ticket })?;
    }
    Ok(())
}

/// Ties a new ticket to the conversation that it follows from: each names the other, and both note it down.
pub fn escalate_links(
    tx: &mut Tx,
    actor: &Actor,
    ticket: ConversationId,
    other: ConversationId,
) -> Result<()> {
    let (origin, _, _) = lock(tx, actor, other)?;
    if origin.kind != Kind::Support {
        return Err(invalid(
            "linked_conversation_id",
            "kind",
            "a ticket follows from a support conversation",
        ));
    }
    if origin.linked_conversation_id.is_some() {
        return Err(conflict("linked", "there is already a ticket for this conversation"));
    }
    let (made, _) = store::load(tx, actor, ticket)?.ok_or(not_found("conversation"))?;
    let number =
        tickets::number(made.ticket_prefix.as_deref().unwrap_or(""), made.ticket_number.unwrap_or(0));
    let before = origin.clone();
    let after = Conversation { linked_conversation_id: Some(ticket), ..origin };
    save(tx, actor, &after)?;
    let mut changes = Changes::default();
    changes.staff.linked_conversation_id = Some(ticket);
    changes.lines.push(SystemMessage::TicketOpened { ticket: TicketThen { id: ticket, number } });
    tell(tx, actor, &before, &after, changes)
}

/// Refuses texts that are too long.
pub(super) fn check_texts(
    title: Option<&str>,
    description: Option<&str>,
    subject: Option<&str>,
) -> Result<()> {
    let long = |text: Option<&str>, most| {
        text.is_some_and(|text| text.chars().count() > most || text.contains('\0'))
    };
    if long(title, 120) {
        return Err(invalid("title", "max_length", "use at most 120 characters"));
    }
    if long(description, 2_000) {
        return Err(invalid("description", "max_length", "use at most 2,000 characters"));
    }
    if long(subject, 200) {
        return Err(invalid("subject", "max_length", "use at most 200 characters"));
    }
    Ok(())
}

/// Refuses too many labels and too much metadata.
pub(super) fn check_workflow(labels: Option<&[String]>, metadata: Option<&Value>) -> Result<()> {
    let unfit =
        |label: &String| label.trim().is_empty() || label.chars().count() > 60 || label.contains('\0');
    if labels.is_some_and(|labels| labels.len() > 50 || labels.iter().any(unfit)) {
        return Err(invalid("labels", "length", "use at most 50 labels of 1 to 60 characters"));
    }
    if metadata.is_some_and(|metadata| !metadata.is_object() || metadata.to_string().len() > 16_384) {
        return Err(invalid("metadata", "object", "use an object of at most 16 KiB"));
    }
    Ok(())
}
