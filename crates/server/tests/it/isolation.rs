//! Tenants do not see each other.

use parlor::auth::jwt::{Claims, sign};
use serde_json::json;

use crate::support::{Person, Site, claims};

#[tokio::test]
async fn another_tenants_things_do_not_exist() {
    let site = Site::start().await;
    let secret = site.tenant("acme").await;
    let token = sign(
        &Claims { tenant: "acme".to_owned(), roles: Some(vec!["admin".to_owned()]), ..claims("Eve") },
        secret.as_bytes(),
        None,
    );
    let eve = Person::arrive(&site.url, token.unwrap()).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let ben = site.user("Ben").await;
    let group = admin.group("ours", &[&ben]).await;
    let message = admin.say(&group, "hidden treasure").await;
    let message = message["id"].as_str().unwrap();
    let team = admin.post("/teams", json!({"name": "Support"})).await.ok(201);
    let paths = [
        format!("/conversations/{group}"),
        format!("/conversations/{group}/messages"),
        format!("/conversations/{group}/participants"),
        format!("/conversations/{group}/pins"),
        format!("/conversations/{group}/history"),
        format!("/conversations/{group}/draft"),
        format!("/messages/{message}"),
        format!("/messages/{message}/history"),
        format!("/messages/{message}/thread"),
        format!("/messages/{message}/readers"),
        format!("/users/{}", ben.id),
        format!("/teams/{}", team["id"].as_str().unwrap()),
    ];
    for path in &paths {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
        eve.get(path).await.problem(404, "not_found");
    }
    eve.post(&format!("/conversations/{group}/messages"), json!({"body": "x"}))
        .await
        .problem(404, "not_found");
    eve.post(&format!("/conversations/{group}/read"), json!({})).await.problem(404, "not_found");
    eve.patch(&format!("/messages/{message}"), json!({"body": "x"})).await.problem(404, "not_found");
    eve.delete(&format!("/messages/{message}")).await.problem(404, "not_found");
    eve.put(&format!("/messages/{message}/reactions/👍"), json!({})).await.problem(404, "not_found");
    assert_eq!(eve.get("/search?q=treasure").await.ok(200)["items"], json!([]));
    assert_eq!(admin.get("/search?q=treasure").await.ok(200)["items"].as_array().unwrap().len(), 1);
    let guest = eve.post("/conversations", json!({"kind": "direct", "user_ids": [ben.id]})).await;
    assert!(matches!(guest.status, 404 | 422), "{}", guest.text);
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_reset() {
    let site = Site::start().await;
    let secret = site.tenant("acme").await;
    let token = sign(&Claims { tenant: "acme".to_owned(), ..claims("Eve") }, secret.as_bytes(), None);
    let eve = Person::arrive(&site.url, token.unwrap()).await;
    let ana = site.user("Ana").await;
    let foreign = ana.cursor().await;
    assert_eq!(eve.get(&format!("/events?after={foreign}")).await.ok(200)["reset"], true);
}
