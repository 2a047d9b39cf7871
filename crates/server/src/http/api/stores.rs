//! Owns: stores and platforms over HTTP.

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::stores::{self, Platform, Store, StoreChange};
use parlor_chat::{PersonId, StoreId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(list_platforms, put_platform))
}

/// A new store.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StoreCreation {
    name: String,
    /// The host's own id of the store.
    external_id: Option<String>,
    users: Option<Vec<PersonId>>,
}

/// Every store
#[utoipa::path(get, path = "/stores", tag = "stores", operation_id = "list_stores",
    responses((status = 200, body = Page<Store>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Store>> {
    let items = app.db.read(&caller, stores::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// One store
#[utoipa::path(get, path = "/stores/{id}", tag = "stores", operation_id = "get_store",
    params(("id" = StoreId, Path)), responses((status = 200, body = Store)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<StoreId>) -> Answer<Store> {
    Ok(Json(app.db.read(&caller, move |tx, actor| stores::get(tx, actor, id)).await?))
}

/// Make a store; needs `manage_users`
#[utoipa::path(post, path = "/stores", tag = "stores", operation_id = "create_store", request_body = StoreCreation,
    responses((status = 201, body = Store)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<StoreCreation>,
) -> Result<Written, Problem> {
    idempotency::create(&app, &caller, input, |tx, actor, input| {
        stores::create(tx, actor, &input.name, input.external_id.as_deref(), input.users.clone())
            .map(|store| (store, true))
    })
    .await
}

/// Change a store; needs `manage_users`
#[utoipa::path(patch, path = "/stores/{id}", tag = "stores", operation_id = "change_store",
    params(("id" = StoreId, Path)), request_body = StoreChange, responses((status = 200, body = Store)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<StoreId>,
    Json(input): Json<StoreChange>,
) -> Answer<Store> {
    Ok(Json(app.db.write(&caller, move |tx, actor| stores::update(tx, actor, id, &input)).await?))
}

/// Delete a store to which no conversation belongs; needs `manage_users`
#[utoipa::path(delete, path = "/stores/{id}", tag = "stores", operation_id = "delete_store",
    params(("id" = StoreId, Path)), responses((status = 204)))]
async fn delete(State(app): State<Ctx>, caller: Caller, Path(id): Path<StoreId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| stores::delete(tx, actor, id)).await?;
    Ok(Done)
}

/// Every brand
#[utoipa::path(get, path = "/platforms", tag = "stores", operation_id = "list_platforms",
    responses((status = 200, body = Page<Platform>)))]
async fn list_platforms(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Platform>> {
    let items = app.db.read(&caller, stores::platforms).await?;
    Ok(Json(Page { items, next: None }))
}

/// Add or rename a brand; needs `manage_settings`
#[utoipa::path(put, path = "/platforms", tag = "stores", operation_id = "put_platform", request_body = Platform,
    responses((status = 200, body = Platform)))]
async fn put_platform(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<Platform>,
) -> Answer<Platform> {
    let run = app.db.write(&caller, move |tx, actor| {
        stores::put_platform(tx, actor, &input)?;
        Ok(input.clone())
    });
    Ok(Json(run.await?))
}
