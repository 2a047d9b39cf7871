//! Owns: the signatures of the Pusher protocol: what an application's secret vouches for, and whether it did.
//! Must not know: frames, channels' kinds, sockets. Comparison takes the same time wherever signatures differ.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

/// The length of the key of encrypted channels.
pub const MASTER_KEY_BYTES: usize = 32;

/// An application's key and secret.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// Names the application.
    pub key: &'a str,
    /// Signs.
    pub secret: &'a str,
}

impl std::fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("key", &self.key).finish_non_exhaustive()
    }
}

fn for_channel(socket_id: &str, channel: &str, channel_data: Option<&str>) -> String {
    match channel_data {
        Some(data) => format!("{socket_id}:{channel}:{data}"),
        None => format!("{socket_id}:{channel}"),
    }
}

fn for_user(socket_id: &str, user_data: &str) -> String {
    format!("{socket_id}::user::{user_data}")
}

impl Signer<'_> {
    fn mac(self, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::new_from_slice(self.secret.as_bytes()).ok()?;
        mac.update(text);
        Some(mac)
    }

    fn token(self, text: &str) -> String {
        format!("{}:{}", self.key, self.sign(text.as_bytes()))
    }

    /// The signature in hexadecimal digits.
    #[must_use]
    pub fn sign(self, text: &[u8]) -> String {
        self.mac(text).map(|mac| hex(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether these hexadecimal digits are the signature.
    #[must_use]
    pub fn checks(self, text: &[u8], signature: &str) -> bool {
        let Some(bytes) = unhex(signature) else { return false };
        self.mac(text).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
    }

    fn checks_token(self, text: &str, auth: &str) -> bool {
        auth.rsplit_once(':')
            .is_some_and(|(key, signature)| key == self.key && self.checks(text.as_bytes(), signature))
    }

    /// What lets a connection join a channel.
    #[must_use]
    pub fn channel(self, socket_id: &str, channel: &str, channel_data: Option<&str>) -> String {
        self.token(&for_channel(socket_id, channel, channel_data))
    }

    /// Whether `auth` lets the connection join the channel.
    #[must_use]
    pub fn checks_channel(
        self,
        auth: &str,
        socket_id: &str,
        channel: &str,
        channel_data: Option<&str>,
    ) -> bool {
        self.checks_token(&for_channel(socket_id, channel, channel_data), auth)
    }

    /// What signs a user in on a connection.
    #[must_use]
    pub fn user(self, socket_id: &str, user_data: &str) -> String {
        self.token(&for_user(socket_id, user_data))
    }

    /// Whether `auth` signs the user in.
    #[must_use]
    pub fn checks_user(self, auth: &str, socket_id: &str, user_data: &str) -> bool {
        self.checks_token(&for_user(socket_id, user_data), auth)
    }
}

/// What the signature of a call of the HTTP API covers. The parameters come decoded.
#[must_use]
pub fn request(method: &str, path: &str, query: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, &str)> = query
        .iter()
        .map(|(key, value)| (key.to_lowercase(), value.as_str()))
        .filter(|(key, _)| key != "auth_signature")
        .collect();
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{method}\n{path}\n{}", pairs.join("&"))
}

/// The MD5 of a body in hexadecimal digits: it ties the body to the signature.
#[must_use]
pub fn body_md5(body: &[u8]) -> String {
    hex(&Md5::digest(body))
}

/// The key of an encrypted channel, from the application's master key.
#[must_use]
pub fn shared_secret(channel: &str, master_key: &[u8; MASTER_KEY_BYTES]) -> String {
    STANDARD.encode(Sha256::new().chain_update(channel.as_bytes()).chain_update(master_key).finalize())
}

/// Reads a master key in Base64.
#[must_use]
pub fn master_key(text: &str) -> Option<[u8; MASTER_KEY_BYTES]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of a signature.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? * 16 + digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: Signer<'_> = Signer { key: "278d425bdf160c739803", secret: "7ad3773142a6692b25b8" };

    /// The examples that the protocol's documentation and its libraries are tested with.
    #[test]
    fn published_vectors() {
        let channels = [
            ("private-foobar", None, "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"),
            (
                "presence-foobar",
                Some(r#"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#),
                "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
            ),
            (
                "presence-foobar",
                Some(r#"{"user_id":"10","user_info":{"name":"Mr. Pusher"}}"#),
                "48dac51d2d7569e1e9c0f48c227d4b26f238fa68e5c0bb04222c966909c4f7c4",
            ),
        ];
        for (channel, data, signature) in channels {
            let auth = format!("{}:{signature}", APP.key);
            assert_eq!(APP.channel("1234.1234", channel, data), auth);
            assert!(APP.checks_channel(&auth, "1234.1234", channel, data));
            assert!(!APP.checks_channel(&auth, "1234.1235", channel, data));
            assert!(!APP.checks_channel(&auth.replacen('2', "3", 1), "1234.1234", channel, data));
        }
        let user = r#"{"id":"12345"}"#;
        let auth = format!("{}:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba", APP.key);
        assert_eq!(APP.user("1234.1234", user), auth);
        assert!(APP.checks_user(&auth, "1234.1234", user));
        assert!(!APP.checks_user(&auth, "1234.1234", r#"{"id":"12346"}"#));
    }

    #[test]
    fn a_call_of_the_http_api() {
        let body = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
        assert_eq!(body_md5(body), "ec365a775a4cd0599faeb73354201b6f");
        let query: Vec<(String, String)> = [
            ("auth_version", "1.0"),
            ("auth_signature", "not covered"),
            ("Auth_Key", "278d425bdf160c739803"),
            ("body_md5", "ec365a775a4cd0599faeb73354201b6f"),
            ("auth_timestamp", "1353088179"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
        let signature = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";
        assert!(APP.checks(request("POST", "/apps/3/events", &query).as_bytes(), signature));
        assert!(!APP.checks(request("POST", "/apps/4/events", &query).as_bytes(), signature));
    }

    #[test]
    fn a_webhook() {
        let body =
            br#"{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"test_channel"}]}"#;
        assert_eq!(APP.sign(body), "709fdb84c03664445f7698120b0edf0acc1ab1c8c6e93a0368c61841d6b998aa");
    }

    #[test]
    fn what_is_no_signature_checks_nothing() {
        for junk in ["", "278d425bdf160c739803", "278d425bdf160c739803:", ":", "a:zz", &"é".repeat(32)] {
            assert!(!APP.checks_channel(junk, "1.1", "private-x", None), "{junk}");
        }
        assert!(!APP.checks(b"", &"0".repeat(64)));
    }

    #[test]
    fn keys_of_encrypted_channels() {
        let key = master_key(&STANDARD.encode([7; 32])).unwrap();
        assert_ne!(shared_secret("private-encrypted-a", &key), shared_secret("private-encrypted-b", &key));
        assert_eq!(STANDARD.decode(shared_secret("private-encrypted-a", &key)).unwrap().len(), 32);
        assert!(master_key("short").is_none());
    }
}
