//! Owns: who takes part in a conversation, over HTTP.

use axum::extract::State;
use parlor_chat::conversations::{Me, Role};
use parlor_chat::page::Page;
use parlor_chat::participants::{self, MeChange, Participant};
use parlor_chat::{ConversationId, PersonId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Done, Json, Path, Query};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, remove))
        .routes(routes!(prefer))
        .routes(routes!(join))
}

/// A page of people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// A page's `next`.
    after: Option<PersonId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// Whom to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Addition {
    user_ids: Vec<PersonId>,
    role: Option<Role>,
}

/// The new participants.
#[derive(serde::Serialize, ToSchema)]
struct Added {
    items: Vec<Participant>,
}

/// What of a participant changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ParticipantRoleChange)]
struct RoleChange {
    role: Role,
}

/// Who takes part
#[utoipa::path(get, path = "/conversations/{id}/participants", tag = "participants",
    operation_id = "list_participants", params(("id" = ConversationId, Path), PageQuery),
    responses((status = 200, body = Page<Participant>)))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<PageQuery>,
) -> Answer<Page<Participant>> {
    let run =
        app.db.read(&caller, move |tx, actor| participants::list(tx, actor, id, query.after, query.limit));
    Ok(Json(run.await?))
}

/// Add users
#[utoipa::path(post, path = "/conversations/{id}/participants", tag = "participants",
    operation_id = "add_participants", params(("id" = ConversationId, Path)), request_body = Addition,
    responses((status = 201, body = Added)))]
async fn add(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<Addition>,
) -> Result<Created<Added>, Problem> {
    let role = input.role.unwrap_or(Role::Member);
    let run = app.db.write(&caller, move |tx, actor| participants::add(tx, actor, id, &input.user_ids, role));
    Ok(Created(Added { items: run.await? }))
}

/// Change a participant's role
#[utoipa::path(patch, path = "/conversations/{id}/participants/{person_id}", tag = "participants",
    operation_id = "change_participant", request_body = RoleChange,
    params(("id" = ConversationId, Path), ("person_id" = PersonId, Path)),
    responses((status = 200, body = Participant)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path((id, person)): Path<(ConversationId, PersonId)>,
    Json(input): Json<RoleChange>,
) -> Answer<Participant> {
    let run =
        app.db.write(&caller, move |tx, actor| participants::set_role(tx, actor, id, person, input.role));
    Ok(Json(run.await?))
}

/// Remove a participant; `me` leaves
#[utoipa::path(delete, path = "/conversations/{id}/participants/{person_id}", tag = "participants",
    operation_id = "remove_participant", params(("id" = ConversationId, Path), ("person_id" = String, Path)),
    responses((status = 204)))]
async fn remove(
    State(app): State<Ctx>,
    caller: Caller,
    Path((id, person)): Path<(ConversationId, String)>,
) -> Result<Done, Problem> {
    let unknown = || Problem::not_found("participant not found");
    let person = match person.as_str() {
        "me" => caller.id(),
        text => text.parse::<PersonId>().map_err(|_| unknown())?,
    };
    app.db.write(&caller, move |tx, actor| participants::remove(tx, actor, id, person)).await?;
    Ok(Done)
}

/// Mute, or change what I am notified of
#[utoipa::path(patch, path = "/conversations/{id}/me", tag = "participants", operation_id = "change_my_preferences",
    params(("id" = ConversationId, Path)), request_body = MeChange, responses((status = 200, body = Me)))]
async fn prefer(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<MeChange>,
) -> Answer<Me> {
    Ok(Json(
        app.db.write(&caller, move |tx, actor| participants::set_preferences(tx, actor, id, &input)).await?,
    ))
}

/// Join a public channel
#[utoipa::path(post, path = "/conversations/{id}/join", tag = "participants", operation_id = "join_conversation",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Me)))]
async fn join(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<Me> {
    Ok(Json(app.db.write(&caller, move |tx, actor| participants::join(tx, actor, id)).await?))
}
