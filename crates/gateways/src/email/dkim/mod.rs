//! Signatures by which receivers know that a message is of its domain (RFC 6376; Ed25519: RFC 8463). Owns: what is signed,
//! and the form of the field.
//!
//! Both canonicalizations are "relaxed": servers on the way refold fields, and "simple" does not survive that. Must not
//! know: how a message is written.

mod canonical;
mod key;

use data_encoding::BASE64;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    address::{domain_in_ascii, is_dot_atom},
    folding::write_words,
};
pub use key::InvalidKey;
use key::SigningKey;

/// The fields that are signed where they are, and that nobody can add where they are not.
const SIGNED: [&str; 14] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
];
/// Letters of the signature on a line.
const LINE: usize = 70;

/// Signs for one domain.
pub struct Signer {
    domain: String,
    selector: String,
    key: SigningKey,
}

/// Why there can be no signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigner {
    /// The domain.
    #[error("the domain of the signature is not a domain name")]
    Domain,
    /// The selector.
    #[error("the selector is one or more words of letters, digits and hyphens with dots between them")]
    Selector,
    /// The private key.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// Why a message was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// No empty line after the header, or lines that do not end with CR LF.
    #[error("the message has no header that ends with an empty line")]
    NoHeader,
    /// Not exactly one From (RFC 6376, 5.4).
    #[error("the message has not one From")]
    From,
    /// The key did not sign.
    #[error("the key could not sign")]
    Key,
}

impl Signer {
    /// A signer with the private key as PEM: RSA of at least 2048 bits, in PKCS#1 or PKCS#8, or Ed25519 in PKCS#8.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, InvalidSigner> {
        let domain = domain_in_ascii(domain).ok_or(InvalidSigner::Domain)?;
        // The selector is part of a name in DNS.
        let word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_dot_atom(selector) || !word(selector) || selector.len() > 63 {
            return Err(InvalidSigner::Selector);
        }
        Ok(Self { domain, selector: selector.to_owned(), key: SigningKey::from_pem(pem)? })
    }

    /// Name and text of the record in DNS with which receivers check the signatures.
    pub fn dns_record(&self) -> (String, String) {
        let (kind, key) = self.key.public();
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        (name, format!("v=DKIM1; k={kind}; p={}", BASE64.encode(&key)))
    }

    /// The message with its signature in front.
    pub fn sign(&self, message: &[u8], at: Timestamp) -> Result<Vec<u8>, Unsignable> {
        let (head, body) = canonical::split(message).ok_or(Unsignable::NoHeader)?;
        let fields = canonical::fields(head);
        if fields.iter().filter(|(name, _)| name == "from").count() != 1 {
            return Err(Unsignable::From);
        }
        let body_hash = BASE64.encode(&Sha256::digest(canonical::body(body)));
        let names = signed_names(&fields);
        let mut tags = vec![
            "v=1;".to_owned(),
            format!("a={}-sha256;", self.key.public().0),
            "c=relaxed/relaxed;".to_owned(),
            format!("d={};", self.domain),
            format!("s={};", self.selector),
            format!("t={};", at.as_second()),
        ];
        let last = names.len() - 1;
        tags.extend(names.iter().enumerate().map(|(at, name)| {
            let (tag, end) = (if at == 0 { "h=" } else { "" }, if at == last { ";" } else { ":" });
            format!("{tag}{name}{end}")
        }));
        tags.push(format!("bh={body_hash};"));
        let signature =
            self.key.sign(signed_bytes(&fields, &names, &tags).as_bytes()).ok_or(Unsignable::Key)?;
        let signature = BASE64.encode(&signature);
        let (first, rest) = signature.split_at(LINE);
        tags.push(format!("b={first}"));
        tags.extend(rest.as_bytes().chunks(LINE).map(|chunk| String::from_utf8_lossy(chunk).into_owned()));
        let mut out = String::new();
        write_words(&mut out, "DKIM-Signature", tags);
        Ok([out.as_bytes(), message].concat())
    }
}

/// Each name as often as it is there and once more, which no further field of that name can satisfy (RFC 6376, 8.15).
fn signed_names(fields: &[(String, String)]) -> Vec<&'static str> {
    let times = |name: &str| 1 + fields.iter().filter(|(other, _)| other == name).count();
    SIGNED.iter().flat_map(|name| std::iter::repeat_n(*name, times(name))).collect()
}

/// What is signed: the fields, of several with one name the last first, then the signature's own field with an empty `b=`.
fn signed_bytes(fields: &[(String, String)], names: &[&str], tags: &[String]) -> String {
    let mut signed = String::new();
    let mut left: Vec<&(String, String)> = fields.iter().collect();
    for name in names {
        if let Some(at) = left.iter().rposition(|(other, _)| other == name) {
            let (name, value) = left.remove(at);
            signed.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    signed.push_str(&format!("dkim-signature:{} b=", tags.join(" ")));
    signed
}
