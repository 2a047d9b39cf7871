//! A disk that takes no more, and files of the database that are not what they were: both are told, nothing is lost
//! silently, and nothing begins anew over what was there. SQLite only: the files of PostgreSQL are its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use parlor_db::Engine;
use parlor_db::testing::TempDir;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Person, SECRET, claims, engine};

/// The program, on this folder; what it writes into one file is limited to so many bytes.
fn program(data: &Path, most: Option<u64>, words: &[&str]) -> Command {
    let limit = most.map(|most| format!("ulimit -f {}; ", most / 512)).unwrap_or_default();
    // Otherwise the signal that comes with the limit would end it.
    let script = format!("trap '' XFSZ; {limit}exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_parlor")]).args(words);
    command
        .arg("--data")
        .arg(data)
        .env("PARLOR_JWT_SECRET", SECRET)
        .env("PARLOR_SEND_RATE_PER_MINUTE", "0")
        .env_remove("DATABASE_URL");
    command
}

struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(data: &Path, most: Option<u64>) -> Self {
        let words = ["serve", "--listen", "127.0.0.1:0", "--log", "off", "--drain-seconds", "0"];
        let mut child = program(data, most, &words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.find("http://").unwrap_or_else(|| panic!("no address: {line:?}"));
        Self { child, url: line[at..].trim().to_owned() }
    }

    async fn person(&self, name: &str) -> Person {
        let token = parlor::auth::jwt::sign(&claims(name), SECRET.as_bytes(), None).unwrap();
        Person::arrive(&self.url, token).await
    }

    async fn ready(&self) -> (u16, Value) {
        let response = crate::support::http::get(format!("{}/readyz", self.url)).await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    fn stop(mut self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MEGABYTE: u64 = 1 << 20;

#[tokio::test]
async fn a_full_disk_is_told() {
    if engine() != Engine::Sqlite {
        return;
    }
    let folder = TempDir::new().unwrap();
    let server = Running::start(folder.path(), Some(6 * MEGABYTE));
    let ana = server.person("Ana").await;
    let group = ana.group("full", &[]).await;
    let (status, told) = server.ready().await;
    assert_eq!((status, &told["storage"]), (200, &json!("ok")), "{told}");
    let part = Part::bytes(vec![b'x'; 8 << 20]).file_name("large.txt");
    let form = Form::new().part("file", part);
    let upload = ana.send(ana.request(Method::POST, "/files").multipart(form)).await;
    upload.problem(507, "disk_full");
    // The server has closed the connection on the rest of the upload.
    let ana = ana.at(&server.url);
    let mut refused = None;
    for number in 0..500 {
        let body = json!({"body": format!("{number} {}", "long words ".repeat(1_800))});
        let reply = ana.post(&format!("/conversations/{group}/messages"), body).await;
        if reply.status != 201 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.unwrap_or_else(|| panic!("the limit was not reached"));
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(507, "disk_full");
    // What was found before the disk was full is believed for some seconds.
    for _ in 0..100 {
        let (status, told) = server.ready().await;
        if status != 200 {
            assert_eq!((status, &told["storage"], &told["database"]), (507, &json!("full"), &json!(true)));
            ana.get(&format!("/conversations/{group}")).await.ok(200);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the full disk is not told");
}

/// A folder in which a server has stored so many messages and then ended by this signal.
async fn used(signal: &str, messages: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    let server = Running::start(folder.path(), None);
    let ana = server.person("Ana").await;
    let group = ana.group("kept", &[]).await;
    for number in 0..messages {
        let body = json!({"body": format!("message {number}")});
        ana.post(&format!("/conversations/{group}/messages"), body).await.ok(201);
    }
    server.stop(signal);
    folder
}

/// How a start fails that must not succeed.
fn refused(folder: &TempDir) -> String {
    let words = ["serve", "--listen", "127.0.0.1:0", "--log", "off"];
    let output: Output = program(folder.path(), None, &words).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn doctor(folder: &TempDir) -> (bool, String) {
    let output = program(folder.path(), None, &["doctor"]).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_database_that_is_gone_is_no_new_installation() {
    if engine() != Engine::Sqlite {
        return;
    }
    let folder = used("-TERM", 1).await;
    let database = folder.path().join("parlor.db");
    let bytes = std::fs::read(&database).unwrap();
    for gone in [true, false] {
        if gone {
            std::fs::remove_file(&database).unwrap();
        } else {
            std::fs::write(&database, b"").unwrap();
        }
        let text = refused(&folder);
        assert!(text.contains("missing or empty") && text.contains("backup"), "{text}");
        assert!(doctor(&folder).1.contains("missing or empty"));
        assert_eq!(database.exists(), !gone, "nothing is made in its place");
    }
    std::fs::write(&database, &bytes).unwrap();
    assert_eq!(Running::start(folder.path(), None).ready().await.0, 200);
    // Whoever means it says so.
    std::fs::remove_file(&database).unwrap();
    std::fs::remove_file(folder.path().join("parlor.db.installed")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("parlor.db{end}")));
    }
    assert_eq!(Running::start(folder.path(), None).ready().await.0, 200);
}

/// A start that is refused has not opened the database, and so has lost nothing.
#[tokio::test]
async fn a_refused_start_is_no_crash() {
    if engine() != Engine::Sqlite {
        return;
    }
    let folder = used("-TERM", 1).await;
    let note = folder.path().join("parlor.db.installed");
    let closed = std::fs::read(&note).unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--log", "off", "--files", "/proc/none"];
    assert!(!program(folder.path(), None, &words).output().unwrap().status.success());
    assert_eq!(std::fs::read(&note).unwrap(), closed);
}

#[tokio::test]
async fn damage_in_the_database_is_found() {
    if engine() != Engine::Sqlite {
        return;
    }
    let folder = used("-TERM", 200).await;
    assert!(doctor(&folder).1.contains("read through without a fault"));
    let database = folder.path().join("parlor.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 3 * 4096].fill(0xaa);
    std::fs::write(&database, &bytes).unwrap();
    let (sound, text) = doctor(&folder);
    assert!(!sound && text.contains("FAIL  database"), "{text}");
    // A server that comes by says so: it is refused with what to do, or not ready.
    bytes[4096..].fill(0xaa);
    std::fs::write(&database, &bytes).unwrap();
    let text = refused(&folder);
    assert!(text.contains("the database is damaged") && text.contains("backup"), "{text}");
}

#[tokio::test]
async fn a_log_that_is_damaged_or_gone_is_told() {
    if engine() != Engine::Sqlite {
        return;
    }
    let folder = used("-KILL", 50).await;
    let log = folder.path().join("parlor.db-wal");
    let bytes = std::fs::read(&log).unwrap();
    let database = std::fs::read(folder.path().join("parlor.db")).unwrap();
    assert!(bytes.len() > 100_000, "{}", bytes.len());
    let mut damaged = bytes.clone();
    let middle = bytes.len() / 2;
    damaged[middle] ^= 0xff;
    std::fs::write(&log, &damaged).unwrap();
    let text = refused(&folder);
    assert!(text.contains("commits after the damage") && text.contains("backup"), "{text}");
    assert_eq!(std::fs::read(&log).unwrap(), damaged, "it is left as it was found");
    let (sound, text) = doctor(&folder);
    assert!(!sound && text.contains("commits after the damage"), "{text}");
    std::fs::write(&log, b"").unwrap();
    let (sound, text) = doctor(&folder);
    assert!(!sound && text.contains("missing or empty"), "{text}");
    // A whole one serves, and so does one whose last commit was cut off by the crash.
    for cut in [0, 3_000] {
        std::fs::write(folder.path().join("parlor.db"), &database).unwrap();
        std::fs::write(&log, &bytes[..bytes.len() - cut]).unwrap();
        let server = Running::start(folder.path(), None);
        assert_eq!(server.ready().await.0, 200);
        server.stop("-KILL");
    }
}
