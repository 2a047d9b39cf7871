//! Owns: conversations over HTTP.

use axum::extract::State;
use parlor_chat::conversations::{self, ConversationChange, ListFilter, NewConversation, View};
use parlor_chat::page::Page;
use parlor_chat::{ConversationId, Kind, Status};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Path, Query, comma_list};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;
use crate::services::sending;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, open)).routes(routes!(get, change))
}

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Kinds, comma separated.
    kind: Option<String>,
    /// Statuses, comma separated.
    status: Option<String>,
    /// Only with something unread.
    unread: Option<bool>,
    /// Only where I take part.
    mine: Option<bool>,
    /// Part of the title, the subject or a person's name.
    search: Option<String>,
    /// Public channels that I may join, instead of my conversations.
    joinable: Option<bool>,
    /// Every conversation of the tenant; needs `view_all`.
    every: Option<bool>,
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

impl ListQuery {
    fn filter(self) -> Result<ListFilter, Problem> {
        Ok(ListFilter {
            kinds: kinds(self.kind.as_deref())?,
            statuses: statuses(self.status.as_deref())?,
            unread: self.unread.unwrap_or(false),
            mine: self.mine.unwrap_or(false),
            search: self.search.filter(|text| !text.trim().is_empty()),
            joinable: self.joinable.unwrap_or(false),
            every: self.every.unwrap_or(false),
            after: self.after.filter(|text| !text.is_empty()),
            limit: self.limit,
        })
    }
}

/// Kinds by name.
pub(super) fn kinds(text: Option<&str>) -> Result<Vec<Kind>, Problem> {
    let unknown = |name: &String| Problem::invalid("kind", "known", format!("there is no kind \"{name}\""));
    comma_list(text).iter().map(|name| Kind::parse(name).ok_or_else(|| unknown(name))).collect()
}

fn statuses(text: Option<&str>) -> Result<Vec<Status>, Problem> {
    let unknown =
        |name: &String| Problem::invalid("status", "known", format!("there is no status \"{name}\""));
    comma_list(text).iter().map(|name| Status::parse(name).ok_or_else(|| unknown(name))).collect()
}

/// My conversations, newest activity first
#[utoipa::path(get, path = "/conversations", tag = "conversations", operation_id = "list_conversations",
    params(ListQuery), responses((status = 200, body = Page<View>)))]
async fn list(State(app): State<Ctx>, caller: Caller, Query(query): Query<ListQuery>) -> Answer<Page<View>> {
    let filter = query.filter()?;
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| conversations::list(tx, actor, &filter)).await?))
}

/// Open a conversation of any kind; a direct one exists once per pair and is answered again
#[utoipa::path(post, path = "/conversations", tag = "conversations", operation_id = "open_conversation",
    request_body = NewConversation,
    responses((status = 201, body = View), (status = 200, body = View, description = "It was there already")))]
async fn open(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<NewConversation>,
) -> Result<Written, Problem> {
    let first = sending::prepare_open(&app, &caller, &input.input).await?;
    idempotency::create(&app, &caller, input, move |tx, actor, new| {
        let opened = conversations::open(tx, actor, new, first.as_ref())?;
        Ok((opened.conversation, opened.is_new))
    })
    .await
}

/// One conversation, with its participants and my own part
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", operation_id = "get_conversation",
    params(("id" = ConversationId, Path)), responses((status = 200, body = View)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<View> {
    Ok(Json(app.db.read(&caller, move |tx, actor| conversations::get(tx, actor, id)).await?))
}

/// Change a conversation's fields or status
#[utoipa::path(patch, path = "/conversations/{id}", tag = "conversations", operation_id = "change_conversation",
    params(("id" = ConversationId, Path)), request_body = ConversationChange,
    responses((status = 200, body = View)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<ConversationChange>,
) -> Answer<View> {
    Ok(Json(app.db.write(&caller, move |tx, actor| conversations::update(tx, actor, id, &input)).await?))
}
