//! The checks that talk to a running server, through whatever proxy stands before it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Instant;

use parlor_chat::Time;
use ureq::Agent;
use ureq::http::Response;

use super::check::{CLOCK_TOLERANCE_SECONDS, Check, PATIENCE};
use crate::clock::Clock;

/// Everything that needs the address; what needs a token too is left out without one.
pub(super) fn checks(url: &str, token: Option<&str>, origin: Option<&str>) -> Vec<Check> {
    let agent: Agent =
        Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
    let Some(ready) = reach(&agent, url) else {
        return vec![Check::bad(
            "server",
            format!("{url}/readyz does not answer: is the address right, does the server run?"),
        )];
    };
    let mut checks = vec![server(&ready), clock(&ready)];
    if let Some(origin) = origin {
        checks.push(foreign_origin(&agent, url, origin));
    }
    let Some(token) = token else {
        checks.push(Check::good("live updates", "not checked: give --token"));
        return checks;
    };
    checks.push(signed_in(&agent, url, token));
    checks.push(buffering(&agent, url, token));
    checks.push(upgrade(url, token));
    checks
}

fn reach(agent: &Agent, url: &str) -> Option<Response<ureq::Body>> {
    agent.get(format!("{url}/readyz")).call().ok()
}

fn server(ready: &Response<ureq::Body>) -> Check {
    match ready.status().as_u16() {
        200 => Check::good("server", "answers and is ready"),
        status => Check::bad(
            "server",
            format!("answers {status} at /readyz: its database may be away, or it stops"),
        ),
    }
}

fn clock(ready: &Response<ureq::Body>) -> Check {
    let name = "clock";
    let date = ready.headers().get("date").and_then(|date| date.to_str().ok()).and_then(http_date);
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

fn foreign_origin(agent: &Agent, url: &str, origin: &str) -> Check {
    let name = "origin";
    let asked = agent
        .options(format!("{url}/api/v1/me"))
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization")
        .call();
    let allowed = asked.ok().and_then(|answer| answer.headers().get("access-control-allow-origin").cloned());
    match allowed {
        Some(_) => Check::good(name, format!("pages of {origin} may call")),
        None => Check::bad(name, format!("pages of {origin} are refused: start with --origins {origin}")),
    }
}

fn signed_in(agent: &Agent, url: &str, token: &str) -> Check {
    let name = "token";
    match agent.get(format!("{url}/api/v1/me")).header("authorization", format!("Bearer {token}")).call() {
        Ok(answer) if answer.status() == 200 => Check::good(name, "is accepted"),
        Ok(mut answer) => {
            let text = answer.body_mut().read_to_string().unwrap_or_default();
            let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let why = problem["detail"].as_str().unwrap_or("a proxy may strip the header Authorization");
            Check::bad(name, format!("is refused ({}): {why}", answer.status()))
        }
        Err(error) => Check::bad(name, error.to_string()),
    }
}

/// The stream's first message must come at once; a proxy that buffers keeps it.
fn buffering(agent: &Agent, url: &str, token: &str) -> Check {
    let name = "proxy buffering";
    let begun = Instant::now();
    let request =
        agent.get(format!("{url}/api/v1/events/stream")).header("authorization", format!("Bearer {token}"));
    let first = request.call().ok().and_then(|mut answer| {
        let mut buffer = [0; 256];
        answer.body_mut().as_reader().read(&mut buffer).ok().filter(|count| *count > 0)
    });
    match first {
        Some(_) => Check::good(name, format!("the event stream flows ({} ms)", begun.elapsed().as_millis())),
        None => Check::bad(
            name,
            "the event stream is held back: switch buffering off in the proxy (nginx: proxy_buffering off)",
        ),
    }
}

/// Asks for a WebSocket by hand. Over TLS the event stream's check has to serve.
fn upgrade(url: &str, token: &str) -> Check {
    let name = "websocket";
    let Some(rest) = url.strip_prefix("http://") else {
        return upgrade_over_tls(url, token);
    };
    let (host, path) =
        rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    match ask_upgrade(&address, host, &path, token) {
        Ok(line) if line.contains(" 101 ") => Check::good(name, "the upgrade goes through"),
        Ok(line) => Check::bad(name, missing_upgrade(line.trim())),
        Err(error) => Check::bad(name, error.to_string()),
    }
}

fn missing_upgrade(answer: &str) -> String {
    format!(
        "answered \"{answer}\" instead of 101: the proxy must pass Upgrade and Connection (nginx: proxy_http_version 1.1, \
         proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\")"
    )
}

fn ask_upgrade(address: &str, host: &str, path: &str, token: &str) -> std::io::Result<String> {
    let target = address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path}/api/v1/ws HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGFybG9yIGRvY3RvciAhIQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 256];
    let count = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..count]).lines().next().unwrap_or_default().to_owned())
}

/// The same through a client that speaks TLS; it cannot use the connection but sees the status.
fn upgrade_over_tls(url: &str, token: &str) -> Check {
    let name = "websocket";
    let agent: Agent =
        Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
    let asked = agent
        .get(format!("{url}/api/v1/ws"))
        .header("authorization", format!("Bearer {token}"))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "cGFybG9yIGRvY3RvciAhIQ==")
        .call();
    match asked {
        Ok(answer) if answer.status() == 101 => Check::good(name, "the upgrade goes through"),
        Ok(answer) => Check::bad(name, missing_upgrade(&answer.status().to_string())),
        Err(error) => Check::bad(name, error.to_string()),
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
