//! One channel, many listeners, every protocol. Flat out: a few senders, every message stored, and no listener falls
//! behind more than a window, so that nobody is told to resync. Then twenty messages a second: how long until they are
//! there. Then somebody who has missed a lot, and two nodes against one.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use parlor_chat::MIGRATIONS;
use parlor_db::testing::TestDb;
use parlor_db::{Engine, Options};
use tokio::time::sleep;

use crate::client::Client;
use crate::people::People;
use crate::report::{Budget, Figure, Latencies, Report};
use crate::server::{Folder, Redis, Server};
use crate::socket::{Look, Received, listen};
use crate::speech::Speech;
use crate::{Args, block_on};

/// How many listen, from a team to a company.
const SIZES: [usize; 3] = [100, 1000, 5000];
/// The size that budgets speak of.
const USUAL: usize = 1000;
const SENDERS: usize = 16;
/// Messages that may be under way to the average listener.
const WINDOW: u64 = 256;
/// Listeners whose messages are timed.
const SAMPLE: usize = 50;
const PACE: Duration = Duration::from_millis(50);
/// Events that somebody has missed who comes back.
const MISSED: u64 = 10_000;
const TEXT: &str = "usual, quite *stable* though: see https://example.com/notes for the rest";

struct Flat {
    sent: u64,
    listeners: usize,
    /// Deliveries a second, and of how many bytes.
    rate: f64,
    frame: usize,
    cpu_each: f64,
    missing: u64,
    closed: usize,
}

/// Somewhere to send to and something to count with.
struct Target<'a> {
    servers: &'a [Server],
    token: &'a str,
    path: &'a str,
    listeners: usize,
    received: &'a Received,
}

fn body(number: u64) -> String {
    format!("{{\"body\":\"{TEXT}\",\"client_id\":\"flat-{number}\"}}")
}

pub fn run(args: &Args, report: &mut Report) {
    let length = Duration::from_secs(args.seconds);
    let mut specimen = Vec::new();
    for protocol in args.protocols() {
        for size in SIZES {
            report.section(&format!(
                "fanout: {size} listeners of one channel over {protocol}, each somebody else"
            ));
            let seen = one(protocol, size, length, report);
            if protocol == "native" && size == USUAL {
                specimen = seen;
            }
        }
    }
    if specimen.is_empty() {
        return;
    }
    let raw = raw(specimen, length);
    report.section("fanout: the same native bytes from a bare axum");
    report.figure(Figure {
        what: "deliveries flat out",
        shown: format!("{:.0}/s at {:.2} us", raw.rate, raw.cpu_each),
        value: raw.rate,
        limit: None,
        budget: Budget::None,
    });
    resume(report);
}

/// One protocol before a crowd; answers what a message looks like.
fn one(protocol: &str, size: usize, length: Duration, report: &mut Report) -> Vec<u8> {
    let folder = Folder::new();
    let server = Server::parlor(&folder.0);
    let clock = Rc::new(Paced::default());
    let (flat, mut latencies, specimen) = block_on(async {
        let people = People::gather(server.address, size).await;
        let received = Rc::new(Received::default());
        let look = Some(((size / SAMPLE).max(1), clock.look()));
        people.connect(server.address, protocol, 0..size, &received, look).await;
        sleep(Duration::from_millis(500)).await;
        let (token, path) = (people.tokens[0].as_str(), people.path());
        let servers = std::slice::from_ref(&server);
        let target = Target { servers, token, path: &path, listeners: size, received: &received };
        let flat = flat_out(&target, length, body).await;
        let latencies = match size == USUAL {
            true => paced(server.address, token, &path, &clock, length).await,
            false => Latencies::default(),
        };
        (flat, latencies, received.specimen.take())
    });
    server.stop();
    tell(report, &flat, protocol, &mut latencies, length);
    specimen
}

/// The same bytes to as many sockets from a bare axum.
fn raw(specimen: Vec<u8>, length: Duration) -> Flat {
    let server = Server::limit(&["--limit-broadcast"]);
    let text = String::from_utf8(specimen).unwrap();
    let flat = block_on(async {
        let received = Rc::new(Received::default());
        let people = People { tokens: vec!["none".to_owned(); USUAL], place: "1".to_owned() };
        people.connect(server.address, "native", 0..USUAL, &received, None).await;
        let servers = std::slice::from_ref(&server);
        let path = people.path();
        let target = Target { servers, token: "none", path: &path, listeners: USUAL, received: &received };
        flat_out(&target, length, |_| text.clone()).await
    });
    server.stop();
    flat
}

