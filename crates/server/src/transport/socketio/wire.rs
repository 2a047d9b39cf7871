//! Owns: what stands between an engine session and what is behind it: messages, steps, and the hand that reaches a session.
//! Must not know: HTTP or sockets.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parlor_realtime::protocol::engineio::{Frame, Malformed, Refusal};
use tokio::sync::{mpsc, oneshot};

use crate::transport::websocket::Socket;

/// What is behind a session: it takes messages and says what is to be sent.
pub trait Wire: Send {
    /// Takes a message of the client.
    ///
    /// # Errors
    /// When no well-behaved client sends this: the session is closed.
    fn receive(&mut self, message: Message<'_>) -> Result<(), Malformed>;

    /// Whether no more messages are to be given until [`Wire::next`] has answered.
    fn is_busy(&self) -> bool;

    /// Waits for what is to be done next. May be dropped while waiting; nothing may be lost by it.
    fn next(&mut self) -> BoxFuture<'_, Step>;

    /// The session is over.
    fn end(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A message of a client.
#[derive(Debug)]
pub enum Message<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes.
    Binary(Bytes),
}

/// What a session is to do.
#[derive(Debug)]
pub enum Step {
    /// Send these.
    Send(Vec<Frame>),
    /// Close the transport after what was sent before; clients come back.
    Close,
}

/// Times and sizes of an engine.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Between two pings; the first one comes after it.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// How long a client may take to change its transport.
    pub upgrade_timeout: Duration,
    /// Bytes of the largest message or body.
    pub max_payload: usize,
}

/// What the pages of an origin may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// They cannot read our answers.
    Nothing,
    /// They may, without cookies.
    Open,
    /// They may, with cookies.
    Trusted,
}

/// How requests reach a session.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// A body is on its way.
    pub(crate) posting: AtomicBool,
    /// The session has left polling behind.
    pub(crate) on_websocket: AtomicBool,
}

pub(crate) type PollReply = oneshot::Sender<Result<Bytes, Refusal>>;

/// What a request wants of a session.
#[derive(Debug)]
pub(crate) enum Order {
    /// Packets, as soon as there are some.
    Poll(PollReply),
    /// Take these packets.
    Post(String, oneshot::Sender<Result<(), Refusal>>),
    /// This may become the transport.
    Upgrade(Box<Socket>),
    /// The client gave up, or broke the rules.
    Abort,
}

/// How packets travel.
pub(crate) enum Transport {
    /// By requests; the open one is held.
    Polling(Option<PollReply>),
    /// By WebSocket.
    WebSocket(Box<Socket>),
}
