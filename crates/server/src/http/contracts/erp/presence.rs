//! Owns: who of the tenant is there, in the words of the ERP contract. Must not know: what makes somebody be there.

use axum::extract::State;
use parlor_chat::users::{self, UserFilter};
use parlor_chat::{PersonId, Time};
use serde::Serialize;

use super::member::Member;
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::Json;
use crate::services::presence;
use parlor_chat::statuses::{PresenceStatus, PresenceView};

/// One person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Presence {
    user_id: PersonId,
    /// online, idle or offline.
    status: &'static str,
    last_seen: Option<Time>,
}

/// Everybody of the tenant, by name: the first thousand.
pub(crate) async fn list(State(app): State<Ctx>, Member(caller): Member) -> Answer<Vec<Presence>> {
    const MOST: usize = 1_000;
    let read = app.db.read(&caller, move |tx, actor| {
        let mut people: Vec<PersonId> = Vec::new();
        let mut filter = UserFilter { active: Some(true), limit: Some(200), ..UserFilter::default() };
        loop {
            let page = users::list(tx, actor, &filter)?;
            people.extend(page.items.iter().map(|user| user.id));
            filter.after = page.next;
            if filter.after.is_none() || people.len() >= MOST {
                break;
            }
        }
        Ok(people)
    });
    let shown = presence::presence_of(&app, caller.tenant, Some(read.await?)).await?;
    let one = |view: PresenceView| Presence {
        user_id: view.user_id,
        status: match view.status {
            PresenceStatus::Offline => "offline",
            PresenceStatus::Away => "idle",
            PresenceStatus::Online | PresenceStatus::Busy => "online",
        },
        last_seen: view.last_active_at.or(view.last_seen_at),
    };
    Ok(Json(shown.into_iter().map(one).collect()))
}
