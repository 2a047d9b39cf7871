//! Owns: Socket.IO 5 on the wire: `<type>[<attachments>-][<namespace>,][<ack id>][JSON]` inside Engine.IO messages.
//! Must not know: who is connected, what events mean, or how packets travel.

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::engineio::{Frame, Malformed};
use crate::contracts;

/// The namespace that every client knows.
pub const MAIN: &str = "/";
/// The refusal of a namespace that does not exist.
pub const INVALID_NAMESPACE: &str = r#"{"message":"Invalid namespace"}"#;
/// Nobody's namespace is longer.
const LONGEST_NAMESPACE: usize = 255;
/// Names that client libraries keep for themselves.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// What a client says in a namespace.
#[derive(Debug)]
pub struct Packet {
    /// `/` or `/name`.
    pub namespace: String,
    /// What it says.
    pub body: Body,
}

/// The five things a client may say.
#[derive(Debug)]
pub enum Body {
    /// It joins, with what proves who it is.
    Connect(Map<String, Value>),
    /// It leaves.
    Disconnect,
    /// Something happened.
    Event(Event),
    /// It acknowledges an event of ours.
    Ack(u64),
}

/// An event of a client.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// The other arguments, a JSON array.
    pub args: String,
    /// The acknowledgement that is asked for.
    pub ack: Option<u64>,
    /// What the placeholders in `args` stand for.
    pub attachments: Vec<Bytes>,
}

impl Event {
    /// The first argument as JSON; empty when there is none.
    #[must_use]
    pub fn first(&self) -> &str {
        let args: Option<Vec<&RawValue>> = serde_json::from_str(&self.args).ok();
        args.and_then(|args| args.first().map(|arg| arg.get())).unwrap_or_default()
    }
}

/// Puts packets together from messages: a binary event is followed by its attachments.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// A packet that waits for this many more attachments.
    waiting: Option<(usize, Packet)>,
}

impl Decoder {
    /// A decoder that takes at most `limit` attachments with one event.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, waiting: None }
    }

    /// Takes a text message.
    ///
    /// # Errors
    /// Anything that a well-behaved client does not send; the connection is to be closed.
    pub fn text(&mut self, message: &str) -> Result<Option<Packet>, Malformed> {
        if self.waiting.is_some() {
            return Err(Malformed);
        }
        let (packet, attachments) = parse(message, self.limit)?;
        if attachments == 0 {
            return Ok(Some(packet));
        }
        self.waiting = Some((attachments, packet));
        Ok(None)
    }

    /// Takes a binary message.
    ///
    /// # Errors
    /// When no event waits for it.
    pub fn binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, Malformed> {
        let Some((missing, mut packet)) = self.waiting.take() else { return Err(Malformed) };
        if let Body::Event(event) = &mut packet.body {
            event.attachments.push(bytes);
        }
        if missing > 1 {
            self.waiting = Some((missing - 1, packet));
            return Ok(None);
        }
        Ok(Some(packet))
    }
}

/// The packet, and how many attachments follow it.
fn parse(message: &str, limit: usize) -> Result<(Packet, usize), Malformed> {
    let kind = message.chars().next().ok_or(Malformed)?;
    let rest = message.get(1..).ok_or(Malformed)?;
    let (attachments, rest) = match kind {
        '5' | '6' => {
            let (count, rest) = rest.split_once('-').ok_or(Malformed)?;
            (number(count)? as usize, rest)
        }
        _ => (0, rest),
    };
    if attachments > limit {
        return Err(Malformed);
    }
    let (namespace, rest) = split_namespace(rest)?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (id, data) = rest.split_at(digits);
    let id = if id.is_empty() { None } else { Some(number(id)?) };
    let body = match (kind, id) {
        ('0', None) => Body::Connect(credentials(data)?),
        ('1', None) if data.is_empty() => Body::Disconnect,
        ('2' | '5', ack) => Body::Event(event(data, ack, attachments)?),
        ('3' | '6', Some(id)) => {
            serde_json::from_str::<Vec<&RawValue>>(data).map_err(|_| Malformed)?;
            Body::Ack(id)
        }
        _ => return Err(Malformed),
    };
    Ok((Packet { namespace: namespace.to_owned(), body }, attachments))
}

fn number(digits: &str) -> Result<u64, Malformed> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().map_err(|_| Malformed) } else { Err(Malformed) }
}

/// The namespace without its query; some clients leave the comma out when nothing follows.
fn split_namespace(rest: &str) -> Result<(&str, &str), Malformed> {
    if !rest.starts_with('/') {
        return Ok((MAIN, rest));
    }
    let (name, rest) = rest.split_once(',').unwrap_or((rest, ""));
    let name = name.split_once('?').map_or(name, |(name, _)| name);
    if name.len() > LONGEST_NAMESPACE { Err(Malformed) } else { Ok((name, rest)) }
}

