//! Nobody reaches a right by way of somebody else's credential.

use parlor::auth::jwt::{Claims, sign};
use serde_json::{Value, json};

use crate::support::{Person, SECRET, Site, claims};

const PASSWORD: &str = "a long enough password";

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Somebody with a role of these rights.
async fn with_rights(site: &Site, name: &str, rights: &[&str]) -> Person {
    let admin = site.user_with("Ada", &["admin"]).await;
    let role = format!("role of {name}");
    admin.post("/roles", json!({"name": role, "rights": rights})).await.ok(201);
    site.user_with(name, &[&role]).await
}

/// A local account; answers its id.
async fn account(site: &Site, email: &str, roles: &[&str], password: Option<&str>) -> String {
    let admin = site.user_with("Ada", &["admin"]).await;
    let known = admin.get("/roles").await.ok(200);
    let known = known["items"].as_array().unwrap();
    let ids: Vec<_> = roles
        .iter()
        .map(|name| known.iter().find(|role| role["name"] == *name).unwrap()["id"].clone())
        .collect();
    let mut user = json!({"name": email, "email": email, "password": password});
    if !roles.is_empty() {
        user["roles"] = json!(ids);
    }
    id(&admin.post("/users", user).await.ok(201))
}

/// A super administrator with this address.
async fn root(site: &Site) -> String {
    let made = site.app.db.write_plain(1, |tx| {
        let tenant = parlor_chat::tenants::by_slug(tx, "default")?;
        parlor::auth::registration::add_administrator(tx, &tenant, "Root", "root@example.com", "hash")
    });
    made.await.unwrap().id().to_string()
}

async fn by_mail(site: &Site, sub: &str, email: &str) -> Person {
    let claims = Claims { sub: sub.to_owned(), email: Some(email.to_owned()), ..claims("Eve") };
    Person::arrive(&site.url, sign(&claims, SECRET.as_bytes(), None).unwrap()).await
}

#[tokio::test]
async fn an_address_in_a_token_opens_no_account_that_opens_anything() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let member = ["member"];
    let locals = [
        ("root@example.com", root(&site).await),
        ("vera@example.com", account(&site, "vera@example.com", &["admin"], None).await),
        ("gus@example.com", account(&site, "gus@example.com", &["agent"], None).await),
        ("team@example.com", account(&site, "team@example.com", &member, None).await),
    ];
    let team = json!({"name": "Support", "members": [locals[3].1]});
    admin.post("/teams", team).await.ok(201);
    for (email, known) in &locals {
        let eve = by_mail(&site, &format!("eve-{email}"), &email.to_uppercase()).await;
        assert_ne!(eve.id, *known, "{email}");
        let me = eve.get("/me").await.ok(200);
        assert_eq!(
            (&me["super_admin"], &me["roles"][0]["name"]),
            (&json!(false), &json!("member")),
            "{email}"
        );
        admin.get(&format!("/users/{known}")).await.ok(200);
    }
    let fresh = account(&site, "new@example.com", &member, None).await;
    assert_eq!(by_mail(&site, "new", "new@example.com").await.id, fresh, "it opens nothing yet");
    assert_ne!(by_mail(&site, "other", "new@example.com").await.id, fresh, "and is the host's from then on");
}

#[tokio::test]
async fn rights_that_the_host_gives_are_not_reached_by_a_password() {
    let site = Site::start().await;
    let clerk =
        with_rights(&site, "Clerk", &["manage_users", "group", "channel", "ticket", "messenger"]).await;
    let puppet = json!({"name": "Boss", "email": "boss@example.com", "password": PASSWORD});
    let made = id(&clerk.post("/users", puppet).await.ok(201));
    let sign_in = json!({"email": "boss@example.com", "password": PASSWORD});
    let session = Person::sign_in(&site.url, sign_in.clone()).await;
    session.get("/me").await.ok(200);
    assert_eq!(by_mail(&site, "boss", "boss@example.com").await.id, made);
    session.get("/me").await.problem(401, "unauthorized");
    let claims = Claims { sub: "boss".to_owned(), roles: Some(vec!["admin".to_owned()]), ..claims("Boss") };
    let boss = Person::arrive(&site.url, sign(&claims, SECRET.as_bytes(), None).unwrap()).await;
    assert_eq!(boss.id, made);
    session.get("/me").await.problem(401, "unauthorized");
    site.stranger().post("/sessions", sign_in).await.problem(401, "unauthorized");
    boss.get("/settings").await.ok(200);
}

