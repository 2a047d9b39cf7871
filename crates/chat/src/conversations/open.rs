//! Opening conversations: one way in for all kinds, led by the table of kinds. A direct conversation exists once per
//! pair, whoever opens it and however many do at once: a unique key on the pair decides.

use parlor_db::params;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    access::AccessChange,
    characters::is_visible,
    contacts::{self, Contact, ContactInput},
    error::{Error, Result, conflict, forbidden, invalid, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    hooks,
    ids::{ConversationId, PersonId, StoreId, TeamId},
    kinds::{Kind, Opener, Rules, Titled},
    messages::{self, Body, Message, NewMessage},
    participants,
    person::{Actor, Person, PersonKind},
    rights::Right,
    stores, teams,
    text::{check_id, line},
    tickets,
    time::Time,
    tx::Tx,
    users,
    viewer::Viewer,
    words::Priority,
};

use super::{
    Conversation, Related, Role, View,
    store::{self, NewRow},
    update, view,
};

/// What is to be opened.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    /// Which kind.
    pub kind: Kind,
    /// The users who take part beside oneself.
    #[serde(default)]
    pub user_ids: Vec<PersonId>,
    /// The contact it is with.
    pub contact_id: Option<PersonId>,
    /// A contact to be made for it, when there is none yet.
    pub contact: Option<ContactInput>,
    /// The store it belongs to.
    pub store_id: Option<StoreId>,
    /// The team it is assigned to.
    pub team_id: Option<TeamId>,
    /// The person it is assigned to.
    pub assignee_id: Option<PersonId>,
    /// Its title.
    pub title: Option<String>,
    /// A channel's short name; made from the title when absent.
    pub slug: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The subject of a marketplace thread, or of a support conversation.
    pub subject: Option<String>,
    /// A channel that can only be entered by invitation.
    #[serde(default)]
    pub is_private: bool,
    /// Whether others may reply to a broadcast or announcement.
    #[serde(default)]
    pub replies_enabled: bool,
    /// How soon it is wanted; normal when absent.
    pub priority: Option<Priority>,
    /// Free words to sort it by; support conversations and tickets only.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Where it comes from: "web_widget", "email" …
    pub source: Option<String>,
    /// The brand.
    pub platform: Option<String>,
    /// The conversation that it follows from: a ticket's support conversation.
    pub linked_conversation_id: Option<ConversationId>,
    /// A record of the host application that it is about.
    pub related: Option<Related>,
    /// What the host keeps with it; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// The first message.
    pub message: Option<NewMessage>,
    /// Chosen by the client; the same one by the same person answers the first result again.
    pub client_id: Option<String>,
}

impl NewConversation {
    /// One of a kind, with nothing else said.
    pub fn of(kind: Kind) -> NewConversation {
        NewConversation {
            kind,
            user_ids: Vec::new(),
            contact_id: None,
            contact: None,
            store_id: None,
            team_id: None,
            assignee_id: None,
            title: None,
            slug: None,
            description: None,
            subject: None,
            is_private: false,
            replies_enabled: false,
            priority: None,
            labels: Vec::new(),
            source: None,
            platform: None,
            linked_conversation_id: None,
            related: None,
            metadata: None,
            message: None,
            client_id: None,
        }
    }
}

/// A conversation that was opened, now or before.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The conversation.
    pub conversation: View,
    /// Its first message.
    pub message: Option<Message>,
    /// False when it was there already.
    pub is_new: bool,
}

/// Who is to take part, in which role.
type Members = Vec<(Person, Role)>;

