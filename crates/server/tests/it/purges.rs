//! Purges over HTTP, by the command, and by the daily job.

use std::process::Command;

use parlor_chat::jobs::{self, When, Work};
use serde_json::{Value, json};

use crate::files::{PNG, upload};
use crate::support::{Person, Site};

async fn scene(site: &Site) -> (Person, Person, Person, String) {
    let admin = site.user_with("Ada", &["admin"]).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("old things", &[&ben]).await;
    (admin, ana, ben, group)
}

#[tokio::test]
async fn everybody_sees_at_once_what_a_purge_left() {
    let site = Site::start().await;
    let (admin, ana, ben, group) = scene(&site).await;
    let file = upload(&ana, "a.png", PNG).await.ok(201);
    let body = json!({"body": "plover", "attachment_ids": [file["id"]]});
    ana.post(&format!("/conversations/{group}/messages"), body).await.ok(201);
    let before = ben.cursor().await;
    let now = ana.say(&group, "marks the time").await["created_at"].clone();
    let wanted = json!({"before": now, "mode": "permanent"});
    ana.post("/purges", wanted.clone()).await.problem(403, "forbidden");
    let mut dry = wanted.clone();
    dry["dry_run"] = json!(true);
    let counted = admin.post("/purges", dry).await.ok(200);
    assert_eq!((&counted["rows"], &counted["purge"]), (&json!(1), &json!(null)));
    let mut hears = ben.ws(None).await;
    let done = admin.post("/purges", wanted).await.ok(200);
    assert_eq!((&done["rows"], &done["purge"]["admin_id"]), (&json!(1), &json!(admin.id)));
    let told = hears.next_of("history.purged").await;
    assert_eq!(
        (&told["data"]["conversation_ids"], &told["actor"]["kind"]),
        (&json!([group]), &json!("system"))
    );

    let page = ben.get(&format!("/conversations/{group}/messages")).await.ok(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(ben.get("/search?q=plover").await.ok(200)["items"], json!([]));
    assert_eq!(ben.get(&format!("/conversations/{group}")).await.ok(200)["me"]["unread"], 1);
    let (replayed, _) = ben.poll(&before, 0).await;
    assert!(!Value::from(replayed).to_string().contains("plover"), "a replay tells nothing of it");
    site.jobs_done().await;
    let tenant = std::fs::read_dir(site.data.data.join("files")).unwrap().next().unwrap().unwrap();
    assert_eq!(std::fs::read_dir(tenant.path()).unwrap().count(), 0, "its file is gone");
    let log = admin.get("/purges").await.ok(200);
    assert_eq!(
        (&log["items"][0]["rows_deleted"], &log["items"][0]["mode"]),
        (&json!(1), &json!("permanent"))
    );
    ben.get("/purges").await.problem(403, "forbidden");
    let audit = admin.get("/audit?action=history.purge").await.ok(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
    admin.post("/purges", json!({"before": "yesterday", "mode": "logical"})).await.problem(422, "invalid");
    admin
        .post("/purges", json!({"before": 4_000_000_000_i64, "mode": "logical"}))
        .await
        .problem(422, "invalid");
}

fn parlor(site: &Site, env: &[(&str, &str)], args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(args).args(["--json", "--data"]).arg(&site.data.data).env_remove("DATABASE_URL");
    if let Some(url) = &site.data.database {
        command.env("DATABASE_URL", url).env("PARLOR_FILES", site.data.data.join("files"));
    }
    let output = command.envs(env.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_command_clears_what_is_kept_no_longer() {
    let site = Site::start().await;
    let (admin, ana, ben, group) = scene(&site).await;
    ana.say(&group, "long ago").await;
    age(&site, 40).await;
    ana.say(&group, "today").await;
    let texts = || async {
        let page = ben.get(&format!("/conversations/{group}/messages")).await.ok(200);
        page["items"].as_array().unwrap().iter().map(|item| item["body"].clone()).collect::<Vec<_>>()
    };
    let unlimited = parlor(&site, &[("CRM_INTERNAL_MESSENGER_RETENTION_DAYS_DEFAULT", "-1")], &["purge"]);
    assert_eq!((&unlimited[0]["before"], &unlimited[0]["messages"]), (&json!(null), &json!(0)));
    let env = [("CRM_INTERNAL_MESSENGER_RETENTION_DAYS_DEFAULT", "30")];
    assert_eq!(parlor(&site, &env, &["purge", "--dry-run"])[0]["messages"], 1);
    assert_eq!(texts().await.len(), 2);
    admin.patch("/settings", json!({"crm_internal_messenger_retention_days": ""})).await.ok(200);
    assert_eq!(parlor(&site, &env, &["purge"])[0]["messages"], 0, "the database's value comes first");
    admin.patch("/settings", json!({"crm_internal_messenger_retention_days": 30})).await.ok(200);
    assert_eq!(parlor(&site, &[], &["purge", "--tenant", "default"])[0]["messages"], 1);
    assert_eq!(texts().await, [json!("today")]);
    let log = admin.get("/purges").await.ok(200);
    assert_eq!(log["items"][0]["admin_id"], json!(null), "nobody asked for it");
}

#[tokio::test]
async fn the_daily_job_runs_once_whoever_begins() {
    let site = Site::start().await;
    let (admin, ana, ben, group) = scene(&site).await;
    ana.say(&group, "long ago").await;
    age(&site, 40).await;
    ana.say(&group, "today").await;
    admin.patch("/settings", json!({"retention_days": 30})).await.ok(200);
    retention(&site).await;
    tokio::join!(site.jobs_done(), site.jobs_done());
    let page = ben.get(&format!("/conversations/{group}/messages")).await.ok(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let log = admin.get("/purges").await.ok(200)["items"].clone();
    assert_eq!((log.as_array().unwrap().len(), &log[0]["rows_deleted"]), (1, &json!(1)));
    age(&site, 40).await;
    site.jobs_done().await;
    assert_eq!(admin.get("/purges").await.ok(200)["items"].as_array().unwrap().len(), 1, "not twice a day");
}

/// The tenant's job of retention is due now.
async fn retention(site: &Site) {
    let due = site.app.db.write_plain(1, |tx| {
        let tenant = parlor_chat::tenants::by_slug(tx, parlor_chat::tenants::DEFAULT_SLUG)?.id;
        jobs::enqueue(tx, tenant, &Work::Retention, Some(""), When::At(tx.now))
    });
    due.await.unwrap();
}

/// Lets the messages so far become so many days old.
async fn age(site: &Site, days: i64) {
    let by = days * 86_400_000_000;
    let sql = format!("UPDATE messages SET created_at = created_at - {by}");
    match &site.data.database {
        None => {
            let path = site.data.data.join("parlor.db");
            tokio::task::spawn_blocking(move || {
                let db = rusqlite::Connection::open(path).unwrap();
                db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                db.execute(&sql, []).unwrap();
            })
            .await
            .unwrap();
        }
        Some(url) => {
            let done = Command::new("psql").arg(url).args(["-q", "-c", &sql]).status().unwrap();
            assert!(done.success());
        }
    }
}
