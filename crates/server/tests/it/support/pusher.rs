//! A client of the Pusher protocol, and an application that calls the HTTP API.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlor_realtime::protocol::pusher::signature::{Signer, body_md5, request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Person, Reply, Site};

const TIMEOUT: Duration = Duration::from_secs(20);

/// The application of these tests.
pub const APP: Signer<'static> = Signer { key: "278d425bdf160c739803", secret: "7ad3773142a6692b25b8" };
pub const APP_ID: &str = "3";

/// A server with this application.
pub async fn site() -> Site {
    site_with(|_| {}).await
}

pub async fn site_with(change: impl FnOnce(&mut parlor::config::ServeArgs)) -> Site {
    Site::with(|config| {
        config.pusher.app_id = Some(APP_ID.to_owned());
        config.pusher.app_key = Some(APP.key.to_owned());
        config.pusher.app_secret = Some(APP.secret.to_owned());
        // Webhooks of these tests go to this machine.
        config.private_fetches = true;
        change(config);
    })
    .await
}

/// Gives the application other options.
pub async fn options(site: &Site, options: Value) {
    let admin = site.user_with("Administrator", &["admin"]).await;
    admin.put("/app", json!({ "options": options })).await.ok(200);
}

pub struct Pusher {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub id: String,
}

impl Pusher {
    pub async fn raw(site: &Site, path: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        connect_async(format!("{}{path}", site.url.replace("http://", "ws://"))).await.unwrap().0
    }

    pub async fn open(site: &Site) -> Self {
        let path = format!("/app/{}?protocol=7&client=js&version=8.6.0&flash=false", APP.key);
        let mut client = Self { socket: Self::raw(site, &path).await, id: String::new() };
        let first = client.frame().await.unwrap();
        assert_eq!(first["event"], "pusher:connection_established");
        let data: Value = serde_json::from_str(first["data"].as_str().unwrap()).unwrap();
        assert_eq!(data["activity_timeout"], site.app.config.pusher.activity_timeout);
        client.id = data["socket_id"].as_str().unwrap().to_owned();
        client
    }

    /// The next frame, or the code it ended with.
    pub async fn frame(&mut self) -> Result<Value, u16> {
        loop {
            match timeout(TIMEOUT, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// The next frame with this event; others are passed over.
    pub async fn next_of(&mut self, event: &str) -> Value {
        loop {
            let frame = self.frame().await.expect("a frame");
            if frame["event"] == event {
                return frame;
            }
        }
    }

    /// The code with which it ends; frames before are passed over.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Err(code) = self.frame().await {
                return code;
            }
        }
    }

    /// The events that came before the answer to a ping: everything that was on its way.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.send(json!({"event": "pusher:ping", "data": {}})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await.expect("a frame");
            if frame["event"] == "pusher:pong" {
                return frames;
            }
            frames.push(frame);
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub async fn ask(&mut self, channel: &str, auth: Option<String>, data: Option<&str>) -> Value {
        let data = json!({"channel": channel, "auth": auth, "channel_data": data});
        self.send(json!({"event": "pusher:subscribe", "data": data})).await;
        loop {
            let frame = self.frame().await.expect("an answer");
            let answers = ["pusher_internal:subscription_succeeded", "pusher:subscription_error"];
            if frame["channel"] == channel && answers.contains(&frame["event"].as_str().unwrap()) {
                return frame;
            }
        }
    }

    /// Joins a channel as the application lets it; answers what it is told of the channel.
    pub async fn join(&mut self, channel: &str, data: Option<&str>) -> Value {
        let signed = channel.starts_with("private-") || channel.starts_with("presence-");
        let auth = signed.then(|| APP.channel(&self.id, channel, data));
        let answer = self.ask(channel, auth, data).await;
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{answer}");
        serde_json::from_str(answer["data"].as_str().unwrap()).unwrap()
    }

    /// Tries to join one as the application lets it; answers the refusal.
    pub async fn refused(&mut self, channel: &str, data: Option<&str>) -> Value {
        let auth = APP.channel(&self.id, channel, data);
        let answer = self.ask(channel, Some(auth), data).await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{answer}");
        answer["data"].clone()
    }

