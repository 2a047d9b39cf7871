//! What must hold of everything that strangers may send, whatever it is: one property per reader. A property panics when it
//! does not hold. They run over the files of `corpus/` in the tests, and over what libFuzzer makes of them with
//! `make fuzz` (`engine/`). Must not know: how inputs are made.

use std::str;

mod chat;
mod realtime;
mod websocket;

/// A property, asked about one input.
pub type Property = fn(&[u8]);

/// Every property by its name, which is that of its folder in `corpus/`.
pub const TARGETS: &[(&str, Property)] = &[
    ("markdown", chat::markdown),
    ("mentions", chat::mentions),
    ("search", chat::search),
    ("cursors", chat::cursors),
    ("pusher", realtime::pusher),
    ("mercure", realtime::mercure),
    ("engineio", realtime::engineio),
    ("websocket", websocket::websocket),
];

/// The input as a text; most readers are given nothing else.
fn text(input: &[u8]) -> &str {
    match str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&input[..error.valid_up_to()]).unwrap_or_default(),
    }
}
