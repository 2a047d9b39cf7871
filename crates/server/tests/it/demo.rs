//! `parlor demo`: every kind of conversation is there, and everybody can sign in with what was printed.

use crate::support::http;
use std::collections::BTreeSet;
use std::process::{Command, Output};

use parlor::clock::Clock;
use parlor::config::DataArgs;
use parlor::serve::Server;
use parlor_demo as demo;
use serde_json::{Value, json};

use crate::support::{Person, fresh_data, options_on};

fn parlor(data: &DataArgs, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(args).arg("--data").arg(&data.data);
    match &data.database {
        Some(url) => command.env("DATABASE_URL", url).env("PARLOR_FILES", data.data.join("files")),
        None => command.env_remove("DATABASE_URL"),
    };
    command.output().unwrap()
}

/// Signs in as the web app does, and answers somebody who acts with that session.
async fn sign_in(url: &str, tenant: &str, email: &str) -> Person {
    let client = http::client();
    let body = json!({ "tenant": tenant, "email": email, "password": demo::PASSWORD });
    let answer = client.post(format!("{url}/api/v1/sessions")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{email}");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("cookie", cookie.parse().unwrap());
    headers.insert("x-parlor-csrf", "1".parse().unwrap());
    let client = http::client_builder().default_headers(headers).build().unwrap();
    let mut person = Person { client, ..Person::stranger(url) };
    person.id = person.get("/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    person
}

async fn conversations(person: &Person) -> Vec<Value> {
    person.get("/conversations?limit=200").await.ok(200)["items"].as_array().unwrap().clone()
}

fn find<'v>(all: &'v [Value], field: &str, value: &str) -> &'v Value {
    all.iter().find(|one| one[field] == value).unwrap_or_else(|| panic!("no {field} {value}"))
}

