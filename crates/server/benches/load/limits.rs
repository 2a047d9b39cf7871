//! The raw limits: what the same machine does at the same moment without Parlor. Those that speak to sockets run in a
//! process of their own: `load --limit-echo LENGTH` and `load --limit-broadcast`.

use std::io::Write;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures_util::SinkExt;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::server::Folder;

/// Serves until killed.
pub fn serve(words: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let router = match words[0].as_str() {
        "--limit-echo" => echo(words[1].parse().unwrap()),
        _ => broadcast(),
    };
    runtime.block_on(async {
        let router = router.route("/healthz", get(|| async { "ok" }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "listening on http://{}", listener.local_addr().unwrap()).unwrap();
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

/// Reads the request of a send and answers as many bytes as Parlor does.
fn echo(length: usize) -> Router {
    let answer = Bytes::from(vec![b'x'; length]);
    let handler = move |body: Bytes| {
        let answer = answer.clone();
        async move {
            assert!(!body.is_empty());
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], answer)
        }
    };
    Router::new().route("/api/v1/conversations/{id}/messages", post(handler))
}

type Channel = broadcast::Sender<Utf8Bytes>;

/// What is posted goes to every socket.
fn broadcast() -> Router {
    let (channel, _) = broadcast::channel::<Utf8Bytes>(4096);
    let send = |State(channel): State<Channel>, body: String| async move {
        channel.send(Utf8Bytes::from(body)).map_or(StatusCode::GONE, |_| StatusCode::CREATED).into_response()
    };
    let connect = |State(channel): State<Channel>, upgrade: WebSocketUpgrade| async move {
        let heard = channel.subscribe();
        let response: Response = upgrade.read_buffer_size(1024).write_buffer_size(16 * 1024).on_upgrade(
            move |socket| async move {
                let _ = relay(socket, heard).await;
            },
        );
        response
    };
    Router::new()
        .route("/api/v1/conversations/{id}/messages", post(send))
        .route("/api/v1/ws", get(connect))
        .with_state(channel)
}

/// Several waiting frames leave in one write, as Parlor's do.
async fn relay(mut socket: WebSocket, mut heard: broadcast::Receiver<Utf8Bytes>) -> Result<(), axum::Error> {
    socket.send(Message::text(r#"{"cursor":"","reset":false,"type":"ready"}"#)).await?;
    loop {
        match heard.recv().await {
            Ok(text) => socket.feed(Message::Text(text)).await?,
            Err(RecvError::Lagged(_) | RecvError::Closed) => return Ok(()),
        }
        loop {
            match heard.try_recv() {
                Ok(text) => socket.feed(Message::Text(text)).await?,
                Err(TryRecvError::Empty) => break,
                Err(_) => return Ok(()),
            }
        }
        socket.flush().await?;
    }
}

const SCHEMA: &str = "
    CREATE TABLE conversation (id INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT;
    CREATE TABLE message (conversation INTEGER, seq INTEGER, client_id BLOB, body TEXT,
        PRIMARY KEY (conversation, seq)) WITHOUT ROWID, STRICT;
    CREATE UNIQUE INDEX message_client ON message (conversation, client_id);
    CREATE TABLE head (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
    CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT) STRICT;
    INSERT INTO head VALUES (1, 0);";

/// Four statements a message in bare rusqlite, flushed in groups of 64: what the disk and SQLite allow.
pub fn rusqlite_groups(run: Duration, body: &str) -> f64 {
    let folder = Folder::new();
    let db = rusqlite::Connection::open(folder.0.join("bare.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000",
    )
    .unwrap();
    db.execute_batch(SCHEMA).unwrap();
    let (mut number, begun) = (0_i64, Instant::now());
    while begun.elapsed() < run {
        db.prepare_cached("BEGIN IMMEDIATE").unwrap().execute(()).unwrap();
        for _ in 0..64 {
            number += 1;
            let seq = one(
                &db,
                "INSERT INTO conversation VALUES (?1, 1) ON CONFLICT (id) DO UPDATE SET last_seq = last_seq + 1
                    RETURNING last_seq",
                number % 100,
            );
            db.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4)")
                .unwrap()
                .execute((number % 100, seq, number.to_be_bytes(), body))
                .unwrap();
            let event = one(&db, "UPDATE head SET seq = seq + 1 WHERE id = ?1 RETURNING seq", 1);
            db.prepare_cached("INSERT INTO event VALUES (?1, ?2)").unwrap().execute((event, body)).unwrap();
        }
        db.prepare_cached("COMMIT").unwrap().execute(()).unwrap();
    }
    number as f64 / begun.elapsed().as_secs_f64()
}

fn one(db: &rusqlite::Connection, sql: &str, parameter: i64) -> i64 {
    db.prepare_cached(sql).unwrap().query_row([parameter], |row| row.get(0)).unwrap()
}
