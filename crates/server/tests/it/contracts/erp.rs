//! The ERP contract: a hierarchy, one-to-one messages, notifications, presence, the compliance log.

use parlor_chat::Right;
use reqwest::Method;
use serde_json::{Value, json};

use super::{call, get, matrix, member, post, put, role, set};
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
    set(&site, "acme", json!({"erp_enabled": true})).await;
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
    let conversation = &list[0];
    assert_eq!(conversation["id"], first["conversationId"]);
    assert_eq!((&conversation["unreadCount"], &conversation["with"]["name"]), (&json!(1), &json!("Julie")));
    let mut pair = [julie.id.clone(), dg.id.clone()];
    pair.sort();
    assert_eq!((&conversation["userOneId"], &conversation["userTwoId"]), (&json!(pair[0]), &json!(pair[1])));

    let told = get(&dg, &format!("{BASE}/notifications")).await;
    assert_eq!(told.headers["x-unread-count"], "1");
    let told = told.ok(200);
    let note = &told[0];
    assert_eq!(
        (&note["type"], &note["status"], &note["title"]),
        (&json!("message"), &json!("unread"), &json!("Julie"))
    );
    assert_eq!((&note["relatedEntityId"], &note["pushSent"]), (&json!("12"), &json!(false)));
    assert_eq!(get(&julie, &format!("{BASE}/notifications")).await.ok(200), json!([]));

    let id = first["id"].as_str().unwrap();
    let read = put(&dg, &format!("{BASE}/messaging/{id}/read")).await.ok(200);
    assert_eq!(read["messageId"], first["id"]);
    let history = get(&julie, &format!("{BASE}/messaging/conversation/{}", dg.id)).await.ok(200);
    assert_eq!((&history["items"][0]["read"], &history["hasBefore"]), (&json!(true), &json!(false)));
    assert!(history["items"][0]["readAt"].is_string());
    let seen = get(&dg, &format!("{BASE}/notifications")).await;
    assert_eq!(seen.headers["x-unread-count"], "0");
    assert_eq!(seen.ok(200)[0]["status"], "read");
    let note = note["id"].as_str().unwrap();
    let kept = put(&dg, &format!("{BASE}/notifications/{note}/archive")).await.ok(200);
    assert_eq!(kept["status"], "archived");

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
    let newest = list[0]["lastMessage"]["id"].as_str().unwrap().to_owned();
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
    let archived = put(&julie, &format!("{BASE}/notifications/{id}/archive")).await.ok(200);
    assert_eq!(archived["status"], "archived");
    let left = julie.get("/notifications?status=unread").await.ok(200);
    assert_eq!((&left["items"], &left["unread"]), (&json!([]), &json!(0)));
}

async fn send(from: &Person, to: &str, content: &str) -> Value {
    let input = json!({"toUserId": to, "content": content});
    post(from, &format!("{BASE}/messaging/message"), input).await.ok(201)
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

#[tokio::test]
async fn users_are_named_by_the_ids_of_the_host_too() {
    let Erp { site, dg, julie, .. } = erp().await;
    let me = dg.get("/me").await.ok(200);
    let host = "karim".to_owned();
    assert_eq!(dg.get(&format!("/users?external_id={host}")).await.ok(200)["items"][0]["id"], me["id"]);
    let sent = send(&julie, &host, "by your own number").await;
    let path = format!("{BASE}/messaging/conversation");
    for name in [host.as_str(), dg.id.as_str()] {
        let history = get(&julie, &format!("{path}/{name}")).await.ok(200);
        assert_eq!(history["items"][0]["id"], sent["id"], "{name}");
        assert_eq!(history["conversation"]["with"]["externalId"], json!(host));
    }
    let unknown = json!({"toUserId": "nobody", "content": "x"});
    let refused = post(&julie, &format!("{BASE}/messaging/message"), unknown).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("toUserId"), &json!("known")));
    get(&julie, &format!("{path}/nobody")).await.problem(404, "not_found");
    let people = get(&julie, &format!("{BASE}/presence")).await.ok(200);
    assert!(people.as_array().unwrap().iter().any(|one| one["externalId"] == json!(host)));
    drop(site);
}

