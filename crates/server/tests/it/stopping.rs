//! A server that is asked to stop says so to everybody before its process ends: to those who have only just come, who
//! read history, who say something at the same moment, who are slow to read.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use parlor::auth::jwt::sign;
use parlor::config::DataArgs;
use parlor_db::testing::{TempDir, TestDb};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::crash::Process;
use crate::support::pusher::APP;
use crate::support::{Person, Polling, SECRET, claims, fresh_data};

/// Connections of each kind.
const MANY: usize = 60;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Stage {
    process: Process,
    ana: Person,
    ben: Person,
    group: String,
    _data: (DataArgs, TempDir),
    database: Option<TestDb>,
}

impl Stage {
    async fn open() -> Self {
        Self::draining("0").await
    }

    /// A server that gives its clients so many seconds to leave.
    async fn draining(seconds: &str) -> Self {
        let (data, folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
        let options = ["--app-id", "3", "--app-key", APP.key, "--app-secret", APP.secret];
        let process = Process::with(&data, &[&["--drain-seconds", seconds], &options[..]].concat());
        let token = |name: &str| sign(&claims(name), SECRET.as_bytes(), None).unwrap();
        let ana = Person::arrive(&process.url, token("Ana")).await;
        let ben = Person::arrive(&process.url, token("Ben")).await;
        let group = ana.group("Garden", &[&ben]).await;
        Self { process, ana, ben, group, _data: (data, folder), database }
    }

    async fn end(mut self) {
        let well = tokio::task::spawn_blocking(move || {
            let well = self.process.ended_well();
            drop(self.database.take());
            well
        });
        assert!(well.await.unwrap());
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.process.url.replace("http://", "ws://"))
    }

    /// Opens many at once and waits for the first word on each, no longer.
    async fn many(&self, path: &str, say: Option<&str>) -> Vec<Socket> {
        let address = self.address(path);
        let open = (0..MANY).map(|_| async {
            let (mut socket, _) = connect_async(&address).await.unwrap();
            if let Some(say) = say {
                assert!(socket.next().await.unwrap().unwrap().is_text());
                socket.send(Message::text(say)).await.unwrap();
            }
            assert!(socket.next().await.unwrap().unwrap().is_text());
            socket
        });
        join_all(open).await
    }
}

