//! The checks that talk to a running server, through whatever proxy stands before it.

use std::time::Instant;

use parlor_chat::Time;
use reqwest::header::{AUTHORIZATION, DATE};
use reqwest::{Method, Response};

use super::check::{CLOCK_TOLERANCE_SECONDS, Check};
use crate::adapters::outbound::{self, Failure, Outbound};
use crate::clock::Clock;

/// The longest refusal that is read.
const PROBLEM_MAX_BYTES: usize = 64 * 1024;

/// A server, and what it is asked with.
struct Site<'a> {
    outbound: &'a Outbound,
    url: &'a str,
    token: &'a str,
}

/// Everything that needs the address; what needs a token too is left out without one.
pub(super) async fn checks(
    outbound: &Outbound,
    url: &str,
    token: Option<&str>,
    origin: Option<&str>,
) -> Vec<Check> {
    let site = Site { outbound, url, token: token.unwrap_or_default() };
    let Ok(ready) = outbound::send(outbound.configured(Method::GET, &format!("{url}/readyz"))).await else {
        return vec![Check::bad(
            "server",
            format!("{url}/readyz does not answer: is the address right, does the server run?"),
        )];
    };
    let mut checks = vec![server(&ready), clock(&ready)];
    if let Some(origin) = origin {
        checks.push(site.foreign_origin(origin).await);
    }
    if token.is_none() {
        checks.push(Check::good("live updates", "not checked: give --token"));
        return checks;
    }
    checks.push(site.signed_in().await);
    checks.push(site.buffering().await);
    checks.push(site.upgrade().await);
    checks
}

fn server(ready: &Response) -> Check {
    match ready.status().as_u16() {
        200 => Check::good("server", "answers and is ready"),
        507 => Check::bad("server", "its disk is full: make room, nothing can be stored"),
        status => Check::bad(
            "server",
            format!("answers {status} at /readyz: its database may be away, or it stops"),
        ),
    }
}

fn clock(ready: &Response) -> Check {
    let name = "clock";
    let date = ready.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
    let Some(theirs) = date else { return Check::good(name, "the server tells no time") };
    let apart = (theirs.micros() - Clock::System.now().micros()).abs() / 1_000_000;
    match apart > CLOCK_TOLERANCE_SECONDS {
        true => Check::bad(
            name,
            format!("{apart} s apart from this machine's: tokens will be refused; set up NTP"),
        ),
        false => Check::good(name, format!("{apart} s apart from this machine's")),
    }
}

/// `Sat, 21 Nov 2026 08:27:58 GMT`.
fn http_date(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Time::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

impl Site<'_> {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Response, Failure> {
        let request = self.outbound.configured(Method::GET, &format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        outbound::send(request.header(AUTHORIZATION, format!("Bearer {}", self.token))).await
    }

    async fn foreign_origin(&self, origin: &str) -> Check {
        let name = "origin";
        let request = self
            .outbound
            .configured(Method::OPTIONS, &format!("{}/api/v1/me", self.url))
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let asked = outbound::send(request).await;
        match asked.is_ok_and(|answer| answer.headers().contains_key("access-control-allow-origin")) {
            true => Check::good(name, format!("pages of {origin} may call")),
            false => {
                Check::bad(name, format!("pages of {origin} are refused: start with --origins {origin}"))
            }
        }
    }

    async fn signed_in(&self) -> Check {
        let name = "token";
        match self.get("/api/v1/me", &[]).await {
            Ok(answer) if answer.status() == 200 => Check::good(name, "is accepted"),
            Ok(answer) => {
                let status = answer.status();
                let body = outbound::body(answer, PROBLEM_MAX_BYTES).await.unwrap_or_default();
                let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                let why = problem["detail"].as_str().unwrap_or("a proxy may strip the header Authorization");
                Check::bad(name, format!("is refused ({status}): {why}"))
            }
            Err(error) => Check::bad(name, error.to_string()),
        }
    }

    /// The stream's first message must come at once; a proxy that buffers keeps it.
    async fn buffering(&self) -> Check {
        let name = "proxy buffering";
        let begun = Instant::now();
        let first = match self.get("/api/v1/events/stream", &[]).await {
            Ok(mut answer) => answer.chunk().await.ok().flatten(),
            Err(_) => None,
        };
        match first {
            Some(_) => {
                Check::good(name, format!("the event stream flows ({} ms)", begun.elapsed().as_millis()))
            }
            None => Check::bad(
                name,
                "the event stream is held back: switch buffering off in the proxy (nginx: proxy_buffering off)",
            ),
        }
    }

    async fn upgrade(&self) -> Check {
        let name = "websocket";
        let headers = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "cGFybG9yIGRvY3RvciAhIQ=="),
        ];
        match self.get("/api/v1/ws", &headers).await {
            Ok(answer) if answer.status() == 101 => Check::good(name, "the upgrade goes through"),
            Ok(answer) => Check::bad(
                name,
                format!(
                    "answered \"{}\" instead of 101: the proxy must pass Upgrade and Connection (nginx: \
                     proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, \
                     proxy_set_header Connection \"upgrade\")",
                    answer.status()
                ),
            ),
            Err(error) => Check::bad(name, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http() {
        assert_eq!(http_date("Sat, 21 Nov 2026 08:27:58 GMT"), Time::parse("2026-11-21T08:27:58Z"));
        assert_eq!(http_date("yesterday"), None);
    }
}
