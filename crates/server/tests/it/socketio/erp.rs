//! The ERP contract's own address: its events in its words, its rules, its compliance log.

use parlor_chat::Right;
use serde_json::{Value, json};

use crate::contracts::{get, matrix, member, role, set};
use crate::support::{Person, Polling, Sio, Site};

struct Acme {
    site: Site,
    odile: Person,
    karim: Person,
    julie: Person,
    auditor: Person,
}

async fn acme() -> Acme {
    let site = Site::start().await;
    let secret = site.tenant("acme").await;
    for name in ["PDG", "DG", "Employé"] {
        role(&site, "acme", name, &[Right::Group]).await;
    }
    role(&site, "acme", "auditor", &[Right::ViewAudit, Right::ManageUsers]).await;
    let rows: &[(&str, &[&str])] = &[
        ("PDG", &["PDG", "DG", "Employé"]),
        ("DG", &["PDG", "DG", "Employé"]),
        ("Employé", &["DG", "Employé"]),
    ];
    matrix(&site, "acme", rows).await;
    set(&site, "acme", json!({"erp_enabled": true, "audit_messages": true, "message_notifications": true}))
        .await;
    let odile = member(&site, "acme", &secret, "Odile", &["PDG"]).await;
    let karim = member(&site, "acme", &secret, "Karim", &["DG"]).await;
    let julie = member(&site, "acme", &secret, "Julie", &["Employé"]).await;
    let auditor = member(&site, "acme", &secret, "Vera", &["auditor"]).await;
    Acme { site, odile, karim, julie, auditor }
}

const PATH: &str = "/api/tenants/acme/messaging/socket";

async fn socket(person: &Person) -> Sio {
    let mut sio = Sio::open(&person.url, &format!("{PATH}/"), &[]).await;
    sio.join(json!({"token": person.token})).await.unwrap();
    assert!(sio.pid.is_empty(), "clients of the contract take one argument, so there is no offset");
    sio
}

#[tokio::test]
async fn a_conversation_over_the_socket() {
    let Acme { site: _site, karim, julie, .. } = acme().await;
    let (mut julies, mut karims) = (socket(&julie).await, socket(&karim).await);
    assert_eq!(julies.ask("messaging:join", json!({"userId": julie.id})).await["ok"], true);
    let other = julies.ask("messaging:join", json!({"userId": karim.id})).await;
    assert_eq!((&other["ok"], &other["error"]["code"]), (&json!(false), &json!("forbidden")));

    let said = json!({"toUserId": karim.id, "content": "Stock of P-7?", "related": {"type": "product", "id": "P-7"}});
    let sent = julies.ask("messaging:send", said).await;
    assert_eq!((&sent["ok"], &sent["data"]["content"]), (&json!(true), &json!("Stock of P-7?")));
    let heard = karims.next_of("messaging:new").await;
    assert_eq!(heard["conversationId"], sent["data"]["conversationId"]);
    let message = &heard["message"];
    assert_eq!(
        (&message["id"], &message["senderId"], &message["relatedEntityId"], &message["read"]),
        (&sent["data"]["id"], &json!(julie.id), &json!("P-7"), &json!(false))
    );
    let read = karims.ask("messaging:read", json!({"messageId": message["id"]})).await;
    assert_eq!(read["ok"], true);
    let receipt = julies.next_of("messaging:read").await;
    assert_eq!(receipt["messageId"], message["id"]);
    assert!(receipt["readAt"].is_string());
    assert_eq!(karims.ask("presence:ping", json!({})).await["ok"], true);
    let history =
        get(&karim, &format!("/api/tenants/acme/messaging/conversation/{}", julie.id)).await.ok(200);
    assert_eq!(history["items"][0]["id"], message["id"]);
}

#[tokio::test]
async fn news_and_presence() {
    let Acme { site: _site, karim, julie, .. } = acme().await;
    let mut karims = socket(&karim).await;
    let mut julies = socket(&julie).await;
    loop {
        let there = karims.next_of("presence:update").await;
        if there["userId"] == julie.id.as_str() {
            assert_eq!(there["status"], "online");
            break;
        }
    }
    julies.ask("messaging:send", json!({"toUserId": karim.id, "content": "hello"})).await;
    let news = karims.next_of("notify:new").await;
    assert_eq!((&news["type"], &news["payload"]["userId"]), (&json!("message"), &json!(karim.id)));
    drop(julies);
    loop {
        let there = karims.next_of("presence:update").await;
        if there["userId"] == julie.id.as_str() {
            assert_eq!(there["status"], "offline");
            assert!(there["lastSeen"].is_string());
            break;
        }
    }
}

