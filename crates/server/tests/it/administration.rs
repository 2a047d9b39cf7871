//! What administrators do beside the contracts: devices, invitations, host keys, the matrix, the name, health.

use parlor::auth::jwt::sign;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, Site, claims};

const PASSWORD: &str = "correct horse battery";

/// Signs in with a password; the cookie takes the place of a token.
async fn browser(site: &Site, email: &str, agent: &str) -> Cookie {
    let stranger = site.stranger();
    let request = stranger.request(Method::POST, "/sessions").header("user-agent", agent);
    let reply = stranger.send(request.json(&json!({"email": email, "password": PASSWORD}))).await;
    Cookie::of(&stranger, &reply.headers, reply.status)
}

struct Cookie {
    person: Person,
    value: String,
}

impl Cookie {
    fn of(person: &Person, headers: &reqwest::header::HeaderMap, status: u16) -> Self {
        assert_eq!(status, 200);
        let value = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { person: person.clone(), value }
    }

    async fn send(&self, method: Method, path: &str) -> crate::support::Reply {
        let request = self.person.request(method, path).header("cookie", &self.value);
        self.person.send(request.header("x-parlor-csrf", "1")).await
    }

    async fn devices(&self) -> Vec<Value> {
        self.send(Method::GET, "/me/sessions").await.ok(200)["items"].as_array().unwrap().clone()
    }
}

