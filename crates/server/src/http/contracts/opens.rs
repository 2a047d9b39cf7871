//! Owns: whether whoever asks opens something, as the contracts mark conversations read by `GET`, and marking them. Must not
//! know: what is shown.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parlor_chat::{ConversationId, Error, read_state};

use crate::app::Ctx;
use crate::request::caller::Caller;

/// Whether the caller opens something, or something in a page of whoever wrote it does: browsers say for what they fetch
/// an address, and a picture, a frame or a link must not mark anything read.
pub(crate) struct Opens(pub(crate) bool);

impl FromRequestParts<Ctx> for Opens {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get("sec-fetch-dest").is_none_or(|destination| destination == "empty")))
    }
}

/// Marks a conversation read that was opened. Who has changed too much just now reads on, and so do all on a full disk: it
/// stays unread.
pub(super) async fn mark_read(app: &Ctx, caller: &Caller, id: ConversationId, seq: i64) -> Result<(), Error> {
    let run = app.db.write(caller, move |tx, actor| read_state::read(tx, actor, id, Some(seq)));
    match run.await {
        Ok(_) | Err(Error::Later { .. } | Error::Db(parlor_db::Error::Full(_))) => Ok(()),
        Err(error) => Err(error),
    }
}
