//! Users as host applications name them in the contracts: by Parlor's id, or by the id that the host itself has for them
//! (the `sub` of its tokens). Owns which of the two is meant (docs/decisions/0045-users-named-by-hosts.md).

use std::collections::HashMap;
use std::fmt;

use parlor_db::{params, statements};
use serde::de::{Deserialize, Deserializer, Visitor};

use crate::{
    error::{Result, invalid, not_found},
    ids::{PersonId, TenantId},
    person::Actor,
    tx::Tx,
};

/// A user as a host names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedUser(String);

statements! {
    /// Which of these ids are users.
    pub static KNOWN = both("SELECT id FROM users WHERE tenant = $1 AND id = ANY($2)");
    /// Those whom the host has under these ids.
    pub static BY_EXTERNALS = both("SELECT external_id, id FROM users WHERE tenant = $1 AND external_id = ANY($2)");
    /// What the host has these under.
    pub static EXTERNALS = both("
        SELECT id, external_id FROM users WHERE tenant = $1 AND id = ANY($2) AND external_id IS NOT NULL");
}

/// The ids of these users, in their order. Parlor's own id comes first: an id of the host that is spelt like the Parlor id
/// of somebody else never means that host's user.
pub fn named(tx: &mut Tx, actor: &Actor, names: &[NamedUser], field: &'static str) -> Result<Vec<PersonId>> {
    let found = found(tx, actor, names)?;
    let unknown = |name: &NamedUser| {
        let detail = format!("{:?} is no user: use Parlor's id, or the one in the host's tokens", name.0);
        invalid(field, "known", detail)
    };
    names.iter().map(|name| found.get(&name.0).copied().ok_or_else(|| unknown(name))).collect()
}

/// One user, whom an address names.
pub fn named_one(tx: &mut Tx, actor: &Actor, name: &NamedUser) -> Result<PersonId> {
    let found = found(tx, actor, std::slice::from_ref(name))?;
    found.get(&name.0).copied().ok_or(not_found("user"))
}

fn found(tx: &mut Tx, actor: &Actor, names: &[NamedUser]) -> Result<HashMap<String, PersonId>> {
    actor.require_staff("user.get")?;
    let own: Vec<(&str, PersonId)> =
        names.iter().filter_map(|name| Some((name.0.as_str(), name.0.parse().ok()?))).collect();
    let keys: Vec<[u8; 16]> = own.iter().map(|(_, id)| id.0.into_bytes()).collect();
    let known: Vec<PersonId> = match keys.is_empty() {
        true => Vec::new(),
        false => tx.db.all(&KNOWN, params![actor.tenant, &keys[..]], |row| row.get(0))?,
    };
    let mut found: HashMap<String, PersonId> = own
        .into_iter()
        .filter(|(_, id)| known.contains(id))
        .map(|(name, id)| (name.to_owned(), id))
        .collect();
    let rest = names.iter().filter(|name| !found.contains_key(&name.0));
    let rest: Vec<String> = rest.map(|name| name.0.clone()).collect();
    if !rest.is_empty() {
        let asked = params![actor.tenant, &rest[..]];
        let hosts = tx.db.all(&BY_EXTERNALS, asked, |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.extend(hosts);
    }
    Ok(found)
}

/// The host's ids of these users, where it has one.
pub fn external_ids(tx: &mut Tx, tenant: TenantId, people: &[PersonId]) -> Result<HashMap<PersonId, String>> {
    let keys: Vec<[u8; 16]> = people.iter().map(|id| id.0.into_bytes()).collect();
    let rows = tx.db.all(&EXTERNALS, params![tenant, &keys[..]], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

impl From<PersonId> for NamedUser {
    fn from(id: PersonId) -> Self {
        Self(id.to_string())
    }
}

/// A text, or a whole number as hosts often have them.
impl<'de> Deserialize<'de> for NamedUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrNumber)
    }
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = NamedUser;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user's id: Parlor's, or the one in the host's tokens")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<NamedUser, E> {
        match text.is_empty() || text.len() > 200 {
            true => Err(E::invalid_length(text.len(), &self)),
            false => Ok(NamedUser(text.to_owned())),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<NamedUser, E> {
        Ok(NamedUser(number.to_string()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> std::result::Result<NamedUser, E> {
        Ok(NamedUser(number.to_string()))
    }
}
