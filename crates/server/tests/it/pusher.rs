//! The Pusher protocol on the wire: connections, channels, presence, client events, users.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::pusher::{APP, Pusher, Server, options, site, site_with};

fn text(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

fn user(id: &str) -> String {
    json!({"user_id": id, "user_info": {"name": id}}).to_string()
}

#[tokio::test]
async fn refusals_come_after_the_handshake() {
    let site = site().await;
    for (path, code) in [
        ("/app/unknown?protocol=7".to_owned(), 4001),
        (format!("/app/{}", APP.key), 4008),
        (format!("/app/{}?protocol=x", APP.key), 4006),
        (format!("/app/{}?protocol=3", APP.key), 4007),
        (format!("/app/{}?protocol=8", APP.key), 4007),
    ] {
        let mut client = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
        let error = client.frame().await.unwrap();
        assert_eq!(error["event"], "pusher:error");
        assert_eq!(error["data"]["code"], code);
        assert_eq!(client.close_code().await, code, "{path}");
    }
    options(&site, json!({"enabled": false})).await;
    let path = format!("/app/{}?protocol=7", APP.key);
    let mut client = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
    assert_eq!(client.close_code().await, 4003);
}

#[tokio::test]
async fn an_application_may_limit_its_connections() {
    let site = site().await;
    options(&site, json!({"max_connections": 1})).await;
    let mut first = Pusher::open(&site).await;
    let path = format!("/app/{}?protocol=7", APP.key);
    let mut second = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
    assert_eq!(second.close_code().await, 4004);
    first.until_pong().await;
    drop(first);
    for _ in 0..50 {
        let mut again = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
        if again.frame().await.unwrap()["event"] == "pusher:connection_established" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place stays taken");
}

#[tokio::test]
async fn what_is_published_arrives_but_not_at_its_sender() {
    let (site, server) = {
        let site = site().await;
        let server = Server::new(&site);
        (site, server)
    };
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    assert_ne!(ana.id, ben.id);
    for client in [&mut ana, &mut ben] {
        client.join("news", None).await;
        client.join("private-orders", None).await;
    }
    server.publish("news", "posted", r#"{"title":"é\n\"q\""}"#).await;
    for client in [&mut ana, &mut ben] {
        let frame = client.frame().await.unwrap();
        assert_eq!(frame, json!({"event": "posted", "channel": "news", "data": r#"{"title":"é\n\"q\""}"#}));
    }
    let both = json!({"name": "n", "channels": ["news", "private-orders", "elsewhere"], "data": "1",
        "socket_id": ana.id});
    server.post("/events", both).await.ok(200);
    assert_eq!(ben.frame().await.unwrap()["channel"], "news");
    assert_eq!(ben.frame().await.unwrap()["channel"], "private-orders");
    ben.send(json!({"event": "pusher:unsubscribe", "data": {"channel": "news"}})).await;
    ben.until_pong().await;
    server.publish("news", "only for ana", "2").await;
    assert_eq!(ana.frame().await.unwrap()["event"], "only for ana", "her own was left out");
    assert!(ben.until_pong().await.is_empty());
}

#[tokio::test]
async fn private_channels_need_the_applications_signature() {
    let site = site().await;
    let mut ana = Pusher::open(&site).await;
    let right = APP.channel(&ana.id, "private-a", None);
    let wrong = [
        None,
        Some(String::new()),
        Some("junk".to_owned()),
        Some(APP.channel(&ana.id, "private-b", None)),
        Some(APP.channel("1.1", "private-a", None)),
        Some(right.replacen(APP.key, "foreign", 1)),
        Some(format!("{right}0")),
        Some(APP.user(&ana.id, "private-a")),
    ];
    for auth in wrong {
        let answer = ana.ask("private-a", auth.clone(), None).await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{auth:?}");
        assert_eq!((&answer["data"]["type"], &answer["data"]["status"]), (&json!("AuthError"), &json!(401)));
    }
    assert_eq!(
        ana.ask("private-a", Some(right), None).await["event"],
        "pusher_internal:subscription_succeeded"
    );
    assert_eq!(ana.join("private-a", None).await, json!({}), "twice is fine");
    assert_eq!(ana.join("private-encrypted-x", None).await, json!({}));
    let long = format!("private-{}", "x".repeat(200));
    assert_eq!(ana.refused(&long, None).await["status"], 4009);
    assert_eq!(ana.refused("private-a b", None).await["status"], 400);
}

#[tokio::test]
async fn presence_tells_who_is_there() {
    let site = site().await;
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let told = ana.join("presence-room", Some(r#"{"user_id":7,"user_info":{"name":"Ana"}}"#)).await;
    assert_eq!(told, json!({"presence": {"ids": ["7"], "hash": {"7": {"name": "Ana"}}, "count": 1}}));
    let told = ben.join("presence-room", Some(r#"{"user_id":"8"}"#)).await;
    assert_eq!(told["presence"]["ids"], json!(["7", "8"]));
    assert_eq!(told["presence"]["hash"]["8"], Value::Null);
    let added = ana.next_of("pusher_internal:member_added").await;
    assert_eq!(text(&added), json!({"user_id": "8", "user_info": null}));
    assert!(added.get("user_id").is_none());
    // A second tab of the same user is no news.
    let mut tab = Pusher::open(&site).await;
    let told = tab.join("presence-room", Some(r#"{"user_id":"8"}"#)).await;
    assert_eq!(told["presence"]["count"], 2);
    ben.until_pong().await;
    drop(ben);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(ana.until_pong().await.is_empty(), "the tab is still there");
    drop(tab);
    let removed = ana.next_of("pusher_internal:member_removed").await;
    assert_eq!(text(&removed), json!({"user_id": "8"}));
    assert!(ana.until_pong().await.is_empty(), "nobody hears of oneself");
    let refused = ana.refused("presence-x", Some("{}")).await;
    assert_eq!(refused["status"], 400);
    assert_eq!(ana.refused("presence-x", None).await["status"], 401);
}

#[tokio::test]
async fn presence_has_limits() {
    let site = site_with(|config| {
        config.pusher.members = 1;
        config.pusher.member_limit = 100;
        config.pusher.channels = 2;
    })
    .await;
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let big = json!({"user_id": "7", "user_info": "x".repeat(100)}).to_string();
    assert_eq!(ana.refused("presence-room", Some(&big)).await["status"], 4301);
    ana.join("presence-room", Some(&user("7"))).await;
    let full = ben.refused("presence-room", Some(&user("8"))).await;
    assert_eq!((&full["type"], &full["status"]), (&json!("LimitReached"), &json!(4100)));
    ben.join("presence-room", Some(&user("7"))).await;
    ana.join("a", None).await;
    for n in 0..10_000 {
        let data = json!({"event": "pusher:subscribe", "data": {"channel": format!("flood-{n}")}});
        ana.socket.feed(Message::text(data.to_string())).await.unwrap();
        if n % 100 == 99 {
            ana.socket.flush().await.unwrap();
            for _ in 0..100 {
                assert_eq!(ana.frame().await.unwrap()["data"]["type"], "LimitReached");
            }
        }
    }
    assert!(ana.until_pong().await.is_empty());
}

#[tokio::test]
async fn clients_tell_each_other() {
    let site = site().await;
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    for (client, id) in [(&mut ana, "7"), (&mut ben, "8")] {
        client.join("private-room", None).await;
        client.join("presence-room", Some(&user(id))).await;
    }
    ana.tell("private-room", "client-typing", json!({"on": true})).await;
    assert_eq!(
        ben.next_of("client-typing").await,
        json!({"event": "client-typing", "channel": "private-room", "data": {"on": true}})
    );
    ana.tell("presence-room", "client-typing", json!("text")).await;
    assert_eq!(
        ben.next_of("client-typing").await,
        json!({"event": "client-typing", "channel": "presence-room", "data": "text", "user_id": "7"})
    );
    ana.tell("private-elsewhere", "client-x", json!({})).await;
    ana.tell("private-room", "other-x", json!({})).await;
    let own = ana.until_pong().await;
    assert!(own.iter().all(|frame| frame["event"] == "pusher_internal:member_added"), "{own:?}");
    for channel in ["public", "private-encrypted-x"] {
        ana.join(channel, None).await;
        ana.tell(channel, "client-x", json!({})).await;
        assert_eq!(ana.frame().await.unwrap()["data"]["code"], 4301);
    }
    assert!(ben.until_pong().await.is_empty());
    options(&site, json!({"client_events": false})).await;
    let mut eve = Pusher::open(&site).await;
    eve.join("private-room", None).await;
    eve.tell("private-room", "client-x", json!({})).await;
    assert_eq!(eve.frame().await.unwrap()["data"]["code"], 4301);
    assert!(ben.until_pong().await.is_empty());
}

#[tokio::test]
async fn too_many_client_events_are_not_forwarded() {
    let site = site_with(|config| config.pusher.client_events = 3).await;
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    ana.join("private-room", None).await;
    ben.join("private-room", None).await;
    for n in 0..20 {
        ana.tell("private-room", "client-n", json!(n)).await;
    }
    let refused = ana.until_pong().await;
    assert!(refused.len() >= 15, "{}", refused.len());
    assert!(refused.iter().all(|frame| frame["data"]["code"] == 4301));
    assert_eq!(ben.until_pong().await.len(), 20 - refused.len());
    ana.tell("private-room", "client-n", json!("x".repeat(11_000))).await;
    assert_eq!(ana.frame().await.unwrap()["data"]["code"], 4301);
}

#[tokio::test]
async fn cache_channels_tell_their_last_event() {
    let site = site().await;
    let server = Server::new(&site);
    let mut ana = Pusher::open(&site).await;
    for channel in ["cache-a", "private-cache-a"] {
        ana.join(channel, None).await;
        assert_eq!(ana.frame().await.unwrap(), json!({"event": "pusher:cache_miss", "channel": channel}));
        server.publish(channel, "first", "1").await;
        server.publish(channel, "last", "2").await;
        let mut ben = Pusher::open(&site).await;
        ben.join(channel, None).await;
        assert_eq!(ben.frame().await.unwrap(), json!({"event": "last", "channel": channel, "data": "2"}));
    }
}

#[tokio::test]
async fn users_sign_in_and_are_reached() {
    let site = site().await;
    let server = Server::new(&site);
    let mut ana = Pusher::open(&site).await;
    let own = "#server-to-user-7";
    assert_eq!(ana.ask(own, None, None).await["data"]["status"], 401, "not signed in yet");
    let signed_in = ana.sign_in(json!({"id": "7", "watchlist": [8, "9"]})).await;
    assert!(signed_in["data"]["user_data"].as_str().unwrap().contains("watchlist"));
    let told = text(&ana.next_of("pusher_internal:watchlist_events").await);
    assert_eq!(told, json!({"events": [{"name": "offline", "user_ids": ["8", "9"]}]}));
    assert_eq!(ana.ask("#server-to-user-8", None, None).await["data"]["status"], 401);
    ana.join(own, None).await;
    server.publish(own, "for you", "1").await;
    assert_eq!(ana.frame().await.unwrap(), json!({"event": "for you", "channel": own, "data": "1"}));
    let mut ben = Pusher::open(&site).await;
    ben.sign_in(json!({"id": 8, "user_info": {"name": "Ben"}})).await;
    let told = text(&ana.next_of("pusher_internal:watchlist_events").await);
    assert_eq!(told, json!({"events": [{"name": "online", "user_ids": ["8"]}]}));
    let told = ben.join("presence-room", None).await;
    assert_eq!(told["presence"]["hash"]["8"]["name"], "Ben", "known from the sign-in");
    drop(ben);
    let told = text(&ana.next_of("pusher_internal:watchlist_events").await);
    assert_eq!(told, json!({"events": [{"name": "offline", "user_ids": ["8"]}]}));
    server.post("/users/7/terminate_connections", json!({})).await.ok(200);
    assert_eq!(ana.close_code().await, 4009);
}

#[tokio::test]
async fn who_cannot_sign_in_is_sent_away() {
    let site = site().await;
    for (data, auth) in
        [(r#"{"id":"7"}"#, "junk"), (r#"{"id":[7]}"#, ""), (r#"{"id":""}"#, ""), ("no json", "")]
    {
        let mut ana = Pusher::open(&site).await;
        let auth = if auth.is_empty() { APP.user(&ana.id, data) } else { auth.to_owned() };
        ana.send(json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": data}})).await;
        assert_eq!(ana.frame().await.unwrap()["data"]["code"], 4009);
        assert_eq!(ana.close_code().await, 4009, "{data}");
    }
    let mut ana = Pusher::open(&site).await;
    ana.sign_in(json!({"id": "7"})).await;
    ana.sign_in(json!({"id": "7"})).await;
    let data = r#"{"id":"8"}"#;
    let auth = APP.user(&ana.id, data);
    ana.send(json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": data}})).await;
    assert_eq!(ana.close_code().await, 4009);
}

#[tokio::test]
async fn subscribers_may_be_told_how_many_they_are() {
    let site = site().await;
    options(&site, json!({"subscription_counts": true, "authorize_within": 2})).await;
    let (mut ana, mut ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    ana.join("news", None).await;
    let count = ana.next_of("pusher_internal:subscription_count").await;
    assert_eq!((text(&count), &count["channel"]), (json!({"subscription_count": 1}), &json!("news")));
    ben.join("news", None).await;
    ben.join("private-x", None).await;
    assert_eq!(text(&ana.next_of("pusher_internal:subscription_count").await)["subscription_count"], 2);
    assert_eq!(ana.close_code().await, 4009, "a public channel is no authorization");
    for (channel, subscribers) in [("private-x", 1), ("news", 1)] {
        let count = ben.next_of("pusher_internal:subscription_count").await;
        let expected = (&json!(channel), json!({"subscription_count": subscribers}));
        assert_eq!((&count["channel"], text(&count)), expected);
    }
    tokio::time::sleep(Duration::from_millis(2200)).await;
    ben.until_pong().await;
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection() {
    let site = site().await;
    for message in [
        Message::text("no json"),
        Message::text("[]"),
        Message::text(r#"{"event":"pusher:subscribe","data":{"channel":1}}"#),
        Message::text(r#"{"event":"client-x","data":{}}"#),
        Message::binary(vec![1, 2, 3]),
    ] {
        let mut ana = Pusher::open(&site).await;
        ana.socket.send(message.clone()).await.unwrap();
        assert_eq!(ana.close_code().await, 4400, "{message:?}");
    }
    let mut ana = Pusher::open(&site).await;
    let _ = ana.socket.send(Message::text("x".repeat(40_000))).await;
    assert_eq!(ana.close_code().await, 1009, "what is too large is not taken");
    let mut ana = Pusher::open(&site).await;
    ana.send(json!({"event": "of a later version", "data": 1})).await;
    ana.send(json!({"event": "pusher:unsubscribe", "data": {"channel": "never joined"}})).await;
    assert!(ana.until_pong().await.is_empty());
}

#[tokio::test]
async fn a_silent_client_is_asked_and_sent_away() {
    let site = site_with(|config| {
        config.pusher.activity_timeout = 1;
        config.pusher.pong_timeout = 1;
    })
    .await;
    let mut ana = Pusher::open(&site).await;
    assert_eq!(ana.frame().await.unwrap()["event"], "pusher:ping");
    ana.send(json!({"event": "pusher:pong", "data": {}})).await;
    assert_eq!(ana.frame().await.unwrap()["event"], "pusher:ping", "asked again");
    assert_eq!(ana.close_code().await, 4201);
}

#[tokio::test]
async fn a_server_that_stops_says_come_back() {
    let mut site = site().await;
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    site.restart().await;
    assert_eq!(ana.close_code().await, 4100);
    while ana.socket.next().await.is_some_and(|next| next.is_ok()) {}
}

#[tokio::test]
async fn who_is_too_slow_is_told_to_come_back() {
    let site = site_with(|config| config.queue_limit = 1).await;
    let server = Server::new(&site);
    let mut ana = Pusher::open(&site).await;
    ana.join("news", None).await;
    let event = json!({"name": "n", "channel": "news", "data": "x"});
    let batch = json!({"batch": vec![event; 10]});
    for _ in 0..20 {
        server.post("/batch_events", batch.clone()).await.ok(200);
    }
    assert_eq!(ana.close_code().await, 4100);
}
