//! Who writes to whom: what cannot be read of a role never opens more.

use parlor_chat::tenants;
use serde_json::{Value, json};

use crate::support::{Person, Site, claims};

/// A tenant with a matrix: clerks write to clerks, the boss to everybody.
async fn company(site: &Site) -> (Person, Person) {
    let admin = site.user_with("Ada", &["admin"]).await;
    admin.post("/roles", json!({"name": "PDG"})).await.ok(201);
    let clerk = admin.post("/roles", json!({"name": "Employé", "restricted": true})).await.ok(201);
    let row = json!({"writes_to": [clerk["id"]]});
    admin.patch(&format!("/roles/{}", clerk["id"].as_str().unwrap()), row).await.ok(200);
    (admin, site.user_with("Boss", &["PDG"]).await)
}

async fn writes(from: &Person, to: &Person) -> u16 {
    from.post("/conversations", json!({"kind": "direct", "user_ids": [to.id]})).await.status
}

async fn roles(person: &Person) -> Vec<String> {
    let me = person.get("/me").await.ok(200);
    me["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn names_that_nobody_made_open_nothing() {
    let site = Site::start().await;
    let (admin, boss) = company(&site).await;
    let clerk = site.user_with("Cleo", &["Employé"]).await;
    let before = admin.get("/roles").await.ok(200)["items"].as_array().unwrap().len();
    let tried: [(&str, &[&str]); 7] = [
        ("a", &["Employe"]),
        ("b", &["Employé", "typo"]),
        ("c", &["employé"]),
        ("d", &[]),
        ("e", &["", "  "]),
        ("f", &["EMPLOYÉ", "member "]),
        ("g", &["*", "PDG,Employé"]),
    ];
    for (name, named) in tried {
        let person = site.user_with(name, named).await;
        // "member" was named, and it is nobody's mistake that it may.
        let expected = if name == "f" { 201 } else { 403 };
        assert_eq!(writes(&person, &boss).await, expected, "{named:?}");
        let to_clerk = if named.contains(&"Employé") { 201 } else { expected };
        assert_eq!(writes(&person, &clerk).await, to_clerk, "{named:?}");
    }
    let silent = site.user("Silent").await;
    assert_eq!((writes(&silent, &boss).await, roles(&silent).await), (403, Vec::new()));
    // The same letters, put together otherwise.
    let composed = site.user_with("Mac", &["Employe\u{301}"]).await;
    assert_eq!((writes(&composed, &clerk).await, writes(&composed, &boss).await), (201, 403));
    let after = admin.get("/roles").await.ok(200)["items"].as_array().unwrap().len();
    assert_eq!(before, after, "no role was made");
    // Who loses a role by a later token is not left with more than before.
    let later = site.user_with("Cleo", &["Employe"]).await;
    assert_eq!(writes(&later, &boss).await, 403);
}

#[tokio::test]
async fn users_made_without_a_role() {
    let site = Site::start().await;
    let (admin, boss) = company(&site).await;
    let user = json!({"name": "Local", "email": "local@example.com", "password": "a long enough password"});
    let made = admin.post("/users", user).await.ok(201);
    assert_eq!(made["roles"], json!([]));
    let sign_in = json!({"email": "local@example.com", "password": "a long enough password"});
    let local = Person::sign_in(&site.url, sign_in).await;
    assert_eq!(writes(&local, &boss).await, 403);
    let unknown = json!({"name": "X", "roles": ["018f0000-0000-7000-8000-000000000000"]});
    admin.post("/users", unknown).await.problem(422, "invalid");
    let cli = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::by_slug(tx, "default")?;
        parlor::auth::registration::add_user(tx, &tenant, "Cli", "cli@example.com", &[], None)
    });
    assert!(cli.await.unwrap().roles.is_empty());
    let wrong = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::by_slug(tx, "default")?;
        parlor::auth::registration::add_user(
            tx,
            &tenant,
            "Typo",
            "typo@example.com",
            &["employé".to_owned()],
            None,
        )
    });
    assert!(wrong.await.is_err());
    // A default role that the matrix holds for is what administrators chose for newcomers.
    let known = admin.get("/roles").await.ok(200);
    let clerk = known["items"].as_array().unwrap().iter().find(|role| role["name"] == "Employé").unwrap();
    admin
        .patch(&format!("/roles/{}", clerk["id"].as_str().unwrap()), json!({"is_default": true}))
        .await
        .ok(200);
    assert_eq!(roles(&site.user("Newcomer").await).await, ["Employé"]);
    assert!(roles(&site.user_with("Nobody", &[]).await).await.is_empty(), "the host says: none");
}

