//! Terms of the index that no text has: where a message is, who wrote it, what it has, when it came. A search that is
//! limited by these walks the messages that have them, and no others. Owns how they are spelled.

use crate::{
    ids::{ConversationId, PersonId},
    kinds::Kind,
    time::Time,
};

use super::{Entry, Has, terms::MARK};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days of a span, as a power of two.
const SPAN: u32 = 5;
/// How many terms a query about times may have; beyond it the rows are looked at instead.
const MOST: i64 = 2_000;

/// Every mark of a message.
pub(super) fn of(place: &Entry) -> Vec<String> {
    let day = place.at.0.div_euclid(DAY);
    let mut marks = vec![
        conversation(place.conversation),
        author(place.author),
        kind(place.kind),
        of_day(day),
        of_span(day >> SPAN),
    ];
    marks.extend(place.has.iter().map(|has| self::has(*has)));
    marks
}

pub(super) fn conversation(id: ConversationId) -> String {
    format!("{MARK}c{}", id.0.simple())
}

pub(super) fn author(id: PersonId) -> String {
    format!("{MARK}a{}", id.0.simple())
}

pub(super) fn kind(kind: Kind) -> String {
    format!("{MARK}k{}", kind.name().replace('_', ""))
}

pub(super) fn has(has: Has) -> String {
    format!("{MARK}h{}", has.name())
}

/// What no message has.
pub(super) fn nowhere() -> String {
    format!("{MARK}nowhere")
}

/// Of which every message of the days from `first` to `last` has one, and no other: whole spans, and the single days
/// before and after them. None where that would be too many.
pub(super) fn between(first: Time, last: Time) -> Option<Vec<String>> {
    let (first, last) = (first.0.div_euclid(DAY), last.0.div_euclid(DAY));
    if (last - first) >> SPAN > MOST {
        return None;
    }
    let length = 1_i64 << SPAN;
    let mut marks = Vec::new();
    let mut day = first;
    while day <= last {
        let whole = day % length == 0 && day + length - 1 <= last;
        marks.push(if whole { of_span(day >> SPAN) } else { of_day(day) });
        day += if whole { length } else { 1 };
    }
    Some(marks)
}

/// Terms hold letters and digits: a minus would cut one.
fn number(n: i64) -> String {
    if n < 0 { format!("b{}", -n) } else { n.to_string() }
}

fn of_day(day: i64) -> String {
    format!("{MARK}d{}", number(day))
}

fn of_span(span: i64) -> String {
    format!("{MARK}s{}", number(span))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn days_and_spans_cover_what_they_should(first in -900_i64..900, days in 0_i64..400, at in -1_000_i64..1_400) {
            let marks = between(Time(first * DAY), Time((first + days) * DAY + 7)).unwrap();
            let hits = marks.iter().filter(|mark| [of_day(at), of_span(at >> SPAN)].contains(mark)).count();
            prop_assert_eq!(hits, usize::from((first..=first + days).contains(&at)));
            prop_assert!(marks.len() <= 62 + 400 / 32);
        }
    }

    #[test]
    fn all_of_time_is_not_spelled_out() {
        assert_eq!(between(Time(i64::MIN), Time(i64::MAX)), None);
    }
}
