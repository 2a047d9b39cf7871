//! Coming back: what was missed is told once and in order, or the client is told that it must begin anew.

use std::time::Duration;

use parlor::auth::jwt::Claims;
use parlor::clock::Clock;
use parlor::config::ServeArgs;
use parlor::serve::Server;
use parlor_chat::Time;
use parlor_chat::retention;
use parlor_db::Engine;
use parlor_db::testing::TempDir;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::pair;
use crate::support::{Person, Sio, Site, claims, engine, options_on};

async fn say(person: &Person, group: &str, range: std::ops::Range<usize>) {
    for n in range {
        person.say(group, &n.to_string()).await;
    }
}

async fn messages(sio: &mut Sio, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.push(sio.message().await);
    }
    seen
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn a_lost_connection_is_taken_up_again() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    say(&ana, &group, 0..3).await;
    assert_eq!(messages(&mut first, 3).await, numbers(0..3));
    let (sid, pid, offset) = (first.sid.clone(), first.pid.clone(), first.offset.clone());
    drop(first);
    say(&ana, &group, 3..20).await;
    // More than is read at once.
    for n in 0..250 {
        let draft = json!({"mode": "reply", "body": n.to_string()});
        ben.put(&format!("/conversations/{group}/draft"), draft).await.ok(204);
    }
    say(&ana, &group, 20..30).await;
    let mut second = Sio::again(&ben, &pid, offset.as_deref()).await;
    assert_eq!((&second.sid, &second.pid), (&sid, &pid));
    say(&ana, &group, 30..33).await;
    assert_eq!(messages(&mut second, 30).await, numbers(3..33));
    assert!(second.is_silent().await);
}

#[tokio::test]
async fn who_has_heard_nothing_yet_can_come_back_too() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let first = Sio::of(&ben).await;
    let pid = first.pid.clone();
    drop(first);
    say(&ana, &group, 0..2).await;
    let mut second = Sio::again(&ben, &pid, None).await;
    assert_eq!(second.pid, pid);
    assert_eq!(messages(&mut second, 2).await, numbers(0..2));
}

#[tokio::test]
async fn an_offset_of_a_former_life_repeats_nothing() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    say(&ana, &group, 0..3).await;
    assert_eq!(first.message().await, "0");
    let old = first.offset.clone();
    drop(first);
    let anew = Sio::of(&ben).await;
    let pid = anew.pid.clone();
    drop(anew);
    say(&ana, &group, 3..5).await;
    let mut third = Sio::again(&ben, &pid, old.as_deref()).await;
    assert_eq!(third.pid, pid);
    assert_eq!(messages(&mut third, 2).await, numbers(3..5));
}

#[tokio::test]
async fn another_server_takes_it_up() {
    let mut site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    say(&ana, &group, 0..1).await;
    assert_eq!(first.message().await, "0");
    let (pid, offset) = (first.pid.clone(), first.offset.clone());
    say(&ana, &group, 1..3).await;
    let goodbye = tokio::spawn(async move {
        let out = first.is_put_out().await;
        (out, first.offset.clone())
    });
    site.restart().await;
    assert!(!goodbye.await.unwrap().0, "a restart puts nobody out: clients come back by themselves");
    let (ana, ben) = (ana.at(&site.url), ben.at(&site.url));
    say(&ana, &group, 3..4).await;
    let mut second = Sio::again(&ben, &pid, offset.as_deref()).await;
    assert_eq!(second.pid, pid);
    assert_eq!(messages(&mut second, 3).await, numbers(1..4));
}

#[tokio::test]
async fn another_node_takes_it_up() {
    if engine() == Engine::Sqlite {
        return;
    }
    let secret = || Some("the same secret on every one of the nodes".to_owned());
    let site = Site::with(|config| config.secret = secret()).await;
    let folder = TempDir::new().unwrap();
    let data = site.data_of_node(&folder);
    let config = ServeArgs { secret: secret(), ..options_on(&data) };
    let node = Server::bind(&data, config, Clock::System).await.unwrap();
    let url = format!("http://{}", node.address);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(node.run(async move {
        let _ = stopped.await;
    }));
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    say(&ana, &group, 0..2).await;
    assert_eq!(messages(&mut first, 2).await, numbers(0..2));
    let (sid, pid, offset) = (first.sid.clone(), first.pid.clone(), first.offset.clone());
    drop(first);
    say(&ana, &group, 2..5).await;
    let mut second = Sio::again(&ben.at(&url), &pid, offset.as_deref()).await;
    assert_eq!((&second.sid, &second.pid), (&sid, &pid));
    say(&ana, &group, 5..7).await;
    say(&ana.at(&url), &group, 7..9).await;
    assert_eq!(messages(&mut second, 7).await, numbers(2..9));
    drop(second);
    stop.send(()).unwrap();
    running.await.unwrap();
}

