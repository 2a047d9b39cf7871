//! Who is there, who types, who looks at what: told at once, stored never.

use parlor::clock::Clock;
use serde_json::{Value, json};

use crate::support::{Person, Site};

async fn status(asks: &Person, of: &Person) -> String {
    let list = asks.get(&format!("/presence?user_ids={}", of.id)).await.ok(200);
    list["items"][0]["status"].as_str().unwrap().to_owned()
}

/// Waits for news of somebody.
async fn news(ws: &mut crate::support::Ws, of: &Person) -> Value {
    loop {
        let told = ws.told("presence").await;
        let people = told["data"]["people"].as_array().unwrap().clone();
        if let Some(person) = people.into_iter().find(|person| person["user_id"] == of.id.as_str()) {
            return person;
        }
    }
}

#[tokio::test]
async fn people_come_go_and_say_what_they_like() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let mut viewer = ana.ws(None).await;
    assert_eq!(status(&ana, &ben).await, "offline");
    let desk = ben.ws(None).await;
    let phone = ben.ws(None).await;
    assert_eq!(news(&mut viewer, &ben).await["status"], "online");
    let said = json!({"busy": true, "text": "in a meeting", "text_until": "2100-01-01T00:00:00Z"});
    assert_eq!(ben.put("/me/presence", said).await.ok(200)["text"], "in a meeting");
    let event = viewer.next_of("status.updated").await;
    assert_eq!((&event["data"]["busy"], &event["data"]["user_id"]), (&json!(true), &json!(ben.id)));
    assert_eq!(status(&ana, &ben).await, "busy");
    ben.put("/me/presence", json!({"busy": false})).await.ok(200);
    drop(desk);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(status(&ana, &ben).await, "online", "the phone is still there");
    drop(phone);
    let gone = news(&mut viewer, &ben).await;
    assert_eq!(gone["status"], "offline");
    assert!(gone["last_seen_at"].is_string(), "{gone}");
}

#[tokio::test]
async fn what_cannot_be_said() {
    let site = Site::start().await;
    let (ana, carla) = (site.user("Ana").await, site.contact("Carla").await);
    let long = "x".repeat(101);
    ana.put("/me/presence", json!({"busy": false, "text": long})).await.problem(422, "invalid");
    let past = json!({"busy": false, "text": "x", "text_until": "2001-01-01T00:00:00Z"});
    ana.put("/me/presence", past).await.problem(422, "invalid");
    ana.get("/presence?user_ids=7").await.problem(422, "invalid");
    carla.get("/presence").await.problem(403, "forbidden");
    let everybody = ana.get("/presence").await.ok(200);
    assert_eq!(everybody["items"], json!([]), "nobody has a connection, and contacts are never listed");
}

