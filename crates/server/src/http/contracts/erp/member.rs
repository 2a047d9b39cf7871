//! Owns: who may use this contract: users of the tenant in the path, while it is open to them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parlor_chat::tenants;
use serde::de::DeserializeOwned;

use crate::app::Ctx;
use crate::request::caller::Caller;
use crate::request::extract::Path;
use crate::request::problem::Problem;

/// A member of staff of the tenant in the path, where the tenant has the contract switched on.
#[derive(Clone, Debug)]
pub struct Member(pub Caller);

impl FromRequestParts<Ctx> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let path = axum::extract::RawPathParams::from_request_parts(parts, app).await;
        let path = path.map_err(|_| Problem::not_found("there is nothing at this address"))?;
        let named = path.iter().find(|(name, _)| *name == "tenant").map(|(_, value)| value.to_owned());
        admit(app, &caller, &named.unwrap_or_default()).await?;
        Ok(Self(caller))
    }
}

/// What is named in the path behind the tenant.
#[derive(Debug)]
pub(super) struct InTenant<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ctx> for InTenant<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let Path((_, named)) = Path::<(String, T)>::from_request_parts(parts, app).await?;
        Ok(Self(named))
    }
}

/// Refuses everybody but staff of this tenant, and tenants without the contract, as if there were nothing.
///
/// # Errors
/// Not found, whatever the reason.
pub async fn admit(app: &Ctx, caller: &Caller, tenant: &str) -> Result<(), Problem> {
    let nothing = || Problem::not_found("tenant not found");
    let own = caller.tenant;
    let same = match tenant.parse::<parlor_chat::TenantId>() {
        Ok(id) => id == own,
        Err(_) => app.db.read_plain(move |tx| tenants::by_id(tx, own)).await?.slug == tenant,
    };
    let open = app.settings(own).await?.erp_enabled;
    if same && open && caller.is_staff() { Ok(()) } else { Err(nothing()) }
}
