//! Delivery reports that machines can read: the blocks of fields of RFC 3464, one for each recipient.
//!
//! Must not know: reports in words (`evidence`).

use super::{
    super::{Address, fields::Fields, parts::Part},
    status::{EnhancedStatus, reply_class},
};

/// Recipients beyond these are not read.
pub const MOST_RECIPIENTS: usize = 100;
/// As much of a server's words as is shown to people.
const LONGEST_TEXT: usize = 500;

/// What became of the message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRecipient {
    /// As the sender wrote it, where the report knows; else where the message was last. None when it names none that
    /// can be read.
    pub address: Option<Address>,
    /// What became of it.
    pub outcome: Outcome,
    /// The code, when there is one.
    pub status: Option<EnhancedStatus>,
    /// The words of the server on one line, without control characters; may be empty.
    pub text: String,
}

/// What became of a message for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Refused for good: the address or the message is at fault.
    Permanent,
    /// Given up, and the address may be right: a full mailbox, a server that was away for days.
    Transient,
    /// Not yet delivered; the server goes on trying.
    Delayed,
    /// Delivered or handed on: no failure.
    Delivered,
}

/// The recipients that a part with delivery status names.
pub fn recipients(part: &Part<'_>) -> Vec<FailedRecipient> {
    let text = part.text();
    blocks(&text)
        .filter_map(|block| recipient(&Fields::read(block.as_bytes())))
        .take(MOST_RECIPIENTS)
        .collect()
}

/// A field of a report that has one block, on one line.
pub fn field_of_first_block(part: &Part<'_>, name: &str) -> Option<String> {
    let text = part.text();
    blocks(&text).find_map(|block| Fields::read(block.as_bytes()).raw(name)).map(|value| words(&value))
}

/// What stands between empty lines.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['\r', '\n']);
        let lf = rest.find("\n\n").map(|at| at + 1);
        let crlf = rest.find("\n\r\n").map(|at| at + 1);
        let end = lf.into_iter().chain(crlf).min().unwrap_or(rest.len());
        let (block, after) = rest.split_at(end);
        rest = after;
        (!block.is_empty()).then_some(block)
    })
}

/// None for the block about the message, and for one that says nothing of a recipient.
fn recipient(fields: &Fields) -> Option<FailedRecipient> {
    let named = ["Original-Recipient", "Final-Recipient", "X-Actual-Recipient"].map(|name| fields.raw(name));
    let action = fields.raw("Action").unwrap_or_default().to_ascii_lowercase();
    if named.iter().all(Option::is_none) && action.is_empty() {
        return None;
    }
    let diagnostic = fields.text("Diagnostic-Code").unwrap_or_default();
    // "smtp; 550 …": the kind of diagnostic tells people nothing.
    let text = words(
        diagnostic
            .split_once(';')
            .filter(|(kind, _)| !kind.contains(' '))
            .map_or(&diagnostic, |(_, text)| text),
    );
    // The field may have a comment, as in "5.1.1 (bad destination mailbox address)".
    let stated = fields.raw("Status").and_then(|status| status.split_whitespace().next()?.parse().ok());
    let status = most_telling(stated, EnhancedStatus::find(&text));
    let class = status.map(|status| status.class).or_else(|| reply_class(&text));
    Some(FailedRecipient {
        address: named.iter().flatten().find_map(|field| address_of(field)),
        outcome: outcome(&action, class),
        status,
        text,
    })
}

fn outcome(action: &str, class: Option<u8>) -> Outcome {
    match (action.split_whitespace().next().unwrap_or_default(), class) {
        ("delayed", _) => Outcome::Delayed,
        ("delivered" | "relayed" | "expanded", _) => Outcome::Delivered,
        ("failed", Some(4)) => Outcome::Transient,
        ("failed", _) => Outcome::Permanent,
        (_, Some(2)) => Outcome::Delivered,
        (_, Some(4)) => Outcome::Delayed,
        _ => Outcome::Permanent,
    }
}

/// Many servers state `5.0.0` and put the telling code into their words.
fn most_telling(stated: Option<EnhancedStatus>, said: Option<EnhancedStatus>) -> Option<EnhancedStatus> {
    match (stated, said) {
        (Some(stated), Some(said)) if stated.is_general() && said.class == stated.class => Some(said),
        (stated, said) => stated.or(said),
    }
}

/// `rfc822; ann@b.example`, also without the type and in angle brackets.
fn address_of(field: &str) -> Option<Address> {
    let address = field.rsplit_once(';').map_or(field, |(_, address)| address);
    address.trim().trim_start_matches('<').split(['>', ' ']).next()?.parse().ok()
}

/// A text of strangers on one line, not too long.
pub fn words(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST_TEXT).collect()
}
