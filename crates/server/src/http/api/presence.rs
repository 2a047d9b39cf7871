//! Owns: presence, status texts and typing over HTTP.

use axum::extract::State;
use parlor_chat::conversations;
use parlor_chat::statuses::{self, UserStatus};
use parlor_chat::{ConversationId, PersonId, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::problem::Problem;
use crate::services::presence;
use parlor_chat::statuses::PresenceView;

/// The most users asked for by name.
const MOST: usize = 500;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(say))
        .routes(routes!(typing))
        .routes(routes!(viewers))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PresenceQuery {
    /// Of these users, comma separated, at most 500; of everybody connected when absent.
    user_ids: Option<String>,
}

/// Who is there.
#[derive(Serialize, ToSchema)]
struct Presences {
    items: Vec<PresenceView>,
}

/// What I say of myself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SayInput {
    /// I do not want to be disturbed.
    busy: bool,
    /// A few words, at most 100 characters.
    text: Option<String>,
    /// When the words end; never when absent.
    text_until: Option<Time>,
}

/// What I said.
#[derive(Serialize, ToSchema)]
struct SaidView {
    busy: bool,
    text: Option<String>,
    text_until: Option<Time>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TypingInput {
    /// False when I stopped.
    #[serde(default = "yes")]
    typing: bool,
    /// A private note: contacts are not told.
    #[serde(default)]
    is_private_note: bool,
}

fn yes() -> bool {
    true
}

/// Who is online, away, busy, offline
#[utoipa::path(get, path = "/presence", tag = "presence", operation_id = "list_presence", params(PresenceQuery),
    responses((status = 200, body = Presences)))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    Query(query): Query<PresenceQuery>,
) -> Answer<Presences> {
    if !caller.is_staff() {
        return Err(Problem::forbidden("staff", "only users of the tenant see who is there"));
    }
    let people = query.user_ids.map(|list| ids(&list)).transpose()?;
    Ok(Json(Presences { items: presence::presence_of(&app, caller.tenant, people).await? }))
}

fn ids(list: &str) -> Result<Vec<PersonId>, Problem> {
    let wrong = || Problem::invalid("user_ids", "ids", "give at most 500 ids of users, separated by commas");
    let ids: Vec<PersonId> =
        list.split(',').map(|id| id.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    if ids.len() > MOST { Err(wrong()) } else { Ok(ids) }
}

/// Say that I am busy, or a few words about me
#[utoipa::path(put, path = "/me/presence", tag = "presence", operation_id = "set_presence", request_body = SayInput,
    responses((status = 200, body = SaidView)))]
async fn say(State(app): State<Ctx>, caller: Caller, Json(input): Json<SayInput>) -> Answer<SaidView> {
    let run = app.db.write(&caller, move |tx, actor| {
        statuses::say(tx, actor, input.busy, input.text.as_deref(), input.text_until)
    });
    let UserStatus { busy, text, text_until, .. } = run.await?;
    Ok(Json(SaidView { busy, text, text_until }))
}

/// The people who look at a conversation.
#[derive(Serialize, ToSchema)]
struct Viewers {
    items: Vec<PersonId>,
}

/// Who looks at this conversation now; the event `viewing` tells what changes
#[utoipa::path(get, path = "/conversations/{id}/viewers", tag = "presence", operation_id = "list_viewers",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Viewers)))]
async fn viewers(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<Viewers> {
    if !caller.is_staff() {
        return Err(Problem::forbidden("staff", "only users of the tenant see who is there"));
    }
    app.db.read(&caller, move |tx, actor| conversations::get(tx, actor, id)).await?;
    let mut items = presence::viewers(&app, caller.tenant, id).await?;
    items.retain(|person| *person != caller.id());
    Ok(Json(Viewers { items }))
}

/// I type here, or no longer do; for clients without a WebSocket. Repeat it every 3 seconds while it lasts
#[utoipa::path(post, path = "/conversations/{id}/typing", tag = "presence", operation_id = "typing",
    params(("id" = ConversationId, Path)), request_body = TypingInput, responses((status = 204)))]
async fn typing(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<TypingInput>,
) -> Result<Done, Problem> {
    presence::typing(&app, &caller, id, input.typing, input.is_private_note).await?;
    Ok(Done)
}
