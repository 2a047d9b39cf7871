//! One channel, a thousand listeners. Flat out: a few senders, every message stored, and no listener falls behind more
//! than a window, so that nobody is told to resync. Then twenty messages a second: how long until they are there.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::client::Client;
use crate::report::{Budget, Figure, Latencies, Report};
use crate::server::{Folder, Server, token};
use crate::socket::{Look, Received, listen};
use crate::{Args, block_on};

const LISTENERS: usize = 1000;
const SENDERS: usize = 16;
/// Messages that may be under way to the average listener.
const WINDOW: u64 = 256;
/// Listeners whose messages are timed.
const SAMPLE: usize = 50;
const PACE: Duration = Duration::from_millis(50);
const TEXT: &str = "usual, quite *stable* though: see https://example.com/notes for the rest";

struct Flat {
    sent: u64,
    /// Deliveries a second, and of how many bytes.
    rate: f64,
    frame: usize,
    cpu_each: f64,
    missing: u64,
    closed: usize,
}

pub fn run(args: &Args, report: &mut Report) {
    report.section(&format!("fanout: {LISTENERS} listeners of one channel, each somebody else"));
    let folder = Folder::new();
    let server = Server::parlor(&folder.0);
    let length = Duration::from_secs(args.seconds * 2);
    let (flat, mut paced, specimen) = block_on(async {
        let (tokens, place) = prepare(server.address).await;
        let path = format!("/conversations/{place}/messages");
        let received = Rc::new(Received::default());
        let clock = Rc::new(Paced::default());
        connect(server.address, &tokens, &received, Some(clock.look())).await;
        let body = |number: u64| format!("{{\"body\":\"{TEXT}\",\"client_id\":\"flat-{number}\"}}");
        let flat = flat_out(&server, &tokens[0], &path, &received, length, body).await;
        let latencies = paced(server.address, &tokens[0], &path, &clock, length).await;
        (flat, latencies, received.specimen.take())
    });
    server.stop();
    let raw = raw(specimen, length);
    tell(report, &flat, &raw, &mut paced, length);
}

/// The same bytes to as many sockets from a bare axum.
fn raw(specimen: Vec<u8>, length: Duration) -> Flat {
    let server = Server::limit(&["--limit-broadcast"]);
    let text = String::from_utf8(specimen).unwrap();
    let flat = block_on(async {
        let received = Rc::new(Received::default());
        let tokens = vec!["none".to_owned(); LISTENERS];
        connect(server.address, &tokens, &received, None).await;
        flat_out(&server, "none", "/conversations/1/messages", &received, length / 2, |_| text.clone()).await
    });
    server.stop();
    flat
}

fn tell(report: &mut Report, flat: &Flat, raw: &Flat, paced: &mut Latencies, length: Duration) {
    let mut figure = |what, shown, value, limit, budget| {
        report.figure(Figure { what, shown, value, limit, budget });
    };
    figure(
        "deliveries flat out",
        format!("{:.0}/s of {} bytes", flat.rate, flat.frame),
        flat.rate,
        Some((format!("axum {:.0}/s", raw.rate), flat.rate / raw.rate)),
        Budget::Least(500_000.0, "/s"),
    );
    figure(
        "server processor time a delivery, storing included",
        format!("{:.2} us", flat.cpu_each),
        flat.cpu_each,
        Some((format!("axum {:.2} us", raw.cpu_each), flat.cpu_each / raw.cpu_each)),
        Budget::Most(2.0, "us"),
    );
    let lost = flat.missing + flat.closed as u64;
    figure(
        "deliveries missing, listeners sent away",
        format!("{} of {}, {}", flat.missing, flat.sent * LISTENERS as u64, flat.closed),
        lost as f64,
        None,
        Budget::Most(0.0, ""),
    );
    let expected = SAMPLE as u128 * (length.as_millis() / PACE.as_millis());
    figure(
        "send to delivery at 20 messages/s",
        format!("{} ({} of {expected})", paced.shown(), paced.count()),
        paced.percentile(0.99),
        None,
        Budget::Most(25.0, "ms"),
    );
}

/// Makes the people and the channel that they have all joined.
async fn prepare(address: SocketAddr) -> (Vec<String>, String) {
    let mut client = Client::connect(address).await;
    let tokens: Vec<String> = (0..LISTENERS)
        .map(|number| token(&format!("listener-{number}"), &format!("Listener {number}")))
        .collect();
    let new = serde_json::json!({"kind": "channel", "title": "Everybody"}).to_string();
    let opened = client.post(&tokens[0], "/conversations", &new).await.ok().json();
    let place = opened["id"].as_str().unwrap().to_owned();
    for token in &tokens[1..] {
        client.post(token, &format!("/conversations/{place}/join"), "").await.ok();
    }
    (tokens, place)
}

/// Connects everybody and waits until all are told that they are ready.
async fn connect(address: SocketAddr, tokens: &[String], received: &Rc<Received>, look: Option<Look>) {
    for (number, token) in tokens.iter().enumerate() {
        let look = look.clone().filter(|_| number % (LISTENERS / SAMPLE) == 0);
        listen(address, token, received.clone(), look).await;
    }
    let begun = Instant::now();
    while received.ready.get() < tokens.len() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} are ready", received.ready.get());
        sleep(Duration::from_millis(10)).await;
    }
    // One came alone and was kept as a specimen of what follows.
    sleep(Duration::from_millis(200)).await;
}

async fn flat_out(
    server: &Server,
    token: &str,
    path: &str,
    received: &Rc<Received>,
    length: Duration,
    body: impl Fn(u64) -> String,
) -> Flat {
    // Once, so that everything is warm and a frame has been seen alone.
    let mut client = Client::connect(server.address).await;
    client.post(token, path, &body(0)).await.ok();
    sleep(Duration::from_millis(300)).await;
    let (from, cpu, begun) = (received.events.get(), server.cpu(), Instant::now());
    let (issued, acknowledged) = (Cell::new(0_u64), Cell::new(0_u64));
    let sender = || async {
        let mut client = Client::connect(server.address).await;
        while begun.elapsed() < length {
            let under_way = issued.get().saturating_sub((received.events.get() - from) / LISTENERS as u64);
            if under_way >= WINDOW {
                sleep(Duration::from_millis(1)).await;
                continue;
            }
            issued.set(issued.get() + 1);
            client.post(token, path, &body(issued.get())).await.ok();
            acknowledged.set(acknowledged.get() + 1);
        }
    };
    let senders: [_; SENDERS] = std::array::from_fn(|_| sender());
    futures_util::future::join_all(senders).await;
    let wanted = acknowledged.get() * LISTENERS as u64;
    let patience = Instant::now();
    let mut delivered = received.events.get() - from;
    let mut last = Instant::now();
    while delivered < wanted && patience.elapsed() < Duration::from_secs(15) {
        sleep(Duration::from_millis(5)).await;
        if received.events.get() - from > delivered {
            (delivered, last) = (received.events.get() - from, Instant::now());
        }
    }
    Flat {
        sent: acknowledged.get(),
        rate: delivered as f64 / (last - begun).as_secs_f64(),
        frame: received.specimen.borrow().len(),
        cpu_each: (server.cpu() - cpu).as_secs_f64() * 1e6 / delivered as f64,
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
const MARK: &[u8] = b"\"client_id\":\"paced-";

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
