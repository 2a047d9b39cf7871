//! How far a consumer of the event log has come with each tenant, and which process reads on. Owns the places and the
//! turns: one holder at a time. Must not know: what the consumers do.
//!
//! For consumers whose effects are outside the database: they read on from their place, and move it after the effect, so
//! that every event reaches them at least once. The search index is a consumer too; its effects are in the database, and
//! its place (`logs.indexed`) moves in their transaction.

use parlor_db::{FromRow, params, statements};

use crate::{
    error::Result,
    ids::TenantId,
    tenants::{Tenant, tenant_columns},
    time::Time,
    tx::Tx,
};

/// A consumer of the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// Hands events to an external Mercure hub.
    MercureRelay,
}

impl Consumer {
    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MercureRelay => "mercure_relay",
        }
    }
}

statements! {
    /// Tenants with events that a consumer has not had.
    pub static BEHIND = both(concat!("
        SELECT ", tenant_columns!(), " FROM tenants t JOIN logs l ON l.tenant = t.id
        LEFT JOIN tails r ON r.tenant = t.id AND r.consumer = $1
        WHERE r.seq IS NULL OR r.seq < l.head ORDER BY t.no")).global();
    /// Takes the turn, unless another holder has it; a log that was never read begins at its head.
    pub static CLAIM = both("
        INSERT INTO tails (tenant, consumer, seq, holder, held_until)
        SELECT l.tenant, $2, l.head, $3, $4 FROM logs l WHERE l.tenant = $1
        ON CONFLICT (tenant, consumer) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
        WHERE tails.holder = excluded.holder OR tails.held_until < $5
        RETURNING seq");
    /// Moves the place, while it is the holder's turn.
    pub static ADVANCE = both("
        UPDATE tails SET seq = $4, held_until = $5 WHERE tenant = $1 AND consumer = $2 AND holder = $3");
}

/// The tenants with events that the consumer has not had, or whose log it never read.
pub fn behind(tx: &mut Tx, consumer: Consumer) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&BEHIND, params![consumer.name()], Tenant::from_row)?)
}

/// Takes the turn until then; answers from where to read on, or `None` while another holder has it.
pub fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    consumer: Consumer,
    holder: &str,
    until: Time,
) -> Result<Option<i64>> {
    Ok(tx.db.opt(&CLAIM, params![tenant, consumer.name(), holder, until, tx.now], |row| row.get(0))?)
}

/// The consumer has had everything up to `seq`; false when another holder has the turn by now.
pub fn advance(
    tx: &mut Tx,
    tenant: TenantId,
    consumer: Consumer,
    holder: &str,
    seq: i64,
    until: Time,
) -> Result<bool> {
    Ok(tx.db.execute(&ADVANCE, params![tenant, consumer.name(), holder, seq, until])? > 0)
}