fn credentials(data: &str) -> Result<Map<String, Value>, Malformed> {
    if data.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(data).map_err(|_| Malformed)
}

fn event(data: &str, ack: Option<u64>, attachments: usize) -> Result<Event, Malformed> {
    let parts: Vec<&RawValue> = serde_json::from_str(data).map_err(|_| Malformed)?;
    let name = match serde_json::from_str(parts.first().ok_or(Malformed)?.get()) {
        Ok(Value::String(name)) if !RESERVED.contains(&name.as_str()) => name,
        Ok(Value::Number(name)) => name.to_string(),
        _ => return Err(Malformed),
    };
    let args = array(parts.iter().skip(1).map(|part| part.get()));
    if attachments > 0 && !placeholders_fit(&args, attachments)? {
        return Err(Malformed);
    }
    Ok(Event { name, args, ack, attachments: Vec::new() })
}

/// Whether each placeholder stands for an attachment that is announced.
fn placeholders_fit(args: &str, attachments: usize) -> Result<bool, Malformed> {
    let mut left: Vec<Value> = serde_json::from_str(args).map_err(|_| Malformed)?;
    while let Some(value) = left.pop() {
        match value {
            Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
                let place = object.get("num").and_then(Value::as_u64);
                if place.is_none_or(|place| place >= attachments as u64) {
                    return Ok(false);
                }
            }
            Value::Object(object) => left.extend(object.into_iter().map(|(_, value)| value)),
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    Ok(true)
}

/// A JSON array of what is JSON already.
pub fn array<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.into_iter().collect();
    format!("[{}]", parts.join(","))
}

/// A packet up to its JSON, in an Engine.IO message. Kinds are those of text: 2 and 3 turn into 5 and 6 when
/// attachments follow.
fn head(kind: u8, attachments: usize, namespace: &str, id: Option<u64>) -> String {
    let mut head = match attachments {
        0 => format!("4{kind}"),
        count => format!("4{}{count}-", kind + 3),
    };
    if namespace != MAIN {
        head.push_str(namespace);
        head.push(',');
    }
    if let Some(id) = id {
        head.push_str(&id.to_string());
    }
    head
}

/// The client has joined; `data` is JSON with `sid`.
#[must_use]
pub fn connected(namespace: &str, data: &str) -> Frame {
    Frame::text(head(0, 0, namespace, None) + data)
}

/// The client may not join; `data` is JSON with `message`.
#[must_use]
pub fn refused(namespace: &str, data: &str) -> Frame {
    Frame::text(head(4, 0, namespace, None) + data)
}

/// The client is out: it does not come back by itself.
#[must_use]
pub fn disconnected(namespace: &str) -> Frame {
    Frame::text(head(1, 0, namespace, None))
}

/// An event; `array` is a JSON array that begins with its name.
#[must_use]
pub fn event_frames(namespace: &str, array: &str, attachments: Vec<Bytes>) -> Vec<Frame> {
    frames(head(2, attachments.len(), namespace, None) + array, attachments)
}

/// The acknowledgement of an event; `args` is a JSON array.
#[must_use]
pub fn ack_frames(namespace: &str, id: u64, args: &str, attachments: Vec<Bytes>) -> Vec<Frame> {
    frames(head(3, attachments.len(), namespace, Some(id)) + args, attachments)
}

fn frames(text: String, attachments: Vec<Bytes>) -> Vec<Frame> {
    let mut frames = vec![Frame::text(text)];
    frames.extend(attachments.into_iter().map(Frame::Binary));
    frames
}

/// An event in the main namespace: its type, itself, and its number as the offset to recover from. What is only told
/// and not kept has no number.
#[must_use]
pub fn published(kind: &str, json: &str, seq: i64) -> Bytes {
    // The types of events need no escape.
    Bytes::from(match seq {
        0 => format!(r#"42["{kind}",{json}]"#),
        seq => format!(r#"42["{kind}",{json},"{seq}"]"#),
    })
}

/// Events of the ERP contract in the main namespace. They carry no offset: its clients take one argument.
#[must_use]
pub fn contract(events: &[contracts::erp::Event]) -> Vec<Bytes> {
    let packet = |event: &contracts::erp::Event| {
        let data = serde_json::to_string(event).ok()?;
        Some(Bytes::from(format!(r#"42["{}",{data}]"#, event.name())))
    };
    events.iter().filter_map(packet).collect()
}

#[cfg(test)]
#[path = "socketio_tests.rs"]
mod tests;
