//! Doing it again, and doing it at once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Site;

#[tokio::test]
async fn the_same_message_five_times_at_once_is_one() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("once", &[&ben]).await;
    let cursor = ben.cursor().await;
    let path = format!("/conversations/{group}/messages");
    let sends = (0..5).map(|_| ana.post(&path, json!({"body": "hello", "client_id": "c-1"})));
    let replies = join_all(sends).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 201]);
    assert!(replies.iter().all(|reply| reply.json["id"] == replies[0].json["id"]));
    let (events, _) = ben.poll(&cursor, 1).await;
    assert_eq!(events.iter().filter(|event| event["type"] == "message.posted").count(), 1);
    ana.post(&path, json!({"body": "other", "client_id": "c-1"})).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_direct_conversation_is_one_whoever_opens_it() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let opens = (0..6).map(|n| {
        let (from, to) = if n % 2 == 0 { (&ana, &ben) } else { (&ben, &ana) };
        from.post("/conversations", json!({"kind": "direct", "user_ids": [to.id]}))
    });
    let replies = join_all(opens).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{:?}", replies.iter().map(|reply| (reply.status, &reply.text)).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply.json["id"] == replies[0].json["id"]));
}

#[tokio::test]
async fn an_idempotency_key_answers_again() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let create = |name: &str, key: &'static str| {
        admin.request(Method::POST, "/teams").header("idempotency-key", key).json(&json!({"name": name}))
    };
    let first = admin.send(create("Support", "k1")).await.ok(201);
    let again = admin.send(create("Support", "k1")).await.ok(201);
    assert_eq!(first, again);
    admin.send(create("Sales", "k1")).await.problem(409, "conflict");
    let teams: Value = admin.get("/teams").await.ok(200);
    assert_eq!(teams["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_is_a_messages_client_id() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let group = ana.group("once", &[&site.user("Ben").await]).await;
    let path = format!("/conversations/{group}/messages");
    let send =
        || ana.request(Method::POST, &path).header("idempotency-key", "abc").json(&json!({"body": "x"}));
    let first = ana.send(send()).await.ok(201);
    assert_eq!(first["client_id"], "abc");
    assert_eq!(ana.send(send()).await.ok(200)["id"], first["id"]);
}