/// Joins with this, and whether it was recovered.
async fn recovered(person: &Person, pid: &str, offset: Value) -> bool {
    let mut sio = Sio::open(&person.url, "/socket.io/", &[]).await;
    sio.join(json!({"token": person.token, "pid": pid, "offset": offset})).await.unwrap();
    assert!(sio.is_silent().await || sio.pid == pid, "a new one is told nothing old");
    sio.pid == pid
}

#[tokio::test]
async fn what_does_not_serve_begins_anew() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    ana.say(&group, "hello").await;
    first.message().await;
    let (pid, offset) = (first.pid.clone(), json!(first.offset));
    drop(first);
    assert!(recovered(&ben, &pid, offset.clone()).await);
    assert!(!recovered(&ana, &pid, offset.clone()).await, "another person's");
    let other = site.person(Claims { sub: "x".into(), ..claims("Other") }).await;
    assert!(!recovered(&other, &pid, offset.clone()).await);
    for wrong in ["", "x", &pid[..pid.len() - 1], &format!("{pid}x"), &pid.replacen('.', ".1", 1)[..30]] {
        assert!(!recovered(&ben, wrong, offset.clone()).await, "{wrong}");
    }
    for wrong in [json!("99999"), json!("abc"), json!("")] {
        assert!(!recovered(&ben, &pid, wrong.clone()).await, "{wrong}");
    }
    let tenant = site.app.db.read_plain(|tx| parlor_chat::tenants::by_slug(tx, "default")).await.unwrap();
    ana.say(&group, "later").await;
    site.app
        .db
        .write_plain(tenant.no, move |tx| retention::prune(tx, tenant.id, Time(i64::MAX), 1000))
        .await
        .unwrap();
    assert!(!recovered(&ben, &pid, offset).await, "older than the log");
}

#[tokio::test]
async fn the_window_is_measured_by_what_was_missed() {
    let site = Site::with(|config| config.socketio.recovery = 1).await;
    let (ana, ben, group) = pair(&site).await;
    let mut first = Sio::of(&ben).await;
    ana.say(&group, "hello").await;
    first.message().await;
    let (pid, offset) = (first.pid.clone(), json!(first.offset));
    drop(first);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(recovered(&ben, &pid, offset.clone()).await, "nothing happened meanwhile");
    ana.say(&group, "missed").await;
    assert!(recovered(&ben, &pid, offset.clone()).await);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(!recovered(&ben, &pid, offset).await);
}

#[tokio::test]
async fn who_is_too_slow_comes_back_without_loss() {
    let site = Site::with(|config| config.queue_limit = 1).await;
    let (ana, ben, group) = pair(&site).await;
    let mut sio = Sio::of(&ben).await;
    let pid = sio.pid.clone();
    let sending = tokio::spawn(async move { say(&ana, &group, 0..40).await });
    let mut seen: Vec<String> = Vec::new();
    let mut times = 0;
    while seen.len() < 40 {
        match sio.event().await {
            Some(event) if event[0] == "message.posted" => {
                seen.push(event[1]["data"]["message"]["body"].as_str().unwrap().to_owned());
            }
            Some(_) => {}
            None => {
                times += 1;
                sio = Sio::again(&ben, &pid, sio.offset.as_deref()).await;
                assert_eq!(sio.pid, pid, "turn {times}");
            }
        }
    }
    sending.await.unwrap();
    assert_eq!(seen, numbers(0..40));
}

#[tokio::test]
async fn rights_that_change_are_a_reconnection() {
    let site = Site::start().await;
    let admin = site.user_with("Admin", &["admin"]).await;
    let ben = site.user("Ben").await;
    let mut sio = Sio::of(&ben).await;
    let pid = sio.pid.clone();
    let role = admin.post("/roles", json!({"name": "Readers", "rights": ["view_all"]})).await.ok(201);
    let roles = json!({"roles": [role["id"]]});
    admin.patch(&format!("/users/{}", ben.id), roles).await.ok(200);
    assert!(!sio.is_put_out().await);
    let again = Sio::again(&ben, &pid, sio.offset.as_deref()).await;
    assert_eq!(again.pid, pid);
}
