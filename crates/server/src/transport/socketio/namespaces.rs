//! Owns: Socket.IO over a session: who has joined which namespace, and the rules that every client keeps.
//! Must not know: transports, or what events mean.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all, select_all};
use parlor_realtime::protocol::engineio::{Frame, Malformed};
use parlor_realtime::protocol::socketio::{
    Body, Decoder, Event, INVALID_NAMESPACE, Packet, connected, disconnected, refused,
};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::wire::{Message, Step, Wire};

/// Answers that may wait before no more packets are taken.
const MOST_ANSWERS: usize = 16;

/// Somebody who has opened a session and may join namespaces.
pub trait Client: Send {
    /// What is behind a namespace for this client; `None` when there is no such namespace. `auth` is what the client
    /// proves itself with.
    fn join(&mut self, namespace: &str, auth: Map<String, Value>) -> Option<Box<dyn Socket>>;
}

/// A client in one namespace.
pub trait Socket: Send {
    /// Takes an event. None comes before [`Outgoing::Accepted`].
    fn receive(&mut self, event: Event);

    /// Whether no more events are to be given until [`Socket::next`] has answered.
    fn is_busy(&self) -> bool;

    /// Waits for what is to be told next. May be dropped while waiting; nothing may be lost by it.
    fn next(&mut self) -> BoxFuture<'_, Outgoing>;

    /// The client has gone.
    fn end(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// What a client is told in a namespace.
#[derive(Debug)]
pub enum Outgoing {
    /// It has joined; JSON with `sid`. Comes first, and once.
    Accepted(String),
    /// It may not join; JSON with `message`. Comes first, and last.
    Refused(String),
    /// Packets.
    Send(Vec<Frame>),
    /// It is out and must not come back by itself.
    Out,
    /// The connection ends; it may come back.
    Close,
}

/// A namespace that a client is in, or on the way into.
struct Place {
    namespace: String,
    socket: Box<dyn Socket>,
    joined: bool,
}

/// The namespaces of one session.
pub struct Namespaces {
    client: Box<dyn Client>,
    decoder: Decoder,
    places: Vec<Place>,
    answers: Vec<Frame>,
    /// Those who left and have things to finish.
    leaving: Vec<BoxFuture<'static, ()>>,
    /// When somebody must have joined.
    join_by: Option<Instant>,
    stopping: watch::Receiver<bool>,
    closing: bool,
}

impl std::fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Namespaces").field("places", &self.places.len()).finish_non_exhaustive()
    }
}

impl Namespaces {
    /// The namespaces of a new session. The client has `connect_timeout` to join one; an event may carry at most
    /// `attachments`. Whoever is in no namespace goes when `stopping` turns true; the others are told by their sockets.
    #[must_use]
    pub fn new(
        client: Box<dyn Client>,
        connect_timeout: Duration,
        attachments: usize,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            client,
            decoder: Decoder::new(attachments),
            places: Vec::new(),
            answers: Vec::new(),
            leaving: Vec::new(),
            join_by: Some(Instant::now() + connect_timeout),
            stopping,
            closing: false,
        }
    }

    fn place(&self, namespace: &str) -> Option<usize> {
        self.places.iter().position(|place| place.namespace == namespace)
    }

    fn take(&mut self, packet: Packet) -> Result<(), Malformed> {
        let at = self.place(&packet.namespace);
        match (packet.body, at) {
            (Body::Connect(auth), None) => {
                self.join(packet.namespace, auth);
                Ok(())
            }
            (Body::Disconnect, Some(at)) => {
                self.leave(at);
                Ok(())
            }
            (Body::Event(event), Some(at)) => {
                if let Some(place) = self.places.get_mut(at) {
                    place.socket.receive(event);
                }
                Ok(())
            }
            // We ask for no acknowledgements.
            (Body::Ack(_), Some(_)) => Ok(()),
            (Body::Connect(_), Some(_)) | (_, None) => Err(Malformed),
        }
    }

    fn join(&mut self, namespace: String, auth: Map<String, Value>) {
        match self.client.join(&namespace, auth) {
            Some(socket) => self.places.push(Place { namespace, socket, joined: false }),
            None => self.answers.push(refused(&namespace, INVALID_NAMESPACE)),
        }
    }

    fn leave(&mut self, at: usize) {
        let place = self.places.swap_remove(at);
        self.leaving.push(place.socket.end());
    }

    async fn step(&mut self) -> Step {
        loop {
            if !self.answers.is_empty() {
                return Step::Send(std::mem::take(&mut self.answers));
            }
            if self.closing {
                return Step::Close;
            }
            let (join_by, nowhere) = (self.join_by, self.places.is_empty());
            tokio::select! {
                (at, told) = first(&mut self.places) => {
                    if let Some(frames) = self.tell(at, told) {
                        return Step::Send(frames);
                    }
                }
                () = finish(&mut self.leaving) => {}
                () = stopped(&mut self.stopping), if nowhere => self.closing = true,
                () = reached(join_by) => {
                    self.join_by = None;
                    self.closing = !self.places.iter().any(|place| place.joined);
                }
            }
        }
    }

    fn tell(&mut self, at: usize, told: Outgoing) -> Option<Vec<Frame>> {
        let place = self.places.get_mut(at)?;
        match told {
            Outgoing::Send(frames) => return Some(frames),
            Outgoing::Accepted(data) => {
                place.joined = true;
                self.join_by = None;
                return Some(vec![connected(&place.namespace, &data)]);
            }
            Outgoing::Refused(data) => {
                self.answers.push(refused(&place.namespace, &data));
                self.leave(at);
            }
            Outgoing::Out => {
                self.answers.push(disconnected(&place.namespace));
                self.leave(at);
                self.closing = true;
            }
            Outgoing::Close => self.closing = true,
        }
        None
    }
}

impl Wire for Namespaces {
    fn receive(&mut self, message: Message<'_>) -> Result<(), Malformed> {
        let packet = match message {
            Message::Text(text) => self.decoder.text(text)?,
            Message::Binary(bytes) => self.decoder.binary(bytes)?,
        };
        packet.map_or(Ok(()), |packet| self.take(packet))
    }

    fn is_busy(&self) -> bool {
        // Whoever is on the way in has its events kept until it is.
        let waits = |place: &Place| !place.joined || place.socket.is_busy();
        self.answers.len() >= MOST_ANSWERS || self.places.iter().any(waits)
    }

    fn next(&mut self) -> BoxFuture<'_, Step> {
        Box::pin(self.step())
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        let mut ends = self.leaving;
        ends.extend(self.places.into_iter().map(|place| place.socket.end()));
        Box::pin(async move {
            join_all(ends).await;
        })
    }
}

/// What the first of them is to be told.
async fn first(places: &mut [Place]) -> (usize, Outgoing) {
    match places {
        [] => std::future::pending().await,
        [place] => (0, place.socket.next().await),
        places => {
            let waiting = places.iter_mut().map(|place| place.socket.next());
            let (told, at, _) = select_all(waiting).await;
            (at, told)
        }
    }
}

/// Lets one of those who left finish.
async fn finish(leaving: &mut Vec<BoxFuture<'static, ()>>) {
    if leaving.is_empty() {
        std::future::pending::<()>().await;
    }
    let ((), at, _) = select_all(leaving.iter_mut()).await;
    drop(leaving.swap_remove(at));
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