#[tokio::test]
async fn the_hierarchy_holds_and_is_remembered() {
    let Acme { site: _site, odile, karim, julie, auditor } = acme().await;
    let (mut julies, mut karims) = (socket(&julie).await, socket(&karim).await);
    let up = julies.ask("messaging:send", json!({"toUserId": odile.id, "content": "a raise?"})).await;
    assert_eq!((&up["ok"], &up["error"]["code"]), (&json!(false), &json!("forbidden")));
    let up = karims.ask("messaging:send", json!({"toUserId": odile.id, "content": "figures"})).await;
    assert_eq!(up["ok"], true);
    let wrong = julies.ask("messaging:send", json!({"toUserId": karim.id})).await;
    assert_eq!(wrong["error"]["code"], "invalid");
    let unknown = julies.ask("messaging:dance", json!({})).await;
    assert_eq!(unknown["ok"], false);
    drop((julies, karims));
    let actions = |rows: Value| -> Vec<String> {
        let rows = rows["items"].as_array().unwrap().clone();
        rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    };
    let mut found = Vec::new();
    for _ in 0..100 {
        found = actions(auditor.get("/audit?limit=200").await.ok(200));
        if found.iter().filter(|action| *action == "ws.disconnect").count() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let count = |wanted: &str| found.iter().filter(|action| *action == wanted).count();
    assert_eq!((count("ws.connect"), count("ws.disconnect")), (2, 2), "{found:?}");
    assert_eq!((count("forbidden_attempt"), count("message.send"), count("conversation.create")), (1, 1, 1));
}

#[tokio::test]
async fn another_tenants_address_is_nobodys() {
    let Acme { site, karim, .. } = acme().await;
    let stranger = site.user("Stranger").await;
    for (path, person) in [
        (PATH.to_owned(), &stranger),
        ("/api/tenants/default/messaging/socket".to_owned(), &karim),
        ("/api/tenants/default/messaging/socket".to_owned(), &stranger),
        ("/api/tenants/nowhere/messaging/socket/".to_owned(), &karim),
    ] {
        let mut sio = Sio::open(&site.url, &path, &[]).await;
        let refusal = sio.join(json!({"token": person.token})).await.unwrap_err();
        assert_eq!(refusal["data"]["code"], "not_found", "{path}");
    }
    // By its id, and with a token in the address.
    let tenant = karim.get("/me").await.ok(200)["tenant"]["id"].as_str().unwrap().to_owned();
    let token = karim.token.clone().unwrap();
    let mut sio =
        Sio::open(&site.url, &format!("/api/tenants/{tenant}/messaging/socket?token={token}"), &[]).await;
    sio.join(json!({})).await.unwrap();
    // A tenant that leaves the contract is gone at once.
    set(&site, "acme", json!({"erp_enabled": false})).await;
    let answer = sio.ask("messaging:send", json!({"toUserId": karim.id, "content": "x"})).await;
    assert_eq!(answer["error"]["code"], "not_found");
    // The main address knows nothing of the contract's words.
    let mut polling = Polling::open(&site.url).await;
    polling.post(format!("40{}", json!({"token": token}))).await;
    assert!(polling.packet().await.unwrap().starts_with("40{"));
    polling.post("421[\"messaging:send\",{}]").await;
    while !polling.packet().await.unwrap().starts_with("431[{\"error\"") {}
}

#[tokio::test]
async fn edits_deletions_and_arrivals_are_told() {
    let Acme { site: _site, karim, julie, .. } = acme().await;
    let (mut julies, mut karims) = (socket(&julie).await, socket(&karim).await);
    let sent =
        julies.ask("messaging:send", json!({"toUserId": karim.id, "content": "at nine"})).await["data"]
            .clone();
    assert_eq!((&sent["delivered"], &sent["read"]), (&json!(false), &json!(false)));
    let arrived = karims.ask("messaging:delivered", json!({"messageId": sent["id"]})).await;
    assert_eq!(arrived["ok"], true);
    let told = julies.next_of("messaging:delivered").await;
    assert_eq!((&told["conversationId"], &told["userId"]), (&sent["conversationId"], &json!(karim.id)));
    assert_eq!(told["seq"], sent["seq"]);
    let edited = julies.ask("messaging:edit", json!({"messageId": sent["id"], "content": "at ten"})).await;
    assert_eq!((&edited["ok"], &edited["data"]["delivered"]), (&json!(true), &json!(true)));
    let told = karims.next_of("messaging:edited").await;
    assert_eq!((&told["messageId"], &told["content"]), (&sent["id"], &json!("at ten")));
    assert_eq!(told["conversationId"], sent["conversationId"]);
    assert!(told["editedAt"].is_string());
    let refused = karims.ask("messaging:edit", json!({"messageId": sent["id"], "content": "no"})).await;
    assert_eq!(refused["ok"], false);
    // Also when it is done elsewhere.
    julie.delete(&format!("/messages/{}", sent["id"].as_str().unwrap())).await.ok(200);
    let told = karims.next_of("messaging:deleted").await;
    assert_eq!(told["messageId"], sent["id"]);
    assert!(told["deletedAt"].is_string() && told["content"].is_null());
    let group = julie.group("Kitchen", &[&karim]).await;
    julie.say(&group, "not of this contract").await;
    julies.ask("messaging:send", json!({"toUserId": karim.id, "content": "of it"})).await;
    assert_eq!(karims.next_of("messaging:new").await["message"]["content"], "of it");
}

#[tokio::test]
async fn whoever_may_write_to_nobody_is_refused_at_the_connection() {
    let Acme { site, auditor, .. } = acme().await;
    let nobody = member(&site, "acme", "secret of acme", "Nemo", &[]).await;
    let mut sio = Sio::open(&site.url, PATH, &[]).await;
    let refusal = sio.join(json!({"token": nobody.token})).await.unwrap_err();
    assert_eq!(refusal["data"]["code"], "forbidden");
    let log = auditor.get("/audit?action=forbidden_attempt").await.ok(200);
    let row = &log["items"][0];
    assert_eq!(
        (&row["details"]["attempted"], &row["details"]["rule"]),
        (&json!("ws.connect"), &json!("matrix"))
    );
    assert_eq!(row["actor_id"], json!(nobody.id));
}