/// Somebody comes back who has missed a lot.
fn resume(report: &mut Report) {
    report.section(&format!("resume: {MISSED} events missed"));
    let folder = Folder::new();
    let server = Server::parlor(&folder.0);
    let took = block_on(async {
        let people = People::gather(server.address, 2).await;
        let mut client = Client::connect(server.address).await;
        let cursor = client.get(&people.tokens[1], "/events").await.ok().json();
        let cursor = cursor["cursor"].as_str().unwrap().to_owned();
        for number in 0..MISSED {
            client.post(&people.tokens[0], &people.path(), &body(number)).await.ok();
        }
        let received = Rc::new(Received::default());
        let speech = Speech::Native { token: people.tokens[1].clone(), cursor: Some(cursor) };
        let begun = Instant::now();
        listen(server.address, speech, received.clone(), None).await;
        while received.events.get() < MISSED {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} came", received.events.get());
            sleep(Duration::from_millis(1)).await;
        }
        begun.elapsed()
    });
    server.stop();
    report.figure(Figure {
        what: "native, from the connection to the last event",
        shown: format!(
            "{:.0} ms, {:.0} events/s",
            took.as_secs_f64() * 1e3,
            MISSED as f64 / took.as_secs_f64()
        ),
        value: took.as_secs_f64(),
        limit: None,
        budget: Budget::None,
    });
}

/// One node before the usual crowd, then two nodes that share it, on PostgreSQL and Redis.
pub fn nodes(args: &Args, report: &mut Report) {
    let length = Duration::from_secs(args.seconds);
    let Some(redis) = Redis::start() else {
        report.say("nodes: redis-server is not installed");
        return;
    };
    for count in [1, 2] {
        report.section(&format!(
            "nodes: {USUAL} listeners of one channel on {count} node(s), PostgreSQL and Redis"
        ));
        let database = TestDb::on(Engine::Postgres, MIGRATIONS, Options::default()).unwrap();
        let folder = Folder::new();
        let servers: Vec<Server> =
            (0..count).map(|_| Server::node(&folder.0, Some((database.url(), &redis.url)))).collect();
        let clock = Rc::new(Paced::default());
        let (flat, mut latencies) = block_on(async {
            let people = People::gather(servers[0].address, USUAL).await;
            let received = Rc::new(Received::default());
            for (number, server) in servers.iter().enumerate() {
                let share = USUAL / count;
                let who = number * share..(number + 1) * share;
                let look = Some((USUAL / SAMPLE, clock.look()));
                people.connect(server.address, "native", who, &received, look).await;
            }
            sleep(Duration::from_millis(1500)).await;
            let (token, path) = (people.tokens[0].as_str(), people.path());
            let target =
                Target { servers: &servers, token, path: &path, listeners: USUAL, received: &received };
            let flat = flat_out(&target, length, body).await;
            (flat, paced(servers[0].address, token, &path, &clock, length).await)
        });
        servers.into_iter().for_each(Server::stop);
        tell(report, &flat, "native on PostgreSQL", &mut latencies, length);
    }
}

fn tell(report: &mut Report, flat: &Flat, protocol: &str, paced: &mut Latencies, length: Duration) {
    let promised = flat.listeners == USUAL && matches!(protocol, "native" | "pusher");
    let budget = |budget| if promised { budget } else { Budget::None };
    let mut figure = |what: &str, shown, value, budget| {
        report.figure(Figure { what, shown, value, limit: None, budget });
    };
    figure(
        "deliveries flat out",
        format!("{:.0}/s of {} bytes", flat.rate, flat.frame),
        flat.rate,
        budget(Budget::Least(500_000.0, "/s")),
    );
    figure(
        "server processor time a delivery, storing included",
        format!("{:.2} us", flat.cpu_each),
        flat.cpu_each,
        budget(Budget::Most(2.0, "us")),
    );
    figure(
        "deliveries missing, listeners sent away",
        format!("{} of {}, {}", flat.missing, flat.sent * flat.listeners as u64, flat.closed),
        (flat.missing + flat.closed as u64) as f64,
        Budget::Most(0.0, ""),
    );
    if paced.count() > 0 {
        let expected = SAMPLE as u128 * (length.as_millis() / PACE.as_millis());
        figure(
            "send to delivery at 20 messages/s",
            format!("{} ({} of {expected})", paced.shown(), paced.count()),
            paced.percentile(0.99),
            budget(Budget::Most(25.0, "ms")),
        );
    }
}

