//! Owns: WebSockets (RFC 6455) as this server writes them. A frame's bytes are shared by everybody who gets it, many
//! frames leave in one system call, and no connection keeps a buffer once it has nothing to say. The handshake, reading
//! and control frames are tungstenite's. Must not know: what is said.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error as Broken, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::net::accept::Open;
use crate::request::problem::Problem;

/// Idle connections cost their buffers: 128 KB each unless told otherwise.
const READ_BUFFER: usize = 1024;
/// Frames of one system call; each has a head and a body.
const AT_ONCE: usize = 32;
/// Bytes that wait for a flush at most.
const MOST_WAITING: usize = 256 * 1024;
/// How long the other side may take to answer a close. Whoever ends a connection while something unread lies in it
/// takes back what it wrote last (the system answers with a reset), and that is the close itself.
const LINGER: Duration = Duration::from_secs(2);
/// Room for frames that an idle connection keeps.
const KEPT: usize = 4;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

/// Whether a request asks for a WebSocket, in whatever version and however wrongly.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|name| name.to_str().ok()).unwrap_or_default();
    upgrade.split(',').any(|name| name.trim().eq_ignore_ascii_case("websocket"))
        || headers.contains_key(SEC_WEBSOCKET_KEY)
        || headers.contains_key(SEC_WEBSOCKET_VERSION)
}

/// Whether a request asks for another version of WebSocket than there is.
pub fn is_other_version(headers: &HeaderMap) -> bool {
    headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version != "13")
}

/// Whether this is the nonce of a handshake: 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)
}

/// A request for a WebSocket.
pub struct Upgrade {
    on: OnUpgrade,
    answer: Response,
    most: usize,
    open: Option<Open>,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Problem> {
        let mut asked = Request::new(());
        (*asked.method_mut(), *asked.version_mut()) = (parts.method.clone(), parts.version);
        asked.headers_mut().clone_from(&parts.headers);
        if is_other_version(&parts.headers) {
            return Err(Problem::other_version());
        }
        if parts.headers.get(SEC_WEBSOCKET_KEY).is_some_and(|key| !is_key(key.as_bytes())) {
            return Err(Problem::malformed(
                "Sec-WebSocket-Key has to be 16 bytes in base64 (RFC 6455, 4.2.1)",
            ));
        }
        let answer = create_response(&asked);
        let answer = answer.map_err(|error| Problem::malformed(format!("open a WebSocket here: {error}")))?;
        let on = parts.extensions.get::<OnUpgrade>().cloned();
        let on = on.ok_or_else(|| Problem::malformed("this connection cannot become a WebSocket"))?;
        let open = parts.extensions.get::<Open>().cloned();
        Ok(Self { on, answer: answer.map(|()| Body::empty()), most: 0, open })
    }
}

impl Upgrade {
    /// The largest message that is accepted, in bytes.
    #[must_use]
    pub fn accepting(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Answers the request, and does this with the connection.
    pub fn then<Work, Done>(self, work: Work) -> Response
    where
        Work: FnOnce(Socket) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send,
    {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(self.most))
            .max_frame_size(Some(self.most));
        let (on, open) = (self.on, self.open);
        tokio::spawn(async move {
            // A client that goes away during the handshake has nobody to tell.
            let Ok(stream) = on.await else { return };
            let stream =
                WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, Some(config)).await;
            work(Socket { stream, waiting: VecDeque::new(), bytes: 0, told: false, _open: open }).await;
        });
        self.answer.into_response()
    }
}

/// What comes in.
#[derive(Debug)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A sign of life.
    Control,
}

/// A frame on its way.
#[derive(Debug)]
struct Frame {
    head: [u8; 10],
    head_length: u8,
    body: Bytes,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    waiting: VecDeque<Frame>,
    bytes: usize,
    /// It was told how it broke the protocol.
    told: bool,
    _open: Option<Open>,
}

