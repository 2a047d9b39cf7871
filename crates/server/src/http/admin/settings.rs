//! Owns: settings over HTTP.

use std::collections::BTreeMap;

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::settings::{self, SettingView};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::Json;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, change))
}

/// Every setting with its value, range and meaning; needs `manage_settings`
#[utoipa::path(get, path = "/settings", tag = "settings", operation_id = "list_settings",
    responses((status = 200, body = Page<SettingView>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<SettingView>> {
    let items = app.db.read(&caller, settings::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// Change settings; null goes back to the default; all or none; needs `manage_settings`
#[utoipa::path(patch, path = "/settings", tag = "settings", operation_id = "change_settings",
    request_body = BTreeMap<String, Value>, responses((status = 200, body = Page<SettingView>)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<BTreeMap<String, Value>>,
) -> Answer<Page<SettingView>> {
    let items = app.db.write(&caller, move |tx, actor| settings::update(tx, actor, &input)).await?;
    Ok(Json(Page { items, next: None }))
}
