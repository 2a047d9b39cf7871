//! Somebody who calls the API.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Sse, Ws, described, http};

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Reply {
    /// The body, after checking the status.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Checks a problem's status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.json["code"]), (status, &json!(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["request_id"], self.headers["x-request-id"].to_str().unwrap());
        self.json
    }
}

#[derive(Clone)]
pub struct Person {
    pub url: String,
    pub token: Option<String>,
    /// The sign-in, as a browser sends it.
    pub cookie: Option<String>,
    pub id: String,
    pub client: Client,
}

impl Person {
    pub async fn arrive(url: &str, token: String) -> Self {
        let mut person = Self { token: Some(token), ..Self::stranger(url) };
        person.id = person.get("/me").await.ok(200)["id"].as_str().unwrap().to_owned();
        person
    }

    /// Whoever signs in with this, by the cookie that comes of it.
    pub async fn sign_in(url: &str, what: Value) -> Self {
        let stranger = Self::stranger(url);
        let reply = stranger.post("/sessions", what).await;
        let cookie = reply.headers.get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let id = reply.ok(200)["me"]["id"].as_str().unwrap().to_owned();
        let cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
        Self { cookie: Some(cookie), id, ..stranger }
    }

    pub fn stranger(url: &str) -> Self {
        Self { url: url.to_owned(), token: None, cookie: None, id: String::new(), client: http::client() }
    }

    /// The same person at a server that was started anew.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), client: http::client(), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.url));
        match (&self.token, &self.cookie) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(cookie)) => request.header("cookie", cookie).header("x-parlor-csrf", "1"),
            (None, None) => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        if !json.is_null() {
            described::answer(method.as_str(), &path, status, &json);
        }
        Reply { status, headers, text, json }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Opens a group with others and answers its id.
    pub async fn group(&self, title: &str, others: &[&Person]) -> String {
        let ids: Vec<_> = others.iter().map(|other| &other.id).collect();
        let opened =
            self.post("/conversations", json!({"kind": "group", "title": title, "user_ids": ids})).await;
        opened.ok(201)["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message and answers it.
    pub async fn say(&self, conversation: &str, body: &str) -> Value {
        self.post(&format!("/conversations/{conversation}/messages"), json!({"body": body})).await.ok(201)
    }

    /// The cursor of this moment.
    pub async fn cursor(&self) -> String {
        self.get("/events").await.ok(200)["cursor"].as_str().unwrap().to_owned()
    }

    /// Events after a cursor, and the cursor after them.
    pub async fn poll(&self, cursor: &str, wait: u32) -> (Vec<Value>, String) {
        let end = tokio::time::Instant::now() + std::time::Duration::from_secs(wait.into());
        loop {
            let polled = self.get(&format!("/events?after={cursor}&wait={wait}")).await.ok(200);
            assert_eq!(polled["reset"], false, "{polled}");
            let mut items = polled["items"].as_array().unwrap().clone();
            // Who comes and goes is told, not kept.
            let told = items.len();
            items.retain(|item| !item["seq"].is_null());
            if told == 0 || !items.is_empty() || tokio::time::Instant::now() >= end {
                return (items, polled["cursor"].as_str().unwrap().to_owned());
            }
        }
    }

    pub async fn ws(&self, cursor: Option<&str>) -> Ws {
        Ws::open(self, cursor).await
    }

    pub async fn sse(&self, cursor: Option<&str>) -> Sse {
        Sse::open(self, cursor).await
    }
}
