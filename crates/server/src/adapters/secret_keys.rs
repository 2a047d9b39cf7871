//! Owns: where the keys that seal secrets are kept: the environment, or a file that its owner alone can read. Must not
//! know: what is sealed with them, or which of them the database asks for.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parlor_chat::sealing::{KEY_BYTES, Key, KeyId, KeyRing, NONCE_BYTES};
use zeroize::Zeroizing;

use crate::adapters::key_file;
use crate::clock::random_seed;
use crate::config::DataArgs;
use crate::error::StartError;

/// The variable that gives keys.
pub const VARIABLE: &str = "PARLOR_SECRET_KEY";
/// The variable that names their file.
pub const FILE_VARIABLE: &str = "PARLOR_SECRET_KEY_FILE";
/// Their file in the data folder.
pub const FILE_NAME: &str = "secret.key";
/// A file with more is none of keys.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The options of the process.
    Environment,
    /// A file, one key a line.
    File(PathBuf),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment => f.write_str(VARIABLE),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The keys of this process, the first one first. A key that is not among them is looked for in the file again: a
/// rotation may have put it there.
#[derive(Debug)]
pub struct SecretKeys {
    source: Source,
    keys: RwLock<Vec<Key>>,
}

impl KeyRing for SecretKeys {
    fn key(&self, id: KeyId) -> Option<Key> {
        let find = |keys: &[Key]| keys.iter().find(|key| key.id() == id).cloned();
        let known = find(&self.keys());
        if known.is_some() {
            return known;
        }
        let Source::File(path) = &self.source else { return None };
        match read(path) {
            Ok(keys) => {
                let found = find(&keys)?;
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
                Some(found)
            }
            Err(error) => {
                tracing::error!(%error, "the secret key {id} was looked for in the key file");
                None
            }
        }
    }

    fn nonce(&self) -> [u8; NONCE_BYTES] {
        let seed = random_seed();
        std::array::from_fn(|at| seed[at])
    }
}

impl SecretKeys {
    /// Keys that were given, for tests and tools.
    #[must_use]
    pub fn given(keys: Vec<Key>) -> Self {
        Self { source: Source::Environment, keys: RwLock::new(keys) }
    }

    /// The keys that there are; None where the file of the data folder was not made yet.
    ///
    /// # Errors
    /// What is wrong with them, in a sentence for the terminal.
    pub fn load(data: &DataArgs) -> Result<Option<Self>, StartError> {
        let source = source(data)?;
        let keys = match &source {
            Source::Environment => parse(data.secret_key.as_ref().map_or("", |keys| keys.reveal()), &source)?,
            Source::File(path) => match read(path) {
                Err(StartError::KeyFile(_, error))
                    if error.kind() == ErrorKind::NotFound && data.secret_key_file().is_none() =>
                {
                    return Ok(None);
                }
                keys => keys?,
            },
        };
        Ok(Some(Self { source, keys: RwLock::new(keys) }))
    }

    /// Makes the file of the data folder with a new key; the folder is there. Of two that do so at once, the second takes
    /// the first one's.
    ///
    /// # Errors
    /// When it cannot be written or read.
    pub fn make(data: &DataArgs) -> Result<Self, StartError> {
        let path = data.data.join(FILE_NAME);
        let unusable = |error| StartError::KeyFile(path.clone(), error);
        key_file::make(&path, text(&[new_key()]).as_bytes()).map_err(unusable)?;
        let keys = RwLock::new(read(&path)?);
        Ok(Self { source: Source::File(path), keys })
    }

    /// The keys of the file as they are now: the first one first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reload(&self) -> Result<Vec<Key>, StartError> {
        if let Source::File(path) = &self.source {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = read(path)?;
        }
        Ok(self.keys())
    }

    /// Puts other keys into the file, all or none; it keeps its owner.
    ///
    /// # Errors
    /// When it cannot be written, or the keys are in no file.
    pub fn replace(&self, keys: Vec<Key>) -> Result<(), StartError> {
        let Source::File(path) = &self.source else {
            return Err(StartError::SecretKey(self.source.to_string(), "is in no file".to_owned()));
        };
        let unusable = |error| StartError::KeyFile(path.clone(), error);
        key_file::replace(path, text(&keys).as_bytes()).map_err(unusable)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Where they are from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// All of them, the first one first; there is one at least.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Their names.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys().iter().map(Key::id).collect()
    }
}

/// A key that nobody has seen.
#[must_use]
pub fn new_key() -> Key {
    Key::new(Zeroizing::new(random_seed()))
}

