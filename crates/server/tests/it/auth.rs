//! Who gets in, and who does not.

use crate::support::http;
use parlor::auth::jwt::{Audience, Claims, sign};
use parlor_chat::tenants;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, SECRET, Site, claims, now};

async fn status(site: &Site, token: String) -> u16 {
    let person = Person { token: Some(token), ..site.stranger() };
    person.get("/me").await.status
}

fn signed(claims: &Claims, secret: &str) -> String {
    sign(claims, secret.as_bytes(), None).unwrap()
}

#[tokio::test]
async fn tokens_of_the_host() {
    let site = Site::start().await;
    let acme = site.tenant("acme").await;
    let good = claims("Ana");
    assert_eq!(status(&site, signed(&good, SECRET)).await, 200);
    assert_eq!(status(&site, signed(&good, "wrong")).await, 401);
    assert_eq!(status(&site, signed(&Claims { exp: now() - 31.0, ..good.clone() }, SECRET)).await, 401);
    let foreign = Claims { tenant: "acme".to_owned(), ..good.clone() };
    assert_eq!(
        status(&site, signed(&foreign, SECRET)).await,
        401,
        "a tenant's token is signed with its own key"
    );
    assert_eq!(status(&site, signed(&foreign, &acme)).await, 200);
    assert_eq!(status(&site, signed(&good, &acme)).await, 401);
    let nowhere = Claims { tenant: "nowhere".to_owned(), ..good.clone() };
    assert_eq!(status(&site, signed(&nowhere, SECRET)).await, 401);
    assert_eq!(status(&site, "junk".to_owned()).await, 401);
    assert_eq!(status(&site, "pk_unknown".to_owned()).await, 401);
}

#[tokio::test]
async fn a_token_without_end_or_signature_is_refused() {
    let site = Site::start().await;
    let part = |value: Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let body = json!({"tenant": "default", "sub": "ana", "exp": now() + 600.0});
    let unsigned = format!("{}.{}.", part(json!({"alg": "none"})), part(body));
    assert_eq!(status(&site, unsigned).await, 401);
}

#[tokio::test]
async fn first_sight_makes_users_and_contacts() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let me = ana.get("/me").await.ok(200);
    assert_eq!((&me["kind"], &me["name"]), (&json!("user"), &json!("Ana")));
    assert_eq!(me["roles"][0]["name"], "member");
    let again = site.person(Claims { name: Some("Ana B".to_owned()), ..claims("Ana") }).await;
    assert_eq!(again.id, ana.id, "the same sub is the same person");
    assert_eq!(again.get("/me").await.ok(200)["name"], "Ana B", "a new name is followed");
    let max = site.contact("Max").await;
    assert_eq!(max.get("/me").await.ok(200)["kind"], "contact");
    max.get("/users").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_token_in_the_query_serves_for_streams_only() {
    let site = Site::start().await;
    let token = signed(&claims("Ana"), SECRET);
    let stranger = site.stranger();
    stranger.get(&format!("/events?access_token={token}")).await.ok(200);
    for path in ["/me", "/conversations", "/files/018f0000-0000-7000-8000-000000000000"] {
        stranger.get(&format!("{path}?access_token={token}")).await.problem(401, "unauthorized");
    }
}

/// The first administrator may be made elsewhere: on the command line, or at another node.
#[tokio::test]
async fn an_administrator_made_elsewhere_ends_the_setup() {
    let site = Site::start().await;
    let code = site.app.setup_code.lock().unwrap().clone().unwrap();
    let stranger = Person::stranger(&site.url);
    assert_eq!(stranger.get("/setup").await.ok(200)["needed"], true);
    let made = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::ensure_default(tx)?;
        let hash = "$argon2id$none";
        parlor::auth::registration::add_administrator(tx, &tenant, "Root", "root@example.com", hash)
    });
    made.await.unwrap();
    assert_eq!(stranger.get("/setup").await.ok(200)["needed"], false);
    let late =
        json!({"code": code, "name": "R", "email": "r@example.com", "password": "a long enough password"});
    stranger.post("/setup", late).await.problem(409, "conflict");
}

async fn setup(site: &Site) -> reqwest::Client {
    let code = site.app.setup_code.lock().unwrap().clone().unwrap();
    let stranger = site.stranger();
    assert_eq!(stranger.get("/setup").await.ok(200)["needed"], true);
    let input = |code: &str| json!({"code": code, "name": "Root", "email": "root@example.com", "password": "very long secret"});
    stranger.post("/setup", input("XXXX-XXXX-XXXX")).await.problem(403, "forbidden");
    stranger
        .post("/setup", json!({"code": code, "name": "R", "email": "r@example.com", "password": "short"}))
        .await
        .problem(422, "invalid");
    let reply = stranger.post("/setup", input(&code)).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(reply.ok(200)["me"]["super_admin"], true);
    assert_eq!(stranger.get("/setup").await.ok(200)["needed"], false);
    stranger.post("/setup", input(&code)).await.problem(409, "conflict");
    let pair = cookie.split(';').next().unwrap().to_owned();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("cookie", pair.parse().unwrap());
    http::client_builder().default_headers(headers).build().unwrap()
}

