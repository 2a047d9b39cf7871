//! Owns: `POST /.well-known/mercure`: an update arrives.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use parlor_chat::events;
use parlor_chat::publications::{self, Publication};
use parlor_realtime::protocol::mercure::{Dialect, Publish, pairs, subscription, wire};

use super::hub::{Asker, Refusal, ask, urn};
use crate::app::{App, Ctx};
use crate::auth::mercure_keys::Role;

pub(super) async fn publish(
    State(app): State<Ctx>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Refusal> {
    let query = pairs(uri.query().unwrap_or_default())?;
    let asker = ask(&app, &headers, &query, Role::Publisher).await?;
    let Some(bearer) = &asker.bearer else { return Err(Refusal::no_token()) };
    if bearer.grants.publish.is_none() {
        return Err(Refusal::not_allowed(bearer.grants.dialect));
    }
    let body = body.map_err(|why| Refusal { status: why.status(), ..Refusal::malformed(why.body_text()) })?;
    let Ok(form) = std::str::from_utf8(&body) else {
        return Err(Refusal::malformed("The request is not UTF-8."));
    };
    let update = Publish::parse(pairs(form)?)?;
    if bearer.grants.dialect == Dialect::V1 && update.name.as_deref() == Some(subscription::EVENT_TYPE) {
        return Err(Refusal::malformed("The type \"mercure\" belongs to the hub."));
    }
    if !bearer.grants.may_publish(&update.topics) {
        return Err(Refusal::not_allowed(bearer.grants.dialect));
    }
    let id = store(&app, &asker, update).await?;
    let kind = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(([kind], id).into_response())
}

/// Writes the update to the tenant's log, from where it reaches its subscribers; answers its id.
async fn store(app: &App, asker: &Asker, update: Publish) -> Result<String, Refusal> {
    let id = update.id.clone().unwrap_or_else(urn);
    let publication = Publication::Topics {
        topics: update.topics,
        data: update.data,
        private: update.private,
        id: id.clone(),
        name: update.name,
        retry: update.retry,
    };
    let (tenant, wanted) = (asker.tenant_id(), id.clone());
    let free = app
        .db
        .write_plain(asker.tenant.no, move |tx| {
            // Ids of this log's places are not to be had: clients come back with them.
            if let Some((epoch, _)) = wire::place(&wanted)
                && events::position(tx, tenant)?.epoch == epoch
            {
                return Ok(false);
            }
            // Another Parlor hands its events on at least once.
            if !wire::is_place(&wanted) || publications::seq_of(tx, tenant, &wanted)?.is_none() {
                publications::publish(tx, tenant, publication.clone())?;
            }
            Ok(true)
        })
        .await?;
    if free { Ok(id) } else { Err(Refusal::malformed("Invalid \"id\" parameter.")) }
}
