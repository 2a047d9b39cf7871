//! Readers of the WebSocket and of the event stream.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Person, described};

pub const TIMEOUT: Duration = Duration::from_secs(20);

pub struct Ws {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Where the client stands.
    pub cursor: String,
    pub reset: bool,
}

impl Ws {
    pub async fn open(person: &Person, cursor: Option<&str>) -> Self {
        let token = person.token.as_deref().unwrap_or_default();
        let base = person.url.replace("http://", "ws://");
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let (socket, _) =
            connect_async(format!("{base}/api/v1/ws?access_token={token}{cursor}")).await.unwrap();
        let mut ws = Self { socket, cursor: String::new(), reset: false };
        let ready = ws.frame().await.unwrap();
        assert_eq!(ready["type"], "ready");
        ws.cursor = ready["cursor"].as_str().unwrap().to_owned();
        ws.reset = ready["reset"].as_bool().unwrap();
        ws
    }

    /// The next frame, or how it ended.
    pub async fn frame(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            let next = timeout(TIMEOUT, self.socket.next()).await.expect("a frame in time");
            match next {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "event" {
                        described::event(&frame["event"]);
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next event; moves the cursor on. What is only told (presence, typing) is passed over.
    pub async fn event(&mut self) -> Value {
        self.event_or_end().await.expect("an event")
    }

    /// The next event, or how it ended.
    pub async fn event_or_end(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            let frame = self.frame().await?;
            if frame["type"] == "event" && !frame["event"]["seq"].is_null() {
                let event = frame["event"].clone();
                let tail = self.cursor.split_once('.').unwrap().1;
                self.cursor = format!("{}.{tail}", event["seq"]);
                return Ok(event);
            }
        }
    }

    /// The next event of this type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let event = self.event().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The next passing event of this type.
    pub async fn told(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await.expect("something told");
            if frame["type"] == "event" && frame["event"]["type"] == kind {
                return frame["event"].clone();
            }
        }
    }

    /// Waits until history is told and the connection hears what happens: only then are pings answered.
    pub async fn is_live(&mut self) {
        self.send(r#"{"type":"ping"}"#).await;
        while self.frame().await.expect("a frame")["type"] != "pong" {}
    }

    /// Whether nothing arrives for a while, but for who comes and goes.
    pub async fn is_silent(&mut self) -> bool {
        let end = tokio::time::Instant::now() + Duration::from_millis(300);
        loop {
            match tokio::time::timeout_at(end, self.socket.next()).await {
                Err(_) => return true,
                Ok(Some(Ok(Message::Text(text)))) if text.contains(r#""type":"presence""#) => {}
                Ok(_) => return false,
            }
        }
    }

    /// The code with which the server closes, events before it passed over.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.frame().await {
                Ok(_) => {}
                Err(frame) => return frame.map_or(0, |frame| frame.code.into()),
            }
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }
}

pub struct Sse {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    buffer: String,
}

/// One message of the stream.
#[derive(Debug, Default, PartialEq)]
pub struct Lines {
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Sse {
    pub async fn open(person: &Person, cursor: Option<&str>) -> Self {
        let request = person.request(reqwest::Method::GET, "/events/stream");
        let request = match cursor {
            Some(cursor) => request.header("last-event-id", cursor),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: Box::pin(response.bytes_stream()), buffer: String::new() }
    }

    /// The next message, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Lines> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                if block.starts_with("event: presence\n") {
                    continue;
                }
                return Some(parse(&block));
            }
            let chunk = timeout(TIMEOUT, self.body.next()).await.expect("lines in time")?;
            self.buffer.push_str(std::str::from_utf8(&chunk.ok()?).unwrap());
        }
    }
}

fn parse(block: &str) -> Lines {
    let mut lines = Lines::default();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => lines.id = id.to_owned(),
            Some(("event", event)) => lines.event = event.to_owned(),
            Some(("data", data)) => lines.data = serde_json::from_str(data).unwrap(),
            _ => {}
        }
    }
    lines
}
