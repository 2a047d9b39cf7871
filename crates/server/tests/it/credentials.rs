//! Whatever is lost ends everything that was made with it: streams over every protocol, on every node, also when another
//! process took it away; tokens, nonces and signatures fetched before open nothing afterwards.

use crate::support::http;
use parlor::auth::jwt::sign;
use parlor_db::Engine;
use serde_json::{Value, json};

use crate::support::ears::{Derived, Ears, listening, site};
use crate::support::{Person, Site, claims, engine};

const PASSWORD: &str = "a long enough password";

/// A member of staff who signs in with a password.
async fn local(site: &Site, admin: &Person, email: &str) -> (String, Person) {
    let user = json!({"name": email, "email": email, "password": PASSWORD});
    let id = admin.post("/users", user).await.ok(201)["id"].as_str().unwrap().to_owned();
    let person = Person::sign_in(&site.url, json!({"email": email, "password": PASSWORD})).await;
    assert_eq!(person.id, id);
    (id, person)
}

/// A program with a key, and the key's id.
async fn program(site: &Site, admin: &Person) -> (String, Person) {
    let bot = admin.post("/users", json!({"name": "Bot", "bot": true})).await.ok(201);
    let made = admin.post("/api-keys", json!({"name": "bot", "user_id": bot["id"]})).await.ok(201);
    let token = made["key"].as_str().unwrap().to_owned();
    (made["id"].as_str().unwrap().to_owned(), Person::arrive(&site.url, token).await)
}

/// A key of the host, and somebody with a token that it signed.
async fn host_key(site: &Site, admin: &Person, name: &str) -> (String, String, Person) {
    let key = admin.post("/host-keys", json!({})).await.ok(201);
    let secret = key["secret"].as_str().unwrap();
    let token = sign(&claims(name), secret.as_bytes(), None).unwrap();
    let person = Person::arrive(&site.url, token.clone()).await;
    (key["id"].as_str().unwrap().to_owned(), token, person)
}

/// Plays `lose`, and looks that nothing is left of the person's proof while others go on.
async fn lost(site: &Site, person: &Person, lose: impl Future<Output = ()>) {
    let other = site.user("Other").await;
    let mut others = Ears::open(site, &other).await;
    let ears = Ears::open(site, person).await;
    let derived = Derived::fetch(site, person).await;
    lose.await;
    ears.all_end().await;
    derived.opens_nothing(site).await;
    other.group("they go on", &[]).await;
    others.hear("they go on").await;
}

