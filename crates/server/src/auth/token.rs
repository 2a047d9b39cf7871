//! Owns: the secrets Parlor itself hands out (session tokens, API keys, the setup code).
//! Must not know: who they belong to. Only their SHA-256 is ever stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::random_seed;

/// How an API key begins, so that people and secret scanners recognise one.
pub const API_KEY_PREFIX: &str = "pk_";

/// A fresh session token: 32 random bytes.
#[must_use]
pub fn new_session_token() -> String {
    URL_SAFE_NO_PAD.encode(random_seed())
}

/// A fresh API key.
#[must_use]
pub fn new_api_key() -> String {
    format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random_seed()))
}

/// A code that a person copies from a terminal into a form: `XXXX-XXXX-XXXX`, without look-alikes.
#[must_use]
pub fn new_setup_code() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let seed = random_seed();
    let mut code = String::with_capacity(14);
    for (place, byte) in seed.iter().take(12).enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    code
}

/// What is stored of a token.
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Compares two secrets in a time that does not tell where they differ.
#[must_use]
pub fn same_secret(left: &str, right: &str) -> bool {
    digest(left).ct_eq(&digest(right)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        assert_ne!(new_session_token(), new_session_token());
        assert_eq!(new_session_token().len(), 43);
        assert!(new_api_key().starts_with("pk_"));
        assert_eq!(new_setup_code().len(), 14);
    }

    #[test]
    fn comparison_is_by_content() {
        assert!(same_secret("abc", "abc"));
        assert!(!same_secret("abc", "abd"));
        assert!(!same_secret("abc", ""));
    }
}