async fn messages(person: &Person, conversation: &Value) -> Vec<Value> {
    let path = format!("/conversations/{}/messages?limit=200", conversation["id"].as_str().unwrap());
    person.get(&path).await.ok(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn fills_once_and_everybody_can_sign_in() {
    let (data, _folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let first = parlor(&data, &["demo", "--json"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert!(report["filled"]["conversations"].as_u64().unwrap() >= 30, "{report}");
    assert!(report["filled"]["messages"].as_u64().unwrap() >= 400, "{report}");

    let second = parlor(&data, &["demo"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("already"), "{second:?}");
    let third = parlor(&data, &["demo", "--if-empty", "--json"]);
    assert_eq!(third.status.code(), Some(0));
    let again: Value = serde_json::from_slice(&third.stdout).unwrap();
    assert_eq!((&again["filled"], &again["sign_in"]), (&Value::Null, &report["sign_in"]));

    let server = Server::bind(&data, options_on(&data), Clock::System).await.unwrap();
    let url = format!("http://{}", server.address);
    let running = tokio::spawn(server.run(std::future::pending()));
    for who in report["sign_in"].as_array().unwrap() {
        let (tenant, email) = (who["tenant"].as_str().unwrap(), who["email"].as_str().unwrap());
        let person = sign_in(&url, tenant, email).await;
        let me = person.get("/me").await.ok(200);
        assert_eq!((&me["name"], &me["locale"]), (&who["name"], &who["locale"]));
        assert!(!conversations(&person).await.is_empty(), "{email} sees nothing");
    }
    shows_every_kind(&url).await;
    keeps_the_hierarchy(&url).await;
    shows_files(&url).await;
    running.abort();
    // Removing a database blocks, which no thread of the runtime may.
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

async fn shows_every_kind(url: &str) {
    let ines = sign_in(url, "default", "ines@alder-reis.example").await;
    let marta = sign_in(url, "default", "marta@alder-reis.example").await;
    let elise = sign_in(url, "default", "elise@alder-reis.example").await;
    let (hers, martas) = (conversations(&ines).await, conversations(&marta).await);
    let elises = conversations(&elise).await;
    let kinds: BTreeSet<&str> =
        hers.iter().chain(&martas).chain(&elises).map(|one| one["kind"].as_str().unwrap()).collect();
    let expected = [
        "admin_customer",
        "admin_store",
        "announcement",
        "broadcast",
        "channel",
        "direct",
        "group",
        "store_customer",
        "support",
        "ticket",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    let of_support = |one: &&Value| one["kind"] == "support";
    let statuses: BTreeSet<&str> =
        martas.iter().chain(&hers).filter(of_support).map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(
        statuses.into_iter().collect::<Vec<_>>(),
        ["closed", "open", "pending", "resolved", "snoozed"]
    );
    let unread = hers.iter().filter(|one| one["me"]["unread"].as_i64().unwrap() > 0).count();
    assert!((3..20).contains(&unread), "{unread} unread");
    assert!(hers.iter().any(|one| one["me"]["draft"] == true));
    // The newest first, and nothing from the future: what was made here counts as lived.
    let now = Clock::System.now().rfc3339();
    let times: Vec<&str> = hers.iter().map(|one| one["last_activity_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b) && times[0] < now.as_str(), "{times:?}");

    let general = messages(&ines, find(&hers, "slug", "general")).await;
    let any = |test: &dyn Fn(&Value) -> bool| general.iter().any(test);
    assert!(any(&|one| one["deleted_at"].is_string()));
    assert!(any(&|one| one["pinned_at"].is_string()));
    assert!(any(&|one| one["reply_count"].as_i64().unwrap() > 2));
    assert!(any(&|one| !one["mentions"].as_array().unwrap().is_empty()));
    assert!(any(&|one| one["reactions"][0]["count"].as_i64().unwrap_or(0) > 3));
    assert!(find(&hers, "slug", "deliveries")["last_seq"].as_i64().unwrap() > 100);

    let ticket = find(&martas, "title", "Checkout refuses Irish postcodes");
    assert_eq!((&ticket["status"], &ticket["kind"]), (&json!("resolved"), &json!("ticket")));
    let origin = find(&martas, "subject", "Cannot pay");
    assert_eq!(ticket["linked_conversation_id"], origin["id"]);
    assert!(messages(&marta, origin).await.iter().any(|one| one["is_private_note"] == true));
    let seans = conversations(&sign_in(url, "default", "sean@alder-reis.example").await).await;
    assert_eq!(find(&seans, "title", "Etikettendrucker Wien druckt halbe Etiketten")["number"], "DEV-001");
    let found = ines.get("/search?q=saone").await.ok(200);
    assert!(!found["items"].as_array().unwrap().is_empty());
}

async fn shows_files(url: &str) {
    let hugo = sign_in(url, "default", "hugo@alder-reis.example").await;
    let found = conversations(&hugo).await;
    let showroom = messages(&hugo, find(&found, "title", "Showroom colours")).await;
    for (message, kind) in
        showroom.iter().filter(|one| one["kind"] == "text").zip(["image/png", "text/plain"])
    {
        let file = &message["attachments"][0];
        assert_eq!(file["content_type"], kind);
        let got = hugo.get(&format!("/files/{}", file["id"].as_str().unwrap())).await;
        assert_eq!(
            (got.status, got.headers["content-length"].to_str().unwrap()),
            (200, file["size"].to_string().as_str())
        );
    }
}

async fn keeps_the_hierarchy(url: &str) {
    let julie = sign_in(url, "erp", "julie@alder-reis.example").await;
    let users = julie.get("/users").await.ok(200);
    let odile = find(users["items"].as_array().unwrap(), "name", "Odile Valmont")["id"].clone();
    let open = julie.post("/conversations", json!({ "kind": "direct", "user_ids": [odile] })).await;
    open.problem(403, "forbidden");
    let told = julie.get("/notifications").await.ok(200);
    assert_eq!(told["items"][0]["type"], "message", "{told}");
    let karim = sign_in(url, "erp", "karim@alder-reis.example").await;
    let talks =
        karim.client.get(format!("{url}/api/tenants/erp/messaging/conversations")).send().await.unwrap();
    assert_eq!(talks.status(), 200, "the contract is switched on");
}

#[tokio::test]
async fn same_seed_and_time_make_the_same() {
    let now = parlor_chat::Time::parse("2026-11-23T00:10:00Z").unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let texts = tokio::task::spawn_blocking(move || {
            let (data, _folder, _database) = fresh_data();
            let options = parlor_db::Options::default();
            let db = parlor::app::start::open(&data, options, Clock::System).unwrap();
            db.write_raw(move |tx, defaults, keys| demo::fill(tx, now, 7, (defaults, keys), "x")).unwrap();
            let texts: Vec<String> = db
                .read_blocking(move |tx| {
                    let tenant = parlor_chat::tenants::by_slug(tx, "default")?;
                    let events = parlor_chat::replay::since(tx, tenant.id, 0, 10_000)?;
                    Ok::<_, parlor_chat::Error>(events.iter().map(|event| event.json.to_string()).collect())
                })
                .unwrap();
            db.engine().shutdown();
            texts
        });
        seen.push(texts.await.unwrap());
    }
    assert!(seen[0].len() > 1000, "{}", seen[0].len());
    assert_eq!(seen[0], seen[1]);
    let at = |text: &str| {
        let event: Value = serde_json::from_str(text).unwrap();
        parlor_chat::Time::parse(event["at"].as_str().unwrap()).unwrap()
    };
    assert!(seen[0].iter().map(|text| at(text)).is_sorted(), "events are in the order of time");
}
