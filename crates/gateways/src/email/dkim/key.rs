//! Private keys for signatures. Owns: reading them from PEM, and saying what is wrong with one.
//!
//! Must not know: what is signed.

use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};

/// What is wrong with a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// There is no private key in it.
    #[error(
        "this is no private key in PEM: it begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    )]
    NoKey,
    /// It is locked with a password.
    #[error("the private key is encrypted with a password; give it without one")]
    Encrypted,
    /// Neither RSA nor Ed25519.
    #[error("the private key must be of RSA or Ed25519")]
    Kind,
    /// Receivers do not trust short keys (RFC 8301, 3.2).
    #[error("the RSA key must have 2048 to 4096 bits")]
    Size,
    /// Its parts do not fit together.
    #[error("the private key is damaged")]
    Damaged,
}

/// A key that signs.
pub enum SigningKey {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        if pem.contains("ENCRYPTED") {
            return Err(InvalidKey::Encrypted);
        }
        let rsa = |key: Result<RsaKeyPair, ring::error::KeyRejected>| {
            key.map(Self::Rsa).map_err(|error| rejected(&error))
        };
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| InvalidKey::NoKey)? {
            PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                // Programs write Ed25519 keys without the public half, in the older form of the standard.
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    Ok(key) => Ok(Self::Ed25519(key)),
                    Err(_) => rsa(RsaKeyPair::from_pkcs8(der)),
                }
            }
            _ => Err(InvalidKey::Kind),
        }
    }

    /// The name of the kind in a record of DNS, and the public key as it stands there.
    pub fn public(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Rsa(key) => ("rsa", public_key_info(key.public_key().as_ref())),
            Self::Ed25519(key) => ("ed25519", key.public_key().as_ref().to_vec()),
        }
    }

    /// The signature of the bytes; None when the key cannot sign.
    pub fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // The randomness hides the key from those who measure time; the signature does not depend on it.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463, 3: the hash is what is signed.
            Self::Ed25519(key) => Some(key.sign(&Sha256::digest(bytes)).as_ref().to_vec()),
        }
    }
}

fn rejected(error: &ring::error::KeyRejected) -> InvalidKey {
    match error.to_string().as_str() {
        "TooSmall" | "TooLarge" => InvalidKey::Size,
        "WrongAlgorithm" => InvalidKey::Kind,
        _ => InvalidKey::Damaged,
    }
}

/// SubjectPublicKeyInfo of an RSA key (RFC 5280, 4.1): verifiers expect it rather than the bare key.
fn public_key_info(key: &[u8]) -> Vec<u8> {
    // rsaEncryption, without parameters (RFC 3279, 2.3.1).
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    let bits = der(BIT_STRING, &[&[0], key].concat());
    der(SEQUENCE, &[&ALGORITHM[..], &bits].concat())
}

/// A value with its tag and length (X.690, 8.1.3).
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    if value.len() >= 128 {
        out.push(0x80 | length.len() as u8);
    }
    out.extend(length);
    out.extend(value);
    out
}
