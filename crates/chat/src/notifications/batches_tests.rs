//! Few pushes and mails, each notification in exactly one of them, none before it is due.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const NOON: Time = Time(1_795_867_200_000_000);

fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

/// A row about a conversation (0: about none), due so many seconds after noon.
fn due(row: u128, about: u128, seconds: i64) -> Due {
    Due {
        row: RowId(Uuid::from_u128(row)),
        conversation: (about > 0).then(|| conversation(about)),
        at: NOON.plus_seconds(seconds),
        held_by: None,
    }
}

fn held(row: u128, about: u128, seconds: i64) -> Due {
    Due { held_by: Some(HeldBy::QuietHours), ..due(row, about, seconds) }
}

fn sent(about: &[u128], seconds: i64) -> Sent {
    Sent {
        at: NOON.plus_seconds(seconds),
        conversations: about.iter().map(|number| conversation(*number)).collect(),
    }
}

/// Seconds after noon, rows and form of each batch.
fn told(batches: &[Batch]) -> Vec<(i64, Vec<u128>, Form)> {
    let rows = |batch: &Batch| batch.rows.iter().map(|row| row.0.as_u128()).collect();
    batches.iter().map(|batch| ((batch.at.0 - NOON.0) / 1_000_000, rows(batch), batch.form)).collect()
}

fn pushes(due: &[Due], sent: &[Sent]) -> Vec<(i64, Vec<u128>, Form)> {
    told(&push_batches(due, sent))
}

/// The digest is two hours after noon.
fn mails(due: &[Due], sent: &[Sent]) -> Vec<(i64, Vec<u128>, Form)> {
    told(&mail_batches(due, sent, NOON.plus_seconds(7_200)))
}

use Form::{Digest, Single, Summary};

#[test]
fn pushes_come_once_in_thirty_seconds_for_each_conversation() {
    assert_eq!(pushes(&[], &[]), []);
    assert_eq!(
        pushes(&[due(2, 1, 0), due(1, 1, 0), due(3, 2, 1)], &[]),
        [(0, vec![1, 2], Single), (1, vec![3], Single)]
    );
    let burst = [due(1, 1, 5), due(2, 1, 10), due(3, 1, 40), due(4, 2, 5)];
    assert_eq!(
        pushes(&burst, &[sent(&[1], -10), sent(&[1], -100)]),
        [(5, vec![4], Single), (20, vec![1, 2], Single)]
    );
    assert_eq!(pushes(&[due(1, 1, 20)], &[sent(&[1], -10)]), [(20, vec![1], Single)]);
    assert_eq!(pushes(&[due(1, 0, 0), due(2, 0, 0)], &[sent(&[], 0)]).len(), 2, "about no conversation");
}

#[test]
fn one_push_tells_what_quiet_hours_held_back() {
    let night = [held(1, 1, 0), held(2, 2, 0), held(3, 2, 0), held(4, 3, 0), due(5, 4, 0)];
    assert_eq!(pushes(&night, &[]), [(0, vec![1, 2, 3, 4], Summary), (0, vec![5], Single)]);
    assert_eq!(pushes(&[held(1, 1, 0), held(2, 1, 0)], &[]), [(0, vec![1, 2], Single)]);
    let two_nights = [held(1, 1, 0), held(2, 2, 0), held(3, 3, 86_400), held(4, 4, 86_400)];
    assert_eq!(pushes(&two_nights, &[]), [(0, vec![1, 2], Summary), (86_400, vec![3, 4], Summary)]);
}

#[test]
fn mails_come_once_in_a_quarter_of_an_hour_for_each_conversation() {
    assert_eq!(mails(&[due(1, 1, 0), due(2, 1, 60)], &[]), [(0, vec![1], Single)]);
    assert_eq!(
        mails(&[due(2, 1, 60), due(3, 1, 899), due(4, 1, 901)], &[sent(&[7, 1], 0)]),
        [(900, vec![2, 3], Single)]
    );
}

#[test]
fn three_conversations_within_five_minutes_share_a_mail_and_wait_for_the_last() {
    let three = [due(1, 1, 0), due(2, 2, 100), due(3, 3, 300), due(4, 1, 200), due(5, 1, 301)];
    assert_eq!(mails(&three, &[]), [(300, vec![1, 2, 4, 3], Summary)]);
    assert_eq!(
        mails(&[due(1, 1, 0), due(2, 2, 300), due(3, 3, 301)], &[]).len(),
        3,
        "not within five minutes"
    );
    assert_eq!(
        mails(&[due(1, 1, 0), due(2, 2, 0), due(3, 1, 0)], &[]),
        [(0, vec![1, 3], Single), (0, vec![2], Single)]
    );
    // What is about no conversation goes alone.
    assert_eq!(mails(&[due(1, 1, 0), due(2, 2, 0), due(3, 0, 0)], &[]).len(), 3);
    // The two that are left are no three.
    let four = [due(1, 1, 0), due(2, 2, 290), due(3, 3, 310), due(4, 4, 320)];
    assert_eq!(mails(&four, &[]), [(0, vec![1], Single), (320, vec![2, 3, 4], Summary)]);
}

#[test]
fn one_mail_tells_what_quiet_hours_held_back() {
    let night = [held(1, 1, 0), held(2, 2, 0), held(3, 0, 0)];
    assert_eq!(mails(&night, &[]), [(0, vec![1, 2, 3], Summary)]);
}