#[tokio::test]
async fn an_administrator_links_an_account_to_the_host() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let vera = account(&site, "vera@example.com", &["admin"], Some(PASSWORD)).await;
    let path = format!("/users/{vera}");
    let link = json!({"external_id": "vera-at-the-host"});
    clerk.patch(&format!("/users/{}", clerk.id), link.clone()).await.problem(403, "forbidden");
    admin.patch(&path, json!({"external_id": "clerk"})).await.problem(409, "conflict");
    admin.patch(&path, json!({"external_id": ""})).await.problem(422, "invalid");
    admin.patch(&path, link).await.ok(200);
    assert_eq!(by_mail(&site, "vera-at-the-host", "vera@example.com").await.id, vera);
}

#[tokio::test]
async fn whoever_manages_users_takes_over_nobody_with_more_rights() {
    let site = Site::start().await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let vera = account(&site, "vera@example.com", &["admin"], Some(PASSWORD)).await;
    let root = root(&site).await;
    for (target, rule) in [(&vera, "right"), (&root, "super_admin")] {
        let refused = [
            clerk.put(&format!("/users/{target}/password"), json!({"password": PASSWORD})).await,
            clerk.post(&format!("/users/{target}/invitation"), json!({})).await,
            clerk.patch(&format!("/users/{target}"), json!({"email": "mine@example.com"})).await,
        ];
        for reply in refused {
            assert_eq!(reply.problem(403, "forbidden")["rule"], rule);
        }
    }
    clerk.delete(&format!("/users/{root}/sessions")).await.problem(403, "forbidden");
    let stored = Person::sign_in(&site.url, json!({"email": "vera@example.com", "password": PASSWORD})).await;
    assert_eq!(stored.id, vera, "nothing changed");
    // What one may do oneself, one may let others do.
    let peer = account(&site, "peer@example.com", &["role of Clerk"], Some(PASSWORD)).await;
    let path = format!("/users/{peer}");
    assert_eq!(
        clerk.put(&format!("{path}/password"), json!({"password": "other long password"})).await.status,
        204
    );
    clerk.post(&format!("{path}/invitation"), json!({})).await.ok(201);
    clerk.patch(&path, json!({"email": "renamed@example.com"})).await.ok(200);
    // A new account whose password one knows has no more either.
    let puppet = json!({"name": "Puppet", "email": "p@example.com", "password": PASSWORD});
    assert_eq!(clerk.post("/users", puppet).await.problem(403, "forbidden")["rule"], "right");
    clerk.post("/users", json!({"name": "Newcomer", "email": "n@example.com"})).await.ok(201);
}

#[tokio::test]
async fn an_invitation_ends_with_the_right_to_make_it() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let clerk_role = admin.get(&format!("/users/{}", clerk.id)).await.ok(200)["roles"].clone();
    let peer = id(&admin
        .post("/users", json!({"name": "Peer", "email": "peer@example.com", "roles": clerk_role}))
        .await
        .ok(201));
    let link = clerk.post(&format!("/users/{peer}/invitation"), json!({})).await.ok(201);
    let token = link["path"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let look = || async { site.stranger().post("/invitations/look", json!({"token": token})).await };
    look().await.ok(200);
    let known = admin.get("/roles").await.ok(200);
    let of = |name: &str| {
        known["items"].as_array().unwrap().iter().find(|role| role["name"] == name).unwrap()["id"].clone()
    };
    admin.patch(&format!("/users/{peer}"), json!({"roles": [of("admin")]})).await.ok(200);
    look().await.problem(409, "conflict");
    let accept = json!({"token": token, "password": PASSWORD});
    site.stranger().post("/invitations", accept).await.problem(409, "conflict");
    admin.patch(&format!("/users/{peer}"), json!({"roles": clerk_role})).await.ok(200);
    look().await.ok(200);
    admin.patch(&format!("/users/{}", clerk.id), json!({"active": false})).await.ok(200);
    look().await.problem(409, "conflict");
}

