//! The ERP contract: a hierarchy, one-to-one messages, notifications, presence, the compliance log.

use parlor_chat::Right;
use serde_json::json;

use super::{get, matrix, member, post, put, role, set};
use crate::support::{Person, Site};

struct Erp {
    site: Site,
    pdg: Person,
    dg: Person,
    julie: Person,
    marc: Person,
    auditor: Person,
}

const BASE: &str = "/api/tenants/acme";

async fn erp() -> Erp {
    let site = Site::start().await;
    let secret = site.tenant("acme").await;
    for name in ["PDG", "DG", "Employé"] {
        role(&site, "acme", name, &[]).await;
    }
    role(&site, "acme", "auditor", &[Right::ViewAudit, Right::ManageUsers]).await;
    matrix(
        &site,
        "acme",
        &[
            ("PDG", &["PDG", "DG", "Employé"]),
            ("DG", &["PDG", "DG", "Employé"]),
            ("Employé", &["DG", "Employé"]),
        ],
    )
    .await;
    set(
        &site,
        "acme",
        json!({"erp_enabled": true, "audit_messages": true, "message_notifications": true,
               "edit_window_seconds": 120}),
    )
    .await;
    let of = |name: &'static str, role: &'static str| {
        let (site, secret) = (&site, secret.clone());
        async move { member(site, "acme", &secret, name, &[role]).await }
    };
    let (pdg, dg) = (of("Odile", "PDG").await, of("Karim", "DG").await);
    let (julie, marc) = (of("Julie", "Employé").await, of("Marc", "Employé").await);
    let auditor = of("Vera", "auditor").await;
    Erp { site, pdg, dg, julie, marc, auditor }
}

