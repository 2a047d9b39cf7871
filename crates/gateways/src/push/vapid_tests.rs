//! Who sends is known, by the published example and by a service that checks.

use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::Verifier;
use serde_json::Value;

use super::*;
use crate::push::subscription::PlainHttp;

/// 2026-11-28T08:00:00Z
const NOW: i64 = 1_795_852_800;

fn keys() -> VapidKeys {
    VapidKeys::from_bytes(&[7; KEY_BYTES]).unwrap()
}

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text, PlainHttp::Refused).unwrap()
}

fn subject() -> Subject {
    Subject::parse("mailto:push@example.com").unwrap()
}

fn decoded(part: &str) -> Value {
    use base64::Engine as _;
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header, claims and whether the signature is the key's.
fn opened(authorization: &str) -> (Value, Value, bool) {
    let (token, key) = authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let key = VerifyingKey::from_sec1_bytes(&*read::<POINT_BYTES>(key).unwrap()).unwrap();
    let signature = Signature::from_slice(&*read::<64>(signature).unwrap()).unwrap();
    (decoded(header), decoded(claims), key.verify(signed.as_bytes(), &signature).is_ok())
}

#[test]
fn the_example_of_rfc_8292_is_understood() {
    const EXAMPLE: &str = "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
    let (_, _, signed) = opened(EXAMPLE);
    assert!(signed);
    // Ours for the same claims differs from it in the signature and the key alone.
    let ours = keys()
        .authorization(&endpoint("https://push.example.net/x"), &subject(), 1_453_523_768 - LIFE_SECONDS)
        .unwrap();
    assert_eq!(ours.value.rsplit_once('.').unwrap().0, EXAMPLE.rsplit_once('.').unwrap().0);
}

#[test]
fn a_token_is_for_one_service_and_good_for_twelve_hours() {
    let made =
        keys().authorization(&endpoint("https://push.example.net:8443/a/b?c"), &subject(), NOW).unwrap();
    let (header, claims, signed) = opened(&made.value);
    assert!(signed);
    assert_eq!(header, serde_json::json!({"typ": "JWT", "alg": "ES256"}));
    let expected = serde_json::json!({
        "aud": "https://push.example.net:8443", "exp": NOW + 12 * 3_600, "sub": "mailto:push@example.com",
    });
    assert_eq!(claims, expected);
    assert_eq!(made.expires, NOW + 12 * 3_600);
    let (before, signature) = made.value.rsplit_once(", k=").unwrap();
    let other = VapidKeys::from_bytes(&[8; KEY_BYTES]).unwrap();
    assert!(!opened(&format!("{before}, k={}", other.public())).2, "another key did not sign {signature}");
}

#[test]
fn keys_are_written_and_read() {
    let keys = keys();
    let read = VapidKeys::parse(&keys.private(), keys.public()).unwrap();
    assert_eq!(read.public(), keys.public());
    assert_eq!((keys.private().len(), keys.public().len()), (43, 87));
    assert!(!format!("{keys:?}").contains(keys.private().as_str()), "not printed");
}

#[test]
fn what_is_no_pair_of_keys_is_an_error() {
    let keys = keys();
    let (private, public) = (keys.private(), keys.public());
    let other = VapidKeys::from_bytes(&[8; KEY_BYTES]).unwrap();
    let order = text(&[0xff; KEY_BYTES]);
    let zero = text(&[0; KEY_BYTES]);
    for (private, public, why) in [
        ("", public, NotAKey::Text(32)),
        (&private[..42], public, NotAKey::Text(32)),
        (&format!("{}=", private.as_str()), public, NotAKey::Text(32)),
        (&format!("{}\n", private.as_str()), public, NotAKey::Text(32)),
        (&zero, public, NotAKey::Private),
        (&order, public, NotAKey::Private),
        (&private, "", NotAKey::Text(65)),
        (&private, &text(&[4; 65]), NotAKey::Public),
        (&private, other.public(), NotAKey::Pair),
    ] {
        assert_eq!(VapidKeys::parse(private, public).unwrap_err(), why, "{public}");
    }
    assert_eq!(VapidKeys::from_bytes(&[0; KEY_BYTES]).unwrap_err(), NotAKey::Private);
}

#[test]
fn a_subject_is_somebody_on_the_public_internet() {
    for good in [
        "mailto:push@example.com",
        "mailto:ops+push@mail.parlor.example.org",
        "mailto:o'neil@example.ie",
        "https://example.com",
        "https://example.com/contact?x=1",
    ] {
        assert!(Subject::parse(good).is_ok(), "{good}");
    }
    let long = format!("mailto:{}@example.com", "x".repeat(65));
    let longer = format!("https://example.com/{}", "x".repeat(400));
    for bad in [
        "",
        "push@example.com",
        "mailto:",
        "mailto:@example.com",
        "mailto:push",
        "mailto:push@",
        "mailto:push@localhost",
        "mailto:push@LOCALHOST",
        "mailto:push@server.local",
        "mailto:push@company.test",
        "mailto:push@company.invalid",
        "mailto:push@company.example",
        "mailto:push@mail.internal",
        "mailto:push@127.0.0.1",
        "mailto:push@[127.0.0.1]",
        "mailto:push@0x7f.1",
        "mailto:push@example..com",
        "mailto:push@.com",
        "mailto:push@example.com.",
        "mailto:push@example.com?subject=x",
        "mailto:push@example.com,other@example.com",
        "mailto:Push <push@example.com>",
        "mailto:push@example.com\r\nX: y",
        "mailto: push@example.com",
        "mailto:.push@example.com",
        "mailto:pü@example.com",
        "MAILTO:push@example.com",
        "http://example.com",
        "https://localhost",
        "https://localhost:8443/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://server",
        "https://user@example.com/",
        "https://example.com/\n",
        &long,
        &longer,
    ] {
        assert_eq!(Subject::parse(bad), Err(NotASubject), "{bad:?}");
    }
}
