//! Owns: how texts of flags and variables become values, in one form; what cannot be one ends the start with a sentence.
//! Must not know: which option it is, or what is done with it.

use std::net::{SocketAddr, ToSocketAddrs};

use url::{Host, Url};

/// A switch, as people write one in a variable.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Ok(true),
        "" | "0" | "false" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("use on or off (or true, yes, 1, false, no, 0)".to_owned()),
    }
}

/// An origin as browsers write it: scheme, host in small letters, port where it is not the scheme's own. `*` is all of
/// them; a blank, as behind a last comma, is none.
pub(crate) fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text == "*" {
        return Ok(text.to_owned());
    }
    if text.contains('*') {
        return Err("name each origin by itself, or * for all: there are no patterns".to_owned());
    }
    let url = parsed(text)?;
    let plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !plain || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("an origin ends with its host or port: {}", origin_of(&url)));
    }
    Ok(origin_of(&url))
}

/// An absolute address, http or https, without a slash at its end.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = parsed(text)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("begin with https:// or http://".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The address of this server for browsers: nothing behind it but a path.
pub(crate) fn public_address(text: &str) -> Result<String, String> {
    let address = address(text)?;
    match address.contains(['?', '#', '@']) {
        true => Err("leave out what stands behind ? or # and before @".to_owned()),
        false => Ok(address),
    }
}

fn parsed(text: &str) -> Result<Url, String> {
    let with_scheme = || "begin with the scheme, such as https://chat.example.com".to_owned();
    if !text.contains("://") {
        return Err(with_scheme());
    }
    let url = Url::parse(text).map_err(|error| format!("is no address: {error}"))?;
    match url.host() {
        Some(Host::Domain("")) | None => Err(with_scheme()),
        Some(_) => Ok(url),
    }
}

fn origin_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// The origin of an address that was read by [`address`].
pub(crate) fn origin_of_address(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| origin_of(&url))
}

/// Where to listen: an address or a name, and a port.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let unfit =
        || "use an address or a name, and a port: 127.0.0.1:8080, [::]:8080, localhost:8080".to_owned();
    let (host, _) = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).ok_or_else(unfit)?;
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let found: Vec<SocketAddr> =
        text.to_socket_addrs().map_err(|error| format!("{error} ({host}): {}", unfit()))?.collect();
    // Names of this machine have both: programs that know no IPv6 reach the other one.
    found.iter().find(|address| address.is_ipv4()).or(found.first()).copied().ok_or_else(unfit)
}

/// What the storage engine opens.
pub(crate) fn database(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.split_once(':') {
        _ if text.is_empty() => Ok(String::new()),
        Some(("postgres" | "postgresql" | "sqlite", _)) => Ok(text.to_owned()),
        _ => Err("unknown kind of database: use postgres://user@host/name, or leave it away for SQLite in the data \
                  folder"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_as_people_write_them() {
        for (text, on) in [("1", true), ("on", true), ("Yes", true), ("TRUE", true), (" true ", true)] {
            assert_eq!(switch(text), Ok(on), "{text}");
        }
        for text in ["", "0", "off", "no", "False"] {
            assert_eq!(switch(text), Ok(false), "{text}");
        }
        assert!(switch("maybe").is_err());
    }

    #[test]
    fn origins_come_to_one_form() {
        let cases = [
            (" https://a.example ", "https://a.example"),
            ("https://A.Example:443/", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("https://a.example:8443", "https://a.example:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("tauri://localhost", "tauri://localhost"),
            ("*", "*"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(origin(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "nonsense",
            "a.example",
            "localhost:3000",
            "//a.example",
            "null",
            "https://",
            "https://*.example",
            "https://a.example/path",
            "https://a.example/?q",
            "https://user@a.example",
            "https://a b.example",
            "https://a.example:99999",
            "mailto:a@b.example",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_absolute() {
        assert_eq!(address("https://Chat.example.com:443/").as_deref(), Ok("https://chat.example.com"));
        assert_eq!(
            address(" http://hub/.well-known/mercure").as_deref(),
            Ok("http://hub/.well-known/mercure")
        );
        for text in ["nonsense", "chat.example.com", "ftp://a.example", "https://"] {
            assert!(address(text).is_err(), "{text}");
        }
        assert!(public_address("https://a.example/?x").is_err());
        assert_eq!(origin_of_address("https://a.example/chat").as_deref(), Some("https://a.example"));
    }

    #[test]
    fn one_listens_at_addresses_and_names() {
        assert_eq!(listen("127.0.0.1:0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(listen("[::1]:8080").unwrap().to_string(), "[::1]:8080");
        assert!(listen("localhost:8080").unwrap().ip().is_loopback());
        for text in ["", "localhost", ":8080", "127.0.0.1", "localhost:port"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn databases_are_of_known_kinds() {
        assert!(
            database("postgres://a/b").is_ok() && database("sqlite:x.db").is_ok() && database("").is_ok()
        );
        assert!(database("nonsense").is_err() && database("mysql://a/b").is_err());
    }
}
