//! Owns: who subscribes to what: told by updates when it begins and ends, and listed on request. Over all nodes.

use std::sync::{Arc, Weak};

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parlor_chat::publications::{self, Publication};
use parlor_chat::tenants::Tenant;
use parlor_chat::{Error, TenantId, events};
use parlor_realtime::protocol::mercure::subscription::{self, EVENT_TYPE, Subscription, encoded};
use parlor_realtime::protocol::mercure::{Dialect, PATH, Subscribe, one, pairs, wire};

use super::hub::{Asker, Refusal, ask, urn};
use crate::app::{App, Ctx};
use crate::auth::mercure_keys::Role;

/// The registry's list.
const LIST: &str = "mercure";

/// A subscriber that was told of; dropping it tells of its end.
pub(super) struct Announced {
    app: Weak<App>,
    tenant: Tenant,
    dialect: Dialect,
    subscriptions: Vec<Subscription>,
}

impl Announced {
    /// Tells of a new subscriber, when that is wanted.
    pub(super) async fn begin(app: &Ctx, asker: &Asker, request: &Subscribe) -> Option<Self> {
        if !app.config.mercure.subscriptions {
            return None;
        }
        let (subscriber, payload) = (urn(), asker.grants().payload);
        let mut subscriptions = Vec::new();
        for selector in &request.selectors {
            let subscription = Subscription::new(&subscriber, selector, payload.as_ref());
            if !subscriptions.contains(&subscription) {
                subscriptions.push(subscription);
            }
        }
        let (tenant, dialect) = (asker.tenant.clone(), request.dialect);
        for subscription in &subscriptions {
            let value = serde_json::to_string(subscription).ok()?;
            app.registry.enter(tenant.id, LIST, &subscription.id(Dialect::V1), Some(&value));
        }
        let announced = Self { app: Arc::downgrade(app), tenant, dialect, subscriptions };
        tell(app, &announced.tenant, dialect, &announced.subscriptions, true).await;
        Some(announced)
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let Some(app) = self.app.upgrade() else { return };
        for subscription in &self.subscriptions {
            app.registry.leave(self.tenant.id, LIST, &subscription.id(Dialect::V1));
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (tenant, dialect) = (self.tenant.clone(), self.dialect);
        let subscriptions = std::mem::take(&mut self.subscriptions);
        runtime.spawn(async move { tell(&app, &tenant, dialect, &subscriptions, false).await });
    }
}

/// Publishes that subscriptions begin or end: always private, on the topics of both dialects.
async fn tell(app: &App, tenant: &Tenant, dialect: Dialect, subscriptions: &[Subscription], active: bool) {
    let updates: Vec<_> = subscriptions
        .iter()
        .map(|subscription| Publication::Topics {
            topics: vec![subscription.id(Dialect::Classic), subscription.id(Dialect::V1)],
            data: subscription.event(dialect, active),
            private: true,
            id: urn(),
            name: (dialect == Dialect::V1).then(|| EVENT_TYPE.to_owned()),
            retry: None,
        })
        .collect();
    let id = tenant.id;
    let written = app.db.write_plain(tenant.no, move |tx| {
        updates.iter().try_for_each(|update| publications::publish(tx, id, update.clone()).map(|_| ()))
    });
    if let Err(error) = written.await
        && !*app.stopping.borrow()
    {
        tracing::warn!(%error, "a subscription could not be told of");
    }
}

pub(super) async fn list(State(app): State<Ctx>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    if !app.config.mercure.subscriptions {
        return Err(Refusal::not_found("This hub does not tell of subscriptions."));
    }
    let query = pairs(uri.query().unwrap_or_default())?;
    let asker = ask(&app, &headers, &query, Role::Subscriber).await?;
    let grants = asker.grants();
    if asker.bearer.is_none() {
        return Err(Refusal::no_token());
    }
    if !one(&grants.subscribe, uri.path()) {
        return Err(Refusal::not_allowed(grants.dialect));
    }
    let last = last(&app, asker.tenant_id()).await?;
    let tag = HeaderValue::from_str(&format!("\"{last}\"")).map_err(|_| Refusal::malformed("No tag."))?;
    let kind = match grants.dialect {
        Dialect::Classic => "application/ld+json",
        Dialect::V1 => "application/json",
    };
    let fixed = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (ETAG, tag),
    ];
    // Some clients send the tag back without its quotes.
    let known = headers.get(IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    if known.is_some_and(|known| known.trim_matches('"') == last) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let document = find(&app, &asker, uri.path(), grants.dialect, &last)?;
    Ok((fixed, document.to_string()).into_response())
}

/// Where the stream stands: a client that reads the list and subscribes from there misses nothing.
async fn last(app: &App, tenant: TenantId) -> Result<String, Error> {
    let position = app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
    Ok(match position.seq {
        0 => "earliest".to_owned(),
        seq => wire::id(position.epoch, seq),
    })
}

fn find(
    app: &App,
    asker: &Asker,
    path: &str,
    dialect: Dialect,
    last: &str,
) -> Result<serde_json::Value, Refusal> {
    let members = app.registry.members(asker.tenant_id(), LIST);
    let all: Vec<Subscription> =
        members.iter().filter_map(|member| serde_json::from_str(member.value.as_deref()?).ok()).collect();
    if let Some(exact) = all.iter().find(|found| found.id(dialect) == path) {
        return Ok(exact.document(dialect, last));
    }
    let base = format!("{PATH}/subscriptions");
    let parts = path.strip_prefix(&base).unwrap_or_default().trim_matches('/').split('/');
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let below = |found: &Subscription| {
        let whole = match dialect {
            Dialect::Classic => vec![encoded(&found.selector)],
            Dialect::V1 => vec![found.match_type.clone(), encoded(&found.selector)],
        };
        whole.iter().zip(&parts).all(|(mine, theirs)| mine == theirs)
    };
    let single = if dialect == Dialect::Classic { 2 } else { 3 };
    if parts.len() >= single {
        return Err(Refusal::not_found("There is no such subscription."));
    }
    let found: Vec<_> = all.into_iter().filter(below).collect();
    Ok(subscription::collection(path, &found, dialect, last))
}
