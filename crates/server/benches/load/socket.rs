//! Owns: a WebSocket that only listens. Frames are counted where they arrive, in one buffer for all sockets.
//! Must not know: what the frames say, but for the letter that tells an event from a ping.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `{"type":"event"`: the letter after the quote tells the type.
const LETTER: u64 = 9;
/// A masked text frame with an empty mask.
const PONG: &[u8] = b"\x81\x8f\0\0\0\0{\"type\":\"pong\"}";

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 128 * 1024]);
}

/// What all sockets of a measurement have received.
#[derive(Default)]
pub struct Received {
    pub ready: Cell<usize>,
    pub events: Cell<u64>,
    pub closed: Cell<usize>,
    /// The text of one event frame.
    pub specimen: RefCell<Vec<u8>>,
}

/// Gets the bytes of each read of a socket.
pub type Look = Rc<dyn Fn(&[u8])>;

/// Where a frame stands between two reads.
#[derive(Default)]
struct Frames {
    head: [u8; 10],
    have: usize,
    /// Bytes of the payload: all, and so far.
    length: u64,
    at: u64,
    letter: u8,
    /// The first frame is `ready`.
    told: bool,
}

enum Seen {
    Event,
    Ready,
    Ping,
    Close,
}

impl Frames {
    /// Takes bytes in and tells each frame that ends in them.
    fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Seen)) {
        while !bytes.is_empty() {
            if !self.has_head() {
                self.head[self.have] = bytes[0];
                self.have += 1;
                bytes = &bytes[1..];
                if self.has_head() {
                    self.length = self.payload_length();
                    (self.at, self.letter) = (0, 0);
                }
            }
            if !self.has_head() {
                continue;
            }
            let take = (self.length - self.at).min(bytes.len() as u64);
            if (self.at..self.at + take).contains(&LETTER) {
                self.letter = bytes[(LETTER - self.at) as usize];
            }
            self.at += take;
            bytes = &bytes[take as usize..];
            if self.at == self.length {
                self.tell(&mut seen);
                (self.have, self.told) = (0, true);
            }
        }
    }

    fn has_head(&self) -> bool {
        self.have >= 2
            && self.have
                >= match self.head[1] & 127 {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                }
    }

    fn payload_length(&self) -> u64 {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        match self.head[1] & 127 {
            126 => number(&self.head[2..4]),
            127 => number(&self.head[2..10]),
            short => u64::from(short),
        }
    }

    fn tell(&self, seen: &mut impl FnMut(Seen)) {
        match (self.head[0] & 15, self.letter) {
            (8, _) => seen(Seen::Close),
            (1, b'e') => seen(Seen::Event),
            (1, b'p') => seen(Seen::Ping),
            // With a cursor, which comes before the type: first `ready`, then pings.
            (1, _) if self.told => seen(Seen::Ping),
            (1, _) => seen(Seen::Ready),
            _ => {}
        }
    }
}

/// Connects, and counts in a task of its own until the other side closes.
pub async fn listen(address: SocketAddr, token: &str, received: Rc<Received>, look: Option<Look>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /api/v1/ws HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::with_capacity(1024);
    let end = loop {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "closed during the handshake");
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let mut socket = Listening { stream, frames: Frames::default(), received, look };
    socket.take(&head[end..]).unwrap();
    tokio::task::spawn_local(async move {
        while socket.stream.readable().await.is_ok() {
            if socket.drain().is_err() {
                break;
            }
        }
        socket.received.closed.set(socket.received.closed.get() + 1);
    });
}

struct Listening {
    stream: TcpStream,
    frames: Frames,
    received: Rc<Received>,
    look: Option<Look>,
}

impl Listening {
    /// One read: whoever has more comes back after the others.
    fn drain(&mut self) -> io::Result<()> {
        BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.take(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut events, mut ready, mut pings, mut closed) = (0, 0, 0, false);
        self.frames.feed(bytes, |seen| match seen {
            Seen::Event => events += 1,
            Seen::Ready => ready += 1,
            Seen::Ping => pings += 1,
            Seen::Close => closed = true,
        });
        let received = &self.received;
        received.events.set(received.events.get() + events);
        received.ready.set(received.ready.get() + ready);
        if let Some(look) = &self.look {
            look(bytes);
        }
        if events == 1 && received.specimen.borrow().is_empty() {
            keep_specimen(bytes, &received.specimen);
        }
        for _ in 0..pings {
            // A pong that does not fit is left out: the next ping asks again.
            let _ = self.stream.try_write(PONG);
        }
        if closed { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

/// Keeps the text of an event that came whole and alone.
fn keep_specimen(bytes: &[u8], specimen: &RefCell<Vec<u8>>) {
    if let Some(from) = bytes
        .iter()
        .position(|byte| *byte == b'{')
        .filter(|from| bytes[*from..].starts_with(b"{\"type\":\"event\""))
    {
        *specimen.borrow_mut() = bytes[from..].to_vec();
    }
}
