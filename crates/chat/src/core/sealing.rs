//! Secrets at rest: AES-256-GCM with a random nonce, as `v1:<key id>:<nonce and ciphertext in Base64>`. The tenant, table,
//! column and row are part of what is authenticated, so that a sealed text opens where it was put and nowhere else
//! (docs/decisions/0037-secrets-at-rest.md). Must not know: where keys and randomness come from, or any table.

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    ids::TenantId,
};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;

const VERSION: &str = "v1";

/// Names a key, and tells nothing of it: the beginning of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKeyId;

impl FromStr for KeyId {
    type Err = NoKeyId;

    fn from_str(text: &str) -> Result<Self, NoKeyId> {
        let hex = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).map_err(|_| NoKeyId)?;
        if hex { Ok(Self(number.to_be_bytes())) } else { Err(NoKeyId) }
    }
}

/// A key that seals secrets. Erased from memory when it is dropped, and never printed.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    /// From random bytes.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let hash = Sha256::new().chain_update(b"parlor secret key\0").chain_update(*bytes).finalize();
        Self { id: KeyId(std::array::from_fn(|at| hash[at])), bytes }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, for the file that it is kept in.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys at hand, and the randomness that sealing needs.
pub trait KeyRing: Send + Sync {
    /// The key with this id, if it is at hand.
    fn key(&self, id: KeyId) -> Option<Key>;
    /// Random bytes, not the same twice, not even when a transaction is run again.
    fn nonce(&self) -> [u8; NONCE_BYTES];
}

/// Where a sealed text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tenant of the row.
    pub tenant: TenantId,
    /// The table.
    pub table: &'static str,
    /// The column, or a field in its JSON.
    pub column: &'static str,
    /// Names the row within its tenant.
    pub row: String,
}

impl Place {
    /// What is authenticated beside the text; each part with its length, so that no two places are written alike.
    fn authenticated(&self, key: KeyId) -> Vec<u8> {
        let mut all = [VERSION.as_bytes(), &key.0, self.tenant.0.as_bytes()].concat();
        for part in [self.table, self.column, &self.row] {
            all.extend_from_slice(&(part.len() as u64).to_be_bytes());
            all.extend_from_slice(part.as_bytes());
        }
        all
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, table, column, row } = self;
        write!(f, "{table}.{column} of {row} (tenant {tenant})")
    }
}

/// Which key sealed the text; None for a text that has not the form of a sealed one.
#[must_use]
pub fn sealed_with(stored: &str) -> Option<KeyId> {
    parse(stored).map(|(id, _)| id)
}

fn parse(stored: &str) -> Option<(KeyId, Vec<u8>)> {
    let (id, sealed) = stored.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')?;
    let sealed = BASE64.decode(sealed).ok()?;
    let long_enough = sealed.len() >= NONCE_BYTES + AES_256_GCM.tag_len();
    Some((id.parse().ok()?, sealed)).filter(|_| long_enough)
}

fn cipher(key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.bytes()).ok().map(LessSafeKey::new)
}

/// Seals a text for its place.
///
/// # Errors
/// When the text is longer than the cipher can take.
pub fn seal(key: &Key, nonce: [u8; NONCE_BYTES], place: &Place, text: &str) -> Result<String> {
    let refused = || Error::Damaged(format!("{place} could not be sealed"));
    let mut sealed = text.as_bytes().to_vec();
    let aad = Aad::from(place.authenticated(key.id));
    let cipher = cipher(key).ok_or_else(refused)?;
    let done = cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
    done.map_err(|_| refused())?;
    Ok(format!("{VERSION}:{}:{}", key.id, BASE64.encode([&nonce[..], &sealed].concat())))
}

