//! Somebody who listens in every way there is, and what can be made beforehand from a credential.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::hub::{self, Stream};
use super::pusher::{APP, Pusher, authorize};
use super::streams::TIMEOUT;
use super::{Person, Reply, Sio, Site};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a WebSocket with what the person shows; the status when it is refused.
pub async fn socket(person: &Person, path: &str) -> Result<Socket, u16> {
    let url = format!("{}{path}", person.url.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    if let Some(token) = &person.token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    if let Some(cookie) = &person.cookie {
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// Waits for the first frame: history is told after it, and then the connection is live.
pub async fn greeted(mut socket: Socket) -> Socket {
    timeout(TIMEOUT, socket.next()).await.expect("a frame in time").unwrap().unwrap();
    socket
}

async fn ends(name: &str, mut socket: Socket) {
    let end = async {
        while let Some(Ok(frame)) = socket.next().await
            && !matches!(frame, Message::Close(_))
        {}
    };
    timeout(TIMEOUT, end).await.unwrap_or_else(|_| panic!("{name} goes on"));
}

/// One person's streams over all protocols.
pub struct Ears {
    native: Socket,
    chat: Socket,
    socketio: Option<Sio>,
    pusher: Pusher,
    sse: Stream,
    mercure: Stream,
    poll: JoinHandle<Reply>,
}

impl Ears {
    /// At a server with the hub and the application of these tests.
    pub async fn open(site: &Site, person: &Person) -> Self {
        let cursor = person.cursor().await;
        let poller = person.clone();
        let poll = tokio::spawn(async move { poller.get(&format!("/events?after={cursor}&wait=50")).await });
        let token = person.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
        let topic = format!("?topic=/crm/internal-messenger/users/{}/inbox", person.id);
        let mut pusher = Pusher::open(site).await;
        pusher.join_as(person, &format!("private-user-{}", person.id)).await;
        let socketio = match person.token {
            Some(_) => Some(Sio::of(person).await),
            None => None,
        };
        Self {
            native: greeted(socket(person, "/api/v1/ws").await.unwrap()).await,
            chat: greeted(socket(person, "/ws/chat").await.unwrap()).await,
            socketio,
            pusher,
            sse: hub::open(person.request(reqwest::Method::GET, "/events/stream")).await,
            mercure: site.subscribe(&topic, Some(&token)).await,
            poll,
        }
    }

    /// Every one of them ends, at once.
    pub async fn all_end(self) {
        let Self { native, chat, socketio, mut pusher, mut sse, mut mercure, poll } = self;
        ends("the native WebSocket", native).await;
        ends("the chat's WebSocket", chat).await;
        timeout(TIMEOUT, pusher.close_code()).await.expect("Pusher ends");
        timeout(TIMEOUT, sse.ends()).await.expect("SSE ends");
        timeout(TIMEOUT, mercure.ends()).await.expect("Mercure ends");
        if let Some(mut socketio) = socketio {
            let end = async { while socketio.packet().await.is_some_and(|packet| packet != "41") {} };
            timeout(TIMEOUT, end).await.expect("Socket.IO ends");
        }
        // Who polls may be answered one last time by what happened before the end.
        let reply = timeout(Duration::from_secs(30), poll).await.expect("long poll ends").unwrap();
        assert!([200, 401].contains(&reply.status), "{}", reply.text);
    }

    /// They hear what happens.
    pub async fn hear(&mut self, title: &str) {
        loop {
            let frame = timeout(TIMEOUT, self.native.next()).await.expect("a frame in time");
            if frame.expect("a frame").unwrap().to_string().contains(title) {
                break;
            }
        }
        while !self.mercure.data().await.contains(title) {}
    }
}

/// What somebody fetched while the credential was good.
pub struct Derived {
    person: Person,
    mercure: String,
    nonce: String,
    pusher: Pusher,
    channel: String,
    signed: Value,
    user: Value,
}

impl Derived {
    pub async fn fetch(site: &Site, person: &Person) -> Self {
        let mercure = person.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
        let request =
            person.client.post(format!("{}/chat/ws-nonce", person.url)).header("x-parlor-csrf", "1");
        let request = match (&person.token, &person.cookie) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(cookie)) => request.header("cookie", cookie),
            (None, None) => request,
        };
        let made = person.send(request.json(&json!({}))).await.ok(200);
        let pusher = Pusher::open(site).await;
        let channel = format!("private-user-{}", person.id);
        let signed = authorize(person, "/pusher/auth", &pusher.id, &channel).await.ok(200);
        let user = authorize(person, "/pusher/user-auth", &pusher.id, "").await.ok(200);
        let nonce = made["nonce"].as_str().unwrap().to_owned();
        Self { person: person.clone(), mercure, nonce, pusher, channel, signed, user }
    }

    /// Nothing of it serves any more, and the credential does not either.
    pub async fn opens_nothing(mut self, site: &Site) {
        self.person.get("/me").await.problem(401, "unauthorized");
        let topic = format!("?topic=/crm/internal-messenger/users/{}/inbox", self.person.id);
        assert_eq!(hub::status(site.hub(&topic).bearer_auth(&self.mercure)).await, 401, "the hub's token");
        let stranger = Person { url: self.person.url.clone(), ..site.stranger() };
        assert_eq!(socket(&stranger, &format!("/ws/chat?nonce={}", self.nonce)).await.err(), Some(401));
        let auth = self.signed["auth"].as_str().map(str::to_owned);
        let answer = self.pusher.ask(&self.channel, auth, self.signed["channel_data"].as_str()).await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{answer}");
        let data = json!({"auth": self.user["auth"], "user_data": self.user["user_data"]});
        self.pusher.send(json!({"event": "pusher:signin", "data": data})).await;
        assert_eq!(self.pusher.close_code().await, 4009);
    }
}

/// A server with a hub and an application.
pub async fn site() -> Site {
    site_with(|_| {}).await
}

pub async fn site_with(change: impl FnOnce(&mut parlor::config::ServeArgs)) -> Site {
    super::pusher::site_with(|config| {
        listening(config);
        change(config);
    })
    .await
}

/// The options of such a server.
pub fn listening(config: &mut parlor::config::ServeArgs) {
    config.mercure.jwt_secret = Some(hub::HUB_SECRET.to_owned());
    config.pusher.app_id = Some(super::pusher::APP_ID.to_owned());
    config.pusher.app_key = Some(APP.key.to_owned());
    config.pusher.app_secret = Some(APP.secret.to_owned());
}
