//! When somebody's digest is due. Must not know: what stands in it.

use jiff::ToSpan;
use jiff::civil::{Weekday, time};

use crate::{time::Time, words::words, zone::Zone};

words! {
    /// How often somebody wants a digest.
    #[derive(Default)]
    pub enum Digest asked as "digest" {
        /// Never.
        #[default]
        Off = "off",
        /// Every morning.
        Daily = "daily",
        /// Every Monday morning.
        Weekly = "weekly",
    }
}

/// The local hour of digests.
const HOUR: i8 = 8;

/// When the next one after `now` is due: at 8:00 where the person is. None when there is none.
#[must_use]
pub fn digest_at(now: Time, zone: &Zone, digest: Digest) -> Option<Time> {
    let today = zone.local(now)?.date();
    let wanted = |weekday| match digest {
        Digest::Off => false,
        Digest::Daily => true,
        Digest::Weekly => weekday == Weekday::Monday,
    };
    // A week from today is needed when today's has gone out.
    (0..=7)
        .filter_map(|days| today.checked_add(days.days()).ok())
        .filter(|day| wanted(day.weekday()))
        .filter_map(|day| zone.first(day.to_datetime(time(HOUR, 0, 0, 0))))
        .find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_due_at_eight_where_the_person_is() {
        for (zone, digest, now, expected) in [
            ("Europe/Vienna", Digest::Off, "2026-11-28T06:59:59Z", None),
            ("Europe/Vienna", Digest::Daily, "2026-11-28T06:59:59Z", Some("2026-11-28T07:00:00Z")),
            ("Europe/Vienna", Digest::Daily, "2026-11-28T07:00:00Z", Some("2026-11-29T07:00:00Z")),
            // Saturday to Monday; on Monday itself; just after.
            ("Europe/Vienna", Digest::Weekly, "2026-11-28T12:00:00Z", Some("2026-11-30T07:00:00Z")),
            ("Europe/Vienna", Digest::Weekly, "2026-11-30T06:00:00Z", Some("2026-11-30T07:00:00Z")),
            ("Europe/Vienna", Digest::Weekly, "2026-11-30T07:00:00Z", Some("2026-12-07T07:00:00Z")),
            // The nights in which the clock is changed: 8:00 stays 8:00.
            ("Europe/Vienna", Digest::Daily, "2026-03-28T12:00:00Z", Some("2026-03-29T06:00:00Z")),
            ("Europe/Vienna", Digest::Daily, "2026-10-24T12:00:00Z", Some("2026-10-25T07:00:00Z")),
            // Where it is tomorrow already, and where it is still yesterday.
            ("Pacific/Auckland", Digest::Daily, "2026-11-28T18:30:00Z", Some("2026-11-28T19:00:00Z")),
            ("Pacific/Honolulu", Digest::Weekly, "2026-11-30T12:00:00Z", Some("2026-11-30T18:00:00Z")),
            // The 30th was left out: its digest would come at midnight, which is better than none.
            ("Pacific/Apia", Digest::Daily, "2011-12-30T09:00:00Z", Some("2011-12-30T10:00:00Z")),
        ] {
            let zone = Zone::parse(zone).unwrap();
            let due = digest_at(Time::parse(now).unwrap(), &zone, digest);
            assert_eq!(due.map(Time::rfc3339).as_deref(), expected, "{} {digest:?} {now}", zone.name());
        }
    }

    #[test]
    fn at_the_end_of_the_calendar_there_is_none() {
        let zone = Zone::parse("UTC").unwrap();
        assert_eq!(digest_at(Time(i64::MAX), &zone, Digest::Daily), None);
    }
}
