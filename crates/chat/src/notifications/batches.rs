//! What is due for one person, put together into few pushes and mails. Must not know: rows, or how anything is sent. Who
//! sends a batch hands in what is left after it, and what was sent, the next time.

use crate::{
    ids::{ConversationId, RowId},
    time::Time,
};

/// A notification that is due by one way.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// The notification.
    pub row: RowId,
    /// The conversation that it is about, if it is about one.
    pub conversation: Option<ConversationId>,
    /// When it is due.
    pub at: Time,
    /// What moved it to that time.
    pub held_by: Option<HeldBy>,
}

/// What moves a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Its own time was in quiet hours, and this is their end.
    QuietHours,
    /// There were too many mails on its day, and this is the time of the digest.
    DailyCap,
}

/// A push or a mail that has gone out.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it went out.
    pub at: Time,
    /// The conversations that it told of.
    pub conversations: Vec<ConversationId>,
}

/// One push or mail to send, not before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// When it goes out.
    pub at: Time,
    /// What it tells of, in the order in which it was due.
    pub rows: Vec<RowId>,
    /// In which form.
    pub form: Form,
}

/// In which form a batch is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One conversation, or one notification about none.
    Single,
    /// Several conversations at once.
    Summary,
    /// The rest of a day with too many mails. Rows that come into it for the first time are held by the cap from then on.
    Digest,
}

/// The most messages that a mail shows of a conversation.
pub const MESSAGES_IN_MAIL: usize = 10;

const PUSH_SPACING: i64 = 30;
const MAIL_SPACING: i64 = 15 * 60;
/// Mails that are due within this time go out as one, if they are about so many conversations.
const MAIL_WINDOW: i64 = 5 * 60;
const MANY_CONVERSATIONS: usize = 3;
const DAY: i64 = 24 * 3_600;
const MAILS_A_DAY: usize = 30;

/// The next push of each conversation: at most one in thirty seconds, and one of all that quiet hours held back.
/// `sent`: the pushes of the last thirty seconds.
#[must_use]
pub fn push_batches(due: &[Due], sent: &[Sent]) -> Vec<Batch> {
    let (held, others) = by_quiet_hours(groups(due, sent, PUSH_SPACING));
    let mut batches = summaries(held);
    batches.extend(others.into_iter().map(|group| batch(vec![group])));
    batches.sort_by_key(|batch| batch.at);
    batches
}

/// The next mail of each conversation: at most one in a quarter of an hour; one of three and more conversations that are
/// due within five minutes, and of all that quiet hours held back; thirty within 24 hours, and the rest in one at
/// `digest_at`. Nothing goes out before it is due. `sent`: the mails of the last 24 hours.
#[must_use]
pub fn mail_batches(due: &[Due], sent: &[Sent], digest_at: Time) -> Vec<Batch> {
    let (capped, own): (Vec<Due>, Vec<Due>) =
        due.iter().partition(|due| due.held_by == Some(HeldBy::DailyCap));
    let (held, others) = by_quiet_hours(groups(&own, sent, MAIL_SPACING));
    let (alone, conversations): (Vec<Group>, Vec<Group>) =
        others.into_iter().partition(|group| group.conversation.is_none());
    let mut batches = summaries(held);
    batches.extend(alone.into_iter().map(|group| batch(vec![group])));
    batches.extend(joined(&conversations, &own));
    batches.sort_by_key(|batch| batch.at);
    let mut batches = within_cap(batches, sent, digest_at);
    let capped_at = capped.iter().map(|due| due.at).min();
    batches.extend(capped_at.map(|at| Batch { at, rows: rows(&capped, at), form: Form::Digest }));
    batches.sort_by_key(|batch| batch.at);
    batches
}

/// The messages that a mail shows, which are the last ones, and how many it leaves out.
#[must_use]
pub fn shown_messages<T>(unread: &[T]) -> (usize, &[T]) {
    let left_out = unread.len().saturating_sub(MESSAGES_IN_MAIL);
    (left_out, &unread[left_out..])
}

/// What may be told at once: all of a conversation, or one notification about none.
struct Group {
    conversation: Option<ConversationId>,
    at: Time,
    rows: Vec<RowId>,
    quiet: bool,
}