#[tokio::test]
async fn the_first_administrator_and_the_cookie() {
    let site = Site::start().await;
    let client = setup(&site).await;
    let root = Person { client, ..site.stranger() };
    assert_eq!(root.get("/me").await.ok(200)["email"], "root@example.com");
    let body = json!({"kind": "group", "title": "x", "user_ids": []});
    assert_eq!(root.post("/conversations", body.clone()).await.problem(403, "forbidden")["rule"], "csrf");
    let request = root.request(Method::POST, "/conversations").header("x-parlor-csrf", "1").json(&body);
    assert_ne!(root.send(request).await.status, 403);
    let out = root.request(Method::DELETE, "/sessions/current").header("x-parlor-csrf", "1");
    assert_eq!(root.send(out).await.status, 204);
    root.get("/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn signing_in() {
    let site = Site::start().await;
    setup(&site).await;
    let stranger = site.stranger();
    let attempt = |password: &'static str| {
        let stranger = stranger.clone();
        async move { stranger.post("/sessions", json!({"email": "ROOT@example.com", "password": password})).await }
    };
    attempt("wrong").await.problem(401, "unauthorized");
    assert_eq!(attempt("very long secret").await.ok(200)["me"]["name"], "Root");
    let nobody = json!({"email": "nobody@example.com", "password": "very long secret"});
    stranger.post("/sessions", nobody).await.problem(401, "unauthorized");
    let elsewhere = json!({"email": "root@example.com", "password": "very long secret", "tenant": "acme"});
    stranger.post("/sessions", elsewhere).await.problem(401, "unauthorized");
    let token = signed(&claims("Ana"), SECRET);
    let reply = stranger.post("/sessions", json!({"token": token})).await;
    assert!(reply.headers.contains_key("set-cookie"));
    assert_eq!(reply.ok(200)["me"]["name"], "Ana");
    stranger.post("/sessions", json!({"email": "root@example.com"})).await.problem(422, "invalid");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let site = Site::with(|config| config.sign_in_rate = 3).await;
    let stranger = site.stranger();
    let guess = json!({"email": "root@example.com", "password": "guess guess"});
    for _ in 0..3 {
        stranger.post("/sessions", guess.clone()).await.problem(401, "unauthorized");
    }
    let reply = stranger.post("/sessions", guess).await;
    let wait: u32 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    reply.problem(429, "rate_limited");
}

#[tokio::test]
async fn api_keys_serve_until_they_are_revoked() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let made = admin.post("/api-keys", json!({"name": "crm"})).await.ok(201);
    let key = made["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("pk_"));
    let server = Person { token: Some(key), ..site.stranger() };
    assert_eq!(server.get("/me").await.ok(200)["id"], admin.id);
    let listed = admin.get("/api-keys").await.ok(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert!(listed["items"][0].get("key").is_none());
    assert_eq!(admin.delete(&format!("/api-keys/{}", made["id"].as_str().unwrap())).await.status, 204);
    server.get("/me").await.problem(401, "unauthorized");
    let member = site.user("Ben").await;
    assert_eq!(
        member.post("/api-keys", json!({"name": "x"})).await.problem(403, "forbidden")["right"],
        "manage_settings"
    );
}

#[tokio::test]
async fn refusals_are_audited() {
    let site = Site::start().await;
    let (admin, member) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    member.get("/settings").await.problem(403, "forbidden");
    let rows = admin.get("/audit?action=forbidden_attempt").await.ok(200);
    let row = &rows["items"][0];
    assert_eq!(row["details"]["attempted"], "settings.list", "{rows}");
    assert_eq!(row["ip"], "127.0.0.1");
}

/// A host's tokens may be for several services: the tenant says which of them are for Parlor.
#[tokio::test]
async fn tokens_for_others_are_refused_where_the_tenant_says_so() {
    let site = Site::start().await;
    let statuses = async |name: &str| {
        let several = Audience::Several(vec!["shop".to_owned(), "parlor".to_owned()]);
        let mut found = Vec::new();
        for aud in [None, Some(Audience::One("shop".to_owned())), Some(several)] {
            let token = sign(&Claims { aud, ..claims(name) }, SECRET.as_bytes(), None).unwrap();
            found.push(status(&site, token).await);
        }
        found
    };
    assert_eq!(statuses("Ana").await, [200, 200, 200]);
    crate::contracts::set(&site, "default", json!({"token_audience": "parlor"})).await;
    assert_eq!(statuses("Ben").await, [401, 401, 200]);
}
