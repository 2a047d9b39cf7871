//! Owns: the paths of the CRM messenger contract (docs/contracts/crm.md) and who may use them.
//! Must not know: rules; they are the core's, under the contract's names.

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parlor_chat::conversations::{self, NewConversation, Related};
use parlor_chat::messages::{self, NewMessage, Range};
use parlor_chat::participants::{self, MeChange};
use parlor_chat::users::{NamedUser, named as named_users};
use parlor_chat::{Actor, ConversationId, Error, Kind, MessageId, PersonId, Right, RowId, Tx, read_state};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::http::contracts::crm::messenger::Messenger;
use crate::http::contracts::crm::views::KINDS;
use crate::http::contracts::opens::Opens;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Json, Path, Query};
use crate::request::problem::Problem;
use crate::services::sending;
use crate::transport::mercure::grant::grant;

mod bootstrap;
mod messenger;
mod users;
mod views;
pub use parlor_realtime::contracts::crm as contract;

pub(crate) fn routes() -> Router<Ctx> {
    let routes = Router::new()
        .route("/widget/bootstrap", get(bootstrap::bootstrap))
        .route("/preferences", post(bootstrap::preferences))
        .route("/conversations", get(list).post(open))
        .route("/conversations/{id}/open", get(show))
        .route("/conversations/{id}/messages", post(send))
        .route("/conversations/{id}/read", post(read))
        .route("/conversations/{id}/mute", post(mute))
        .route("/users", get(users::list));
    Router::new().nest("/admin/internal-messenger", routes)
}

/// The one place where an answer gets what a browser needs to subscribe: the hub's `Link` and its cookie, for people
/// who may use the messenger. Without a hub the messenger works as well.
pub(super) async fn realtime_headers(State(app): State<Ctx>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await.ok();
    let headers = parts.headers.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(caller) = caller.filter(|caller| caller.has(Right::Messenger)) else { return response };
    match grant(&app, &caller, &headers).await {
        Ok(granted) => granted.headers.into_iter().for_each(|(name, value)| {
            response.headers_mut().append(name, value);
        }),
        Err(error) => tracing::warn!(%error, "an answer goes without the hub's headers"),
    }
    response
}

/// A new conversation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversationInput {
    /// direct, group, broadcast or global.
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user_ids: Vec<NamedUser>,
    subject: Option<String>,
    message: Option<String>,
    #[serde(default)]
    replies_enabled: bool,
    context_type: Option<String>,
    context_id: Option<String>,
    context_title: Option<String>,
    context_url: Option<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageInput {
    #[serde(default)]
    body: String,
    client_id: Option<String>,
    #[serde(default)]
    attachment_ids: Vec<RowId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadInput {
    message_id: Option<MessageId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteInput {
    muted: bool,
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<String>,
    limit: Option<i64>,
    search: Option<String>,
}

#[derive(Deserialize)]
struct OpenQuery {
    /// Older messages than this place; marks nothing read.
    before: Option<i64>,
    limit: Option<i64>,
}

impl ConversationInput {
    /// The conversation, with these people.
    fn into_new(self, user_ids: Vec<PersonId>) -> Result<NewConversation, Problem> {
        let kind = KINDS.iter().find(|(_, name)| *name == self.kind).map(|(kind, _)| *kind);
        let unknown = || Problem::invalid("type", "known", "use direct, group, broadcast or global");
        let kind = kind.ok_or_else(unknown)?;
        let related = match (self.context_type, self.context_id) {
            (Some(kind), Some(id)) => {
                let title = self.context_title.unwrap_or_else(|| format!("{kind} {id}"));
                Some(Related { kind, id, title, url: self.context_url, picture_url: None })
            }
            (None, None) => None,
            _ => {
                return Err(Problem::invalid(
                    "context_id",
                    "both",
                    "give context_type and context_id together",
                ));
            }
        };
        let begins = self.message.as_deref().map(|text| messages::preview(text, 80));
        let title = match kind {
            Kind::Direct => None,
            // An announcement needs a title; without a subject it is named by how it begins.
            Kind::Announcement => self.subject.filter(|text| !text.trim().is_empty()).or(begins),
            _ => self.subject,
        };
        Ok(NewConversation {
            user_ids,
            title,
            replies_enabled: self.replies_enabled,
            related,
            message: self.message.map(NewMessage::text),
            client_id: self.client_id,
            ..NewConversation::of(kind)
        })
    }
}

/// Pages of what the bootstrap begins.
async fn list(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Query(query): Query<ListQuery>,
) -> Answer<Value> {
    let ListQuery { after, limit, search } = query;
    let filter = conversations::ListFilter { after, limit, search, ..views::filter() };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    let page = app.db.read(&caller, move |tx, actor| conversations::list(tx, actor, &filter)).await?;
    let items: Vec<Value> = page.items.iter().map(views::conversation).collect();
    Ok(Json(json!({"items": items, "next": page.next})))
}

async fn open(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Json(input): Json<ConversationInput>,
) -> Result<Response, Problem> {
    let named = input.user_ids.clone();
    let user_ids = app.db.read(&caller, move |tx, actor| named_users(tx, actor, &named, "user_ids")).await?;
    let new = input.into_new(user_ids)?;
    let opened = sending::open(&app, &caller, new, |_, _, opened| Ok(opened)).await?;
    let message = opened.message.map(contract::Message::of);
    let answer = json!({"conversation": views::conversation(&opened.conversation), "message": message});
    let status = if opened.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(answer)).into_response())
}

