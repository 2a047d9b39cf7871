//! Owns: the users whom the matrix lets one write to, in pages, as the CRM contract shows them.

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::users::{self, UserFilter};
use parlor_chat::{Actor, Error, PersonId, Tx};
use serde::Deserialize;
use serde_json::{Value, json};

use super::messenger::Messenger;
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::{Json, Query};

/// A page of them.
#[derive(Clone, Default, Deserialize)]
pub(super) struct UsersQuery {
    after: Option<String>,
    limit: Option<i64>,
    search: Option<String>,
}

/// Pages of what the bootstrap begins.
pub(super) async fn list(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Query(query): Query<UsersQuery>,
) -> Answer<Page<Value>> {
    Ok(Json(app.db.read(&caller, move |tx, actor| writable(tx, actor, &query)).await?))
}

/// How many are named at once where nobody says.
const USERS: i64 = 200;

/// A page of the users that the matrix lets the actor write to.
pub(super) fn writable(tx: &mut Tx<'_>, actor: &Actor, query: &UsersQuery) -> Result<Page<Value>, Error> {
    let filter = UserFilter {
        active: Some(true),
        writable: true,
        limit: query.limit.or(Some(USERS)),
        after: query.after.clone(),
        search: query.search.clone(),
    };
    let page = users::list(tx, actor, &filter)?;
    let ids: Vec<PersonId> = page.items.iter().map(|user| user.id).collect();
    let hosts = users::external_ids(tx, actor.tenant, &ids)?;
    Ok(page.map(|user| {
        json!({
            "id": user.id, "external_id": hosts.get(&user.id), "name": user.name,
            "avatar_url": user.avatar_url,
        })
    }))
}
