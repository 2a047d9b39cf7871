//! What a caller's proof rests on, and telling every node when that is lost. A sign-in, a key of an application or a
//! host's key is a root; whatever is made with it (streams, nonces, tokens, signatures) names its root and ends with it.
//! Owns no rows: sessions, keys and applications are beside.
//!
//! Losing one is an event of the tenant's log that nobody is sent: so it reaches every node, in order, also when
//! another process did it, and a connection that was just being made does not slip through.

use std::fmt;
use std::str::FromStr;

use parlor_db::{FromValue, Value};

use crate::{
    error::Result,
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{RowId, TenantId},
    person::{Actor, text},
    tx::Tx,
};

pub use crate::events::Ended;

/// What a proof rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A sign-in, by what is stored of its token.
    Session([u8; 32]),
    /// A key of a server, by what is stored of it.
    ApiKey([u8; 32]),
    /// A stored key of a host application or of Mercure.
    HostKey(RowId),
    /// A key among the options of the process, by its tag.
    Process(u64),
}

impl Root {
    /// Names it among connections; no secret.
    #[must_use]
    pub fn tag(&self) -> u64 {
        match self {
            Self::Session(digest) | Self::ApiKey(digest) => tag(digest),
            Self::HostKey(id) => host_key_tag(*id),
            Self::Process(tag) => *tag,
        }
    }
}

/// A tag that names a token among connections; no secret.
#[must_use]
pub fn tag(digest: &[u8; 32]) -> u64 {
    digest.iter().take(8).fold(0, |tag, byte| (tag << 8) | u64::from(*byte))
}

fn host_key_tag(id: RowId) -> u64 {
    let (high, low) = id.0.as_u64_pair();
    high ^ low
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, digest) = match self {
            Self::HostKey(id) => return write!(f, "host-key:{id}"),
            Self::Process(tag) => return write!(f, "process:{tag:016x}"),
            Self::Session(digest) => ("session", digest),
            Self::ApiKey(digest) => ("api-key", digest),
        };
        write!(f, "{name}:")?;
        digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that names no root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoot;

impl FromStr for Root {
    type Err = NoRoot;

    fn from_str(text: &str) -> Result<Self, NoRoot> {
        let (name, value) = text.split_once(':').ok_or(NoRoot)?;
        match name {
            "session" => digest(value).map(Self::Session),
            "api-key" => digest(value).map(Self::ApiKey),
            "host-key" => value.parse().ok().map(Self::HostKey),
            "process" => u64::from_str_radix(value, 16).ok().map(Self::Process),
            _ => None,
        }
        .ok_or(NoRoot)
    }
}

impl FromValue for Root {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        let text = text(value)?;
        text.parse().map_err(|NoRoot| format!("{text:?} names no root of a credential"))
    }
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    bytes?.try_into().ok()
}

/// Says that something was lost: part of the transaction that takes it away.
pub(crate) fn ended(tx: &mut Tx, tenant: TenantId, ended: &Ended) -> Result<()> {
    if ended.tags.is_empty() && ended.person_id.is_none() {
        return Ok(());
    }
    let told = Payload::CredentialEnded(payloads::CredentialEnded { ended: ended.clone() });
    let new = NewEvent::new(told, Audience::Nobody);
    events::append(tx, &Actor::system(tenant, 0), new).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_written_and_read() {
        let id = RowId(uuid::Uuid::from_u128(7 << 64 | 9));
        for root in [Root::Session([7; 32]), Root::ApiKey([255; 32]), Root::HostKey(id), Root::Process(3)] {
            assert_eq!(root.to_string().parse(), Ok(root));
        }
        for junk in ["", "session:", "session:00", "api-key:é", "host-key:7", "process:", "other:00"] {
            assert_eq!(junk.parse::<Root>(), Err(NoRoot), "{junk}");
        }
    }

    #[test]
    fn nothing_lives_by_the_tag_zero() {
        let ended = Ended { tags: vec![0, 7], ..Ended::default() };
        assert!(ended.ends(&[1, 7], None) && !ended.ends(&[0, 1], None));
        let text = serde_json::to_string(&ended).unwrap();
        assert_eq!(serde_json::from_str::<Ended>(&text).unwrap(), ended);
    }
}