#[tokio::test]
async fn nobody_puts_people_where_they_may_not_read() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let puppet = site.user("Puppet").await;
    let member = site.user("Mia").await;
    let team = id(&admin.post("/teams", json!({"name": "Dev", "members": [member.id]})).await.ok(201));
    let ticket = json!({"kind": "ticket", "title": "Broken", "team_id": team, "message": {"body": "It is"}});
    admin.post("/conversations", ticket).await.ok(201);
    let store = id(&admin.post("/stores", json!({"name": "Lyon", "users": [member.id]})).await.ok(201));
    let talk =
        json!({"kind": "admin_store", "store_id": store, "subject": "Rent", "message": {"body": "Due"}});
    admin.post("/conversations", talk).await.ok(201);
    for person in [&clerk, &puppet] {
        let user = format!("/users/{}", person.id);
        let refused = [
            clerk.patch(&user, json!({"teams": [team]})).await,
            clerk.patch(&user, json!({"stores": [store]})).await,
            clerk.patch(&format!("/teams/{team}"), json!({"members": [member.id, person.id]})).await,
            clerk.patch(&format!("/stores/{store}"), json!({"users": [member.id, person.id]})).await,
        ];
        for reply in refused {
            assert_eq!(reply.problem(403, "forbidden")["rule"], "place");
        }
    }
    // Nor by way of somebody who is there.
    let mia = format!("/users/{}", member.id);
    admin
        .patch(&mia, json!({"email": "mia@example.com", "roles": role_of(&admin, &clerk).await}))
        .await
        .ok(200);
    assert_eq!(
        clerk.post(&format!("{mia}/invitation"), json!({})).await.problem(403, "forbidden")["rule"],
        "place"
    );
    // Taking out, and filling what is new, is free.
    clerk.patch(&format!("/teams/{team}"), json!({"members": []})).await.ok(200);
    let new = id(&clerk.post("/teams", json!({"name": "Night", "members": [clerk.id]})).await.ok(201));
    clerk.patch(&format!("/users/{}", puppet.id), json!({"teams": [new]})).await.ok(200);
    admin.patch(&format!("/teams/{team}"), json!({"members": [member.id]})).await.ok(200);
}

async fn role_of(admin: &Person, person: &Person) -> Value {
    admin.get(&format!("/users/{}", person.id)).await.ok(200)["roles"].clone()
}

#[tokio::test]
async fn whoever_manages_settings_speaks_for_nobody_else() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_settings"]).await;
    for purpose in ["host", "mercure", "mercure-subscriber"] {
        let refused = clerk.post("/host-keys", json!({"purpose": purpose})).await.problem(403, "forbidden");
        assert_eq!(refused["rule"], "every_right", "{purpose}");
    }
    clerk.post("/host-keys", json!({"purpose": "mercure-publisher"})).await.ok(201);
    let key = admin.post("/host-keys", json!({})).await.ok(201);
    assert_eq!(clerk.delete(&format!("/host-keys/{}", id(&key))).await.status, 204);
    let known = admin.get("/roles").await.ok(200);
    let agent = known["items"].as_array().unwrap().iter().find(|role| role["name"] == "agent").unwrap();
    let bot = json!({"name": "Bot", "bot": true, "roles": [agent["id"]]});
    let bot = id(&admin.post("/users", bot).await.ok(201));
    let refused = clerk.post("/api-keys", json!({"name": "x", "user_id": bot})).await;
    assert_eq!(refused.problem(403, "forbidden")["rule"], "right");
    admin.post("/api-keys", json!({"name": "x", "user_id": bot})).await.ok(201);
    clerk.post("/api-keys", json!({"name": "mine"})).await.ok(201);
    assert_eq!(clerk.get("/app").await.ok(200)["secret"], Value::Null);
    assert!(admin.get("/app").await.ok(200)["secret"].is_string());
    let chosen = json!({"secret": "a-secret-that-i-know"});
    assert_eq!(clerk.put("/app", chosen).await.problem(403, "forbidden")["rule"], "every_right");
    let answer = clerk.put("/app", json!({"options": {"client_events": false}})).await.ok(200);
    assert_eq!(answer["secret"], Value::Null);
}

