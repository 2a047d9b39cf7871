//! The WebSocket of all transports, behind a whole HTTP/1.1 connection: its input is what a client sends after the
//! handshake.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use parlor::transport::websocket::{Incoming, Upgrade};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::timeout;

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const LARGEST: usize = 65_536;
const LATE: Duration = Duration::from_secs(10);

/// Whatever a client sends, the server answers with whole frames of RFC 6455 and ends; after a close comes nothing.
pub(crate) fn websocket(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let answer = runtime.block_on(async { timeout(LATE, talk(input)).await });
    let answer = answer.unwrap_or_else(|_| panic!("the connection does not end"));
    let begin =
        answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no handshake"));
    frames(&answer[begin + 4..]);
}

async fn talk(input: &[u8]) -> Vec<u8> {
    let (mut client, server) = duplex(1 << 20);
    let router =
        Router::new().route("/", get(async |upgrade: Upgrade| upgrade.accepting(LARGEST).then(echo)));
    let serving = tokio::spawn(async move {
        let service = TowerToHyperService::new(router);
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let _ = connection.with_upgrades().await;
    });
    let mut answer = Vec::new();
    let mut head = [0; 1024];
    // The handshake first: what a client sends before its end belongs to nobody.
    let _ = client.write_all(HANDSHAKE).await;
    while !answer.ends_with(b"\r\n\r\n") {
        match client.read(&mut head).await {
            Ok(count) if count > 0 => answer.extend(&head[..count]),
            _ => return answer,
        }
    }
    let (mut reading, mut writing) = tokio::io::split(client);
    let sent = async {
        let _ = writing.write_all(input).await;
        let _ = writing.shutdown().await;
    };
    let heard = async {
        let mut rest = Vec::new();
        let _ = reading.read_to_end(&mut rest).await;
        rest
    };
    let ((), rest) = tokio::join!(sent, heard);
    answer.extend(rest);
    let _ = serving.await;
    answer
}

async fn echo(mut socket: parlor::transport::websocket::Socket) {
    while let Some(message) = socket.next().await {
        let fed = match message {
            Incoming::Text(text) => socket.feed(text.into()).await,
            Incoming::Binary(bytes) => socket.feed_binary(bytes).await,
            Incoming::Control => continue,
        };
        if fed.is_err() || socket.flush().await.is_err() {
            return;
        }
    }
}

/// Reads a server's frames: whole, unmasked, final, of known kinds, and nothing after a close.
fn frames(mut rest: &[u8]) {
    let mut closed = false;
    while let [kind, length, ..] = *rest {
        assert!(!closed, "a frame after the close");
        assert!(matches!(kind, 0x81 | 0x82 | 0x88 | 0x89 | 0x8A), "{kind:#x}");
        let (begin, length) = match length {
            0..126 => (2, usize::from(length)),
            126 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
            127 => (10, rest[2..10].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
            _ => panic!("a server does not mask"),
        };
        let body = &rest[begin..begin + length];
        if kind == 0x81 {
            assert!(std::str::from_utf8(body).is_ok(), "a text is UTF-8");
        }
        if kind == 0x88 {
            closed = true;
            let code = body.first_chunk().map(|code| u16::from_be_bytes(*code));
            assert!(
                code.is_none_or(|code| (1000..5000).contains(&code) && ![1005, 1006, 1015].contains(&code)),
                "{code:?}"
            );
        }
        rest = &rest[begin + length..];
    }
    assert!(rest.is_empty(), "a frame is cut off");
}
