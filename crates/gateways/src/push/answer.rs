//! What the answer of a push service means for the push and its subscription (RFC 8030, section 5; what services answer
//! beyond it). Must not know: how often something was tried.

use std::time::UNIX_EPOCH;

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has it.
    Delivered,
    /// The device is no longer subscribed: remove the subscription.
    Gone,
    /// Send less.
    TooLarge,
    /// Try again: after so many seconds, or when the sender sees fit.
    Later {
        /// What the service asked for, at most an hour.
        seconds: Option<i64>,
    },
    /// The request is wrong, by its keys, its clock or its address: tell the operator, and keep the subscription.
    Refused,
}

/// A service that asks for more than this gets another try all the same.
const LONGEST_WAIT: i64 = 3_600;

/// What an answer with this status and header `Retry-After` means. `now`: seconds since 1970.
#[must_use]
pub fn outcome(status: u16, retry_after: Option<&str>, now: i64) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        404 | 410 => Outcome::Gone,
        413 => Outcome::TooLarge,
        408 | 429 | 500..=599 => {
            Outcome::Later { seconds: retry_after.and_then(|value| wait(value.trim(), now)) }
        }
        _ => Outcome::Refused,
    }
}

/// `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3).
fn wait(value: &str, now: i64) -> Option<i64> {
    let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if number {
        // A number that is too large to be read is a long wait as well.
        value.parse().unwrap_or(LONGEST_WAIT)
    } else {
        let since = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()?.saturating_sub(now)
    };
    Some(seconds.clamp(1, LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-28T08:00:00Z
    const NOW: i64 = 1_795_852_800;

    fn later(retry_after: Option<&str>) -> Option<i64> {
        let Outcome::Later { seconds } = outcome(429, retry_after, NOW) else { panic!("429 waits") };
        seconds
    }

    #[test]
    fn every_status_has_a_meaning() {
        let wait = Outcome::Later { seconds: None };
        for (statuses, expected) in [
            (&[200, 201, 202, 204][..], Outcome::Delivered),
            (&[404, 410], Outcome::Gone),
            (&[413], Outcome::TooLarge),
            (&[408, 429, 500, 502, 503, 504, 599], wait),
            (&[0, 100, 301, 307, 400, 401, 403, 405, 418, 600, u16::MAX], Outcome::Refused),
        ] {
            for status in statuses {
                assert_eq!(outcome(*status, None, NOW), expected, "{status}");
            }
        }
        assert_eq!(outcome(201, Some("7"), NOW), Outcome::Delivered);
    }

    #[test]
    fn a_wait_is_read_in_both_forms_and_bounded() {
        for (value, expected) in [
            ("7", 7),
            (" 120 ", 120),
            ("0", 1),
            ("3601", 3_600),
            ("999999999999999999999999", 3_600),
            ("Sat, 28 Nov 2026 08:05:00 GMT", 300),
            ("Saturday, 28-Nov-26 08:05:00 GMT", 300),
            ("Sat Nov 28 08:05:00 2026", 300),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 1),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600),
        ] {
            assert_eq!(later(Some(value)), Some(expected), "{value}");
        }
    }

    #[test]
    fn rubbish_is_no_wait_of_its_own() {
        for value in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "7s",
            "soon",
            "7\r\nX: y",
            "７",
            "Sat, 31 Feb 2026 08:05:00 GMT",
            "\0",
        ] {
            assert_eq!(later(Some(value)), None, "{value:?}");
        }
        assert_eq!(later(Some(&"9".repeat(100_000))), Some(3_600));
        assert_eq!(later(Some(&"x".repeat(100_000))), None);
        assert_eq!(later(None), None);
    }
}