impl Socket {
    /// The next message; `None` once the other side has closed or is gone. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Incoming> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Some(Incoming::Text(text)),
            Some(Ok(Message::Binary(bytes))) => Some(Incoming::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Some(Incoming::Control),
            Some(Ok(Message::Close(_))) => {
                // A close is answered; who does not take the answer is gone all the same.
                let _ = self.stream.flush().await;
                None
            }
            Some(Err(error)) => {
                if let Some(why) = broken(&error) {
                    let _ = timeout(LINGER, self.end(why)).await;
                }
                None
            }
            None => None,
        }
    }

    /// Closes on a client that breaks the protocol: it is told why (RFC 6455, 7.1.7), and nothing more is read of it.
    async fn end(&mut self, (code, reason): (u16, &'static str)) -> Result<()> {
        // Whoever waits for something else as well comes here again.
        if !std::mem::replace(&mut self.told, true) {
            let body = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
            self.put(CLOSE, body.into()).await?;
            self.flush().await?;
        }
        let stream = self.stream.get_mut();
        stream.shutdown().await?;
        // What lies unread in the connection would take the close back.
        // Not in the future itself: each idle connection would have room for it.
        let mut rest = vec![0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    }

    /// Puts a text, which is UTF-8, into the next flush.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn feed(&mut self, text: Bytes) -> Result<()> {
        self.put(TEXT, text).await
    }

    /// Puts a binary message into the next flush.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn feed_binary(&mut self, bytes: Bytes) -> Result<()> {
        self.put(BINARY, bytes).await
    }

    async fn put(&mut self, kind: u8, body: Bytes) -> Result<()> {
        let (head, head_length) = head(kind, body.len());
        self.bytes += body.len();
        self.waiting.push_back(Frame { head, head_length, body });
        if self.bytes > MOST_WAITING {
            return self.flush().await;
        }
        Ok(())
    }

    /// Writes a text and all that waits.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn say(&mut self, text: impl Into<Bytes>) -> Result<()> {
        self.feed(text.into()).await?;
        self.flush().await
    }

    /// Writes all that waits. Must not be dropped before it is done, unless the socket is dropped as well.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        // A pong that is half written goes first.
        self.stream.flush().await.map_err(Error::other)?;
        write(self.stream.get_mut(), &mut self.waiting).await?;
        self.bytes = 0;
        self.waiting.shrink_to(KEPT);
        Ok(())
    }

    /// Says goodbye, after all that waits, and gives the other side a moment to hear it.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn close(&mut self, why: Option<(u16, &'static str)>) -> Result<()> {
        self.flush().await?;
        let why = why
            .map(|(code, reason)| CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) });
        self.stream.send(Message::Close(why)).await.map_err(Error::other)?;
        // Nothing more will come from here, which also ends those who wait for that alone.
        let _ = self.stream.get_mut().shutdown().await;
        let answered = async { while self.stream.next().await.is_some_and(|heard| heard.is_ok()) {} };
        let _ = timeout(LINGER, answered).await;
        Ok(())
    }
}

/// How a client broke the protocol: a code of RFC 6455, 7.4.1, and a reason. `None` when it is gone.
fn broken(error: &Broken) -> Option<(u16, &'static str)> {
    match error {
        Broken::Utf8(_) => Some((1007, "a text must be UTF-8")),
        Broken::Capacity(_) => Some((1009, "the message is too large")),
        Broken::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Broken::Protocol(_) => Some((1002, "this is no frame of RFC 6455")),
        _ => None,
    }
}

/// What stands before a body: RFC 6455, section 5.2; servers do not mask.
fn head(kind: u8, length: usize) -> ([u8; 10], u8) {
    let mut head = [0; 10];
    head[0] = kind;
    if let (Ok(short), true) = (u8::try_from(length), length < 126) {
        head[1] = short;
        (head, 2)
    } else if let Ok(medium) = u16::try_from(length) {
        head[1] = 126;
        head[2..4].copy_from_slice(&medium.to_be_bytes());
        (head, 4)
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&(length as u64).to_be_bytes());
        (head, 10)
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, waiting: &mut VecDeque<Frame>) -> Result<()> {
    // Of the first frame, so much has left.
    let mut left = 0;
    while !waiting.is_empty() {
        let mut parts = [IoSlice::new(&[]); 2 * AT_ONCE];
        let mut count = 0;
        for frame in waiting.iter().take(AT_ONCE) {
            parts[count] = IoSlice::new(&frame.head[..usize::from(frame.head_length)]);
            parts[count + 1] = IoSlice::new(&frame.body);
            count += 2;
        }
        let mut rest = &mut parts[..count];
        IoSlice::advance_slices(&mut rest, left);
        let written = stream.write_vectored(rest).await?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        left += written;
        while let Some(length) = waiting.front().map(Frame::len)
            && left >= length
        {
            left -= length;
            waiting.pop_front();
        }
    }
    stream.flush().await
}

impl Frame {
    fn len(&self) -> usize {
        usize::from(self.head_length) + self.body.len()
    }
}

#[cfg(test)]
#[path = "websocket_tests.rs"]
mod tests;
