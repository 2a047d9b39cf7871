//! Parlor's transports with nobody behind them: what is sent comes back. For public conformance suites.
//!
//! - `/ws/echo`: the WebSocket of all transports; messages up to 64 MiB come back as they are (the Autobahn suite).
//! - `/socket.io/`: Socket.IO. In the namespaces `/` and `/custom` the event `auth` tells at the beginning what the
//!   client proved itself with, `message` is answered by `message-back` with the same arguments, `message-with-ack` is
//!   acknowledged with them. Other namespaces are refused.
//! - `/engine.io/`: Engine.IO alone; messages come back.
//!
//! Variables of the environment, with their defaults (those of the public suites): `ADDRESS` (127.0.0.1:3000; port 0
//! takes a free one), `PORT` (replaces the port of `ADDRESS`), `PING_INTERVAL` (300), `PING_TIMEOUT` (200),
//! `CONNECT_TIMEOUT` (1000) and `UPGRADE_TIMEOUT` (10000) in milliseconds, `MAX_PAYLOAD` (1000000) in bytes. The first
//! line that is printed is `listening on http://…`.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use futures_util::future::{BoxFuture, ready};
use parlor::transport::socketio::engine::{Engine, new_sid};
use parlor::transport::socketio::namespaces::{Client, Namespaces, Outgoing, Socket};
use parlor::transport::socketio::wire::{Message, Options, Sharing, Step, Wire};
use parlor::transport::websocket::{self, Incoming, Upgrade};
use parlor_realtime::protocol::engineio::{Frame, Malformed};
use parlor_realtime::protocol::socketio::{Event, ack_frames, event_frames};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

const LARGEST_MESSAGE: usize = 64 << 20;
const ATTACHMENTS: usize = 10;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut address: SocketAddr = variable("ADDRESS", SocketAddr::from(([127, 0, 0, 1], 3000)));
    address.set_port(variable("PORT", address.port()));
    let milliseconds = |name, default| Duration::from_millis(variable(name, default));
    let options = Options {
        ping_interval: milliseconds("PING_INTERVAL", 300),
        ping_timeout: milliseconds("PING_TIMEOUT", 200),
        upgrade_timeout: milliseconds("UPGRADE_TIMEOUT", 10_000),
        max_payload: variable("MAX_PAYLOAD", 1_000_000),
    };
    let connect_timeout = milliseconds("CONNECT_TIMEOUT", 1000);
    let (_running, stopping) = watch::channel(false);
    let everybody = |_: &str| Sharing::Trusted;
    let namespaces = move |_: &_| -> Result<Box<dyn Wire>, _> {
        Ok(Box::new(Namespaces::new(Box::new(Anybody), connect_timeout, ATTACHMENTS, stopping.clone())))
    };
    let socketio = Engine::new(options, namespaces, everybody);
    let engineio = Engine::new(options, |_| Ok(Box::<EchoWire>::default()), everybody);
    let router = Router::new()
        .route("/ws/echo", get(echo))
        .route("/socket.io/", any(move |request: Request| socketio.clone().serve(request)))
        .route("/engine.io/", any(move |request: Request| engineio.clone().serve(request)))
        .layer(DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    // As the product does: small frames leave at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

fn variable<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn echo(upgrade: Upgrade) -> Response {
    upgrade.accepting(LARGEST_MESSAGE).then(echo_messages)
}

async fn echo_messages(mut socket: websocket::Socket) {
    while let Some(message) = socket.next().await {
        let fed = match message {
            Incoming::Text(text) => socket.feed(text.into()).await,
            Incoming::Binary(bytes) => socket.feed_binary(bytes).await,
            // These are answered below us.
            Incoming::Control => continue,
        };
        if fed.is_err() || socket.flush().await.is_err() {
            return;
        }
    }
}

/// Engine.IO without anything in it.
#[derive(Default)]
struct EchoWire(VecDeque<Frame>);

impl Wire for EchoWire {
    fn receive(&mut self, message: Message<'_>) -> Result<(), Malformed> {
        self.0.push_back(match message {
            Message::Text(text) => Frame::text(format!("4{text}")),
            Message::Binary(bytes) => Frame::Binary(bytes),
        });
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.0.len() > 64
    }

    fn next(&mut self) -> BoxFuture<'_, Step> {
        Box::pin(async {
            match self.0.is_empty() {
                true => std::future::pending().await,
                false => Step::Send(self.0.drain(..).collect()),
            }
        })
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }
}

struct Anybody;

impl Client for Anybody {
    fn join(&mut self, namespace: &str, auth: Map<String, Value>) -> Option<Box<dyn Socket>> {
        if !["/", "/custom"].contains(&namespace) {
            return None;
        }
        let namespace: Arc<str> = namespace.into();
        let auth = json!(["auth", auth]).to_string();
        let told = VecDeque::from([
            Outgoing::Accepted(json!({ "sid": new_sid() }).to_string()),
            Outgoing::Send(event_frames(&namespace, &auth, Vec::new())),
        ]);
        Some(Box::new(EchoSocket { namespace, told }))
    }
}

struct EchoSocket {
    namespace: Arc<str>,
    told: VecDeque<Outgoing>,
}

impl Socket for EchoSocket {
    fn receive(&mut self, event: Event) {
        let frames = match (event.name.as_str(), event.ack) {
            ("message", _) => {
                let array = match event.args.strip_prefix('[') {
                    None | Some("]") => r#"["message-back"]"#.to_owned(),
                    Some(args) => format!(r#"["message-back",{args}"#),
                };
                event_frames(&self.namespace, &array, event.attachments)
            }
            ("message-with-ack", Some(id)) => ack_frames(&self.namespace, id, &event.args, event.attachments),
            _ => return,
        };
        self.told.push_back(Outgoing::Send(frames));
    }

    fn is_busy(&self) -> bool {
        self.told.len() > 64
    }

    fn next(&mut self) -> BoxFuture<'_, Outgoing> {
        Box::pin(async {
            match self.told.pop_front() {
                Some(told) => told,
                None => std::future::pending().await,
            }
        })
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }
}
