//! One stream, three transports: changing between them loses and repeats nothing.

use std::time::{Duration, Instant};

use parlor::auth::jwt::Claims;
use serde_json::{Value, json};

use crate::support::{Person, Site, claims, now};

fn bodies(events: &[Value]) -> Vec<String> {
    let posted = events.iter().filter(|event| event["type"] == "message.posted");
    posted.map(|event| event["data"]["message"]["body"].as_str().unwrap().to_owned()).collect()
}

async fn pair(site: &Site) -> (Person, Person, String) {
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("talk", &[&ben]).await;
    (ana, ben, group)
}

#[tokio::test]
async fn a_websocket_hears_what_happens() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut ws = ben.ws(None).await;
    assert!(!ws.reset);
    let sent = ana.say(&group, "hello").await;
    let event = ws.next_of("message.posted").await;
    assert_eq!(event["data"]["message"]["id"], sent["id"]);
    assert_eq!(event["conversation_id"], group.as_str());
    assert_eq!(event["actor"]["name"], "Ana");
    ws.send(r#"{"type":"ping"}"#).await;
    assert_eq!(ws.frame().await.unwrap(), json!({"type": "pong"}));
    ws.send("not json").await;
    assert_eq!(ws.close_code().await, 4400);
}

#[tokio::test]
async fn from_one_transport_to_the_next() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let start = ben.cursor().await;
    ana.say(&group, "1").await;
    let mut ws = ben.ws(Some(&start)).await;
    assert!(!ws.reset);
    let mut seen = vec![ws.next_of("message.posted").await];
    ana.say(&group, "2").await;
    seen.push(ws.next_of("message.posted").await);
    let cursor = ws.cursor.clone();
    drop(ws);
    ana.say(&group, "3").await;
    let mut sse = ben.sse(Some(&cursor)).await;
    assert_eq!(sse.next().await.unwrap().event, "ready");
    let third = sse.next().await.unwrap();
    assert_eq!(third.event, "message.posted");
    seen.push(third.data.clone());
    ana.say(&group, "4").await;
    let fourth = sse.next().await.unwrap();
    seen.push(fourth.data.clone());
    drop(sse);
    ana.say(&group, "5").await;
    let (events, cursor) = ben.poll(&fourth.id, 5).await;
    seen.extend(events);
    assert_eq!(bodies(&seen), ["1", "2", "3", "4", "5"]);
    let mut ws = ben.ws(Some(&cursor)).await;
    assert!(ws.is_silent().await, "nothing is told twice");
}

