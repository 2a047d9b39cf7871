//! Trying passwords and codes, and links that sign in: nobody is shut out by others, and nobody becomes somebody else
//! without being asked.

use parlor::auth::jwt::sign;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, Reply, SECRET, Site, claims};

const PASSWORD: &str = "a long enough password";

/// As a proxy hands it on from an address.
async fn from(site: &Site, ip: &str, path: &str, body: &Value) -> Reply {
    let stranger = site.stranger();
    let request = stranger.request(Method::POST, path).header("x-forwarded-for", "203.0.113.1");
    stranger.send(request.header("x-forwarded-for", ip).json(body)).await
}

async fn proxied() -> Site {
    Site::with(|config| {
        config.sign_in_rate = 3;
        config.behind_proxy = true;
    })
    .await
}

async fn account(site: &Site, email: &str) -> String {
    let admin = site.user_with("Ada", &["admin"]).await;
    let user = json!({"name": email, "email": email, "password": PASSWORD});
    admin.post("/users", user).await.ok(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn wrong_passwords_from_elsewhere_shut_nobody_out() {
    let site = proxied().await;
    account(&site, "ana@example.com").await;
    let guess = json!({"email": "ana@example.com", "password": "guess guess"});
    for ip in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        for _ in 0..3 {
            from(&site, ip, "/sessions", &guess).await.problem(401, "unauthorized");
        }
        from(&site, ip, "/sessions", &guess).await.problem(429, "rate_limited");
    }
    // The last address of a network is no other one.
    from(&site, "2001:db8::ffff:1", "/sessions", &guess).await.problem(429, "rate_limited");
    let right = json!({"email": "ana@example.com", "password": PASSWORD});
    from(&site, "192.0.2.9", "/sessions", &right).await.ok(200);
    from(&site, "2001:db8:0:1::1", "/sessions", &right).await.ok(200);
}

#[tokio::test]
async fn invitations_and_the_setup_are_not_closed_for_others() {
    let site = proxied().await;
    let junk = json!({"token": "junk", "password": PASSWORD});
    let setup = json!({"code": "XXXX", "name": "R", "email": "r@example.com", "password": PASSWORD});
    for (path, body, status) in [
        ("/invitations", &junk, 409),
        ("/invitations/look", &json!({"token": "junk"}), 409),
        ("/setup", &setup, 403),
    ] {
        for _ in 0..3 {
            assert_eq!(from(&site, "192.0.2.1", path, body).await.status, status);
        }
        assert_eq!(from(&site, "192.0.2.1", path, body).await.status, 429, "{path}");
        assert_eq!(from(&site, "192.0.2.2", path, body).await.status, status, "{path}");
    }
    let code = site.app.setup_code.lock().unwrap().clone().unwrap();
    let right = json!({"code": code, "name": "R", "email": "r@example.com", "password": PASSWORD});
    from(&site, "192.0.2.3", "/setup", &right).await.ok(200);
}

#[tokio::test]
async fn names_of_accounts_use_up_nothing_else() {
    let site = proxied().await;
    let id = account(&site, "ana@example.com").await;
    for (tenant, email) in
        [("password", format!("{id}@x")), ("own-password", format!("{id}@x")), ("hash", format!("{id}@x"))]
    {
        for ip in ["192.0.2.1", "192.0.2.2"] {
            for _ in 0..4 {
                from(&site, ip, "/sessions", &json!({"tenant": tenant, "email": email, "password": "x"}))
                    .await;
            }
        }
    }
    let ana = Person::sign_in(&site.url, json!({"email": "ana@example.com", "password": PASSWORD})).await;
    let new = json!({"password": "another long password", "current": PASSWORD});
    ana.put(&format!("/users/{id}/password"), new).await.ok(200);
}

#[tokio::test]
async fn strangers_fill_no_memory() {
    let site = Site::with(|config| config.sign_in_rate = 5).await;
    let stranger = site.stranger();
    let before = site.app.limits.attempts.len();
    for at in 0..40 {
        let body = json!({"email": format!("{}@example.com", "x".repeat(100_000 + at)), "password": "x"});
        let refused = stranger.post("/sessions", body).await.problem(422, "invalid");
        assert_eq!(refused["field"], "email");
        let body = json!({"email": "a@example.com", "password": "x", "tenant": "t".repeat(100_000 + at)});
        assert_eq!(stranger.post("/sessions", body).await.problem(422, "invalid")["field"], "tenant");
    }
    for at in 0..40 {
        let body = json!({"email": format!("{at}@example.com"), "password": "x"});
        assert!([401, 429].contains(&stranger.post("/sessions", body).await.status));
    }
    assert!(
        site.app.limits.attempts.len() - before <= 6,
        "one address, and five accounts before it was refused"
    );
}

#[tokio::test]
async fn pages_of_others_sign_nobody_in() {
    let site = Site::start().await;
    let token = site.user("Eve").await.token;
    let sign_in = json!({"token": token}).to_string();
    let setup = json!({"code": "x", "name": "x", "email": "x@example.com", "password": PASSWORD}).to_string();
    let invited = json!({"token": "x", "password": PASSWORD}).to_string();
    let stranger = site.stranger();
    let own = site.url.clone();
    let send = async |path: &str, body: &str, kind: Option<&str>, origin: Option<&str>| {
        let mut request = stranger.request(Method::POST, path).body(body.to_owned());
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let reply = stranger.send(request).await;
        assert!(reply.status == 200 || !reply.headers.contains_key("set-cookie"));
        reply.status
    };
    for (path, body) in [("/sessions", &sign_in), ("/setup", &setup), ("/invitations", &invited)] {
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/problem+json"),
        ] {
            assert_eq!(send(path, body, kind, None).await, 400, "{path} {kind:?}");
            assert!([400, 403].contains(&send(path, body, kind, Some("https://evil.example")).await));
        }
        for origin in
            ["https://evil.example", "null", "http://127.0.0.1:1", "https://parlor.evil.example", ""]
        {
            assert_eq!(
                send(path, body, Some("application/json"), Some(origin)).await,
                403,
                "{path} {origin}"
            );
        }
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(send("/sessions", &sign_in, Some(kind), Some(&own)).await, 200);
        assert_eq!(send("/sessions", &sign_in, Some(kind), None).await, 200, "a program");
    }
}

#[tokio::test]
async fn a_token_replaces_nobody_without_a_question() {
    let site = Site::start().await;
    let id = account(&site, "ana@example.com").await;
    let ana = Person::sign_in(&site.url, json!({"email": "ana@example.com", "password": PASSWORD})).await;
    let token = sign(&claims("Eve"), SECRET.as_bytes(), None).unwrap();
    let eve = Person::arrive(&site.url, token.clone()).await.id;
    let refused = ana.post("/sessions", json!({"token": token})).await;
    assert!(!refused.headers.contains_key("set-cookie"));
    assert_eq!(refused.problem(409, "conflict")["rule"], "signed_in");
    assert_eq!(ana.get("/me").await.ok(200)["id"], id.as_str());
    let replaced = ana.post("/sessions", json!({"token": token, "replace": true})).await;
    assert_eq!(replaced.ok(200)["me"]["id"], eve.as_str());
    // A browser whose session is over still knows whose it was.
    let stranger = site.stranger();
    let known = |id: &str| json!({"token": token, "expects": id});
    assert_eq!(stranger.post("/sessions", known(&id)).await.problem(409, "conflict")["rule"], "signed_in");
    stranger.post("/sessions", known(&eve)).await.ok(200);
    let again = Person::sign_in(&site.url, json!({"token": token})).await;
    again.post("/sessions", json!({"token": token})).await.ok(200);
}
