//! Socket.IO: what a client of the main namespace can rely on.

use crate::support::http;
use parlor::auth::jwt::{Claims, sign};
use serde_json::{Value, json};

use crate::support::{Person, Polling, SECRET, Sio, Site, claims, now};

mod erp;
mod recovery;

async fn pair(site: &Site) -> (Person, Person, String) {
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("talk", &[&ben]).await;
    (ana, ben, group)
}

async fn refusal(site: &Site, token: Value) -> Value {
    let mut sio = Sio::open(&site.url, "/socket.io/", &[]).await;
    sio.join(json!({ "token": token })).await.unwrap_err()
}

#[tokio::test]
async fn events_arrive_and_can_be_answered() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut sio = Sio::of(&ben).await;
    assert_eq!((sio.sid.len(), sio.pid.is_empty()), (20, false));
    let sent = ana.say(&group, "hello").await;
    let event = sio.next_of("message.posted").await;
    assert_eq!(event["data"]["message"]["id"], sent["id"]);
    assert_eq!(event["actor"]["name"], "Ana");
    assert_eq!(
        sio.offset,
        Some(event["seq"].to_string()),
        "the number of the event is what one recovers from"
    );

    let said = json!({"conversation_id": group, "body": "hi Ana", "client_id": "c-1"});
    let answer = sio.ask("message", said.clone()).await;
    assert_eq!((&answer["ok"], &answer["data"]["body"]), (&json!(true), &json!("hi Ana")));
    assert_eq!(sio.message().await, "hi Ana");
    assert_eq!(sio.ask("message", said).await["data"]["id"], answer["data"]["id"], "sent once");
    let read = sio.ask("read", json!({"conversation_id": group})).await;
    assert_eq!((&read["ok"], &read["data"]["unread"]), (&json!(true), &json!(0)));
    // Without an acknowledgement it is done all the same.
    sio.send(&format!("42{}", json!(["message", {"conversation_id": group, "body": "once more"}]))).await;
    assert_eq!(sio.message().await, "once more");
}

#[tokio::test]
async fn who_types_is_told_and_not_kept() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let (mut anas, mut bens) = (Sio::of(&ana).await, Sio::of(&ben).await);
    ana.say(&group, "hello").await;
    bens.message().await;
    let offset = bens.offset.clone();
    assert_eq!(anas.ask("typing", json!({"conversation_id": group})).await["ok"], true);
    let typing = bens.next_of("typing").await;
    assert_eq!((&typing["data"]["person_id"], &typing["data"]["typing"]), (&json!(ana.id), &json!(true)));
    assert_eq!(anas.ask("typing", json!({"conversation_id": group, "typing": false})).await["ok"], true);
    assert_eq!(bens.next_of("typing").await["data"]["typing"], false);
    assert_eq!(bens.offset, offset, "what is only told has no place to come back to");
    assert_eq!(anas.ask("active", json!({})).await["ok"], true);
    let cleo = site.user("Cleo").await;
    let foreign = Sio::of(&cleo).await.ask("typing", json!({"conversation_id": group})).await;
    assert_eq!(foreign["error"]["code"], "not_found");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let cleo = site.user("Cleo").await;
    let mut sio = Sio::of(&cleo).await;
    let code = |answer: Value| {
        assert_eq!(answer["ok"], false);
        answer["error"]["code"].as_str().unwrap().to_owned()
    };
    let foreign = json!({"conversation_id": group, "body": "let me in"});
    assert_eq!(code(sio.ask("message", foreign).await), "not_found");
    assert_eq!(code(sio.ask("message", json!({"body": "where?"})).await), "invalid");
    assert_eq!(code(sio.ask("message", json!("nothing")).await), "invalid");
    assert_eq!(code(sio.ask("read", json!({"conversation_id": "x"})).await), "invalid");
    assert_eq!(code(sio.ask("dance", json!({})).await), "invalid");
    let long = json!({"conversation_id": group, "body": "x".repeat(100_000)});
    assert_eq!(code(sio.ask("message", long).await), "too_large");
    // The connection stays.
    let other = ana.group("with Cleo", &[&cleo]).await;
    ana.say(&other, "for Cleo").await;
    assert_eq!(sio.message().await, "for Cleo");
    assert_eq!(ben.get("/unread").await.ok(200)["unread"], 0);
}

