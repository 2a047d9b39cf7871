//! The keys under which ids and tokens of e-mail are signed. Owns: the ring, and how a signature is made and compared.
//!
//! Must not know: what is signed (`tokens`), nor where keys are kept.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key and the number that tokens name it by. Without it in the ring, whatever it signed is void.
#[derive(Clone)]
pub struct Key {
    /// Its number, unique in the ring and never used again for another key.
    pub number: u8,
    /// 32 random bytes.
    pub secret: Zeroizing<[u8; 32]>,
}

/// The key that signs, and older ones whose signatures still count.
#[derive(Clone)]
pub struct Keys {
    signing: Key,
    older: Vec<Key>,
}

impl Keys {
    /// A ring; None when two of its keys have one number.
    pub fn new(signing: Key, older: Vec<Key>) -> Option<Self> {
        let mut numbers: Vec<u8> = older.iter().chain([&signing]).map(|key| key.number).collect();
        numbers.sort_unstable();
        let unique = numbers.windows(2).all(|pair| pair[0] != pair[1]);
        unique.then_some(Self { signing, older })
    }

    pub(super) fn signing(&self) -> &Key {
        &self.signing
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.signing).chain(&self.older)
    }

    pub(super) fn numbered(&self, number: u8) -> Option<&Key> {
        self.all().find(|key| key.number == number)
    }
}

impl Key {
    /// The beginning of the signature of these fields under this purpose.
    pub(super) fn sign<const N: usize>(&self, purpose: Purpose, fields: &[&[u8]]) -> [u8; N] {
        let code = self.mac(purpose, fields).finalize().into_bytes();
        std::array::from_fn(|at| code[at])
    }

    /// Whether the signature is of these fields, in a time that tells nothing of where it differs.
    pub(super) fn verifies(&self, purpose: Purpose, fields: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(purpose, fields).verify_truncated_left(signature).is_ok()
    }

    /// The length stands before each field, so that no field reads as part of its neighbour.
    fn mac(&self, purpose: Purpose, fields: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = new_mac(&self.secret[..]);
        mac.update(&[purpose as u8]);
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn new_mac(secret: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length")
}

/// What a signature is for: one of another purpose is none. The numbers are part of every signature.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    MessageId = 1,
    Reply = 2,
    Bounce = 3,
    Unsubscribe = 4,
    Instance = 5,
}
