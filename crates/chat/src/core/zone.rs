//! Time zones by their IANA names, and the local times of points in time. The zones come with the program, so that all
//! nodes agree whatever their systems have. Knows no clock; the time is always given.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::time::Time;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name, such as `Europe/Vienna`; letters of either case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Zone> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        (!zone.is_unknown()).then_some(Zone(zone))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What a clock on the wall shows. None for times that no calendar has.
    pub(crate) fn local(&self, at: Time) -> Option<DateTime> {
        Timestamp::from_microsecond(at.micros()).ok().map(|at| self.0.to_datetime(at))
    }

    /// The first moment at which a clock on the wall shows this local time or a later one: of a local time that comes
    /// twice the first, of one that is left out the moment at which the clock is put forward. A later local time never has
    /// an earlier moment.
    pub(crate) fn first(&self, local: DateTime) -> Option<Time> {
        let read = self.0.to_ambiguous_timestamp(local);
        let left_out = matches!(read.offset(), AmbiguousOffset::Gap { .. });
        let earlier = read.earlier().ok()?;
        let at = if left_out { self.0.following(earlier).next()?.timestamp() } else { earlier };
        Some(Time(at.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(zone: &str, local: &str) -> String {
        Zone::parse(zone).unwrap().first(local.parse().unwrap()).unwrap().rfc3339()
    }

    #[test]
    fn zones_are_known_by_name_and_nothing_else_is_one() {
        for (asked, name) in [
            ("Europe/Vienna", "Europe/Vienna"),
            ("europe/vienna", "Europe/Vienna"),
            ("UTC", "UTC"),
            ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ] {
            assert_eq!(Zone::parse(asked).unwrap().name(), name);
        }
        for other in [
            "",
            "Vienna",
            "CEST",
            "+02:00",
            "CET-1CEST",
            "Europe/Vienna\n",
            "Europe/Vienna ",
            "Europe/Vienna\0",
            "../../etc/passwd",
            "/Europe/Vienna",
            "Etc/Unknown",
            &"Europe/".repeat(10_000),
        ] {
            assert_eq!(Zone::parse(other), None, "{other:.40}");
        }
    }

    #[test]
    fn local_times_that_come_twice_or_not_at_all_have_one_moment() {
        // Put forward from 2:00 to 3:00, and back from 3:00 to 2:00.
        assert_eq!(first("Europe/Vienna", "2026-03-29T01:59"), "2026-03-29T00:59:00Z");
        assert_eq!(first("Europe/Vienna", "2026-03-29T02:00"), "2026-03-29T01:00:00Z");
        assert_eq!(first("Europe/Vienna", "2026-03-29T02:30"), "2026-03-29T01:00:00Z");
        assert_eq!(first("Europe/Vienna", "2026-03-29T03:00"), "2026-03-29T01:00:00Z");
        assert_eq!(first("Europe/Vienna", "2026-10-25T02:30"), "2026-10-25T00:30:00Z");
        assert_eq!(first("Europe/Vienna", "2026-10-25T03:00"), "2026-10-25T02:00:00Z");
        // By half an hour; at midnight; a day that was left out.
        assert_eq!(first("Australia/Lord_Howe", "2026-10-04T02:15"), "2026-10-03T15:30:00Z");
        assert_eq!(first("America/Sao_Paulo", "2018-11-04T00:00"), "2018-11-04T03:00:00Z");
        assert_eq!(first("Pacific/Apia", "2011-12-30T12:00"), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn times_that_no_calendar_has_have_no_local_time() {
        let zone = Zone::parse("Europe/Vienna").unwrap();
        for beyond in [i64::MIN, i64::MAX] {
            assert_eq!(zone.local(Time(beyond)), None);
        }
        assert_eq!(zone.first(DateTime::MAX), None);
        assert_eq!(zone.first(DateTime::MIN), None);
    }
}
