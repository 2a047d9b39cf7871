//! The published examples, and what devices can decrypt.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;

use super::*;
use crate::push::keys::read;

fn bytes(text: &str) -> Vec<u8> {
    BASE64URL.decode(text).unwrap()
}

/// RFC 8291, appendix A.
const PLAINTEXT: &str = "When I grow up, I want to be a watermelon";
const SENDER_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const SENDER_PUBLIC: &str =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
const RECEIVER_PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const RECEIVER_PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
const INPUT: &str = "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg";
const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

fn salt(text: &str) -> [u8; SALT_BYTES] {
    *read(text).unwrap()
}

fn receiver() -> SubscriptionKeys {
    SubscriptionKeys::parse(RECEIVER_PUBLIC, AUTH).unwrap()
}

#[test]
fn the_example_of_rfc_8291_is_encrypted_to_its_very_bytes() {
    let sender = PrivateKey::parse(SENDER_PRIVATE).unwrap();
    assert_eq!(point(&sender.public()), bytes(SENDER_PUBLIC));
    let body = encrypt(PLAINTEXT.as_bytes(), &receiver(), salt(SALT), &sender).unwrap();
    assert_eq!(BASE64URL.encode(&body), BODY);
}

#[test]
fn both_sides_of_the_example_come_to_the_same_secret() {
    let (sender, receiver) =
        (PrivateKey::parse(SENDER_PRIVATE).unwrap(), PrivateKey::parse(RECEIVER_PRIVATE).unwrap());
    let (ours, theirs) = (sender.public(), receiver.public());
    assert_eq!(point(&theirs), bytes(RECEIVER_PUBLIC));
    for (private, public) in [(&sender, &theirs), (&receiver, &ours)] {
        let input = shared_secret(private, public, &bytes(AUTH), &theirs, &ours).unwrap();
        assert_eq!(BASE64URL.encode(input), INPUT);
    }
}

#[test]
fn the_example_of_rfc_8188_is_encrypted_to_its_very_bytes() {
    let (input, salt) = (bytes("yqdlZ-tYemfogSmv7Ws5PQ"), salt("I1BsxtFttlv3u_Oo94xnmw"));
    let coded = aes128gcm(b"I am the walrus", &input, salt, &[]).unwrap();
    assert_eq!(
        BASE64URL.encode(coded),
        "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"
    );
}

#[test]
fn the_longest_push_fills_its_body_exactly_and_a_longer_one_is_refused() {
    let key = PrivateKey::parse(SENDER_PRIVATE).unwrap();
    assert_eq!(MOST_PLAINTEXT, 3_993);
    let body = encrypt(&[b'x'; MOST_PLAINTEXT], &receiver(), salt(SALT), &key).unwrap();
    assert_eq!(body.len(), 4_096);
    let longer = encrypt(&[b'x'; MOST_PLAINTEXT + 1], &receiver(), salt(SALT), &key);
    assert_eq!(longer, Err(EncryptError::TooLong(3_994)));
    assert_eq!(encrypt(&[], &receiver(), salt(SALT), &key).unwrap().len(), 4_096 - 3_993);
}

/// The examples that are kept beside the repository; None, with a line that says so, where they are not.
fn published(name: &str) -> Option<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vectors.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {path} is missing");
        return None;
    };
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    Some(all.into_iter().find(|example| example["name"] == name).unwrap())
}

#[test]
fn the_examples_kept_beside_the_repository_agree() {
    let text = |example: &Value, field: &str| example[field].as_str().unwrap().to_owned();
    let Some(push) = published("rfc8291_webpush_aes128gcm") else { return };
    let keys = SubscriptionKeys::parse(&text(&push, "ua_public"), &text(&push, "auth_secret")).unwrap();
    let sender = PrivateKey::parse(&text(&push, "as_private")).unwrap();
    let body =
        encrypt(text(&push, "plaintext").as_bytes(), &keys, salt(&text(&push, "salt")), &sender).unwrap();
    assert_eq!(BASE64URL.encode(body), text(&push, "body"));
    let Some(coding) = published("rfc8188_example_3_1") else { return };
    let message = bytes(&text(&coding, "message"));
    let salt = <[u8; SALT_BYTES]>::try_from(&message[..SALT_BYTES]).unwrap();
    let coded = aes128gcm(text(&coding, "plaintext").as_bytes(), &bytes(&text(&coding, "key")), salt, &[]);
    assert_eq!(coded.unwrap(), message);
}
