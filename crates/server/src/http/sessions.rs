//! Owns: signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::response::{AppendHeaders, IntoResponse, Response};
use parlor_chat::credentials::Root;
use parlor_chat::{Actor, sessions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, ClientIp, cookie, is_secure, session_cookie};
use super::extract::{Done, Json};
use super::me::{Me, me};
use super::problem::Problem;
use crate::app::{App, Ctx};
use crate::auth::limiter::Rate;
use crate::auth::token::digest;

pub(super) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(sign_in)).routes(routes!(sign_out))
}

/// Either `email` and `password`, or `token`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: Option<String>,
    password: Option<String>,
    /// Slug of the tenant; `default` when absent.
    tenant: Option<String>,
    /// A token that the host application signed.
    token: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    me: Me,
}

/// Sign in with e-mail and password, or exchange a host's token for a cookie
#[utoipa::path(post, path = "/sessions", tag = "sessions", security(()), responses((status = 200, body = SignedIn)))]
async fn sign_in(
    State(app): State<Ctx>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    Json(input): Json<SignIn>,
) -> Result<Response, Problem> {
    if let Some(token) = input.token {
        let (tenant, claims, root) = app.verify_host_token(&token).await?;
        let actor = from(app.host_actor(tenant, claims).await?, ip);
        return begin(&app, actor, Some(root), &headers).await;
    }
    let required = |field: &str| Problem::invalid(field, "required", format!("{field} is missing"));
    let email = input.email.filter(|email| !email.is_empty()).ok_or_else(|| required("email"))?;
    let password = input.password.ok_or_else(|| required("password"))?;
    let tenant = input.tenant.unwrap_or_else(|| crate::app::DEFAULT_TENANT.to_owned());
    let account = format!("{tenant}/{}", email.trim().to_lowercase());
    limit_attempts(&app, ip, &account)?;
    let actor = app.check_password(tenant, email, password).await?;
    app.sign_ins.forget(&account);
    signed_in(&app, from(actor, ip), &headers).await
}

/// The actor with the address that it calls from.
pub(super) fn from(actor: Actor, ip: Option<IpAddr>) -> Actor {
    Actor { ip: ip.map(|ip| ip.to_string()), ..actor }
}

/// Takes one attempt from the address and one from the account.
pub(super) fn limit_attempts(app: &App, ip: Option<IpAddr>, account: &str) -> Result<(), Problem> {
    let per_minute = f64::from(app.config.sign_in_rate);
    let rate = Rate { per_minute, burst: per_minute };
    let now = app.clock.now();
    let mut keys = vec![account.to_owned()];
    keys.extend(ip.map(|ip| ip.to_string()));
    for key in keys {
        app.sign_ins.take(key, rate, now).map_err(Problem::rate_limited)?;
    }
    Ok(())
}

/// Begins a session for somebody who proved who they are.
pub(super) async fn signed_in(app: &Ctx, actor: Actor, headers: &HeaderMap) -> Result<Response, Problem> {
    begin(app, actor, None, headers).await
}

async fn begin(
    app: &Ctx,
    actor: Actor,
    derived_from: Option<Root>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(300).collect());
    let token = app.begin_session(&actor, agent, derived_from).await?;
    let value = cookie(&token, app.config.session_days * 86_400, is_secure(headers, app));
    let me = app.read(&Arc::new(actor), me).await?;
    Ok((AppendHeaders([(SET_COOKIE, value)]), Json(SignedIn { me })).into_response())
}

/// Sign out
#[utoipa::path(delete, path = "/sessions/current", tag = "sessions", responses((status = 204)))]
async fn sign_out(State(app): State<Ctx>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = session_cookie(&headers) {
        let digest = digest(&token);
        app.write(&caller, move |tx, _| sessions::end(tx, &digest)).await?;
    }
    let removal = cookie("", 0, is_secure(&headers, &app));
    Ok((AppendHeaders([(SET_COOKIE, removal)]), Done).into_response())
}
