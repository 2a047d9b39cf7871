//! Owns: the lines of the event stream (WHATWG server-sent events). An event's JSON has no line breaks.

use bytes::Bytes;
use serde_json::json;

/// Everything of an event but its `id` line, which differs by client.
#[must_use]
pub fn event(kind: &str, json: &str) -> Bytes {
    Bytes::from(format!("event: {kind}\ndata: {json}\n\n"))
}

/// The `id` line: a cursor is a position and a tail that stays the same for a client.
pub fn id(to: &mut Vec<u8>, seq: i64, tail: &str) {
    to.extend_from_slice(format!("id: {seq}.{tail}\n").as_bytes());
}

/// `ready` comes first; `reset` instead when the cursor did not serve.
#[must_use]
pub fn ready(seq: i64, tail: &str, reset: bool) -> String {
    let kind = if reset { "reset" } else { "ready" };
    let cursor = format!("{seq}.{tail}");
    format!("id: {cursor}\nevent: {kind}\ndata: {}\n\n", json!({"cursor": cursor}))
}

/// Keeps proxies awake. The `id` without data moves the client's cursor without an event.
#[must_use]
pub fn keep_alive(seq: i64, tail: &str) -> String {
    format!(": keep-alive\nid: {seq}.{tail}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcript() {
        let mut stream = ready(7, "1.sig", false);
        let mut line = Vec::new();
        id(&mut line, 8, "1.sig");
        stream.push_str(&String::from_utf8(line).unwrap());
        stream.push_str(std::str::from_utf8(&event("read", r#"{"seq":8}"#)).unwrap());
        stream.push_str(&keep_alive(12, "1.sig"));
        stream.push_str(&ready(12, "1.sig", true));
        assert_eq!(stream, include_str!("sse.golden"), "\n{stream}\n");
    }
}
