//! What a received message is that no person wrote: a delivery report, a complaint, a receipt, an automatic message. Owns:
//! `classify`, a pure function over the bytes.
//!
//! Anybody can write such a message: what it says counts only when one of `Original`'s ids or addresses carries a code
//! that Parlor made. Must not know: those codes, and what follows for a contact.

mod evidence;
mod original;
mod report;
mod status;

use super::{
    Unreadable,
    parts::{Part, parts},
};
pub use evidence::Sender;
pub use original::Original;
pub use report::{FailedRecipient, Outcome};
pub use status::EnhancedStatus;

/// What a received message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Nothing says that a person did not write it.
    Ordinary,
    /// What became of a message on its way (RFC 3464, or the text of a server that does not write such reports).
    Delivery {
        /// Whom the report names, at least one.
        recipients: Vec<FailedRecipient>,
        /// The message that the report is about.
        original: Original,
    },
    /// A recipient pressed "this is spam" (RFC 5965).
    Complaint {
        /// The kind of complaint as the report says it: `abuse`, `fraud`, `not-spam` and others.
        feedback: String,
        /// The message that the complaint is about.
        original: Original,
    },
    /// Somebody's program tells that a message was shown or deleted (RFC 8098).
    Receipt,
    /// A program wrote it: it is not answered, and nobody is notified.
    Automatic {
        /// Which kind of program.
        by: Sender,
        /// The message that it answers, if any.
        original: Original,
    },
}

/// Says what a received message is.
pub fn classify(raw: &[u8]) -> Result<Incoming, Unreadable> {
    let parts = parts(raw)?;
    let own = || parts.iter().filter(|part| part.attached == 0);
    let message = &parts[0];
    let original = || original::find(&parts);
    let report = message.is("multipart/report");
    if let Some(part) = own().find(|part| part.is("message/feedback-report")).filter(|_| report) {
        let feedback =
            report::field_of_first_block(part, "Feedback-Type").unwrap_or_default().to_ascii_lowercase();
        return Ok(Incoming::Complaint { feedback, original: original() });
    }
    if report && own().any(|part| part.is("message/disposition-notification")) {
        return Ok(Incoming::Receipt);
    }
    let daemon = evidence::from_daemon(message);
    let blocks = own().filter(|part| is_delivery_status(part)).flat_map(report::recipients);
    let told: Vec<_> = blocks.take(report::MOST_RECIPIENTS).collect();
    if !told.is_empty() && (report || daemon || is_delivery_status(message)) {
        return Ok(Incoming::Delivery { recipients: told, original: original() });
    }
    if let Some(recipient) = evidence::told_in_words(&parts) {
        return Ok(Incoming::Delivery { recipients: vec![recipient], original: original() });
    }
    Ok(match evidence::automatic(message) {
        Some(by) => Incoming::Automatic { by, original: original() },
        None => Incoming::Ordinary,
    })
}

fn is_delivery_status(part: &Part<'_>) -> bool {
    part.is("message/delivery-status") || part.is("message/global-delivery-status")
}
