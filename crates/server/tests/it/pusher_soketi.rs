//! An application that moves here from Soketi: its id, its webhooks, and the habits that its own server relies on.

use serde_json::{Value, json};

use crate::support::pusher::{Pusher, Server, options, receiver, site, site_with};
use parlor_chat::pusher_apps::{self, Change};
use parlor_chat::{Error, tenants};

fn presence(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn an_id_is_any_name() {
    let site = site_with(|config| config.pusher.app_id = Some("app-id".to_owned())).await;
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    let server = Server::of(&site, "app-id");
    server.post("/events", json!({"name": "n", "channel": "news", "data": "d"})).await.ok(200);
    assert_eq!(ana.next_of("n").await["data"], "d");
    let admin = site.user_with("Administrator", &["admin"]).await;
    assert_eq!(admin.get("/app").await.ok(200)["id"], "app-id");
    // Another tenant cannot take the name.
    site.tenant("other").await;
    let taken = site.app.db.write_plain(2, |tx| {
        let other = tenants::by_slug(tx, "other")?;
        let change = Change { id: Some("app-id".to_owned()), ..Change::default() };
        pusher_apps::set(tx, other.id, other.no, &change)
    });
    assert!(matches!(taken.await, Err(Error::Invalid { field: "id", rule: "unique", .. })));
}

/// Pusher's documentation lets the server ask for what it wants; Soketi tells it always.
#[tokio::test]
async fn answers_have_what_soketi_tells() {
    let site = site().await;
    let server = Server::new(&site);
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    ana.join("presence-room", Some(r#"{"user_id":7,"user_info":{"name":"Ana"}}"#)).await;
    let event = json!({"name": "n", "channel": "news", "data": "d"});
    let asked = async || {
        [
            server.post("/events", event.clone()).await.ok(200),
            server.post("/batch_events", json!({"batch": [event]})).await.ok(200),
            server.post("/users/nobody/terminate_connections", json!({})).await.ok(200),
            server.get("/channels", &[]).await.ok(200)["channels"]["news"].clone(),
            server.get("/channels/news", &[]).await.ok(200),
            server.get("/channels/presence-room", &[]).await.ok(200),
        ]
    };
    assert_eq!(
        asked().await,
        [json!({}), json!({}), json!({}), json!({}), json!({"occupied": true}), json!({"occupied": true})]
    );
    options(&site, json!({"compat": "soketi"})).await;
    let counted = json!({"occupied": true, "subscription_count": 1});
    let done = json!({"ok": true});
    let room = json!({"occupied": true, "subscription_count": 1, "user_count": 1});
    assert_eq!(asked().await, [done.clone(), done.clone(), done, counted.clone(), counted, room]);
}

#[tokio::test]
async fn ids_that_are_numbers_stay_numbers() {
    let site = site().await;
    let (url, mut hooks) = receiver(&[200]).await;
    options(
        &site,
        json!({"compat": "soketi", "webhooks": [{"url": url, "events": ["member_added", "client_event"]}]}),
    )
    .await;
    let server = Server::new(&site);
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let seven = r#"{"user_id":7,"user_info":{"name":"Ana"}}"#;
    let joined = ana.join("presence-room", Some(seven)).await;
    assert_eq!(joined, json!({"presence": {"ids": [7], "hash": {"7": {"name": "Ana"}}, "count": 1}}));
    ben.join("presence-room", Some(r#"{"user_id":"7b"}"#)).await;
    assert_eq!(presence(&ana.next_of("pusher_internal:member_added").await)["user_id"], "7b");
    // Who was there before is told to nobody who came after, but it may just be on its way.
    ben.until_pong().await;
    // Oneself in another window is no new member.
    let mut again = Pusher::open(&site).await;
    again.join("presence-room", Some(seven)).await;
    assert_eq!(ben.until_pong().await, Vec::<Value>::new());
    ana.tell("presence-room", "client-hello", json!({})).await;
    assert_eq!(ben.next_of("client-hello").await["user_id"], 7);
    let mut users = server.get("/channels/presence-room/users", &[("with_user_info", "1")]).await.ok(200);
    users["users"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(
        users["users"],
        json!([{"id": "7b", "user_info": null}, {"id": 7, "user_info": {"name": "Ana"}}])
    );
    for wanted in [json!(7), json!("7b"), json!(7)] {
        let (_, body) = hooks.recv().await.unwrap();
        assert_eq!(body["events"][0]["user_id"], wanted, "{body}");
    }
    drop((ana, again));
    assert_eq!(presence(&ben.next_of("pusher_internal:member_removed").await)["user_id"], 7);
}

#[tokio::test]
async fn headers_go_along_and_are_kept_like_secrets() {
    let site = site().await;
    let (url, mut hooks) = receiver(&[200]).await;
    let words = "Bearer of-the-shop";
    let hook = |value: &str| json!({"webhooks": [{"url": url, "events": ["channel_occupied"], "headers": {"Authorization": value}}]});
    options(&site, hook(words)).await;
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    let (head, _) = hooks.recv().await.unwrap();
    assert!(head.contains("authorization: bearer of-the-shop"), "{head}");
    let admin = site.user_with("Second", &["admin"]).await;
    assert!(!admin.get("/audit?action=app.update").await.ok(200).to_string().contains("of-the-shop"));
    // Who has not every right sees that there is a header, and may keep it or take it away.
    admin.post("/roles", json!({"name": "Settings", "rights": ["manage_settings"]})).await.ok(201);
    let some = site.user_with("Some", &["Settings"]).await;
    let shown = some.get("/app").await.ok(200)["options"].clone();
    assert_eq!(shown["webhooks"][0]["headers"], json!({"Authorization": ""}));
    some.put("/app", json!({"options": shown})).await.ok(200);
    assert_eq!(admin.get("/app").await.ok(200)["options"]["webhooks"][0]["headers"]["Authorization"], words);
    some.put("/app", json!({"options": hook("Bearer of-another")})).await.problem(403, "forbidden");
    // Nor may it be sent elsewhere: what is known of one address is not known of another.
    let mut moved = hook("");
    moved["webhooks"][0]["url"] = json!("https://elsewhere.example/");
    some.put("/app", json!({"options": moved})).await.problem(422, "invalid");
}

/// Pusher allows an event's parameters in the query, and advises against it.
#[tokio::test]
async fn an_event_may_stand_in_the_query() {
    let site = site().await;
    let server = Server::new(&site);
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    ana.join("other", None).await;
    let path = "/apps/3/events";
    let event = [("name", "n"), ("channels", "news,other"), ("data", "d & e")];
    let query = server.query("POST", path, "", &event);
    assert_eq!(server.send("POST", path, "", &query).await.ok(200), json!({}));
    for channel in ["news", "other"] {
        let frame = ana.next_of("n").await;
        assert_eq!((&frame["channel"], &frame["data"]), (&json!(channel), &json!("d & e")));
    }
    let reply = server.send("POST", path, "", &server.query("POST", path, "", &event[..2])).await;
    assert_eq!(
        (reply.status, &reply.json["error"]),
        (400, &json!("give data, in a body of JSON or in the query"))
    );
}