#[tokio::test]
async fn a_long_poll_waits_and_answers_at_once() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let cursor = ben.cursor().await;
    let begun = Instant::now();
    let (events, same) = ben.poll(&cursor, 1).await;
    assert!(events.is_empty() && begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(same, cursor);
    let waiting = tokio::spawn({
        let (ben, cursor) = (ben.clone(), cursor.clone());
        async move { ben.poll(&cursor, 30).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    ana.say(&group, "now").await;
    let (events, _) = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(bodies(&events), ["now"]);
}

#[tokio::test]
async fn a_server_that_goes_away_is_a_reconnection() {
    let mut site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut ws = ben.ws(None).await;
    ana.say(&group, "before").await;
    ws.next_of("message.posted").await;
    let cursor = ws.cursor.clone();
    site.restart().await;
    assert_eq!(ws.close_code().await, 4200);
    let (ana, ben) = (ana.at(&site.url), ben.at(&site.url));
    ana.say(&group, "after").await;
    let mut ws = ben.ws(Some(&cursor)).await;
    assert!(!ws.reset, "the key of cursors outlives the process");
    assert_eq!(ws.next_of("message.posted").await["data"]["message"]["body"], "after");
}

#[tokio::test]
async fn useless_cursors_are_reset() {
    let site = Site::start().await;
    let (ana, ben, _) = pair(&site).await;
    let own = ben.cursor().await;
    let (_, tail) = own.split_once('.').unwrap();
    let forged = format!("{own}x");
    let future = format!("999999.{tail}");
    let other_epoch = own.replacen('.', ".9", 1);
    let foreign = ana.cursor().await;
    for cursor in ["junk", &forged, &future, &other_epoch, &foreign, "-1.1.x"] {
        let polled = ben.get(&format!("/events?after={cursor}")).await.ok(200);
        assert_eq!(polled["reset"], true, "{cursor}");
        assert_eq!(polled["items"], json!([]));
        assert_eq!(polled["cursor"], own.as_str());
        assert!(ben.ws(Some(cursor)).await.reset, "{cursor}");
        assert_eq!(ben.sse(Some(cursor)).await.next().await.unwrap().event, "reset", "{cursor}");
    }
}

#[tokio::test]
async fn a_cursor_older_than_the_log_is_reset() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let old = ben.cursor().await;
    ana.say(&group, "1").await;
    ana.say(&group, "2").await;
    let me = ana.get("/me").await.ok(200);
    let tenant = me["tenant"]["id"].as_str().unwrap().parse().unwrap();
    let far = parlor_chat::Time(i64::MAX);
    site.app.db.write_plain(1, move |tx| parlor_chat::retention::prune(tx, tenant, far, 1000)).await.unwrap();
    assert_eq!(ben.get(&format!("/events?after={old}")).await.ok(200)["reset"], true);
    assert!(ben.ws(Some(&old)).await.reset);
}

#[tokio::test]
async fn a_snapshot_goes_on_from_its_cursor() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    ana.say(&group, "in the snapshot").await;
    let snapshot = ben.get("/snapshot").await.ok(200);
    assert_eq!(snapshot["conversations"][0]["last_seq"], 1);
    assert_eq!(snapshot["totals"]["unread"], 1);
    assert_eq!(snapshot["me"]["id"], ben.id.as_str());
    ana.say(&group, "after it").await;
    let (events, _) = ben.poll(snapshot["cursor"].as_str().unwrap(), 5).await;
    assert_eq!(bodies(&events), ["after it"]);
}

#[tokio::test]
async fn busy_times_lose_and_repeat_nothing() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let mut cursor = ben.cursor().await;
    let sending = tokio::spawn(async move {
        for n in 0..50 {
            ana.say(&group, &n.to_string()).await;
        }
    });
    let mut seen = Vec::new();
    let mut turn = 0;
    while seen.len() < 50 {
        turn += 1;
        match turn % 3 {
            0 => {
                let (events, next) = ben.poll(&cursor, 2).await;
                seen.extend(bodies(&events));
                cursor = next;
            }
            1 => {
                let mut ws = ben.ws(Some(&cursor)).await;
                for _ in 0..5.min(50 - seen.len()) {
                    seen.extend(bodies(&[ws.next_of("message.posted").await]));
                }
                cursor = ws.cursor.clone();
            }
            _ => {
                let mut sse = ben.sse(Some(&cursor)).await;
                sse.next().await.unwrap();
                for _ in 0..5.min(50 - seen.len()) {
                    let lines = sse.next().await.unwrap();
                    seen.extend(bodies(&[lines.data]));
                    cursor = lines.id;
                }
            }
        }
    }
    sending.await.unwrap();
    assert_eq!(seen, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_is_too_slow_comes_back_without_loss() {
    let site = Site::with(|config| config.queue_limit = 1).await;
    let (ana, ben, group) = pair(&site).await;
    let mut ws = ben.ws(None).await;
    let start = ws.cursor.clone();
    for n in 0..40 {
        ana.say(&group, &format!("{n} {}", "x".repeat(10))).await;
    }
    let mut seen = Vec::new();
    let mut cursor = start;
    while seen.len() < 40 {
        match ws.frame().await {
            Ok(frame) if frame["type"] == "event" => {
                let event = frame["event"].clone();
                let tail = cursor.split_once('.').unwrap().1;
                cursor = format!("{}.{tail}", event["seq"]);
                seen.extend(bodies(&[event]));
            }
            Ok(_) => {}
            Err(frame) => {
                assert_eq!(u16::from(frame.unwrap().code), 4000);
                ws = ben.ws(Some(&cursor)).await;
            }
        }
    }
    let numbers: Vec<usize> =
        seen.iter().map(|body| body.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_that_ends_ends_the_connection() {
    let site = Site::start().await;
    let short = Claims { exp: now() - 20.0, ..claims("Ana") };
    let ana = site.person(short).await;
    let mut ws = ana.ws(None).await;
    assert_eq!(ws.close_code().await, 4001);
    ana.get("/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_foreign_page_cannot_use_the_cookie() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let reply = site.stranger().post("/sessions", json!({"token": ana.token})).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let connect = |origin: String| {
        let mut request =
            format!("{}/api/v1/ws", site.url.replace("http", "ws")).into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(request)
    };
    assert!(connect("https://evil.example".to_owned()).await.is_err());
    assert!(connect(site.url.clone()).await.is_ok());
}

parlor_db::statements! {
    static UNKNOWN = both("UPDATE events SET kind = 'from.the.future' WHERE seq = (SELECT max(seq) FROM events)").global();
}

/// A node of an earlier version, or damage: whoever has such an event ahead begins anew once, and not again and again.
#[tokio::test]
async fn an_event_that_cannot_be_told_is_answered_with_a_reset() {
    let site = Site::start().await;
    let (ana, ben, group) = pair(&site).await;
    let start = ben.cursor().await;
    ana.say(&group, "before").await;
    let app = site.app.clone();
    let damaged = tokio::task::spawn_blocking(move || {
        app.db.engine().write_blocking(0, |tx| -> Result<u64, parlor_db::Error> {
            tx.execute(&UNKNOWN, parlor_db::params![])
        })
    });
    assert_eq!(damaged.await.unwrap().unwrap(), 1);

    let mut ws = ben.ws(Some(&start)).await;
    let anew = ws.frame().await.unwrap();
    assert_eq!((&anew["type"], &anew["reset"]), (&json!("ready"), &json!(true)));
    let mut sse = ben.sse(Some(&start)).await;
    assert_eq!(sse.next().await.unwrap().event, "ready");
    assert_eq!(sse.next().await.unwrap().event, "reset");
    ana.say(&group, "after").await;
    assert_eq!(ws.next_of("message.posted").await["data"]["message"]["body"], "after");
    let told = sse.next().await.unwrap();
    assert_eq!(bodies(&[told.data]), ["after"]);
    let (events, _) = ben.poll(&told.id, 1).await;
    assert!(events.is_empty());
}
