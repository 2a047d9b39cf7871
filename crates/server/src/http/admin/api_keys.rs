//! Owns: API keys over HTTP. A key is shown once, in the answer that makes it.

use axum::extract::State;
use parlor_chat::api_keys::{self, ApiKey};
use parlor_chat::page::Page;
use parlor_chat::{PersonId, RowId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::auth::token::{digest, new_api_key};
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Done, Json, Path};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyCreation {
    /// What it is for.
    name: String,
    /// The user it calls as: oneself when absent, or a bot.
    user_id: Option<PersonId>,
}

/// The key itself, this once.
#[derive(Serialize, ToSchema)]
struct NewKey {
    #[serde(flatten)]
    about: ApiKey,
    /// Send it as `Authorization: Bearer pk_…`.
    key: String,
}

/// Every key, without what it is; needs `manage_settings`
#[utoipa::path(get, path = "/api-keys", tag = "api-keys", operation_id = "list_api_keys",
    responses((status = 200, body = Page<ApiKey>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<ApiKey>> {
    let items = app.db.read(&caller, api_keys::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// Make a key; needs `manage_settings`
#[utoipa::path(post, path = "/api-keys", tag = "api-keys", operation_id = "create_api_key",
    request_body = KeyCreation, responses((status = 201, body = NewKey)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<KeyCreation>,
) -> Result<Created<NewKey>, Problem> {
    let key = new_api_key();
    let hash = digest(&key);
    let user = input.user_id.unwrap_or(caller.id());
    let about =
        app.db.write(&caller, move |tx, actor| api_keys::create(tx, actor, &input.name, user, &hash)).await?;
    Ok(Created(NewKey { about, key }))
}

/// Revoke a key; needs `manage_settings`
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "api-keys", operation_id = "revoke_api_key",
    params(("id" = RowId, Path)), responses((status = 204)))]
async fn revoke(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| api_keys::revoke(tx, actor, id)).await?;
    Ok(Done)
}
