//! Owns: who may use the messenger of this contract. Must not know: what is asked.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parlor_chat::Right;

use crate::app::Ctx;
use crate::request::caller::Caller;
use crate::request::problem::Problem;

/// Somebody who may use the messenger.
pub(crate) struct Messenger(pub Caller);

impl FromRequestParts<Ctx> for Messenger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Ctx) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if !caller.has(Right::Messenger) {
            // Through the database, so that the refusal is audited like any other.
            app.db.read(&caller, |_, actor| actor.require(Right::Messenger, "messenger.use")).await?;
        }
        Ok(Self(caller))
    }
}