/// Opens a conversation. `body` is the parsed body of `new.message`.
pub fn open(tx: &mut Tx, actor: &Actor, new: &NewConversation, body: Option<&Body>) -> Result<Opened> {
    let rules = new.kind.rules();
    check_opener(actor, rules)?;
    check_fields(new, rules)?;
    if let Some(existing) = existing(tx, actor, new)? {
        return reopen(tx, actor, existing, new, body);
    }
    let (members, contact) = members(tx, actor, new, rules)?;
    let team = new.team_id.map(|team| teams::head(tx, actor.tenant, team)).transpose()?;
    if let Some(store) = new.store_id {
        check_store(tx, actor, rules, store)?;
    }
    if let Some(assignee) = new.assignee_id {
        users::require_all(tx, actor.tenant, &[assignee], "assignee_id")?;
    }
    let id = ConversationId(tx.id());
    let prefix =
        (new.kind == Kind::Ticket).then(|| team.map_or("ADMIN".to_owned(), |team| team.ticket_prefix));
    let made = insert(tx, actor, id, new, contact, prefix.as_deref())?;
    if !made && prefix.is_some() {
        return Err(conflict("client_id", "this ticket is being opened at this moment; ask again"));
    }
    if !made {
        let existing = existing(tx, actor, new)?;
        let existing =
            existing.ok_or_else(|| conflict("slug", "there is already a channel with this name"))?;
        return reopen(tx, actor, existing, new, body);
    }
    enter(tx, actor, id, &members, rules)?;
    announce(tx, actor, id, &members, contact)?;
    link(tx, actor, id, new)?;
    hooks::opened(tx, actor, id, new.kind, &new.user_ids)?;
    begin(tx, actor, id, new, body, true)
}

fn check_opener(actor: &Actor, rules: &Rules) -> Result<()> {
    const ACTION: &str = "conversation.open";
    match rules.opener {
        Opener::Matrix => actor.require_staff(ACTION),
        Opener::Right(right) => actor.require(right, ACTION),
        Opener::ContactOr(_) if actor.is_contact() => Ok(()),
        Opener::ContactOr(right) => actor.require(right, ACTION),
    }
}

fn check_fields(new: &NewConversation, rules: &Rules) -> Result<()> {
    let filled =
        |text: &Option<String>| text.as_deref().is_some_and(|text| line(text).chars().any(is_visible));
    match rules.titled {
        Titled::Title if !filled(&new.title) => return Err(invalid("title", "not_empty", "give it a title")),
        Titled::Subject if !filled(&new.subject) => {
            return Err(invalid("subject", "not_empty", "give it a subject"));
        }
        _ => {}
    }
    if new.message.is_none() && rules.acknowledged {
        return Err(invalid("message", "required", "a broadcast or announcement begins with its message"));
    }
    if new.user_ids.len() > 5_000 {
        return Err(invalid("user_ids", "count", "name at most 5,000 users"));
    }
    if let Some(client_id) = &new.client_id
        && (client_id.is_empty() || client_id.len() > 100)
    {
        return Err(invalid("client_id", "length", "use 1 to 100 characters"));
    }
    if let Some(related) = &new.related {
        related.check()?;
    }
    check_id("slug", new.slug.as_deref())?;
    check_id("source", new.source.as_deref())?;
    check_id("platform", new.platform.as_deref())?;
    update::check_texts(new.title.as_deref(), new.description.as_deref(), new.subject.as_deref())?;
    update::check_workflow(Some(&new.labels), new.metadata.as_ref())
}

/// The conversation that this one would be a second of: the pair's, or what the same `client_id` has opened.
fn existing(tx: &mut Tx, actor: &Actor, new: &NewConversation) -> Result<Option<ConversationId>> {
    if let Some(pair) = pair(actor, new) {
        return Ok(tx.db.opt(&store::BY_PAIR, params![actor.tenant, pair.as_str()], |row| row.get(0))?);
    }
    let Some(client_id) = &new.client_id else { return Ok(None) };
    let key = params![actor.tenant, actor.id(), client_id.as_str()];
    Ok(tx.db.opt(&store::BY_CLIENT, key, |row| row.get(0))?)
}

