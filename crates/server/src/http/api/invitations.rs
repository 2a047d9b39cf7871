//! Owns: links with which people choose their password, over HTTP.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use parlor_chat::{Actor, PersonId, Time, tenants, users};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Ctx};
use crate::auth::invitation::{INVITATION_SECONDS, Invitation};
use crate::auth::password;
use crate::http::api::sign_in::{SignedIn, from, signed_in};
use crate::request::Answer;
use crate::request::attempts::{self, Attempt};
use crate::request::caller::{Caller, ClientIp};
use crate::request::entering::Entering;
use crate::request::extract::{Created, Json, Path};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(invite)).routes(routes!(look)).routes(routes!(accept))
}

/// A link for one person.
#[derive(Serialize, ToSchema)]
struct InvitationLink {
    /// Path and fragment, below the address of this server. Whoever has it can choose the password.
    path: String,
    expires_at: Time,
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationToken {
    token: String,
}

/// Who is invited.
#[derive(Serialize, ToSchema)]
struct Invited {
    name: String,
    email: Option<String>,
    /// Shown name of the tenant.
    tenant: String,
}

/// A password for an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    token: String,
    /// At least 10 characters.
    password: String,
}

/// Make a link with which a user chooses a password, once, within a week; needs `manage_users`
#[utoipa::path(post, path = "/users/{id}/invitation", tag = "users", operation_id = "invite_user",
    params(("id" = PersonId, Path)), responses((status = 201, body = InvitationLink)))]
async fn invite(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<PersonId>,
) -> Result<Created<InvitationLink>, Problem> {
    let present = app.db.write(&caller, move |tx, actor| users::invite(tx, actor, id)).await?;
    let expires_at = app.clock.now().plus_seconds(INVITATION_SECONDS);
    let invitation = Invitation::new(&caller, &present, expires_at);
    let token = invitation.token(&app.cursor_key);
    let token = token.ok_or_else(|| Problem::internal("an invitation could not be signed"))?;
    Ok(Created(InvitationLink { path: format!("/app/invite#{token}"), expires_at }))
}

/// Who is invited by a token
#[utoipa::path(post, path = "/invitations/look", tag = "sessions", operation_id = "look_at_invitation", security(()),
    responses((status = 200, body = Invited)))]
async fn look(
    State(app): State<Ctx>,
    ClientIp(ip): ClientIp,
    Json(input): Json<InvitationToken>,
) -> Answer<Invited> {
    attempts::limit(&app, ip, Attempt::Look)?;
    let (actor, email) = invited(&app, &input.token).await?;
    let id = actor.tenant;
    let tenant = app.db.read_plain(move |tx| tenants::by_id(tx, id)).await?;
    Ok(Json(Invited { name: actor.person.name, email, tenant: tenant.name }))
}

/// Choose a password, and sign in
#[utoipa::path(post, path = "/invitations", tag = "sessions", operation_id = "accept_invitation", security(()),
    responses((status = 200, body = SignedIn)))]
async fn accept(
    State(app): State<Ctx>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    Entering(input): Entering<Acceptance>,
) -> Result<Response, Problem> {
    attempts::limit(&app, ip, Attempt::Accept)?;
    let (actor, _) = invited(&app, &input.token).await?;
    if let Some((rule, detail)) = password::refusal(&input.password) {
        return Err(Problem::invalid("password", rule, detail));
    }
    let hash = app.auth.passwords.hash(input.password).await;
    let hash = hash.ok_or_else(|| Problem::internal("password could not be hashed"))?;
    let actor = std::sync::Arc::new(from(actor, ip));
    app.db.write(&actor, move |tx, actor| users::set_password(tx, actor, actor.id(), &hash)).await?;
    signed_in(&app, Actor::clone(&actor), &headers).await
}

/// The person that a token invites, and their address.
async fn invited(app: &App, token: &str) -> Result<(Actor, Option<String>), Problem> {
    let over = || Problem::conflict("invitation", "this link was used already, or its time is over");
    let found = Invitation::read(token, &app.cursor_key, app.clock.now()).ok_or_else(over)?;
    let (tenant, person, by) = (found.tenant, found.person, found.by);
    let read = app.db.read_plain(move |tx| {
        let tenant = tenants::by_id(tx, tenant)?;
        // The link serves no longer than whoever made it may make one.
        let inviter = users::actor(tx, &tenant, by)?;
        users::invitable(tx, &inviter, person)?;
        let actor = users::actor(tx, &tenant, person)?;
        let email = users::get(tx, &actor, person)?.email;
        let present = users::credentials(tx, tenant.id, email.as_deref().unwrap_or_default())?;
        Ok((actor, email, present))
    });
    let (actor, email, present) = read.await.map_err(|_| over())?;
    if present.is_some_and(|present| found.fits(&present)) { Ok((actor, email)) } else { Err(over()) }
}
