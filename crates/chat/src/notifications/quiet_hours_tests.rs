//! Quiet hours move a delivery to their end and never drop it: across midnight, over both changes of the clock, anywhere.

use proptest::prelude::*;

use super::*;

fn hours(start: &str, end: &str, zone: &str, weekdays: &[Weekday]) -> QuietHours {
    QuietHours::parse(start, end, zone, weekdays).unwrap()
}

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// Asks for every pair: the moment, and when quiet hours end then, if it is in them.
fn check(hours: &QuietHours, expected: &[(&str, Option<&str>)]) {
    for (now, end) in expected {
        assert_eq!(hours.until(at(now)).map(Time::rfc3339).as_deref(), *end, "at {now} with {hours:?}");
    }
}

const DAILY: &[Weekday] = Weekday::ALL;

#[test]
fn within_one_day_and_across_midnight() {
    check(
        &hours("12:00", "13:30", "UTC", DAILY),
        &[
            ("2026-06-10T11:59:59.999999Z", None),
            ("2026-06-10T12:00:00Z", Some("2026-06-10T13:30:00Z")),
            ("2026-06-10T13:29:59.999999Z", Some("2026-06-10T13:30:00Z")),
            ("2026-06-10T13:30:00Z", None),
        ],
    );
    check(
        &hours("22:00", "08:00", "Europe/Vienna", DAILY),
        &[
            ("2026-06-10T19:59:00Z", None),
            ("2026-06-10T20:00:00Z", Some("2026-06-11T06:00:00Z")),
            ("2026-06-10T23:00:00Z", Some("2026-06-11T06:00:00Z")),
            ("2026-06-11T06:00:00Z", None),
        ],
    );
    check(
        &hours("18:00", "00:00", "UTC", DAILY),
        &[("2026-06-10T20:00:00Z", Some("2026-06-11T00:00:00Z")), ("2026-06-11T00:00:00Z", None)],
    );
}

#[test]
fn they_belong_to_the_day_on_which_they_begin() {
    // 2026-06-12 is a Friday.
    let weekend = hours("22:00", "08:00", "UTC", &[Weekday::Friday, Weekday::Saturday]);
    check(
        &weekend,
        &[
            ("2026-06-12T07:00:00Z", None),
            ("2026-06-12T23:00:00Z", Some("2026-06-13T08:00:00Z")),
            ("2026-06-14T07:59:00Z", Some("2026-06-14T08:00:00Z")),
            ("2026-06-14T23:00:00Z", None),
        ],
    );
}

#[test]
fn both_changes_of_the_clock_end_at_eight() {
    let night = hours("22:00", "08:00", "Europe/Vienna", DAILY);
    check(
        &night,
        &[
            ("2026-03-28T21:00:00Z", Some("2026-03-29T06:00:00Z")),
            ("2026-03-29T01:00:00Z", Some("2026-03-29T06:00:00Z")),
            ("2026-10-24T20:00:00Z", Some("2026-10-25T07:00:00Z")),
            ("2026-10-25T00:30:00Z", Some("2026-10-25T07:00:00Z")),
            ("2026-10-25T01:30:00Z", Some("2026-10-25T07:00:00Z")),
        ],
    );
}

#[test]
fn an_end_that_is_left_out_is_where_the_clock_is_put_forward_and_one_that_comes_twice_is_the_first() {
    check(
        &hours("22:00", "02:30", "Europe/Vienna", DAILY),
        &[
            ("2026-03-29T00:59:59Z", Some("2026-03-29T01:00:00Z")),
            ("2026-03-29T01:00:00Z", None),
            ("2026-10-25T00:29:59Z", Some("2026-10-25T00:30:00Z")),
            ("2026-10-25T00:30:00Z", None),
            ("2026-10-25T01:15:00Z", None),
        ],
    );
}

#[test]
fn a_start_that_is_left_out_is_where_the_clock_is_put_forward_and_one_that_comes_twice_is_the_first() {
    check(
        &hours("02:30", "06:00", "Europe/Vienna", DAILY),
        &[
            ("2026-03-29T00:59:59Z", None),
            ("2026-03-29T01:00:00Z", Some("2026-03-29T04:00:00Z")),
            ("2026-10-25T00:29:59Z", None),
            ("2026-10-25T00:30:00Z", Some("2026-10-25T05:00:00Z")),
            ("2026-10-25T01:15:00Z", Some("2026-10-25T05:00:00Z")),
        ],
    );
}

#[test]
fn free_minutes_that_are_left_out_join_two_quiet_hours() {
    // Free from 2:15 to 2:45 only, and on this night the clock goes from 2:00 to 3:00.
    check(
        &hours("02:45", "02:15", "Europe/Vienna", DAILY),
        &[
            ("2026-03-28T12:00:00Z", Some("2026-03-30T00:15:00Z")),
            ("2026-03-27T12:00:00Z", Some("2026-03-28T01:15:00Z")),
        ],
    );
    // The 30th did not take place on this island.
    check(
        &hours("22:00", "08:00", "Pacific/Apia", DAILY),
        &[("2011-12-30T09:00:00Z", Some("2011-12-30T18:00:00Z"))],
    );
}

