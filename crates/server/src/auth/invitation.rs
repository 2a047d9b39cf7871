//! Owns: the token of a link with which somebody chooses a password. It names the password of now, so that it serves once
//! and needs no row. Must not know: requests, or who may invite.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor_chat::users::Credentials;
use parlor_chat::{Actor, PersonId, TenantId, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::jwt::{HostKey, verified};

/// How long an invitation serves.
pub const INVITATION_SECONDS: i64 = 7 * 86_400;
const KID: &str = "invitation";

/// Who is invited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// The tenant that it is for.
    pub tenant: TenantId,
    /// The person who is invited.
    pub person: PersonId,
    /// Who invited: as long as that person may.
    pub by: PersonId,
    /// Stands for the password that is to be replaced, and for who the account is at the host.
    mark: String,
    exp: f64,
}

impl Invitation {
    /// For a person with these credentials.
    #[must_use]
    pub fn new(by: &Actor, present: &Credentials, expires: Time) -> Self {
        Self {
            tenant: by.tenant,
            person: present.id,
            by: by.id(),
            mark: mark(present),
            exp: expires.micros() as f64 / 1e6,
        }
    }

    /// The token, signed with what is known here only.
    #[must_use]
    pub fn token(&self, secret: &[u8]) -> Option<String> {
        let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, self, &EncodingKey::from_secret(&key(secret))).ok()
    }

    /// The invitation of a token that is ours and not over.
    #[must_use]
    pub fn read(token: &str, secret: &[u8], now: Time) -> Option<Self> {
        let key = HostKey::secret(Some(KID.to_owned()), &key(secret));
        let (invitation, _): (Self, _) = verified(token, &[key]).ok()?;
        (now.micros() as f64 / 1e6 < invitation.exp).then_some(invitation)
    }

    /// Whether the password is still the one that was to be replaced, and the account still the host's, or not, as then.
    #[must_use]
    pub fn fits(&self, present: &Credentials) -> bool {
        self.mark == mark(present)
    }
}

fn mark(present: &Credentials) -> String {
    let password = present.password_hash.as_deref().unwrap_or_default();
    let mut digest = Sha256::new().chain_update(b"invited\0").chain_update(password);
    if let Some(external) = &present.external_id {
        digest = digest.chain_update(b"\0host\0").chain_update(external);
    }
    let digest = digest.finalize();
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

fn key(secret: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"invitation\0").chain_update(secret).finalize().into()
}