#[test]
fn after_thirty_mails_in_a_day_the_rest_goes_into_the_digest() {
    let many: Vec<Sent> = (0..29).map(|number| sent(&[100 + number], -60)).collect();
    let two = [due(1, 1, 0), due(2, 2, 1)];
    assert_eq!(mails(&two, &many), [(0, vec![1], Single), (7_200, vec![2], Digest)]);
    let yesterday: Vec<Sent> = (0..40).map(|number| sent(&[100 + number], -86_400)).collect();
    assert_eq!(mails(&two, &yesterday).len(), 2);
    // In the morning the digest goes out, whatever was sent before.
    let capped = [
        Due { held_by: Some(HeldBy::DailyCap), ..due(2, 2, 7_200) },
        Due { held_by: Some(HeldBy::DailyCap), ..due(3, 3, 7_200) },
        due(4, 4, 7_200),
    ];
    let full: Vec<Sent> = (0..30).map(|number| sent(&[100 + number], 0)).collect();
    assert_eq!(mails(&capped[..2], &full), [(7_200, vec![2, 3], Digest)]);
    assert_eq!(mails(&capped, &[]), [(7_200, vec![4], Single), (7_200, vec![2, 3], Digest)]);
}

#[test]
fn a_mail_shows_the_last_ten_messages() {
    let all: Vec<usize> = (0..25).collect();
    assert_eq!(shown_messages(&all), (15, &all[15..]));
    assert_eq!(shown_messages(&all[..10]), (0, &all[..10]));
    assert_eq!(shown_messages::<usize>(&[]), (0, &[][..]));
}

/// What went out, when, and which rows it told.
type Out = Vec<(Batch, Vec<Due>)>;

/// Sends everything, a batch at a time, as a worker would.
fn run(mut left: Vec<Due>, plan: impl Fn(&[Due], &[Sent]) -> Vec<Batch>) -> Out {
    let (mut sent, mut out) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let next = plan(&left, &sent).remove(0);
        let (told, others): (Vec<Due>, Vec<Due>) = left.iter().partition(|due| next.rows.contains(&due.row));
        let by_cap = |due: &Due| due.held_by == Some(HeldBy::DailyCap);
        if next.form == Digest && !told.iter().any(by_cap) {
            // Put off, once.
            let moved = told.iter().map(|due| Due { held_by: Some(HeldBy::DailyCap), at: next.at, ..*due });
            left = others.into_iter().chain(moved).collect();
            continue;
        }
        left = others;
        let conversations = told.iter().filter_map(|due| due.conversation).collect();
        sent.push(Sent { at: next.at, conversations });
        out.push((next, told));
    }
    out
}

fn any_due() -> impl Strategy<Value = Vec<Due>> {
    let one = (0..6_u128, 0..4_000_i64, prop_oneof![4 => Just(None), 1 => Just(Some(HeldBy::QuietHours))]);
    proptest::collection::vec(one, 0..120).prop_map(|all| {
        let rows = all.into_iter().zip(1..);
        rows.map(|((about, seconds, held_by), row)| match held_by {
            Some(_) => held(row, about, 2_000),
            None => due(row, about, seconds),
        })
        .collect()
    })
}

/// Every row once, and not before it was due.
fn once_each_and_in_time(all: &[Due], out: &Out) -> Result<(), TestCaseError> {
    let mut told: Vec<RowId> = out.iter().flat_map(|(batch, _)| batch.rows.clone()).collect();
    told.sort_unstable();
    let rows: Vec<RowId> = all.iter().map(|due| due.row).collect();
    prop_assert_eq!(told, rows);
    for (batch, rows) in out {
        prop_assert!(rows.iter().all(|due| due.at <= batch.at));
    }
    Ok(())
}

/// The least seconds between two that tell of one conversation, the digest aside.
fn least_gap(out: &Out) -> i64 {
    let mut gaps = Vec::new();
    for number in 1..6 {
        let tells = |told: &&(Batch, Vec<Due>)| {
            let about = |due: &Due| due.conversation == Some(conversation(number));
            told.0.form != Digest && told.1.iter().any(about)
        };
        let times: Vec<i64> = out.iter().filter(tells).map(|(batch, _)| batch.at.0 / 1_000_000).collect();
        gaps.extend(times.windows(2).map(|pair| pair[1] - pair[0]));
    }
    gaps.into_iter().min().unwrap_or(i64::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_push_comes_once_and_in_time(all in any_due()) {
        let out = run(all.clone(), push_batches);
        once_each_and_in_time(&all, &out)?;
        prop_assert!(least_gap(&out) >= 30);
    }

    #[test]
    fn every_mail_comes_once_and_in_time_and_no_more_than_thirty_a_day(all in any_due()) {
        let digest = NOON.plus_seconds(7_200);
        let out = run(all.clone(), |due, sent| mail_batches(due, sent, digest));
        once_each_and_in_time(&all, &out)?;
        prop_assert!(least_gap(&out) >= 900);
        prop_assert!(out.iter().filter(|(batch, _)| batch.form != Digest).count() <= 30);
        prop_assert!(out.iter().filter(|(batch, _)| batch.form == Digest).count() <= 1);
    }
}
