//! Owns: files in a bucket of S3 or of a server that speaks like it: signed addresses, and the requests that we make with
//! them ourselves. Must not know: folders, who may read a file.
//!
//! Addresses carry their signature (AWS Signature Version 4 in the query). What an upload must say is signed with it: the
//! type, the length, and `If-None-Match: *`. Without that last one the same address would take other bytes once more,
//! after they were looked at.

use std::io;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use parlor_chat::{RowId, TenantId};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, RANGE};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::blob::{Address, Blob, Chunks, Form, Stored};
use super::local::Incoming;
use crate::adapters::outbound::{Outbound, body, send};
use crate::config::{FilesArgs, S3Options};
use crate::error::StartError;

/// How long the addresses serve that we use at once ourselves.
const OURS: Duration = Duration::from_secs(300);
/// How long the bucket may take to take a file, beside what its bytes take at the slowest.
const PUT_TIMEOUT: Duration = Duration::from_secs(30);
const SLOWEST_BYTES_A_SECOND: u64 = 100_000;
/// How long the bucket may take to begin an answer, and to go on with one.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// As much of an error as is looked at.
const ERROR_BYTES: usize = 4_096;
/// What no browser is told to guess at.
const ANY_TYPE: &str = "application/octet-stream";
/// A file that is stored only to see whether that is possible.
pub(super) const TRIED_OUT: Blob =
    Blob { tenant: TenantId(Uuid::nil()), id: RowId(Uuid::nil()), form: Form::Sent };

/// A bucket.
pub(super) struct S3 {
    /// As we reach it.
    bucket: Bucket,
    /// As browsers reach it; `None` where they do not.
    public: Option<Bucket>,
    credentials: Credentials,
    prefix: String,
    outbound: Outbound,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3 {
    /// The one that the options name; `None` where they name none.
    pub(super) fn of(files: &FilesArgs, outbound: &Outbound) -> Result<Option<Self>, StartError> {
        let Some(options) = files.s3().map_err(StartError::S3)? else { return Ok(None) };
        let S3Options {
            endpoint,
            public_endpoint,
            bucket,
            region,
            key,
            secret,
            prefix,
            virtual_hosts,
            direct,
        } = options;
        let style = if virtual_hosts { UrlStyle::VirtualHost } else { UrlStyle::Path };
        let at = |endpoint: &str| {
            let url = Url::parse(endpoint).map_err(|error| StartError::S3(error.to_string()))?;
            Bucket::new(url, style, bucket.clone(), region.clone())
                .map_err(|error| StartError::S3(error.to_string()))
        };
        let public = direct.then(|| at(public_endpoint.as_deref().unwrap_or(&endpoint))).transpose()?;
        Ok(Some(Self {
            bucket: at(&endpoint)?,
            public,
            credentials: Credentials::new(key, secret.reveal()),
            prefix,
            outbound: outbound.clone(),
        }))
    }

    fn key(&self, blob: Blob) -> String {
        format!("{}{blob}", self.prefix)
    }

    /// Signed for this machine's time: that of the bucket may be a quarter of an hour apart.
    fn put_url(
        &self,
        bucket: &Bucket,
        blob: Blob,
        size: u64,
        content_type: &str,
        lasts: Duration,
    ) -> Address {
        let key = self.key(blob);
        let mut action = bucket.put_object(Some(&self.credentials), &key);
        let headers = [
            ("content-type", content_type.to_owned()),
            ("content-length", size.to_string()),
            ("if-none-match", "*".to_owned()),
        ];
        for (name, value) in &headers {
            action.headers_mut().insert(*name, value.clone());
        }
        Address { url: action.sign(lasts).into(), headers: headers.into() }
    }

    pub(super) fn address(
        &self,
        blob: Blob,
        size: u64,
        content_type: &str,
        lasts: Duration,
    ) -> Option<Address> {
        Some(self.put_url(self.public.as_ref()?, blob, size, content_type, lasts))
    }

    pub(super) fn origin(&self) -> Option<String> {
        let url = self.public.as_ref()?.object_url("");
        Some(url.origin().ascii_serialization())
    }

    pub(super) async fn put(&self, mut incoming: Incoming) -> io::Result<Stored> {
        let (blob, size) = (incoming.blob, incoming.size);
        let Address { url, .. } = self.put_url(&self.bucket, blob, size, ANY_TYPE, OURS);
        let request = self.outbound.storage(Method::PUT, &url);
        let request =
            request.header(CONTENT_TYPE, ANY_TYPE).header(CONTENT_LENGTH, size).header(IF_NONE_MATCH, "*");
        // A body of known length goes as it is, one that comes in pieces would be sent in pieces.
        let request = match size {
            0 => request.body(Vec::new()),
            _ => request.body(Body::wrap_stream(incoming.bytes().await?)),
        };
        let most = PUT_TIMEOUT + Duration::from_secs(size / SLOWEST_BYTES_A_SECOND);
        let answer = answered(request, most).await?;
        incoming.cancel().await;
        Ok(Stored { size, etag: etag_of(&answer) })
    }

    pub(super) async fn stat(&self, blob: Blob) -> io::Result<Stored> {
        let key = self.key(blob);
        let url = self.bucket.head_object(Some(&self.credentials), &key).sign(OURS);
        let answer = answered(self.outbound.storage(Method::HEAD, url.as_str()), READ_TIMEOUT).await?;
        let length =
            answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let size = length.ok_or_else(|| io::Error::other("the bucket does not say how long a file is"))?;
        Ok(Stored { size, etag: etag_of(&answer) })
    }

    pub(super) async fn read(&self, blob: Blob, etag: Option<&str>, part: Range<u64>) -> io::Result<Chunks> {
        if part.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let key = self.key(blob);
        let url = self.bucket.get_object(Some(&self.credentials), &key).sign(OURS);
        let wanted = format!("bytes={}-{}", part.start, part.end - 1);
        let mut request = self.outbound.storage(Method::GET, url.as_str()).header(RANGE, wanted);
        if let Some(etag) = etag {
            request = request.header(IF_MATCH, etag);
        }
        let answer = answered(request, READ_TIMEOUT).await?;
        let told = format!("bytes {}-{}/", part.start, part.end - 1);
        let is_part = answer
            .headers()
            .get(CONTENT_RANGE)
            .is_some_and(|range| range.as_bytes().starts_with(told.as_bytes()));
        if answer.status() != StatusCode::PARTIAL_CONTENT || !is_part {
            return Err(io::Error::other("the bucket answers with another part than was asked for"));
        }
        Ok(steady(answer, part.end - part.start))
    }

    pub(super) async fn remove(&self, blob: Blob) -> io::Result<()> {
        let key = self.key(blob);
        let url = self.bucket.delete_object(Some(&self.credentials), &key).sign(OURS);
        answered(self.outbound.storage(Method::DELETE, url.as_str()), READ_TIMEOUT).await.map(drop)
    }

    /// Stores a few bytes, reads them, and takes them away: what a server does all day.
    pub(super) async fn try_out(&self, incoming: io::Result<Incoming>) -> io::Result<String> {
        const WORDS: &[u8] = b"parlor";
        self.remove(TRIED_OUT).await.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        match self.stat(TRIED_OUT).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(io::Error::other("what is removed stays")),
        }
        let mut incoming = incoming?;
        incoming.write(WORDS).await?;
        let stored = self.put(incoming).await?;
        let mut read = Vec::new();
        let mut chunks = self.read(TRIED_OUT, stored.etag.as_deref(), 0..WORDS.len() as u64).await?;
        while let Some(chunk) = chunks.next().await {
            read.extend_from_slice(&chunk?);
        }
        let again = self.put_again().await;
        self.remove(TRIED_OUT).await?;
        match (read == WORDS, again) {
            (false, _) => Err(io::Error::other("other bytes come back than were stored")),
            (true, Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(format!("the bucket {} stores, reads and removes", self.bucket.name()))
            }
            (true, Err(error)) => Err(error),
            (true, Ok(())) => Err(io::Error::other(
                "the server does not heed If-None-Match: an upload could be replaced after it was looked at. Set \
                 S3_DIRECT_UPLOADS=off, or update the server",
            )),
        }
    }

