//! A Socket.IO client that shows every packet: over WebSocket, and over polling.

use super::http;
use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Person;

const TIMEOUT: Duration = Duration::from_secs(20);
const MAIN: &str = "/socket.io/";

/// Over WebSocket. Pings are answered.
pub struct Sio {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub sid: String,
    pub pid: String,
    /// The offset of the newest event.
    pub offset: Option<String>,
    acks: u64,
    early: VecDeque<Value>,
}

impl Sio {
    /// A session in which nobody has joined.
    pub async fn open(url: &str, path: &str, headers: &[(&'static str, &str)]) -> Self {
        let join = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{join}EIO=4&transport=websocket", url.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await.unwrap();
        let (sid, pid) = (String::new(), String::new());
        let mut sio = Self { socket, sid, pid, offset: None, acks: 0, early: VecDeque::new() };
        assert!(sio.packet().await.unwrap().starts_with("0{"));
        sio
    }

    /// Joins; the refusal when it is refused.
    pub async fn join(&mut self, auth: Value) -> Result<(), Value> {
        self.send(&format!("40{auth}")).await;
        let answer = self.packet().await.expect("an answer");
        if let Some(refusal) = answer.strip_prefix("44") {
            return Err(serde_json::from_str(refusal).unwrap());
        }
        let data: Value = serde_json::from_str(answer.strip_prefix("40").expect(&answer)).unwrap();
        self.sid = data["sid"].as_str().unwrap().to_owned();
        self.pid = data["pid"].as_str().unwrap_or_default().to_owned();
        Ok(())
    }

    /// Somebody who has joined with a token.
    pub async fn of(person: &Person) -> Self {
        let mut sio = Self::open(&person.url, MAIN, &[]).await;
        sio.join(json!({"token": person.token})).await.unwrap();
        sio
    }

    /// The same client with a new connection; says what it has seen.
    pub async fn again(person: &Person, pid: &str, offset: Option<&str>) -> Self {
        let mut sio = Self::open(&person.url, MAIN, &[]).await;
        sio.join(json!({"token": person.token, "pid": pid, "offset": offset})).await.unwrap();
        sio.offset = offset.map(str::to_owned);
        sio
    }

    pub async fn send(&mut self, packet: &str) {
        self.socket.send(Message::text(packet)).await.unwrap();
    }

    /// The next packet; `None` at the end.
    pub async fn packet(&mut self) -> Option<String> {
        loop {
            match timeout(TIMEOUT, self.socket.next()).await.expect("a packet in time") {
                Some(Ok(Message::Text(text))) if text == "2" => self.send("3").await,
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next event as `[name, …arguments]`; takes its offset over.
    pub async fn event(&mut self) -> Option<Value> {
        if let Some(event) = self.early.pop_front() {
            return Some(event);
        }
        let packet = self.packet().await?;
        let event: Value = serde_json::from_str(packet.strip_prefix("42")?).unwrap();
        self.note(&event);
        Some(event)
    }

    fn note(&mut self, event: &Value) {
        let last = event.as_array().unwrap().last().and_then(Value::as_str);
        self.offset = last.map(str::to_owned).or(self.offset.take());
    }

    /// The first argument of the next event with this name; others are passed over.
    pub async fn next_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.event().await.expect("an event");
            if event[0] == name {
                return event[1].clone();
            }
        }
    }

    /// The text of the next message.
    pub async fn message(&mut self) -> String {
        self.next_of("message.posted").await["data"]["message"]["body"].as_str().unwrap().to_owned()
    }

    /// Says something and waits for the answer; events that come before it are kept.
    pub async fn ask(&mut self, name: &str, data: Value) -> Value {
        self.acks += 1;
        self.send(&format!("42{}{}", self.acks, json!([name, data]))).await;
        let answer = format!("43{}", self.acks);
        loop {
            let packet = self.packet().await.expect("an answer");
            if let Some(args) = packet.strip_prefix(&answer) {
                let args: Value = serde_json::from_str(args).unwrap();
                return args[0].clone();
            }
            let event: Value = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
            self.note(&event);
            self.early.push_back(event);
        }
    }

    /// Whether nothing arrives for a while but who is there.
    pub async fn is_silent(&mut self) -> bool {
        let end = tokio::time::Instant::now() + Duration::from_millis(300);
        while let Ok(packet) = tokio::time::timeout_at(end, self.packet()).await {
            if !packet.is_some_and(|packet| packet.starts_with("42[\"presence\"")) {
                return false;
            }
        }
        true
    }

    /// Whether the server puts the client out (`41`) before it ends the connection; events are passed over.
    pub async fn is_put_out(&mut self) -> bool {
        let mut out = false;
        while let Some(packet) = self.packet().await {
            out |= packet == "41";
        }
        out
    }
}

/// Over polling.
pub struct Polling {
    client: reqwest::Client,
    url: String,
    waiting: VecDeque<String>,
}

impl Polling {
    pub async fn open(url: &str) -> Self {
        let client = http::client();
        let url = format!("{url}{MAIN}?EIO=4&transport=polling");
        let opened = client.get(&url).send().await.unwrap().text().await.unwrap();
        let open: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
        let url = format!("{url}&sid={}", open["sid"].as_str().unwrap());
        Self { client, url, waiting: VecDeque::new() }
    }

    /// Sends packets; answers the status.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> u16 {
        self.client.post(&self.url).body(body).send().await.unwrap().status().as_u16()
    }

    /// The next packet; `None` when the session is no more. Pings are answered.
    pub async fn packet(&mut self) -> Option<String> {
        loop {
            while let Some(packet) = self.waiting.pop_front() {
                match packet.as_str() {
                    "2" => assert_eq!(self.post("3").await, 200),
                    "6" => {}
                    _ => return Some(packet),
                }
            }
            let polled =
                timeout(TIMEOUT, self.client.get(&self.url).send()).await.expect("an answer in time");
            let polled = polled.ok().filter(|polled| polled.status() == 200)?;
            let text = polled.text().await.unwrap();
            self.waiting.extend(text.split('\u{1e}').map(str::to_owned));
        }
    }
}
