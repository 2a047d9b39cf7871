//! Writing a message: from a value to the bytes that a mail server is given. Owns: which fields a message has and in which
//! order, and what cannot be written.
//!
//! Whatever comes from people (names, subject, texts, names of files) may hold anything: it is cleaned and encoded here, so
//! that no field ends before its end and no line has more than 998 octets (RFC 5322, 2.1.1). Everything else is a type that
//! has been parsed. Must not know: templates, SMTP, when and why a message is sent.

mod body;
mod head;
mod values;

use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

use super::{Address, MessageId, parts::MOST_BYTES};
pub use body::{Attachment, Body, Html, Picture};
use head::Head;
pub use values::{InvalidValue, ListId, Mailbox, MediaType, UnsubscribeUrl};

/// Message-IDs of a conversation that are given: the first, and the last ones.
const MOST_REFERENCES: usize = 20;
/// Recipients of one message.
const MOST_RECIPIENTS: usize = 100;

/// A message to write.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// Who writes, as `Ann via Acme <support@acme.example>`.
    pub from: Mailbox,
    /// Whom it is for; at least one.
    pub to: Vec<Mailbox>,
    /// Who gets a copy.
    pub cc: Vec<Mailbox>,
    /// Where answers go: the address with the token.
    pub reply_to: Option<Address>,
    /// As it stays for the whole conversation.
    pub subject: &'a str,
    /// When it was written.
    pub date: Timestamp,
    /// Its own id, the same at every try.
    pub message_id: MessageId,
    /// The message that it answers.
    pub in_reply_to: Option<MessageId>,
    /// The messages of the conversation, oldest first.
    pub references: Vec<MessageId>,
    /// None for what a person wrote.
    pub automatic: Option<Automatic>,
    /// Names the conversation or the kind of notification, for filters.
    pub list_id: Option<ListId>,
    /// How the recipient ends mails of this type; not for single answers.
    pub unsubscribe: Option<UnsubscribeUrl>,
    /// The mark by which this instance knows its own mails (`tokens::instance_mark`).
    pub instance: &'a str,
    /// What it says, and its files.
    pub body: Body<'a>,
}

/// What kind of automatic message it is (RFC 3834, 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// A notification.
    Generated,
    /// An automatic answer to a message.
    Replied,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Nobody to write to.
    #[error("a message needs a recipient")]
    NoRecipient,
    /// Too many to write to at once.
    #[error("a message has at most 100 recipients")]
    TooManyRecipients,
    /// The mark of the instance is no word.
    #[error("the mark of the instance must be letters and digits")]
    Instance,
    /// A year that the format has no place for.
    #[error("the date is outside what a message can say")]
    Date,
    /// Too large when written.
    #[error("the message would have more than 25 MB")]
    TooLarge,
}

/// The message as bytes, lines ending with CR LF, in ASCII throughout.
pub fn compose(mail: &Mail<'_>) -> Result<Vec<u8>, Unwritable> {
    if mail.to.is_empty() {
        return Err(Unwritable::NoRecipient);
    }
    if mail.to.len() + mail.cc.len() > MOST_RECIPIENTS {
        return Err(Unwritable::TooManyRecipients);
    }
    if !(1..=64).contains(&mail.instance.len())
        || !mail.instance.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err(Unwritable::Instance);
    }
    let mut out = head(mail)?.into_bytes();
    mail.body.write(&mut out, &mail.message_id);
    if out.len() > MOST_BYTES { Err(Unwritable::TooLarge) } else { Ok(out) }
}

fn head(mail: &Mail<'_>) -> Result<String, Unwritable> {
    let mut head = Head::default();
    head.word(
        "Date",
        &rfc2822::to_string(&mail.date.to_zoned_datetime(TimeZone::UTC)).map_err(|_| Unwritable::Date)?,
    );
    head.mailboxes("From", std::slice::from_ref(&mail.from));
    if let Some(address) = &mail.reply_to {
        head.word("Reply-To", address.as_str());
    }
    head.mailboxes("To", &mail.to);
    head.mailboxes("Cc", &mail.cc);
    head.text("Subject", mail.subject);
    head.word("Message-ID", mail.message_id.as_str());
    if let Some(id) = &mail.in_reply_to {
        head.word("In-Reply-To", id.as_str());
    }
    head.words("References", references(mail).iter().map(|id| id.as_str()));
    if let Some(automatic) = mail.automatic {
        head.word(
            "Auto-Submitted",
            match automatic {
                Automatic::Generated => "auto-generated",
                Automatic::Replied => "auto-replied",
            },
        );
        // Exchange does not read Auto-Submitted.
        head.word("X-Auto-Response-Suppress", "All");
    }
    if let Some(list) = &mail.list_id {
        head.word("List-ID", &format!("<{list}>"));
    }
    if let Some(url) = &mail.unsubscribe {
        head.word("List-Unsubscribe", &format!("<{url}>"));
        head.word("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"); // RFC 8058, 3.1: exactly this
    }
    head.word("X-Parlor-Instance", mail.instance);
    head.word("MIME-Version", "1.0");
    Ok(head.finish())
}

/// Each once, oldest first, the answered one among them; of many the first and the last ones.
fn references<'a>(mail: &'a Mail<'_>) -> Vec<&'a MessageId> {
    let mut kept: Vec<&MessageId> = Vec::new();
    for id in mail.references.iter().chain(&mail.in_reply_to) {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    let surplus = kept.len().saturating_sub(MOST_REFERENCES);
    if surplus > 0 {
        kept.drain(1..=surplus);
    }
    kept
}