#[tokio::test]
async fn a_conversation_from_the_first_word_to_the_receipt() {
    let Erp { site: _site, dg, julie, marc, .. } = erp().await;
    let sent = json!({"toUserId": dg.id, "content": "Order **12** waits", "clientId": "one",
        "related": {"type": "order", "id": "12", "url": "/orders/12"}});
    let first = post(&julie, &format!("{BASE}/messaging/message"), sent.clone()).await.ok(201);
    assert_eq!(
        (&first["senderId"], &first["content"], &first["relatedEntityType"], &first["relatedEntityId"]),
        (&json!(julie.id), &json!("Order **12** waits"), &json!("order"), &json!("12"))
    );
    assert_eq!((&first["read"], &first["readAt"]), (&json!(false), &json!(null)));
    let again = post(&julie, &format!("{BASE}/messaging/message"), sent).await.ok(201);
    assert_eq!(again["id"], first["id"], "the same clientId is the same message");

    let list = get(&dg, &format!("{BASE}/messaging/conversations")).await.ok(200);
    let conversation = &list["items"][0];
    assert_eq!(conversation["id"], first["conversationId"]);
    assert_eq!((&conversation["unreadCount"], &conversation["with"]["name"]), (&json!(1), &json!("Julie")));
    let mut pair = [julie.id.clone(), dg.id.clone()];
    pair.sort();
    assert_eq!((&conversation["userOneId"], &conversation["userTwoId"]), (&json!(pair[0]), &json!(pair[1])));

    let told = get(&dg, &format!("{BASE}/notifications")).await.ok(200);
    assert_eq!(told["unreadCount"], 1);
    let note = &told["items"][0];
    assert_eq!(
        (&note["type"], &note["status"], &note["title"]),
        (&json!("message"), &json!("unread"), &json!("Julie"))
    );
    assert_eq!((&note["relatedEntityId"], &note["pushSent"]), (&json!("12"), &json!(false)));
    assert_eq!(get(&julie, &format!("{BASE}/notifications")).await.ok(200)["items"], json!([]));

    let id = first["id"].as_str().unwrap();
    let read = put(&dg, &format!("{BASE}/messaging/{id}/read")).await.ok(200);
    assert_eq!(read["messageId"], first["id"]);
    let history = get(&julie, &format!("{BASE}/messaging/conversation/{}", dg.id)).await.ok(200);
    assert_eq!((&history["items"][0]["read"], &history["hasBefore"]), (&json!(true), &json!(false)));
    assert!(history["items"][0]["readAt"].is_string());
    let seen = get(&dg, &format!("{BASE}/notifications")).await.ok(200);
    assert_eq!((&seen["unreadCount"], &seen["items"][0]["status"]), (&json!(0), &json!("read")));

    put(&marc, &format!("{BASE}/messaging/{id}/read")).await.problem(404, "not_found");
    let none = get(&marc, &format!("{BASE}/messaging/conversation/{}", dg.id)).await.ok(200);
    assert_eq!((&none["conversation"], &none["items"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn a_long_history_comes_in_pages() {
    let Erp { site: _site, dg, julie, .. } = erp().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let body = json!({"toUserId": dg.id, "content": format!("number {number}")});
        let sent = post(&julie, &format!("{BASE}/messaging/message"), body).await.ok(201);
        ids.push(sent["id"].as_str().unwrap().to_owned());
    }
    let path = format!("{BASE}/messaging/conversation/{}", dg.id);
    let newest = get(&julie, &format!("{path}?limit=3")).await.ok(200);
    assert_eq!((&newest["items"][0]["id"], &newest["hasBefore"]), (&json!(ids[4]), &json!(true)));
    let older = get(&julie, &format!("{path}?limit=10&before={}", ids[4])).await.ok(200);
    assert_eq!(older["items"].as_array().unwrap().len(), 4);
    let newer = get(&julie, &format!("{path}?after={}", ids[5])).await.ok(200);
    assert_eq!(newer["items"][0]["id"], json!(ids[6]));
}

#[tokio::test]
async fn the_hierarchy_decides_and_the_log_remembers() {
    let Erp { site, pdg, dg, julie, auditor, .. } = erp().await;
    let send = format!("{BASE}/messaging/message");
    let refused = post(&julie, &send, json!({"toUserId": pdg.id, "content": "a word"})).await;
    assert_eq!(refused.problem(403, "forbidden")["rule"], "matrix");
    post(&pdg, &send, json!({"toUserId": julie.id, "content": "come by"})).await.ok(201);
    let reply = post(&julie, &send, json!({"toUserId": pdg.id, "content": "on my way"})).await;
    reply.problem(403, "forbidden");
    post(&dg, &send, json!({"toUserId": pdg.id, "content": "done"})).await.ok(201);
    let list = get(&pdg, &format!("{BASE}/messaging/conversations")).await.ok(200);
    let newest = list["items"][0]["lastMessage"]["id"].as_str().unwrap().to_owned();
    put(&pdg, &format!("{BASE}/messaging/{newest}/read")).await.ok(200);
    let count = |action: &'static str| {
        let auditor = auditor.clone();
        async move {
            auditor.get(&format!("/audit?action={action}")).await.ok(200)["items"].as_array().unwrap().len()
        }
    };
    assert_eq!((count("forbidden_attempt").await, count("conversation.create").await), (2, 2));
    assert_eq!((count("message.send").await, count("message.read").await), (2, 1));
    let row = &auditor.get("/audit?action=forbidden_attempt").await.ok(200)["items"][0];
    assert_eq!((&row["actor_id"], &row["details"]["rule"]), (&json!(julie.id), &json!("matrix")));
    assert!(!auditor.get("/audit").await.text.contains("come by"), "the log tells no text");
    drop(site);
}

#[tokio::test]
async fn tenants_get_it_one_by_one_and_see_only_themselves() {
    let Erp { site, dg, julie, .. } = erp().await;
    let stranger = site.user("Eve").await;
    let own = stranger.get("/me").await.ok(200)["tenant"]["id"].as_str().unwrap().to_owned();
    for path in ["/api/tenants/acme/presence".to_owned(), format!("/api/tenants/{own}/presence")] {
        get(&stranger, &path).await.problem(404, "not_found");
    }
    get(&julie, "/api/tenants/default/messaging/conversations").await.problem(404, "not_found");
    let tenant = julie.get("/me").await.ok(200)["tenant"]["id"].as_str().unwrap().to_owned();
    get(&julie, &format!("/api/tenants/{tenant}/messaging/conversations")).await.ok(200);
    get(&site.stranger(), &format!("{BASE}/presence")).await.problem(401, "unauthorized");
    let body = json!({"toUserId": stranger.id, "content": "hello"});
    post(&julie, &format!("{BASE}/messaging/message"), body).await.problem(422, "invalid");

    let mut socket = dg.ws(None).await;
    socket.is_live().await;
    let presence = get(&julie, &format!("{BASE}/presence")).await.ok(200);
    let of = |id: &str| presence.as_array().unwrap().iter().find(|one| one["userId"] == *id).unwrap().clone();
    assert_eq!((&of(&dg.id)["status"], &of(&julie.id)["status"]), (&json!("online"), &json!("offline")));
}

#[tokio::test]
async fn the_host_application_notifies_people() {
    let Erp { site: _site, julie, dg, auditor, .. } = erp().await;
    let alert = json!({"user_ids": [julie.id], "type": "alert", "title": "Stock is low", "message": "3 left",
        "related": {"type": "product", "id": "9", "title": "Chair"}});
    dg.post("/notifications", alert.clone()).await.problem(403, "forbidden");
    let mut hears = julie.ws(None).await;
    auditor.post("/notifications", alert).await.ok(201);
    let told = hears.next_of("notification.created").await;
    assert_eq!(told["data"]["notification"]["title"], "Stock is low");
    let id = told["data"]["notification"]["id"].as_str().unwrap();
    put(&dg, &format!("{BASE}/notifications/{id}/read")).await.problem(404, "not_found");
    let read = put(&julie, &format!("{BASE}/notifications/{id}/read")).await.ok(200);
    assert_eq!((&read["status"], &read["relatedEntityType"]), (&json!("read"), &json!("product")));
    let changed = hears.next_of("notification.updated").await;
    assert_eq!(
        (&changed["data"]["notification_id"], &changed["data"]["status"]),
        (&json!(id), &json!("read"))
    );
    julie.patch(&format!("/notifications/{id}"), json!({"status": "archived"})).await.ok(200);
    let left = julie.get("/notifications?status=unread").await.ok(200);
    assert_eq!((&left["items"], &left["unread"]), (&json!([]), &json!(0)));
}
