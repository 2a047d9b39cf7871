//! Owns: hashing and checking passwords (argon2id), and the form in which one is compared. Must not know: accounts or
//! requests.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// Shortest password accepted, in characters.
pub const MIN_CHARS: usize = 10;
/// Longest password accepted, in bytes: hashing must not become a way to burn our time.
pub const MAX_BYTES: usize = 1024;

/// A hash of a password nobody has: checked when the account does not exist, so that the answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWF0LWFsbC0xMjM0\
                      $Wm9sQm9sQm9sQm9sQm9sQm9sQm9sQm9sQm9sQm9sQm8";

/// Hashes passwords on blocking threads, few at a time: each needs 19 MiB for some 20 ms.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// At most `at_once` hashes run together.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// The PHC string of `password`, or `None` when hashing failed.
    pub async fn hash(&self, password: String) -> Option<String> {
        let _turn = self.turns.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || hash_now(&password)).await.ok()?
    }

    /// Whether `password` is the one behind `hash`. Without a hash it works as long and says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> bool {
        let Ok(_turn) = self.turns.acquire().await else { return false };
        tokio::task::spawn_blocking(move || verify_now(&password, hash.as_deref())).await.unwrap_or(false)
    }
}

/// Hashes on the calling thread: for the command line.
#[must_use]
pub fn hash_now(password: &str) -> Option<String> {
    Argon2::default().hash_password(prepared(password).as_bytes()).ok().map(|hash| hash.to_string())
}

/// A password as it is compared (RFC 8265, OpaqueString): keyboards and systems write the same letters in different
/// ways, `é` as one character or as two, and spaces of several kinds.
fn prepared(password: &str) -> String {
    let is_space = |c: char| {
        matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
    };
    password.replace(is_space, " ").nfc().collect()
}

fn verify_now(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let is_right = |password: &str| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    let prepared = prepared(password);
    // Hashes of before may be of what was typed.
    let fits = is_right(&prepared) || prepared != password && is_right(password);
    fits && hash.is_some()
}

/// Why a new password is refused: the rule and a sentence.
#[must_use]
pub fn refusal(password: &str) -> Option<(&'static str, String)> {
    if prepared(password).chars().count() < MIN_CHARS {
        return Some(("min_length", format!("password must have at least {MIN_CHARS} characters")));
    }
    (password.len() > MAX_BYTES)
        .then(|| ("max_length", format!("password must have at most {MAX_BYTES} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_wrong_and_absent() {
        let hash = hash_now("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify_now("correct horse battery", Some(&hash)));
        assert!(!verify_now("correct horse batterx", Some(&hash)));
        assert!(!verify_now("correct horse battery", None));
        assert!(!verify_now("x", Some("not a hash")));
    }

    #[test]
    fn the_same_letters_are_the_same_password() {
        let (one, two) = ("Caf\u{e9} am\u{a0}Ring", "Cafe\u{301} am Ring");
        for (set, typed) in [(one, one), (one, two), (two, one), (two, two)] {
            assert!(verify_now(typed, Some(&hash_now(set).unwrap())), "{typed:?} for {set:?}");
        }
        // Set before passwords were prepared.
        let old = Argon2::default().hash_password(two.as_bytes()).unwrap().to_string();
        assert!(verify_now(two, Some(&old)));
        assert!(!verify_now("Cafe am Ring", Some(&old)));
        assert_eq!(refusal(&"e\u{301}".repeat(9)).map(|r| r.0), Some("min_length"));
    }

    #[test]
    fn nobody_is_a_real_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn short_and_huge_are_refused() {
        assert_eq!(refusal("short").map(|r| r.0), Some("min_length"));
        assert_eq!(refusal(&"x".repeat(2000)).map(|r| r.0), Some("max_length"));
        assert!(refusal("ten letters").is_none());
    }
}
