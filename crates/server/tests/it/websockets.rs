//! WebSockets by hand, of every protocol: what the RFC asks of a server whose client breaks it (RFC 6455, 4.2.2 and
//! 7.4.1).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::pusher::{APP, site};
use crate::support::{Person, Site};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);
const HEAD: &str =
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn paths(person: &Person) -> [String; 4] {
    let token = person.token.as_deref().unwrap();
    [
        format!("/api/v1/ws?access_token={token}"),
        format!("/ws/chat?access_token={token}"),
        format!("/app/{}?protocol=7", APP.key),
        "/socket.io/?EIO=4&transport=websocket".to_owned(),
    ]
}

async fn ask(site: &Site, path: &str, head: &str) -> (TcpStream, String) {
    let host = site.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(TIMEOUT, stream.read_u8()).await.unwrap().unwrap());
    }
    (stream, String::from_utf8(answer).unwrap().to_lowercase())
}

/// The code of the close frame that ends what is read, 1005 without one, 1006 when there is no close.
async fn close_code(mut stream: TcpStream) -> u16 {
    loop {
        let mut head = [0; 2];
        if timeout(TIMEOUT, stream.read_exact(&mut head)).await.expect("in time").is_err() {
            return 1006;
        }
        let length = match head[1] {
            126 => usize::from(stream.read_u16().await.unwrap()),
            127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
            short => usize::from(short),
        };
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        if head[0] == 0x88 {
            return if body.len() < 2 { 1005 } else { u16::from_be_bytes([body[0], body[1]]) };
        }
    }
}

/// A frame as clients write it, masked with zeros.
fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let short = [0x80 | u8::try_from(length).unwrap_or(126)];
    let head = if length < 126 { short.to_vec() } else { [&[0xFE], &length.to_be_bytes()[..]].concat() };
    [&[first], &head[..], &[0; 4], body].concat()
}

#[tokio::test]
async fn who_breaks_the_protocol_is_told_how() {
    let site = site().await;
    let ana = site.user("Ana").await;
    let too_large = [&[0x81, 0xFF][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat();
    let broken: [(&str, Vec<u8>, u16); 7] = [
        ("a text that is no UTF-8", frame(0x81, b"\xff\xfe"), 1007),
        ("reserved bits", frame(0xF1, b"x"), 1002),
        ("a reserved opcode", frame(0x83, b"x"), 1002),
        ("no mask", vec![0x81, 0x01, b'x'], 1002),
        ("a ping in parts", frame(0x09, b"x"), 1002),
        ("the end of nothing", frame(0x80, b"x"), 1002),
        ("too large", too_large, 1009),
    ];
    for path in paths(&ana) {
        for (what, bytes, code) in &broken {
            let (mut stream, answer) =
                ask(&site, &path, &format!("{HEAD}sec-websocket-version: 13\r\n")).await;
            assert!(answer.starts_with("http/1.1 101 "), "{path}: {answer}");
            stream.write_all(bytes).await.unwrap();
            // Whatever else was on its way must not take the close back.
            let _ = stream.write_all(&[0; 4096]).await;
            assert_eq!(close_code(stream).await, *code, "{path}: {what}");
        }
    }
}

#[tokio::test]
async fn handshakes_are_refused_by_the_book() {
    let site = site().await;
    let ana = site.user("Ana").await;
    for path in paths(&ana) {
        let (_, answer) = ask(&site, &path, &format!("{HEAD}sec-websocket-version: 8\r\n")).await;
        assert!(answer.starts_with("http/1.1 426 "), "{path}: {answer}");
        assert!(answer.contains("\r\nsec-websocket-version: 13\r\n"), "{path}: {answer}");
        let keyless = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
        let (_, answer) = ask(&site, &path, keyless).await;
        assert!(answer.starts_with("http/1.1 400 "), "{path}: {answer}");
    }
    let (_, page) = ask(&site, "/app/login", "accept: text/html\r\n").await;
    assert!(page.starts_with("http/1.1 200 "), "{page}");
}