/// The code a connection is closed with: 0 without a code, 1006 when it is cut.
async fn code(mut socket: Socket) -> u16 {
    loop {
        match timeout(Duration::from_secs(20), socket.next()).await.expect("an end in time") {
            Some(Ok(Message::Close(frame))) => return frame.map_or(0, |frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return 1006,
        }
    }
}

async fn all_end_with(sockets: Vec<Socket>, wanted: u16, what: &str) {
    let codes: Vec<u16> = sockets.into_iter().map(code).collect::<FuturesUnordered<_>>().collect().await;
    let wrong: Vec<_> = codes.iter().filter(|code| **code != wanted).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:?} of {}", codes.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_on_a_websocket_hears_it_however_new() {
    for (path, say, wanted) in [
        ("/api/v1/ws?access_token=TOKEN", None, 4200),
        ("/ws/chat?access_token=TOKEN", None, 4200),
        ("/app/KEY?protocol=7", None, 4100),
        ("/socket.io/?EIO=4&transport=websocket", None, 0),
        ("/socket.io/?EIO=4&transport=websocket", Some("40{\"token\":\"TOKEN\"}"), 0),
    ] {
        let stage = Stage::open().await;
        let filled =
            |text: &str| text.replace("TOKEN", stage.ben.token.as_deref().unwrap()).replace("KEY", APP.key);
        let sockets = stage.many(&filled(path), say.map(filled).as_deref()).await;
        stage.process.ask_to_stop();
        all_end_with(sockets, wanted, path).await;
        stage.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_talks_at_the_same_moment_hears_it_too() {
    let stage = Stage::open().await;
    let path = format!("/api/v1/ws?access_token={}", stage.ben.token.as_deref().unwrap());
    let sockets = stage.many(&path, None).await;
    let talking = sockets.into_iter().map(|socket| async {
        let (mut out, mut back) = socket.split();
        let talk = tokio::spawn(async move {
            // Without a pause: something unread lies at the server whenever it ends the connection.
            while out.send(Message::text(r#"{"type":"active"}"#)).await.is_ok() {}
        });
        // Slow to read: what was said at the end comes late.
        let code = loop {
            sleep(Duration::from_millis(20)).await;
            match back.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map_or(0, |frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break 1006,
            }
        };
        talk.abort();
        code
    });
    let heard = tokio::spawn(join_all(talking.collect::<Vec<_>>()));
    sleep(Duration::from_millis(200)).await;
    stage.process.ask_to_stop();
    let codes = heard.await.unwrap();
    assert!(codes.iter().all(|code| *code == 4200), "{codes:?}");
    stage.end().await;
}

/// A WebSocket by hand, of somebody who reads nothing until told to: libraries read ahead.
async fn slow(stage: &Stage, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let address = stage.process.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.ben.token.as_deref().unwrap()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads to the end, some hundred kilobytes every few milliseconds; whether the last was a close frame of this body.
async fn ends_with_close(mut stream: TcpStream, close: &[u8]) -> bool {
    let (mut all, mut part) = (Vec::new(), vec![0; 100_000]);
    while let Ok(count) = stream.read(&mut part).await
        && count > 0
    {
        all.extend_from_slice(&part[..count]);
        sleep(Duration::from_millis(2)).await;
    }
    let head = [0x88, u8::try_from(close.len()).unwrap()];
    all.ends_with(&[&head[..], close].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_to_read_hears_it_after_all_that_waits() {
    let restart = [&4200_u16.to_be_bytes()[..], b"restart"].concat();
    for (path, close) in [
        ("/api/v1/ws?cursor=CURSOR", &restart[..]),
        ("/ws/chat?cursor=CURSOR", &restart),
        ("/socket.io/?EIO=4&transport=websocket", &[]),
    ] {
        // Nobody else is there for whom the server would wait anyway.
        let stage = Stage::open().await;
        let path = path.replace("CURSOR", &stage.ben.cursor().await);
        let live = path.starts_with("/socket.io");
        let mut early = slow(&stage, if live { &path } else { "/healthz" }).await;
        if live {
            // "40" in a frame whose mask is zero.
            early.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'4', b'0']).await.unwrap();
        }
        for number in 0..250 {
            let message = json!({"body": "x".repeat(18_000), "client_id": format!("m-{number}")});
            stage.ana.post(&format!("/conversations/{}/messages", stage.group), message).await.ok(201);
        }
        let reader = if live { early } else { slow(&stage, &path).await };
        sleep(Duration::from_millis(300)).await;
        stage.process.ask_to_stop();
        sleep(Duration::from_millis(300)).await;
        assert!(ends_with_close(reader, close).await, "{path}");
        stage.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_polls_end_as_they_should() {
    let stage = Stage::open().await;
    let (ben, url) = (&stage.ben, stage.process.url.clone());
    let cursor = ben.cursor().await;
    let mut streams = Vec::new();
    let own = ben.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
    let token = ben.token.clone().unwrap();
    let inbox = format!("/.well-known/mercure?topic=/crm/internal-messenger/users/{}/inbox", ben.id);
    for _ in 0..MANY {
        for (path, token) in
            [("/api/v1/events/stream", &token), ("/chat/events/stream", &token), (inbox.as_str(), &own)]
        {
            let response = ben.client.get(format!("{url}{path}")).bearer_auth(token).send().await.unwrap();
            assert_eq!(response.status(), 200);
            streams.push(response);
        }
    }
    let mut polls = Vec::new();
    for _ in 0..MANY {
        let request = ben.request(reqwest::Method::GET, &format!("/events?after={cursor}&wait=50"));
        polls.push(tokio::spawn(request.send()));
    }
    let joined = async {
        let mut polling = Polling::open(&url).await;
        polling.post(format!("40{}", json!({"token": ben.token}))).await;
        assert!(polling.packet().await.unwrap().starts_with("40{"));
        polling
    };
    let mut joined = joined.await;
    let mut undecided = Polling::open(&url).await;
    let polling = tokio::spawn(async move {
        let mut last = None;
        while let Some(packet) = joined.packet().await {
            last = Some(packet);
        }
        (last, undecided.packet().await)
    });
    sleep(Duration::from_millis(300)).await;
    stage.process.ask_to_stop();
    for stream in streams {
        // A body that was cut off is an error here.
        timeout(Duration::from_secs(20), stream.bytes()).await.unwrap().unwrap();
    }
    for poll in polls {
        assert_eq!(timeout(Duration::from_secs(20), poll).await.unwrap().unwrap().unwrap().status(), 200);
    }
    let (joined, _) = polling.await.unwrap();
    assert_eq!(joined.as_deref(), Some("1"), "Engine.IO's close");
    stage.end().await;
}

/// Opens a connection and says something on it.
async fn saying(stage: &Stage, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stage.process.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_up_the_end_with_half_a_request() {
    // Whoever is waited for would hold it up for more than a minute.
    let stage = Stage::draining("60").await;
    let bearer = format!("host: x\r\nauthorization: Bearer {}\r\n", stage.ben.token.as_deref().unwrap());
    let whole = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let halves = [
        String::new(),
        "GET /heal".to_owned(),
        "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\n".to_owned(),
        format!("{whole}GET /healthz HTTP/1.1\r\n"),
        "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"
            .to_owned(),
        format!("POST /api/v1/files?name=a.txt HTTP/1.1\r\n{bearer}content-length: 9000\r\n\r\nhalf"),
        format!("PUT /api/v1/me/avatar HTTP/1.1\r\n{bearer}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        format!(
            "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n{bearer}content-length: 90\r\n\r\nhalf"
        ),
    ];
    let held = join_all(halves.iter().map(|half| saying(&stage, half))).await;
    sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    stage.process.ask_to_stop();
    stage.end().await;
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_request_is_nearly_there_gets_an_answer() {
    let stage = Stage::open().await;
    let body = r#"{"body":"to the last","client_id":"last"}"#;
    let head = format!(
        "POST /api/v1/conversations/{}/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        stage.group,
        stage.ben.token.as_deref().unwrap(),
        body.len()
    );
    let (early, late) = body.split_at(9);
    let mut in_body = saying(&stage, &format!("{head}{early}")).await;
    let (early, rest) = head.split_at(40);
    let mut in_head = saying(&stage, early).await;
    sleep(Duration::from_millis(300)).await;
    stage.process.ask_to_stop();
    sleep(Duration::from_millis(500)).await;
    in_body.write_all(late.as_bytes()).await.unwrap();
    in_head.write_all(format!("{rest}{body}").as_bytes()).await.unwrap();
    for mut stream in [in_body, in_head] {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    }
    stage.end().await;
}
