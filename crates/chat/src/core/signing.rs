//! What is signed for clients: links to files, and cursors of the event log, `"{seq}.{epoch}.{signature}"`. A cursor's
//! signature covers epoch, tenant and owner, so that it serves only its owner and only this log; the position itself may
//! be advanced by the client, and what is replayed is authorised again anyway (docs/decisions/0003-cursor.md).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    ids::{PersonId, RowId, TenantId},
    time::Time,
};

const SIGNATURE_BYTES: usize = 16;

fn mac(epoch: i64, tenant: TenantId, owner: PersonId, key: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| unreachable_key());
    mac.update(b"cursor");
    mac.update(&epoch.to_be_bytes());
    mac.update(tenant.0.as_bytes());
    mac.update(owner.0.as_bytes());
    mac
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn unreachable_key() -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(&[]).expect("HMAC takes a key of any length")
}

/// The part after the position: the same for all cursors of one owner. `{epoch}.{signature}`.
pub fn tail(epoch: i64, tenant: TenantId, owner: PersonId, key: &[u8]) -> String {
    let signature = mac(epoch, tenant, owner, key).finalize().into_bytes();
    format!("{epoch}.{}", URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE_BYTES]))
}

/// A cursor at the position.
pub fn encode(seq: i64, epoch: i64, tenant: TenantId, owner: PersonId, key: &[u8]) -> String {
    format!("{seq}.{}", tail(epoch, tenant, owner, key))
}

/// The position and epoch of a cursor that was made for this owner; None for any other text.
pub fn parse(text: &str, tenant: TenantId, owner: PersonId, key: &[u8]) -> Option<(i64, i64)> {
    let mut parts = text.splitn(3, '.');
    let seq = plain_number(parts.next()?).filter(|seq| *seq >= 0)?;
    let epoch = plain_number(parts.next()?)?;
    let signature = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    if signature.len() != SIGNATURE_BYTES {
        return None;
    }
    mac(epoch, tenant, owner, key).verify_truncated_left(&signature).ok()?;
    Some((seq, epoch))
}

/// A number in the one form in which it is written here: no "+1", no "01", no "-0".
fn plain_number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// What a link to a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFor {
    /// Reading it.
    Reading,
    /// Putting its bytes there.
    Uploading,
}

fn link_mac(
    what: LinkFor,
    tenant: TenantId,
    id: RowId,
    maker: &str,
    expires: Time,
    key: &[u8],
) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| unreachable_key());
    mac.update(match what {
        LinkFor::Reading => &b"file"[..],
        LinkFor::Uploading => b"upload",
    });
    mac.update(tenant.0.as_bytes());
    mac.update(id.0.as_bytes());
    mac.update(&expires.0.to_be_bytes());
    mac.update(maker.as_bytes());
    mac
}

/// The signature of a link to a file: the tenant and a code, so that the address need not name it. `maker` says for whom
/// it was made.
pub fn sign_link(
    what: LinkFor,
    tenant: TenantId,
    id: RowId,
    maker: &str,
    expires: Time,
    key: &[u8],
) -> String {
    let code = link_mac(what, tenant, id, maker, expires, key).finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([&tenant.0.as_bytes()[..], &code[..]].concat())
}

/// The tenant that a link's signature names, when the signature is ours. Whether its time is over is not asked.
pub fn verify_link(
    what: LinkFor,
    id: RowId,
    maker: &str,
    expires: Time,
    signature: &str,
    key: &[u8],
) -> Option<TenantId> {
    let bytes = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let (tenant, code) = bytes.split_at_checked(16)?;
    let tenant = TenantId(uuid::Uuid::from_slice(tenant).ok()?);
    link_mac(what, tenant, id, maker, expires, key).verify_slice(code).ok()?;
    Some(tenant)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn serves_only_its_owner() {
        let (tenant, owner) = (TenantId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let cursor = encode(7, 3, tenant, owner, b"key");
        assert_eq!(parse(&cursor, tenant, owner, b"key"), Some((7, 3)));
        assert_eq!(parse(&format!("9{}", &cursor[1..]), tenant, owner, b"key"), Some((9, 3)));
        assert_eq!(parse(&cursor, tenant, PersonId(Uuid::from_u128(9)), b"key"), None);
        assert_eq!(parse(&cursor, TenantId(Uuid::from_u128(9)), owner, b"key"), None);
        assert_eq!(parse(&cursor, tenant, owner, b"other"), None);
        assert_eq!(parse(&cursor.replace(".3.", ".4."), tenant, owner, b"key"), None);
        for junk in ["", "7", "7.3", "7.3.", "-1.3.x", "x.y.z", &cursor[..cursor.len() - 1]] {
            assert_eq!(parse(junk, tenant, owner, b"key"), None, "{junk}");
        }
    }
}
