//! Owns: the bytes of the event stream, and the ids of Parlor's own events. Fields stand in the order in which other
//! hubs write them: event, retry, id, data.

use bytes::Bytes;
use parlor_chat::events::Event;
use parlor_chat::publications::Publication;

const PLACE: &str = "urn:parlor:";

/// A comment: keeps connections open, and tells a browser that it is connected.
pub const COMMENT: &str = ":\n";

/// One event of the stream. `name` and `id` have no line breaks; each line of `data` gets a line of its own.
#[must_use]
pub fn update(name: Option<&str>, retry: Option<u64>, id: Option<&str>, data: &str) -> Bytes {
    let mut lines = String::with_capacity(data.len() + 96);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        lines.extend(["event: ", name, "\n"]);
    }
    if let Some(retry) = retry.filter(|retry| *retry > 0) {
        lines.push_str(&format!("retry: {retry}\n"));
    }
    if let Some(id) = id {
        lines.extend(["id: ", id, "\n"]);
    }
    let mut rest = data;
    loop {
        let end = rest.find(['\r', '\n']);
        lines.extend(["data: ", &rest[..end.unwrap_or(rest.len())], "\n"]);
        let Some(end) = end else { break };
        rest = &rest[end + if rest[end..].starts_with("\r\n") { 2 } else { 1 }..];
    }
    lines.push('\n');
    Bytes::from(lines)
}

/// Moves the client's `Last-Event-ID` on without an event.
#[must_use]
pub fn advance(epoch: i64, seq: i64) -> String {
    format!(":\nid: {}\n\n", id(epoch, seq))
}

/// The id of one of Parlor's own events: where it is in the tenant's log.
#[must_use]
pub fn id(epoch: i64, seq: i64) -> String {
    format!("{PLACE}{epoch}:{seq}")
}

/// Whether it is the id of an event of some Parlor.
#[must_use]
pub fn is_place(id: &str) -> bool {
    id.starts_with(PLACE)
}

/// The epoch and the place that such an id names.
#[must_use]
pub fn place(id: &str) -> Option<(i64, i64)> {
    let (epoch, seq) = id.strip_prefix(PLACE)?.split_once(':')?;
    Some((epoch.parse().ok()?, seq.parse().ok().filter(|seq| *seq >= 0)?))
}

/// An event as everybody who gets it gets it.
#[must_use]
pub fn event(event: &Event, epoch: i64) -> Bytes {
    match event.publication.as_deref() {
        Some(Publication::Topics { data, id, name, retry, .. }) => {
            update(name.as_deref(), *retry, Some(id.as_str()).filter(|_| !event.is_ephemeral()), data)
        }
        _ if event.is_ephemeral() => update(None, None, None, &event.json),
        _ => update(None, None, Some(&id(epoch, event.seq)), &event.json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transcript beside this file; the escapes of Rust show line ends.
    #[test]
    fn transcript() {
        let lines = [
            COMMENT.to_owned(),
            text(&update(None, None, Some("urn:uuid:1"), "{\"a\":1}")),
            text(&update(Some("book"), Some(500), Some("x"), "one\r\ntwo\rthree\nfour\n\n")),
            text(&update(Some(""), Some(0), None, "")),
            text(&update(None, None, Some("1"), "data: not\nevent: a field\r\r\n")),
            advance(7, 12),
        ];
        let found = lines.map(|line| format!("{line:?}")).join("\n");
        assert_eq!(found.trim(), include_str!("wire.golden").trim(), "\n{found}\n");
    }

    fn text(bytes: &Bytes) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    proptest::proptest! {
        /// Whatever is sent, a reader of the stream finds one event with these lines and no field of the sender's.
        #[test]
        fn data_stays_data(data in "[a-z:\\r\\n \0é]{0,40}", name in "[a-z\u{e9}]{0,5}") {
            let wire = text(&update(Some(&name), None, Some("id"), &data));
            proptest::prop_assert!(wire.ends_with("\n\n"));
            let lines: Vec<_> = wire[..wire.len() - 2].split('\n').collect();
            let is_data = |line: &&&str| line.starts_with("data: ");
            let found: Vec<_> = lines.iter().filter(is_data).map(|line| &line[6..]).collect();
            let wanted = data.replace("\r\n", "\n").replace('\r', "\n");
            proptest::prop_assert_eq!(found.join("\n"), wanted);
            let others = lines.len() - found.len();
            proptest::prop_assert_eq!(others, 1 + usize::from(!name.is_empty()));
            proptest::prop_assert!(!wire.contains('\r'));
        }
    }

    #[test]
    fn places() {
        assert_eq!(place(&id(3, 9)), Some((3, 9)));
        for junk in ["", "urn:parlor:", "urn:parlor:1", "urn:parlor:1:-2", "urn:parlor:1:2:3", "urn:uuid:1"] {
            assert_eq!(place(junk), None, "{junk}");
        }
    }
}