#[tokio::test]
async fn here_names_those_who_are_online() {
    let site = Site::start().await;
    let (ana, ben, cleo) = (site.user("Ana").await, site.user("Ben").await, site.user("Cleo").await);
    let group = ana.group("lunch", &[&ben, &cleo]).await;
    let mut viewer = ana.ws(None).await;
    let mut screen = ben.ws(None).await;
    assert_eq!(news(&mut viewer, &ben).await["status"], "online");
    let said = ana.say(&group, "who is @here?").await;
    let named = said["mentions"].as_array().unwrap();
    let ids: Vec<&str> = named.iter().map(|mention| mention["user_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&ben.id.as_str()) && ids.contains(&"00000000-0000-0000-0000-000000000000"));
    let heard = screen.next_of("message.posted").await;
    assert_eq!(heard["data"]["message"]["mentions"], said["mentions"]);
    let mentions = async |who: &Person| who.get("/unread").await.ok(200)["mentions"].clone();
    assert_eq!((mentions(&ben).await, mentions(&cleo).await), (json!(1), json!(0)));
}

#[tokio::test]
async fn idle_people_are_away() {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let mut viewer = ana.ws(None).await;
    let mut screen = ben.ws(None).await;
    assert_eq!(news(&mut viewer, &ben).await["status"], "online");
    clock.advance(301);
    assert_eq!(news(&mut viewer, &ben).await["status"], "away");
    screen.send(r#"{"type":"active"}"#).await;
    assert_eq!(news(&mut viewer, &ben).await["status"], "online");
}

#[tokio::test]
async fn a_message_ends_typing_and_the_next_sign_is_a_new_one() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("typing", &[&ben]).await;
    let (mut types, mut reads) = (ana.ws(None).await, ben.ws(None).await);
    types.is_live().await;
    reads.is_live().await;
    for text in ["one", "two"] {
        types.send(&format!(r#"{{"type":"typing","conversation_id":"{group}"}}"#)).await;
        assert_eq!(
            reads.told("typing").await["data"],
            json!({"person_id": ana.id, "typing": true}),
            "{text}"
        );
        ana.say(&group, text).await;
    }
}

/// Who may be told is not remembered from the first sign on.
#[tokio::test]
async fn who_goes_on_typing_is_asked_about_again() {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("typing", &[&ben]).await;
    let mut reads = ana.ws(None).await;
    reads.is_live().await;
    let path = format!("/conversations/{group}/typing");
    ben.post(&path, json!({})).await.ok(204);
    assert_eq!(reads.told("typing").await["data"], json!({"person_id": ben.id, "typing": true}));
    ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.ok(204);
    clock.advance(3);
    ben.post(&path, json!({})).await.problem(404, "not_found");
    assert_eq!(reads.told("typing").await["data"], json!({"person_id": ben.id, "typing": false}));
    ben.post(&path, json!({})).await.problem(404, "not_found");
    assert!(reads.is_silent().await);
}

#[tokio::test]
async fn a_customer_never_sees_a_note_being_typed() {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let (agent, customer) = (site.user_with("Agent", &["admin"]).await, site.contact("Carla").await);
    let opened =
        customer.post("/conversations", json!({"kind": "support", "message": {"body": "hello"}})).await;
    let id = opened.ok(201)["id"].as_str().unwrap().to_owned();
    let mut sees = customer.ws(None).await;
    sees.is_live().await;
    let path = format!("/conversations/{id}/typing");
    agent.post(&path, json!({})).await.ok(204);
    assert_eq!(sees.told("typing").await["data"]["typing"], true);
    // The writer changes from an answer to a note, without a pause.
    agent.post(&path, json!({"is_private_note": true})).await.ok(204);
    assert_eq!(sees.told("typing").await["data"]["typing"], false);
    for _ in 0..3 {
        clock.advance(3);
        agent.post(&path, json!({"is_private_note": true})).await.ok(204);
    }
    assert!(sees.is_silent().await);
    // And back.
    agent.post(&path, json!({})).await.ok(204);
    assert_eq!(sees.told("typing").await["data"]["typing"], true);
}

#[tokio::test]
async fn typing_reaches_readers_only_and_ends_by_itself() {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let group = ana.group("typing", &[&ben]).await;
    let (mut types, mut reads, mut outside) = (ana.ws(None).await, ben.ws(None).await, eve.ws(None).await);
    for ws in [&mut types, &mut reads, &mut outside] {
        ws.is_live().await;
    }
    types.send(&format!(r#"{{"type":"typing","conversation_id":"{group}"}}"#)).await;
    let told = reads.told("typing").await;
    assert_eq!(told["conversation_id"], group.as_str());
    assert_eq!(told["data"], json!({"person_id": ana.id, "typing": true}));
    assert!(told.get("seq").is_none(), "{told}");
    clock.advance(6);
    assert_eq!(reads.told("typing").await["data"]["typing"], false);
    ben.post(&format!("/conversations/{group}/typing"), json!({})).await.ok(204);
    assert_eq!(types.told("typing").await["data"], json!({"person_id": ana.id, "typing": true}));
    assert_eq!(types.told("typing").await["data"], json!({"person_id": ana.id, "typing": false}));
    assert_eq!(types.told("typing").await["data"], json!({"person_id": ben.id, "typing": true}));
    eve.post(&format!("/conversations/{group}/typing"), json!({})).await.problem(404, "not_found");
    assert!(outside.is_silent().await);
    // Nothing of it is kept.
    let (kept, _) = ben.poll(&format!("0.{}", reads.cursor.split_once('.').unwrap().1), 0).await;
    assert!(kept.iter().all(|event| event["type"] != "typing" && event["type"] != "presence"));
}

/// Who says that it looks at something is believed only where it reads.
#[tokio::test]
async fn who_does_not_read_a_conversation_does_not_look_at_it() {
    let site = Site::start().await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.contact("Eve").await);
    let group = ana.group("viewing", &[&ben]).await;
    let (mut member, mut outside) = (ben.ws(None).await, eve.ws(None).await);
    let view = format!(r#"{{"type":"view","conversation_id":"{group}"}}"#);
    for ws in [&mut member, &mut outside] {
        ws.is_live().await;
        ws.send(&view).await;
        ws.send(r#"{"type":"ping"}"#).await;
        while ws.frame().await.unwrap()["type"] != "pong" {}
    }
    let viewers = format!("/conversations/{group}/viewers");
    assert_eq!(ana.get(&viewers).await.ok(200)["items"], json!([ben.id]));
    ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.ok(204);
    assert_eq!(ana.get(&viewers).await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn staff_sees_who_looks_at_the_same_conversation() {
    let site = Site::start().await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let group = ana.group("viewing", &[&ben]).await;
    let (mut looks, mut sees, mut outside) = (ana.ws(None).await, ben.ws(None).await, eve.ws(None).await);
    for ws in [&mut looks, &mut sees, &mut outside] {
        ws.is_live().await;
    }
    looks.send(&format!(r#"{{"type":"view","conversation_id":"{group}"}}"#)).await;
    assert_eq!(sees.told("viewing").await["data"], json!({"person_id": ana.id, "viewing": true}));
    let viewers = format!("/conversations/{group}/viewers");
    assert_eq!(ben.get(&viewers).await.ok(200)["items"], json!([ana.id]));
    eve.get(&viewers).await.problem(404, "not_found");
    looks.send(r#"{"type":"view","conversation_id":null}"#).await;
    assert_eq!(sees.told("viewing").await["data"], json!({"person_id": ana.id, "viewing": false}));
    assert!(outside.is_silent().await);
}

#[tokio::test]
async fn numbers_for_operators() {
    let site = Site::with(|config| config.metrics_token = Some("only for us".to_owned())).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("counted", &[&ben]).await;
    let mut ws = ben.ws(None).await;
    ws.is_live().await;
    ana.say(&group, "one").await;
    ws.next_of("message.posted").await;
    let address = format!("{}/metrics", site.url);
    assert_eq!(ana.send(ana.client.get(&address)).await.status, 401);
    let text = ana.send(ana.client.get(&address).bearer_auth("only for us")).await.text;
    for line in [
        "parlor_connections{protocol=\"Native\"} 1",
        "parlor_messages_total 1",
        "parlor_queue_waiting 0",
        "parlor_redis_connected 0",
        "parlor_db_commit_batch_bucket{le=\"+Inf\"}",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
