//! The encryption of a push: RFC 8291 over the content coding `aes128gcm` of RFC 8188, in one record. Must not know: what
//! is in it. Salt and ephemeral key are given; each pair encrypts one push and no other.

use p256::PublicKey;
use p256::ecdh::diffie_hellman;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use super::keys::{POINT_BYTES, PrivateKey, point};
use super::subscription::SubscriptionKeys;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;
/// What a push service must take at least, and browsers decrypt at most (RFC 8291, section 4).
pub(crate) const MOST_BODY: usize = 4_096;
/// The one record may fill the body.
const RECORD_SIZE: u32 = 4_096;
/// Salt, size of a record, length of the key's name (RFC 8188, section 2.1).
pub(crate) const HEADER_BYTES: usize = SALT_BYTES + 4 + 1;
/// The delimiter of the last record, and the tag of the cipher.
const RECORD_OVERHEAD: usize = 1 + 16;
/// The most bytes that one push can carry.
pub const MOST_PLAINTEXT: usize = MOST_BODY - HEADER_BYTES - POINT_BYTES - RECORD_OVERHEAD;

const LAST_RECORD: u8 = 2;

/// Why a push was not encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// It carries too much.
    #[error("a push carries at most {MOST_PLAINTEXT} bytes, not {0}")]
    TooLong(usize),
    /// The cipher refused, which it does for no input of this length.
    #[error("the push could not be encrypted")]
    Cipher,
}

impl From<Unspecified> for EncryptError {
    fn from(_: Unspecified) -> Self {
        Self::Cipher
    }
}

/// Encrypts a push for one subscription: the body of the request.
///
/// # Errors
/// When the text is longer than [`MOST_PLAINTEXT`].
pub fn encrypt(
    plaintext: &[u8],
    to: &SubscriptionKeys,
    salt: [u8; SALT_BYTES],
    ephemeral: &PrivateKey,
) -> Result<Vec<u8>, EncryptError> {
    if plaintext.len() > MOST_PLAINTEXT {
        return Err(EncryptError::TooLong(plaintext.len()));
    }
    let ours = ephemeral.public();
    let input = shared_secret(ephemeral, &to.public, to.auth(), &to.public, &ours)?;
    aes128gcm(plaintext, &input, salt, &point(&ours))
}

/// The input of the content coding's keys (RFC 8291, section 3.3): what the private key has in common with the public key
/// of the other side, combined with the subscription's secret and the keys of both.
pub(crate) fn shared_secret(
    private: &PrivateKey,
    public: &PublicKey,
    auth: &[u8],
    receiver: &PublicKey,
    sender: &PublicKey,
) -> Result<[u8; 32], Unspecified> {
    let common = diffie_hellman(private.0.to_nonzero_scalar(), public.as_affine());
    let info = [b"WebPush: info\0".as_slice(), &point(receiver), &point(sender)];
    hkdf(auth, common.raw_secret_bytes(), &info)
}

/// The content coding with one record (RFC 8188, section 2).
fn aes128gcm(
    plaintext: &[u8],
    input: &[u8],
    salt: [u8; SALT_BYTES],
    key_name: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    let name_length = u8::try_from(key_name.len()).map_err(|_| EncryptError::Cipher)?;
    let mut record = [plaintext, &[LAST_RECORD]].concat();
    let (cipher, nonce) = cipher(input, &salt)?;
    cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
    Ok([salt.as_slice(), &RECORD_SIZE.to_be_bytes(), &[name_length], key_name, &record].concat())
}

/// The key of the content, and the nonce of its first record (RFC 8188, sections 2.2 and 2.3).
pub(crate) fn cipher(input: &[u8], salt: &[u8]) -> Result<(LessSafeKey, Nonce), Unspecified> {
    let key: [u8; 16] = hkdf(salt, input, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = hkdf(salt, input, &[b"Content-Encoding: nonce\0"])?;
    Ok((LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?), Nonce::assume_unique_for_key(nonce)))
}

/// So many bytes by HKDF with SHA-256 (RFC 5869).
fn hkdf<const N: usize>(salt: &[u8], input: &[u8], info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    struct Bytes(usize);
    impl KeyType for Bytes {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = [0; N];
    Salt::new(HKDF_SHA256, salt).extract(input).expand(info, Bytes(N))?.fill(&mut out)?;
    Ok(out)
}

#[cfg(test)]
#[path = "encryption_tests.rs"]
mod tests;
