//! Owns: the keys of host applications and of Mercure over HTTP. A secret that Parlor made is shown once.

use axum::extract::State;
use parlor_chat::host_keys::{self, HostKeyView, KeyKind, Purpose};
use parlor_chat::page::Page;
use parlor_chat::{RowId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::adapters::outbound;
use crate::app::{App, Ctx, secrets};
use crate::auth::keys::{self, Unusable};
use crate::auth::token::new_session_token;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Done, Json, Path};
use crate::request::problem::Problem;

/// When to try again once too many addresses are being asked.
const RETRY_SECONDS: u64 = 10;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(remove))
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HostKeyCreation {
    #[serde(default)]
    purpose: Purpose,
    #[serde(default)]
    kind: KeyKind,
    /// Key id that tokens name.
    kid: Option<String>,
    /// The secret (at least 32 characters), the PEM, the JWKS document or its address (https). Absent for `hs256`:
    /// Parlor makes one.
    secret: Option<String>,
}

/// The key, with its secret this once when Parlor made it.
#[derive(Serialize, ToSchema)]
struct NewHostKey {
    #[serde(flatten)]
    about: HostKeyView,
    secret: Option<String>,
}

/// Every key with which hosts and Mercure publishers sign, without secrets; needs `manage_settings`
#[utoipa::path(get, path = "/host-keys", tag = "api-keys", operation_id = "list_host_keys",
    responses((status = 200, body = Page<HostKeyView>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<HostKeyView>> {
    let items = app.db.read(&caller, host_keys::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// Add a key; needs `manage_settings`
#[utoipa::path(post, path = "/host-keys", tag = "api-keys", operation_id = "create_host_key",
    request_body = HostKeyCreation, responses((status = 201, body = NewHostKey)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<HostKeyCreation>,
) -> Result<Created<NewHostKey>, Problem> {
    // First the right: what follows may ask another server.
    let (purpose, kind) = (input.purpose, input.kind);
    app.db.read(&caller, move |_, actor| host_keys::may_create(actor, purpose)).await?;
    let kid = input.kid.as_deref().map(str::trim).filter(|kid| !kid.is_empty()).map(str::to_owned);
    if kid.as_ref().is_some_and(|kid| kid.len() > 100) {
        return Err(Problem::invalid("kid", "length", "use at most 100 characters"));
    }
    let given = input.secret.as_deref().map(str::trim).filter(|secret| !secret.is_empty());
    let made = (given.is_none() && kind == KeyKind::Hs256).then(new_session_token);
    let secret = made.clone().or_else(|| given.map(str::to_owned)).unwrap_or_default();
    check(&app, caller.tenant, purpose, kind, secret.clone()).await?;
    let run = app.db.write(&caller, move |tx, actor| {
        host_keys::create(tx, actor, purpose, kind, kid.as_deref(), &secret)
    });
    let about = run.await?;
    app.caches.forget_keys(caller.tenant);
    Ok(Created(NewHostKey { about, secret: made }))
}

async fn check(
    app: &App,
    tenant: TenantId,
    purpose: Purpose,
    kind: KeyKind,
    secret: String,
) -> Result<(), Problem> {
    let refused = |rule: &str, detail: &str| Err(Problem::invalid("secret", rule, detail));
    if kind == KeyKind::Hs256 && secrets::judge(secret.as_bytes()).is_err() {
        return refused(
            "length",
            "use at least 32 characters, not one over and over, or leave it empty and take the one that is made",
        );
    }
    if kind == KeyKind::JwksUrl {
        if purpose != Purpose::Host {
            return refused("kind", "a key of Mercure is a secret, a PEM or a JWKS document");
        }
        return match app.caches.keys.fetch(tenant, &secret).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(Unusable::Insecure)) => refused("url", "use an address that begins with https://"),
            Ok(Err(Unusable::Private)) => refused("private", outbound::PRIVATE),
            Ok(Err(Unusable::Unreachable)) => refused("reachable", "no key was found at this address"),
            Err(_) => Err(Problem::rate_limited(RETRY_SECONDS)),
        };
    }
    match keys::parse(kind, None, &secret) {
        Some(_) => Ok(()),
        None => refused("key", "this is no public key that can check RS256, ES256 or EdDSA"),
    }
}

/// Remove a key; tokens signed with it stop serving; needs `manage_settings`
#[utoipa::path(delete, path = "/host-keys/{id}", tag = "api-keys", operation_id = "remove_host_key",
    params(("id" = RowId, Path)), responses((status = 204)))]
async fn remove(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| host_keys::remove(tx, actor, id)).await?;
    Ok(Done)
}
