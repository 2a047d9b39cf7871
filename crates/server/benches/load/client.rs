//! Owns: a keep-alive HTTP/1.1 connection that costs next to nothing: one write, one read, no allocation per call.
//! Understands only answers with a content length. Must not know: the API.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Client {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }

    /// The body of a success; anything else ends the benchmark.
    pub fn ok(&self) -> &Self {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, String::from_utf8_lossy(self.body));
        self
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, request: String::with_capacity(2048), buffer: Vec::with_capacity(64 * 1024) }
    }

    pub async fn get(&mut self, token: &str, path: &str) -> Answer<'_> {
        self.call("GET", token, &format!("/api/v1{path}"), "").await
    }

    /// Asks the server how it is.
    pub async fn readyz(&mut self, token: &str) -> Answer<'_> {
        self.call("GET", token, "/readyz", "").await
    }

    pub async fn post(&mut self, token: &str, path: &str, body: &str) -> Answer<'_> {
        self.call("POST", token, &format!("/api/v1{path}"), body).await
    }

    async fn call(&mut self, method: &str, token: &str, path: &str, body: &str) -> Answer<'_> {
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        self.stream.write_all(self.request.as_bytes()).await.unwrap();
        let (status, from, to) = read(&mut self.stream, &mut self.buffer).await.unwrap();
        Answer { status, body: &self.buffer[from..to] }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(u16, usize, usize)> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let (status, length) = head(&buffer[..end]);
        let whole = end + 4 + length;
        while buffer.len() < whole {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok((status, end + 4, whole));
    }
}

fn head(bytes: &[u8]) -> (u16, usize) {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let status = text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    assert!(length.is_some() || status == 204, "an answer without a length: {text}");
    (status, length.unwrap_or(0))
}
