//! Owns: who of the tenant is there, in the words of the ERP contract. Must not know: what makes somebody be there.

use axum::extract::{OriginalUri, State};
use parlor_chat::page::Page;
use parlor_chat::users::{self, UserFilter};
use parlor_chat::{PersonId, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::member::Member;
use crate::app::Ctx;
use crate::request::bare_list::BareList;
use crate::request::extract::Query;
use crate::request::problem::Problem;
use crate::services::presence;
use parlor_chat::statuses::{PresenceStatus, PresenceView};

/// One person.
#[derive(Serialize, ToSchema)]
#[schema(as = ErpPresence)]
#[serde(rename_all = "camelCase")]
pub(super) struct Presence {
    user_id: PersonId,
    /// The host's own id of them.
    external_id: Option<String>,
    /// online, idle or offline.
    status: &'static str,
    last_seen: Option<Time>,
}

/// A page of people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PresenceQuery {
    /// From the `Link` of the page before.
    after: Option<String>,
    /// 1 to 1,000; 1,000 when absent.
    limit: Option<usize>,
}

/// As many people as an answer tells of at most.
const MOST: usize = 1_000;

/// Everybody of the tenant and whether they are there, by name
#[utoipa::path(get, path = "/presence", tag = "erp contract", operation_id = "erp_list_presence",
    params(("tenant" = String, Path, description = "Its slug or its id"), PresenceQuery), responses((status = 200, body = Vec<Presence>, description = "The next page is in the `Link` header")))]
pub(super) async fn list(
    State(app): State<Ctx>,
    Member(caller): Member,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<PresenceQuery>,
) -> Result<BareList<Presence>, Problem> {
    let most = query.limit.unwrap_or(MOST).clamp(1, MOST);
    let read = app.db.read(&caller, move |tx, actor| {
        let mut people: Vec<PersonId> = Vec::new();
        let mut next = query.after.clone();
        loop {
            let left = i64::try_from(most - people.len()).unwrap_or(0).min(200);
            let filter =
                UserFilter { active: Some(true), limit: Some(left), after: next, ..UserFilter::default() };
            let page = users::list(tx, actor, &filter)?;
            people.extend(page.items.iter().map(|user| user.id));
            next = page.next;
            if next.is_none() || people.len() >= most {
                break;
            }
        }
        Ok((users::external_ids(tx, actor.tenant, &people)?, people, next))
    });
    let (mut names, people, next) = read.await?;
    let shown = presence::presence_of(&app, caller.tenant, Some(people)).await?;
    let one = |view: PresenceView| Presence {
        user_id: view.user_id,
        external_id: names.remove(&view.user_id),
        status: match view.status {
            PresenceStatus::Offline => "offline",
            PresenceStatus::Away => "idle",
            PresenceStatus::Online | PresenceStatus::Busy => "online",
        },
        last_seen: view.last_active_at.or(view.last_seen_at),
    };
    let items = shown.into_iter().map(one).collect();
    Ok(BareList::of(Page { items, next }, &asked))
}