/// Each conversation's rows that are due by the time when it may be told of again.
fn groups(due: &[Due], sent: &[Sent], spacing: i64) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for first in in_order(due) {
        let same = |other: &Due| match first.conversation {
            Some(_) => other.conversation == first.conversation,
            None => other.row == first.row,
        };
        if first.conversation.is_some() && groups.iter().any(|group| group.conversation == first.conversation)
        {
            continue;
        }
        let told =
            sent.iter().filter(|sent| first.conversation.is_some_and(|id| sent.conversations.contains(&id)));
        let free = told.map(|sent| sent.at.plus_seconds(spacing)).max();
        let at = free.map_or(first.at, |free| free.max(first.at));
        let same: Vec<Due> = due.iter().copied().filter(same).collect();
        let quiet = at == first.at && first.held_by == Some(HeldBy::QuietHours);
        groups.push(Group { conversation: first.conversation, at, rows: rows(&same, at), quiet });
    }
    groups
}

/// Earliest first; of two at the same time the one with the lower id, which is the older.
fn in_order(due: &[Due]) -> Vec<Due> {
    let mut due = due.to_vec();
    due.sort_by_key(|due| (due.at, due.row));
    due
}

/// Those that are due by then.
fn rows(due: &[Due], by: Time) -> Vec<RowId> {
    in_order(due).iter().filter(|due| due.at <= by).map(|due| due.row).collect()
}

fn by_quiet_hours(groups: Vec<Group>) -> (Vec<Group>, Vec<Group>) {
    groups.into_iter().partition(|group| group.quiet)
}

/// One batch for each end of quiet hours.
fn summaries(mut held: Vec<Group>) -> Vec<Batch> {
    held.sort_by_key(|group| group.at);
    let mut batches = Vec::new();
    while let Some(first) = held.first() {
        let later = held.partition_point(|group| group.at <= first.at);
        batches.push(batch(held.drain(..later).collect()));
    }
    batches
}

fn batch(groups: Vec<Group>) -> Batch {
    let form = if groups.len() > 1 { Form::Summary } else { Form::Single };
    let at = groups.iter().map(|group| group.at).max().unwrap_or(Time(0));
    Batch { at, rows: groups.into_iter().flat_map(|group| group.rows).collect(), form }
}

/// Mails of conversations: many that are due soon after each other wait for the last of them and go out as one.
fn joined(conversations: &[Group], due: &[Due]) -> Vec<Batch> {
    let mut left: Vec<&Group> = conversations.iter().collect();
    left.sort_by_key(|group| group.at);
    let mut batches = Vec::new();
    while let Some(first) = left.first() {
        let until = first.at.plus_seconds(MAIL_WINDOW);
        let near = left.partition_point(|group| group.at <= until);
        let many = near >= MANY_CONVERSATIONS;
        let together: Vec<&Group> = left.drain(..if many { near } else { 1 }).collect();
        let Some(at) = together.last().map(|group| group.at) else { break };
        let of_these = |due: &&Due| together.iter().any(|group| group.conversation == due.conversation);
        let theirs: Vec<Due> = due.iter().filter(of_these).copied().collect();
        let form = if many { Form::Summary } else { Form::Single };
        batches.push(Batch { at, rows: rows(&theirs, at), form });
    }
    batches
}

/// The batches in order of time, with those beyond the cap put into the digest.
fn within_cap(batches: Vec<Batch>, sent: &[Sent], digest_at: Time) -> Vec<Batch> {
    let mut times: Vec<Time> = sent.iter().map(|sent| sent.at).collect();
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for batch in batches {
        let day_before = batch.at.plus_seconds(-DAY);
        if times.iter().filter(|at| **at > day_before).count() < MAILS_A_DAY {
            times.push(batch.at);
            kept.push(batch);
        } else {
            rest.extend(batch.rows);
        }
    }
    if !rest.is_empty() {
        kept.push(Batch { at: digest_at, rows: rest, form: Form::Digest });
    }
    kept
}

#[cfg(test)]
#[path = "batches_tests.rs"]
mod tests;