    /// What must be refused: other bytes into a place that is taken.
    async fn put_again(&self) -> io::Result<()> {
        let Address { url, .. } = self.put_url(&self.bucket, TRIED_OUT, 1, ANY_TYPE, OURS);
        let request = self.outbound.storage(Method::PUT, &url);
        let request =
            request.header(CONTENT_TYPE, ANY_TYPE).header(IF_NONE_MATCH, "*").body(Bytes::from_static(b"x"));
        answered(request, READ_TIMEOUT).await.map(drop)
    }
}

/// The bytes of an answer, no more than were asked for, as long as they go on.
fn steady(answer: Response, length: u64) -> Chunks {
    let left = (answer, length);
    Box::pin(futures_util::stream::try_unfold(left, |(mut answer, left)| async move {
        let chunk = timeout(READ_TIMEOUT, answer.chunk()).await.map_err(|_| io::ErrorKind::TimedOut)?;
        let Some(chunk) = chunk.map_err(|error| io::Error::other(error.without_url()))? else {
            return Ok(None);
        };
        match left.checked_sub(chunk.len() as u64) {
            Some(left) => Ok(Some((chunk, (answer, left)))),
            None => Err(io::Error::other("more bytes come than were asked for")),
        }
    }))
}

fn etag_of(answer: &Response) -> Option<String> {
    answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned)
}

/// The answer, when it says that it was done.
async fn answered(request: RequestBuilder, most: Duration) -> io::Result<Response> {
    let answer = timeout(most, send(request)).await.map_err(|_| io::ErrorKind::TimedOut)?;
    let answer = answer.map_err(|failure| io::Error::new(io::ErrorKind::NotConnected, failure))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = timeout(READ_TIMEOUT, body(answer, ERROR_BYTES))
        .await
        .map(Result::unwrap_or_default)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let told = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        rest.split_once("</")
            .map(|(told, _)| told.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
    };
    let why = match (told("Code"), told("Message")) {
        (Some(code), Some(message)) => format!("{code}, {message}"),
        (Some(code), None) => code,
        (None, _) => "without a reason".to_owned(),
    };
    Err(refused(status, &why))
}

fn refused(status: StatusCode, why: &str) -> io::Error {
    let (kind, hint) = match status.as_u16() {
        404 => (io::ErrorKind::NotFound, ""),
        412 => (io::ErrorKind::AlreadyExists, ""),
        // Two at once: one of them is there in a moment.
        409 => (io::ErrorKind::NotConnected, ""),
        401 | 403 => (
            io::ErrorKind::PermissionDenied,
            "; look at the key, the secret, the region, and the time of this machine: more than 15 minutes apart is refused. \
             Without the right to list the bucket a file that is not there is refused as well",
        ),
        507 => (io::ErrorKind::StorageFull, ""),
        500..=599 | 429 => (io::ErrorKind::NotConnected, ""),
        _ => (io::ErrorKind::Other, ""),
    };
    io::Error::new(kind, format!("the bucket answers {}: {why}{hint}", status.as_u16()))
}
