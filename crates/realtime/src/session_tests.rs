//! The seam between history and live events, at every possible moment.

use std::sync::Arc;

use parlor_chat::events::Event;
use parlor_chat::replay::Replay;
use proptest::prelude::*;

use super::*;
use crate::testing::{access, event, tenant};

/// The log that a test reads history from.
fn page(log: &[Event], after: i64, limit: usize) -> Loaded {
    let mut events: Vec<Event> = log.iter().filter(|event| event.seq > after).cloned().collect();
    let done = events.len() <= limit;
    events.truncate(limit);
    let seen = events.last().map_or(after, |event| event.seq);
    Loaded { person: Some((access(1, &[7]), Vec::new())), replay: Replay::Events { events, seen, done } }
}

fn numbers(events: &[Arc<EncodedEvent>]) -> Vec<i64> {
    events.iter().map(|published| published.seq()).collect()
}

#[tokio::test]
async fn history_then_live_then_the_end() {
    let hub = Hub::new(|_, _| {});
    let log = vec![event(1, 7), event(2, 7), event(3, 7)];
    let mut session = Session::new(&hub, tenant(), 0, vec![5]);
    let Start::More(first) = session.load(page(&log, session.last(), 2)) else { panic!() };
    assert_eq!(first.len(), 2);
    let Start::Live(rest) = session.load(page(&log, session.last(), 2)) else { panic!() };
    assert_eq!(rest.len(), 1);
    assert_eq!(session.position(), 3);
    hub.publish(event(3, 7));
    hub.publish(event(4, 7));
    hub.publish(event(5, 8));
    assert_eq!(numbers(&session.next().await.unwrap()), [4]);
    assert_eq!(session.position(), 5, "another conversation's event moves the position on");
    hub.stop(Close::Restart);
    assert_eq!(session.next().await.unwrap_err(), Close::Restart);
}

#[tokio::test]
async fn a_reset_ends_the_session() {
    let hub = Hub::new(|_, _| {});
    let mut session = Session::new(&hub, tenant(), 99, Vec::new());
    let loaded = Loaded { person: Some((access(1, &[]), Vec::new())), replay: Replay::Reset };
    assert!(matches!(session.load(loaded), Start::Reset));
    assert_eq!(session.next().await.unwrap_err(), Close::Resync);
}

proptest! {
    /// Events are committed (and published later, in order) at random moments between the pages of the replay:
    /// the client sees each number exactly once.
    #[test]
    fn nothing_missed_nothing_twice(
        before in 0_i64..20,
        steps in prop::collection::vec((0_usize..4, 0_usize..4), 0..12),
        limit in 1_usize..5,
        start in 0_i64..20,
    ) {
        let hub = Hub::new(|_, _| {});
        let mut log: Vec<Event> = (1..=before).map(|seq| event(seq, 7)).collect();
        let mut published = log.len();
        let start = start.min(before);
        let mut session = Session::new(&hub, tenant(), start, Vec::new());
        let mut seen = Vec::new();
        let mut live = false;
        let mut steps = steps.into_iter();
        loop {
            let step = steps.next();
            let (commits, publishes) = step.unwrap_or((0, 100));
            for _ in 0..commits {
                log.push(event(log.len() as i64 + 1, 7));
            }
            for event in log.iter().skip(published).take(publishes) {
                hub.publish(event.clone());
            }
            published = log.len().min(published + publishes);
            if !live {
                match session.load(page(&log, session.last(), limit)) {
                    Start::More(events) => seen.extend(events.iter().map(|event| event.seq)),
                    Start::Live(events) => {
                        seen.extend(events.iter().map(|event| event.seq));
                        live = true;
                    }
                    Start::Reset => prop_assert!(false),
                }
            } else if step.is_none() {
                break;
            }
        }
        hub.stop(Close::Restart);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        while let Ok(events) = runtime.block_on(session.next()) {
            seen.extend(numbers(&events));
        }
        prop_assert_eq!(seen, (start + 1..=log.len() as i64).collect::<Vec<_>>());
    }
}
