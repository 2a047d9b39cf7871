//! Owns: the first administrator of a fresh installation.

use std::sync::PoisonError;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use parlor_chat::{Actor, Error, tenants, users};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Ctx};
use crate::auth::password;
use crate::auth::token::same_secret;
use crate::http::api::sign_in::{SignedIn, from, signed_in};
use crate::request::Answer;
use crate::request::attempts::{self, Attempt};
use crate::request::caller::ClientIp;
use crate::request::entering::Entering;
use crate::request::extract::Json;
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(state, run))
}

/// Whether somebody must set the installation up.
#[derive(Serialize, ToSchema)]
struct SetupState {
    /// There is no administrator yet.
    needed: bool,
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Setup {
    /// Printed by `parlor serve`.
    code: String,
    name: String,
    email: String,
    /// At least 10 characters.
    password: String,
}

/// Whether the installation has no administrator yet
#[utoipa::path(get, path = "/setup", tag = "sessions", security(()), responses((status = 200, body = SetupState)))]
async fn state(State(app): State<Ctx>) -> Answer<SetupState> {
    Ok(Json(SetupState { needed: code_in_force(&app).await?.is_some() }))
}

/// Make the first administrator, and sign in
#[utoipa::path(post, path = "/setup", tag = "sessions", security(()), responses((status = 200, body = SignedIn)))]
async fn run(
    State(app): State<Ctx>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    Entering(input): Entering<Setup>,
) -> Result<Response, Problem> {
    attempts::limit(&app, ip, Attempt::Setup)?;
    check_code(&app, &input.code).await?;
    if let Some((rule, detail)) = password::refusal(&input.password) {
        return Err(Problem::invalid("password", rule, detail));
    }
    let actor = first_administrator(&app, input.name, input.email, input.password).await?;
    *app.setup_code.lock().unwrap_or_else(PoisonError::into_inner) = None;
    signed_in(&app, from(actor, ip), &headers).await
}

/// The setup code, while there is no administrator: one may have been made on the command line, or at another node.
async fn code_in_force(app: &App) -> Result<Option<String>, Problem> {
    let held = || app.setup_code.lock().unwrap_or_else(PoisonError::into_inner);
    if held().is_none() {
        return Ok(None);
    }
    let made = app.db.read_plain(|tx| {
        let tenant = tenants::by_slug(tx, tenants::DEFAULT_SLUG)?;
        users::has_super_admin(tx, tenant.id)
    });
    if made.await? {
        *held() = None;
    }
    Ok(held().clone())
}

async fn check_code(app: &App, given: &str) -> Result<(), Problem> {
    let code = code_in_force(app).await?;
    let code = code.ok_or_else(|| Problem::conflict("setup", "this installation is set up already"))?;
    if same_secret(&code, given.trim().to_ascii_uppercase().as_str()) {
        return Ok(());
    }
    Err(Problem::forbidden("setup_code", "the setup code is wrong: `parlor serve` prints it at its start"))
}

/// Makes a super administrator, unless there is one.
async fn first_administrator(
    app: &App,
    name: String,
    email: String,
    secret: String,
) -> Result<Actor, Problem> {
    let hash = app.auth.passwords.hash(secret).await;
    let hash = hash.ok_or_else(|| Problem::internal("password could not be hashed"))?;
    let made = app.db.write_plain(1, move |tx| {
        let tenant = tenants::ensure_default(tx)?;
        if users::has_super_admin(tx, tenant.id)? {
            let detail = "this installation is set up already".to_owned();
            return Err(Error::Conflict { rule: "setup", detail });
        }
        crate::auth::registration::add_administrator(tx, &tenant, &name, &email, &hash)
    });
    Ok(made.await?)
}