async fn flat_out(target: &Target<'_>, length: Duration, body: impl Fn(u64) -> String) -> Flat {
    let Target { servers, token, path, listeners, received } = *target;
    let cpu_of_all = || servers.iter().map(Server::cpu).sum::<Duration>();
    // Once, so that everything is warm and a frame has been seen alone.
    let mut client = Client::connect(servers[0].address).await;
    client.post(token, path, &body(0)).await.ok();
    sleep(Duration::from_millis(300)).await;
    let (from, cpu, begun) = (received.events.get(), cpu_of_all(), Instant::now());
    let (issued, acknowledged) = (Cell::new(0_u64), Cell::new(0_u64));
    let sender = async |address: SocketAddr| {
        let mut client = Client::connect(address).await;
        while begun.elapsed() < length {
            let under_way = issued.get().saturating_sub((received.events.get() - from) / listeners as u64);
            if under_way >= WINDOW {
                sleep(Duration::from_millis(1)).await;
                continue;
            }
            issued.set(issued.get() + 1);
            client.post(token, path, &body(issued.get())).await.ok();
            acknowledged.set(acknowledged.get() + 1);
        }
    };
    let senders: [_; SENDERS] = std::array::from_fn(|number| sender(servers[number % servers.len()].address));
    futures_util::future::join_all(senders).await;
    let wanted = acknowledged.get() * listeners as u64;
    let waiting = Instant::now();
    let mut delivered = received.events.get() - from;
    let mut last = Instant::now();
    while delivered < wanted && waiting.elapsed() < Duration::from_secs(15) {
        sleep(Duration::from_millis(5)).await;
        if received.events.get() - from > delivered {
            (delivered, last) = (received.events.get() - from, Instant::now());
        }
    }
    Flat {
        sent: acknowledged.get(),
        listeners,
        rate: delivered as f64 / (last - begun).as_secs_f64(),
        frame: received.specimen.borrow().len(),
        cpu_each: (cpu_of_all() - cpu).as_secs_f64() * 1e6 / delivered as f64,
        missing: wanted.saturating_sub(delivered),
        closed: received.closed.get(),
    }
}

/// When each numbered message was sent, and how long it took to the sampled listeners.
#[derive(Default)]
struct Paced {
    sent: RefCell<Vec<Instant>>,
    latencies: RefCell<Latencies>,
}

/// In the event's text, before the number of the message.
const MARK: &[u8] = b"paced-";

impl Paced {
    fn look(self: &Rc<Self>) -> Look {
        let paced = self.clone();
        Rc::new(move |bytes| paced.seen(bytes))
    }

    fn seen(&self, mut bytes: &[u8]) {
        let sent = self.sent.borrow();
        if sent.is_empty() {
            return;
        }
        while let Some(at) = bytes.windows(MARK.len()).position(|part| part == MARK) {
            bytes = &bytes[at + MARK.len()..];
            let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
            let number = digits.fold(0_usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
            if let Some(begun) = sent.get(number) {
                self.latencies.borrow_mut().add(begun.elapsed());
            }
        }
    }
}

async fn paced(address: SocketAddr, token: &str, path: &str, paced: &Paced, length: Duration) -> Latencies {
    let mut client = Client::connect(address).await;
    let mut turns = tokio::time::interval(PACE);
    for number in 0..length.as_millis() / PACE.as_millis() {
        turns.tick().await;
        let body = format!("{{\"body\":\"{TEXT}\",\"client_id\":\"paced-{number}\"}}");
        paced.sent.borrow_mut().push(Instant::now());
        client.post(token, path, &body).await.ok();
    }
    sleep(Duration::from_millis(500)).await;
    paced.sent.borrow_mut().clear();
    paced.latencies.take()
}
