//! Owns: `/me`.

use std::collections::BTreeMap;

use axum::extract::State;
use parlor_chat::settings::PublicSettings;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::users::{self, Profile, ProfileChange};
use parlor_chat::{
    Actor, Error, PersonId, PersonKind, Right, RoleId, StoreId, TeamId, Tx, roles, settings, stores, teams,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::auth::reload_actor;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::Json;

/// Something with a name.
#[derive(Serialize, ToSchema)]
pub struct Named<Id> {
    id: Id,
    name: String,
}

/// Oneself.
#[derive(Serialize, ToSchema)]
pub struct Me {
    id: PersonId,
    kind: PersonKind,
    name: String,
    email: Option<String>,
    avatar_url: Option<String>,
    locale: String,
    time_zone: String,
    roles: Vec<Named<RoleId>>,
    teams: Vec<Named<TeamId>>,
    stores: Vec<Named<StoreId>>,
    rights: Vec<Right>,
    super_admin: bool,
    tenant: Tenant,
    /// What the apps keep for this person.
    #[schema(value_type = Object)]
    preferences: Value,
    /// The settings that apps must know.
    #[schema(value_type = PublicSettings)]
    settings: BTreeMap<&'static str, Value>,
}

/// Reads oneself.
pub(crate) fn me(tx: &mut Tx<'_>, actor: &Actor) -> Result<Me, Error> {
    let staff = actor.is_staff();
    let profile = match staff {
        true => users::profile(tx, actor.tenant, actor.id())?,
        false => Profile { locale: "en".to_owned(), time_zone: "UTC".to_owned(), preferences: json!({}) },
    };
    let email = if staff { users::get(tx, actor, actor.id())?.email } else { None };
    let roles = if staff { roles::all(tx, actor.tenant)? } else { Vec::new() };
    let teams = if staff { teams::all(tx, actor.tenant)? } else { Vec::new() };
    let stores = if staff { stores::all(tx, actor.tenant)? } else { Vec::new() };
    Ok(Me {
        id: actor.id(),
        kind: actor.person.kind,
        name: actor.person.name.clone(),
        email,
        avatar_url: actor.person.avatar_url.clone(),
        locale: profile.locale,
        time_zone: profile.time_zone,
        preferences: profile.preferences,
        roles: pick(roles, &actor.roles, |role| (role.id, role.name)),
        teams: pick(teams, &actor.teams, |team| (team.id, team.name)),
        stores: pick(stores, &actor.stores, |store| (store.id, store.name)),
        rights: actor.rights.list(),
        super_admin: actor.super_admin,
        tenant: tenants::by_id(tx, actor.tenant)?,
        settings: settings::load(tx, actor.tenant)?.public(),
    })
}

/// Those of a list that are the actor's, with their names.
fn pick<T, Id: PartialEq>(all: Vec<T>, mine: &[Id], split: impl Fn(T) -> (Id, String)) -> Vec<Named<Id>> {
    let named = all.into_iter().map(split).filter(|(id, _)| mine.contains(id));
    named.map(|(id, name)| Named { id, name }).collect()
}

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(get, change))
}

/// Who I am, with my rights, teams, preferences and the public settings
#[utoipa::path(get, path = "/me", tag = "me", operation_id = "get_me", responses((status = 200, body = Me)))]
async fn get(State(app): State<Ctx>, caller: Caller) -> Answer<Me> {
    Ok(Json(app.db.read(&caller, me).await?))
}

/// Change my name, language, time zone or preferences
#[utoipa::path(patch, path = "/me", tag = "me", operation_id = "change_me", request_body = ProfileChange,
    responses((status = 200, body = Me)))]
async fn change(State(app): State<Ctx>, caller: Caller, Json(input): Json<ProfileChange>) -> Answer<Me> {
    let run = app.db.write(&caller, move |tx, actor| {
        users::update_profile(tx, actor, &input)?;
        let fresh = reload_actor(tx, actor)?;
        me(tx, &fresh)
    });
    Ok(Json(run.await?))
}
