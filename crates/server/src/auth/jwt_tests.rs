//! Every way a token may lie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor_chat::time::Time;
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of the host, long enough for a test";
const RS_KEY: &[u8] = include_bytes!("../../tests/fixtures/rs256.key.pem");
const RS_PUB: &[u8] = include_bytes!("../../tests/fixtures/rs256.pub.pem");
const ES_KEY: &[u8] = include_bytes!("../../tests/fixtures/es256.key.pem");
const ES_PUB: &[u8] = include_bytes!("../../tests/fixtures/es256.pub.pem");
const ED_KEY: &[u8] = include_bytes!("../../tests/fixtures/eddsa.key.pem");
const ED_PUB: &[u8] = include_bytes!("../../tests/fixtures/eddsa.pub.pem");

const NOW: i64 = 1_800_000_000;

fn now() -> Time {
    Time(NOW * 1_000_000)
}

fn claims() -> Value {
    json!({"tenant": "default", "sub": "42", "name": "Ana", "exp": NOW + 600})
}

fn token(algorithm: Algorithm, key: &EncodingKey, kid: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn hs(claims: &Value) -> String {
    token(Algorithm::HS256, &EncodingKey::from_secret(SECRET), None, claims)
}

fn secret_key() -> Vec<HostKey> {
    vec![HostKey::secret(None, SECRET)]
}

#[test]
fn every_algorithm_serves_with_its_key() {
    let cases = [
        (Algorithm::RS256, EncodingKey::from_rsa_pem(RS_KEY).unwrap(), "RS256", RS_PUB),
        (Algorithm::ES256, EncodingKey::from_ec_pem(ES_KEY).unwrap(), "ES256", ES_PUB),
        (Algorithm::EdDSA, EncodingKey::from_ed_pem(ED_KEY).unwrap(), "EdDSA", ED_PUB),
    ];
    for (algorithm, signer, name, public) in &cases {
        let keys = vec![HostKey::pem(None, name, public).unwrap()];
        let good = token(*algorithm, signer, None, &claims());
        assert_eq!(verify(&good, &keys, now()).unwrap().0.sub, "42", "{name}");
        assert_eq!(verify(&good, &secret_key(), now()), Err(Refusal::NoKey), "{name} against a secret");
    }
    assert_eq!(verify(&hs(&claims()), &secret_key(), now()).unwrap().0.name.as_deref(), Some("Ana"));
}

#[test]
fn a_public_key_never_serves_as_a_secret() {
    let forged = token(Algorithm::HS256, &EncodingKey::from_secret(RS_PUB), None, &claims());
    let keys = vec![HostKey::pem(None, "RS256", RS_PUB).unwrap()];
    assert_eq!(verify(&forged, &keys, now()), Err(Refusal::NoKey));
}

#[test]
fn none_does_not_exist() {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", "nOnE"] {
        let forged = format!("{}.{}.", part(json!({"alg": alg, "typ": "JWT"})), part(claims()));
        assert!(verify(&forged, &secret_key(), now()).is_err(), "{alg}");
    }
}

#[test]
fn wrong_secret_and_changed_claims() {
    let other = token(Algorithm::HS256, &EncodingKey::from_secret(b"another"), None, &claims());
    assert_eq!(verify(&other, &secret_key(), now()), Err(Refusal::Signature));
    let good = hs(&claims());
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let mut lie = claims();
    lie["sub"] = json!("1");
    parts[1] = URL_SAFE_NO_PAD.encode(lie.to_string());
    assert_eq!(verify(&parts.join("."), &secret_key(), now()), Err(Refusal::Signature));
    assert_eq!(verify(&other, &[], now()), Err(Refusal::NoKey));
}

#[test]
fn stronger_hmac_is_not_the_pinned_one() {
    let other = token(Algorithm::HS512, &EncodingKey::from_secret(SECRET), None, &claims());
    assert_eq!(verify(&other, &secret_key(), now()), Err(Refusal::NoKey));
}

