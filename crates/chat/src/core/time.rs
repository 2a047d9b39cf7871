//! Points in time: microseconds since 1970, RFC 3339 to clients. Knows no clock; the time is always given.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use parlor_db::{FromValue, Param, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
/// The first microsecond of the year 0, and the last of the year 9999: what RFC 3339 can write.
const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200_000_000..=253_402_300_799_999_999;

/// Microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub i64);

impl Time {
    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This time and so many seconds more (or fewer).
    pub fn plus_seconds(self, seconds: i64) -> Time {
        Time(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Time> {
        let (local, offset) = split_rfc3339(text)?;
        let since = local.parse::<DateTime>().ok()?.duration_since(EPOCH) - offset;
        let at = i64::try_from(since.as_micros()).ok().map(Time)?;
        WRITABLE.contains(&at.0).then_some(at)
    }

    /// RFC 3339 in UTC. Times outside the years 0 to 9999 are written as the epoch.
    pub fn rfc3339(self) -> String {
        let writable = Some(self.0).filter(|at| WRITABLE.contains(at));
        let at = writable.and_then(|at| EPOCH.checked_add(SignedDuration::from_micros(at)).ok());
        format!("{}Z", at.unwrap_or(EPOCH))
    }
}

/// A text in the form of RFC 3339, section 5.6, as local time and offset. The library reads more forms of ISO 8601, which no
/// client may come to rely on, and its points in time end a day before the year 9999 does.
fn split_rfc3339(text: &str) -> Option<(&str, SignedDuration)> {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let (whole, rest) = text.as_bytes().split_at_checked(FORM.len())?;
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = if rest.first() == Some(&b'.') && digits > 0 { digits + 1 } else { 0 };
    if !has_form(whole, FORM) {
        return None;
    }
    let (local, offset) = text.split_at_checked(FORM.len() + fraction)?;
    Some((local, read_offset(offset)?))
}

/// `Z`, or hours and minutes.
fn read_offset(text: &str) -> Option<SignedDuration> {
    if text.eq_ignore_ascii_case("z") {
        return Some(SignedDuration::ZERO);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    if !has_form(text.as_bytes().get(1..)?, b"00:00") {
        return None;
    }
    let (hours, minutes): (i64, i64) = (text.get(1..3)?.parse().ok()?, text.get(4..)?.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| SignedDuration::from_mins(sign * (hours * 60 + minutes)))
}

/// Whether the text has a digit for every `0` of the form, and its other letters.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let same = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        letter => byte.eq_ignore_ascii_case(letter),
    };
    text.len() == form.len() && text.iter().zip(form).all(same)
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Time::parse(&text).ok_or_else(|| D::Error::custom("must be a time as in RFC 3339"))
    }
}

impl From<Time> for Param<'_> {
    fn from(at: Time) -> Self {
        Param::Int(at.0)
    }
}

impl FromValue for Time {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        i64::from_value(value).map(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_854_478_000_000, "2026-11-28T08:27:58Z"),
            (1_795_854_478_120_000, "2026-11-28T08:27:58.12Z"),
            (1_795_854_478_000_001, "2026-11-28T08:27:58.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (*WRITABLE.start(), "0000-01-01T00:00:00Z"),
            (*WRITABLE.end(), "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Time(micros).rfc3339(), text);
            assert_eq!(Time::parse(text), Some(Time(micros)), "{text}");
        }
        for beyond in [i64::MIN, WRITABLE.start() - 1, WRITABLE.end() + 1, i64::MAX] {
            assert_eq!(Time(beyond).rfc3339(), "1970-01-01T00:00:00Z");
        }
    }

    #[test]
    fn every_form_of_the_rfc_is_read_and_no_other() {
        let at = Time::parse("2026-11-28T08:27:58.5Z");
        assert!(at.is_some());
        for same in [
            "2026-11-28t08:27:58.5z",
            "2026-11-28T10:57:58.5+02:30",
            "2026-11-28T00:27:58.500000-08:00",
            "2026-11-28T08:27:58.500000000-00:00",
        ] {
            assert_eq!(Time::parse(same), at, "{same}");
        }
        for other in [
            "",
            "Z",
            "2026-11-28",
            "2026-11-28T08:27:58",
            "2026-11-28T08:27Z",
            "20261128T082758Z",
            "2026-11-28 08:27:58Z",
            "2026-11-28T08:27:58.Z",
            "2026-11-28T08:27:58,5Z",
            "2026-11-28T08:27:58+02",
            "2026-11-28T08:27:58+0230",
            "2026-11-28T08:27:58Z[Europe/Vienna]",
            "2026-11-28T08:27:58+02:30Z",
            "2026-13-28T08:27:58Z",
            "2026-02-30T08:27:58Z",
            "2026-11-28T24:27:58Z",
            "+002026-11-28T08:27:58Z",
            " 2026-11-28T08:27:58Z",
            "2026-11-28T08:27:58Zé",
            "é026-11-28T08:27:58Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(Time::parse(other), None, "{other}");
        }
    }
}
