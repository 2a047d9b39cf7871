//! Owns: keys that are kept in files, and how long a secret must be. Must not know: what is signed with them.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

use super::StartError;
use crate::clock::random_seed;
use crate::config::ServeArgs;

/// Bytes of a key. One signature is enough to try shorter ones out in peace.
pub(crate) const LEAST: usize = 32;

/// Reads a key, or makes one that only its owner can read.
pub(super) fn key_file(path: &Path) -> std::result::Result<Vec<u8>, StartError> {
    let unusable = |error| StartError::KeyFile(path.to_owned(), error);
    let key = match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path).map_err(unusable)?,
        read => read.map_err(unusable)?,
    };
    if key.len() < LEAST {
        return Err(StartError::ShortKey(path.to_owned(), key.len()));
    }
    super::start::private(path);
    Ok(key)
}

/// The key is whole before it has its name, so that a full disk or a kill leaves no half of one. Who comes second, of
/// two that start at once, takes the first one's.
fn make(path: &Path) -> Result<Vec<u8>> {
    let folder = path.parent().ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    let seed = random_seed();
    let name: String = random_seed().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let part = folder.join(format!("{name}.part"));
    let made = write_new(&part, &seed).and_then(|()| match std::fs::hard_link(&part, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        Err(_) if !path.exists() => std::fs::rename(&part, path),
        linked => linked,
    });
    let _ = std::fs::remove_file(&part);
    made?;
    // The name itself must outlive a power cut, or the next start would make another key.
    File::open(folder)?.sync_all()?;
    std::fs::read(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Secrets of the environment that are too short to be secret.
pub(crate) fn check(config: &ServeArgs) -> std::result::Result<(), StartError> {
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
        let length = secret.as_ref().map_or(0, String::len);
        // An empty variable is an absent one.
        if counts && (1..LEAST).contains(&length) {
            return Err(StartError::ShortSecret(name, length));
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
        let key = key_file(&path).unwrap();
        assert_eq!((key.len(), key_file(&path).unwrap()), (LEAST, key));
        for length in [0, 1, 31] {
            std::fs::write(&path, vec![7; length]).unwrap();
            let refused = key_file(&path).unwrap_err().to_string();
            assert!(refused.contains("remove it"), "{refused}");
            assert_eq!(std::fs::read(&path).unwrap().len(), length, "it is left as it was");
        }
        std::fs::write(&path, vec![7; 40]).unwrap();
        assert_eq!(key_file(&path).unwrap().len(), 40);
    }

    #[test]
    fn who_starts_at_once_takes_one_key() {
        let folder = parlor_db::testing::TempDir::new().unwrap();
        for round in 0..20 {
            let path = folder.path().join(format!("{round}.key"));
            let keys: Vec<_> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| key_file(&path).unwrap())).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
        }
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 20, "no parts are left");
    }
}
