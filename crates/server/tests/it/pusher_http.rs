//! The HTTP API of Pusher applications, their settings, and their webhooks.

use std::time::Duration;

use parlor_chat::jobs::{self, Queue};
use parlor_realtime::protocol::pusher::signature::body_md5;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use crate::support::pusher::{APP, APP_ID, Pusher, Server, options, receiver, site};

#[tokio::test]
async fn only_the_secret_calls() {
    let site = site().await;
    let server = Server::new(&site);
    let (path, body) = ("/apps/3/events", r#"{"name":"n","channel":"c","data":"d"}"#);
    let right = server.query("POST", path, body, &[]);
    assert_eq!(server.send("POST", path, body, &right).await.ok(200), json!({}));
    let spoiled = |name: &str, value: &str| {
        let mut query = right.clone();
        query.iter_mut().filter(|(key, _)| key == name).for_each(|pair| pair.1 = value.to_owned());
        query
    };
    let without = |name: &str| right.iter().filter(|(key, _)| key != name).cloned().collect::<Vec<_>>();
    let wrong = [
        spoiled("auth_signature", &"0".repeat(64)),
        spoiled("auth_signature", ""),
        spoiled("auth_key", "other"),
        spoiled("auth_version", "2.0"),
        spoiled("auth_timestamp", "x"),
        spoiled("body_md5", &body_md5(b"another body")),
        without("auth_signature"),
        without("body_md5"),
        without("auth_timestamp"),
        Vec::new(),
    ];
    for query in wrong {
        let reply = server.send("POST", path, body, &query).await;
        assert_eq!(reply.status, 401, "{query:?}");
        assert!(reply.json["error"].is_string());
    }
    let other_body = body.replace('d', "e");
    assert_eq!(server.send("POST", path, &other_body, &right).await.status, 401, "the body is covered");
    assert_eq!(server.send("POST", "/apps/3/batch_events", body, &right).await.status, 401, "and the path");
    for seconds in [-700, 700] {
        let late = Server::new(&site).off_by(seconds);
        assert_eq!(late.get("/channels", &[]).await.status, 401);
    }
    assert_eq!(Server::new(&site).off_by(-500).get("/channels", &[]).await.status, 200);
    for path in ["/apps/4/events", "/apps/x/events"] {
        let query = server.query("POST", path, body, &[]);
        assert_eq!(server.send("POST", path, body, &query).await.status, 404);
    }
    options(&site, json!({"enabled": false})).await;
    assert_eq!(server.get("/channels", &[]).await.status, 403);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let site = site().await;
    let server = Server::new(&site);
    let long = "x".repeat(201);
    let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
    for (body, status) in [
        (json!({"name": "n", "channel": "c", "data": "x".repeat(10 * 1024 + 1)}), 413),
        (json!({"name": "n", "channel": "c", "data": {"no": "string"}}), 400),
        (json!({"name": "n", "data": "d"}), 400),
        (json!({"name": "n", "channels": many, "data": "d"}), 400),
        (json!({"name": "n", "channel": "a b", "data": "d"}), 400),
        (json!({"name": "n", "channel": "#terminated-7", "data": "d"}), 400),
        (json!({"name": "", "channel": "c", "data": "d"}), 400),
        (json!({"name": long, "channel": "c", "data": "d"}), 400),
        (json!({"name": "pusher_internal:member_added", "channel": "c", "data": "d"}), 400),
        (json!({"name": "n", "channel": "c", "data": "d", "socket_id": "junk"}), 400),
        (json!({"name": "n", "channels": ["private-encrypted-a", "b"], "data": "d"}), 400),
        (json!([]), 400),
    ] {
        let reply = server.post("/events", body.clone()).await;
        assert_eq!(reply.status, status, "{body}");
    }
    let event = json!({"name": "n", "channel": "c", "data": "d"});
    assert_eq!(server.post("/batch_events", json!({"batch": vec![event.clone(); 11]})).await.status, 400);
    assert_eq!(server.post("/batch_events", json!({"batch": vec![event; 10]})).await.ok(200), json!({}));
    let path = format!("/apps/{APP_ID}/events");
    assert_eq!(
        server.send("POST", &path, "no json", &server.query("POST", &path, "no json", &[])).await.status,
        400
    );
}

#[tokio::test]
async fn questions_about_channels() {
    let site = site().await;
    let server = Server::new(&site);
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    for client in [&mut ana, &mut ben] {
        client.join("news", None).await;
        client.join("presence-room", Some(r#"{"user_id":"7"}"#)).await;
    }
    ben.join("cache-a", None).await;
    assert_eq!(
        server.get("/channels", &[]).await.ok(200),
        json!({"channels": {"cache-a": {}, "news": {}, "presence-room": {}}})
    );
    let asked = [("filter_by_prefix", "presence-"), ("info", "user_count,subscription_count")];
    assert_eq!(
        server.get("/channels", &asked).await.ok(200),
        json!({"channels": {"presence-room": {"user_count": 1, "subscription_count": 2}}})
    );
    assert_eq!(server.get("/channels", &[("info", "user_count")]).await.status, 400);
    let asked = [("info", "user_count,subscription_count")];
    assert_eq!(
        server.get("/channels/presence-room", &asked).await.ok(200),
        json!({"occupied": true, "user_count": 1, "subscription_count": 2})
    );
    assert_eq!(server.get("/channels/elsewhere", &[]).await.ok(200), json!({"occupied": false}));
    assert_eq!(server.get("/channels/news", &[("info", "user_count")]).await.status, 400);
    assert_eq!(server.get("/channels/news", &[("info", "cache")]).await.status, 400);
    assert_eq!(server.get("/channels/cache-a", &[("info", "cache")]).await.ok(200)["cache"], Value::Null);
    server.publish("cache-a", "n", "kept").await;
    let cached = server.get("/channels/cache-a", &[("info", "cache")]).await.ok(200);
    assert_eq!(cached["cache"]["data"], "kept");
    assert!(cached["cache"]["ttl"].as_i64().unwrap() > 1700);
    assert_eq!(
        server.get("/channels/presence-room/users", &[]).await.ok(200),
        json!({"users": [{"id": "7"}]})
    );
    assert_eq!(server.get("/channels/news/users", &[]).await.status, 400);
    let event = json!({"name": "n", "channels": ["presence-room", "news"], "data": "d", "info": "user_count,subscription_count"});
    assert_eq!(
        server.post("/events", event).await.ok(200),
        json!({"channels": {"presence-room": {"user_count": 1, "subscription_count": 2}, "news": {"subscription_count": 2}}})
    );
    let event = json!({"name": "n", "channel": "presence-room", "data": "d", "info": "user_count"});
    let plain = json!({"name": "n", "channel": "news", "data": "d"});
    assert_eq!(
        server.post("/batch_events", json!({"batch": [event, plain]})).await.ok(200),
        json!({"batch": [{"user_count": 1}, {}]})
    );
}

#[tokio::test]
async fn administrators_see_and_change_the_application() {
    let site = site().await;
    let (ana, admin) = (site.user("Ana").await, site.user_with("Administrator", &["admin"]).await);
    ana.get("/app").await.problem(403, "forbidden");
    ana.put("/app", json!({})).await.problem(403, "forbidden");
    let app = admin.get("/app").await.ok(200);
    assert_eq!((&app["id"], &app["key"], &app["secret"]), (&json!("3"), &json!(APP.key), &json!(APP.secret)));
    assert_eq!(app["options"]["client_events"], true);
    for (change, field) in [
        (json!({"id": "a b"}), "id"),
        (json!({"id": ""}), "id"),
        (json!({"key": "a b"}), "key"),
        (json!({"secret": "short"}), "secret"),
        (json!({"options": {"webhooks": [{"url": "file:///etc/passwd"}]}}), "webhooks"),
        (json!({"options": {"webhooks": [{"url": "https://a.example", "events": ["x"]}]}}), "webhooks"),
        (json!({"options": {"encryption_master_key": "short"}}), "encryption_master_key"),
        (json!({"options": {"compat": "other"}}), "options.compat"),
        (
            json!({"options": {"webhooks": [{"url": "https://a.example", "headers": {"a b": "x"}}]}}),
            "webhooks.headers",
        ),
        (
            json!({"options": {"webhooks": [{"url": "https://a.example", "headers": {"A": "x\r\ny: z"}}]}}),
            "webhooks.headers",
        ),
        (
            json!({"options": {"webhooks": [{"url": "https://a.example", "headers": {"x-pusher-key": "x"}}]}}),
            "webhooks.headers",
        ),
        (json!(["id"]), "body"),
        (json!({"other": 1}), "other"),
    ] {
        assert_eq!(
            admin.put("/app", change.clone()).await.problem(422, "invalid")["field"],
            field,
            "{change}"
        );
    }
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let change = json!({"key": "another", "options": {"client_events": false, "encryption_master_key": key}});
    let changed = admin.put("/app", change).await.ok(200);
    assert_eq!((&changed["key"], &changed["secret"]), (&json!("another"), &json!(APP.secret)));
    let audit = admin.get("/audit?action=app.update").await.ok(200).to_string();
    assert!(audit.contains("another") && !audit.contains(key) && !audit.contains(APP.secret), "{audit}");
    // The key of encrypted channels is as secret as the secret.
    let role = json!({"name": "Settings", "rights": ["manage_settings"]});
    admin.post("/roles", role).await.ok(201);
    let some = site.user_with("Some", &["Settings"]).await;
    let shown = some.get("/app").await.ok(200);
    assert!(shown["secret"].is_null() && shown["options"]["encryption_master_key"].is_null(), "{shown}");
    some.put("/app", json!({"options": shown["options"]})).await.ok(200);
    assert_eq!(admin.get("/app").await.ok(200)["options"]["encryption_master_key"], key, "it is kept");
    let other = json!({"options": {"encryption_master_key": "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="}});
    some.put("/app", other).await.problem(403, "forbidden");
    // At once on this node.
    let path = format!("/app/{}?protocol=7", APP.key);
    let mut old = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
    assert_eq!(old.close_code().await, 4001);
}

/// The next so many events.
async fn told(hooks: &mut UnboundedReceiver<(String, Value)>, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        let (_, body) =
            timeout(Duration::from_secs(20), hooks.recv()).await.expect("a webhook in time").unwrap();
        assert!(body["time_ms"].as_i64().unwrap() > 1_000_000_000_000);
        events.extend(body["events"].as_array().unwrap().clone());
    }
    events
}

#[tokio::test]
async fn webhooks_tell_what_happens_on_channels() {
    let site = site().await;
    let (url, mut hooks) = receiver(&[200]).await;
    let wanted = json!({"webhooks": [{"url": url}], "batch_webhooks": true, "subscription_counts": true});
    options(&site, wanted).await;
    let mut ana = Pusher::open(&site).await;
    ana.join("presence-room", Some(r#"{"user_id":"7"}"#)).await;
    assert_eq!(
        told(&mut hooks, 2).await,
        [
            json!({"name": "channel_occupied", "channel": "presence-room"}),
            json!({"name": "member_added", "channel": "presence-room", "user_id": "7"})
        ]
    );
    ana.tell("presence-room", "client-typing", json!({"on": true})).await;
    assert_eq!(
        told(&mut hooks, 1).await,
        [
            json!({"name": "client_event", "channel": "presence-room", "event": "client-typing", "data": "{\"on\":true}",
            "socket_id": ana.id, "user_id": "7"})
        ]
    );
    // Who comes back at once never left.
    ana.send(json!({"event": "pusher:unsubscribe", "data": {"channel": "presence-room"}})).await;
    ana.join("presence-room", Some(r#"{"user_id":"7"}"#)).await;
    ana.join("cache-a", None).await;
    let mut events = told(&mut hooks, 3).await;
    events.sort_by_key(|event| event["name"].as_str().unwrap().to_owned());
    assert_eq!(
        events,
        [
            json!({"name": "cache_miss", "channel": "cache-a"}),
            json!({"name": "channel_occupied", "channel": "cache-a"}),
            json!({"name": "subscription_count", "channel": "cache-a", "subscription_count": 1})
        ]
    );
    drop(ana);
    let mut events = told(&mut hooks, 4).await;
    events.sort_by_key(Value::to_string);
    assert_eq!(
        events,
        [
            json!({"name": "channel_vacated", "channel": "cache-a"}),
            json!({"name": "subscription_count", "channel": "cache-a", "subscription_count": 0}),
            json!({"name": "channel_vacated", "channel": "presence-room"}),
            json!({"name": "member_removed", "channel": "presence-room", "user_id": "7"})
        ]
    );
}

/// As Pusher and Soketi do it where batches are not switched on.
#[tokio::test]
async fn a_request_tells_of_one_event_and_of_the_channels_that_are_wanted() {
    let site = site().await;
    let (url, mut hooks) = receiver(&[200]).await;
    let filter = json!({"channel_name_starts_with": "presence-", "channel_name_ends_with": "-a"});
    options(&site, json!({"webhooks": [{"url": url, "filter": filter}]})).await;
    let mut ana = Pusher::open(&site).await;
    for channel in ["presence-room-b", "news-a", "presence-room-a"] {
        let member = channel.starts_with("presence-").then_some(r#"{"user_id":"7"}"#);
        ana.join(channel, member).await;
    }
    let mut names = Vec::new();
    for _ in 0..2 {
        let (_, body) = hooks.recv().await.unwrap();
        let events = body["events"].as_array().unwrap();
        assert_eq!((events.len(), &events[0]["channel"]), (1, &json!("presence-room-a")), "{body}");
        names.push(events[0]["name"].clone());
    }
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["channel_occupied", "member_added"]);
    let unknown = json!({"options": {"webhooks": [{"url": "https://a.example", "filter": {"name": "x"}}]}});
    let admin = site.user_with("Administrator", &["admin"]).await;
    let problem = admin.put("/app", unknown).await.problem(422, "invalid");
    assert_eq!(problem["field"], "options.webhooks[0].filter.name");
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again() {
    let site = site().await;
    let (url, mut hooks) = receiver(&[500, 200]).await;
    options(&site, json!({"webhooks": [{"url": url, "events": ["channel_occupied"]}]})).await;
    let mut ana = Pusher::open(&site).await;
    ana.join("presence-room", Some(r#"{"user_id":"7"}"#)).await;
    let first = told(&mut hooks, 1).await;
    assert_eq!(
        first,
        [json!({"name": "channel_occupied", "channel": "presence-room"})],
        "nothing else is wanted"
    );
    let numbers = site.stranger().client.get(format!("{}/metrics", site.url)).send().await.unwrap();
    let numbers = numbers.text().await.unwrap();
    let lag = numbers.lines().find_map(|line| line.strip_prefix("parlor_job_lag_seconds{job=\"webhooks\"} "));
    assert!(lag.unwrap().parse::<f64>().unwrap() > 0.0, "it waits for the next try");
    assert_eq!(told(&mut hooks, 1).await, first);
    for _ in 0..100 {
        let due = site.app.db.read_plain(|tx| jobs::next_due(tx, Queue::Outside));
        if due.await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the job stays");
}
