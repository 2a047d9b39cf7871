//! Publishers and subscribers of the Mercure hub.

use super::http;
use std::time::Duration;

use futures_util::StreamExt;
use jsonwebtoken::EncodingKey;
use parlor::config::MercureArgs;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Site;
use super::streams::TIMEOUT;

/// The published example's.
pub const HUB_SECRET: &str = "!ChangeThisMercureHubJWTSecretKey!";
/// Publishes and receives everything.
pub const ALL: &str = "eyJhbGciOiJIUzI1NiJ9.eyJtZXJjdXJlIjp7InB1Ymxpc2giOlsiKiJdLCJzdWJzY3JpYmUiOlsiKiJdfX0.bVXdlWXwfw9ySx7-iV5OpUSHo34RkjUdVzDLBcc6l_g";

/// A server with a hub whose secret is [`HUB_SECRET`].
pub async fn hub_site(change: impl FnOnce(&mut MercureArgs)) -> Site {
    Site::with(|config| {
        config.mercure.jwt_secret = Some(HUB_SECRET.to_owned());
        change(&mut config.mercure);
    })
    .await
}

/// Any token.
pub fn token(header: &Value, claims: &Value, secret: &str) -> String {
    let header = serde_json::from_value(header.clone()).unwrap();
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// A token of the classic dialect.
pub fn classic(mercure: Value) -> String {
    token(&json!({"alg": "HS256", "typ": "JWT"}), &json!({"mercure": mercure}), HUB_SECRET)
}

/// A subscriber's token.
pub fn subscriber(selectors: &[&str]) -> String {
    classic(json!({"subscribe": selectors}))
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// One message of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    pub id: String,
    pub name: String,
    pub data: String,
    pub retry: String,
}

/// A stream that is open.
pub struct Stream {
    pub headers: HeaderMap,
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    buffer: String,
    /// As a browser keeps it.
    pub last_id: String,
    /// How long to wait for bytes.
    pub timeout: Duration,
}

impl Site {
    pub fn hub(&self, query: &str) -> RequestBuilder {
        http::client().get(format!("{}/.well-known/mercure{query}", self.url))
    }

    pub fn hub_post(&self, form: &[(&str, &str)]) -> RequestBuilder {
        http::client().post(format!("{}/.well-known/mercure", self.url)).form(form)
    }

    /// Publishes with every right; answers the id.
    pub async fn update(&self, form: &[(&str, &str)]) -> String {
        let answer = answer(self.hub_post(form).bearer_auth(ALL)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text
    }

    pub async fn subscribe(&self, query: &str, token: Option<&str>) -> Stream {
        let request = self.hub(query);
        open(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// The status alone: of a stream too.
pub async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

pub async fn open(request: RequestBuilder) -> Stream {
    let response = request.send().await.unwrap();
    let headers = response.headers().clone();
    if response.status() != 200 {
        panic!("{}: {}", response.status(), response.text().await.unwrap());
    }
    let body = Box::pin(response.bytes_stream());
    let mut stream =
        Stream { headers, body, buffer: String::new(), last_id: String::new(), timeout: TIMEOUT };
    // The first bytes say that it is open.
    assert!(stream.chunk().await);
    stream
}

impl Stream {
    async fn chunk(&mut self) -> bool {
        let chunk = timeout(self.timeout, self.body.next()).await.expect("bytes in time");
        let Some(Ok(chunk)) = chunk else { return false };
        self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        true
    }

    /// The next update, or `None` at the end.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let (update, has_data) = parse(&block);
                if !update.id.is_empty() {
                    self.last_id.clone_from(&update.id);
                }
                if has_data {
                    return Some(update);
                }
            }
            if !self.chunk().await {
                return None;
            }
        }
    }

    pub async fn data(&mut self) -> String {
        self.next().await.expect("an update").data
    }

    /// The next one as JSON.
    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.data().await).unwrap()
    }

    /// The next of one of Parlor's events of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let event = self.json().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Whether no update arrives for a while.
    pub async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.next()).await.is_err()
    }

    /// Waits for the end, updates before it passed over.
    pub async fn ends(&mut self) {
        while self.next().await.is_some() {}
    }
}

fn parse(block: &str) -> (Update, bool) {
    let mut update = Update::default();
    let mut data = Vec::new();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => update.id = id.to_owned(),
            Some(("event", name)) => update.name = name.to_owned(),
            Some(("retry", retry)) => update.retry = retry.to_owned(),
            Some(("data", line)) => data.push(line.to_owned()),
            _ => assert!(line.is_empty() || line == ":", "{line:?}"),
        }
    }
    update.data = data.join("\n");
    (update, !data.is_empty())
}