#[tokio::test]
async fn each_message_was_read_when_it_was_read() {
    let Erp { site: _site, dg, julie, .. } = erp().await;
    let (first, second) = (send(&julie, &dg.id, "one").await, send(&julie, &dg.id, "two").await);
    let read = async |message: &Value| {
        put(&dg, &format!("{BASE}/messaging/{}/read", id(message))).await.ok(200)["readAt"].clone()
    };
    let at = read(&first).await;
    let history = async || {
        get(&julie, &format!("{BASE}/messaging/conversation/{}", dg.id)).await.ok(200)["items"].clone()
    };
    let items = history().await;
    assert_eq!((&items[0]["readAt"], &items[1]["readAt"]), (&at, &json!(null)));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let later = read(&second).await;
    assert_ne!(at, later);
    let items = history().await;
    assert_eq!((&items[0]["readAt"], &items[1]["readAt"]), (&at, &later), "the first one's time stays");
    assert_eq!(read(&first).await, at, "reading it again changes nothing");
}

#[tokio::test]
async fn what_was_said_can_be_changed_for_two_minutes() {
    let Erp { site, dg, julie, .. } = erp().await;
    let sent = send(&julie, &dg.id, "at nine").await;
    let path = format!("{BASE}/messaging/{}", id(&sent));
    let edit = async |by: &Person, content: &str| {
        call(by, Method::PUT, &path, Some(json!({"content": content}))).await
    };
    let edited = edit(&julie, "at ten").await.ok(200);
    assert_eq!((&edited["content"], &edited["id"]), (&json!("at ten"), &sent["id"]));
    assert!(edited["editedAt"].is_string());
    edit(&dg, "never").await.problem(403, "forbidden");
    let window = julie.get("/me").await.ok(200)["settings"]["edit_window_seconds"].clone();
    assert_eq!(window, 120, "the contract's own, where the tenant has set none");
    set(&site, "acme", json!({"edit_window_seconds": 0})).await;
    assert_eq!(edit(&julie, "at eleven").await.problem(403, "forbidden")["rule"], "edit_window");
    let gone = call(&julie, Method::DELETE, &path, None).await.ok(200);
    assert_eq!(gone["content"], "");
    assert!(gone["deletedAt"].is_string());
}

#[tokio::test]
async fn lists_are_searched_paged_and_say_where_one_may_write() {
    let Erp { site: _site, pdg, dg, julie, marc, auditor } = erp().await;
    send(&pdg, &julie.id, "come by").await;
    send(&dg, &julie.id, "hello").await;
    send(&marc, &julie.id, "lunch?").await;
    let path = format!("{BASE}/messaging/conversations");
    let list = get(&julie, &path).await.ok(200);
    let may = |name: &str| {
        let found = list.as_array().unwrap().iter().find(|one| one["with"]["name"] == name).unwrap();
        found["canPost"].clone()
    };
    assert_eq!((may("Odile"), may("Karim"), may("Marc")), (json!(false), json!(true), json!(true)));
    let found = get(&julie, &format!("{path}?search=kari")).await.ok(200);
    assert_eq!((found.as_array().unwrap().len(), &found[0]["with"]["name"]), (1, &json!("Karim")));
    let page = get(&julie, &format!("{path}?limit=2")).await;
    let link = page.headers["link"].to_str().unwrap().to_owned();
    assert_eq!(page.ok(200).as_array().unwrap().len(), 2);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(get(&julie, next).await.ok(200)[0]["with"]["name"], "Odile");
    let people = get(&julie, &format!("{BASE}/presence?limit=2")).await;
    let link = people.headers["link"].to_str().unwrap().to_owned();
    assert_eq!(people.ok(200).as_array().unwrap().len(), 2);
    let rest = get(&julie, link.trim_start_matches('<').split('>').next().unwrap()).await.ok(200);
    assert!(!rest.as_array().unwrap().is_empty());

    let refused = json!({"toUserId": pdg.id, "content": "a word"});
    post(&julie, &format!("{BASE}/messaging/message"), refused).await.problem(403, "forbidden");
    let audit = format!("{BASE}/messaging/audit?action=forbidden_attempt&userId={}", julie.id);
    let row = &get(&auditor, &audit).await.ok(200)[0];
    let tenant = julie.get("/me").await.ok(200)["tenant"]["id"].clone();
    assert_eq!((&row["userId"], &row["tenantId"]), (&json!(julie.id), &tenant));
    assert_eq!(
        (&row["details"]["attempted"], &row["details"]["rule"]),
        (&json!("message.send"), &json!("matrix"))
    );
    assert!(row["createdAt"].is_string() && row["ipAddress"].is_string(), "{row}");
    get(&julie, &audit).await.problem(403, "forbidden");
}