async fn account(admin: &Person, name: &str, email: &str) -> String {
    let body = json!({"name": name, "email": email, "password": PASSWORD});
    admin.post("/users", body).await.ok(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn people_see_and_end_their_sign_ins() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let id = account(&admin, "Ben", "ben@example.com").await;
    let desk = browser(&site, "ben@example.com", "Desk/1").await;
    let phone = browser(&site, "ben@example.com", "Phone/2").await;
    let train = browser(&site, "ben@example.com", "Train/3").await;
    let devices = desk.devices().await;
    let of = |agent: &str| devices.iter().find(|device| device["agent"] == agent).unwrap();
    assert_eq!(
        (devices.len(), &of("Desk/1")["current"], &of("Phone/2")["current"]),
        (3, &json!(true), &json!(false))
    );
    assert_eq!(of("Phone/2")["ip"], "127.0.0.1");
    let other = of("Phone/2")["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.send(Method::DELETE, &format!("/me/sessions/{other}")).await.status, 204);
    phone.send(Method::GET, "/me").await.problem(401, "unauthorized");
    desk.send(Method::DELETE, &format!("/me/sessions/{other}")).await.problem(404, "not_found");
    assert_eq!(desk.send(Method::DELETE, "/me/sessions").await.status, 204);
    train.send(Method::GET, "/me").await.problem(401, "unauthorized");
    assert_eq!(desk.devices().await.len(), 1);
    desk.send(Method::DELETE, &format!("/users/{id}/sessions")).await.problem(403, "forbidden");
    assert_eq!(admin.delete(&format!("/users/{id}/sessions")).await.status, 204);
    desk.send(Method::GET, "/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn an_invitation_serves_once() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let made = admin.post("/users", json!({"name": "Cem", "email": "cem@example.com"})).await.ok(201);
    let id = made["id"].as_str().unwrap();
    let path = format!("/users/{id}/invitation");
    site.user("Ben").await.post(&path, json!({})).await.problem(403, "forbidden");
    let link = admin.post(&path, json!({})).await.ok(201);
    let token = link["path"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let guest = site.stranger();
    let seen = guest.post("/invitations/look", json!({"token": token})).await.ok(200);
    assert_eq!((&seen["name"], &seen["email"]), (&json!("Cem"), &json!("cem@example.com")));
    let with = |password: &str| json!({"token": token, "password": password});
    guest.post("/invitations", with("short")).await.problem(422, "invalid");
    let done = guest.post("/invitations", with(PASSWORD)).await.ok(200);
    assert_eq!(done["me"]["name"], "Cem");
    guest.post("/invitations", with("another password")).await.problem(409, "conflict");
    guest.post("/invitations/look", json!({"token": "junk"})).await.problem(409, "conflict");
    browser(&site, "cem@example.com", "x").await;
    let late = admin.post(&path, json!({})).await.ok(201);
    let token = late["path"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    admin.patch(&format!("/users/{id}"), json!({"active": false})).await.ok(200);
    guest.post("/invitations/look", json!({"token": token})).await.problem(409, "conflict");
    admin.post(&path, json!({})).await.problem(409, "conflict");
}

#[tokio::test]
async fn host_keys_are_made_and_removed() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let body = json!({"kid": "june", "purpose": "host"});
    site.user("Ben").await.post("/host-keys", body.clone()).await.problem(403, "forbidden");
    let made = admin.post("/host-keys", body).await.ok(201);
    let secret = made["secret"].as_str().unwrap();
    let token = sign(&claims("Dana"), secret.as_bytes(), Some("june".to_owned())).unwrap();
    let dana = Person { token: Some(token), ..site.stranger() };
    assert_eq!(dana.get("/me").await.ok(200)["name"], "Dana");
    let listed = admin.get("/host-keys").await.ok(200);
    assert_eq!(
        (&listed["items"][0]["kid"], &listed["items"][0]["purpose"]),
        (&json!("june"), &json!("host"))
    );
    assert!(!listed.to_string().contains(secret), "a secret is shown once");
    let path = format!("/host-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.delete(&path).await.status, 204);
    dana.get("/me").await.problem(401, "unauthorized");
    let refused = [
        json!({"kind": "hs256", "secret": "too short"}),
        json!({"kind": "hs256", "secret": "s".repeat(32)}),
        json!({"kind": "pem", "secret": "junk"}),
        json!({"kind": "jwks", "secret": "{}"}),
        json!({"kind": "jwks_url", "secret": "http://127.0.0.1/keys"}),
        json!({"kind": "jwks_url", "secret": "https://keys.example/", "purpose": "mercure"}),
    ];
    for body in refused {
        assert_eq!(admin.post("/host-keys", body).await.problem(422, "invalid")["field"], "secret");
    }
    let mercure = admin.post("/host-keys", json!({"purpose": "mercure-publisher"})).await.ok(201);
    assert_eq!((&mercure["purpose"], &mercure["kind"]), (&json!("mercure-publisher"), &json!("hs256")));
    let audit = admin.get("/audit?search=june").await.ok(200);
    assert_eq!(audit["items"][0]["action"], "host_key.create");
}

#[tokio::test]
async fn the_matrix_says_why() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let boss = admin.post("/roles", json!({"name": "boss"})).await.ok(201);
    let clerk = admin.post("/roles", json!({"name": "clerk", "restricted": true})).await.ok(201);
    let (boss, clerk) = (boss["id"].as_str().unwrap(), clerk["id"].as_str().unwrap());
    let (ben, cem) = (site.user_with("Ben", &["boss"]).await, site.user_with("Cem", &["clerk"]).await);
    let ask = async |from: &Person, to: &Person| {
        admin.get(&format!("/matrix/verdict?from={}&to={}", from.id, to.id)).await.ok(200)
    };
    assert_eq!(ask(&ben, &cem).await["because"], "unrestricted");
    let refused = ask(&cem, &ben).await;
    assert_eq!((&refused["allowed"], &refused["because"]), (&json!(false), &json!("no_cell")));
    admin.patch(&format!("/roles/{clerk}"), json!({"writes_to": [boss]})).await.ok(200);
    let allowed = ask(&cem, &ben).await;
    assert_eq!(
        (&allowed["because"], &allowed["from_role"], &allowed["to_role"]),
        (&json!("cell"), &json!(clerk), &json!(boss))
    );
    assert_eq!(ask(&ben, &ben).await["because"], "oneself");
    let asked = format!("/matrix/verdict?from={}&to={}", ben.id, cem.id);
    ben.get(&asked).await.problem(403, "forbidden");
}

#[tokio::test]
async fn users_get_teams_and_stores_and_teams_keep_who_left() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (ben, cem) = (site.user("Ben").await, site.user("Cem").await);
    let team = admin.post("/teams", json!({"name": "Support", "members": [cem.id]})).await.ok(201);
    let store = admin.post("/stores", json!({"name": "Lyon"})).await.ok(201);
    let path = format!("/users/{}", ben.id);
    let changed = admin.patch(&path, json!({"teams": [team["id"]], "stores": [store["id"]]})).await.ok(200);
    assert_eq!((&changed["teams"], &changed["stores"]), (&json!([team["id"]]), &json!([store["id"]])));
    assert_eq!(ben.get("/me").await.ok(200)["teams"][0]["name"], "Support");
    let cleared = admin.patch(&path, json!({"stores": []})).await.ok(200);
    assert_eq!((&cleared["teams"], &cleared["stores"]), (&json!([team["id"]]), &json!([])));
    admin.patch(&path, json!({"teams": [store["id"]]})).await.problem(422, "invalid");
    admin.patch(&format!("/users/{}", cem.id), json!({"active": false})).await.ok(200);
    let team = format!("/teams/{}", team["id"].as_str().unwrap());
    let kept = admin.patch(&team, json!({"members": [cem.id, ben.id, admin.id]})).await.ok(200);
    assert_eq!(kept["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn teams_and_stores_without_conversations_are_deleted() {
    let site = Site::start().await;
    let (admin, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    let id = |value: Value| value["id"].as_str().unwrap().to_owned();
    let used = id(admin.post("/teams", json!({"name": "Dev", "members": [ben.id]})).await.ok(201));
    let idle = id(admin.post("/teams", json!({"name": "Night", "members": [ben.id]})).await.ok(201));
    let store = id(admin.post("/stores", json!({"name": "Shoes", "users": [ben.id]})).await.ok(201));
    let ticket = json!({"kind": "ticket", "title": "Broken", "team_id": used, "message": {"body": "It is"}});
    admin.post("/conversations", ticket).await.ok(201);
    admin.delete(&format!("/teams/{used}")).await.problem(409, "conflict");
    ben.delete(&format!("/teams/{idle}")).await.problem(403, "forbidden");
    for path in [format!("/teams/{idle}"), format!("/stores/{store}")] {
        assert_eq!(admin.delete(&path).await.status, 204, "{path}");
        admin.get(&path).await.problem(404, "not_found");
        admin.delete(&path).await.problem(404, "not_found");
    }
    let ben = admin.get(&format!("/users/{}", ben.id)).await.ok(200);
    assert_eq!((&ben["teams"], &ben["stores"]), (&json!([used]), &json!([])));
    let log = admin.get("/audit?limit=50").await.ok(200);
    let done: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert!(done.contains(&"team.delete") && done.contains(&"store.delete"), "{done:?}");
}

#[tokio::test]
async fn the_name_of_the_company_and_the_state_of_the_system() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let ben = site.user("Ben").await;
    ben.patch("/tenant", json!({"name": "Bens"})).await.problem(403, "forbidden");
    admin.patch("/tenant", json!({"name": "  "})).await.problem(422, "invalid");
    admin.patch("/tenant", json!({"name": "Harbour & Co"})).await.ok(200);
    assert_eq!(ben.get("/me").await.ok(200)["tenant"]["name"], "Harbour & Co");
    ben.get("/health").await.problem(403, "forbidden");
    let _open = ben.ws(None).await;
    let health = admin.get("/health").await.ok(200);
    let native = health["protocols"].as_array().unwrap().iter().find(|one| one["protocol"] == "native");
    assert_eq!((&native.unwrap()["connections"], &health["nodes"]), (&json!(1), &json!(1)));
    assert!(health["database"]["bytes"].as_i64().unwrap() > 10_000, "{health}");
    assert!(health["database"]["commit_ms"].as_f64().unwrap() > 0.0, "{health}");
    let key = admin.post("/api-keys", json!({"name": "deploy"})).await.ok(201);
    let robot = Person { token: Some(key["key"].as_str().unwrap().to_owned()), ..site.stranger() };
    assert_eq!(admin.get("/api-keys").await.ok(200)["items"][0]["used_at"], Value::Null);
    robot.get("/me").await.ok(200);
    assert!(admin.get("/api-keys").await.ok(200)["items"][0]["used_at"].is_string());
}

#[tokio::test]
async fn what_a_list_says_twice_counts_once_and_lists_end() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let ben = account(&admin, "Ben", "ben@example.com").await;
    let role = admin.post("/roles", json!({"name": "Clerk"})).await.ok(201)["id"].clone();
    let team = admin.post("/teams", json!({"name": "Desk"})).await.ok(201)["id"].clone();
    let body = json!({"roles": [role, role], "teams": [team, team, team]});
    let changed = admin.patch(&format!("/users/{ben}"), body).await.ok(200);
    assert_eq!((&changed["roles"], &changed["teams"]), (&json!([role]), &json!([team])));
    let members = json!({"members": vec![&ben; 6_000]});
    let path = format!("/teams/{}", team.as_str().unwrap());
    assert_eq!(admin.patch(&path, members).await.ok(200)["members"], json!([ben]));
    let strangers: Vec<_> = (0..6_000_u128).map(|n| uuid::Uuid::from_u128(n).to_string()).collect();
    let refused = admin.patch(&path, json!({"members": strangers})).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("members"), &json!("count")));
    let store = admin.post("/stores", json!({"name": "Quay", "users": [ben, ben]})).await.ok(201);
    assert_eq!(store["users"], json!([ben]));
    let writes = json!({"writes_to": [role, role]});
    let changed = admin.patch(&format!("/roles/{}", role.as_str().unwrap()), writes).await.ok(200);
    assert_eq!(changed["writes_to"], json!([role]));
    let kinds = "group,".repeat(2_000);
    for path in [format!("/search?q=words&kind={kinds}"), format!("/conversations?kind={kinds}")] {
        admin.get(&path).await.ok(200);
    }
}
