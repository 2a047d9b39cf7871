//! Owns: signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::response::{AppendHeaders, IntoResponse, Response};
use parlor_chat::credentials::Root;
use parlor_chat::{Actor, Error, PersonId, sessions, users};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;

use crate::auth::Credential;
use crate::auth::token::digest;
use crate::budgets::Spending;
use crate::http::api::me::{Me, me};
use crate::request::attempts::{self, Attempt};
use crate::request::caller::{Caller, ClientIp, cookie, is_secure, session_cookie};
use crate::request::entering::Entering;
use crate::request::extract::{Done, Json};
use crate::request::problem::Problem;

/// No tenant has a longer one.
const MOST_SLUG: usize = 63;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
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
    /// With a token: whoever else is signed in in this browser is to make room.
    #[serde(default)]
    replace: bool,
    /// With a token: whom this browser knows; somebody else is asked for `replace`.
    expects: Option<PersonId>,
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
    Entering(input): Entering<SignIn>,
) -> Result<Response, Problem> {
    if let Some(token) = input.token {
        let (tenant, claims, root) = app.auth.verify_host_token(&token).await?;
        let actor = from(app.auth.host_actor(tenant, claims).await?, ip);
        if !input.replace {
            stay(&app, &actor, &headers, input.expects).await?;
        }
        return begin(&app, actor, Some(root), &headers).await;
    }
    let required = |field: &str| Problem::invalid(field, "required", format!("{field} is missing"));
    let email = input.email.filter(|email| !email.is_empty()).ok_or_else(|| required("email"))?;
    let password = input.password.ok_or_else(|| required("password"))?;
    let tenant = input.tenant.unwrap_or_else(|| parlor_chat::tenants::DEFAULT_SLUG.to_owned());
    if !users::is_email(&email) {
        return Err(Problem::invalid("email", "format", "this is no e-mail address"));
    }
    if tenant.len() > MOST_SLUG {
        return Err(Problem::invalid(
            "tenant",
            "length",
            "the short name of a tenant has at most 63 characters",
        ));
    }
    let attempt = Attempt::SignIn { tenant: &tenant, email: &email };
    attempts::limit(&app, ip, attempt)?;
    let actor = app.auth.check_password(tenant.clone(), email.clone(), password).await?;
    attempts::succeeded(&app, ip, attempt);
    signed_in(&app, from(actor, ip), &headers).await
}

/// The actor with the address that it calls from.
pub(super) fn from(actor: Actor, ip: Option<IpAddr>) -> Actor {
    Actor { ip: ip.map(|ip| ip.to_string()), ..actor }
}

/// A link with a token must not turn the reader into somebody else without a question.
async fn stay(
    app: &Ctx,
    actor: &Actor,
    headers: &HeaderMap,
    expects: Option<PersonId>,
) -> Result<(), Problem> {
    let present = match session_cookie(headers) {
        Some(cookie) => match app.auth.authenticate(&Credential::Session(cookie)).await {
            Ok(known) => Some(known.actor.id()),
            Err(Error::Unauthorized { .. }) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    if present.or(expects).is_none_or(|known| known == actor.id()) {
        return Ok(());
    }
    let text = "somebody else is signed in in this browser: sign out first, or send \"replace\": true";
    Err(Problem::conflict("signed_in", text))
}

/// Begins a session for somebody who proved who they are.
pub(crate) async fn signed_in(app: &Ctx, actor: Actor, headers: &HeaderMap) -> Result<Response, Problem> {
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
    app.db.spend(&actor, Spending::Change).await?;
    let token = app.auth.begin_session(&actor, agent, derived_from).await?;
    let value = cookie(&token, app.config.session_days * 86_400, is_secure(headers, app));
    let me = app.db.read(&Arc::new(actor), me).await?;
    Ok((AppendHeaders([(SET_COOKIE, value)]), Json(SignedIn { me })).into_response())
}

/// Sign out
#[utoipa::path(delete, path = "/sessions/current", tag = "sessions", responses((status = 204)))]
async fn sign_out(State(app): State<Ctx>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = session_cookie(&headers) {
        let digest = digest(&token);
        app.db.write(&caller, move |tx, _| sessions::end(tx, &digest)).await?;
    }
    let removal = cookie("", 0, is_secure(&headers, &app));
    Ok((AppendHeaders([(SET_COOKIE, removal)]), Done).into_response())
}
