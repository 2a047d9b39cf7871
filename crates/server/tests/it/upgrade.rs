//! A database of an older version opens, and shows what it showed. The fixtures are a small company as the version with
//! schema 8 stored it, on each engine, and what that version answered to its people.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use parlor::auth::jwt::{Claims, sign};
use parlor_chat::events::Audience;
use parlor_chat::{replay, tenants};
use parlor_db::testing::TestDb;
use parlor_db::{Engine, Options};
use serde_json::{Value, json};

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
    upgraded_with("").await
}

/// The same, with something more that the old version had stored.
async fn upgraded_with(more: &str) -> (Site, Vec<Value>) {
    let (mut data, folder, mut database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let answers = match engine() {
        Engine::Sqlite => {
            std::fs::create_dir_all(&data.data).unwrap();
            std::fs::write(data.data.join("parlor.db"), unpacked(SQLITE)).unwrap();
            rusqlite::Connection::open(data.data.join("parlor.db")).unwrap().execute_batch(more).unwrap();
            SQLITE_ANSWERS
        }
        Engine::Postgres => {
            let empty = move || TestDb::on(Engine::Postgres, &[], Options::default()).unwrap();
            let empty = tokio::task::spawn_blocking(empty).await.unwrap();
            restore(empty.url(), more);
            data.database = Some(empty.url().to_owned());
            database = Some(empty);
            POSTGRES_ANSWERS
        }
    };
    let site = Site::on_data(data, folder, database).await;
    (site, serde_json::from_slice(&unpacked(answers)).unwrap())
}

fn restore(url: &str, more: &str) {
    let mut psql = Command::new("psql");
    psql.arg(url)
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut psql = psql.spawn().unwrap();
    let mut input = psql.stdin.take().unwrap();
    input.write_all(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n").unwrap();
    input.write_all(&unpacked(POSTGRES)).unwrap();
    write!(input, "SET search_path = public;\n{more}").unwrap();
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
        if let Err(error) = event.payload() {
            panic!("{error}: {}", event.json);
        }
    }
}

parlor_db::statements! {
    static HOST_KEYS = both("SELECT secret FROM host_keys ORDER BY id").global();
    static APPS = both("SELECT secret FROM apps ORDER BY id").global();
}

/// What older versions stored in the clear is sealed before anybody reads it, and serves as before.
#[tokio::test]
async fn secrets_of_an_old_database_are_sealed_and_go_on_serving() {
    const OLD: &str = "what an older version stored in the clear";
    let stored = format!(
        "INSERT INTO host_keys (tenant, id, kind, secret, created_at)
         SELECT id, id, 'hs256', '{OLD}', 0 FROM tenants WHERE slug = 'default';"
    );
    let (mut site, _) = upgraded_with(&stored).await;
    for _ in 0..2 {
        let token = sign(&claims("Ben"), OLD.as_bytes(), None).unwrap();
        Person::arrive(&site.url, token).await.get("/me").await.ok(200);
        let app = parlor_chat::pusher_apps::by_id;
        let app = site.app.db.read_plain(move |tx| app(tx, 1)).await.unwrap().unwrap();
        assert_eq!((app.key.as_str(), app.secret.as_str()), ("a-key", "not-a-secret"));
        let all = site.app.db.engine().read(|tx| {
            let mut all = tx.all(&HOST_KEYS, parlor_db::params![], |row| row.get::<String>(0))?;
            all.extend(tx.all(&APPS, parlor_db::params![], |row| row.get::<String>(0))?);
            Ok::<_, parlor_db::Error>(all)
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
