//! Owns: one Engine.IO session: one task that holds the transport, the heartbeat, and what waits to be sent. Because
//! nothing else touches them, order holds across transports by itself.
//! Must not know: HTTP, or what messages say.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use parlor_realtime::protocol::engineio::{
    CLOSE, Frame, Malformed, NOOP, PING, PROBED, Packet, Refusal, SEPARATOR, packet,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::transport::socketio::wire::{Handle, Message, Options, Order, PollReply, Step, Transport, Wire};
use crate::transport::websocket::{Incoming, Socket};

/// Packets that may wait for the client before nothing more is asked for.
const MOST_WAITING: usize = 256;
/// Room for packets that an idle session keeps.
const KEPT: usize = 4;
/// A poll that is open when the transport changes is ended so soon; a client in a hurry needs no end of it.
const NOOP_FIRST: Duration = Duration::from_millis(10);
/// Those that come meanwhile are ended so often.
const NOOP_EVERY: Duration = Duration::from_millis(100);
/// How long the last packets wait for a poll, or for a WebSocket to take them.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a goodbye waits for a poll that was sent before it and comes after it.
const OVERTAKEN: Duration = Duration::from_millis(30);

/// A WebSocket that is tried out.
struct Probe {
    socket: Box<Socket>,
    answered: bool,
    /// The client must have decided.
    until: Instant,
    /// When an open poll is to be ended.
    noop: Instant,
}

/// A body that is being read.
struct Posted {
    body: String,
    at: usize,
    reply: oneshot::Sender<Result<(), Refusal>>,
}

/// When the next ping goes out, or its answer must have come.
struct Beat {
    at: Instant,
    asked: bool,
    /// The ping waits behind other packets.
    unsent: bool,
}

/// Why a session ends.
enum End {
    /// The client went, or is not to be talked to any more.
    Gone,
    /// The client said goodbye by a request.
    Left(oneshot::Sender<Result<(), Refusal>>),
    /// After what waits was sent.
    CloseReason,
}

/// Why no more packets of the client are taken.
enum Stop {
    Goodbye,
    Malformed,
}

impl From<Malformed> for Stop {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

enum Happened {
    Order(Option<Order>),
    Frame(Option<Incoming>),
    Probe(Option<Incoming>),
    Wire(Step),
    Time,
}

/// Takes the session out of the table of its engine.
pub(super) type Forget = Box<dyn Fn() + Send + Sync>;

pub(super) struct Session {
    options: Options,
    forget: Forget,
    handle: Arc<Handle>,
    wire: Box<dyn Wire>,
    orders: mpsc::UnboundedReceiver<Order>,
    transport: Transport,
    probe: Option<Probe>,
    out: VecDeque<Frame>,
    posted: Option<Posted>,
    beat: Beat,
}

impl Session {
    pub(super) fn new(
        options: Options,
        forget: Forget,
        handle: Arc<Handle>,
        wire: Box<dyn Wire>,
        transport: Transport,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let beat = Beat { at: Instant::now() + options.ping_interval, asked: false, unsent: false };
        let out = VecDeque::new();
        Self { options, forget, handle, wire, orders, transport, probe: None, out, posted: None, beat }
    }

    /// Queues a packet.
    pub(super) fn send(&mut self, frame: Frame) {
        self.out.push_back(frame);
    }

    pub(super) async fn run(mut self) {
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
        };
        let Self { forget, wire, transport, out, orders, .. } = self;
        tokio::join!(wire.end(), part(transport, end, out, orders, forget));
    }

    async fn step(&mut self) -> Result<(), End> {
        self.keep_time()?;
        self.read_posted()?;
        self.flush().await?;
        let (busy, room, wake) = (self.wire.is_busy(), self.out.len() < MOST_WAITING, self.wake_at());
        let others = async {
            tokio::select! {
                order = self.orders.recv() => Happened::Order(order),
                frame = next_frame(&mut self.transport), if !busy => Happened::Frame(frame),
                step = self.wire.next(), if room => Happened::Wire(step),
                () = sleep_until(wake) => Happened::Time,
            }
        };
        // A client that has changed its transport is done with the old one: what it says on the new one counts first.
        let happened = tokio::select! {
            biased;
            frame = next_probe(&mut self.probe) => Happened::Probe(frame),
            happened = others => happened,
        };
        match happened {
            Happened::Order(Some(order)) => self.obey(order),
            Happened::Order(None) => Err(End::Gone),
            Happened::Frame(frame) => self.take_frame(frame),
            Happened::Probe(frame) => self.take_probe(frame).await,
            Happened::Wire(Step::Send(frames)) => {
                self.out.extend(frames);
                Ok(())
            }
            Happened::Wire(Step::Close) => Err(End::CloseReason),
            Happened::Time => Ok(()),
        }
    }