#[tokio::test]
async fn roles_are_not_renamed_into_ones_own() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let known = admin.get("/roles").await.ok(200);
    let of =
        |name: &str| id(known["items"].as_array().unwrap().iter().find(|role| role["name"] == name).unwrap());
    for change in [json!({"name": "clerks"}), json!({"is_default": true})] {
        clerk.patch(&format!("/roles/{}", of("agent")), change).await.problem(403, "forbidden");
    }
    let twice = json!({"name": "member"});
    admin.patch(&format!("/roles/{}", of("agent")), twice).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_token_sets_no_password() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let claims = Claims { email: Some("ana@example.com".to_owned()), ..claims("Ana") };
    let token = sign(&claims, SECRET.as_bytes(), None).unwrap();
    let ana = Person::arrive(&site.url, token.clone()).await;
    let path = format!("/users/{}/password", ana.id);
    let new = json!({"password": PASSWORD});
    assert_eq!(ana.put(&path, new.clone()).await.problem(403, "forbidden")["rule"], "session");
    let exchanged = Person::sign_in(&site.url, json!({"token": token})).await;
    assert_eq!(exchanged.put(&path, new.clone()).await.problem(409, "conflict")["rule"], "invitation");
    let attempt = json!({"email": "ana@example.com", "password": PASSWORD});
    site.stranger().post("/sessions", attempt.clone()).await.problem(401, "unauthorized");
    let own = admin.post(&format!("/users/{}/invitation", admin.id), json!({})).await;
    assert_eq!(own.problem(403, "forbidden")["rule"], "oneself");
    // By an invitation, and then with the present one, in a session.
    let link = admin.post(&format!("/users/{}/invitation", ana.id), json!({})).await.ok(201);
    let token = link["path"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    site.stranger().post("/invitations", json!({"token": token, "password": PASSWORD})).await.ok(200);
    let ana = Person::sign_in(&site.url, attempt).await;
    let wrong = json!({"password": "another long password", "current": "guess guess"});
    assert_eq!(ana.put(&path, wrong).await.problem(422, "invalid")["field"], "current");
    let right = json!({"password": "another long password", "current": PASSWORD});
    ana.put(&path, right).await.ok(200);
    let key = admin.post("/api-keys", json!({"name": "x"})).await.ok(201);
    let program = Person { token: Some(key["key"].as_str().unwrap().to_owned()), ..site.stranger() };
    let path = format!("/users/{}/password", admin.id);
    assert_eq!(program.put(&path, new).await.problem(403, "forbidden")["rule"], "session");
}

/// Somebody who comes with a token of the host with these claims.
async fn from_host(site: &Site, claims: &Claims) -> Person {
    Person::arrive(&site.url, sign(claims, SECRET.as_bytes(), None).unwrap()).await
}

#[tokio::test]
async fn nobody_prepares_an_account_for_whom_the_host_will_name() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users", "manage_settings"]).await;
    let bot = json!({"name": "Ana", "bot": true, "external_id": "ana", "roles": []});
    let person = json!({"name": "Ana", "email": "ana@example.com", "password": PASSWORD, "external_id": "ana", "roles": []});
    for made in [&bot, &person] {
        let refused = clerk.post("/users", made.clone()).await.problem(403, "forbidden");
        assert_eq!(refused["rule"], "every_right");
    }
    for (external, status, kind) in
        [("", 422, "invalid"), ("a\u{7}", 422, "invalid"), ("clerk", 409, "conflict")]
    {
        let new = json!({"name": "Ana", "external_id": external});
        assert_eq!(
            admin.post("/users", new).await.problem(status, kind)["field"],
            if status == 422 { json!("external_id") } else { Value::Null }
        );
    }
    // Who has every right may; and nobody signs in as a bot.
    let bot = id(&admin.post("/users", bot).await.ok(201));
    let key = admin.post("/api-keys", json!({"name": "x", "user_id": bot})).await.ok(201);
    let program = Person { token: Some(key["key"].as_str().unwrap().to_owned()), ..site.stranger() };
    let boss = Claims { sub: "ana".to_owned(), roles: Some(vec!["admin".to_owned()]), ..claims("Ana") };
    let token = sign(&boss, SECRET.as_bytes(), None).unwrap();
    let ana = Person { token: Some(token.clone()), ..site.stranger() };
    ana.get("/me").await.problem(401, "unauthorized");
    site.stranger().post("/sessions", json!({"token": token})).await.problem(401, "unauthorized");
    program.get("/settings").await.problem(403, "forbidden");
}

#[tokio::test]
async fn places_that_the_host_gives_are_not_reached_by_what_was_made_here() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let role = json!({"name": "programs", "rights": ["manage_settings"]});
    let role = id(&admin.post("/roles", role).await.ok(201));
    let given = || Some(vec!["legal".to_owned()]);
    for (sub, teams, stores) in [("t", given(), None), ("s", None, given())] {
        let email = format!("{sub}@example.com");
        let new =
            json!({"name": sub, "email": email, "password": PASSWORD, "external_id": sub, "roles": [role]});
        let made = id(&admin.post("/users", new).await.ok(201));
        let attempt = json!({"email": email, "password": PASSWORD});
        let session = Person::sign_in(&site.url, attempt.clone()).await;
        let key = session.post("/api-keys", json!({"name": "x"})).await.ok(201);
        let program = Person { token: Some(key["key"].as_str().unwrap().to_owned()), ..site.stranger() };
        let plain = Claims { sub: sub.to_owned(), ..claims(sub) };
        let token = sign(&plain, SECRET.as_bytes(), None).unwrap();
        let exchanged = Person::sign_in(&site.url, json!({"token": token})).await;
        for person in [&session, &program, &exchanged] {
            assert_eq!(person.get("/me").await.ok(200)["id"], json!(made), "nothing was gained yet");
        }
        assert_eq!(from_host(&site, &Claims { teams, stores, ..plain }).await.id, made);
        for person in [&session, &program] {
            person.get("/me").await.problem(401, "unauthorized");
        }
        site.stranger().post("/sessions", attempt).await.problem(401, "unauthorized");
        exchanged.get("/me").await.ok(200);
    }
}