fn pair(actor: &Actor, new: &NewConversation) -> Option<String> {
    match (new.kind, new.user_ids.as_slice()) {
        (Kind::Direct, [other]) => Some(store::pair(actor.id(), *other)),
        _ => None,
    }
}

fn reopen(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    new: &NewConversation,
    body: Option<&Body>,
) -> Result<Opened> {
    if let Some(other) = new.user_ids.first().filter(|_| new.kind == Kind::Direct) {
        let people = users::require_all(tx, actor.tenant, &[*other], "user_ids")?;
        participants::check_matrix(tx, actor, &people, attempted(new))?;
    }
    begin(tx, actor, id, new, body, false)
}

/// What the audit log says was tried: whoever writes to somebody for the first time sends a message.
fn attempted(new: &NewConversation) -> &'static str {
    let sends = new.kind == Kind::Direct && new.message.is_some();
    if sends { "message.send" } else { "conversation.open" }
}

/// Posts the first message, if there is one, and answers the conversation as it is then; its opener is told of the names
/// in the message that are nobody's.
fn begin(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    new: &NewConversation,
    body: Option<&Body>,
    is_new: bool,
) -> Result<Opened> {
    let message = match (&new.message, body) {
        (Some(message), Some(body)) => Some(messages::post(tx, actor, id, message, body)?.message),
        _ => None,
    };
    let mut conversation = super::get(tx, actor, id)?;
    if let (Some(last), Some(message)) = (&mut conversation.last_message, &message)
        && last.id == message.id
    {
        last.names_nobody.clone_from(&message.names_nobody);
    }
    Ok(Opened { conversation, message, is_new })
}

/// Who takes part, and the contact if there is one.
fn members(
    tx: &mut Tx,
    actor: &Actor,
    new: &NewConversation,
    rules: &Rules,
) -> Result<(Members, Option<PersonId>)> {
    let mut ids = new.user_ids.clone();
    ids.extend(new.assignee_id.filter(|_| rules.workflow));
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| *id != actor.id());
    if new.kind == Kind::Direct && (new.user_ids.len() != 1 || ids.len() != 1) {
        return Err(invalid("user_ids", "one_other", "a direct conversation is with exactly one other user"));
    }
    if rules.everyone && !ids.is_empty() {
        return Err(invalid("user_ids", "everyone", "an announcement goes to every user; name nobody"));
    }
    if new.kind == Kind::Broadcast && ids.is_empty() {
        return Err(invalid("user_ids", "not_empty", "name at least one user who receives it"));
    }
    let people = users::require_all(tx, actor.tenant, &ids, "user_ids")?;
    participants::check_matrix(tx, actor, &people, attempted(new))?;
    let mut members: Members = Vec::new();
    if actor.person.kind != PersonKind::System {
        let role = if actor.is_contact() || new.kind == Kind::Direct { Role::Member } else { Role::Owner };
        members.push((actor.person.clone(), role));
    }
    members.extend(people.into_iter().map(|person| (person, Role::Member)));
    let contact = contact(tx, actor, new, rules)?;
    if let Some(contact) = contact.clone().filter(|contact| contact.id != actor.id()) {
        members.push((contact, Role::Member));
    }
    Ok((members, contact.map(|contact| contact.id)))
}

fn contact(tx: &mut Tx, actor: &Actor, new: &NewConversation, rules: &Rules) -> Result<Option<Person>> {
    if !rules.contact {
        let named = new.contact_id.is_some() || new.contact.is_some();
        let refusal = invalid("contact_id", "kind", "no contact takes part in this kind of conversation");
        return if named { Err(refusal) } else { Ok(None) };
    }
    if actor.is_contact() {
        return Ok(Some(actor.person.clone()));
    }
    let found = match (new.contact_id, &new.contact) {
        (Some(id), _) => addressed(tx, actor, id, rules)?,
        (None, Some(input)) => {
            actor.require(Right::Contacts, "contact.create")?;
            contacts::make(tx, actor, input)?
        }
        (None, None) => return Err(invalid("contact_id", "required", "name the contact that it is with")),
    };
    if found.blocked {
        return Err(conflict("blocked", "this contact is blocked"));
    }
    Ok(Some(Person {
        id: found.id,
        kind: PersonKind::Contact,
        name: found.name,
        avatar_url: found.avatar_url,
    }))
}