/// Where this process takes its keys from.
///
/// # Errors
/// When it is told twice.
pub fn source(data: &DataArgs) -> Result<Source, StartError> {
    let given = data.secret_key.as_ref().is_some_and(|keys| !keys.reveal().is_empty());
    match data.secret_key_file() {
        Some(_) if given => {
            let sentence =
                format!("{VARIABLE} and {FILE_VARIABLE} both name the secret key: give one of them");
            Err(StartError::Environment(sentence))
        }
        Some(path) => Ok(Source::File(path.to_owned())),
        None if given => Ok(Source::Environment),
        None => Ok(Source::File(data.data.join(FILE_NAME))),
    }
}

fn read(path: &Path) -> Result<Vec<Key>, StartError> {
    let unusable = |error| StartError::KeyFile(path.to_owned(), error);
    let file = File::open(path).map_err(unusable)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().map_err(unusable)?.permissions());
        if mode & 0o077 != 0 {
            return Err(StartError::OpenKey(path.to_owned(), mode & 0o777));
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(unusable)?;
    parse(&text, &Source::File(path.to_owned()))
}

/// Keys in hexadecimal or Base64, with line breaks or commas between them.
fn parse(text: &str, source: &Source) -> Result<Vec<Key>, StartError> {
    let wrong = |why: &str| StartError::SecretKey(source.to_string(), why.to_owned());
    let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let keys: Vec<Key> = parts
        .map(|part| decode(part).ok_or_else(|| wrong("is not 32 random bytes in hexadecimal or Base64")))
        .collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(wrong("is empty")) } else { Ok(keys) }
}

fn decode(text: &str) -> Option<Key> {
    let pair = |at: usize| text.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let is_hex = text.len() == 2 * KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = match is_hex {
        true => (0..KEY_BYTES).map(pair).collect::<Option<Vec<u8>>>()?,
        false => STANDARD.decode(text).ok()?,
    };
    let bytes = Zeroizing::new(bytes);
    let repeated = bytes.iter().all(|byte| Some(byte) == bytes.first());
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES || repeated {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(Key::new(key))
}

fn text(keys: &[Key]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(keys.len() * (2 * KEY_BYTES + 1)));
    for key in keys {
        key.bytes().iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use parlor_db::testing::TempDir;

    use super::*;

    fn data(folder: &TempDir) -> DataArgs {
        DataArgs { data: folder.path().into(), database: None, secret_key: None, secret_key_file: None }
    }

    #[test]
    fn the_file_is_made_once_and_read_again() {
        let folder = TempDir::new().unwrap();
        let data = data(&folder);
        assert!(SecretKeys::load(&data).unwrap().is_none());
        let ids: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| SecretKeys::make(&data).unwrap().ids())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|found| *found == ids[0] && found.len() == 1));
        let loaded = SecretKeys::load(&data).unwrap().unwrap();
        assert_eq!(loaded.ids(), ids[0]);
        let path = folder.path().join(FILE_NAME);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // Somebody else rotates: the new key is found when it is asked for.
        let (new, old) = (new_key(), loaded.keys()[0].clone());
        SecretKeys::load(&data).unwrap().unwrap().replace(vec![new.clone(), old.clone()]).unwrap();
        assert_eq!(loaded.key(new.id()).map(|key| key.id()), Some(new.id()));
        assert_eq!(loaded.ids(), [new.id(), old.id()]);
        assert!(loaded.key(new_key().id()).is_none());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no parts are left");
    }

    #[test]
    fn what_others_can_read_is_refused() {
        let folder = TempDir::new().unwrap();
        let data = data(&folder);
        SecretKeys::make(&data).unwrap();
        let path = folder.path().join(FILE_NAME);
        for mode in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = SecretKeys::load(&data).unwrap_err().to_string();
            assert!(refused.contains("chmod 600") && refused.contains(&format!("{mode:o}")), "{refused}");
        }
    }

    #[test]
    fn keys_are_hexadecimal_or_base64() {
        let (one, two) = (new_key(), new_key());
        let both = format!("{},{}", text(std::slice::from_ref(&one)).trim(), STANDARD.encode(two.bytes()));
        let ids = |text: &str| -> Result<Vec<KeyId>, StartError> {
            Ok(parse(text, &Source::Environment)?.iter().map(Key::id).collect())
        };
        assert_eq!(ids(&both).unwrap(), [one.id(), two.id()]);
        assert_eq!(ids(&format!("\n {}\r\n", both.replace(',', "\n"))).unwrap(), [one.id(), two.id()]);
        let hex = both[..2 * KEY_BYTES].to_owned();
        for junk in
            ["", " \n", "short", &"0".repeat(64), &hex[1..], &format!("{hex}0"), &format!("é{}", &hex[2..])]
        {
            let refused = ids(junk).unwrap_err().to_string();
            assert!(refused.contains(VARIABLE) && !refused.contains(&hex[1..]), "{refused}");
        }
    }
}
