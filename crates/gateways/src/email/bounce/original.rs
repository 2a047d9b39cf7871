//! The message that a report is about. Owns: where its Message-ID and the address that the report came back to are looked
//! for, and how many of each are kept.
//!
//! Must not know: whether any of them is Parlor's.

use super::super::{Address, MessageId, parts::Part};

/// Ids and addresses beyond these are not kept: one of Parlor's stands among the first.
const MOST: usize = 20;

/// What is known of the message that a report is about, most telling first. Each is a claim of the report's author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// Message-IDs: of the copy in the report, then of what the report says that it answers.
    pub message_ids: Vec<MessageId>,
    /// The addresses that the report was sent to. One of them is the envelope sender of the message.
    pub returned_to: Vec<Address>,
}

/// Looks through the whole report.
pub fn find(parts: &[Part<'_>]) -> Original {
    let mut original = Original::default();
    let (own, copies): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.attached == 0);
    for copy in copies {
        add_ids(&mut original, copy.fields.raw("Message-ID"));
    }
    let of_words =
        |part: &Part<'_>| part.leaf && ["text", "message", "multipart"].iter().any(|main| part.is_of(main));
    for part in own.iter().filter(|part| of_words(part)) {
        add_ids_in_text(&mut original, &part.text());
    }
    let fields = &parts[0].fields;
    for name in ["In-Reply-To", "References"] {
        add_ids(&mut original, fields.raw(name));
    }
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"] {
        for (_, address) in fields.mailboxes(name) {
            if let Ok(address) = address.parse() {
                keep(&mut original.returned_to, address);
            }
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
    for id in MessageId::all_in(&field.unwrap_or_default()) {
        keep(&mut original.message_ids, id);
    }
}

fn keep<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST && !list.contains(&item) {
        list.push(item);
    }
}
