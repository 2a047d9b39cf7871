//! What a push tells the service worker: enough to show it, no secrets, well below what a push can carry. Must not know:
//! what a tenant allows to be shown, or languages: the texts are given.

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

/// What is shown, and what is done with what was shown before.
#[derive(Clone, Debug, Serialize)]
pub struct Payload<'a> {
    /// A notification with this tag replaces one with the same.
    pub tag: &'a str,
    /// The first line.
    pub title: &'a str,
    /// The text below.
    pub body: &'a str,
    /// What a click opens, as a path.
    pub url: &'a str,
    /// How many notifications this one stands for.
    pub count: u32,
    /// The number on the program's icon.
    pub badge: u32,
    /// Tags that were read elsewhere, to be closed.
    pub clear: Vec<&'a str>,
    /// When it came up, as in RFC 3339.
    pub at: &'a str,
}

/// A payload has at most so many octets.
pub const USUAL_OCTETS: usize = 1_999;
/// And when a push service calls that too large, so many.
pub const SMALL_OCTETS: usize = 600;

/// Without its texts the payload is too long already, which its path, tag or time must be to blame for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path, the tag or the time of the push is too long")]
pub struct PayloadTooLong;

const ELLIPSIS: char = '…';

impl Payload<'_> {
    /// As JSON of at most `most` octets. The title gets a fifth of them, the body a half; what is longer ends at the border
    /// of a grapheme. Of the tags to clear, as many are named as there is room for; the next push names the others.
    ///
    /// # Errors
    /// When it is too long without its texts.
    pub fn encode(&self, most: usize) -> Result<Vec<u8>, PayloadTooLong> {
        let bare = Payload { title: "", body: "", clear: Vec::new(), ..*self };
        let room = most.checked_sub(octets(&bare)?).ok_or(PayloadTooLong)?;
        let title = shortened(self.title, room.min(most / 5))?;
        let body = shortened(self.body, (room - inner(&title)?).min(most / 2))?;
        let mut room = room - inner(&title)? - inner(&body)?;
        let mut clear = Vec::new();
        for tag in &self.clear {
            // With the comma.
            let Some(left) = room.checked_sub(octets(tag)? + 1) else { break };
            room = left;
            clear.push(*tag);
        }
        json(&Payload { title: &title, body: &body, clear, ..*self })
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, PayloadTooLong> {
    serde_json::to_vec(value).map_err(|_| PayloadTooLong)
}

fn octets(value: &impl Serialize) -> Result<usize, PayloadTooLong> {
    json(value).map(|json| json.len())
}

/// Octets of a text between its quotation marks.
fn inner(text: &str) -> Result<usize, PayloadTooLong> {
    octets(&text).map(|all| all - 2)
}

/// The text, or as many of its graphemes as fit with an ellipsis; nothing when not even that fits.
fn shortened(text: &str, most: usize) -> Result<String, PayloadTooLong> {
    if inner(text)? <= most {
        return Ok(text.to_owned());
    }
    let Some(mut room) = most.checked_sub(ELLIPSIS.len_utf8()) else { return Ok(String::new()) };
    let mut short = String::new();
    for grapheme in text.graphemes(true) {
        let Some(left) = room.checked_sub(inner(grapheme)?) else { break };
        room = left;
        short.push_str(grapheme);
    }
    short.push(ELLIPSIS);
    Ok(short)
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
