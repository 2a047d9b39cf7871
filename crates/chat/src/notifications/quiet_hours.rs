//! Quiet hours: from one local time to another, on some weekdays. They move what would be delivered to their end, and
//! drop nothing. Must not know: what is delivered.

use jiff::ToSpan;
use jiff::civil::{Date, Time as Clock, Weekday as CalendarDay};

use crate::{
    error::{Result, invalid},
    time::Time,
    words::words,
    zone::Zone,
};

words! {
    /// A day of the week.
    pub enum Weekday asked as "weekdays" {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

/// When a person is not to be disturbed. They begin on each of the weekdays, and end on the next day when the end is the
/// earlier local time. Without a weekday, or from a time to the same, they are never: "always" would have no end to move
/// a delivery to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    start: Clock,
    end: Clock,
    zone: Zone,
    weekdays: Vec<Weekday>,
}

impl QuietHours {
    /// From texts such as `22:00`, `08:00` and `Europe/Vienna`.
    ///
    /// # Errors
    /// Which of them cannot be read.
    pub fn parse(start: &str, end: &str, zone: &str, weekdays: &[Weekday]) -> Result<Self> {
        let clock = |field, text| {
            read_clock(text).ok_or_else(|| invalid(field, "format", "use hours and minutes such as 22:00"))
        };
        let (start, end) = (clock("start", start)?, clock("end", end)?);
        let zone = Zone::parse(zone)
            .ok_or_else(|| invalid("time_zone", "known", "use an IANA name such as Europe/Vienna"))?;
        Ok(Self { start, end, zone, weekdays: weekdays.to_vec() })
    }

    /// In quiet hours, the moment at which they end; None outside of them.
    #[must_use]
    pub fn until(&self, now: Time) -> Option<Time> {
        let today = self.zone.local(now)?.date();
        // The hours of neighbouring days meet where a change of the clock leaves out what lies between them, and a
        // whole day can be left out: so from two days ago on, one after the other.
        let mut free = now;
        for day in -2..7 {
            let Some((start, end)) = self.on(today.checked_add(day.days()).ok()?) else { continue };
            if start <= free && free < end {
                free = end;
            }
        }
        (free > now).then_some(free)
    }

    /// `at`, or the end of the quiet hours that it falls into.
    #[must_use]
    pub fn moved(&self, at: Time) -> Time {
        self.until(at).unwrap_or(at)
    }

    /// Whether quiet hours end at this moment: what is due then was held back by them.
    #[must_use]
    pub fn end_at(&self, at: Time) -> bool {
        self.until(Time(at.micros().saturating_sub(1))) == Some(at)
    }

    /// The quiet hours that begin on this day.
    fn on(&self, day: Date) -> Option<(Time, Time)> {
        let quiet = self.weekdays.iter().any(|weekday| weekday.of_calendar() == day.weekday());
        if !quiet || self.start == self.end {
            return None;
        }
        let last_day = if self.start < self.end { day } else { day.tomorrow().ok()? };
        Some((
            self.zone.first(day.to_datetime(self.start))?,
            self.zone.first(last_day.to_datetime(self.end))?,
        ))
    }
}

impl Weekday {
    fn of_calendar(self) -> CalendarDay {
        match self {
            Weekday::Monday => CalendarDay::Monday,
            Weekday::Tuesday => CalendarDay::Tuesday,
            Weekday::Wednesday => CalendarDay::Wednesday,
            Weekday::Thursday => CalendarDay::Thursday,
            Weekday::Friday => CalendarDay::Friday,
            Weekday::Saturday => CalendarDay::Saturday,
            Weekday::Sunday => CalendarDay::Sunday,
        }
    }
}

/// Two digits, a colon, two digits.
fn read_clock(text: &str) -> Option<Clock> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let fits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Clock::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
#[path = "quiet_hours_tests.rs"]
mod tests;
