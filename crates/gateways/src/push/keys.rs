//! Keys on the curve P-256 as Web Push writes them: raw, in Base64 for URLs without padding (RFC 8292, section 3.2).
//! Must not know: whose they are.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey};
use zeroize::Zeroizing;

/// Bytes of a private key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a public key: a point that is not compressed (SEC 1, section 2.3.3).
pub(crate) const POINT_BYTES: usize = 65;
const UNCOMPRESSED: u8 = 4;

/// Bytes that are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Zero, or not below the order of the curve: one of four thousand million random numbers. Take others.
    #[error("the number is no private key of P-256")]
    Private,
    /// Not a point of the curve, or not in the form that Web Push asks for.
    #[error("the bytes are no point on P-256 in its uncompressed form")]
    Public,
    /// Not Base64 for URLs without padding, or of another length.
    #[error("a key is {0} bytes as Base64 for URLs, without padding")]
    Text(usize),
    /// The public key belongs to another private key.
    #[error("the private and the public key do not belong together")]
    Pair,
}

/// A private key. Erased from memory when it is dropped, and never printed.
#[derive(Clone)]
pub struct PrivateKey(pub(crate) SecretKey);

impl PrivateKey {
    /// From random bytes.
    ///
    /// # Errors
    /// When they are no key, which is as good as never.
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self, NotAKey> {
        SecretKey::from_slice(bytes).map(Self).map_err(|_| NotAKey::Private)
    }

    /// From Base64 for URLs.
    ///
    /// # Errors
    /// When the text is no key.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        Self::from_bytes(&*read::<KEY_BYTES>(text)?)
    }

    /// As Base64 for URLs.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(<[u8; KEY_BYTES]>::from(self.0.to_bytes()));
        Zeroizing::new(BASE64URL.encode(*bytes))
    }

    /// The public key that belongs to it.
    pub(crate) fn public(&self) -> PublicKey {
        self.0.public_key()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// The point as bytes.
pub(crate) fn point(key: &PublicKey) -> Vec<u8> {
    key.to_encoded_point(false).as_bytes().to_vec()
}

/// A point from its bytes.
pub(crate) fn public_key(bytes: &[u8]) -> Result<PublicKey, NotAKey> {
    let form = bytes.len() == POINT_BYTES && bytes.first() == Some(&UNCOMPRESSED);
    let key = PublicKey::from_sec1_bytes(bytes).map_err(|_| NotAKey::Public)?;
    if form { Ok(key) } else { Err(NotAKey::Public) }
}

/// So many bytes from Base64 for URLs.
pub(crate) fn read<const N: usize>(text: &str) -> Result<Zeroizing<[u8; N]>, NotAKey> {
    // No longer text is decoded than such bytes have.
    let bytes = (text.len() <= N * 2).then(|| BASE64URL.decode(text).ok()).flatten().map(Zeroizing::new);
    let bytes = bytes.and_then(|bytes| <[u8; N]>::try_from(bytes.as_slice()).ok());
    bytes.map(Zeroizing::new).ok_or(NotAKey::Text(N))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}
