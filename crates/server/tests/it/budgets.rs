//! Nobody writes or tells without end: one person's changes, searches and signs are bounded, on every entrance, and what a
//! hand can do never comes near. Refusals do not fill the audit log.

use parlor::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::contracts::call as call_contract;
use crate::support::described::DOCUMENT;
use crate::support::pusher::{Pusher, site as pusher_site};
use crate::support::{Person, Reply, Sio, Site, Ws};

/// What a fast hand, its windows and their own habits may do in half a minute.
const HAND: usize = 150;
/// What a program tries.
const PROGRAM: usize = 400;

struct Place {
    site: Site,
    clock: Clock,
    group: String,
    message: String,
    /// Members of the group, one for each thing that is tried.
    people: Vec<Person>,
}

async fn place(count: usize) -> Place {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let mut people = Vec::new();
    for number in 0..count {
        people.push(site.user_with(&format!("Person {number}"), &["admin"]).await);
    }
    let others: Vec<&Person> = people.iter().skip(1).collect();
    let group = people[0].group("budgets", &others).await;
    let sent = people[0].post(&format!("/conversations/{group}/messages"), json!({"body": "x"})).await;
    let message = sent.ok(201)["id"].as_str().unwrap().to_owned();
    Place { site, clock, group, message, people }
}

async fn call(person: &Person, method: &Method, path: &str, body: Option<&Value>) -> Reply {
    let request = person.request(method.clone(), path);
    person
        .send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
}

/// How many of a program's calls are done, and the refusal.
async fn done(person: &Person, method: &Method, path: &str, body: Option<&Value>) -> (usize, Option<Reply>) {
    for number in 0..PROGRAM {
        let reply = call(person, method, path, body).await;
        if reply.status == 429 {
            return (number, Some(reply));
        }
        assert!(reply.status < 300, "{method} {path}: {}", reply.text);
    }
    (PROGRAM, None)
}

#[tokio::test]
async fn every_kind_of_writing_and_searching_ends() {
    let Place { site, clock, group, message, people } = place(11).await;
    let (talk, message) = (format!("/conversations/{group}"), format!("/messages/{message}"));
    let calls = [
        // The first of them has opened the conversation.
        (Method::PATCH, talk.clone(), Some(json!({"title": "another"}))),
        (Method::PUT, format!("{message}/reactions/%F0%9F%91%8D"), None),
        (Method::PUT, format!("{message}/pin"), None),
        (Method::PUT, format!("{talk}/draft"), Some(json!({"body": "begun"}))),
        (Method::PATCH, format!("{talk}/me"), Some(json!({"muted": true}))),
        (Method::POST, format!("{talk}/unread"), Some(json!({"seq": 1}))),
        (Method::POST, format!("{talk}/read"), Some(json!({}))),
        (Method::PATCH, "/me".to_owned(), Some(json!({"locale": "fr"}))),
        (Method::PUT, "/me/presence".to_owned(), Some(json!({"busy": true}))),
        (Method::GET, "/search?q=x".to_owned(), None),
        (Method::GET, "/users?search=x".to_owned(), None),
    ];
    for ((method, path, body), person) in calls.iter().zip(&people) {
        let (count, refused) = done(person, method, path, body.as_ref()).await;
        let least = if path.ends_with("/draft") { 100 } else { HAND };
        assert!((least..300).contains(&count), "{method} {path}: {count}");
        let refused = refused.unwrap();
        assert!(refused.headers.contains_key("retry-after"));
        refused.problem(429, "rate_limited");
        // Reading goes on, and so do the others and the time.
        person.get(&talk).await.ok(200);
    }
    site.user("Zoe").await.patch("/me", json!({"locale": "fr"})).await.ok(200);
    clock.advance(30);
    for ((method, path, body), person) in calls.iter().zip(&people) {
        assert!(call(person, method, path, body.as_ref()).await.status < 300, "{method} {path}");
    }
}

/// Every operation that looks for a text, also those of the contracts: whoever has spent the budget at one is refused at all.
#[tokio::test]
async fn no_entrance_searches_without_end() {
    let Place { site, people, .. } = place(1).await;
    let ana = &people[0];
    crate::contracts::set(&site, "default", json!({"erp_enabled": true})).await;
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let is_text = |parameter: &Value| ["q", "search"].contains(&parameter["name"].as_str().unwrap());
    let searched = paths.iter().filter_map(|(path, of)| {
        let parameter = of["get"]["parameters"].as_array()?.iter().find(|one| is_text(one))?;
        let path = path.replace("{tenant}", "default");
        Some(format!("{path}?{}=x", parameter["name"].as_str().unwrap()))
    });
    let searched: Vec<String> = searched.collect();
    assert!(searched.len() >= 8, "{searched:?}");
    for path in &searched {
        call_contract(ana, Method::GET, path, None).await.ok(200);
    }
    done(ana, &Method::GET, "/search?q=x", None).await.1.expect("searches without end");
    for path in &searched {
        let refused = call_contract(ana, Method::GET, path, None).await;
        assert_eq!(refused.problem(429, "rate_limited")["rule"], "searches", "{path}");
        let (all, _) = path.split_once('?').unwrap();
        if all != "/api/v1/search" {
            call_contract(ana, Method::GET, all, None).await.ok(200);
        }
    }
}

/// Opening a conversation of a contract marks it read: who may change nothing just now reads it all the same.
#[tokio::test]
async fn who_has_changed_too_much_reads_on() {
    let Place { site: _site, group, people, message, .. } = place(2).await;
    let (ana, ben) = (&people[0], &people[1]);
    let reaction = format!("/messages/{message}/reactions/%F0%9F%91%8D");
    done(ben, &Method::PUT, &reaction, None).await.1.expect("changes without end");
    ana.say(&group, "news").await;
    for path in [
        format!("/chat/threads/{group}/messages"),
        format!("/admin/internal-messenger/conversations/{group}/open"),
    ] {
        for _ in 0..10 {
            call_contract(ben, Method::GET, &path, None).await.ok(200);
        }
    }
}

