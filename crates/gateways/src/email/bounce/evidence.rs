//! Reports in words, and messages of programs: what is known of servers that do not write reports for machines. Owns: the
//! senders and phrases that give them away.
//!
//! A phrase alone is never enough, because people forward such mails and write about them: the sender must be a machine.

use super::{
    super::{Address, parts::Part},
    report::{FailedRecipient, Outcome, words},
    status::{EnhancedStatus, reply_class},
};

/// As much of the body as is looked through.
const MOST_BODY: usize = 64 * 1024;

/// Local parts that never write anything but about delivery.
const DAEMONS: [&str; 2] = ["mailer-daemon", "mail.delivery.system"];
/// Local parts behind which there may be a person.
const OFFICES: [&str; 2] = ["postmaster", "mailer"];
/// Display names of daemons whose address is empty or somebody's.
const DAEMON_NAMES: [&str; 4] =
    ["mailer-daemon", "mail delivery system", "mail delivery subsystem", "mail deliver system"];

/// What subjects and bodies of reports say, in lower case.
const FAILURES: [&str; 36] = [
    "are not member",
    "could not be delivered",
    "couldn't be delivered",
    "delivery failed",
    "delivery failure",
    "delivery has failed",
    "delivery notification",
    "delivery report",
    "delivery status notification",
    "did not reach the following recipient",
    "error sending your mail",
    "failed to deliver",
    "failed permanently",
    "failure notice",
    "has been failed",
    "mail failure",
    "mail system error",
    "mailbox is full",
    "message delivery has failed",
    "non delivery",
    "not a member of this mailing list",
    "not delivered",
    "permanent error",
    "returned mail",
    "returned to sender",
    "returning message to sender",
    "trouble delivering your message",
    "unable to deliver",
    "undeliverable",
    "undelivered",
    "user unknown",
    "unzustellbar",
    "nicht zugestellt werden",
    "non remis",
    "não foi possível entregar",
    "не доставлено",
];
/// What says that the server goes on trying.
const DELAYS: [&str; 6] = [
    "delivery delayed",
    "delayed mail",
    "(delay)",
    "still being retried",
    "warning message only",
    "will be retried",
];

/// Which kind of program wrote an automatic message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// An answering machine: out of office, "we have your request".
    Responder,
    /// A mailing list or a bulk mailer.
    List,
    /// Any other: notifications, jobs.
    Program,
}

/// From a program that reports on delivery.
pub fn from_daemon(message: &Part<'_>) -> bool {
    author(message).is_none_or(|(name, address)| {
        let local = local_part(&address);
        DAEMONS.contains(&local.as_str()) || DAEMON_NAMES.contains(&name.to_lowercase().as_str())
    })
}

