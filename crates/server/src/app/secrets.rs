//! Owns: the key of cursors in its file, and what makes a secret one. Must not know: what is signed with them.

use std::io::ErrorKind;
use std::path::Path;

use crate::adapters::key_file;
use crate::adapters::private_path::private;
use crate::clock::random_seed;
use crate::config::ServeArgs;
use crate::error::{MIN_SECRET_BYTES, StartError, WeakSecret};

/// Whether a key or secret can serve. Blanks around a text (a line break that a file ends with, a disk full of NULs)
/// are known to everybody; a key of random bytes is no text, and its bytes all count.
pub(crate) fn judge(secret: &[u8]) -> Result<(), WeakSecret> {
    let blank = |letter: char| letter.is_whitespace() || letter.is_control();
    let length = match std::str::from_utf8(secret) {
        Ok(text) => text.trim_matches(blank).len(),
        Err(_) => secret.len(),
    };
    if length < MIN_SECRET_BYTES {
        return Err(WeakSecret::Short(length));
    }
    let repeated = match std::str::from_utf8(secret) {
        Ok(text) => same(text.trim_matches(blank).chars()),
        Err(_) => same(secret.iter()),
    };
    if repeated { Err(WeakSecret::Repeated) } else { Ok(()) }
}

fn same<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    let first = all.next();
    all.all(|one| Some(one) == first)
}

/// Reads a key, or makes one that only its owner can read.
pub(super) fn read_key(path: &Path) -> Result<Vec<u8>, StartError> {
    let unusable = |error| StartError::KeyFile(path.to_owned(), error);
    let key = match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            key_file::make(path, &random_seed()).and_then(|()| std::fs::read(path)).map_err(unusable)?
        }
        read => read.map_err(unusable)?,
    };
    judge(&key).map_err(|weak| StartError::WeakKey(path.to_owned(), weak))?;
    private(path);
    Ok(key)
}

/// Secrets of the environment that are none.
pub(crate) fn check(config: &ServeArgs) -> Result<(), StartError> {
    let mercure = &config.mercure;
    let symmetric = |algorithm: &str| algorithm.to_ascii_uppercase().starts_with("HS");
    let secrets = [
        ("PARLOR_SECRET", &config.secret, true),
        ("PARLOR_JWT_SECRET", &config.jwt_secret, true),
        ("MERCURE_JWT_SECRET", &mercure.jwt_secret, true),
        ("MERCURE_PUBLISHER_JWT_KEY", &mercure.publisher_key, symmetric(&mercure.publisher_algorithm)),
        ("MERCURE_SUBSCRIBER_JWT_KEY", &mercure.subscriber_key, symmetric(&mercure.subscriber_algorithm)),
    ];
    for (name, secret, counts) in secrets {
        // An empty variable is an absent one.
        if let Some(secret) = secret.as_ref().filter(|secret| counts && !secret.is_empty()) {
            judge(secret.as_bytes()).map_err(|weak| StartError::WeakSecret(name, weak))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_whole_or_refused() {
        let folder = parlor_db::testing::TempDir::new().unwrap();
        let path = folder.path().join("cursor.key");
        let key = read_key(&path).unwrap();
        assert_eq!((key.len(), read_key(&path).unwrap()), (MIN_SECRET_BYTES, key));
        let letters = "abcdefghijklmnopqrstuvwxyz01234";
        let none = [
            vec![],
            vec![7],
            vec![7; 31],
            vec![0; 32],
            vec![255; 64],
            vec![b'\n'; 64],
            b" \n\t\0".repeat(20),
        ];
        for bytes in none.into_iter().chain([format!("{letters}\n\n").into_bytes()]) {
            std::fs::write(&path, &bytes).unwrap();
            let refused = read_key(&path).unwrap_err().to_string();
            assert!(refused.contains("remove it"), "{refused}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is left as it was");
        }
        let text = format!("{letters}5\n").into_bytes();
        // Random bytes may well end with what looks like a blank.
        let random = [&[200, 1, 2, 3][..], &seed_like(), b"\n"].concat();
        for bytes in [text, random] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read_key(&path).unwrap(), bytes);
        }
    }

    /// Bytes that are no text.
    fn seed_like() -> Vec<u8> {
        (0..27).map(|number| 255 - number * 9).collect()
    }

    #[test]
    fn blanks_and_repetitions_are_no_secret() {
        for short in ["", "short", &" ".repeat(40), &"\u{a0}".repeat(40), "0123456789abcdef0123456789abcde\n"]
        {
            assert!(matches!(judge(short.as_bytes()), Err(WeakSecret::Short(_))), "{short:?}");
        }
        for repeated in ["a".repeat(32), "ü".repeat(40), format!("{}\n", "0".repeat(64))] {
            assert_eq!(judge(repeated.as_bytes()), Err(WeakSecret::Repeated), "{repeated:?}");
        }
        assert_eq!(judge(b"0123456789abcdef0123456789abcdef\n"), Ok(()));
    }

    #[test]
    fn who_starts_at_once_takes_one_key() {
        let folder = parlor_db::testing::TempDir::new().unwrap();
        for round in 0..20 {
            let path = folder.path().join(format!("{round}.key"));
            let keys: Vec<_> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| read_key(&path).unwrap())).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
        }
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 20, "no parts are left");
    }
}
