//! Every refusal looks the same, and names what is wrong.

use parlor_db::{Error, Sql, params};
use reqwest::Method;
use serde_json::json;

use crate::support::Site;

#[tokio::test]
async fn what_cannot_be_read() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let raw = |body: &'static [u8]| {
        ana.request(Method::POST, "/conversations").header("content-type", "application/json").body(body)
    };
    ana.send(raw(b"{")).await.problem(400, "malformed");
    ana.send(raw(b"{\"kind\":\"group\",\"title\":\"\xff\"}")).await.problem(400, "malformed");
    let unknown = ana.send(raw(br#"{"kind":"group","colour":"red"}"#)).await.problem(422, "invalid");
    assert_eq!((&unknown["field"], &unknown["rule"]), (&json!("colour"), &json!("unknown")));
    let missing = ana.send(raw(b"{}")).await.problem(422, "invalid");
    assert_eq!((&missing["field"], &missing["rule"]), (&json!("kind"), &json!("required")));
    let form = ana.request(Method::POST, "/conversations").header("content-type", "text/plain").body("x");
    ana.send(form).await.problem(400, "malformed");
}

parlor_db::statements! {
    static LABELS = both("UPDATE conversations SET labels = $1").global();
    static FILES = both("UPDATE messages SET attachments = $1").global();
}

/// What is stored and cannot be read is a failure of the server, told as one: nothing else stands in for it.
#[tokio::test]
async fn damaged_data() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("orders", &[&ben]).await;
    let sent = ana.say(&group, "a word").await;
    let damage = |statement: &'static Sql, text: &'static str| {
        let app = site.app.clone();
        let write = move || {
            app.db
                .engine()
                .write_blocking(0, move |tx| -> Result<u64, Error> { tx.execute(statement, params![text]) })
        };
        tokio::task::spawn_blocking(write)
    };
    assert!(damage(&FILES, "[{").await.unwrap().unwrap() > 0);
    let message = format!("/messages/{}", sent["id"].as_str().unwrap());
    for path in [message, format!("/conversations/{group}/messages")] {
        let problem = ben.get(&path).await.problem(500, "internal");
        assert!(!problem.to_string().contains("word"), "{problem}");
    }
    assert!(damage(&LABELS, "urgent").await.unwrap().unwrap() > 0);
    for path in ["/conversations".to_owned(), format!("/conversations/{group}")] {
        ben.get(&path).await.problem(500, "internal");
    }
}

#[tokio::test]
async fn words_that_there_are_not() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let group = admin.group("x", &[&site.user("Ben").await]).await;
    let conversation = format!("/conversations/{group}");
    let me = format!("{conversation}/me");
    let notification = format!("/notifications/{group}");
    let told = json!({"user_ids": [admin.id], "title": "x", "type": "message"});
    let ticket = json!({"kind": "ticket", "title": "x", "priority": "soon"});
    let statuses = "use active, archived, open, pending, snoozed, in_progress, resolved or closed";
    let refusals = [
        (admin.post("/conversations", ticket).await, "priority", "use low, normal, high or urgent"),
        (
            admin.patch(&conversation, json!({"priority": ""})).await,
            "priority",
            "use low, normal, high or urgent",
        ),
        (admin.patch(&conversation, json!({"status": "ajar"})).await, "status", statuses),
        (admin.patch(&conversation, json!({"status": "closed"})).await, "status", "use one of: active"),
        (admin.patch(&me, json!({"notify": "All"})).await, "notify", "use all, mentions or none"),
        (
            admin.patch(&notification, json!({"status": "seen"})).await,
            "status",
            "use unread, read or archived",
        ),
        (admin.post("/notifications", told).await, "type", "use alert or system"),
        (admin.get("/notifications?status=seen").await, "status", "use unread, read or archived"),
        (admin.get("/notifications?status=").await, "status", "use unread, read or archived"),
        (admin.get("/conversations?status=open,ajar").await, "status", "there is no status \"ajar\""),
    ];
    for (refused, field, detail) in refusals {
        let problem = refused.problem(422, "invalid");
        let said = (&problem["field"], &problem["rule"], &problem["detail"]);
        assert_eq!(said, (&json!(field), &json!("known"), &json!(detail)));
    }
    let typed = admin.patch(&conversation, json!({"status": 1})).await.problem(422, "invalid");
    assert_eq!((&typed["field"], &typed["rule"]), (&json!("status"), &json!("type")));
}

#[tokio::test]
async fn addresses_methods_and_queries() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    ana.get("/nothing").await.problem(404, "not_found");
    ana.get("/conversations/not-an-id").await.problem(404, "not_found");
    let reply = ana.delete("/conversations").await;
    assert!(reply.headers.contains_key("allow"));
    reply.problem(405, "method_not_allowed");
    assert_eq!(ana.get("/conversations?limit=many").await.problem(422, "invalid")["field"], "limit");
    assert_eq!(ana.get("/conversations?kind=party").await.problem(422, "invalid")["field"], "kind");
    ana.get("/ws").await.problem(400, "malformed");
}