/// A contact whom the actor may write to: one that it sees, or any in a kind of which it reads all conversations.
fn addressed(tx: &mut Tx, actor: &Actor, id: PersonId, rules: &Rules) -> Result<Contact> {
    let unknown = || invalid("contact_id", "known", "there is no such contact");
    let found = contacts::find(tx, actor.tenant, id)?.ok_or_else(unknown)?;
    let may = rules.right.is_some_and(|right| actor.has(right)) || contacts::sees(tx, actor, id)?;
    if may { Ok(found) } else { Err(unknown()) }
}

fn check_store(tx: &mut Tx, actor: &Actor, rules: &Rules, store: StoreId) -> Result<()> {
    if !rules.store {
        return Err(invalid("store_id", "kind", "this kind of conversation belongs to no store"));
    }
    stores::require(tx, actor.tenant, store)?;
    let own = actor.stores.contains(&store) || rules.right.is_some_and(|right| actor.has(right));
    if own || actor.person.kind == PersonKind::System {
        return Ok(());
    }
    Err(forbidden("conversation.open", "store", "this is not one of your stores").about("store", store))
}

fn insert(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    new: &NewConversation,
    contact: Option<PersonId>,
    prefix: Option<&str>,
) -> Result<bool> {
    let rules = new.kind.rules();
    if rules.store && new.store_id.is_none() {
        return Err(invalid("store_id", "required", "name the store that it belongs to"));
    }
    let trimmed = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let of_line = |text: &Option<String>| text.as_deref().map(line).filter(|text| !text.is_empty());
    let title = of_line(&new.title).filter(|_| rules.titled != Titled::No);
    let slug = if new.kind == Kind::Channel { Some(slug(new, title.as_deref())?) } else { None };
    let number = prefix.map(|prefix| tickets::next(tx, actor.tenant, prefix)).transpose()?;
    let priority = rules.workflow.then(|| new.priority.unwrap_or(Priority::Normal));
    let (description, subject) = (trimmed(&new.description), of_line(&new.subject));
    let pair = pair(actor, new);
    let row = NewRow {
        kind: new.kind,
        title: title.as_deref(),
        slug: slug.as_deref(),
        description: description.as_deref(),
        subject: subject.as_deref(),
        is_private: new.is_private && new.kind == Kind::Channel,
        replies_enabled: new.replies_enabled,
        pair: pair.as_deref(),
        created_by: actor.id(),
        client_id: new.client_id.as_deref(),
        contact_id: contact,
        store_id: new.store_id,
        team_id: new.team_id.filter(|_| rules.workflow),
        assignee_id: new.assignee_id.filter(|_| rules.workflow),
        priority,
        labels: &new.labels,
        ticket_prefix: prefix,
        ticket_number: number,
        source: new.source.as_deref(),
        platform: new.platform.as_deref(),
        linked_conversation_id: new.linked_conversation_id,
        related: new.related.as_ref(),
        metadata: new.metadata.as_ref(),
        created_at: tx.now,
    };
    store::insert(tx, actor.tenant, id, &row)
}

fn slug(new: &NewConversation, title: Option<&str>) -> Result<String> {
    let slug = teams::slug_of(new.slug.as_deref().or(title).unwrap_or(""));
    if slug.is_empty() {
        Err(invalid("slug", "format", "use letters and digits in the channel's name"))
    } else {
        Ok(slug)
    }
}

