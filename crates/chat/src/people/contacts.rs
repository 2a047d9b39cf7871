//! Contacts: customers. Owns their profiles, and who of the staff sees which. E-mail and phone are unique per platform.

use parlor_db::{FromRow, params, row, statements};
use serde::Deserialize;
use serde_json::{Value, json};

use std::{collections::HashMap, sync::Arc};

use crate::{
    access::{Facets, SEE_CONTACTS, outsider, readable_kinds},
    audience::facet_columns,
    audit,
    error::{Error, Result, conflict, invalid, not_found},
    events::{self, Audience, Event, EventKind, NewEvent, Payload, payloads},
    folding,
    ids::{ConversationId, PersonId, TenantId},
    json::Json,
    kinds::Kind,
    page::{Page, by_name, limit},
    person::{Actor, Person, PersonKind},
    rights::{Right, Rights},
    tenants::Tenant,
    text::{Sought, check_id, checked_name, checked_url, email_key},
    tx::Tx,
};

pub use crate::resources::people::Contact;

/// A new contact, or a change of one.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactInput {
    /// Shown name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// The address of its picture.
    pub avatar_url: Option<String>,
    /// The brand; fixed once made.
    pub platform: Option<String>,
    /// The host application's id; fixed once made.
    pub external_id: Option<String>,
    /// Replaces the attributes; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Value>,
    /// May no longer write.
    pub blocked: Option<bool>,
}

/// Which contacts are wanted.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Part of the name or address.
    pub search: Option<String>,
    /// A page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

row! {
    /// The columns of a contact `k`.
    impl Contact, contact_columns! {
        id: "k.id",
        external_id: "k.external_id",
        platform: "k.platform",
        name: "k.name",
        email: "k.email",
        phone: "k.phone",
        avatar_url: "k.avatar_url",
        attributes: Json "k.attributes",
        blocked: "k.blocked",
        created_at: "k.created_at",
        last_activity_at: "k.last_activity_at",
    }
}

/// A page of contacts `k` by name: $2 and $3 the cursor, $4 a pattern or '', $5 how many, and the patterns
/// for the key.
macro_rules! page {
    ($from:expr, $which:expr, $folded:literal, $spelled:literal) => {
        concat!(
            "SELECT ",
            contact_columns!(),
            " FROM ",
            $from,
            " WHERE k.tenant = $1 AND (k.name, k.id) > ($2, $3)
               AND ($4 = '' OR lowered(k.name) LIKE $4 ESCAPE '!' OR k.email_key LIKE $4 ESCAPE '!' OR k.phone LIKE $4 ESCAPE '!'
                    OR k.name_key LIKE ", $folded, " ESCAPE '!' OR k.name_key LIKE ", $spelled, " ESCAPE '!')",
            $which,
            " ORDER BY k.name, k.id LIMIT $5"
        )
    };
}

/// The contacts `r` of the conversations that somebody may read, found through what lets it read them: $6 the person,
/// $7 its teams, $8 its stores, $9 and $10 the kinds that it reads by right, and while nobody is assigned. CROSS JOIN so
/// that SQLite does not begin with everybody's.
macro_rules! reached {
    () => {
        "(SELECT DISTINCT s.contact_id FROM (
            SELECT c.contact_id FROM participants p CROSS JOIN conversations c
                WHERE p.tenant = $1 AND p.person_id = $6 AND p.left_at IS NULL
                  AND c.tenant = p.tenant AND c.id = p.conversation_id
            UNION ALL SELECT c.contact_id FROM conversations c WHERE c.tenant = $1 AND c.team_id = ANY($7)
            UNION ALL SELECT c.contact_id FROM conversations c WHERE c.tenant = $1 AND c.store_id = ANY($8)
            UNION ALL SELECT c.contact_id FROM conversations c WHERE c.tenant = $1 AND c.kind = ANY($9)
            UNION ALL SELECT c.contact_id FROM conversations c
                WHERE c.tenant = $1 AND c.kind = ANY($10) AND c.team_id IS NULL AND c.assignee_id IS NULL
                  AND c.contact_id IS NOT NULL
        ) s) r CROSS JOIN contacts k"
    };
}