#[tokio::test]
async fn edits_and_nonces_end_and_messages_have_their_own_budget() {
    let Place { site, message, people, group, .. } = place(2).await;
    let (ana, path) = (&people[0], format!("/messages/{message}"));
    for number in 0..PROGRAM {
        let reply = ana.patch(&path, json!({"body": format!("edit {number}")})).await;
        if reply.status != 200 {
            assert!(reply.status == 429 || reply.status == 409, "{}", reply.text);
            assert!(number >= HAND);
            break;
        }
        assert!(number < 300, "edits without end");
    }
    ana.post(&format!("/conversations/{group}/messages"), json!({"body": "y"})).await.ok(201);
    let nonce = format!("{}/chat/ws-nonce", site.url);
    let mut refused = None;
    for _ in 0..PROGRAM {
        let request = people[1].client.post(&nonce).bearer_auth(people[1].token.as_deref().unwrap());
        let reply = people[1].send(request).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    refused.expect("nonces without end").problem(429, "rate_limited");
}

#[tokio::test]
async fn where_sending_is_without_limit_the_rest_is_too() {
    let Place { site: _site, people, .. } = place(1).await;
    people[0].patch("/settings", json!({"send_rate_per_minute": 0})).await.ok(200);
    let body = json!({"busy": true});
    assert_eq!(done(&people[0], &Method::PUT, "/me/presence", Some(&body)).await.0, PROGRAM);
}

#[tokio::test]
async fn refusals_leave_few_rows() {
    let Place { site: _site, clock, people, .. } = place(2).await;
    let (ana, ben) = (&people[0], &people[1]);
    let mut talks = Vec::new();
    for number in 0..40 {
        talks.push(ben.group(&format!("closed {number}"), &[]).await);
    }
    let attempt = async |talk: &str| {
        let status = ana.patch(&format!("/conversations/{talk}"), json!({"title": "mine"})).await.status;
        assert!(status == 403 || status == 429, "{status}");
    };
    let rows = async || {
        let page = ben.get("/audit?action=forbidden_attempt&limit=200").await.ok(200);
        page["items"].as_array().unwrap().len()
    };
    for _ in 0..100 {
        attempt(&talks[0]).await;
    }
    assert_eq!(rows().await, 3, "the same a few times");
    clock.advance(61);
    for talk in &talks {
        attempt(talk).await;
    }
    assert!((20..=36).contains(&rows().await), "{}", rows().await);
    clock.advance(61);
    let before = rows().await;
    attempt(&talks[0]).await;
    assert_eq!(rows().await, before + 1, "and again after a minute");
}

/// What the others hear of somebody who says all the time that he types and does not.
const MOST_SIGNS: usize = 260;

#[tokio::test]
async fn signs_of_typing_end_on_a_websocket_and_the_connection_stays() {
    let Place { site: _site, group, people, .. } = place(2).await;
    let (mut ana, mut ben) = (Ws::open(&people[0], None).await, Ws::open(&people[1], None).await);
    ana.is_live().await;
    ben.is_live().await;
    for number in 0..2_000 {
        let frame = json!({"type": "typing", "conversation_id": group, "typing": number % 2 == 0});
        ana.send(&frame.to_string()).await;
    }
    ana.is_live().await;
    ben.send(r#"{"type":"ping"}"#).await;
    let mut heard = 0;
    loop {
        let frame = ben.frame().await.unwrap();
        match frame["type"].as_str() {
            Some("pong") => break,
            Some("event") if frame["event"]["type"] == "typing" => heard += 1,
            _ => {}
        }
    }
    assert!((2..MOST_SIGNS).contains(&heard), "{heard}");
    let refused = people[0].post(&format!("/conversations/{group}/typing"), json!({})).await;
    refused.problem(429, "rate_limited");
}

#[tokio::test]
async fn signs_of_typing_are_answered_over_socketio() {
    let Place { site: _site, group, people, .. } = place(1).await;
    let mut ana = Sio::of(&people[0]).await;
    let mut refused = None;
    for number in 0..PROGRAM {
        let sign = json!({"conversation_id": group, "typing": number % 2 == 0});
        let answer = ana.ask("typing", sign).await;
        if answer["ok"] == false {
            refused = Some(answer);
            break;
        }
        assert!(number < MOST_SIGNS);
    }
    assert_eq!(refused.unwrap()["error"]["code"], "rate_limited");
    assert_eq!(ana.ask("active", json!({})).await["ok"], true, "it is not cut off");
}

#[tokio::test]
async fn channels_are_not_joined_and_left_without_end() {
    let site = pusher_site().await;
    let mut ana = Pusher::open(&site).await;
    let most = site.app.config.pusher.channels;
    for number in 0..most {
        ana.join(&format!("room-{number}"), None).await;
    }
    let refused = ana.ask("room-x", None, None).await;
    assert_eq!(refused["event"], "pusher:subscription_error");
    let mut refusals = 0;
    for number in 0..200 {
        let channel = format!("room-{number}");
        ana.send(json!({"event": "pusher:unsubscribe", "data": {"channel": channel}})).await;
        refusals += usize::from(ana.ask(&channel, None, None).await["event"] == "pusher:subscription_error");
    }
    assert!(refusals >= 20, "{refusals}");
    assert!(ana.until_pong().await.is_empty(), "it is not cut off");
}
