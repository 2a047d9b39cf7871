//! Durable sends over HTTP: 64 keep-alive clients, 100 conversations, each send waited for, all counted afterwards.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::report::{Budget, Figure, Latencies, Report};
use crate::server::{Folder, Server, token};
use crate::{Args, block_on, inside, limits};

const CLIENTS: usize = 64;
const PLACES: usize = 100;
const ROUNDS: usize = 3;
/// As long as real messages are on average, with a mark-up or two.
const TEXT: &str = "usual, quite *stable* though: see https://example.com/notes for the rest";

/// Those who send and where.
struct Cast {
    tokens: Vec<String>,
    places: Vec<String>,
    /// Length of an answer.
    answer: usize,
}

/// One measured round.
#[derive(Default)]
struct Round {
    sent: u64,
    rate: f64,
    latencies: Latencies,
    cpu: Duration,
}

/// The best of each: a neighbour on the machine slows some rounds down, never up.
#[derive(Default)]
struct Best {
    parlor: Round,
    echo: Round,
    bare: f64,
    inside: (f64, f64),
}

pub fn run(args: &Args, report: &mut Report) {
    report.section("sends: 64 keep-alive clients, 100 conversations, embedded database, bearer tokens");
    let folder = Folder::new();
    let server = Server::parlor(&folder.0);
    let cast = block_on(prepare(server.address));
    let before = block_on(last_seqs(server.address, &cast));
    let echo = Server::limit(&["--limit-echo", &cast.answer.to_string()]);
    let mut best = Best::default();
    let (mut acknowledged, length) = (0, Duration::from_secs(args.seconds));
    block_on(load(&server, &cast, Duration::from_secs(1), &mut acknowledged));
    for _ in 0..ROUNDS {
        best.bare = best.bare.max(limits::rusqlite_groups(length / 3, TEXT));
        let inside = inside::posts(length / 3, PLACES, TEXT);
        best.inside = if inside.0 > best.inside.0 { inside } else { best.inside };
        let mut ignored = 0;
        keep_best(&mut best.echo, block_on(load(&echo, &cast, length / 2, &mut ignored)));
        keep_best(&mut best.parlor, block_on(load(&server, &cast, length, &mut acknowledged)));
    }
    let after = block_on(last_seqs(server.address, &cast));
    echo.stop();
    server.stop();
    let grown: i64 = after.iter().zip(&before).map(|(after, before)| after - before).sum();
    let stored = stored(&folder);
    tell(report, &mut best);
    report
        .say(&format!("acknowledged {acknowledged}, numbered {grown}, in the file after the stop {stored}"));
    // One message was sent to learn the length of an answer.
    let lost = (acknowledged as i64 - grown).abs() + (acknowledged as i64 + 1 - stored).abs();
    report.figure(Figure {
        what: "sends lost or doubled",
        shown: lost.to_string(),
        value: lost as f64,
        limit: None,
        budget: Budget::Most(0.0, ""),
    });
}

fn keep_best(best: &mut Round, round: Round) {
    if round.rate > best.rate {
        *best = round;
    }
}

fn tell(report: &mut Report, best: &mut Best) {
    let (parlor, echo) = (&mut best.parlor, &mut best.echo);
    let micros = |round: &Round| round.cpu.as_secs_f64() * 1e6 / round.sent as f64;
    let mut figure = |what, shown, value, limit, budget| {
        report.figure(Figure { what, shown, value, limit, budget });
    };
    let limit = |name: &str, limit: f64, value: f64| Some((format!("{name} {limit:.0}/s"), value / limit));
    figure(
        "durable sends",
        format!("{:.0}/s", parlor.rate),
        parlor.rate,
        limit("axum echo", echo.rate, parlor.rate),
        Budget::Least(10_000.0, "/s"),
    );
    figure(
        "  the same beside bare rusqlite, groups of 64",
        format!("{:.0}/s", parlor.rate),
        parlor.rate,
        limit("rusqlite", best.bare, parlor.rate),
        Budget::None,
    );
    let (inside, batch) = best.inside;
    figure(
        "  messages::post in process, without HTTP",
        format!("{inside:.0}/s, {batch:.0} a commit"),
        inside,
        limit("rusqlite", best.bare, inside),
        Budget::None,
    );
    let (p99, raw) = (parlor.latencies.percentile(0.99), echo.latencies.percentile(0.99));
    figure(
        "send latency, p99",
        parlor.latencies.shown(),
        p99,
        Some((format!("axum echo p99 {raw:.2}"), p99 / raw)),
        Budget::Most(20.0, "ms"),
    );
    let (cost, raw) = (micros(parlor), micros(echo));
    figure(
        "server processor time a send",
        format!("{cost:.1} us"),
        cost,
        Some((format!("axum echo {raw:.1} us"), cost / raw)),
        Budget::None,
    );
}