/// The rule as SQL: whether somebody without a right to see all contacts sees `k`, because of a conversation with it
/// that it reads. Takes the numbers of the parameters for the person and, as `outsider!`, for what it reads besides.
macro_rules! known {
    ($me:literal, $teams:literal, $stores:literal, $by_right:literal, $unassigned:literal) => {
        concat!(
            " EXISTS (SELECT 1 FROM conversations c
                LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = ", $me, "
                WHERE c.tenant = k.tenant AND c.contact_id = k.id
                  AND ((p.person_id IS NOT NULL AND p.left_at IS NULL) OR ",
            outsider!($teams, $stores, $by_right, $unassigned),
            "))"
        )
    };
}

statements! {
    /// A contact by its id.
    pub static FIND = both(concat!("SELECT ", contact_columns!(), " FROM contacts k WHERE k.tenant = $1 AND k.id = $2"));
    /// Whether somebody sees one without a right to see them all.
    pub static SEES = both(concat!("
        SELECT k.id FROM contacts k WHERE k.tenant = $1 AND k.id = $2 AND", known!("$3", "$4", "$5", "$6", "$7")));
    /// A page of all of them.
    pub static PAGE = both(page!("contacts k", "", "$6", "$7"));
    /// A page of those whom somebody sees who reads nearly every conversation: by name, each looked at.
    pub static PAGE_OF_MANY = both(page!("contacts k", concat!(" AND", known!("$6", "$7", "$8", "$9", "$10")), "$11", "$12"));
    /// A page of those whom somebody sees who reads some conversations: of these only, however many others there are.
    pub static PAGE_OF_SOME = both(page!(
        reached!(),
        concat!(" AND k.id = r.contact_id AND", known!("$6", "$7", "$8", "$9", "$10")),
        "$11",
        "$12"
    ));
    /// The conversations of some contacts, and what decides who reads them.
    pub static PLACES = both(concat!("
        SELECT ", facet_columns!(), ", c.contact_id, c.id FROM conversations c
        WHERE c.tenant = $1 AND c.contact_id = ANY($2)"));
    /// By the host application's id.
    pub static BY_EXTERNAL = both("SELECT id FROM contacts WHERE tenant = $1 AND external_id = $2");
    /// By address.
    pub static BY_EMAIL = both("SELECT id FROM contacts WHERE tenant = $1 AND platform = $2 AND email_key = $3");
    /// By phone.
    pub static BY_PHONE = both("SELECT id FROM contacts WHERE tenant = $1 AND platform = $2 AND phone = $3");
    /// A new one.
    pub static INSERT = both("
        INSERT INTO contacts (tenant, id, external_id, platform, name, email, email_key, phone, avatar_url, attributes,
                              blocked, created_at, last_activity_at, name_key)
        VALUES ($1, $2, $3, $4, $5, NULL, NULL, NULL, NULL, '{}', FALSE, $6, NULL, $7)");
    /// Changes one.
    pub static UPDATE = both("
        UPDATE contacts SET name = $3, email = $4, email_key = $5, phone = $6, avatar_url = $7, attributes = $8, blocked = $9, name_key = $10
        WHERE tenant = $1 AND id = $2");
    /// It wrote.
    pub static TOUCH = both("UPDATE contacts SET last_activity_at = $3 WHERE tenant = $1 AND id = $2");
}

pub(crate) fn find(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Option<Contact>> {
    Ok(tx.db.opt(&FIND, params![tenant, id], Contact::from_row)?)
}

/// The contact that the host application knows by this id.
pub fn by_external(tx: &mut Tx, tenant: TenantId, external_id: &str) -> Result<Option<PersonId>> {
    Ok(tx.db.opt(&BY_EXTERNAL, params![tenant, external_id], |row| row.get(0))?)
}

/// The actor that a contact is; refuses a blocked one.
pub fn actor(tx: &mut Tx, tenant: &Tenant, id: PersonId) -> Result<Actor> {
    let contact = find(tx, tenant.id, id)?.filter(|contact| !contact.blocked);
    let contact = contact.ok_or_else(|| Error::Unauthorized {
        detail: "this contact does not exist or is blocked".to_owned(),
    })?;
    Ok(Actor {
        tenant: tenant.id,
        tenant_no: tenant.no,
        person: Person { id, kind: PersonKind::Contact, name: contact.name, avatar_url: contact.avatar_url },
        rights: Rights::default(),
        super_admin: false,
        roles: Vec::new(),
        teams: Vec::new(),
        stores: Vec::new(),
        ip: None,
    })
}

/// One contact, for staff who see it; to others it is not there.
pub fn get(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<Contact> {
    actor.require_staff("contact.get")?;
    let found = find(tx, actor.tenant, id)?.ok_or(not_found("contact"))?;
    if sees(tx, actor, id)? { Ok(found) } else { Err(not_found("contact")) }
}

/// Whether the actor sees every contact.
fn sees_all(actor: &Actor) -> bool {
    actor.person.kind == PersonKind::System || SEE_CONTACTS.iter().any(|right| actor.has(*right))
}

/// Whether the actor sees a contact.
pub(crate) fn sees(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<bool> {
    if sees_all(actor) {
        return Ok(true);
    }
    let reach = Reach::of(actor);
    let asked = params![
        actor.tenant,
        id,
        actor.id(),
        &reach.teams[..],
        &reach.stores[..],
        &reach.by_right[..],
        &reach.unassigned[..]
    ];
    Ok(actor.is_staff() && tx.db.opt(&SEES, asked, |row| row.get::<PersonId>(0))?.is_some())
}

/// What somebody reads without taking part, as the statements ask for it.
struct Reach {
    teams: Vec<[u8; 16]>,
    stores: Vec<[u8; 16]>,
    by_right: Vec<String>,
    unassigned: Vec<String>,
}

impl Reach {
    fn of(actor: &Actor) -> Reach {
        let kinds = readable_kinds(actor);
        let with_contacts = |names: Vec<String>| {
            names
                .into_iter()
                .filter(|name| Kind::parse(name).is_some_and(|kind| kind.rules().contact))
                .collect()
        };
        Reach {
            teams: actor.teams.iter().map(|id| id.0.into_bytes()).collect(),
            stores: actor.stores.iter().map(|id| id.0.into_bytes()).collect(),
            by_right: with_contacts(kinds.all),
            unassigned: with_contacts(kinds.unassigned),
        }
    }

    /// Whether it reads the conversations of nearly every contact.
    fn is_wide(&self) -> bool {
        self.by_right.iter().any(|kind| kind == Kind::Support.name())
    }
}

/// A page by name of the contacts that the actor sees, for staff.
pub fn list(tx: &mut Tx, actor: &Actor, filter: &ContactFilter) -> Result<Page<Contact>> {
    actor.require_staff("contact.list")?;
    let limit = limit(filter.limit);
    let (name, id) = by_name(filter.after.as_deref())?;
    let name = name.as_str();
    let sought = Sought::of(filter.search.as_deref())?;
    let (folded, spelled) = (sought.folded.as_str(), sought.spelled.as_deref());
    let most = i64::try_from(limit + 1).unwrap_or(200);
    let rows = if sees_all(actor) {
        tx.db.all(
            &PAGE,
            params![actor.tenant, name, id, sought.written.as_str(), most, folded, spelled],
            Contact::from_row,
        )?
    } else {
        let reach = Reach::of(actor);
        let statement = if reach.is_wide() { &PAGE_OF_MANY } else { &PAGE_OF_SOME };
        let asked = params![
            actor.tenant,
            name,
            id,
            sought.written.as_str(),
            most,
            actor.id(),
            &reach.teams[..],
            &reach.stores[..],
            &reach.by_right[..],
            &reach.unassigned[..],
            folded,
            spelled
        ];
        tx.db.all(statement, asked, Contact::from_row)?
    };
    Ok(Page::cut(rows, limit, |contact| format!("{}\n{}", contact.name, contact.id)))
}

/// A new contact. Needs `contacts`.
pub fn create(tx: &mut Tx, actor: &Actor, input: &ContactInput) -> Result<Contact> {
    actor.require(Right::Contacts, "contact.create")?;
    make(tx, actor, input)
}

pub(crate) fn make(tx: &mut Tx, actor: &Actor, input: &ContactInput) -> Result<Contact> {
    let name = checked_name(input.name.as_deref().or(input.email.as_deref()).unwrap_or(""))?;
    let id = insert(
        tx,
        actor.tenant,
        &name,
        input.platform.as_deref().unwrap_or(""),
        input.external_id.as_deref(),
    )?;
    change(tx, actor, id, input)
}

pub(crate) fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
    platform: &str,
    external: Option<&str>,
) -> Result<PersonId> {
    check_id("external_id", external)?;
    check_id("platform", Some(platform))?;
    if let Some(external) = external
        && tx.db.opt(&BY_EXTERNAL, params![tenant, external], |row| row.get::<PersonId>(0))?.is_some()
    {
        return Err(conflict("external_id", "there is already a contact with this id"));
    }
    let id = PersonId(tx.id());
    tx.db.execute(
        &INSERT,
        params![tenant, id, external, platform, name, tx.now, folding::key(name).as_str()],
    )?;
    Ok(id)
}

/// Changes a contact. Needs `contacts`.
pub fn update(tx: &mut Tx, actor: &Actor, id: PersonId, input: &ContactInput) -> Result<Contact> {
    actor.require(Right::Contacts, "contact.update")?;
    change(tx, actor, id, input)
}

fn change(tx: &mut Tx, actor: &Actor, id: PersonId, input: &ContactInput) -> Result<Contact> {
    let mut contact = find(tx, actor.tenant, id)?.ok_or(not_found("contact"))?;
    for (field, given, stored) in [
        ("external_id", &input.external_id, contact.external_id.as_deref()),
        ("platform", &input.platform, Some(contact.platform.as_str())),
    ] {
        if given.is_some() && given.as_deref() != stored {
            return Err(invalid(field, "fixed", "is fixed once the contact is made: make another contact"));
        }
    }
    if let Some(name) = &input.name {
        contact.name = checked_name(name)?;
    }
    if let Some(email) = &input.email {
        contact.email = Some(email_key(email)?.0);
    }
    if let Some(phone) = &input.phone {
        contact.phone = Some(checked_phone(phone)?);
    }
    checked_url("avatar_url", input.avatar_url.as_deref())?;
    contact.avatar_url = input.avatar_url.clone().or(contact.avatar_url);
    if let Some(attributes) = &input.attributes {
        if !attributes.is_object() || attributes.to_string().len() > 16_384 {
            return Err(invalid("attributes", "object", "use an object of at most 16 KiB"));
        }
        contact.attributes = attributes.clone();
    }
    contact.blocked = input.blocked.unwrap_or(contact.blocked);
    refuse_double(tx, actor.tenant, &contact)?;
    save(tx, actor.tenant, &contact)?;
    if contact.blocked {
        crate::sessions::end_all(tx, actor.tenant, id)?;
    }
    announce(tx, actor, &contact)?;
    Ok(contact)
}

pub(crate) fn refuse_double(tx: &mut Tx, tenant: TenantId, contact: &Contact) -> Result<()> {
    let platform = contact.platform.as_str();
    if let Some(email) = &contact.email {
        let key = email.to_lowercase();
        let other =
            tx.db.opt(&BY_EMAIL, params![tenant, platform, key.as_str()], |row| row.get::<PersonId>(0))?;
        if other.is_some_and(|other| other != contact.id) {
            return Err(conflict("email", "there is already a contact with this e-mail address"));
        }
    }
    if let Some(phone) = &contact.phone {
        let other =
            tx.db.opt(&BY_PHONE, params![tenant, platform, phone.as_str()], |row| row.get::<PersonId>(0))?;
        if other.is_some_and(|other| other != contact.id) {
            return Err(conflict("phone", "there is already a contact with this phone number"));
        }
    }
    Ok(())
}

pub(crate) fn save(tx: &mut Tx, tenant: TenantId, contact: &Contact) -> Result<()> {
    tx.db.execute(
        &UPDATE,
        params![
            tenant,
            contact.id,
            contact.name.as_str(),
            contact.email.as_deref(),
            contact.email.as_deref().map(str::to_lowercase).as_deref(),
            contact.phone.as_deref(),
            contact.avatar_url.as_deref(),
            contact.attributes.to_string().as_str(),
            contact.blocked,
            folding::key(&contact.name).as_str()
        ],
    )?;
    Ok(())
}

fn checked_phone(phone: &str) -> Result<String> {
    let kept: String = phone.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let digits = kept.strip_prefix('+').unwrap_or(&kept);
    let fits = (4..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(kept)
    } else {
        Err(invalid("phone", "format", "use 4 to 15 digits, with + before a country code"))
    }
}

pub(crate) fn announce(tx: &mut Tx, actor: &Actor, contact: &Contact) -> Result<()> {
    let id = contact.id.to_string();
    audit::record(
        tx,
        actor,
        "contact.update",
        Some(("contact", &id)),
        &json!({ "blocked": contact.blocked }),
    )?;
    let places = places(tx, actor.tenant, &[contact.id])?.remove(&contact.id).unwrap_or_default();
    let audience = Audience::Contact { id: contact.id, places: places.into() };
    let told = Payload::ContactUpdated(payloads::ContactUpdated { contact: contact.clone() });
    events::append(tx, actor, NewEvent::new(told, audience)).map(drop)
}

type Places = Vec<(ConversationId, Facets)>;

/// The conversations of some contacts: who reads one of them sees the contact.
fn places(tx: &mut Tx, tenant: TenantId, ids: &[PersonId]) -> Result<HashMap<PersonId, Places>> {
    let keys: Vec<[u8; 16]> = ids.iter().map(|id| id.0.into_bytes()).collect();
    let rows = tx.db.all(&PLACES, params![tenant, &keys[..]], |row| {
        let (contact, place) = (row.get::<PersonId>(Facets::WIDTH)?, row.get(Facets::WIDTH + 1)?);
        Ok((contact, (place, Facets::from_row(row)?)))
    })?;
    let mut found: HashMap<PersonId, Places> = HashMap::new();
    for (id, place) in rows {
        found.entry(id).or_default().push(place);
    }
    Ok(found)
}

/// Addresses stored events that tell of contacts to whoever sees those today. Earlier versions told all of the staff. Of
/// one that does not say which contact it tells of, nobody knows who may see it.
pub(crate) fn address(tx: &mut Tx, tenant: TenantId, events: &mut [Event]) -> Result<()> {
    let about: Vec<PersonId> = events.iter().filter_map(contact_of).collect();
    let known: HashMap<PersonId, Arc<[_]>> = match about.is_empty() {
        true => HashMap::new(),
        false => places(tx, tenant, &about)?.into_iter().map(|(id, places)| (id, places.into())).collect(),
    };
    let told = |event: &&mut Event| {
        event.kind == EventKind::ContactUpdated && event.audience != Audience::Unreadable
    };
    for event in events.iter_mut().filter(told) {
        event.audience = match contact_of(event) {
            Some(id) => Audience::Contact { id, places: known.get(&id).cloned().unwrap_or_default() },
            None => Audience::Unreadable,
        };
    }
    Ok(())
}

/// The contact that a stored event tells of.
fn contact_of(event: &Event) -> Option<PersonId> {
    match (event.kind, &event.audience) {
        (EventKind::ContactUpdated, Audience::Contact { id, .. }) => Some(*id),
        (EventKind::ContactUpdated, _) => match event.payload() {
            Ok(Payload::ContactUpdated(told)) => Some(told.contact.id),
            _ => None,
        },
        _ => None,
    }
}
