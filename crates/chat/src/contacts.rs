//! Contacts: customers. Owns their profiles and first sights. E-mail and phone are unique per platform.

use parlor_db::{Error as DbError, Row, params, statements};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    audit,
    error::{Error, Result, conflict, invalid, not_found},
    events::{self, Audience, NewEvent},
    ids::{PersonId, TenantId},
    page::{Page, limit},
    person::{Actor, Person, PersonKind},
    rights::{Right, Rights},
    tenants::{Tenant, system_actor},
    time::Time,
    tx::Tx,
    users::{HostClaims, checked_name, checked_url, email_key},
};

/// A contact, as staff sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// Its id.
    pub id: PersonId,
    /// The host application's id of it.
    pub external_id: Option<String>,
    /// The brand it belongs to; empty for none.
    pub platform: String,
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// What the host says of it.
    #[schema(value_type = Object)]
    pub attributes: Value,
    /// May no longer write.
    pub blocked: bool,
    /// Since when.
    pub created_at: Time,
    /// When it last wrote.
    pub last_activity_at: Option<Time>,
}

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
    /// Picture.
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

statements! {
    /// One.
    pub static FIND = both("
        SELECT id, external_id, platform, name, email, phone, avatar_url, attributes, blocked, created_at, last_activity_at
        FROM contacts WHERE tenant = $1 AND id = $2");
    /// A page by name.
    pub static PAGE = both("
        SELECT id, external_id, platform, name, email, phone, avatar_url, attributes, blocked, created_at, last_activity_at
        FROM contacts WHERE tenant = $1 AND (name, id) > ($2, $3)
          AND ($4 = '' OR lowered(name) LIKE $4 OR email_key LIKE $4 OR phone LIKE $4)
        ORDER BY name, id LIMIT $5");
    /// By the host application's id.
    pub static BY_EXTERNAL = both("SELECT id FROM contacts WHERE tenant = $1 AND external_id = $2");
    /// By address.
    pub static BY_EMAIL = both("SELECT id FROM contacts WHERE tenant = $1 AND platform = $2 AND email_key = $3");
    /// By phone.
    pub static BY_PHONE = both("SELECT id FROM contacts WHERE tenant = $1 AND platform = $2 AND phone = $3");
    /// A new one.
    pub static INSERT = both("
        INSERT INTO contacts (tenant, id, external_id, platform, name, email, email_key, phone, avatar_url, attributes,
                              blocked, created_at, last_activity_at)
        VALUES ($1, $2, $3, $4, $5, NULL, NULL, NULL, NULL, '{}', FALSE, $6, NULL)");
    /// Changes one.
    pub static UPDATE = both("
        UPDATE contacts SET name = $3, email = $4, email_key = $5, phone = $6, avatar_url = $7, attributes = $8, blocked = $9
        WHERE tenant = $1 AND id = $2");
    /// It wrote.
    pub static TOUCH = both("UPDATE contacts SET last_activity_at = $3 WHERE tenant = $1 AND id = $2");
}

fn from_row(row: &Row<'_>) -> Result<Contact, DbError> {
    Ok(Contact {
        id: row.get(0)?,
        external_id: row.get(1)?,
        platform: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        phone: row.get(5)?,
        avatar_url: row.get(6)?,
        attributes: serde_json::from_str(&row.get::<String>(7)?).unwrap_or_default(),
        blocked: row.get(8)?,
        created_at: row.get(9)?,
        last_activity_at: row.get(10)?,
    })
}

pub(crate) fn find(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Option<Contact>> {
    Ok(tx.db.opt(&FIND, params![tenant, id], from_row)?)
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

/// One contact, for staff.
pub fn get(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<Contact> {
    actor.require_staff("contact.get")?;
    find(tx, actor.tenant, id)?.ok_or(not_found("contact"))
}

/// A page of contacts by name, for staff.
pub fn list(tx: &mut Tx, actor: &Actor, filter: &ContactFilter) -> Result<Page<Contact>> {
    actor.require_staff("contact.list")?;
    let limit = limit(filter.limit);
    let (name, id) = filter.after.as_deref().and_then(|after| after.split_once('\n')).unwrap_or(("", ""));
    let id = id.parse().unwrap_or(PersonId(uuid::Uuid::nil()));
    let pattern = filter.search.as_deref().map_or(String::new(), crate::users::like);
    let rows = tx.db.all(
        &PAGE,
        params![actor.tenant, name, id, pattern.as_str(), i64::try_from(limit + 1).unwrap_or(200)],
        from_row,
    )?;
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
        name,
        input.platform.as_deref().unwrap_or(""),
        input.external_id.as_deref(),
    )?;
    change(tx, actor, id, input)
}

fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
    platform: &str,
    external: Option<&str>,
) -> Result<PersonId> {
    if let Some(external) = external
        && tx.db.opt(&BY_EXTERNAL, params![tenant, external], |row| row.get::<PersonId>(0))?.is_some()
    {
        return Err(conflict("external_id", "there is already a contact with this id"));
    }
    let id = PersonId(tx.id());
    tx.db.execute(&INSERT, params![tenant, id, external, platform, name, tx.now])?;
    Ok(id)
}

/// Changes a contact. Needs `contacts`.
pub fn update(tx: &mut Tx, actor: &Actor, id: PersonId, input: &ContactInput) -> Result<Contact> {
    actor.require(Right::Contacts, "contact.update")?;
    change(tx, actor, id, input)
}

fn change(tx: &mut Tx, actor: &Actor, id: PersonId, input: &ContactInput) -> Result<Contact> {
    let mut contact = find(tx, actor.tenant, id)?.ok_or(not_found("contact"))?;
    if let Some(name) = &input.name {
        contact.name = checked_name(name)?.to_owned();
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

fn refuse_double(tx: &mut Tx, tenant: TenantId, contact: &Contact) -> Result<()> {
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

fn save(tx: &mut Tx, tenant: TenantId, contact: &Contact) -> Result<()> {
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
            contact.blocked
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

fn announce(tx: &mut Tx, actor: &Actor, contact: &Contact) -> Result<()> {
    let id = contact.id.to_string();
    audit::record(
        tx,
        actor,
        "contact.update",
        Some(("contact", &id)),
        &json!({ "blocked": contact.blocked }),
    )?;
    events::append(
        tx,
        actor,
        NewEvent {
            kind: "contact.updated",
            conversation: None,
            audience: Audience::Staff,
            access: &[],
            data: json!({ "contact": contact }),
        },
    )?;
    Ok(())
}

/// The contact that a host's token names, made on first sight.
pub(crate) fn from_host(tx: &mut Tx, tenant: &Tenant, claims: &HostClaims) -> Result<Actor> {
    let system = system_actor(tenant);
    let known =
        tx.db.opt(&BY_EXTERNAL, params![tenant.id, claims.sub.as_str()], |row| row.get::<PersonId>(0))?;
    let given = claims.name.as_deref().or(claims.email.as_deref()).unwrap_or(&claims.sub);
    let name: String = given.chars().filter(|c| !c.is_control()).take(120).collect();
    let id = match known {
        Some(id) => id,
        None => insert(tx, tenant.id, checked_name(&name).unwrap_or("?"), "", Some(&claims.sub))?,
    };
    let mut contact = find(tx, tenant.id, id)?.ok_or(not_found("contact"))?;
    let before = (contact.name.clone(), contact.email.clone());
    if claims.name.is_some() && !name.trim().is_empty() {
        name.trim().clone_into(&mut contact.name);
    }
    if let Some((email, _)) = claims.email.as_deref().and_then(|email| email_key(email).ok()) {
        let stored = contact.email.replace(email);
        if refuse_double(tx, tenant.id, &contact).is_err() {
            contact.email = stored;
        }
    }
    if known.is_none() || before != (contact.name.clone(), contact.email.clone()) {
        save(tx, tenant.id, &contact)?;
        announce(tx, &system, &contact)?;
    }
    actor(tx, tenant, id)
}
