//! What people may no longer see stops at once, live and on replay.

use serde_json::{Value, json};

use crate::support::{Person, Site};

async fn trio(site: &Site) -> (Person, Person, Person, String) {
    let (ana, ben, cleo) = (site.user("Ana").await, site.user("Ben").await, site.user("Cleo").await);
    let group = ana.group("trio", &[&ben, &cleo]).await;
    (ana, ben, cleo, group)
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn who_was_removed_gets_nothing_more() {
    let site = Site::start().await;
    let (ana, ben, cleo, group) = trio(&site).await;
    let start = ben.cursor().await;
    let mut ws = ben.ws(None).await;
    let mut others = cleo.ws(None).await;
    ana.say(&group, "before").await;
    assert_eq!(ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.status, 204);
    ana.say(&group, "after").await;
    assert_eq!(ws.next_of("message.posted").await["data"]["message"]["body"], "before");
    let last = ws.next_of("participant.removed").await;
    assert_eq!(last["data"]["participants"][0]["person"]["id"], ben.id.as_str());
    assert!(ws.is_silent().await);
    others.next_of("participant.removed").await;
    let (replayed, _) = ben.poll(&start, 1).await;
    assert!(!kinds(&replayed).contains(&"message.posted"), "{replayed:?}");
    assert_eq!(kinds(&replayed).last(), Some(&"participant.removed"));
    ben.get(&format!("/conversations/{group}")).await.problem(404, "not_found");
    ben.get(&format!("/conversations/{group}/messages")).await.problem(404, "not_found");
    assert_eq!(ben.get("/search?q=before").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn who_comes_back_hears_again() {
    let site = Site::start().await;
    let (ana, ben, _, group) = trio(&site).await;
    let mut ws = ben.ws(None).await;
    ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.ok(204);
    ana.say(&group, "without Ben").await;
    ana.post(&format!("/conversations/{group}/participants"), json!({"user_ids": [ben.id]})).await.ok(201);
    ana.say(&group, "with Ben").await;
    ws.next_of("participant.removed").await;
    ws.next_of("participant.added").await;
    loop {
        let message = ws.next_of("message.posted").await["data"]["message"].clone();
        if message["kind"] == "text" {
            assert_eq!(message["body"], "with Ben");
            break;
        }
    }
}

#[tokio::test]
async fn a_closed_account_ends_its_connections() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let ben = site.user("Ben").await;
    let (mut ws, mut sse) = (ben.ws(None).await, ben.sse(None).await);
    assert_eq!(sse.next().await.unwrap().event, "ready");
    admin.patch(&format!("/users/{}", ben.id), json!({"active": false})).await.ok(200);
    assert_eq!(ws.close_code().await, 4001);
    while let Some(lines) = sse.next().await {
        assert_eq!(lines.event, "user.updated");
    }
    ben.get("/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_new_role_makes_connections_come_back() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let ben = site.user("Ben").await;
    let roles = admin.get("/roles").await.ok(200);
    let agent = roles["items"].as_array().unwrap().iter().find(|role| role["name"] == "agent").unwrap();
    let mut ws = ben.ws(None).await;
    ws.is_live().await;
    admin.patch(&format!("/users/{}", ben.id), json!({"roles": [agent["id"]]})).await.ok(200);
    assert_eq!(ws.close_code().await, 4000);
    let me = ben.get("/me").await.ok(200);
    assert!(me["rights"].as_array().unwrap().contains(&json!("support")), "{me}");
}

#[tokio::test]
async fn a_contact_never_meets_a_private_note() {
    let site = Site::start().await;
    let agent = site.user_with("Gus", &["agent"]).await;
    let max = site.contact("Max").await;
    let opened =
        max.post("/conversations", json!({"kind": "support", "message": {"body": "help me"}})).await.ok(201);
    let id = opened["id"].as_str().unwrap();
    let cursor = max.cursor().await;
    let (mut ws, mut sse) = (max.ws(None).await, max.sse(None).await);
    sse.next().await.unwrap();
    let path = format!("/conversations/{id}/messages");
    agent.post(&format!("/conversations/{id}/join"), json!({})).await.ok(200);
    let note = agent.post(&path, json!({"body": "secret remark", "is_private_note": true})).await.ok(201);
    agent.post(&path, json!({"body": "hello Max"})).await.ok(201);
    assert_eq!(ws.next_of("message.posted").await["data"]["message"]["body"], "hello Max");
    let (replayed, _) = max.poll(&cursor, 1).await;
    assert!(!serde_json::to_string(&replayed).unwrap().contains("secret remark"));
    loop {
        let lines = sse.next().await.unwrap();
        assert!(!lines.data.to_string().contains("secret remark"));
        if lines.data["data"]["message"]["body"] == "hello Max" {
            break;
        }
    }
    for place in [
        path,
        "/conversations".to_owned(),
        format!("/conversations/{id}"),
        "/search?q=secret".to_owned(),
        "/snapshot".to_owned(),
    ] {
        let reply = max.get(&place).await;
        assert_eq!(reply.status, 200, "{place}");
        assert!(!reply.text.contains("secret remark"), "{place}");
    }
    max.get(&format!("/messages/{}", note["id"].as_str().unwrap())).await.problem(404, "not_found");
    assert_eq!(max.get("/unread").await.ok(200)["unread"], 1);
}

#[tokio::test]
async fn a_super_administrators_view_leaves_a_trace() {
    let site = Site::start().await;
    let (ana, _, _, group) = trio(&site).await;
    ana.say(&group, "between us").await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let read = admin.get(&format!("/conversations/{group}/messages")).await;
    assert_eq!(read.ok(200)["items"].as_array().unwrap().len(), 1);
    let rows = admin.get("/audit?action=conversation.view_as_admin").await.ok(200);
    assert_eq!(rows["items"][0]["entity_id"], group.as_str(), "{rows}");
    admin
        .post(&format!("/conversations/{group}/messages"), json!({"body": "I am not here"}))
        .await
        .problem(403, "forbidden");
}
