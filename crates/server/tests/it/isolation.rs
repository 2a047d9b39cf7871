//! Tenants do not see each other: on every path of the API's description, and on those of the contracts.

use std::collections::BTreeMap;

use parlor::auth::jwt::{Claims, sign};
use parlor_chat::jobs::{self, When, Work};
use parlor_chat::tenants;
use reqwest::Method;
use serde_json::{Value, json};

use crate::contracts::call as call_contract;
use crate::files::{PNG, upload};
use crate::support::{Person, Reply, Site, claims};

/// Somebody with every right in another tenant.
async fn stranger(site: &Site) -> Person {
    let secret = site.tenant("acme").await;
    let roles = Some(vec!["admin".to_owned()]);
    let token = sign(&Claims { tenant: "acme".to_owned(), roles, ..claims("Eve") }, secret.as_bytes(), None);
    Person::arrive(&site.url, token.unwrap()).await
}

/// One thing of each noun, by the segment of the path that its id follows.
pub type Things = BTreeMap<&'static str, String>;

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

pub async fn things(site: &Site, admin: &Person, ben: &Person) -> Things {
    let group = admin.group("ours", &[ben]).await;
    let file = upload(admin, "plan.png", PNG).await.ok(201);
    let new = json!({"body": "hidden treasure", "attachment_ids": [file["id"]]});
    let message = admin.post(&format!("/conversations/{group}/messages"), new).await.ok(201);
    let contact = site.contact("Kim").await;
    let note = json!({"user_ids": [admin.id], "title": "t", "message": "m", "type": "alert"});
    admin.post("/notifications", note).await.ok(201);
    let noted = admin.get("/notifications").await.ok(200);
    BTreeMap::from([
        ("conversations", group),
        ("messages", id(&message)),
        ("files", id(&file)),
        ("users", ben.id.clone()),
        ("participants", ben.id.clone()),
        ("contacts", contact.id),
        ("teams", id(&admin.post("/teams", json!({"name": "Support"})).await.ok(201))),
        ("stores", id(&admin.post("/stores", json!({"name": "Lyon"})).await.ok(201))),
        ("roles", id(&admin.post("/roles", json!({"name": "guest", "rights": []})).await.ok(201))),
        ("notifications", id(&noted["items"][0])),
        ("api-keys", id(&admin.post("/api-keys", json!({"name": "ours"})).await.ok(201))),
        ("host-keys", id(&admin.post("/host-keys", json!({"purpose": "host"})).await.ok(201))),
        ("sessions", session(admin).await),
        ("dead", dead_job(site).await),
        ("reactions", "👍".to_owned()),
    ])
}

async fn session(admin: &Person) -> String {
    admin.post("/sessions", json!({"token": admin.token})).await.ok(200);
    id(&admin.get("/me/sessions").await.ok(200)["items"][0])
}

async fn dead_job(site: &Site) -> String {
    let buried = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::by_slug(tx, tenants::DEFAULT_SLUG)?.id;
        let work = Work::Webhook { url: "http://127.0.0.1:9/".to_owned(), body: "{}".to_owned() };
        let now = tx.now;
        tx.now = now.plus_seconds(-3_600);
        jobs::enqueue(tx, tenant, &work, None, When::At(now.plus_seconds(900)))?;
        tx.now = now.plus_seconds(1_000);
        for job in jobs::claim(tx, jobs::Queue::Outside, now.plus_seconds(2_000), 10, &[])? {
            jobs::fail(tx, &job?, "refused")?;
        }
        tx.now = now;
        Ok(jobs::dead(tx, tenant)?[0].id.to_string())
    });
    buried.await.unwrap()
}

/// A body with which the owner's own call would go through.
pub fn body(operation: &str, eve: &Person) -> Value {
    match operation {
        "change_contact" | "change_role" | "change_store" | "change_team" | "change_user" => {
            json!({"name": "x"})
        }
        "change_conversation" => json!({"title": "x"}),
        "mark_delivered" | "mark_unread" => json!({"seq": 1}),
        "put_draft" | "post_message" | "edit_message" => json!({"body": "x"}),
        "change_my_preferences" => json!({"muted": true}),
        "add_participants" => json!({"user_ids": [eve.id]}),
        "change_participant" => json!({"role": "admin"}),
        "typing" => json!({"typing": true}),
        "describe_file" => json!({"description": "x"}),
        "change_notification" => json!({"status": "read"}),
        "set_password" => json!({"password": "a long enough one"}),
        _ => json!({}),
    }
}

/// The path with ids of things in place of its parameters.
pub fn fill(path: &str, things: &Things) -> String {
    let mut before = "";
    let filled = path.split('/').map(|segment| {
        let shown = match segment.starts_with('{') {
            false => segment.to_owned(),
            true => {
                things.get(before).unwrap_or_else(|| panic!("{path}: name a thing of {before} here")).clone()
            }
        };
        before = segment;
        shown
    });
    filled.collect::<Vec<_>>().join("/")
}

