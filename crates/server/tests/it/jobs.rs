//! Background jobs as people and operators see them: done once, whatever crashes; those that were given up can be tried
//! again.

use std::time::Duration;

use parlor::auth::jwt::sign;
use parlor_chat::jobs::{self, When, Work};
use parlor_chat::{Time, tenants};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::Process;
use crate::support::{Person, SECRET, Site, claims, fresh_data};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snooze_that_outlives_its_server_ends_once() {
    let (data, _folder, _database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let mut first = Process::start(&data);
    let token = |kind: &str, name: &str, roles: Option<Vec<String>>| {
        let who = parlor::auth::jwt::Claims { kind: kind.to_owned(), roles, ..claims(name) };
        sign(&who, SECRET.as_bytes(), None).unwrap()
    };
    let agent = Person::arrive(&first.url, token("user", "Agent", Some(vec!["agent".to_owned()]))).await;
    let kim = Person::arrive(&first.url, token("contact", "Kim", None)).await;
    let new = json!({"kind": "support", "message": {"body": "later please"}});
    let id = kim.post("/conversations", new).await.ok(201)["id"].as_str().unwrap().to_owned();
    let until = Time(now().0 + 1_500_000).rfc3339();
    agent.patch(&format!("/conversations/{id}"), json!({"snoozed_until": until})).await.ok(200);
    first.kill();
    let second = Process::start(&data);
    let agent = agent.at(&second.url);
    let status = async || agent.get(&format!("/conversations/{id}")).await.ok(200)["status"].clone();
    for _ in 0..400 {
        if status().await == "open" {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status().await, "open");
    let page = agent.get(&format!("/conversations/{id}/messages")).await.ok(200);
    let opened =
        |line: &&Value| line["system"]["type"] == "status_changed" && line["system"]["status"] == "open";
    let opened = page["items"].as_array().unwrap().iter().filter(opened).count();
    assert_eq!(opened, 1, "{page}");
}

fn now() -> Time {
    parlor::clock::Clock::System.now()
}

#[tokio::test]
async fn what_was_given_up_is_seen_tried_again_and_forgotten() {
    let site = Site::start().await;
    let (admin, ana) = (site.user_with("Root", &["admin"]).await, site.user("Ana").await);
    let buried = site.app.db.write_plain(1, |tx| {
        let tenant = tenants::by_slug(tx, tenants::DEFAULT_SLUG)?.id;
        let work = Work::Webhook { url: "http://127.0.0.1:9/gone".to_owned(), body: "{}".to_owned() };
        let (now, hour_ago) = (tx.now, tx.now.plus_seconds(-3_600));
        for _ in 0..2 {
            tx.now = hour_ago;
            // Far from now, so that the server's own runner leaves it to this test.
            jobs::enqueue(tx, tenant, &work, None, When::At(now.plus_seconds(900)))?;
        }
        tx.now = now.plus_seconds(1_000);
        for job in jobs::claim(tx, jobs::Queue::Outside, now.plus_seconds(2_000), 10, &[])? {
            assert!(jobs::fail(tx, &job?, "connection refused")?, "it is an hour old");
        }
        tx.now = now;
        Ok(())
    });
    buried.await.unwrap();
    ana.get("/jobs/dead").await.problem(403, "forbidden");
    let dead = admin.get("/jobs/dead").await.ok(200)["items"].clone();
    assert_eq!((dead.as_array().unwrap().len(), &dead[0]["kind"]), (2, &json!("webhook")));
    assert_eq!(dead[0]["error"], "connection refused");
    let health = admin.get("/health").await.ok(200);
    assert_eq!(health["job_totals"]["dead"], 2);
    let (one, two) = (dead[0]["id"].as_str().unwrap(), dead[1]["id"].as_str().unwrap());
    ana.post(&format!("/jobs/dead/{one}/retry"), json!({})).await.problem(403, "forbidden");
    ana.delete(&format!("/jobs/dead/{one}")).await.problem(403, "forbidden");
    admin.delete(&format!("/jobs/dead/{one}")).await.ok(204);
    admin.delete(&format!("/jobs/dead/{one}")).await.problem(404, "not_found");
    admin.post(&format!("/jobs/dead/{two}/retry"), json!({})).await.ok(204);
    assert_eq!(admin.get("/jobs/dead").await.ok(200)["items"], json!([]));
    let audit = admin.get("/audit?action=job.retry").await.ok(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
}
