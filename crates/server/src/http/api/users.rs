//! Owns: users over HTTP.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use parlor_chat::page::Page;
use parlor_chat::users::{self, NewUser, User, UserChange, UserFilter};
use parlor_chat::{Actor, PersonId, Right};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::auth::cache::AuthMethod;
use crate::auth::limiter::Rate;
use crate::auth::password;
use crate::http::api::sign_in::signed_in;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;
use crate::request::{Answer, attempts};

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(set_password))
        .routes(routes!(sign_out))
}

/// Which users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UserQuery {
    /// The beginning of a word of the name, or of the e-mail address.
    search: Option<String>,
    /// Only active, or only closed, accounts.
    active: Option<bool>,
    /// The one whom the host application knows under this id.
    external_id: Option<String>,
    /// Only those I may write to.
    writable: Option<bool>,
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// A new user.
#[derive(Deserialize, ToSchema)]
struct UserCreation {
    #[serde(flatten)]
    user: NewUser,
    /// For signing in with the e-mail address; at least 10 characters.
    password: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// At least 10 characters.
    password: String,
    /// The present one; needed for one's own account.
    current: Option<String>,
}

/// Users, by name
#[utoipa::path(get, path = "/users", tag = "users", operation_id = "list_users", params(UserQuery),
    responses((status = 200, body = Page<User>)))]
async fn list(State(app): State<Ctx>, caller: Caller, Query(query): Query<UserQuery>) -> Answer<Page<User>> {
    if let Some(external) = query.external_id {
        let found =
            app.db.read(&caller, move |tx, actor| users::by_external_id(tx, actor, &external)).await?;
        return Ok(Json(Page { items: found.into_iter().collect(), next: None }));
    }
    let filter = UserFilter {
        search: query.search,
        active: query.active,
        writable: query.writable.unwrap_or(false),
        after: query.after,
        limit: query.limit,
    };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| users::list(tx, actor, &filter)).await?))
}

/// One user
#[utoipa::path(get, path = "/users/{id}", tag = "users", operation_id = "get_user", params(("id" = PersonId, Path)),
    responses((status = 200, body = User)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<PersonId>) -> Answer<User> {
    Ok(Json(app.db.read(&caller, move |tx, actor| users::get(tx, actor, id)).await?))
}

/// Make a user; needs `manage_users`
#[utoipa::path(post, path = "/users", tag = "users", operation_id = "create_user", request_body = UserCreation,
    responses((status = 201, body = User)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    mut input: Creation<UserCreation>,
) -> Result<Written, Problem> {
    let hash = match input.input.password.take() {
        // First the right: hashing is meant to be dear.
        Some(_) if caller.require(Right::ManageUsers, "user.create").is_err() => None,
        Some(secret) => Some(hashed(&app, &caller, secret).await?),
        None => None,
    };
    idempotency::create(&app, &caller, input, move |tx, actor, input| {
        users::create(tx, actor, &input.user, hash.as_deref()).map(|user| (user, true))
    })
    .await
}

/// Change a user; needs `manage_users`
#[utoipa::path(patch, path = "/users/{id}", tag = "users", operation_id = "change_user",
    params(("id" = PersonId, Path)), request_body = UserChange, responses((status = 200, body = User)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<PersonId>,
    Json(input): Json<UserChange>,
) -> Answer<User> {
    Ok(Json(app.db.write(&caller, move |tx, actor| users::update(tx, actor, id, &input)).await?))
}

/// Set a password: one's own in a session and with the present one, others' with `manage_users` and all of their rights
#[utoipa::path(put, path = "/users/{id}/password", tag = "users", operation_id = "set_password",
    params(("id" = PersonId, Path)), request_body = NewPassword, responses((status = 204)))]
async fn set_password(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<PersonId>,
    headers: HeaderMap,
    Json(input): Json<NewPassword>,
) -> Result<Response, Problem> {
    if id == caller.id() {
        require_session(&caller)?;
        check_current(&app, &caller, input.current).await?;
    } else {
        app.db.read(&caller, |_, actor| actor.require(Right::ManageUsers, "user.set_password")).await?;
    }
    let hash = hashed(&app, &caller, input.password).await?;
    app.db.write(&caller, move |tx, actor| users::set_password(tx, actor, id, &hash)).await?;
    // Every session of the account is over; the one that asked goes on with a new one.
    if id == caller.id() && caller.means == AuthMethod::Cookie {
        return signed_in(&app, Actor::clone(&caller), &headers).await;
    }
    Ok(Done.into_response())
}

/// Sign a user out everywhere; needs `manage_users`. Tokens of a host application serve on until they end
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", operation_id = "sign_out_user",
    params(("id" = PersonId, Path)), responses((status = 204)))]
async fn sign_out(State(app): State<Ctx>, caller: Caller, Path(id): Path<PersonId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| users::sign_out(tx, actor, id)).await?;
    Ok(Done)
}

async fn hashed(app: &Ctx, caller: &Caller, secret: String) -> Result<String, Problem> {
    if let Some((rule, detail)) = password::refusal(&secret) {
        return Err(Problem::invalid("password", rule, detail));
    }
    attempts::limit_work(app, caller, "hash", Rate { per_minute: 60.0, burst: 60.0 })?;
    app.auth.passwords.hash(secret).await.ok_or_else(|| Problem::internal("password could not be hashed"))
}

/// One's own password is a matter of whoever sits there: a host's token of minutes, or a key of a program, must not
/// become a sign-in that lasts.
fn require_session(caller: &Caller) -> Result<(), Problem> {
    match caller.means {
        AuthMethod::Cookie => Ok(()),
        AuthMethod::HostToken | AuthMethod::ApiKey => Err(Problem::forbidden(
            "session",
            "sign in with your e-mail address and password to change your password; without one, ask for an invitation",
        )),
    }
}

async fn check_current(app: &Ctx, caller: &Caller, current: Option<String>) -> Result<(), Problem> {
    attempts::limit_own(app, caller)?;
    let stored = app.db.read(caller, |tx, actor| {
        let Some(email) = users::get(tx, actor, actor.id())?.email else { return Ok(None) };
        Ok(users::credentials(tx, actor.tenant, &email)?.and_then(|found| found.password_hash))
    });
    let stored = stored.await?;
    if stored.is_none() {
        let text =
            "this account has no password: ask an administrator for an invitation, with which you choose one";
        return Err(Problem::conflict("invitation", text));
    }
    if app.auth.passwords.verify(current.unwrap_or_default(), stored).await {
        return Ok(());
    }
    Err(Problem::invalid("current", "wrong", "the present password is wrong"))
}
