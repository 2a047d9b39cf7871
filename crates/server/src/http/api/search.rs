//! Owns: full-text search over HTTP.

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::search::{self, Has, Hit};
use parlor_chat::{ConversationId, PersonId, Time};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::budgets::Spending;
use crate::http::api::conversations::kinds;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Query};
use crate::request::problem::Problem;
use crate::services::search_index;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(find))
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words, all of which a message must have; the last one may be a beginning. May be empty beside another limit.
    #[serde(default)]
    q: String,
    /// Kinds of conversations, comma separated.
    kind: Option<String>,
    /// Only in this conversation.
    conversation_id: Option<ConversationId>,
    /// Only by this person.
    author_id: Option<PersonId>,
    /// Only older than this time.
    before: Option<Time>,
    /// Only newer than this time.
    after: Option<Time>,
    /// Only with a "file", a "picture" or a "link".
    has: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// A page's `next`.
    cursor: Option<String>,
}

/// Search the messages that I may see
#[utoipa::path(get, path = "/search", tag = "search", operation_id = "search_messages", params(SearchQuery),
    responses((status = 200, body = Page<Hit>)))]
async fn find(State(app): State<Ctx>, caller: Caller, Query(query): Query<SearchQuery>) -> Answer<Page<Hit>> {
    let unknown = || Problem::invalid("has", "known", "use \"file\", \"picture\" or \"link\"");
    let has = query.has.filter(|name| !name.is_empty()).map(|name| Has::parse(&name).ok_or_else(unknown));
    let question = search::Query {
        text: query.q,
        conversation: query.conversation_id,
        kinds: kinds(query.kind.as_deref())?,
        author: query.author_id,
        before: query.before,
        after: query.after,
        has: has.transpose()?,
        cursor: query.cursor.filter(|text| !text.is_empty()),
        limit: query.limit,
    };
    app.db.spend(&caller, Spending::Search).await?;
    search_index::catch_up(&app, caller.tenant, caller.tenant_no).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| search::search(tx, actor, &question)).await?))
}
