//! A database of an older version opens, and shows what it showed. The fixtures are a small company as the version with
//! schema 8 stored it, on each engine, and what that version answered to its people.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use parlor::auth::jwt::{Claims, sign};
use parlor_chat::events::Audience;
use parlor_chat::{replay, tenants};
use parlor_db::testing::TestDb;
use parlor_db::{Db, Engine, Error, Options, params};
use parlor_realtime::contracts;
use serde_json::{Value, json};

use crate::support::http;
use crate::support::{Person, SECRET, Site, claims, engine, fresh_data};

const SQLITE: &[u8] = include_bytes!("../fixtures/schema8/sqlite.db.gz");
const SQLITE_ANSWERS: &[u8] = include_bytes!("../fixtures/schema8/sqlite.answers.json.gz");
const POSTGRES: &[u8] = include_bytes!("../fixtures/schema8/postgres.sql.gz");
const POSTGRES_ANSWERS: &[u8] = include_bytes!("../fixtures/schema8/postgres.answers.json.gz");

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

/// A server on the old data.
async fn upgraded() -> (Site, Vec<Value>) {
    upgraded_with(|_, _| {}).await
}

/// The same after something was done to the old data, as the old version would have done it.
async fn upgraded_with(before: impl FnOnce(&Db, &Path) + Send + 'static) -> (Site, Vec<Value>) {
    let (mut data, folder, mut database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let answers = match engine() {
        Engine::Sqlite => {
            std::fs::create_dir_all(&data.data).unwrap();
            std::fs::write(data.data.join("parlor.db"), unpacked(SQLITE)).unwrap();
            SQLITE_ANSWERS
        }
        Engine::Postgres => {
            let empty = move || TestDb::on(Engine::Postgres, &[], Options::default()).unwrap();
            let empty = tokio::task::spawn_blocking(empty).await.unwrap();
            restore(empty.url());
            data.database = Some(empty.url().to_owned());
            database = Some(empty);
            POSTGRES_ANSWERS
        }
    };
    let data = tokio::task::spawn_blocking(move || {
        let old = Db::open(&data.database_url(), Options::default()).unwrap();
        before(&old, &data.data);
        old.shutdown();
        data
    });
    let site = Site::on_data(data.await.unwrap(), folder, database).await;
    (site, serde_json::from_slice(&unpacked(answers)).unwrap())
}

fn restore(url: &str) {
    let mut psql = Command::new("psql");
    psql.arg(url)
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut psql = psql.spawn().unwrap();
    let mut input = psql.stdin.take().unwrap();
    input.write_all(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n").unwrap();
    input.write_all(&unpacked(POSTGRES)).unwrap();
    drop(input);
    assert!(psql.wait().unwrap().success());
}

/// What an older version answered is in the new answer; there may be more.
fn holds(path: &str, old: &Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                holds(&format!("{path}.{key}"), value, new.get(key).unwrap_or(&Value::Null));
            }
        }
        // Settings come with versions.
        (Value::Array(old), Value::Array(new)) if old.first().is_some_and(|item| item["key"].is_string()) => {
            for item in old {
                let found = new.iter().find(|other| other["key"] == item["key"]);
                assert_eq!(
                    found.map(|found| &found["value"]),
                    Some(&item["value"]),
                    "{path} {}",
                    item["key"]
                );
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{path}");
            old.iter()
                .zip(new)
                .enumerate()
                .for_each(|(at, (old, new))| holds(&format!("{path}[{at}]"), old, new));
        }
        _ => assert_eq!(old, new, "{path}"),
    }
}

#[tokio::test]
async fn a_database_of_schema_8_shows_what_it_showed() {
    let (site, answers) = upgraded().await;
    let token = |name: &str, kind: &str, role: Option<&str>| {
        let roles = role.map(|role| vec![role.to_owned()]);
        let who = Claims { sub: name.to_lowercase(), kind: kind.to_owned(), roles, ..claims(name) };
        sign(&who, SECRET.as_bytes(), None).unwrap()
    };
    let ada = Person::arrive(&site.url, token("Ada", "user", Some("admin"))).await;
    let ben = Person::arrive(&site.url, token("Ben", "user", Some("agent"))).await;
    let kim = Person::arrive(&site.url, token("Kim", "contact", None)).await;
    let mut seen = 0;
    for asked in answers.iter().filter(|asked| asked["path"].is_string()) {
        let (who, path) = (asked["who"].as_str().unwrap(), asked["path"].as_str().unwrap());
        let person = match who {
            "ada" => &ada,
            "ben" => &ben,
            _ => &kim,
        };
        let answer = person.get(path).await.ok(200);
        holds(&format!("{who} {path}"), &asked["answer"], &answer);
        seen += 1;
    }
    assert_eq!(seen, 17);
    let old = answers.last().unwrap();
    let group = old["conversation"].as_str().unwrap();
    // What is new goes on where the old ended.
    let before = ben.get(&format!("/conversations/{group}")).await.ok(200)["me"]["unread"].clone();
    ada.say(group, "after the upgrade").await;
    let after = ben.get(&format!("/conversations/{group}")).await.ok(200)["me"]["unread"].clone();
    assert_eq!(json!(before.as_i64().unwrap() + 1), after);
    assert_eq!(ben.get("/search?q=upgrade").await.ok(200)["items"].as_array().unwrap().len(), 1);
}