fn enter(tx: &mut Tx, actor: &Actor, id: ConversationId, members: &Members, rules: &Rules) -> Result<()> {
    let (conversation, _) = store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    for (person, role) in members {
        participants::insert(tx, actor, &conversation, person, *role)?;
    }
    if let Some(right) = rules.right.filter(|_| rules.everyone) {
        let many = 1 + users::others_with(tx, actor.tenant, right, actor.id())?;
        tx.db.one(&store::SET_MEMBERS, params![actor.tenant, id, many], |row| row.get::<i64>(0))?;
    } else {
        tx.db.one(&store::COUNT_MEMBERS, params![actor.tenant, id], |row| row.get::<i64>(0))?;
    }
    Ok(())
}

/// Tells the readers; a contact gets an event of its own, without what only staff sees.
fn announce(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    members: &Members,
    contact: Option<PersonId>,
) -> Result<()> {
    let (conversation, _): (Conversation, _) =
        store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let access: Vec<AccessChange> = members
        .iter()
        .map(|(person, _)| AccessChange { conversation: id, person: person.id, member: true })
        .collect();
    let told = opened(tx, actor, id, Viewer::Staff)?;
    let audience = if contact.is_some() { conversation.staff_readers() } else { conversation.readers() };
    events::append(tx, actor, NewEvent::in_conversation(id, told, audience).with_access(&access))?;
    if let Some(contact) = contact {
        let told = opened(tx, actor, id, Viewer::Public)?;
        events::append(tx, actor, NewEvent::in_conversation(id, told, Audience::Person(contact)))?;
    }
    Ok(())
}

fn opened(tx: &mut Tx, actor: &Actor, id: ConversationId, viewer: Viewer) -> Result<Payload> {
    let conversation = Box::new(view::public(tx, actor, id, viewer)?);
    Ok(Payload::ConversationOpened(payloads::ConversationOpened { conversation }))
}

/// Ties a ticket and the conversation that it follows from to each other.
fn link(tx: &mut Tx, actor: &Actor, id: ConversationId, new: &NewConversation) -> Result<()> {
    let Some(other) = new.linked_conversation_id else { return Ok(()) };
    if new.kind != Kind::Ticket {
        return Err(invalid(
            "linked_conversation_id",
            "kind",
            "only a ticket follows from another conversation",
        ));
    }
    update::escalate_links(tx, actor, id, other).map_err(|error| match error {
        Error::NotFound { .. } => invalid("linked_conversation_id", "known", "there is no such conversation"),
        other => other,
    })
}

/// A conversation of an imported history, without members yet.
pub(crate) fn open_imported(
    tx: &mut Tx,
    system: &Actor,
    kind: Kind,
    title: &str,
    key: &str,
    at: Time,
) -> Result<ConversationId> {
    let id = ConversationId(tx.id());
    let title: String = title.chars().take(120).collect();
    let slug = (kind == Kind::Channel).then(|| teams::slug_of(&title));
    let imported = Imported { title: &title, slug: slug.as_deref(), key, at };
    if !insert_import(tx, system, id, kind, &imported)? {
        return Err(conflict("slug", format!("there is already a channel named {title}")));
    }
    Ok(id)
}

struct Imported<'a> {
    title: &'a str,
    slug: Option<&'a str>,
    key: &'a str,
    at: Time,
}

fn insert_import(
    tx: &mut Tx,
    system: &Actor,
    id: ConversationId,
    kind: Kind,
    new: &Imported<'_>,
) -> Result<bool> {
    let row = NewRow {
        kind,
        title: Some(new.title),
        slug: new.slug,
        description: None,
        subject: None,
        is_private: false,
        replies_enabled: true,
        pair: None,
        created_by: system.id(),
        client_id: Some(new.key),
        contact_id: None,
        store_id: None,
        team_id: None,
        assignee_id: None,
        priority: None,
        labels: &[],
        ticket_prefix: None,
        ticket_number: None,
        source: Some("import"),
        platform: None,
        linked_conversation_id: None,
        related: None,
        metadata: None,
        created_at: new.at,
    };
    store::insert(tx, system.tenant, id, &row)
}