    /// Joins one of Parlor's channels as Parlor's own answer lets a person.
    pub async fn join_as(&mut self, person: &Person, channel: &str) -> Value {
        let answer = authorize(person, "/pusher/auth", &self.id, channel).await.ok(200);
        let answer = self
            .ask(channel, answer["auth"].as_str().map(str::to_owned), answer["channel_data"].as_str())
            .await;
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{answer}");
        serde_json::from_str(answer["data"].as_str().unwrap()).unwrap()
    }

    pub async fn sign_in(&mut self, user: Value) -> Value {
        let data = user.to_string();
        let auth = APP.user(&self.id, &data);
        self.send(json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": data}})).await;
        self.next_of("pusher:signin_success").await
    }

    pub async fn tell(&mut self, channel: &str, event: &str, data: Value) {
        self.send(json!({"event": event, "channel": channel, "data": data})).await;
    }
}

/// Asks one of Parlor's own answers for a signature, as pusher-js does.
pub async fn authorize(person: &Person, path: &str, socket_id: &str, channel: &str) -> Reply {
    let request = person.client.post(format!("{}{path}", person.url));
    let request = match (&person.token, &person.cookie) {
        (Some(token), _) => request.bearer_auth(token),
        (None, Some(cookie)) => request.header("cookie", cookie).header("x-parlor-csrf", "1"),
        (None, None) => request,
    };
    let form = format!("socket_id={socket_id}&channel_name={channel}");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    person.send(request).await
}

/// A server that notes what is posted to it and answers with these statuses, the last one for ever.
pub async fn receiver(statuses: &'static [u16]) -> (String, UnboundedReceiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        for turn in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut buffer).await.unwrap();
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .unwrap()
                    .lines()
                    .next()
                    .unwrap()
                    .to_owned();
                if body.len() >= length.parse().unwrap() {
                    break body.to_owned();
                }
            };
            let head = text.split("\r\n\r\n").next().unwrap().to_lowercase();
            assert!(head.contains(&format!("x-pusher-key: {}", APP.key)));
            assert!(head.contains(&format!("x-pusher-signature: {}", APP.sign(body.as_bytes()))));
            let status = statuses.get(turn).or(statuses.last()).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = sender.send((head, serde_json::from_str(&body).unwrap()));
        }
    });
    (url, receiver)
}

/// An application's server.
pub struct Server {
    person: Person,
    id: &'static str,
    now: i64,
}

impl Server {
    pub fn new(site: &Site) -> Self {
        Self::of(site, APP_ID)
    }

    /// Of the application with this id.
    pub fn of(site: &Site, id: &'static str) -> Self {
        Self { person: site.stranger(), id, now: super::now() as i64 }
    }

    /// The query with its signature; `change` may spoil it first.
    pub fn query(
        &self,
        method: &str,
        path: &str,
        body: &str,
        more: &[(&str, &str)],
    ) -> Vec<(String, String)> {
        let mut query: Vec<(String, String)> = vec![
            ("auth_key".into(), APP.key.into()),
            ("auth_timestamp".into(), self.now.to_string()),
            ("auth_version".into(), "1.0".into()),
        ];
        if !body.is_empty() {
            query.push(("body_md5".into(), body_md5(body.as_bytes())));
        }
        query.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let signature = APP.sign(request(method, path, &query).as_bytes());
        query.push(("auth_signature".into(), signature));
        query
    }

    pub async fn send(&self, method: &str, path: &str, body: &str, query: &[(String, String)]) -> Reply {
        let method = method.parse().unwrap();
        let request = self.person.client.request(method, format!("{}{path}", self.person.url)).query(query);
        self.person.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        let (path, body) = (format!("/apps/{}{path}", self.id), body.to_string());
        self.send("POST", &path, &body, &self.query("POST", &path, &body, &[])).await
    }

    pub async fn get(&self, path: &str, more: &[(&str, &str)]) -> Reply {
        let path = format!("/apps/{}{path}", self.id);
        self.send("GET", &path, "", &self.query("GET", &path, "", more)).await
    }

    /// The same server when its clock is away by so much.
    pub fn off_by(mut self, seconds: i64) -> Self {
        self.now += seconds;
        self
    }

    pub async fn publish(&self, channel: &str, name: &str, data: &str) {
        self.post("/events", json!({"name": name, "channel": channel, "data": data})).await.ok(200);
    }
}
