//! Clients that are slow, rude, long away or many: everybody else is served, and nobody misses or repeats an event.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use parlor::auth::jwt::{Claims, sign};
use parlor::clock::Clock;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::crash::Process;
use crate::support::{Person, SECRET, Site, claims, fresh_data};

/// A WebSocket by hand: the library's own buffers would hide what these tests are about.
struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    async fn open(url: &str, token: &str, cursor: Option<&str>, receive_buffer: Option<u32>) -> Self {
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size).unwrap();
        }
        let mut stream = socket.connect(address).await.unwrap();
        let cursor = cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/ws{cursor} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Self { stream, read: Vec::new() };
        raw.until(r#""type":"ready""#).await;
        raw
    }

    /// Reads until a text has come.
    async fn until(&mut self, text: &str) {
        let end = tokio::time::Instant::now() + Duration::from_secs(60);
        while !self.has(text) {
            let read = tokio::time::timeout_at(end, self.stream.read_buf(&mut self.read)).await;
            let count = read.unwrap_or_else(|_| panic!("{text} did not come")).unwrap();
            assert!(count > 0, "closed before {text}");
        }
    }

    fn has(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.read).contains(text)
    }

    fn cursor(&self) -> String {
        let text = String::from_utf8_lossy(&self.read).into_owned();
        text.split(r#""cursor":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    /// The numbers of the marked messages, in the order in which they came.
    fn marks(&self) -> Vec<usize> {
        let text = String::from_utf8_lossy(&self.read).into_owned();
        let posted = text.split(r#""type":"message.posted""#).skip(1);
        let marked = posted.filter_map(|part| part.split(r#""client_id":"m-"#).nth(1));
        marked.filter_map(|part| part.split('"').next()?.parse().ok()).collect()
    }
}

async fn post(person: &Person, group: &str, number: usize, body: &str) {
    let message = json!({"body": body, "client_id": format!("m-{number}")});
    person.post(&format!("/conversations/{group}/messages"), message).await.ok(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_one_byte_a_second_holds_nobody_up() {
    let site = Site::with(|config| {
        config.queue_limit = 64;
        config.client_write_timeout = 2;
    })
    .await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    // Several writers, for each may send ten a second.
    let names: Vec<String> = (0..40).map(|number| format!("Writer{number}")).collect();
    let writers = join_all(names.iter().map(|name| site.user(name))).await;
    let mut members: Vec<&Person> = writers.iter().collect();
    members.extend([&ben, &eve]);
    let group = ana.group("slow", &members).await;
    let mut quick = ben.ws(None).await;
    quick.is_live().await;
    let mut slow = Raw::open(&site.url, eve.token.as_deref().unwrap(), None, Some(4096)).await;
    let cursor = slow.cursor();
    while site.app.hub.joined() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let body = "x".repeat(15_000);
    let mut sent = 0;
    let begun = Instant::now();
    // Until the server has given it up; the machine's buffers take some megabytes first.
    while site.app.hub.joined() > 1 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the slow one is still there after {sent} messages"
        );
        sent += 1;
        post(&writers[sent % writers.len()], &group, sent, &body).await;
        quick.next_of("message.posted").await;
        if sent % 50 == 0 {
            let mut byte = [0];
            slow.stream.read_exact(&mut byte).await.unwrap();
        }
    }
    let mut back = Raw::open(&site.url, eve.token.as_deref().unwrap(), Some(&cursor), None).await;
    back.until(&format!(r#""client_id":"m-{sent}""#)).await;
    assert_eq!(back.marks(), (1..=sent).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn away_for_an_hour() {
    let clock = Clock::fixed(Clock::System.now());
    let site = Site::at(clock.clone(), |_| {}).await;
    let long = |name: &str| Claims { exp: claims(name).exp + 100_000.0, ..claims(name) };
    let (ana, ben) = (site.person(long("Ana")).await, site.person(long("Ben")).await);
    let group = ana.group("away", &[&ben]).await;
    let mut ws = ben.ws(None).await;
    ws.is_live().await;
    post(&ana, &group, 1, "before").await;
    ws.next_of("message.posted").await;
    let cursor = ws.cursor.clone();
    drop(ws);
    for number in 2..=500 {
        post(&ana, &group, number, "meanwhile").await;
        clock.advance(8);
    }
    assert!(clock.now().micros() > Clock::System.now().micros() + 3_600_000_000);
    let mut back = ben.ws(Some(&cursor)).await;
    assert!(!back.reset);
    for number in 2..=500 {
        let event = back.next_of("message.posted").await;
        assert_eq!(event["data"]["message"]["client_id"], format!("m-{number}"));
    }
    assert!(back.is_silent().await);
}

/// Sockets that come back at once; the load benchmark does it with thousands, and looks at memory.
const CROWD: usize = 300;
const USERS: usize = 20;

/// Connects everybody at once.
async fn crowd(url: &str, tokens: &[String], cursors: Option<&[String]>) -> Vec<Raw> {
    let open = (0..CROWD).map(|number| async move {
        let cursor = cursors.map(|cursors| cursors[number].as_str());
        Raw::open(url, &tokens[number % USERS], cursor, None).await
    });
    join_all(open).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_comes_back_at_once_and_misses_nothing() {
    let (data, _folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let mut process = Process::with(&data, &["--drain-seconds", "0"]);
    let tokens: Vec<String> = (0..USERS)
        .map(|number| sign(&claims(&format!("Crowd{number}")), SECRET.as_bytes(), None).unwrap())
        .collect();
    let users = join_all(tokens.iter().map(|token| Person::arrive(&process.url, token.clone()))).await;
    let group = users[0].group("crowd", &users[1..].iter().collect::<Vec<_>>()).await;
    let mut online = crowd(&process.url, &tokens, None).await;
    post(&users[0], &group, 1, "all here").await;
    join_all(online.iter_mut().map(|raw| raw.until(r#""client_id":"m-1""#))).await;
    let cursors: Vec<String> = online.iter().map(Raw::cursor).collect();
    process.kill();
    drop(online);
    let mut process = Process::with(&data, &["--drain-seconds", "0"]);
    let author = users[0].at(&process.url);
    let (mut back, ()) = tokio::join!(crowd(&process.url, &tokens, Some(&cursors)), async {
        for number in 2..=10 {
            post(&author, &group, number, "while they come").await;
        }
    });
    join_all(back.iter_mut().map(|raw| raw.until(r#""client_id":"m-10""#))).await;
    for raw in &back {
        assert_eq!(raw.marks(), (1..=10).collect::<Vec<_>>());
    }
    process.kill();
    let _ = std::thread::spawn(move || drop(database)).join();
}

#[tokio::test]
async fn rude_frames_end_their_own_connection_only() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("rude", &[&ben]).await;
    let mut polite = ben.ws(None).await;
    polite.is_live().await;
    let token = ana.token.as_deref().unwrap();
    let masked = |opcode: u8, payload: &[u8]| {
        let mut frame = vec![0x80 | opcode, 0x80 | 126];
        frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    };
    let huge = {
        let mut frame = vec![0x81, 0x80 | 127];
        frame.extend((1_u64 << 40).to_be_bytes());
        frame.extend([0; 4]);
        frame
    };
    let rude = [
        masked(1, "x".repeat(5000).as_bytes()),
        masked(1, b"\xff\xfe\x00not utf-8"),
        masked(2, b"binary"),
        masked(1, b"[1,"),
        masked(1, br#"{"type":"typing","conversation_id":12}"#),
        masked(7, b"an opcode that is none"),
        vec![0x81, 0x05, b'h', b'e', b'l', b'l', b'o'],
        huge,
    ];
    for frame in rude {
        let mut raw = Raw::open(&site.url, token, None, None).await;
        raw.stream.write_all(&frame).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), raw.stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{:?}", &frame[..frame.len().min(20)]);
    }
    // What a later version may say does no harm.
    let mut later = ana.ws(None).await;
    later.send(r#"{"type":"of a later version","x":[1]}"#).await;
    later.is_live().await;
    ana.say(&group, "still here").await;
    polite.next_of("message.posted").await;
}