async fn call(person: &Person, method: &str, path: &str, operation: &str) -> Reply {
    let request = person.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path);
    let request = match (method, operation) {
        ("get" | "delete", _) => request,
        (_, "set_avatar") => request.header("content-type", "image/png").body(PNG.to_vec()),
        _ => request.json(&body(operation, person)),
    };
    person.send(request).await
}

/// What differs from one answer to the next.
fn without_ids(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("request_id");
    }
    answer
}

#[tokio::test]
async fn another_tenants_things_do_not_exist() {
    let site = Site::start().await;
    let eve = stranger(&site).await;
    let (admin, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    let things = things(&site, &admin, &ben).await;
    let document = serde_json::to_value(parlor::router::document()).unwrap();
    let mut tried = 0;
    let mut shown = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1").filter(|path| path.contains('{')) else { continue };
        let filled = fill(path, &things);
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let refused = call(&eve, method, &filled, name).await;
            assert_eq!(
                (refused.status, &refused.json["code"]),
                (404, &json!("not_found")),
                "{method} {path}: {}",
                refused.text
            );
            tried += 1;
            if method == "get" {
                let own = call(&admin, method, &filled, name).await;
                let seen = match name {
                    // Only announcements are acknowledged: a group has nobody who manages that.
                    "list_acks" => 403,
                    // The message is there to be read by everybody.
                    "get_deleted_message" => 409,
                    _ => 200,
                };
                assert_eq!(own.status, seen, "{method} {path} is the owner's to see: {}", own.text);
                shown.push((filled.clone(), own.json));
            }
        }
    }
    assert!(tried > 50, "{tried} operations have an id in their path");
    for (path, before) in shown.into_iter().filter(|(path, _)| !path.ends_with("/link")) {
        let now = call(&admin, "get", &path, "").await.json;
        assert_eq!(without_ids(now), without_ids(before), "{path}: the stranger changed something");
    }
    assert_eq!(eve.get("/search?q=treasure").await.ok(200)["items"], json!([]));
    assert_eq!(admin.get("/search?q=treasure").await.ok(200)["items"].as_array().unwrap().len(), 1);
    let guest = eve.post("/conversations", json!({"kind": "direct", "user_ids": [ben.id]})).await;
    assert_eq!(guest.problem(422, "invalid")["field"], "user_ids");
}

/// The contracts' paths with an id; their other paths only list what is one's own.
#[tokio::test]
async fn the_contracts_show_nothing_of_another_tenant_either() {
    let site = Site::start().await;
    let eve = stranger(&site).await;
    let (admin, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    let group = admin.group("ours", &[&ben]).await;
    let message = admin.say(&group, "hidden treasure").await["id"].as_str().unwrap().to_owned();
    crate::contracts::set(&site, "acme", json!({"erp_enabled": true})).await;
    let crm = "/admin/internal-messenger/conversations";
    let text = json!({"body": "x"});
    let calls = [
        (Method::GET, format!("/chat/threads/{group}"), None),
        (Method::GET, format!("/chat/threads/{group}/messages"), None),
        (Method::POST, format!("/chat/threads/{group}/messages"), Some(text.clone())),
        (Method::GET, format!("{crm}/{group}/open"), None),
        (Method::POST, format!("{crm}/{group}/messages"), Some(text)),
        (Method::POST, format!("{crm}/{group}/read"), Some(json!({}))),
        (Method::POST, format!("{crm}/{group}/mute"), Some(json!({"muted": true}))),
        (Method::GET, format!("/api/tenants/acme/messaging/conversation/{}", ben.id), None),
        (Method::PUT, format!("/api/tenants/acme/messaging/{message}/read"), None),
        (Method::PUT, format!("/api/tenants/acme/messaging/{message}/delivered"), None),
        (Method::PUT, format!("/api/tenants/acme/messaging/{message}"), Some(json!({"content": "x"}))),
        (Method::DELETE, format!("/api/tenants/acme/messaging/{message}"), None),
    ];
    let before = admin.get(&format!("/conversations/{group}/messages")).await.ok(200);
    for (method, path, body) in calls {
        let refused = call_contract(&eve, method.clone(), &path, body).await;
        assert_eq!(refused.status, 404, "{method} {path}: {}", refused.text);
        assert!(!refused.text.contains("treasure") && !refused.text.contains("Ben"), "{}", refused.text);
    }
    assert_eq!(admin.get(&format!("/conversations/{group}/messages")).await.ok(200), before);
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_reset() {
    let site = Site::start().await;
    let eve = stranger(&site).await;
    let ana = site.user("Ana").await;
    let foreign = ana.cursor().await;
    assert_eq!(eve.get(&format!("/events?after={foreign}")).await.ok(200)["reset"], true);
}