async fn show(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Opens(opens): Opens,
    Query(query): Query<OpenQuery>,
) -> Answer<Value> {
    let run = app.db.write(&caller, move |tx, actor| {
        views::known(tx, actor, id)?;
        let range = query.before.map_or(Range::Newest, Range::Before);
        let page = messages::page(tx, actor, id, range, query.limit)?;
        if opens && query.before.is_none() {
            read_state::read(tx, actor, id, None)?;
        }
        Ok((conversations::get(tx, actor, id)?, page))
    });
    let (view, page) = run.await?;
    let items = page.items.into_iter().map(contract::Message::of).collect::<Vec<_>>();
    Ok(Json(json!({
        "conversation": views::conversation(&view), "messages": items, "has_before": page.has_before,
    })))
}

async fn send(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Json(input): Json<MessageInput>,
) -> Result<Created<contract::Message>, Problem> {
    let new = NewMessage {
        client_id: input.client_id,
        attachment_ids: input.attachment_ids,
        ..NewMessage::text(input.body)
    };
    let gate = move |tx: &mut Tx<'_>, actor: &Actor| views::known(tx, actor, id).map(|_| ());
    let posted = sending::post(&app, &caller, id, new, gate).await?;
    Ok(Created(contract::Message::of(posted.message)))
}

async fn read(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Json(input): Json<ReadInput>,
) -> Answer<Value> {
    let run = app.db.write(&caller, move |tx, actor| {
        views::known(tx, actor, id)?;
        let seq = match input.message_id {
            Some(message) => {
                let message = messages::get(tx, actor, message)?;
                if message.conversation_id != id {
                    return Err(Error::NotFound { what: "message" });
                }
                Some(message.seq)
            }
            None => None,
        };
        let state = read_state::read(tx, actor, id, seq)?;
        Ok(json!({
            "unread_count": state.me.unread, "unread_total": views::unread_total(tx, actor)?,
        }))
    });
    Ok(Json(run.await?))
}

async fn mute(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Json(input): Json<MuteInput>,
) -> Answer<Value> {
    let change = MeChange { muted: Some(input.muted), notify: None };
    let run = app.db.write(&caller, move |tx, actor| {
        views::known(tx, actor, id)?;
        participants::set_preferences(tx, actor, id, &change)
    });
    Ok(Json(json!({"muted": run.await?.muted})))
}
