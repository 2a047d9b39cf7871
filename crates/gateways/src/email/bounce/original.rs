//! The message that a report is about. Owns: where its Message-ID and the address that the report came back to are looked
//! for, and how many of each are kept.
//!
//! Must not know: whether any of them is Parlor's.

use super::super::parts::Part;

/// Ids and addresses beyond these are not kept: one of Parlor's stands among the first.
const MOST: usize = 20;
const LONGEST: usize = 998;

/// What is known of the message that a report is about, most telling first. Each is a claim of the report's author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// Message-IDs with their angle brackets: of the copy in the report, then of what the report says that it answers.
    pub message_ids: Vec<String>,
    /// The addresses that the report was sent to. One of them is the envelope sender of the message.
    pub returned_to: Vec<String>,
}

/// Looks through the whole report.
pub fn find(parts: &[Part<'_>]) -> Original {
    let mut original = Original::default();
    let (own, copies): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.attached == 0);
    for copy in copies {
        add_ids(&mut original, copy.fields.raw("Message-ID"));
    }
    for part in own.iter().filter(|part| part.leaf) {
        add_ids_in_text(&mut original, &part.text());
    }
    let fields = &parts[0].fields;
    for name in ["In-Reply-To", "References"] {
        add_ids(&mut original, fields.raw(name));
    }
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"] {
        for (_, address) in fields.mailboxes(name) {
            keep(&mut original.returned_to, &address);
        }
    }
    original
}

/// In a text without structure: what follows a word like `Message-ID:`, also on the next line.
fn add_ids_in_text(original: &mut Original, text: &str) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(['>', ' ', '\t']);
        let named = line.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("message-id:"));
        if named {
            let folded =
                lines.peek().filter(|next| next.starts_with([' ', '\t'])).copied().unwrap_or_default();
            add_ids(original, Some(format!("{line} {folded}")));
        }
    }
}

fn add_ids(original: &mut Original, field: Option<String>) {
    for piece in field.unwrap_or_default().split('<').skip(1) {
        if let Some((id, _)) = piece.split_once('>')
            && id.contains('@')
        {
            keep(&mut original.message_ids, &format!("<{id}>"));
        }
    }
}

fn keep(list: &mut Vec<String>, text: &str) {
    let clean = !text.is_empty()
        && text.len() <= LONGEST
        && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    if clean && list.len() < MOST && !list.iter().any(|kept| kept == text) {
        list.push(text.to_owned());
    }
}
