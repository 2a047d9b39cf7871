//! What browsers give is read; what they never give is refused, with its field.

use super::*;

/// The receiver of RFC 8291, appendix A.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const ENDPOINT: &str = "https://fcm.googleapis.com/fcm/send/abc:DEF_1-2";

fn endpoint(text: &str) -> Result<Endpoint, NotASubscription> {
    Endpoint::parse(text, PlainHttp::Refused)
}

#[test]
fn subscriptions_of_browsers_are_read() {
    for (address, origin, host) in [
        (ENDPOINT, "https://fcm.googleapis.com", "fcm.googleapis.com"),
        (
            "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk%3D",
            "https://updates.push.services.mozilla.com",
            "updates.push.services.mozilla.com",
        ),
        ("https://web.push.apple.com/QGuQyavXutnMH", "https://web.push.apple.com", "web.push.apple.com"),
        (
            "https://db5p.notify.windows.com/w/?token=BQYAAAD%2b%2f",
            "https://db5p.notify.windows.com",
            "db5p.notify.windows.com",
        ),
        ("https://push.example.net:8443/x", "https://push.example.net:8443", "push.example.net"),
        ("https://PUSH.example.net:443/x", "https://push.example.net", "push.example.net"),
    ] {
        let read = Subscription::parse(address, P256DH, AUTH, PlainHttp::Refused).unwrap();
        assert_eq!((read.endpoint.origin().as_str(), read.endpoint.host()), (origin, host));
        assert!(format!("{read:?}").ends_with(&format!("Endpoint({origin}), keys: SubscriptionKeys }}")));
    }
    assert_eq!(endpoint(ENDPOINT).unwrap().as_str(), ENDPOINT);
}

#[test]
fn addresses_that_no_browser_gives_are_refused() {
    use NotASubscription::{EndpointLength, EndpointParts, EndpointScheme, EndpointUrl};
    for (address, why) in [
        ("", EndpointUrl),
        ("push", EndpointUrl),
        ("https://", EndpointUrl),
        ("https://push.example.net/a b", EndpointUrl),
        ("https://push.example.net/\r\nTTL: 1", EndpointUrl),
        ("https://push.example.net/\n", EndpointUrl),
        (" https://push.example.net/", EndpointUrl),
        ("https://push.example.net/\0", EndpointUrl),
        ("https://püsh.example.net/", EndpointUrl),
        ("http://push.example.net/", EndpointScheme),
        ("http://127.0.0.1:4000/push/1", EndpointScheme),
        ("ws://push.example.net/", EndpointScheme),
        ("javascript:alert(1)", EndpointScheme),
        ("data:text/plain,x", EndpointScheme),
        ("file:///etc/passwd", EndpointScheme),
        ("https://user@push.example.net/", EndpointParts),
        ("https://user:word@push.example.net/", EndpointParts),
        ("https://:word@push.example.net/", EndpointParts),
        ("https://push.example.net/#part", EndpointParts),
    ] {
        assert_eq!(endpoint(address).unwrap_err(), why, "{address:?}");
    }
    let longest = format!("https://push.example.net/{}", "x".repeat(2_048 - 25));
    assert!(endpoint(&longest).is_ok());
    assert_eq!(endpoint(&format!("{longest}x")).unwrap_err(), EndpointLength);
}

#[test]
fn only_a_test_takes_a_service_without_tls_and_only_on_this_machine() {
    let parse = |text: &str| Endpoint::parse(text, PlainHttp::OnLoopback);
    for loopback in ["http://127.0.0.1:4000/push/1", "http://[::1]:4000/", "http://localhost/"] {
        assert!(parse(loopback).is_ok(), "{loopback}");
        assert!(endpoint(loopback).is_err(), "{loopback}");
    }
    assert!(parse(ENDPOINT).is_ok());
    for elsewhere in [
        "http://push.example.net/",
        "http://192.168.0.1/",
        "http://localhost.example.net/",
        "ws://127.0.0.1/",
    ] {
        assert!(parse(elsewhere).is_err(), "{elsewhere}");
    }
}

#[test]
fn keys_have_one_length_one_form_and_are_on_the_curve() {
    let with_first = |first: u8| {
        let mut bytes = *read::<POINT_BYTES>(P256DH).unwrap();
        bytes[0] = first;
        crate::push::keys::text(&bytes)
    };
    let mut off_curve = *read::<POINT_BYTES>(P256DH).unwrap();
    off_curve[64] ^= 1;
    for (p256dh, why) in [
        (String::new(), NotAKey::Text(65)),
        (P256DH[..86].to_owned(), NotAKey::Text(65)),
        (format!("{P256DH}A"), NotAKey::Text(65)),
        (format!("{P256DH}="), NotAKey::Text(65)),
        (format!("{P256DH}\r\n"), NotAKey::Text(65)),
        (P256DH.replace('-', "+").replace('_', "/"), NotAKey::Text(65)),
        ("A".repeat(1_000_000), NotAKey::Text(65)),
        ("é".repeat(44), NotAKey::Text(65)),
        // Compressed, hybrid, the point at infinity, zeros, not on the curve.
        (crate::push::keys::text(&read::<POINT_BYTES>(P256DH).unwrap()[..33]), NotAKey::Text(65)),
        (with_first(2), NotAKey::Public),
        (with_first(6), NotAKey::Public),
        (with_first(0), NotAKey::Public),
        (crate::push::keys::text(&[0; 65]), NotAKey::Public),
        (crate::push::keys::text(&off_curve), NotAKey::Public),
    ] {
        let refused = SubscriptionKeys::parse(&p256dh, AUTH).unwrap_err();
        assert_eq!(refused, NotASubscription::P256dh(why), "{p256dh:.100}");
        assert_eq!(refused.field(), "p256dh");
    }
    for auth in [
        "",
        "BTBZMqHH6r4Tts7J_aSI",
        "BTBZMqHH6r4Tts7J_aSIggAA",
        "BTBZMqHH6r4Tts7J_aSIgg==",
        "BTBZMqHH6r4Tts7J_aSIgh",
    ] {
        let refused = SubscriptionKeys::parse(P256DH, auth).unwrap_err();
        assert_eq!(refused, NotASubscription::Auth(NotAKey::Text(16)), "{auth}");
        assert_eq!(refused.field(), "auth");
    }
}
