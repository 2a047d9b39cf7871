//! Owns: contacts over HTTP.

use axum::extract::State;
use parlor_chat::PersonId;
use parlor_chat::contacts::{self, Contact, ContactFilter, ContactInput};
use parlor_chat::page::Page;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Path, Query};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change))
}

/// Which contacts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContactQuery {
    /// The beginning of a word of the name, or of the e-mail address.
    search: Option<String>,
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// Contacts, by name
#[utoipa::path(get, path = "/contacts", tag = "contacts", operation_id = "list_contacts", params(ContactQuery),
    responses((status = 200, body = Page<Contact>)))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    Query(query): Query<ContactQuery>,
) -> Answer<Page<Contact>> {
    let filter = ContactFilter { search: query.search, after: query.after, limit: query.limit };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| contacts::list(tx, actor, &filter)).await?))
}

/// One contact
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", operation_id = "get_contact",
    params(("id" = PersonId, Path)), responses((status = 200, body = Contact)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<PersonId>) -> Answer<Contact> {
    Ok(Json(app.db.read(&caller, move |tx, actor| contacts::get(tx, actor, id)).await?))
}

/// Make a contact; needs `contacts`
#[utoipa::path(post, path = "/contacts", tag = "contacts", operation_id = "create_contact",
    request_body = ContactInput, responses((status = 201, body = Contact)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<ContactInput>,
) -> Result<Written, Problem> {
    idempotency::create(&app, &caller, input, |tx, actor, input| {
        contacts::create(tx, actor, input).map(|contact| (contact, true))
    })
    .await
}

/// Change or block a contact; needs `contacts`
#[utoipa::path(patch, path = "/contacts/{id}", tag = "contacts", operation_id = "change_contact",
    params(("id" = PersonId, Path)), request_body = ContactInput, responses((status = 200, body = Contact)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<PersonId>,
    Json(input): Json<ContactInput>,
) -> Answer<Contact> {
    Ok(Json(app.db.write(&caller, move |tx, actor| contacts::update(tx, actor, id, &input)).await?))
}