/// A report in words: a machine wrote it, and the more a machine may have other reasons to write, the more it must say.
pub fn told_in_words(parts: &[Part<'_>]) -> Option<FailedRecipient> {
    let message = &parts[0];
    let failed = message.fields.raw("X-Failed-Recipients");
    let subject = message.fields.text("Subject").unwrap_or_default().to_lowercase();
    let body = body(parts);
    let lower = body.to_lowercase();
    let (subject_says, body_says) = (says(&subject), says(&lower));
    let coded = EnhancedStatus::find(&body).is_some() || reply_class(&body).is_some();
    let office = author(message).is_some_and(|(_, address)| OFFICES.contains(&local_part(&address).as_str()));
    let list_server = message.fields.raw("X-MLServer").is_some();
    let answer = subject.starts_with("re:") || message.fields.raw("X-Autoreply").is_some();
    // An answering machine may say that a mailbox is full, or quote a subject that says so; it hardly does both.
    let enough = if answers(message) { subject_says && body_says } else { subject_says || body_says };
    let found = failed.is_some()
        || from_daemon(message)
        || (null_sender(message) && !answer && enough)
        || (office && subject_says && (body_says || coded))
        || (list_server && subject_says && body_says);
    if !found {
        return None;
    }
    let delayed = DELAYS.iter().any(|phrase| subject.contains(phrase) || lower.contains(phrase));
    let status = EnhancedStatus::find(&body);
    let class = status.map(|status| status.class).or_else(|| reply_class(&body));
    let outcome = match class {
        _ if delayed => Outcome::Delayed,
        Some(4) => Outcome::Transient,
        _ => Outcome::Permanent,
    };
    let stated =
        failed.as_deref().unwrap_or_default().split(',').find_map(|address| address.trim().parse().ok());
    let address = stated.or_else(|| named_in(&body, message));
    Some(FailedRecipient { address, outcome, status, text: telling_words(&body) })
}

/// Which kind of program wrote a message that reports nothing; None when a person may have.
pub fn automatic(message: &Part<'_>) -> Option<Sender> {
    let field = |name: &str| message.fields.raw(name).map(|value| value.to_ascii_lowercase());
    let precedence = field("Precedence").unwrap_or_default();
    let machines = ["X-Autoreply", "X-Autorespond", "X-Autoresponder"];
    let suppressed = field("X-Auto-Response-Suppress").unwrap_or_default();
    if answers(message)
        || precedence == "auto_reply"
        || machines.iter().any(|name| field(name).is_some_and(|value| value != "no"))
    {
        return Some(Sender::Responder);
    }
    if ["bulk", "junk", "list"].contains(&precedence.as_str()) || field("List-Id").is_some() {
        return Some(Sender::List);
    }
    if !["", "no"].contains(&submitted(message).as_str())
        || ["oof", "autoreply", "all"]
            .iter()
            .any(|word| suppressed.split([',', ' ']).any(|said| said == *word))
    {
        return Some(Sender::Program);
    }
    // Answering machines write with the null sender, so that nothing answers them (RFC 3834, 3.3).
    null_sender(message).then_some(Sender::Responder)
}

/// The keyword of Auto-Submitted (RFC 3834, 5).
fn submitted(message: &Part<'_>) -> String {
    let field = message.fields.raw("Auto-Submitted").unwrap_or_default().to_ascii_lowercase();
    field.split([';', ' ', '(']).next().unwrap_or_default().to_owned()
}

fn answers(message: &Part<'_>) -> bool {
    submitted(message) == "auto-replied"
}

fn says(text: &str) -> bool {
    FAILURES.iter().chain(&DELAYS).any(|phrase| text.contains(phrase))
}

/// Display name and address of the first From, both empty when there is none; None for `From: <>`.
fn author(message: &Part<'_>) -> Option<(String, String)> {
    if message.fields.raw("From").as_deref() == Some("<>") {
        return None;
    }
    Some(message.fields.mailboxes("From").into_iter().next().unwrap_or_default())
}

fn local_part(address: &str) -> String {
    address.split('@').next().unwrap_or_default().to_lowercase()
}

/// The envelope had no sender: `Return-Path: <>`, in the spellings that are met.
fn null_sender(message: &Part<'_>) -> bool {
    message.fields.raw("Return-Path").is_some_and(|path| {
        matches!(
            path.to_ascii_lowercase().as_str(),
            "" | "<>" | "<null>" | "<mailer-daemon>" | "mailer-daemon"
        )
    })
}

/// What the report itself says: its texts, without the copy of the message. A multipart without its boundary is text too.
fn body(parts: &[Part<'_>]) -> String {
    let texts = || {
        parts
            .iter()
            .filter(|part| part.attached == 0 && part.leaf && (part.is_of("text") || part.is_of("multipart")))
    };
    let plain: Vec<_> = texts().filter(|part| !part.is("text/html")).map(Part::text).collect();
    let mut body = if plain.is_empty() { texts().map(Part::text).collect() } else { plain }.join("\n");
    let mut end = body.len().min(MOST_BODY);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    body.truncate(end);
    body
}

/// The first address in the words of the report that is neither its sender nor its reader.
fn named_in(body: &str, message: &Part<'_>) -> Option<Address> {
    let known: Vec<String> = ["From", "To", "Reply-To"]
        .iter()
        .flat_map(|name| message.fields.mailboxes(name))
        .map(|(_, address)| address.to_lowercase())
        .collect();
    let words = body
        .split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .filter(|word| word.contains('@'));
    words
        .filter_map(|word| word.trim_matches('.').parse::<Address>().ok())
        .find(|address| address.domain().contains('.') && !known.contains(&address.as_str().to_lowercase()))
}

/// The first line with a code, else with a phrase, and the line after it; without both, how the report begins.
fn telling_words(body: &str) -> String {
    let coded = |line: &&str| EnhancedStatus::find(line).is_some() || reply_class(line).is_some();
    let lines: Vec<&str> = body.lines().filter(|line| line.contains(char::is_alphanumeric)).collect();
    let phrase = || lines.iter().position(|line| says(&line.to_lowercase()));
    let start = lines.iter().position(coded).or_else(phrase).unwrap_or(0);
    words(&lines.iter().skip(start).take(2).copied().collect::<Vec<_>>().join(" "))
}
