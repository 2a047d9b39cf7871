//! Owns: a connection that only listens, in any of the protocols. What arrives is counted where it arrives, in one
//! buffer for all of them. Must not know: what the frames say, but for the letters that tell an event from the rest.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::speech::{Seen, Speech};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 128 * 1024]);
}

/// How much of a frame's beginning is kept to tell what it is.
const BEGINNING: usize = 128;

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
struct Frames {
    head: [u8; 10],
    have: usize,
    /// Bytes of the payload: all, and so far.
    length: u64,
    at: u64,
    beginning: [u8; BEGINNING],
}

impl Frames {
    fn new() -> Self {
        Self { head: [0; 10], have: 0, length: 0, at: 0, beginning: [0; BEGINNING] }
    }

    /// Takes bytes in and tells the beginning of each text frame that ends in them; `None` when the other side closes.
    fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Option<&[u8]>)) {
        while !bytes.is_empty() {
            if !self.has_head() {
                self.head[self.have] = bytes[0];
                self.have += 1;
                bytes = &bytes[1..];
                if self.has_head() {
                    self.length = self.payload_length();
                    self.at = 0;
                }
            }
            if !self.has_head() {
                continue;
            }
            let take = (self.length - self.at).min(bytes.len() as u64);
            if self.at < BEGINNING as u64 {
                let at = self.at as usize;
                let kept = (BEGINNING - at).min(take as usize);
                self.beginning[at..at + kept].copy_from_slice(&bytes[..kept]);
            }
            self.at += take;
            bytes = &bytes[take as usize..];
            if self.at == self.length {
                match self.head[0] & 15 {
                    8 => seen(None),
                    1 => seen(Some(&self.beginning[..BEGINNING.min(self.length as usize)])),
                    _ => {}
                }
                self.have = 0;
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
}

/// A client's text frame, with an empty mask.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// Connects, and counts in a task of its own until the other side closes.
pub async fn listen(address: SocketAddr, speech: Speech, received: Rc<Received>, look: Option<Look>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(speech.request().as_bytes()).await.unwrap();
    let mut head = Vec::with_capacity(1024);
    let end = loop {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "closed during the handshake");
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let wanted: &[u8] = if speech.is_socket() { b"HTTP/1.1 101" } else { b"HTTP/1.1 200" };
    assert!(head.starts_with(wanted), "{}", String::from_utf8_lossy(&head));
    if !speech.is_socket() {
        received.ready.set(received.ready.get() + 1);
    }
    let frames = Frames::new();
    let mut socket = Listening { stream, speech, frames, newline: false, received, look };
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
    speech: Speech,
    frames: Frames,
    /// The last byte of a stream without frames was a line's end.
    newline: bool,
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
        let (mut events, mut ready, mut closed) = (0, 0, false);
        let mut answers = Vec::new();
        if self.speech.is_socket() {
            let speech = &self.speech;
            self.frames.feed(bytes, |beginning| match beginning.map(|beginning| speech.hear(beginning)) {
                Some(Seen::Event) => events += 1,
                Some(Seen::Ready) => ready += 1,
                Some(Seen::Answer(text)) => answers.push(frame(&text)),
                Some(Seen::Other) => {}
                None => closed = true,
            });
        } else {
            events += self.blank_lines(bytes);
        }
        let received = &self.received;
        received.events.set(received.events.get() + events);
        received.ready.set(received.ready.get() + ready);
        if let Some(look) = &self.look {
            look(bytes);
        }
        if events == 1 && received.specimen.borrow().is_empty() {
            keep_specimen(bytes, &received.specimen);
        }
        for answer in answers {
            // A pong that does not fit is left out: the next ping asks again.
            let _ = self.stream.try_write(&answer);
        }
        if closed { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Each server-sent event ends with an empty line.
    fn blank_lines(&mut self, bytes: &[u8]) -> u64 {
        let mut found = 0;
        for at in memchr::memchr_iter(b'\n', bytes) {
            let before = if at == 0 { self.newline } else { bytes[at - 1] == b'\n' };
            found += u64::from(before);
        }
        self.newline = bytes.last().map_or(self.newline, |last| *last == b'\n');
        found
    }
}

/// Keeps the text of an event that came whole and alone.
fn keep_specimen(bytes: &[u8], specimen: &RefCell<Vec<u8>>) {
    let opens = bytes.iter().position(|byte| matches!(byte, b'{' | b'4' | b'i'));
    if let Some(from) =
        opens.filter(|from| memchr::memmem::find(&bytes[*from..], b"message.posted").is_some())
    {
        *specimen.borrow_mut() = bytes[from..].to_vec();
    }
}