#[tokio::test]
async fn who_is_not_known_is_refused() {
    let site = Site::start().await;
    let secret = site.tenant("other").await;
    let signed = |claims: &Claims, secret: &str| json!(sign(claims, secret.as_bytes(), None));
    let foreign = Claims { tenant: "other".to_owned(), ..claims("Ana") };
    let wrong = [
        Value::Null,
        json!("nonsense"),
        json!(7),
        signed(&Claims { exp: now() - 60.0, ..claims("Ana") }, SECRET),
        signed(&claims("Ana"), "another secret"),
        signed(&foreign, SECRET),
    ];
    for token in wrong {
        let refusal = refusal(&site, token.clone()).await;
        assert_eq!(refusal["data"]["code"], "unauthorized", "{token}: {refusal}");
        assert!(refusal["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    // A stranger of another tenant is at home there, and hears nothing of ours.
    let (ana, _, group) = pair(&site).await;
    let stranger = Person::arrive(&site.url, sign(&foreign, secret.as_bytes(), None).unwrap()).await;
    let mut sio = Sio::of(&stranger).await;
    ana.say(&group, "among us").await;
    assert!(sio.is_silent().await);
    let mut lost = Sio::open(&site.url, "/socket.io/", &[]).await;
    lost.send("40/admin,{}").await;
    assert_eq!(lost.packet().await.unwrap(), r#"44/admin,{"message":"Invalid namespace"}"#);
}

#[tokio::test]
async fn every_way_to_show_a_token() {
    let site = Site::start().await;
    let (ana, ..) = pair(&site).await;
    let token = ana.token.clone().unwrap();
    for name in ["token", "access_token"] {
        let mut sio = Sio::open(&site.url, &format!("/socket.io/?{name}={token}"), &[]).await;
        sio.join(json!({})).await.unwrap();
    }
    let bearer = format!("Bearer {token}");
    let mut sio = Sio::open(&site.url, "/socket.io/", &[("authorization", &bearer)]).await;
    sio.join(json!({})).await.unwrap();
    // What is shown to the namespace counts before what was shown to the address.
    let mut sio = Sio::open(&site.url, "/socket.io/", &[("authorization", &bearer)]).await;
    sio.join(json!({"token": "nonsense"})).await.unwrap_err();
}

#[tokio::test]
async fn a_foreign_page_cannot_use_the_cookie() {
    let site = Site::with(|config| config.origins = vec!["https://host.example".to_owned()]).await;
    let ana = site.user("Ana").await;
    let reply = site.stranger().post("/sessions", json!({"token": ana.token})).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    for (origin, allowed) in
        [(site.url.as_str(), true), ("https://host.example", true), ("https://evil.example", false)]
    {
        let mut sio = Sio::open(&site.url, "/socket.io/", &[("cookie", &cookie), ("origin", origin)]).await;
        assert_eq!(sio.join(json!({})).await.is_ok(), allowed, "{origin}");
    }
    let client = http::client();
    let asked = |origin: &'static str| {
        let url = format!("{}/socket.io/?EIO=4&transport=polling", site.url);
        client.get(url).header("origin", origin).send()
    };
    let named = asked("https://host.example").await.unwrap();
    assert_eq!(named.headers()["access-control-allow-origin"], "https://host.example");
    assert_eq!(named.headers()["access-control-allow-credentials"], "true");
    assert!(
        !asked("https://evil.example").await.unwrap().headers().contains_key("access-control-allow-origin")
    );
    // Clients send headers of their own (`extraHeaders`): pages that may come may say which.
    let preflight = |origin: &'static str| {
        let request = client.request(reqwest::Method::OPTIONS, format!("{}/socket.io/", site.url));
        request
            .header("origin", origin)
            .header("access-control-request-headers", "x-shop,authorization")
            .send()
    };
    let named = preflight("https://host.example").await.unwrap();
    assert_eq!(named.headers()["access-control-allow-headers"], "x-shop,authorization");
    let other = preflight("https://evil.example").await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-headers"));
}

#[tokio::test]
async fn polling_carries_the_same() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut polling = Polling::open(&site.url).await;
    assert_eq!(polling.post(format!("40{}", json!({"token": ben.token}))).await, 200);
    assert!(polling.packet().await.unwrap().starts_with("40{"));
    for n in 0..30 {
        ana.say(&group, &n.to_string()).await;
    }
    let mut seen = Vec::new();
    while seen.len() < 30 {
        let packet = polling.packet().await.unwrap();
        if let Some(text) = packet.strip_prefix(r#"42["message.posted","#) {
            let event: Value = serde_json::from_str(&format!("[{text}")).unwrap();
            seen.push(event[0]["data"]["message"]["body"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen, (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
    let said = json!(["message", {"conversation_id": group, "body": "by polling"}]);
    assert_eq!(polling.post(format!("421{said}")).await, 200);
    while !polling.packet().await.unwrap().starts_with("431[{\"ok\":true") {}
}

#[tokio::test]
async fn a_token_that_ends_puts_the_client_out() {
    let site = Site::start().await;
    let ana = site.person(Claims { exp: now() - 20.0, ..claims("Ana") }).await;
    let mut sio = Sio::of(&ana).await;
    assert!(sio.is_put_out().await, "it must not come back by itself");
    assert_eq!(refusal(&site, json!(ana.token)).await["data"]["code"], "unauthorized");
}

#[tokio::test]
async fn who_is_deactivated_or_removed_hears_nothing_more() {
    let site = Site::start().await;
    let admin = site.user_with("Admin", &["admin"]).await;
    let (ana, ben, group) = pair(&site).await;
    let cleo = site.user("Cleo").await;
    ana.post(&format!("/conversations/{group}/participants"), json!({"user_ids": [cleo.id]})).await.ok(201);
    let (mut bens, mut cleos, mut polling) =
        (Sio::of(&ben).await, Sio::of(&cleo).await, Polling::open(&site.url).await);
    polling.post(format!("40{}", json!({"token": ben.token}))).await;
    assert!(polling.packet().await.unwrap().starts_with("40{"));
    assert_eq!(ana.delete(&format!("/conversations/{group}/participants/{}", cleo.id)).await.status, 204);
    admin.patch(&format!("/users/{}", ben.id), json!({"active": false})).await.ok(200);
    ana.say(&group, "secret").await;
    let mut last = Value::Null;
    loop {
        match bens.packet().await {
            Some(packet) if packet == "41" => break,
            Some(packet) => {
                assert!(!packet.contains("secret"));
                last = json!(packet);
            }
            None => panic!("put out before the connection ends, last {last}"),
        }
    }
    assert!(bens.packet().await.is_none());
    while let Some(packet) = polling.packet().await {
        assert!(!packet.contains("secret"));
        if packet == "1" {
            break;
        }
    }
    cleos.next_of("participant.removed").await;
    cleos.next_of("user.updated").await;
    assert!(cleos.is_silent().await);
    assert_eq!(refusal(&site, json!(ben.token)).await["data"]["code"], "unauthorized");
    let answer = cleos.ask("message", json!({"conversation_id": group, "body": "hello?"})).await;
    assert_eq!(answer["error"]["code"], "not_found");
}

#[tokio::test]
async fn hostile_clients_hurt_only_themselves() {
    let site = Site::with(|config| config.socketio.max_payload = 20_000).await;
    let (ana, ben, group) = pair(&site).await;
    let mut good = Sio::of(&ben).await;
    let wrong = [
        "x".repeat(30_000),
        "4".to_owned(),
        "42{}".to_owned(),
        "42/other,[\"message\"]".to_owned(),
        "40".to_owned(),
        "4599999-[\"message\"]".to_owned(),
        format!("42[\"message\",{}", "[".repeat(10_000)),
        "2probe".to_owned(),
    ];
    for packet in wrong {
        let mut sio = Sio::of(&ana).await;
        sio.send(&packet).await;
        while sio.packet().await.is_some() {}
    }
    for body in ["4", "42[\"message\"]", "2", "", "40{\"token\":1"] {
        let polling = Polling::open(&site.url).await;
        assert_eq!(polling.post(body).await, 400, "{body}");
        assert_eq!(polling.post("3").await, 400, "the session is closed");
    }
    let polling = Polling::open(&site.url).await;
    assert_eq!(polling.post(vec![0x34, 0xff]).await, 400);
    let polling = Polling::open(&site.url).await;
    assert_eq!(polling.post("3".repeat(30_000)).await, 413);
    let mut flood = Sio::of(&ana).await;
    for n in 0..10_000 {
        flood.send(&format!("40/n{n}")).await;
    }
    ana.say(&group, "still here").await;
    assert_eq!(good.message().await, "still here");
}

#[tokio::test]
async fn nobody_stays_without_joining() {
    let site = Site::with(|config| config.socketio.connect_timeout = 100).await;
    let mut sio = Sio::open(&site.url, "/socket.io/", &[]).await;
    assert!(sio.packet().await.is_none());
    let mut refused = Sio::open(&site.url, "/socket.io/", &[]).await;
    refused.join(json!({})).await.unwrap_err();
    assert!(refused.packet().await.is_none());
}

#[tokio::test]
async fn files_need_no_words() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("files", &[&ben]).await;
    let file = crate::files::upload(&ana, "a.png", crate::files::PNG).await.ok(201);
    let mut socket = Sio::of(&ana).await;
    let said =
        json!({"conversation_id": group, "body": "", "client_id": "1", "attachment_ids": [file["id"]]});
    let answer = socket.ask("message", said).await;
    assert_eq!((&answer["ok"], &answer["data"]["attachments"]), (&json!(true), &json!([file])), "{answer}");
    let empty = socket.ask("message", json!({"conversation_id": group, "body": "", "client_id": "2"})).await;
    assert_eq!(empty["ok"], false, "{empty}");
}
