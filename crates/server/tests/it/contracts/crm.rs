//! The CRM messenger contract: the four kinds, rights, the widget, muting, preferences, the hub.

use parlor_chat::conversations::{self, NewConversation};
use parlor_chat::messages::{Body, NewMessage};
use parlor_chat::{Kind, Right, roles, tenants, users};
use serde_json::{Value, json};

use super::{get, member, post, role};
use crate::support::{Person, Site};

const BASE: &str = "/admin/internal-messenger";

async fn open(by: &Person, input: Value) -> Value {
    let opened = post(by, &format!("{BASE}/conversations"), input).await;
    assert!(matches!(opened.status, 200 | 201), "{}", opened.text);
    opened.json["conversation"].clone()
}

async fn bootstrap(person: &Person) -> Value {
    get(person, &format!("{BASE}/widget/bootstrap")).await.ok(200)
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

#[tokio::test]
async fn two_colleagues_write_to_each_other() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let input = |other: &Person| json!({"type": "direct", "user_ids": [other.id], "message": "hello"});
    let (one, two) = tokio::join!(open(&ana, input(&ben)), open(&ben, input(&ana)));
    assert_eq!(one["id"], two["id"], "never a second one, also under a race");
    assert_eq!(one["type"], "direct");
    let conversation = id(&one);
    let path = |rest: &str| format!("{BASE}/conversations/{conversation}/{rest}");
    let sent = post(&ana, &path("messages"), json!({"body": "are you there?"})).await.ok(201);
    assert_eq!((&sent["author_id"], &sent["conversation_id"]), (&json!(ana.id), &one["id"]));
    let start = bootstrap(&ben).await;
    assert_eq!((&start["user"]["id"], &start["unread_total"]), (&json!(ben.id), &json!(2)));
    let first = &start["conversations"][0];
    assert_eq!((&first["last_message_id"], &first["unread_count"]), (&sent["id"], &json!(2)));
    assert!(start["users"].as_array().unwrap().iter().any(|user| user["id"] == ana.id.as_str()));

    let state = post(&ben, &path("mute"), json!({"muted": true})).await.ok(200);
    assert_eq!(state["muted"], true);
    post(&ana, &path("messages"), json!({"body": "ping"})).await.ok(201);
    assert_eq!(bootstrap(&ben).await["unread_total"], 3, "muted conversations stay silent but still count");
    let part = post(&ben, &path("read"), json!({"message_id": sent["id"]})).await.ok(200);
    assert_eq!((&part["unread_count"], &part["unread_total"]), (&json!(1), &json!(1)));
    let opened = get(&ben, &path("open")).await.ok(200);
    assert_eq!(opened["messages"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&opened["conversation"]["unread_count"], &opened["conversation"]["muted"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(bootstrap(&ben).await["unread_total"], 0);
    let eve = site.user("Eve").await;
    get(&eve, &path("open")).await.problem(404, "not_found");
    post(&eve, &path("messages"), json!({"body": "x"})).await.problem(404, "not_found");
}

#[tokio::test]
async fn each_kind_needs_its_right_and_has_its_rules() {
    let site = Site::start().await;
    role(&site, "default", "plain", &[Right::Messenger]).await;
    let boss = site.user_with("Ada", &["admin"]).await;
    let (ana, ben) = (site.user_with("Ana", &["plain"]).await, site.user_with("Ben", &["plain"]).await);
    for kind in ["group", "broadcast", "global"] {
        let input = json!({"type": kind, "user_ids": [ben.id], "subject": "x", "message": "x"});
        post(&ana, &format!("{BASE}/conversations"), input).await.problem(403, "forbidden");
    }
    let rights = &bootstrap(&ana).await["rights"];
    assert_eq!(
        (&rights["INTERNAL_MESSENGER"], &rights["INTERNAL_MESSENGER_GROUP"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(bootstrap(&boss).await["rights"]["INTERNAL_MESSENGER_GLOBAL"], true);
    let group = json!({"type": "group", "user_ids": [ana.id, ben.id], "subject": "Plans",
        "context_type": "quote", "context_id": "77"});
    let (one, two) = (open(&boss, group.clone()).await, open(&boss, group).await);
    assert_ne!(one["id"], two["id"], "every creation is a new conversation");
    assert_eq!((&one["context_type"], &one["context_id"]), (&json!("quote"), &json!("77")));

    let broadcast = json!({"type": "broadcast", "user_ids": [ana.id, ben.id], "message": "read this"});
    let broadcast = open(&boss, broadcast).await;
    let path = format!("{BASE}/conversations/{}/messages", id(&broadcast));
    let refused = post(&ana, &path, json!({"body": "but"})).await.problem(403, "forbidden");
    assert_eq!(refused["rule"], "replies_disabled");
    post(&boss, &path, json!({"body": "and this"})).await.ok(201);
    let audit = boss.get("/audit?action=forbidden_attempt").await.ok(200);
    assert_eq!(audit["items"][0]["details"]["rule"], "replies_disabled");

    let global = json!({"type": "global", "message": "Welcome to everybody", "replies_enabled": true});
    let global = open(&boss, global).await;
    let carl = site.user_with("Carl", &["plain"]).await;
    let path = format!("{BASE}/conversations/{}", id(&global));
    assert_eq!(get(&carl, &format!("{path}/open")).await.ok(200)["conversation"]["type"], "global");
    post(&carl, &format!("{path}/messages"), json!({"body": "thanks"})).await.ok(201);
    let wrong = json!({"type": "channel", "message": "x"});
    post(&boss, &format!("{BASE}/conversations"), wrong).await.problem(422, "invalid");
}

#[tokio::test]
async fn nobody_uses_it_without_the_right() {
    let site = Site::start().await;
    role(&site, "default", "none", &[]).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let carl = site.user_with("Carl", &["none"]).await;
    let refused = get(&carl, &format!("{BASE}/widget/bootstrap")).await;
    assert!(refused.headers.get("set-cookie").is_none());
    assert_eq!(refused.problem(403, "forbidden")["right"], "messenger");
    post(&carl, &format!("{BASE}/preferences"), json!({})).await.problem(403, "forbidden");
    let audit = admin.get("/audit?action=forbidden_attempt").await.ok(200);
    assert_eq!(audit["items"][0]["details"]["attempted"], "messenger.use");
    get(&site.stranger(), &format!("{BASE}/widget/bootstrap")).await.problem(401, "unauthorized");
    let secret = site.tenant("acme").await;
    let eve = member(&site, "acme", &secret, "Eve", &["admin"]).await;
    let ours = open(&admin, json!({"type": "direct", "user_ids": [carl.id]})).await;
    get(&eve, &format!("{BASE}/conversations/{}/open", id(&ours))).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_widget_gets_the_hub_and_keeps_its_preferences() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let direct = open(&ana, json!({"type": "direct", "user_ids": [ben.id], "message": "hi"})).await;
    let answer = get(&ben, &format!("{BASE}/widget/bootstrap")).await;
    assert!(answer.headers["link"].to_str().unwrap().contains("rel=\"mercure\""));
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("/.well-known/mercure"));
    let hub = &answer.ok(200)["hub"];
    let topics: Vec<&str> =
        hub["topics"].as_array().unwrap().iter().map(|topic| topic.as_str().unwrap()).collect();
    for topic in [
        format!("/crm/internal-messenger/users/{}/inbox", ben.id),
        format!("/crm/internal-messenger/users/{}/notifications", ben.id),
        format!("/crm/internal-messenger/conversations/{}", id(&direct)),
    ] {
        assert!(topics.contains(&topic.as_str()), "{topic} of {topics:?}");
    }
    assert!(hub["url"].as_str().unwrap().ends_with("/.well-known/mercure"));

    ben.patch("/me", json!({"preferences": {"theme": "dark"}})).await.ok(200);
    let begins = &bootstrap(&ben).await["preferences"];
    assert_eq!(begins, &json!({"sound_enabled": true, "browser_notifications_enabled": false}));
    let changed = post(&ben, &format!("{BASE}/preferences"), json!({"sound_enabled": false})).await.ok(200);
    assert_eq!(changed["sound_enabled"], false);
    let change = json!({"browser_notifications_enabled": true});
    post(&ben, &format!("{BASE}/preferences"), change).await.ok(200);
    let now = &bootstrap(&ben).await["preferences"];
    assert_eq!(now, &json!({"sound_enabled": false, "browser_notifications_enabled": true}));
    assert_eq!(
        ben.get("/me").await.ok(200)["preferences"]["theme"],
        "dark",
        "others of its preferences stay"
    );
}

#[tokio::test]
async fn rights_are_put_in_once() {
    let site = Site::start().await;
    let tenant = site.app.db.read_plain(|tx| tenants::by_slug(tx, "default")).await.unwrap();
    let of = tenant.clone();
    // As a tenant of an older version: nobody has the right.
    let strip = site.app.db.write_plain(tenant.no, move |tx| {
        let system = tenants::system_actor(&of);
        for role in roles::all(tx, of.id)? {
            let rights = role.rights.iter().copied().filter(|right| *right != Right::Messenger).collect();
            let change = roles::RoleChange { rights: Some(rights), ..roles::RoleChange::default() };
            roles::update(tx, &system, role.id, &change)?;
        }
        Ok(())
    });
    strip.await.unwrap();
    let sync = || {
        let of = tenant.clone();
        site.app.db.write_plain(tenant.no, move |tx| tenants::sync_rights(tx, &of))
    };
    assert_eq!(sync().await.unwrap(), 3);
    assert_eq!(sync().await.unwrap(), 0, "safe to repeat");
    bootstrap(&site.user("Ana").await).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let member = admin.get("/roles").await.ok(200);
    let member =
        member["items"].as_array().unwrap().iter().find(|role| role["name"] == "member").unwrap().clone();
    let path = format!("/roles/{}", id(&member));
    let named = json!({"rights": ["INTERNAL_MESSENGER_BROADCAST", "INTERNAL_MESSENGER"]});
    let changed = admin.patch(&path, named).await.ok(200);
    assert_eq!(changed["rights"], json!(["broadcast", "messenger"]), "under the contract's names too");
    admin.patch(&path, json!({"rights": ["group"]})).await.ok(200);
    assert_eq!(sync().await.unwrap(), 0, "what an administrator took stays taken");
}

#[tokio::test]
async fn the_unread_total_counts_every_conversation() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let (by, to) = (ana.id.parse().unwrap(), ben.id.parse().unwrap());
    let tenant = site.app.db.read_plain(|tx| tenants::by_slug(tx, "default")).await.unwrap();
    let written = site.app.db.write_plain(tenant.no, move |tx| {
        let ana = users::actor(tx, &tenant, by)?;
        for number in 0..205 {
            let text = format!("number {number}");
            let body = Body::parse(&text, 20_000)?;
            let new = NewConversation {
                user_ids: vec![to],
                message: Some(NewMessage::text(text)),
                ..NewConversation::of(Kind::Group)
            };
            conversations::open(tx, &ana, &new, Some(&body))?;
        }
        Ok(())
    });
    written.await.unwrap();
    assert_eq!(bootstrap(&ben).await["unread_total"], 205);
    assert_eq!(ben.get("/unread").await.ok(200)["unread"], 205);
    let first = bootstrap(&ben).await["conversations"][0].clone();
    let path = format!("{BASE}/conversations/{}/read", id(&first));
    assert_eq!(post(&ben, &path, json!({})).await.ok(200)["unread_total"], 204);
}

#[tokio::test]
async fn every_answer_under_admin_leads_to_the_hub_and_users_come_in_pages() {
    let site = Site::start().await;
    let (admin, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    for name in ["Carl", "Dora"] {
        site.user(name).await;
    }
    for path in ["/admin/chat/purges".to_owned(), format!("{BASE}/conversations")] {
        let answer = get(&admin, &path).await;
        assert!(answer.headers["set-cookie"].to_str().unwrap().contains("/.well-known/mercure"), "{path}");
        answer.ok(200);
    }
    let first = get(&ben, &format!("{BASE}/users?limit=2")).await.ok(200);
    let names = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&first), ["Ada", "Carl"]);
    let next = first["next"].as_str().unwrap().replace('\n', "%0A");
    let second = get(&ben, &format!("{BASE}/users?limit=2&after={next}")).await.ok(200);
    assert_eq!((names(&second), &second["next"]), (vec!["Dora".to_owned()], &json!(null)));
    assert_eq!(names(&get(&ben, &format!("{BASE}/users?search=car")).await.ok(200)), ["Carl"]);
    assert_eq!(bootstrap(&ben).await["users_next"], json!(null));
    let host = second["items"][0]["external_id"].clone();
    let opened = open(&ben, json!({"type": "direct", "user_ids": [host], "message": "hello"})).await;
    let people = opened["participants"].as_array().unwrap();
    assert!(people.iter().any(|one| one["name"] == "Dora"), "{opened}");
}