/// Clients come back with cursors of before: what they missed must be told as it was written then.
#[tokio::test]
async fn every_event_of_the_old_log_can_still_be_read() {
    let (site, _) = upgraded().await;
    let read = site.app.db.read_plain(|tx| {
        let tenant = tenants::by_slug(tx, tenants::DEFAULT_SLUG)?.id;
        replay::since(tx, tenant, 0, 10_000)
    });
    let events = read.await.unwrap();
    assert!(events.len() > 20, "{}", events.len());
    for event in &events {
        assert_ne!(event.audience, Audience::Unreadable, "{}", event.json);
        let read = event.payload().map(drop);
        // A contract reads the message itself.
        let read = read.and_then(|()| contracts::chat::Event::from_log(event).map(drop));
        let read = read.and_then(|()| contracts::erp::Event::all(event).map(drop));
        if let Err(error) = read {
            panic!("{error}: {}", event.json);
        }
    }
}

parlor_db::statements! {
    static USERS = both("SELECT tenant, id, name FROM users ORDER BY name").global();
    static OLD_FILE = both("
        INSERT INTO attachments (tenant, id, uploader_id, message_id, name, content_type, size, sha256, created_at, avatar_of)
        VALUES ($1, $2, $3, NULL, $4, 'text/plain', 4, $5, $6, $7)");
    static OLD_KEY = both("
        INSERT INTO host_keys (tenant, id, kind, kid, secret, created_at) VALUES ($1, $2, $3, NULL, $4, 0)");
    static HOST_KEYS = both("SELECT secret FROM host_keys ORDER BY id").global();
    static APPS = both("SELECT secret FROM apps ORDER BY id").global();
    static STATES = both("SELECT state FROM attachments WHERE tenant = $1 AND id = $2");
}

type Key = [u8; 16];

fn hex(id: Key) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Ada's waiting file, one that waited too long, one that nothing refers to, and Ben's picture: in that order.
const FILES: [Key; 4] = [[1; 16], [2; 16], [3; 16], [4; 16]];

fn old_files(db: &Db, data: &Path) {
    let now = (crate::support::now() * 1e6) as i64;
    let tenant = db.write_blocking(0, move |tx| -> Result<Key, Error> {
        let users = tx.all(&USERS, params![], |row| {
            Ok((row.get::<Key>(0)?, row.get::<Key>(1)?, row.get::<String>(2)?))
        })?;
        let (tenant, ada, ben) = (users[0].0, users[0].1, users[1].1);
        assert_eq!((users[0].2.as_str(), users[1].2.as_str()), ("Ada", "Ben"));
        let nobody: Key = [0; 16];
        for (id, uploader, name, at, avatar_of) in [
            (FILES[0], ada, "waits.txt", now, None),
            (FILES[1], ada, "old.txt", 1, None),
            (FILES[2], nobody, "", 0, None),
            (FILES[3], nobody, "avatar", now, Some(ben)),
        ] {
            let sha256 = [7u8; 32];
            tx.execute(&OLD_FILE, params![tenant, id, uploader, name, &sha256[..], at, avatar_of])?;
        }
        Ok(tenant)
    });
    let folder = data.join("files").join(hex(tenant.unwrap()));
    std::fs::create_dir_all(&folder).unwrap();
    FILES.iter().for_each(|id| std::fs::write(folder.join(hex(*id)), "text").unwrap());
}

fn uuid(id: Key) -> String {
    let hex = hex(id);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[tokio::test]
async fn files_of_before_are_what_they_were() {
    let (site, _) = upgraded_with(old_files).await;
    let ada = Person::arrive(&site.url, sign(&claims("Ada"), SECRET.as_bytes(), None).unwrap()).await;
    let ben = Person::arrive(&site.url, sign(&claims("Ben"), SECRET.as_bytes(), None).unwrap()).await;
    site.jobs_done().await;
    // What nothing refers to is gone, bytes and all; what waits and what is shown is there.
    let slug = |tx: &mut parlor_chat::Tx<'_>| tenants::by_slug(tx, tenants::DEFAULT_SLUG);
    let (tenant, app) = (site.app.db.read_plain(slug).await.unwrap().id, site.app.clone());
    let states = tokio::task::spawn_blocking(move || {
        app.db.engine().read_blocking(move |tx| -> Result<_, Error> {
            let mut state = |id: &Key| tx.opt(&STATES, params![tenant, *id], |row| row.get::<String>(0));
            FILES.iter().map(&mut state).collect::<Result<Vec<_>, _>>()
        })
    });
    let states = states.await.unwrap().unwrap();
    let states: Vec<_> = states.iter().map(Option::as_deref).collect();
    assert_eq!(states, [Some("waiting"), None, None, Some("avatar")]);
    let folder = site.data.data.join("files").join(tenant.0.simple().to_string());
    let there = FILES.map(|id| folder.join(hex(id)).exists());
    assert_eq!(there, [true, false, false, true]);
    let [waits, .., picture] = FILES.map(uuid);
    let shown = http::get(format!("{}/files/avatars/{tenant}/{picture}", site.url)).await.unwrap();
    assert_eq!(shown.status(), 200);
    // A picture is nobody's to send, and a waiting file its uploader's.
    let group = ada.group("files", &[&ben]).await;
    let path = format!("/conversations/{group}/messages");
    let send = |file: &str| json!({"body": "", "attachment_ids": [file]});
    ada.post(&path, send(&picture)).await.problem(422, "invalid");
    ben.post(&path, send(&waits)).await.problem(422, "invalid");
    let sent = ada.post(&path, send(&waits)).await.ok(201);
    assert_eq!(sent["attachments"][0]["name"], "waits.txt");
    ada.post(&path, send(&waits)).await.problem(422, "invalid");
    assert_eq!(ben.get(&format!("/files/{waits}")).await.status, 200);
}

#[tokio::test]
async fn keys_of_before_serve_what_they_served() {
    const PUBLISHER: &str = "what the publisher of before signs with";
    const HOST: &str = "what the host application of before signs with";
    let (site, _) = upgraded_with(|db, _| {
        let stored = db.write_blocking(0, |tx| -> Result<(), Error> {
            let tenant = tx.all(&USERS, params![], |row| row.get::<Key>(0))?[0];
            let kinds = ["hs256", "mercure:pem", "mercure-publisher:hs256", "mercure-subscriber:jwks"];
            let secrets = [HOST, "no key", PUBLISHER, "no key"];
            for (no, (kind, secret)) in (1u8..).zip(kinds.into_iter().zip(secrets)) {
                tx.execute(&OLD_KEY, params![tenant, [no; 16], kind, secret])?;
            }
            Ok(())
        });
        stored.unwrap();
    })
    .await;
    let admin = Claims { roles: Some(vec!["admin".to_owned()]), ..claims("Ada") };
    let ada = Person::arrive(&site.url, sign(&admin, HOST.as_bytes(), None).unwrap()).await;
    let listed = ada.get("/host-keys").await.ok(200)["items"].clone();
    let listed = listed.as_array().unwrap().iter();
    let listed: Vec<_> = listed.map(|key| json!([key["purpose"], key["kind"]])).collect();
    let wanted = [
        json!(["host", "hs256"]),
        json!(["mercure", "pem"]),
        json!(["mercure-publisher", "hs256"]),
        json!(["mercure-subscriber", "jwks"]),
    ];
    assert_eq!(listed, wanted);
    // A publisher's key names nobody.
    let forged = sign(&admin, PUBLISHER.as_bytes(), None).unwrap();
    Person { token: Some(forged), ..site.stranger() }.get("/me").await.problem(401, "unauthorized");
}

/// What older versions stored in the clear is sealed before anybody reads it, and serves as before.
#[tokio::test]
async fn secrets_of_an_old_database_are_sealed_and_go_on_serving() {
    const OLD: &str = "what an older version stored in the clear";
    let (mut site, _) = upgraded_with(|db, _| {
        let stored = db.write_blocking(0, |tx| -> Result<(), Error> {
            let tenant = tx.all(&USERS, params![], |row| row.get::<Key>(0))?[0];
            tx.execute(&OLD_KEY, params![tenant, [9; 16], "hs256", OLD])?;
            Ok(())
        });
        stored.unwrap();
    })
    .await;
    for _ in 0..2 {
        let token = sign(&claims("Ben"), OLD.as_bytes(), None).unwrap();
        Person::arrive(&site.url, token).await.get("/me").await.ok(200);
        let app = parlor_chat::pusher_apps::by_id;
        let app = site.app.db.read_plain(move |tx| app(tx, "1")).await.unwrap().unwrap();
        assert_eq!((app.key.as_str(), app.secret.as_str()), ("a-key", "not-a-secret"));
        let all = site.app.db.engine().read(|tx| {
            let mut all = tx.all(&HOST_KEYS, params![], |row| row.get::<String>(0))?;
            all.extend(tx.all(&APPS, params![], |row| row.get::<String>(0))?);
            Ok::<_, Error>(all)
        });
        let all = all.await.unwrap();
        assert!(all.len() >= 2 && all.iter().all(|secret| secret.starts_with("v1:")), "{all:?}");
        if engine() == Engine::Sqlite {
            for file in ["parlor.db", "parlor.db-wal"] {
                let bytes = std::fs::read(site.data.data.join(file)).unwrap_or_default();
                for secret in [OLD, "not-a-secret"] {
                    assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{file}: {secret}");
                }
            }
        }
        site.restart().await;
    }
}
