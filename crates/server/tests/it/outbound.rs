//! Addresses that people name, of keys and webhooks: who may name one, where they lead, and what others feel of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor_chat::pusher_apps::{self, Change, Options, Webhook};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::files::{PNG, upload};
use crate::support::pusher::{Pusher, site_with};
use crate::support::{Person, Site, claims};

/// A server that counts who comes, and answers each with this text; never, when it is empty.
struct Other {
    url: String,
    came: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
}

impl Other {
    async fn answering(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (came, at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counts, most) = (came.clone(), at_once.clone());
        tokio::spawn(async move {
            let open = Arc::new(AtomicUsize::new(0));
            while let Ok((mut stream, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::SeqCst);
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (answer, open) = (answer.clone(), open.clone());
                tokio::spawn(async move {
                    let mut asked = vec![0; 8_192];
                    let _ = stream.read(&mut asked).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.is_empty() {
                        while stream.read(&mut asked).await.is_ok_and(|count| count > 0) {}
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { url, came, at_once }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn key(url: &str) -> Value {
    json!({"kind": "jwks_url", "secret": url})
}

fn host_key() -> EncodingKey {
    let path = format!("{}/tests/fixtures/es256.key.pem", env!("CARGO_MANIFEST_DIR"));
    EncodingKey::from_ec_pem(&std::fs::read(path).unwrap()).unwrap()
}

/// What an identity provider publishes.
fn document() -> String {
    json!({"keys": [Jwk::from_encoding_key(&host_key(), Algorithm::ES256).unwrap()]}).to_string()
}

#[tokio::test]
async fn who_may_not_add_keys_makes_nobody_look() {
    for private in [false, true] {
        let site = Site::with(|config| config.private_fetches = private).await;
        let other = Other::answering(ok("{}")).await;
        for person in [site.user("Ana").await, site.contact("Kim").await] {
            for url in [other.url.clone(), other.url.replace("http://", "https://")] {
                person.post("/host-keys", key(&url)).await.problem(403, "forbidden");
            }
        }
        assert_eq!(other.came(), 0);
    }
}

#[tokio::test]
async fn private_networks_are_not_asked() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let other = Other::answering(ok(&document())).await;
    let port = other.url.rsplit(':').next().unwrap().to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "user@127.0.0.1",
    ] {
        let refused = admin.post("/host-keys", key(&format!("https://{host}:{port}/"))).await;
        assert_eq!(refused.problem(422, "invalid")["field"], "secret", "{host}");
    }
    for plain in [other.url.clone(), format!("HTTP://127.0.0.1:{port}"), format!("ftp://127.0.0.1:{port}")] {
        assert_eq!(admin.post("/host-keys", key(&plain)).await.problem(422, "invalid")["rule"], "url");
    }
    let hook = |url: String| json!({"options": {"webhooks": [{"url": url}]}});
    for url in [other.url.clone(), format!("https://localhost:{port}/"), "http://[fd00::1]/".to_owned()] {
        let refused = admin.put("/app", hook(url)).await.problem(422, "invalid");
        assert_eq!((&refused["field"], &refused["rule"]), (&json!("webhooks"), &json!("private")));
        assert!(refused["detail"].as_str().unwrap().contains("PARLOR_PRIVATE_FETCHES"), "{refused}");
    }
    assert_eq!(other.came(), 0);
}

#[tokio::test]
async fn where_it_is_allowed_keys_are_fetched_and_redirections_are_not_followed() {
    let site = Site::with(|config| config.private_fetches = true).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let published = Other::answering(ok(&document())).await;
    admin.post("/host-keys", key(&published.url)).await.ok(201);
    let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims("Dana"), &host_key()).unwrap();
    let dana = Person::arrive(&site.url, token).await;
    assert_eq!(dana.get("/me").await.ok(200)["name"], "Dana");
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n", published.url);
    let moved = Other::answering(moved).await;
    let before = published.came();
    let refused = admin.post("/host-keys", key(&moved.url)).await.problem(422, "invalid");
    assert_eq!((&refused["rule"], moved.came()), (&json!("reachable"), 1));
    assert_eq!(published.came(), before, "the redirection was followed");
    let huge = Other::answering(ok(&format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(1_000_000)))).await;
    assert_eq!(admin.post("/host-keys", key(&huge.url)).await.problem(422, "invalid")["rule"], "reachable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_never_answer_hold_nobody_else_up() {
    let site = Site::with(|config| config.private_fetches = true).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let silent = Other::answering(String::new()).await;
    let asked: Vec<_> = (0..40)
        .map(|_| {
            let (admin, url) = (admin.clone(), silent.url.clone());
            tokio::spawn(async move { admin.post("/host-keys", key(&url)).await })
        })
        .collect();
    while silent.came() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ben = site.user("Ben").await;
    let file = upload(&ben, "a.png", PNG).await.ok(201);
    assert_eq!(ben.get(&format!("/files/{}", file["id"].as_str().unwrap())).await.status, 200);
    assert!(asked.iter().any(|asked| !asked.is_finished()), "they were still waiting");
    let mut busy = 0;
    for asked in asked {
        let reply = asked.await.unwrap();
        match reply.status {
            429 => {
                assert!(reply.headers.contains_key("retry-after"));
                busy += 1;
            }
            _ => assert_eq!(reply.problem(422, "invalid")["rule"], "reachable"),
        }
    }
    // Four at work; as many that were given up may not have been noticed there yet.
    let at_once = silent.at_once.load(Ordering::SeqCst);
    assert!(busy > 0 && at_once <= 8, "{busy} turned away, {at_once} at once");
}

#[tokio::test]
async fn a_webhook_that_was_stored_before_goes_to_no_private_address_either() {
    let site = site_with(|config| config.private_fetches = false).await;
    let other = Other::answering(ok("")).await;
    let tenant = parlor_chat::tenants::DEFAULT_SLUG;
    let webhooks = vec![Webhook {
        url: other.url.replace("127.0.0.1", "localhost"),
        events: Vec::new(),
        filter: Default::default(),
        headers: Default::default(),
    }];
    let change = Change { options: Some(Options { webhooks, ..Options::default() }), ..Change::default() };
    let set = site.app.db.write_plain(0, move |tx| {
        let tenant = parlor_chat::tenants::by_slug(tx, tenant)?;
        pusher_apps::set(tx, tenant.id, tenant.no, &change).map(|_| ())
    });
    set.await.unwrap();
    let mut client = Pusher::open(&site).await;
    client.join("news", None).await;
    // Written, claimed, and not sent.
    let waits = async {
        loop {
            let due = site.app.db.read_plain(parlor_chat::webhooks::states).await.unwrap();
            if !due.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(other.came(), 0);
}
