//! Owns: the users whom the matrix lets one write to, in pages, as the CRM contract shows them.

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::users::{self, UserFilter};
use parlor_chat::{Actor, Error, PersonId, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::messenger::Messenger;
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::{Json, Query};

/// A page of them.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsersQuery {
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200.
    limit: Option<i64>,
    /// Part of a name or address.
    search: Option<String>,
}

/// Somebody of the team.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmUser)]
pub(super) struct User {
    pub(super) id: PersonId,
    /// The host's own id of them.
    pub(super) external_id: Option<String>,
    pub(super) name: String,
    pub(super) avatar_url: Option<String>,
}

/// Whom I may write to, in pages: the bootstrap has the first
#[utoipa::path(get, path = "/users", tag = "crm contract", operation_id = "crm_list_users", params(UsersQuery),
    responses((status = 200, body = Page<User>)))]
pub(super) async fn list(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Query(query): Query<UsersQuery>,
) -> Answer<Page<User>> {
    app.db.spend_search(&caller, query.search.as_ref()).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| writable(tx, actor, &query)).await?))
}

/// How many are named at once where nobody says.
const USERS: i64 = 200;

/// A page of the users that the matrix lets the actor write to.
pub(super) fn writable(tx: &mut Tx<'_>, actor: &Actor, query: &UsersQuery) -> Result<Page<User>, Error> {
    let filter = UserFilter {
        active: Some(true),
        writable: true,
        limit: query.limit.or(Some(USERS)),
        after: query.after.clone(),
        search: query.search.clone(),
    };
    let page = users::list(tx, actor, &filter)?;
    let ids: Vec<PersonId> = page.items.iter().map(|user| user.id).collect();
    let mut hosts = users::external_ids(tx, actor.tenant, &ids)?;
    Ok(page.map(|user| User {
        id: user.id,
        external_id: hosts.remove(&user.id),
        name: user.name,
        avatar_url: user.avatar_url,
    }))
}