/// Opens what was sealed for this place.
///
/// # Errors
/// `Damaged` when it is not sealed, not for this place, or with a key that is not at hand.
pub fn open(keys: &dyn KeyRing, place: &Place, stored: &str) -> Result<String> {
    let damaged = |why: &str| Error::Damaged(format!("the secret {place} {why}"));
    let (id, mut sealed) = parse(stored).ok_or_else(|| damaged("is not sealed"))?;
    let key = keys
        .key(id)
        .ok_or_else(|| damaged(&format!("is sealed with the key {id}, which this server does not have")))?;
    let (nonce, sealed) = sealed.split_at_mut(NONCE_BYTES);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged("has no nonce"))?;
    let aad = Aad::from(place.authenticated(id));
    let opened =
        cipher(&key).and_then(|cipher| cipher.open_in_place(nonce, aad, sealed).ok().map(|text| &*text));
    let opened = opened.ok_or_else(|| damaged("was changed, or belongs to another place"))?;
    std::str::from_utf8(opened).map(str::to_owned).map_err(|_| damaged("is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(Key);

    impl KeyRing for One {
        fn key(&self, id: KeyId) -> Option<Key> {
            Some(self.0.clone()).filter(|key| key.id() == id)
        }
        fn nonce(&self) -> [u8; NONCE_BYTES] {
            [7; NONCE_BYTES]
        }
    }

    fn key(byte: u8) -> Key {
        Key::new(Zeroizing::new(std::array::from_fn(|at| byte ^ u8::try_from(at).unwrap())))
    }

    fn place() -> Place {
        let tenant = TenantId(uuid::Uuid::from_u128(1));
        Place { tenant, table: "host_keys", column: "secret", row: "a".to_owned() }
    }

    #[test]
    fn opens_in_its_place_only() {
        let sealed = seal(&key(1), [9; 12], &place(), "what nobody may read").unwrap();
        assert!(
            sealed.starts_with(&format!("v1:{}:", key(1).id())) && sealed_with(&sealed) == Some(key(1).id())
        );
        assert_eq!(open(&One(key(1)), &place(), &sealed).unwrap(), "what nobody may read");
        let other = TenantId(uuid::Uuid::from_u128(2));
        let elsewhere = [
            Place { tenant: other, ..place() },
            Place { table: "apps", ..place() },
            Place { column: "value", ..place() },
            Place { row: "b".to_owned(), ..place() },
            Place { table: "host_key", column: "ssecret", ..place() },
        ];
        for place in elsewhere {
            assert!(matches!(open(&One(key(1)), &place, &sealed), Err(Error::Damaged(_))), "{place}");
        }
        assert!(matches!(open(&One(key(2)), &place(), &sealed), Err(Error::Damaged(_))));
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let sealed = seal(&key(1), [9; 12], &place(), "text").unwrap();
        let at = sealed.rfind(':').unwrap() + 1;
        let bytes = BASE64.decode(&sealed[at..]).unwrap();
        for changed in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[changed] ^= 1;
            let text = format!("{}{}", &sealed[..at], BASE64.encode(bytes));
            assert!(open(&One(key(1)), &place(), &text).is_err(), "{changed}");
        }
        let short = format!("{}{}", &sealed[..at], BASE64.encode(&bytes[..20]));
        let named = sealed.replace(&key(1).id().to_string(), &key(2).id().to_string());
        for junk in [
            "",
            "plain",
            "v1:",
            "v1::",
            "v2:0011223344556677:AAAA",
            "v1:0011223344556677:AAAA",
            &short,
            &named,
        ] {
            let refused = open(&One(key(1)), &place(), junk);
            assert!(
                matches!(&refused, Err(Error::Damaged(text)) if !text.contains("plain")),
                "{junk}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_key_is_named_and_never_printed() {
        let id = key(3).id();
        assert_eq!(id.to_string().parse(), Ok(id));
        for junk in ["", "0", "+123456789abcdef", "0123456789ABCDEF", "0123456789abcdef0"] {
            assert_eq!(junk.parse::<KeyId>(), Err(NoKeyId), "{junk}");
        }
        let printed = format!("{:?}", key(3));
        assert!(printed.contains("id") && !printed.contains("bytes"), "{printed}");
    }
}
