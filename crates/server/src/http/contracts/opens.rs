//! Owns: telling whether whoever asks opens something, as the contracts mark things read by `GET`. Must not know: what is
//! opened.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::Ctx;

/// Whether the caller opens something, or something in a page of whoever wrote it does: browsers say for what they fetch
/// an address, and a picture, a frame or a link must not mark anything read.
pub(crate) struct Opens(pub(crate) bool);

impl FromRequestParts<Ctx> for Opens {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get("sec-fetch-dest").is_none_or(|destination| destination == "empty")))
    }
}
