//! Owns: which part of stored bytes a request asks for, and whether it has them already (RFC 9110, sections 13 and 14).
//! Must not know: whose bytes these are, or where.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use http_range_header::{RangeUnsatisfiableError, parse_range_header};

/// What the headers of a request ask for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    range: Option<String>,
    /// The range counts only while the bytes are these.
    if_range: Option<String>,
    /// Of what the client has.
    none_match: Vec<String>,
    /// Nothing but the headers is wanted.
    pub only_head: bool,
}

/// What is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything. Several parts at once, and what cannot be read, are answered with it as well.
    Whole,
    /// From this byte to that one.
    Some(RangeInclusive<u64>),
    /// The client has it.
    Unchanged,
    /// There are no such bytes.
    Nowhere,
}

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { only_head: parts.method == Method::HEAD, ..Self::of(&parts.headers) })
    }
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
        Self {
            range: text(RANGE),
            if_range: text(IF_RANGE),
            none_match: known.map(str::to_owned).collect(),
            only_head: false,
        }
    }

    /// What of so many bytes with this entity tag is answered.
    #[must_use]
    pub fn part(&self, etag: &str, size: u64) -> Part {
        if self.none_match.iter().any(|known| known == etag || known == "*") {
            return Part::Unchanged;
        }
        let is_same = self.if_range.as_ref().is_none_or(|known| known == etag);
        let asked = self.range.as_deref().filter(|_| is_same);
        let Some(asked) = asked.and_then(|range| parse_range_header(range).ok()) else { return Part::Whole };
        match asked.validate(size).as_deref() {
            Ok([one]) => Part::Some(one.clone()),
            Ok(_) => Part::Whole,
            Err(RangeUnsatisfiableError::Unsatisfiable) => Part::Nowhere,
            Err(_) => Part::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(headers: &[(&'static str, &str)], size: u64) -> Part {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Wanted::of(&map).part("\"a\"", size)
    }

    #[test]
    fn parts_are_read_as_the_rfc_has_them() {
        for (asked, size, expected) in [
            ("bytes=0-3", 10, Part::Some(0..=3)),
            ("bytes=4-", 10, Part::Some(4..=9)),
            ("bytes=-3", 10, Part::Some(7..=9)),
            ("bytes=0-99", 10, Part::Some(0..=9)),
            ("bytes=9-9", 10, Part::Some(9..=9)),
            ("bytes=-99", 10, Part::Some(0..=9)),
            ("bytes=10-", 10, Part::Nowhere),
            ("bytes=0-", 0, Part::Nowhere),
            ("bytes=-0", 10, Part::Nowhere),
            ("bytes=0-1,4-5", 10, Part::Whole),
            ("bytes=0-5,1-6,2-7", 10, Part::Whole),
            ("bytes=5-2", 10, Part::Whole),
            ("bytes=x", 10, Part::Whole),
            ("lines=1-2", 10, Part::Whole),
            ("bytes=18446744073709551616-", 10, Part::Nowhere),
        ] {
            assert_eq!(part(&[("range", asked)], size), expected, "{asked} of {size}");
        }
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert_eq!(part(&[("if-none-match", known), ("range", "bytes=0-1")], 10), Part::Unchanged);
        }
        assert_eq!(part(&[("if-none-match", "\"b\"")], 10), Part::Whole);
        let resumed = |tag| part(&[("if-range", tag), ("range", "bytes=5-")], 10);
        assert_eq!((resumed("\"a\""), resumed("\"b\"")), (Part::Some(5..=9), Part::Whole));
        assert_eq!(resumed("W/\"a\""), Part::Whole, "a weak tag does not say that the bytes are these");
    }
}
