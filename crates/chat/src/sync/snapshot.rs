//! What a client starts from: who it is, its conversations, its unread, and the position in the event log at which all
//! of that was true. Read in one transaction, so that events after the position bring it up to date.

use serde::Serialize;

use crate::{
    conversations::{self, ListFilter, Totals, View},
    error::Result,
    events::{self, Position},
    page::Page,
    person::Actor,
    tx::Tx,
};

/// A consistent state and its place in the log.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Snapshot {
    /// The first page of conversations.
    #[serde(flatten)]
    pub conversations: Page<View>,
    /// Unread over everything.
    pub totals: Totals,
    /// The place in the log.
    #[serde(skip)]
    pub position: Position,
}

/// Takes a snapshot.
pub fn take(tx: &mut Tx, actor: &Actor, limit: Option<i64>) -> Result<Snapshot> {
    let position = events::position(tx, actor.tenant)?;
    let filter = ListFilter { limit, ..ListFilter::default() };
    Ok(Snapshot {
        conversations: conversations::list(tx, actor, &filter)?,
        totals: conversations::totals(tx, actor)?,
        position,
    })
}