#[test]
fn times() {
    let with = |changes: Value| {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        verify(&hs(&claims), &secret_key(), now())
    };
    assert_eq!(with(json!({"exp": NOW - LEEWAY_SECONDS})), Err(Refusal::Expired));
    assert!(with(json!({"exp": NOW - LEEWAY_SECONDS + 1})).is_ok());
    assert!(with(json!({"exp": NOW as f64 + 0.5})).is_ok());
    assert_eq!(with(json!({"nbf": NOW + 600})), Err(Refusal::NotYet));
    for far in [NOW as f64 + LONGEST_SECONDS as f64 + 1.0, 9e18, 1e300] {
        assert_eq!(with(json!({"exp": far})), Err(Refusal::TooLong), "{far}");
    }
    assert!(with(json!({"exp": NOW + LONGEST_SECONDS})).is_ok());
    assert_eq!(with(json!({"exp": null})), Err(Refusal::Malformed));
    assert_eq!(with(json!({"exp": "tomorrow"})), Err(Refusal::Malformed));
    let mut without = claims();
    without.as_object_mut().unwrap().remove("exp");
    assert_eq!(verify(&hs(&without), &secret_key(), now()), Err(Refusal::Malformed));
}

#[test]
fn claims_of_the_wrong_shape() {
    for (name, value) in [
        ("sub", json!("")),
        ("sub", json!(["a"])),
        ("sub", json!("x".repeat(300))),
        ("kind", json!("system")),
        ("roles", json!("admin")),
    ] {
        let mut bad = claims();
        bad[name] = value;
        assert_eq!(verify(&hs(&bad), &secret_key(), now()), Err(Refusal::Malformed), "{name}");
    }
    let mut number = claims();
    number["sub"] = json!(42);
    assert_eq!(verify(&hs(&number), &secret_key(), now()).unwrap().0.sub, "42");
    for junk in ["", ".", "..", "a.b.c", &"x".repeat(MAX_TOKEN_BYTES + 1)] {
        assert_eq!(verify(junk, &secret_key(), now()), Err(Refusal::Malformed));
    }
}

#[test]
fn kid_chooses_among_keys() {
    let keys =
        vec![HostKey::secret(Some("old".into()), b"old secret"), HostKey::secret(Some("new".into()), SECRET)];
    let signer = EncodingKey::from_secret(SECRET);
    let sign = |kid| token(Algorithm::HS256, &signer, kid, &claims());
    assert!(verify(&sign(Some("new")), &keys, now()).is_ok());
    assert_eq!(verify(&sign(Some("old")), &keys, now()), Err(Refusal::Signature));
    assert_eq!(verify(&sign(Some("lost")), &keys, now()), Err(Refusal::NoKey));
    assert!(verify(&sign(None), &keys, now()).is_ok(), "without kid each key is tried");
}

#[test]
fn jwks_documents() {
    let encoding = EncodingKey::from_ec_pem(ES_KEY).unwrap();
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&encoding, Algorithm::ES256).unwrap()).unwrap();
    jwk["kid"] = json!("k1");
    let mut for_encryption = jwk.clone();
    for_encryption["use"] = json!("enc");
    let symmetric = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "alg": "HS256"});
    let document = json!({"keys": [jwk, for_encryption, symmetric]}).to_string();
    let keys = HostKey::jwks(&document).unwrap();
    assert_eq!(keys.len(), 1);
    let good = token(Algorithm::ES256, &encoding, Some("k1"), &claims());
    assert!(verify(&good, &keys, now()).is_ok());
    assert_eq!(verify(&hs(&claims()), &keys, now()), Err(Refusal::NoKey));
    assert!(HostKey::jwks("{}").is_none());
}

#[test]
fn peeking_believes_nothing_but_reads_the_tenant() {
    assert_eq!(peek_tenant(&hs(&json!({"tenant": "acme"}))).as_deref(), Some("acme"));
    assert_eq!(peek_tenant(&hs(&json!({"sub": "1"}))).as_deref(), Some("default"));
    assert_eq!(peek_tenant("junk"), None);
}

/// RFC 7515, 4.1.11: who does not know a named extension refuses.
#[test]
fn extensions_that_are_critical_are_refused() {
    let claims = URL_SAFE_NO_PAD.encode(claims().to_string());
    let signed = |head: Value| {
        let text = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(head.to_string()));
        let key = EncodingKey::from_secret(SECRET);
        let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{text}.{signature}")
    };
    assert!(verify(&signed(json!({"alg": "HS256"})), &secret_key(), now()).is_ok());
    for crit in [json!(["exp"]), json!([]), json!("b64")] {
        let token = signed(json!({"alg": "HS256", "crit": crit}));
        assert_eq!(verify(&token, &secret_key(), now()), Err(Refusal::Malformed), "{crit}");
    }
}