/// Makes the people and the groups they all belong to.
async fn prepare(address: SocketAddr) -> Cast {
    let mut client = Client::connect(address).await;
    let (mut tokens, mut ids) = (Vec::new(), Vec::new());
    for number in 0..CLIENTS {
        let token = token(&format!("sender-{number}"), &format!("Sender {number}"));
        ids.push(client.get(&token, "/me").await.ok().json()["id"].as_str().unwrap().to_owned());
        tokens.push(token);
    }
    let mut places = Vec::new();
    for number in 0..PLACES {
        let title = format!("Group {number}");
        let body = serde_json::json!({"kind": "group", "title": title, "user_ids": ids[1..]}).to_string();
        let opened = client.post(&tokens[0], "/conversations", &body).await.ok().json();
        places.push(opened["id"].as_str().unwrap().to_owned());
    }
    let path = format!("/conversations/{}/messages", places[0]);
    let first = serde_json::json!({"body": TEXT, "client_id": "s-00-0000001"}).to_string();
    let answer = client.post(&tokens[1], &path, &first).await.ok().body.len();
    Cast { tokens, places, answer }
}

async fn last_seqs(address: SocketAddr, cast: &Cast) -> Vec<i64> {
    let mut client = Client::connect(address).await;
    let mut seqs = Vec::new();
    for place in &cast.places {
        let conversation = client.get(&cast.tokens[0], &format!("/conversations/{place}")).await.ok().json();
        seqs.push(conversation["last_seq"].as_i64().unwrap());
    }
    seqs
}

/// Text messages in the database file, once the server has stopped.
fn stored(folder: &Folder) -> i64 {
    let db = rusqlite::Connection::open(folder.0.join("parlor.db")).unwrap();
    db.query_row("SELECT COUNT(*) FROM messages WHERE kind = 'text'", (), |row| row.get(0)).unwrap()
}

async fn load(server: &Server, cast: &Cast, length: Duration, acknowledged: &mut u64) -> Round {
    let sent = Rc::new(Cell::new(*acknowledged));
    let latencies = Rc::new(RefCell::new(Latencies::default()));
    let (cpu, begun) = (server.cpu(), Instant::now());
    let mut tasks = Vec::new();
    for number in 0..CLIENTS {
        let client = Client::connect(server.address).await;
        let (token, places) = (cast.tokens[number].clone(), cast.places.clone());
        let (sent, latencies) = (sent.clone(), latencies.clone());
        tasks.push(tokio::task::spawn_local(async move {
            let sender = Sender { client, token, places, number, end: begun + length };
            sender.run(&sent, &latencies).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let took = begun.elapsed().as_secs_f64();
    let count = sent.get() - *acknowledged;
    *acknowledged = sent.get();
    let latencies = latencies.take();
    Round { sent: count, rate: count as f64 / took, latencies, cpu: server.cpu() - cpu }
}

struct Sender {
    client: Client,
    token: String,
    places: Vec<String>,
    number: usize,
    end: Instant,
}

impl Sender {
    /// One send after the other, each acknowledged before the next.
    async fn run(mut self, sent: &Cell<u64>, latencies: &RefCell<Latencies>) {
        let (mut path, mut body) = (String::new(), String::new());
        let mut turn = self.number * 37;
        while Instant::now() < self.end {
            let unique = sent.get() * 64 + self.number as u64;
            turn += 1;
            path.clear();
            body.clear();
            write!(path, "/conversations/{}/messages", self.places[turn % self.places.len()]).unwrap();
            write!(body, "{{\"body\":\"{TEXT}\",\"client_id\":\"s-{}-{unique}-{turn}\"}}", self.number)
                .unwrap();
            let begun = Instant::now();
            let answer = self.client.post(&self.token, &path, &body).await;
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(answer.body));
            latencies.borrow_mut().add(begun.elapsed());
            sent.set(sent.get() + 1);
        }
    }
}