#[tokio::test]
async fn too_large() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let body = vec![b' '; (1 << 20) + 1];
    let request =
        ana.request(Method::POST, "/conversations").header("content-type", "application/json").body(body);
    ana.send(request).await.problem(413, "too_large");
}

#[tokio::test]
async fn a_callers_request_id_is_kept_and_headers_guard() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let reply =
        ana.send(ana.request(Method::GET, "/nothing").header("x-request-id", "trace-0123456789")).await;
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.problem(404, "not_found")["request_id"], "trace-0123456789");
    let odd = ana.send(ana.request(Method::GET, "/me").header("x-request-id", "a b<c>")).await;
    assert_ne!(odd.headers["x-request-id"], "a b<c>");
    assert_eq!(odd.headers["cache-control"], "no-store");
    let page = ana.client.get(format!("{}/app/", site.url)).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
}

#[tokio::test]
async fn other_origins() {
    let site = Site::with(|config| config.origins = vec!["https://shop.example".to_owned()]).await;
    let ana = site.user("Ana").await;
    let preflight = |origin: &'static str, header: &'static str| {
        ana.request(Method::OPTIONS, "/conversations")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", header)
    };
    let allowed = ana.send(preflight("https://shop.example", "authorization")).await;
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://shop.example");
    assert!(!allowed.headers.contains_key("access-control-allow-credentials"));
    let named = allowed.headers["access-control-allow-headers"].to_str().unwrap();
    assert!(named.contains("authorization") && !named.contains("csrf"), "{named}");
    let foreign = ana.send(preflight("https://evil.example", "authorization")).await;
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
    let refused =
        ana.send(ana.request(Method::GET, "/nothing").header("origin", "https://shop.example")).await;
    assert_eq!(
        refused.headers["access-control-allow-origin"], "https://shop.example",
        "problems can be read too"
    );
}

#[tokio::test]
async fn sending_is_rate_limited() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let group = admin.group("x", &[&site.user("Ben").await]).await;
    admin.patch("/settings", json!({"send_rate_per_minute": 30})).await.ok(200);
    let path = format!("/conversations/{group}/messages");
    let mut refused = None;
    for n in 0..5 {
        let reply = admin.post(&path, json!({"body": format!("{n}")})).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a burst of a tenth of a minute's rate");
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(429, "rate_limited");
}

/// RFC 9112, 3.2; HTTP/1.0 knew no Host.
#[tokio::test]
async fn a_request_names_one_host() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start().await;
    let address = site.url.strip_prefix("http://").unwrap().to_owned();
    let status = async |head: &str| {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("GET /healthz HTTP/1.1\r\nhost: a\r\n").await, "200");
    assert_eq!(status("GET /healthz HTTP/1.1\r\n").await, "400");
    assert_eq!(status("GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\n").await, "400");
    assert_eq!(status("GET /healthz HTTP/1.0\r\n").await, "200");
}

/// Without a token whoever reaches the port from a private network; behind a proxy that could be anybody.
#[tokio::test]
async fn numbers_are_not_for_everybody() {
    let site = Site::start().await;
    let ask = |site: &Site| site.stranger().client.get(format!("{}/metrics", site.url));
    assert_eq!(ask(&site).send().await.unwrap().status(), 200);
    for header in ["x-forwarded-for", "forwarded"] {
        assert_eq!(ask(&site).header(header, "10.0.0.1").send().await.unwrap().status(), 403, "{header}");
    }
    let site = Site::with(|config| config.metrics_token = Some("numbers".to_owned())).await;
    assert_eq!(ask(&site).send().await.unwrap().status(), 401);
    assert_eq!(ask(&site).bearer_auth("number").send().await.unwrap().status(), 401);
    let proxied = ask(&site).bearer_auth("numbers").header("x-forwarded-for", "9.9.9.9");
    assert_eq!(proxied.send().await.unwrap().status(), 200);
}

/// The first page again would look like more of the list.
#[tokio::test]
async fn a_cursor_that_is_none_is_said() {
    let site = Site::start().await;
    let ana = site.user_with("Ana", &["admin"]).await;
    for path in ["/conversations", "/users", "/contacts", "/notifications"] {
        for cursor in ["zzz", "1_2", "a%0Ab", "-1", "%01"] {
            let refused = ana.get(&format!("{path}?after={cursor}")).await.problem(422, "invalid");
            assert_eq!(
                (&refused["field"], &refused["rule"]),
                (&json!("after"), &json!("cursor")),
                "{path} {cursor}"
            );
        }
        ana.get(&format!("{path}?after=")).await.ok(200);
    }
    for path in ["/audit", "/search"] {
        let refused = ana.get(&format!("{path}?q=a&after=zzz")).await;
        assert!([400, 422].contains(&refused.status), "{path}: {}", refused.text);
    }
}
