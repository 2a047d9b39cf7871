//! A crash at any point is, to a client, a reconnection: what was acknowledged is there, once, in order.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use futures_util::StreamExt;
use futures_util::stream;
use parlor::auth::jwt::sign;
use serde_json::json;

use crate::support::{Person, SECRET, claims, fresh_data};

/// The real program, killed when the test ends.
pub struct Process {
    child: Child,
    pub url: String,
}

impl Process {
    pub fn start(data: &parlor::config::DataArgs) -> Self {
        Self::with(data, &[])
    }

    pub fn with(data: &parlor::config::DataArgs, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--data"]).arg(&data.data);
        command.args(options);
        command
            .env("PARLOR_JWT_SECRET", SECRET)
            .env("PARLOR_SEND_RATE_PER_MINUTE", "0")
            .env_remove("DATABASE_URL");
        if let Some(database) = &data.database {
            command.args(["--database", database]).env("PARLOR_FILES", data.data.join("files"));
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as a supervisor does.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }

    /// Waits for its end; whether it was a good one.
    pub fn ended_well(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many sends at a time.
const UNDER_WAY: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_thousand_sends() {
    let (data, _folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let first = Process::start(&data);
    let token = |name: &str| sign(&claims(name), SECRET.as_bytes(), None).unwrap();
    let ana = Person::arrive(&first.url, token("Ana")).await;
    let ben = Person::arrive(&first.url, token("Ben")).await;
    let group = ana.group("crash", &[&ben]).await;
    let path = format!("/conversations/{group}/messages");
    // Whoever hears the 200th answer kills the server, with so many under way: none of the rest can be ahead of that.
    let (acknowledged, first) = (Mutex::new(Vec::new()), Mutex::new(first));
    let send = async |n: usize| {
        let body = json!({"body": format!("m{n}"), "client_id": format!("c{n}")});
        let reply = ana.request(reqwest::Method::POST, &path).json(&body).send().await;
        if reply.is_ok_and(|reply| reply.status() == 201) {
            let mut acknowledged = acknowledged.lock().unwrap();
            acknowledged.push(n);
            if acknowledged.len() == 200 {
                first.lock().unwrap().kill();
            }
        }
    };
    stream::iter(0..1000).for_each_concurrent(UNDER_WAY, send).await;
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!((200..200 + UNDER_WAY).contains(&acknowledged.len()), "in the middle: {}", acknowledged.len());

    let second = Process::start(&data);
    let ana = ana.at(&second.url);
    // Everything is sent again, as a client would: what was there answers 200, the rest 201.
    let again =
        stream::iter(0..1000).map(|n| {
            let (ana, path) = (ana.clone(), path.clone());
            async move {
                ana.post(&path, json!({"body": format!("m{n}"), "client_id": format!("c{n}")})).await.status
            }
        });
    let again: Vec<u16> = again.buffered(64).collect().await;
    let (there, new) = (200, 201);
    assert!(again.iter().all(|status| [there, new].contains(status)), "{again:?}");
    let lost = again.iter().filter(|status| **status == new).count();
    assert!(lost >= 1000 - 200 - UNDER_WAY, "what was never sent was not there: {lost}");
    for n in &acknowledged {
        assert_eq!(again[*n], there, "acknowledged message {n} was lost");
    }
    let (mut bodies, mut seqs, mut after) = (Vec::new(), Vec::new(), 0);
    loop {
        let page = ana.get(&format!("{path}?after={after}&limit=200")).await.ok(200);
        let items = page["items"].as_array().unwrap();
        bodies.extend(items.iter().map(|message| message["body"].as_str().unwrap().to_owned()));
        seqs.extend(items.iter().map(|message| message["seq"].as_i64().unwrap()));
        after = seqs.last().copied().unwrap();
        if page["has_after"] == false {
            break;
        }
    }
    assert_eq!(seqs, (1..=1000).collect::<Vec<_>>(), "positions without gaps");
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), 1000, "none twice");
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}