#[tokio::test]
async fn roles_that_a_new_version_brings_are_bound_where_the_matrix_holds() {
    let site = Site::start().await;
    let (admin, boss) = company(&site).await;
    let known = admin.get("/roles").await.ok(200);
    let agent = known["items"].as_array().unwrap().iter().find(|role| role["name"] == "agent").unwrap();
    assert_eq!(admin.delete(&format!("/roles/{}", agent["id"].as_str().unwrap())).await.status, 204);
    let made = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::by_slug(tx, "default")?;
        tenants::sync_rights(tx, &tenant)
    });
    made.await.unwrap();
    assert_eq!(writes(&site.user_with("Gus", &["agent"]).await, &boss).await, 403);
}

#[tokio::test]
async fn without_a_matrix_unknown_names_give_the_default() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let typo = site.user_with("Typo", &["nobody made this"]).await;
    assert_eq!((roles(&typo).await, writes(&typo, &admin).await), (vec!["member".to_owned()], 201));
    let known: Value = admin.get("/roles").await.ok(200);
    assert!(!known.to_string().contains("nobody made this"));
    let both = site.person(parlor::auth::jwt::Claims {
        roles: Some(vec!["agent".to_owned(), "other".to_owned()]),
        ..claims("Both")
    });
    assert_eq!(roles(&both.await).await, ["agent"]);
}

/// What is put in the place of a message is sent like another: where somebody may not write, nothing is edited, and what others
/// are told of reactions and pins is not told either. Taking back is always possible.
#[tokio::test]
async fn where_nobody_may_write_nothing_is_edited() {
    let site = Site::start().await;
    let (admin, boss) = company(&site).await;
    let role = admin.post("/roles", json!({"name": "Helper"})).await.ok(201);
    let helper = site.user_with("Hel", &["Helper"]).await;

    let pair = open(&helper, json!({"kind": "direct", "user_ids": [boss.id]})).await;
    let open_role = json!({"restricted": true, "writes_to": []});
    let (matrix, close) = (format!("/roles/{}", role["id"].as_str().unwrap()), open_role);
    let mine = id_of(&helper.say(&pair, "before").await);
    admin.patch(&matrix, close).await.ok(200);
    refused_everywhere(&helper, &pair, &mine, "matrix").await;
    admin.patch(&matrix, json!({"restricted": false})).await.ok(200);

    let channel = open(&admin, json!({"kind": "channel", "title": "news", "user_ids": [helper.id]})).await;
    let mine = id_of(&helper.say(&channel, "before").await);
    admin.patch(&format!("/conversations/{channel}"), json!({"status": "archived"})).await.ok(200);
    refused_everywhere(&helper, &channel, &mine, "archived").await;

    let group = open(&admin, json!({"kind": "group", "title": "team", "user_ids": [helper.id]})).await;
    let mine = id_of(&helper.say(&group, "before").await);
    let participant = format!("/conversations/{group}/participants/{}", helper.id);
    admin.patch(&participant, json!({"role": "observer"})).await.ok(200);
    refused_everywhere(&helper, &group, &mine, "observer").await;

    let broadcast = json!({
        "kind": "broadcast", "title": "all", "user_ids": [helper.id], "replies_enabled": true, "message": {"body": "hello"},
    });
    let broadcast = open(&admin, broadcast).await;
    let mine = id_of(&helper.say(&broadcast, "before").await);
    admin.patch(&format!("/conversations/{broadcast}"), json!({"replies_enabled": false})).await.ok(200);
    let edit = helper.patch(&format!("/messages/{mine}"), json!({"body": "after"})).await;
    assert_eq!(edit.problem(403, "forbidden")["rule"], "replies_disabled");
    // Without replies people react all the same.
    helper.put(&format!("/messages/{mine}/reactions/%F0%9F%91%8D"), json!({})).await.ok(200);
}

async fn open(person: &Person, what: Value) -> String {
    id_of(&person.post("/conversations", what).await.ok(201))
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

async fn refused_everywhere(person: &Person, conversation: &str, message: &str, rule: &str) {
    let message = format!("/messages/{message}");
    let text = json!({"body": "after"});
    let calls = [
        person.post(&format!("/conversations/{conversation}/messages"), text.clone()).await,
        person.patch(&message, text).await,
        person.put(&format!("{message}/reactions/%F0%9F%91%8D"), json!({})).await,
        person.put(&format!("{message}/pin"), json!({})).await,
    ];
    for refused in calls {
        assert_eq!(refused.problem(403, "forbidden")["rule"], rule);
    }
    assert_eq!(person.get(&message).await.ok(200)["body"], "before");
    person.delete(&format!("{message}/pin")).await.ok(204);
    person.delete(&message).await.ok(200);
}
