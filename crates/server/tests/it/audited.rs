//! What the audit log remembers of connections and messages where a tenant has set it so: on every transport, in every
//! kind of conversation, and never a text.

use serde_json::{Value, json};

use crate::support::Person;
use crate::support::hub::hub_site;

async fn rows(admin: &Person, action: &str) -> Vec<Value> {
    let log = admin.get(&format!("/audit?limit=200&action={action}")).await.ok(200);
    log["items"].as_array().unwrap().clone()
}

/// The protocols of somebody's rows, once there are so many.
async fn protocols(admin: &Person, who: &Person, action: &str, wanted: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..200 {
        let own = rows(admin, action).await.into_iter().filter(|row| row["actor_id"] == json!(who.id));
        found = own.map(|row| row["details"]["protocol"].as_str().unwrap().to_owned()).collect();
        if found.len() >= wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    found.sort();
    found
}

#[tokio::test]
async fn connections_of_every_transport_and_messages_of_every_kind_are_remembered() {
    let site = hub_site(|_| {}).await;
    let (admin, ana, ben) =
        (site.user_with("Ada", &["admin"]).await, site.user("Ana").await, site.user("Ben").await);
    let mut before = ana.ws(None).await;
    before.is_live().await;
    let quiet = ana.group("quiet", &[&ben]).await;
    ana.say(&quiet, "nobody asked for it").await;
    assert!(rows(&admin, "ws.connect").await.is_empty() && rows(&admin, "message.send").await.is_empty());
    admin.patch("/settings", json!({"audit_messages": true})).await.ok(200);

    let group = ana.group("Kitchen", &[&ben]).await;
    let said = ana.say(&group, "the heron").await;
    ana.post("/conversations", json!({"kind": "channel", "title": "General", "message": {"body": "hello"}}))
        .await
        .ok(201);
    let sent = rows(&admin, "message.send").await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!((&sent[1]["entity_id"], &sent[1]["details"]["conversation_id"]), (&said["id"], &json!(group)));
    let made: Vec<Value> =
        rows(&admin, "conversation.create").await.iter().map(|row| row["details"]["kind"].clone()).collect();
    assert_eq!(made, [json!("channel"), json!("group")]);

    let mut socket = ben.ws(None).await;
    socket.is_live().await;
    let stream = ben.sse(None).await;
    let hub = ben.get("/mercure").await.ok(200);
    let topic = hub["topics"]["inbox"].as_str().unwrap().to_owned();
    let updates = site.subscribe(&format!("?topic={topic}"), hub["token"].as_str()).await;
    assert_eq!(protocols(&admin, &ben, "ws.connect", 3).await, ["mercure", "native", "sse"]);
    assert!(protocols(&admin, &ben, "ws.disconnect", 0).await.is_empty());
    drop((socket, stream, updates));
    assert_eq!(protocols(&admin, &ben, "ws.disconnect", 3).await, ["mercure", "native", "sse"]);
    assert!(!admin.get("/audit?limit=200").await.text.contains("heron"), "the log tells no text");
}