#[test]
fn from_a_time_to_the_same_and_without_a_weekday_they_are_never() {
    for never in
        [hours("22:00", "22:00", "Europe/Vienna", DAILY), hours("22:00", "08:00", "Europe/Vienna", &[])]
    {
        for hour in 0..48 {
            assert_eq!(never.until(at("2026-06-10T00:00:00Z").plus_seconds(hour * 1_800)), None);
        }
    }
}

#[test]
fn what_is_due_as_they_end_was_held_back() {
    let night = hours("22:00", "08:00", "Europe/Vienna", DAILY);
    let moved = night.moved(at("2026-06-10T21:00:00Z"));
    assert_eq!(moved, at("2026-06-11T06:00:00Z"));
    assert!(night.end_at(moved));
    assert!(!night.end_at(Time(moved.0 + 1)));
    assert!(!night.end_at(at("2026-06-10T21:00:00Z")), "they go on");
    let noon = at("2026-06-11T10:00:00Z");
    assert_eq!(night.moved(noon), noon);
    assert!(!night.end_at(noon));
}

#[test]
fn what_cannot_be_read_names_its_field() {
    let refused = |start, end, zone| match QuietHours::parse(start, end, zone, DAILY) {
        Err(crate::Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    for text in [
        "",
        "8:00",
        "24:00",
        "22:60",
        "22:00:00",
        "22",
        "22:0",
        "-1:00",
        "+2:00",
        "２２:00",
        "22:00\r\n",
        " 22:00",
    ] {
        assert_eq!(refused(text, "08:00", "UTC"), "start", "{text:?}");
        assert_eq!(refused("22:00", text, "UTC"), "end", "{text:?}");
    }
    for zone in ["", "Vienna", "Europe/Vienna\r\n", "../UTC"] {
        assert_eq!(refused("22:00", "08:00", zone), "time_zone", "{zone:?}");
    }
}

#[test]
fn times_that_no_calendar_has_are_in_no_quiet_hours() {
    let night = hours("22:00", "08:00", "Europe/Vienna", DAILY);
    for beyond in [i64::MIN, i64::MAX] {
        assert_eq!(night.moved(Time(beyond)), Time(beyond));
        assert!(!night.end_at(Time(beyond)));
    }
}

fn any_hours() -> impl Strategy<Value = QuietHours> {
    let zones: Vec<String> =
        jiff::tz::TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect();
    let clock = || (0..24, 0..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let weekdays = proptest::sample::subsequence(DAILY.to_vec(), 0..=7);
    (clock(), clock(), proptest::sample::select(zones), weekdays)
        .prop_map(|(start, end, zone, weekdays)| hours(&start, &end, &zone, &weekdays))
}

/// A time between 1970 and 2099, every other one within two days of a change of the clock.
fn any_moment(hours: &QuietHours, random: i64, near: bool) -> Time {
    let moment = jiff::Timestamp::from_microsecond(random).unwrap();
    let change = hours.zone_transition(moment).filter(|_| near);
    let around = random % (2 * 86_400 * 1_000_000);
    Time(change.map_or(random, |change| change.as_microsecond() + around - 86_400 * 1_000_000))
}

impl QuietHours {
    fn zone_transition(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(self.zone.name()).unwrap();
        zone.following(after).next().map(|change| change.timestamp())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_end_comes_later_outside_of_quiet_hours_and_within_a_week(
        hours in any_hours(),
        random in 0..4_102_444_800_000_000_i64,
        near in any::<bool>(),
        part in 0.0..1.0,
    ) {
        let now = any_moment(&hours, random, near);
        let Some(end) = hours.until(now) else {
            prop_assert_eq!(hours.moved(now), now);
            return Ok(());
        };
        prop_assert!(end > now);
        prop_assert!(end <= now.plus_seconds(7 * 86_400));
        prop_assert_eq!(hours.until(end), None);
        prop_assert!(hours.end_at(end));
        // And it is the first such moment: all between is quiet, until the same end.
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let between = Time(now.0 + ((end.0 - now.0) as f64 * part) as i64);
        prop_assert_eq!(hours.until(between), Some(end));
    }

    #[test]
    fn on_ordinary_days_a_clock_on_the_wall_tells_what_is_quiet(
        hours in any_hours(),
        now in 0..4_102_444_800_000_000_i64,
    ) {
        let change = hours.zone_transition(jiff::Timestamp::from_microsecond(now - 3 * 86_400_000_000).unwrap());
        prop_assume!(change.is_none_or(|change| change.as_microsecond() > now + 3 * 86_400_000_000));
        let local = hours.zone.local(Time(now)).unwrap();
        let (clock, today) = (local.time(), local.date().weekday());
        let on = |day| hours.weekdays.iter().any(|weekday| weekday.of_calendar() == day);
        let quiet = if hours.start <= hours.end {
            on(today) && hours.start <= clock && clock < hours.end
        } else {
            (on(today) && clock >= hours.start) || (on(today.previous()) && clock < hours.end)
        };
        let until = hours.until(Time(now));
        prop_assert_eq!(until.is_some(), quiet);
        if let Some(end) = until {
            prop_assert_eq!(hours.zone.local(end).unwrap().time(), hours.end);
        }
    }
}
