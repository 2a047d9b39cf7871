//! What can be stored without sending anything is bounded, for one person and for everybody: files that wait, bytes a
//! minute, what is left of broken uploads, drafts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parlor::clock::Clock;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Person, Reply, Site};

const MEGABYTE: usize = 1_000_000;

async fn upload(person: &Person, size: usize) -> Reply {
    let part = Part::bytes(vec![b'x'; size]).file_name("x.txt");
    person.send(person.request(Method::POST, "/files").multipart(Form::new().part("file", part))).await
}

/// A site with these settings, an administrator, a group, and a customer in a support conversation.
async fn site(clock: Clock, settings: Value) -> (Site, Person, Person, String) {
    let site = Site::at(clock, |_| {}).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    admin.patch("/settings", settings).await.ok(200);
    let kim = site.contact("Kim").await;
    let new = json!({"kind": "support", "subject": "files", "message": {"body": "hello", "client_id": "1"}});
    let opened = kim.post("/conversations", new).await.ok(201);
    (site, admin, kim, opened["id"].as_str().unwrap().to_owned())
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[track_caller]
fn wait(reply: Reply, rule: &str) {
    let seconds: i64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    assert_eq!(reply.problem(429, "rate_limited")["rule"], rule);
}

#[tokio::test]
async fn files_of_one_person_wait_in_a_bounded_number() {
    let clock = Clock::fixed(Clock::System.now());
    let (site, _, kim, talk) = site(clock.clone(), json!({"waiting_files": 3})).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(upload(&kim, 100).await.ok(201)["id"].clone());
    }
    wait(upload(&kim, 100).await, "waiting_files");
    assert_eq!(files(&site.data.data.join("files")).len(), 3, "what was refused leaves nothing");
    // Others are not touched, and what is sent waits no longer.
    upload(&site.contact("Lee").await, 100).await.ok(201);
    let sent = json!({"body": "", "client_id": "2", "attachment_ids": [ids[0]]});
    kim.post(&format!("/conversations/{talk}/messages"), sent).await.ok(201);
    upload(&kim, 100).await.ok(201);
    wait(upload(&kim, 100).await, "waiting_files");
    // The team chat contract takes files with a message: the message is what is refused.
    let (ana, ben) = (site.user_with("Ana", &["admin"]).await, site.user("Ben").await);
    let group = ana.group("files", &[&ben]).await;
    for _ in 0..3 {
        upload(&ana, 100).await.ok(201);
    }
    let form = Form::new().text("body", "x").part("file", Part::bytes(vec![b'x'; 10]).file_name("x.txt"));
    let refused = ana.client.post(format!("{}/chat/threads/{group}/messages", site.url)).multipart(form);
    let refused = refused.bearer_auth(ana.token.as_deref().unwrap()).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let said = ana.get(&format!("/conversations/{group}/messages")).await.ok(200);
    assert_eq!(said["items"], json!([]));
}

#[tokio::test]
async fn bytes_of_one_person_and_of_everybody_are_bounded() {
    let limits = json!({"attachment_max_mb": 2, "waiting_mb": 3, "waiting_mb_of_all": 5});
    let (site, _, kim, _) = site(Clock::System, limits).await;
    let lee = site.contact("Lee").await;
    upload(&kim, 2 * MEGABYTE).await.ok(201);
    wait(upload(&kim, 2 * MEGABYTE).await, "waiting_files");
    upload(&kim, MEGABYTE).await.ok(201);
    wait(upload(&kim, 1).await, "waiting_files");
    upload(&lee, 2 * MEGABYTE).await.ok(201);
    wait(upload(&lee, 1).await, "waiting_files_of_all");
    wait(upload(&site.user("Ben").await, 1).await, "waiting_files_of_all");
    assert_eq!(files(&site.data.data.join("files")).len(), 3);
}

#[tokio::test]
async fn all_at_once_gets_no_more_in() {
    let limits = json!({"attachment_max_mb": 2, "waiting_mb": 3, "waiting_files": 4});
    let (site, _, kim, _) = site(Clock::System, limits).await;
    let sent: Vec<_> = (0..30)
        .map(|_| {
            let kim = kim.clone();
            tokio::spawn(async move { upload(&kim, MEGABYTE).await.status })
        })
        .collect();
    let mut taken = 0;
    for sent in sent {
        let status = sent.await.unwrap();
        assert!(matches!(status, 201 | 429), "{status}");
        taken += usize::from(status == 201);
    }
    assert!((1..=3).contains(&taken), "{taken}");
    assert_eq!(files(&site.data.data.join("files")).len(), taken);
}

#[tokio::test]
async fn bytes_a_minute_are_bounded() {
    let clock = Clock::fixed(Clock::System.now());
    let (_site, _, kim, talk) = site(clock.clone(), json!({"upload_mb_per_minute": 2})).await;
    for number in 0..2 {
        let file = upload(&kim, MEGABYTE + 1).await.ok(201);
        let sent = json!({"body": "", "client_id": format!("f{number}"), "attachment_ids": [file["id"]]});
        kim.post(&format!("/conversations/{talk}/messages"), sent).await.ok(201);
    }
    let refused = upload(&kim, 10).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(429, "rate_limited");
    clock.advance(31);
    upload(&kim, 10).await.ok(201);
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let (site, _, kim, _) = site(Clock::System, json!({})).await;
    let folder = site.data.data.join("files");
    for _ in 0..3 {
        let address = site.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 5000000\r\n\
             content-type: multipart/form-data; boundary=b\r\n\r\n--b\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n",
            kim.token.as_deref().unwrap()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; MEGABYTE]).await.unwrap();
        while files(&folder).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(stream);
        let gone = async {
            while !files(&folder).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the part is taken away");
    }
}

#[tokio::test]
async fn drafts_are_of_known_modes_and_bounded() {
    let (_site, admin, kim, talk) = site(Clock::System, json!({"message_max_chars": 100})).await;
    let path = format!("/conversations/{talk}/draft");
    let put = async |mode: &str, body: &str| kim.put(&path, json!({"mode": mode, "body": body})).await;
    put("reply", "begun").await.ok(204);
    let page = admin.get(&format!("/conversations/{talk}/messages")).await.ok(200);
    let root = page["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    put(&root, "begun").await.ok(204);
    for mode in ["", "x", "REPLY", "0190a000-0000-7000-8000-000000000000", &"r".repeat(40)] {
        assert_eq!(put(mode, "begun").await.problem(422, "invalid")["field"], "mode", "{mode}");
    }
    put("reply", &"é".repeat(200)).await.ok(204);
    assert_eq!(put("reply", &"é".repeat(201)).await.problem(422, "invalid")["field"], "body");
    let mut refused = None;
    for number in 0..400 {
        let reply = put("reply", &format!("{number}")).await;
        if reply.status != 204 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("not without end");
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(429, "rate_limited");
}