async fn parlor(site: &Site, args: &[&str]) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(args).arg("--data").arg(&site.data.data);
    if let Some(database) = &site.data.database {
        command.arg("--database").arg(database);
    }
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn a_revoked_key_of_a_program() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (id, bot) = program(&site, &admin).await;
    lost(&site, &bot, async {
        assert_eq!(admin.delete(&format!("/api-keys/{id}")).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn a_removed_key_of_the_host() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (id, _, ana) = host_key(&site, &admin, "Ana").await;
    lost(&site, &ana, async {
        assert_eq!(admin.delete(&format!("/host-keys/{id}")).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn a_key_of_the_host_removed_by_another_process() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (id, _, ana) = host_key(&site, &admin, "Ana").await;
    lost(&site, &ana, parlor(&site, &["tenant", "key", "remove", "default", &id])).await;
}

#[tokio::test]
async fn a_sign_in_ends_with_the_key_behind_the_token_it_came_from() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (id, token, _) = host_key(&site, &admin, "Ana").await;
    let ana = Person::sign_in(&site.url, json!({"token": token})).await;
    lost(&site, &ana, async {
        assert_eq!(admin.delete(&format!("/host-keys/{id}")).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn a_key_among_the_options_that_was_replaced() {
    let mut site = site().await;
    let ana = Person::sign_in(&site.url, json!({"token": site.user("Ana").await.token})).await;
    let hub = ana.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
    site.restart_with(listening).await;
    let ana = ana.at(&site.url);
    ana.get("/me").await.ok(200);
    site.restart_with(|config| {
        listening(config);
        config.jwt_secret = Some("another secret of the host in these tests".to_owned());
    })
    .await;
    let ana = ana.at(&site.url);
    ana.get("/me").await.problem(401, "unauthorized");
    let topic = format!("?topic=/crm/internal-messenger/users/{}/inbox", ana.id);
    assert_eq!(crate::support::hub::status(site.hub(&topic).bearer_auth(&hub)).await, 401);
}

#[tokio::test]
async fn a_sign_in_that_ended() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (id, first) = local(&site, &admin, "ana@example.com").await;
    let again = || Person::sign_in(&site.url, json!({"email": "ana@example.com", "password": PASSWORD}));
    lost(&site, &first, async {
        assert_eq!(first.delete("/sessions/current").await.status, 204);
    })
    .await;
    let (second, third) = (again().await, again().await);
    lost(&site, &second, async {
        assert_eq!(third.delete("/me/sessions").await.status, 204);
    })
    .await;
    let mine = third.get("/me/sessions").await.ok(200)["items"][0]["id"].as_str().unwrap().to_owned();
    lost(&site, &third, async {
        assert_eq!(third.delete(&format!("/me/sessions/{mine}")).await.status, 204);
    })
    .await;
    let fourth = again().await;
    lost(&site, &fourth, async {
        assert_eq!(admin.delete(&format!("/users/{id}/sessions")).await.status, 204);
    })
    .await;
    let fifth = again().await;
    lost(&site, &fifth, async {
        let new = json!({"password": "another long password"});
        assert_eq!(admin.put(&format!("/users/{id}/password"), new).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn a_password_changed_and_an_account_closed_by_another_process() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (_, ana) = local(&site, &admin, "ana@example.com").await;
    let command = ["user", "password", "ana@example.com", "--password", "another long password"];
    lost(&site, &ana, parlor(&site, &command)).await;
    let (_, ben) = local(&site, &admin, "ben@example.com").await;
    lost(&site, &ben, parlor(&site, &["user", "deactivate", "ben@example.com"])).await;
}

#[tokio::test]
async fn on_another_node() {
    if engine() != Engine::Postgres {
        return;
    }
    let one = site().await;
    let two = one.beside(listening).await;
    // The same key signs cursors and tokens on all nodes in real life; here each node has its own.
    let admin = one.user_with("Ada", &["admin"]).await;
    let (id, bot) = program(&one, &admin).await;
    lost(&two, &bot.at(&two.url), async {
        assert_eq!(admin.delete(&format!("/api-keys/{id}")).await.status, 204);
    })
    .await;
    let (id, _, ana) = host_key(&one, &admin, "Ana").await;
    lost(&two, &ana.at(&two.url), async {
        assert_eq!(admin.delete(&format!("/host-keys/{id}")).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn links_to_files_end_with_the_sign_in_and_with_the_right_to_read() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (_, ana) = local(&site, &admin, "ana@example.com").await;
    let ben = site.user("Ben").await;
    let group = ben.group("files", &[&ana]).await;
    let part = reqwest::multipart::Part::text("words").file_name("words.txt");
    let form = reqwest::multipart::Form::new().part("file", part);
    let file = ben.send(ben.request(reqwest::Method::POST, "/files").multipart(form)).await.ok(201);
    let id = file["id"].as_str().unwrap();
    let message = json!({"body": "here", "attachment_ids": [id]});
    ben.post(&format!("/conversations/{group}/messages"), message).await.ok(201);
    let open = async |url: &str| http::get(format!("{}{url}", site.url)).await.unwrap().status().as_u16();
    let link = async |person: &Person| {
        let made = person.get(&format!("/files/{id}/link")).await.ok(200);
        made["url"].as_str().unwrap().to_owned()
    };
    let (of_ana, of_ben) = (link(&ana).await, link(&ben).await);
    assert_eq!((open(&of_ana).await, open(&of_ben).await), (200, 200));
    assert_eq!(ana.delete("/sessions/current").await.status, 204);
    assert_eq!((open(&of_ana).await, open(&of_ben).await), (403, 200));
    let ana = Person::sign_in(&site.url, json!({"email": "ana@example.com", "password": PASSWORD})).await;
    let again = link(&ana).await;
    assert_eq!(ben.delete(&format!("/conversations/{group}/participants/{}", ana.id)).await.status, 204);
    assert_eq!((open(&again).await, open(&of_ben).await), (404, 200));
    let forged = of_ben.replace("user.", "contact.");
    assert_eq!(open(&forged).await, 403);
}

#[tokio::test]
async fn a_key_of_the_hub_that_was_removed() {
    use crate::support::hub;
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let key = admin.post("/host-keys", json!({"purpose": "mercure"})).await.ok(201);
    let secret = key["secret"].as_str().unwrap();
    let named = json!({"mercure": {"subscribe": ["*"]}});
    let token = hub::token(&json!({"alg": "HS256", "typ": "JWT"}), &named, secret);
    let mut stream = site.subscribe("?topic=https://shop.example/a", Some(&token)).await;
    let mut other = site.subscribe("?topic=https://shop.example/a", Some(hub::ALL)).await;
    assert_eq!(admin.delete(&format!("/host-keys/{}", key["id"].as_str().unwrap())).await.status, 204);
    stream.ends().await;
    assert_eq!(hub::status(site.hub("?topic=https://shop.example/a").bearer_auth(&token)).await, 401);
    site.update(&[("topic", "https://shop.example/a"), ("data", "still here")]).await;
    assert_eq!(other.data().await, "still here");
}

#[tokio::test]
async fn the_secret_of_an_application_that_was_replaced() {
    use crate::support::pusher::Pusher;
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let mut client = Pusher::open(&site).await;
    client.join("private-orders", None).await;
    admin.put("/app", json!({"options": {"client_events": false}})).await.ok(200);
    assert_eq!(client.until_pong().await, Vec::<Value>::new(), "other options end nothing");
    admin.put("/app", json!({"secret": "another-secret-of-it"})).await.ok(200);
    assert_eq!(client.close_code().await, 4100, "it comes back, and asks for a new signature");
}

#[tokio::test]
async fn tokens_serve_a_year_at_most() {
    let site = site().await;
    for (exp, status) in [(3600.0, 200), (365.0 * 86_400.0, 200), (400.0 * 86_400.0, 401), (9e18, 401)] {
        let claims = parlor::auth::jwt::Claims { exp: crate::support::now() + exp, ..claims("Ana") };
        let token = sign(&claims, crate::support::SECRET.as_bytes(), None).unwrap();
        let reply = Person { token: Some(token), ..site.stranger() }.get("/me").await;
        assert_eq!(reply.status, status, "{exp}");
        if status == 401 {
            assert!(reply.text.contains("366 days"), "{}", reply.text);
        }
    }
}