    fn polls(&mut self) -> Option<&mut Option<PollReply>> {
        match &mut self.transport {
            Transport::Polling(waiting) => Some(waiting),
            Transport::WebSocket(_) => None,
        }
    }

    fn is_probed(&self) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.answered)
    }

    fn wake_at(&self) -> Instant {
        let held = matches!(self.transport, Transport::Polling(Some(_)));
        let probe = self.probe.as_ref();
        let noop = probe.filter(|probe| held && probe.answered).map(|probe| probe.noop);
        [noop, probe.map(|probe| probe.until)].into_iter().flatten().fold(self.beat.at, Instant::min)
    }

    /// Does what is due.
    fn keep_time(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.probe.as_ref().is_some_and(|probe| now >= probe.until) {
            self.probe = None;
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.answered && now >= probe.noop) {
            probe.noop = now + NOOP_EVERY;
            self.end_poll(NOOP);
        }
        if now < self.beat.at {
            return Ok(());
        }
        if self.beat.asked {
            return Err(End::Gone);
        }
        if self.is_probed() {
            // Whoever is changing the transport must not look for a ping on the old one.
            self.beat.at = now + NOOP_EVERY;
        } else {
            let at = self.beat.at + self.options.ping_timeout;
            self.beat = Beat { at, asked: true, unsent: true };
            self.send(Frame::text(PING));
        }
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Abort => Err(End::Gone),
            Order::Poll(reply) => self.hold(reply),
            Order::Post(body, reply) => {
                if self.polls().is_none() {
                    let _ = reply.send(Err(Refusal::BadRequest));
                    return Ok(());
                }
                self.posted = Some(Posted { body, at: 0, reply });
                Ok(())
            }
            Order::Upgrade(socket) => {
                // A second one is dropped, which closes it.
                if self.polls().is_some() && self.probe.is_none() {
                    let now = Instant::now();
                    let until = now + self.options.upgrade_timeout;
                    self.probe = Some(Probe { socket, answered: false, until, noop: now });
                }
                Ok(())
            }
        }
    }

    /// Holds a poll until there is something to say. A client has one at a time.
    fn hold(&mut self, reply: PollReply) -> Result<(), End> {
        self.keep_time()?;
        match self.polls() {
            None => {
                let _ = reply.send(Err(Refusal::BadRequest));
                Ok(())
            }
            Some(waiting) if waiting.is_some() => {
                self.end_poll(CLOSE);
                let _ = reply.send(Err(Refusal::BadRequest));
                Err(End::Gone)
            }
            Some(waiting) => {
                *waiting = Some(reply);
                if let Some(probe) = &mut self.probe {
                    probe.noop = Instant::now() + NOOP_EVERY;
                }
                Ok(())
            }
        }
    }

    fn end_poll(&mut self, packet: &'static str) {
        if let Some(reply) = self.polls().and_then(Option::take) {
            let _ = reply.send(Ok(Bytes::from_static(packet.as_bytes())));
        }
    }

    /// Gives the packets of a body on as far as they are taken.
    fn read_posted(&mut self) -> Result<(), End> {
        while !self.wire.is_busy()
            && let Some(mut posted) = self.posted.take()
        {
            let rest = posted.body.get(posted.at..).unwrap_or_default();
            let length = rest.bytes().position(|byte| byte == SEPARATOR);
            let text = length.map_or(rest, |length| rest.get(..length).unwrap_or_default());
            let taken = packet(text).map_err(Stop::from).and_then(|packet| self.take(packet));
            match (taken, length) {
                (Ok(()), Some(length)) => {
                    posted.at += length + 1;
                    self.posted = Some(posted);
                }
                (Ok(()), None) => {
                    let _ = posted.reply.send(Ok(()));
                }
                (Err(Stop::Goodbye), _) => return Err(End::Left(posted.reply)),
                (Err(Stop::Malformed), _) => {
                    let _ = posted.reply.send(Err(Refusal::BadRequest));
                    return Err(End::Gone);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, packet: Packet<'_>) -> Result<(), Stop> {
        let taken = match packet {
            Packet::Text(text) => self.wire.receive(Message::Text(text)),
            Packet::Binary(bytes) => self.wire.receive(Message::Binary(bytes)),
            Packet::Pong => {
                self.beat =
                    Beat { at: Instant::now() + self.options.ping_interval, asked: false, unsent: false };
                Ok(())
            }
            Packet::Noop => Ok(()),
            Packet::Close => return Err(Stop::Goodbye),
            Packet::Probe | Packet::Upgrade => Err(Malformed),
        };
        taken.map_err(Stop::from)
    }

    fn take_frame(&mut self, frame: Option<Incoming>) -> Result<(), End> {
        let taken = match frame {
            Some(Incoming::Text(text)) => {
                packet(&text).map_err(Stop::from).and_then(|packet| self.take(packet))
            }
            Some(Incoming::Binary(bytes)) => self.take(Packet::Binary(bytes)),
            Some(Incoming::Control) => Ok(()),
            None => Err(Stop::Goodbye),
        };
        taken.map_err(|_| End::Gone)
    }

    /// A WebSocket on trial says `2probe`, then `5`, and is the transport.
    async fn take_probe(&mut self, frame: Option<Incoming>) -> Result<(), End> {
        let Some(mut probe) = self.probe.take() else { return Ok(()) };
        let Some(Incoming::Text(text)) = frame else { return Ok(()) };
        match packet(&text) {
            Ok(Packet::Probe) if !probe.answered => {
                let answer = probe.socket.say(PROBED);
                if timeout(FAREWELL, answer).await.is_ok_and(|sent| sent.is_ok()) {
                    probe.answered = true;
                    probe.noop = Instant::now() + NOOP_FIRST;
                    self.probe = Some(probe);
                }
            }
            Ok(Packet::Upgrade) if probe.answered => {
                if let Some(reply) = self.polls().and_then(Option::take) {
                    let _ = reply.send(Err(Refusal::BadRequest));
                }
                self.transport = Transport::WebSocket(probe.socket);
                self.handle.on_websocket.store(true, Ordering::Release);
            }
            _ => {}
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let options = &self.options;
        match &mut self.transport {
            Transport::WebSocket(socket) => {
                let send_timeout = options.ping_interval + options.ping_timeout;
                let sent = timeout(send_timeout, write(socket, &mut self.out)).await;
                sent.ok().and_then(Result::ok).ok_or(End::Gone)?;
                if std::mem::take(&mut self.beat.unsent) {
                    // A slow line must not count against the client.
                    self.beat.at = self.beat.at.max(Instant::now() + options.ping_timeout);
                }
                Ok(())
            }
            Transport::Polling(waiting) => {
                let Some(reply) = waiting.take() else { return Ok(()) };
                let answer = payload(&mut self.out, options.max_payload);
                reply.send(Ok(answer.into())).map_err(|_| End::Gone)
            }
        }
    }
}

async fn next_frame(transport: &mut Transport) -> Option<Incoming> {
    match transport {
        Transport::WebSocket(socket) => socket.next().await,
        Transport::Polling(_) => std::future::pending().await,
    }
}

async fn next_probe(probe: &mut Option<Probe>) -> Option<Incoming> {
    match probe {
        Some(probe) => probe.socket.next().await,
        None => std::future::pending().await,
    }
}

/// What waits, as much as fits; at least one packet.
fn payload(out: &mut VecDeque<Frame>, most: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    while let Some(frame) = out.front() {
        if !payload.is_empty() && payload.len() + 1 + frame.polled_len() > most {
            break;
        }
        frame.append(&mut payload);
        out.pop_front();
    }
    payload
}

/// Several packets leave in one write.
async fn write(socket: &mut Socket, out: &mut VecDeque<Frame>) -> std::io::Result<()> {
    while let Some(frame) = out.pop_front() {
        match frame {
            Frame::Binary(bytes) => socket.feed_binary(bytes).await?,
            Frame::Text(text) => socket.feed(text).await?,
        }
    }
    out.shrink_to(KEPT);
    socket.flush().await
}

async fn close(socket: &mut Socket, mut out: VecDeque<Frame>) -> std::io::Result<()> {
    write(socket, &mut out).await?;
    socket.close(None).await
}

/// Takes leave of the client; `forget` makes the session unknown.
async fn part(
    transport: Transport,
    end: End,
    mut out: VecDeque<Frame>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    forget: impl Fn(),
) {
    match (transport, end) {
        (Transport::WebSocket(mut socket), end) => {
            let out = if matches!(end, End::CloseReason) { out } else { VecDeque::new() };
            let _ = timeout(FAREWELL, close(&mut socket, out)).await;
        }
        (Transport::Polling(waiting), End::CloseReason) => {
            out.push_back(Frame::text(CLOSE));
            end_poll(waiting, payload(&mut out, usize::MAX), &mut orders, FAREWELL).await;
        }
        (Transport::Polling(waiting), End::Left(reply)) => {
            end_poll(waiting, NOOP.into(), &mut orders, OVERTAKEN).await;
            forget();
            let _ = reply.send(Ok(()));
        }
        (Transport::Polling(_), End::Gone) => {}
    }
    forget();
}

/// Gives the last packets to the open poll, or to the one that comes.
async fn end_poll(
    waiting: Option<PollReply>,
    last: Vec<u8>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    poll_timeout: Duration,
) {
    let next_poll = async {
        while let Some(order) = orders.recv().await {
            if let Order::Poll(reply) = order {
                return Some(reply);
            }
        }
        None
    };
    let reply = match waiting {
        Some(reply) => Some(reply),
        None => timeout(poll_timeout, next_poll).await.ok().flatten(),
    };
    if let Some(reply) = reply {
        let _ = reply.send(Ok(last.into()));
    }
}
