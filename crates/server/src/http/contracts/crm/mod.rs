//! Owns: the paths of the CRM messenger contract (docs/contracts/crm.md) and who may use them.
//! Must not know: rules; they are the core's, under the contract's names.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlor_chat::conversations::{self, NewConversation, Related};
use parlor_chat::messages::{self, NewMessage, Range};
use parlor_chat::page::Page;
use parlor_chat::participants::{self, MeChange};
use parlor_chat::users::{NamedUser, named as named_users};
use parlor_chat::{Actor, ConversationId, Error, Kind, MessageId, PersonId, Right, RowId, Tx, read_state};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::http::contracts::crm::messenger::Messenger;
use crate::http::contracts::crm::views::{Conversation, KINDS};
use crate::http::contracts::opens::{Opens, mark_read};
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

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    let routes = OpenApiRouter::new()
        .routes(routes!(bootstrap::bootstrap))
        .routes(routes!(bootstrap::preferences))
        .routes(routes!(list, open))
        .routes(routes!(show))
        .routes(routes!(send))
        .routes(routes!(read))
        .routes(routes!(mute))
        .routes(routes!(users::list));
    OpenApiRouter::new().nest("/admin/internal-messenger", routes)
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
#[derive(Deserialize, ToSchema)]
#[schema(as = CrmConversationInput)]
#[serde(deny_unknown_fields)]
struct ConversationInput {
    /// direct, group, broadcast or global.
    #[serde(rename = "type")]
    kind: String,
    /// By Parlor's ids or the host's.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
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

/// A message.
#[derive(Deserialize, ToSchema)]
#[schema(as = CrmMessageInput)]
#[serde(deny_unknown_fields)]
struct MessageInput {
    #[serde(default)]
    body: String,
    client_id: Option<String>,
    #[serde(default)]
    attachment_ids: Vec<RowId>,
}

/// How far somebody has read; everything when no message is named.
#[derive(Deserialize, ToSchema)]
#[schema(as = CrmReadInput)]
#[serde(deny_unknown_fields)]
struct ReadInput {
    message_id: Option<MessageId>,
}

/// Whether a conversation stays silent.
#[derive(Deserialize, ToSchema)]
#[schema(as = CrmMuteInput)]
#[serde(deny_unknown_fields)]
struct MuteInput {
    muted: bool,
}

/// A page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// Part of a subject or of a name.
    search: Option<String>,
}

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OpenQuery {
    /// Older messages than this place; marks nothing read.
    before: Option<i64>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// A conversation that was opened, and the message that it was opened with.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmOpened)]
struct Opened {
    conversation: Conversation,
    message: Option<contract::Message>,
}

/// A conversation with some of its messages.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmShown)]
struct Shown {
    conversation: Conversation,
    messages: Vec<contract::Message>,
    has_before: bool,
}

/// What is unread now.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmUnread)]
struct Unread {
    unread_count: i64,
    unread_total: i64,
}

/// Whether the conversation stays silent.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmMuted)]
struct Muted {
    muted: bool,
}

/// What this contract calls the fields of a new conversation.
const FIELDS: [(&str, &str); 6] = [
    ("title", "subject"),
    ("body", "message"),
    ("related.type", "context_type"),
    ("related.id", "context_id"),
    ("related.title", "context_title"),
    ("related.url", "context_url"),
];

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

/// My conversations, newest activity first: the bootstrap has the first
#[utoipa::path(get, path = "/conversations", tag = "crm contract", operation_id = "crm_list_conversations", params(ListQuery),
    responses((status = 200, body = Page<Conversation>)))]
async fn list(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Query(query): Query<ListQuery>,
) -> Answer<Page<Conversation>> {
    let ListQuery { after, limit, search } = query;
    let filter = conversations::ListFilter { after, limit, search, ..views::filter() };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    let page = app.db.read(&caller, move |tx, actor| conversations::list(tx, actor, &filter)).await?;
    Ok(Json(page.map(|view| Conversation::of(&view))))
}

/// Open a conversation; a direct one exists once per pair and is answered again
#[utoipa::path(post, path = "/conversations", tag = "crm contract", operation_id = "crm_open_conversation", request_body = ConversationInput,
    responses((status = 201, body = Opened), (status = 200, body = Opened, description = "It was there already")))]
async fn open(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Json(input): Json<ConversationInput>,
) -> Result<Response, Problem> {
    let named = input.user_ids.clone();
    let user_ids = app.db.read(&caller, move |tx, actor| named_users(tx, actor, &named, "user_ids")).await?;
    let new = input.into_new(user_ids)?;
    let opened = sending::open(&app, &caller, new, |_, _, opened| Ok(opened)).await;
    let opened = opened.map_err(|refused| refused.in_words_of(&FIELDS))?;
    let message = opened.message.map(contract::Message::of);
    let answer = Opened { conversation: Conversation::of(&opened.conversation), message };
    let status = if opened.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(answer)).into_response())
}

/// A conversation with its newest messages, which are read now
#[utoipa::path(get, path = "/conversations/{id}/open", tag = "crm contract", operation_id = "crm_show_conversation",
    params(("id" = ConversationId, Path), OpenQuery), responses((status = 200, body = Shown)))]
async fn show(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Opens(opens): Opens,
    Query(query): Query<OpenQuery>,
) -> Answer<Shown> {
    let first = query.before.is_none();
    let run = app.db.read(&caller, move |tx, actor| {
        views::known(tx, actor, id)?;
        messages::page(tx, actor, id, query.before.map_or(Range::Newest, Range::Before), query.limit)
    });
    let page = run.await?;
    if let Some(seq) = page.items.last().map(|message| message.seq).filter(|_| opens && first) {
        mark_read(&app, &caller, id, seq).await?;
    }
    let view = app.db.read(&caller, move |tx, actor| conversations::get(tx, actor, id)).await?;
    let messages = page.items.into_iter().map(contract::Message::of).collect();
    Ok(Json(Shown { conversation: Conversation::of(&view), messages, has_before: page.has_before }))
}

/// Send a message
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "crm contract", operation_id = "crm_send_message",
    params(("id" = ConversationId, Path)), request_body = MessageInput, responses((status = 201, body = contract::Message)))]
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

/// Mark read up to a message
#[utoipa::path(post, path = "/conversations/{id}/read", tag = "crm contract", operation_id = "crm_read_conversation",
    params(("id" = ConversationId, Path)), request_body = ReadInput, responses((status = 200, body = Unread)))]
async fn read(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Json(input): Json<ReadInput>,
) -> Answer<Unread> {
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
        Ok(Unread { unread_count: state.me.unread, unread_total: views::unread_total(tx, actor)? })
    });
    Ok(Json(run.await?))
}

/// Be silent about a conversation, or not
#[utoipa::path(post, path = "/conversations/{id}/mute", tag = "crm contract", operation_id = "crm_mute_conversation",
    params(("id" = ConversationId, Path)), request_body = MuteInput, responses((status = 200, body = Muted)))]
async fn mute(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Path(id): Path<ConversationId>,
    Json(input): Json<MuteInput>,
) -> Answer<Muted> {
    let change = MeChange { muted: Some(input.muted), notify: None };
    let run = app.db.write(&caller, move |tx, actor| {
        views::known(tx, actor, id)?;
        participants::set_preferences(tx, actor, id, &change)
    });
    Ok(Json(Muted { muted: run.await?.muted }))
}
