//! What users say of their presence (busy, a status text that ends by itself) and when they were last connected.
//! Owns its storage. Who is connected now is in memory only (`parlor_realtime::presence`).

use std::collections::HashMap;

use parlor_db::{FromRow, Row, params, row, statements};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, invalid},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{PersonId, TenantId},
    person::Actor,
    time::Time,
    tx::Tx,
};

pub use crate::resources::presence::{PresenceStatus, PresenceView};

const LONGEST_TEXT: usize = 100;

/// What is known of a person beside who is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatus {
    /// Does not want to be disturbed.
    pub busy: bool,
    /// A few words.
    pub text: Option<String>,
    /// When the words end.
    pub text_until: Option<Time>,
    /// When the person's last connection ended.
    pub last_seen_at: Option<Time>,
}

impl UserStatus {
    /// Without words that have ended.
    #[must_use]
    pub fn at(mut self, now: Time) -> Self {
        if self.text_until.is_some_and(|until| until <= now) {
            self.text = None;
            self.text_until = None;
        }
        self
    }
}

row! {
    impl UserStatus, status_columns! {
        busy: "busy",
        text: "text",
        text_until: "text_until",
        last_seen_at: "last_seen_at",
    }
}

statements! {
    /// Of some people.
    pub static OF = both(concat!("
        SELECT ", status_columns!(), ", person_id FROM presences WHERE tenant = $1 AND person_id = ANY($2)"));
    /// What somebody says.
    pub static SAY = both("
        INSERT INTO presences (tenant, person_id, busy, text, text_until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, person_id) DO UPDATE
        SET busy = excluded.busy, text = excluded.text, text_until = excluded.text_until");
    /// When somebody was seen.
    pub static SEEN = both("
        INSERT INTO presences (tenant, person_id, busy, last_seen_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, person_id) DO UPDATE SET last_seen_at = excluded.last_seen_at");
}

/// What these people said last; who never did is not in it.
pub fn of(tx: &mut Tx, tenant: TenantId, people: &[PersonId]) -> Result<HashMap<PersonId, UserStatus>> {
    let now = tx.now;
    let row =
        |row: &Row<'_>| Ok((row.get::<PersonId>(UserStatus::WIDTH)?, UserStatus::from_row(row)?.at(now)));
    let people: Vec<[u8; 16]> = people.iter().map(|person| person.0.into_bytes()).collect();
    Ok(tx.db.all(&OF, params![tenant, &people], row)?.into_iter().collect())
}

/// Says whether the actor is busy, and a few words that end at `until`, if given.
pub fn say(
    tx: &mut Tx,
    actor: &Actor,
    busy: bool,
    text: Option<&str>,
    until: Option<Time>,
) -> Result<UserStatus> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT || text.contains(char::is_control)) {
        return Err(invalid("text", "length", format!("use at most {LONGEST_TEXT} characters, on one line")));
    }
    if until.is_some_and(|until| until <= tx.now) {
        return Err(invalid("text_until", "future", "give a moment in the future"));
    }
    let until = until.filter(|_| text.is_some());
    tx.db.execute(&SAY, params![actor.tenant, actor.id(), busy, text, until])?;
    let said = of(tx, actor.tenant, &[actor.id()])?.remove(&actor.id()).unwrap_or_default();
    let UserStatus { busy, text, text_until, .. } = said.clone();
    let told =
        Payload::StatusUpdated(payloads::StatusUpdated { user_id: actor.id(), busy, text, text_until });
    let audience = if actor.is_staff() { Audience::Staff } else { Audience::Person(actor.id()) };
    events::append(tx, actor, NewEvent::new(told, audience))?;
    Ok(said)
}

/// Remembers when people were last connected.
pub fn seen(tx: &mut Tx, tenant: TenantId, people: &[(PersonId, Time)]) -> Result<()> {
    for (person, at) in people {
        tx.db.execute_later(&SEEN, params![tenant, *person, false, *at])?;
    }
    Ok(())
}