#[tokio::test]
async fn whom_an_account_becomes_at_the_host_ends_what_was_made_before() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk =
        with_rights(&site, "Clerk", &["manage_users", "group", "channel", "ticket", "messenger"]).await;
    let invitation =
        |path: Value| json!({"token": path["path"].as_str().unwrap().split_once('#').unwrap().1});
    for (sub, by_link) in [("ana", false), ("bea", true)] {
        let email = format!("{sub}@example.com");
        let attempt = json!({"email": email, "password": PASSWORD});
        let new = json!({"name": sub, "email": email, "password": PASSWORD});
        let made = id(&clerk.post("/users", new).await.ok(201));
        let session = Person::sign_in(&site.url, attempt.clone()).await;
        let other = json!({"name": "x", "email": format!("invited-{email}")});
        let invited = id(&clerk.post("/users", other).await.ok(201));
        let link = invitation(clerk.post(&format!("/users/{invited}/invitation"), json!({})).await.ok(201));
        site.stranger().post("/invitations/look", link.clone()).await.ok(200);
        let second = format!("invited-{sub}");
        if by_link {
            admin.patch(&format!("/users/{made}"), json!({"external_id": sub})).await.ok(200);
            admin.patch(&format!("/users/{invited}"), json!({"external_id": second})).await.ok(200);
        }
        assert_eq!(by_mail(&site, sub, &email).await.id, made);
        assert_eq!(by_mail(&site, &second, &format!("invited-{email}")).await.id, invited);
        session.get("/me").await.problem(401, "unauthorized");
        site.stranger().post("/sessions", attempt).await.problem(401, "unauthorized");
        site.stranger().post("/invitations/look", link).await.problem(409, "conflict");
    }
    // What is said again changes nothing, and oneself is nobody else.
    let vera = account(&site, "vera@example.com", &["admin"], Some(PASSWORD)).await;
    let own = Person::sign_in(&site.url, json!({"email": "vera@example.com", "password": PASSWORD})).await;
    own.patch(&format!("/users/{vera}"), json!({"external_id": "vera"})).await.ok(200);
    admin.patch(&format!("/users/{vera}"), json!({"external_id": "vera"})).await.ok(200);
    own.get("/me").await.ok(200);
}

#[tokio::test]
async fn teams_are_not_renamed_into_ones_own() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let clerk = with_rights(&site, "Clerk", &["manage_users"]).await;
    let member = site.user("Mia").await;
    let team = id(&admin.post("/teams", json!({"name": "Legal", "members": [member.id]})).await.ok(201));
    let ticket = json!({"kind": "ticket", "title": "Secret", "team_id": team, "message": {"body": "It is"}});
    admin.post("/conversations", ticket).await.ok(201);
    let path = format!("/teams/{team}");
    for name in ["people", "LEGAL"] {
        let refused = clerk.patch(&path, json!({"name": name})).await.problem(403, "forbidden");
        assert_eq!(refused["rule"], "place");
    }
    clerk.patch(&path, json!({"name": "Legal", "ticket_prefix": "LAW"})).await.ok(200);
    // No second team by which a token could mean this one, nor this one by another's name.
    let night = id(&clerk.post("/teams", json!({"name": "Night"})).await.ok(201));
    clerk.post("/teams", json!({"name": "legal!"})).await.problem(409, "conflict");
    clerk.patch(&format!("/teams/{night}"), json!({"name": "legal"})).await.problem(409, "conflict");
    clerk.patch(&format!("/teams/{night}"), json!({"name": "Late"})).await.ok(200);
    clerk.post("/teams", json!({"name": "late"})).await.problem(409, "conflict");
    admin.patch(&path, json!({"name": "Law"})).await.ok(200);
    let claims = Claims { teams: Some(vec!["legal".to_owned()]), ..claims("Lea") };
    let lea = from_host(&site, &claims).await;
    assert_eq!(lea.get("/me").await.ok(200)["teams"][0]["id"], json!(team), "tokens mean it as before");
}
