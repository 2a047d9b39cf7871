//! At what time each message of a direct conversation was read: a row for each step of a read position. Kept where a
//! contract asks for it (`erp_enabled`), for the position itself remembers its last step only.

use parlor_db::{params, statements};

use crate::{
    error::Result,
    ids::{ConversationId, PersonId, TenantId},
    person::Actor,
    time::Time,
    tx::Tx,
};

/// Somebody read everything up to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadStep {
    /// Who.
    pub person: PersonId,
    /// Up to which place.
    pub seq: i64,
    /// When.
    pub at: Time,
}

statements! {
    /// Keeps a step; a place that was read before, and was marked unread since, keeps its first time.
    pub static KEEP = both("
        INSERT INTO read_steps (tenant, conversation_id, person_id, seq, read_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, conversation_id, person_id, seq) DO NOTHING");
    /// One person's steps that tell when the messages from one place to another were read.
    pub static BETWEEN = both("
        SELECT s.person_id, s.seq, s.read_at FROM read_steps s
        WHERE s.tenant = $1 AND s.conversation_id = $2 AND s.person_id = $3 AND s.seq >= $4
          AND s.seq <= COALESCE((SELECT MIN(n.seq) FROM read_steps n WHERE n.tenant = $1 AND n.conversation_id = $2
              AND n.person_id = $3 AND n.seq >= $5), $5)
        ORDER BY s.seq");
    /// Forgets those of messages that are gone.
    pub static FORGET = both("DELETE FROM read_steps WHERE tenant = $1 AND conversation_id = $2 AND seq <= $3");
}

pub(crate) fn keep(tx: &mut Tx, actor: &Actor, id: ConversationId, seq: i64) -> Result<()> {
    tx.db.execute(&KEEP, params![actor.tenant, id, actor.id(), seq, tx.now])?;
    Ok(())
}

/// The steps of these people that tell when the messages of a page were read, first ones first. Asks nothing about
/// whether the actor may know: whoever has the page does.
pub fn between(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    people: &[PersonId],
    (first, last): (i64, i64),
) -> Result<Vec<ReadStep>> {
    let mut steps = Vec::new();
    for person in people {
        let asked = params![actor.tenant, id, *person, first, last];
        steps.extend(tx.db.all(&BETWEEN, asked, |row| {
            Ok(ReadStep { person: row.get(0)?, seq: row.get(1)?, at: row.get(2)? })
        })?);
    }
    Ok(steps)
}

pub(crate) fn forget(tx: &mut Tx, tenant: TenantId, id: ConversationId, up_to: i64) -> Result<()> {
    tx.db.execute(&FORGET, params![tenant, id, up_to])?;
    Ok(())
}
