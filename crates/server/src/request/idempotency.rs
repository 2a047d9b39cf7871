//! Owns: creations that a client may repeat. With an `Idempotency-Key` the first answer is given again.
//! Must not know: what is created.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use parlor_chat::{Actor, Error, Tx, idempotency};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::request::caller::Caller;
use crate::request::extract;
use crate::request::problem::Problem;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY_BYTES: usize = 255;

/// The body of a creation, with the key under which it may be repeated.
#[derive(Debug)]
pub struct Creation<T> {
    /// What is to be created.
    pub input: T,
    /// The client's key.
    pub key: Option<String>,
    /// Of method, path and body: the same key with another request is a mistake.
    hash: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Creation<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key =
            request.headers().get(&IDEMPOTENCY_KEY).map(|key| key.to_str().unwrap_or_default().to_owned());
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MAX_KEY_BYTES) {
            return Err(Problem::invalid(
                "Idempotency-Key",
                "length",
                "use 1 to 255 visible ASCII characters",
            ));
        }
        let address = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = extract::body(request, state).await?;
        let hash = Sha256::new().chain_update(address).chain_update(&bytes).finalize().into();
        Ok(Self { input: extract::parse(&bytes)?, key, hash })
    }
}

/// A JSON answer that was serialised inside the transaction.
#[derive(Debug)]
pub struct Written {
    status: StatusCode,
    body: String,
}

impl Written {
    /// An answer that is JSON already: of something new (201), or of what was there (200).
    #[must_use]
    pub fn new(is_new: bool, body: String) -> Self {
        Self { status: if is_new { StatusCode::CREATED } else { StatusCode::OK }, body }
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        (self.status, [(CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}

/// Runs a creation; the operation tells whether the thing is new (201) or was there (200). With a key, the answer
/// is stored in the same transaction.
///
/// # Errors
/// The operation's own, and a conflict when the key came with another request.
pub async fn create<I, T: Serialize>(
    app: &App,
    caller: &Caller,
    creation: Creation<I>,
    operation: impl Fn(&mut Tx<'_>, &Actor, &I) -> Result<(T, bool), Error> + Send + 'static,
) -> Result<Written, Problem>
where
    I: Send + Sync + 'static,
{
    let Creation { input, key, hash } = creation;
    let written = app.db.write(caller, move |tx, actor| {
        if let Some(key) = &key
            && let Some((status, body)) = idempotency::find(tx, actor, key, &hash)?
        {
            return Ok((status, body));
        }
        let (made, new) = operation(tx, actor, &input)?;
        let (status, body) = (if new { 201 } else { 200 }, serde_json::to_string(&made)?);
        if let Some(key) = &key {
            idempotency::put(tx, actor, key, &hash, status, &body)?;
        }
        Ok((status, body))
    });
    let (status, body) = written.await?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    Ok(Written { status: status.unwrap_or(StatusCode::OK), body })
}
