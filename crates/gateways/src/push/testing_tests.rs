//! From a subscription to what the device shows: all parts together, and the service refuses what services refuse.

use super::*;
use crate::push::{
    Delivery, Outcome, PlainHttp, Subject, Subscription, Topic, Urgency, VapidKeys, encrypt, outcome,
};
use uuid::Uuid;

const ORIGIN: &str = "https://push.example.net";
/// 2026-11-28T08:00:00Z
const NOW: i64 = 1_795_852_800;

fn sender() -> VapidKeys {
    VapidKeys::from_bytes(&[9; KEY_BYTES]).unwrap()
}

/// A request that is in order; `number` makes its salt and key.
struct Request {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn request(subscribed: &Subscribed, conversation: u128, text: &str, number: u8) -> Request {
    let Subscribed { endpoint, p256dh, auth } = subscribed;
    let to = Subscription::parse(endpoint, p256dh, auth, PlainHttp::Refused).unwrap();
    let topic = Some(Topic::of(Uuid::from_u128(conversation)));
    let mut headers = Delivery { ttl: 14_400, urgency: Urgency::High, topic }.headers();
    let subject = Subject::parse("mailto:push@example.com").unwrap();
    headers.push(("Authorization", sender().authorization(&to.endpoint, &subject, NOW).unwrap().value));
    let key = PrivateKey::from_bytes(&[number; KEY_BYTES]).unwrap();
    let body = encrypt(text.as_bytes(), &to.keys, [number; SALT_BYTES], &key).unwrap();
    Request { path: endpoint.strip_prefix(ORIGIN).unwrap().to_owned(), headers, body }
}

fn send(service: &mut PushService, request: &Request) -> Answer {
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    service.receive(&request.path, &headers, &request.body, NOW)
}

#[test]
fn a_device_gets_what_was_sent() {
    let mut service = PushService::new(ORIGIN);
    let devices = [1, 2].map(|seed| service.subscribe(sender().public(), Mode::Takes, seed));
    let longest = "ü".repeat(1_996);
    for (device, text, number) in [(0, "hello", 1), (1, "", 2), (0, longest.as_str(), 3)] {
        let answer = send(&mut service, &request(&devices[device], 1, text, number));
        assert_eq!((answer.status, answer.why.as_str()), (201, ""));
        let got = service.received().last().unwrap();
        assert_eq!((got.subscription, got.text.as_str()), (device, text));
        assert_eq!((got.ttl, got.urgency.as_str()), (14_400, "high"));
    }
}

#[test]
fn a_device_that_was_off_shows_one_of_each_conversation() {
    let mut service = PushService::new(ORIGIN);
    let device = service.subscribe(sender().public(), Mode::Takes, 1);
    for number in 1..=60_u8 {
        let push = request(&device, u128::from(number % 6), &number.to_string(), number);
        assert_eq!(send(&mut service, &push).status, 201);
    }
    let shown: Vec<&str> = service.shown_after_sleep(0).iter().map(|push| push.text.as_str()).collect();
    assert_eq!(shown, ["55", "56", "57", "58", "59", "60"]);
}

#[test]
fn every_answer_has_its_meaning() {
    let mut service = PushService::new(ORIGIN);
    let device = service.subscribe(sender().public(), Mode::Takes, 1);
    let expected = [
        (Mode::Gone, Outcome::Gone),
        (Mode::Missing, Outcome::Gone),
        (Mode::Slow, Outcome::Later { seconds: Some(7) }),
        (Mode::Down, Outcome::Later { seconds: None }),
        (Mode::Full, Outcome::TooLarge),
        (Mode::Takes, Outcome::Delivered),
    ];
    for ((mode, meaning), number) in expected.into_iter().zip(1..) {
        service.set_mode(0, mode);
        let answer = send(&mut service, &request(&device, 1, "x", number));
        assert_eq!(outcome(answer.status, answer.retry_after, NOW), meaning, "{mode:?}");
    }
    assert_eq!(service.received().len(), 1);
}

#[test]
fn what_is_not_in_order_is_refused() {
    let change = |request: &mut Request, name: &str, value: Option<&str>| {
        request.headers.retain(|(known, _)| *known != name);
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        request.headers.extend(value.map(|value| (name, value.to_owned())));
    };
    let mut service = PushService::new(ORIGIN);
    let device = service.subscribe(sender().public(), Mode::Takes, 1);
    let authorization = |request: &Request| {
        request.headers.iter().find(|(name, _)| *name == "Authorization").unwrap().1.clone()
    };
    for (name, value, status) in [
        ("TTL", None, 400),
        ("TTL", Some("soon"), 400),
        ("Urgency", Some("urgent"), 400),
        ("Topic", Some("with_underscore"), 400),
        ("Topic", Some("012345678901234567890123456789012"), 400),
        ("Content-Encoding", Some("aesgcm"), 415),
        ("Authorization", None, 401),
        ("Authorization", Some("Bearer x"), 401),
    ] {
        let mut push = request(&device, 1, "x", 1);
        change(&mut push, name, value);
        assert_eq!(send(&mut service, &push).status, status, "{name} {value:?}");
    }
    let good = request(&device, 1, "x", 1);
    let headers: Vec<(&str, &str)> =
        good.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (now, status) in [(NOW + 12 * 3_600, 403), (NOW - 13 * 3_600, 403), (NOW + 12 * 3_600 - 1, 201)] {
        assert_eq!(service.receive(&good.path, &headers, &good.body, now).status, status);
    }
    assert_eq!(send(&mut service, &good).status, 400, "salt and key come once");
    let mut forged = request(&device, 1, "x", 2);
    let token = authorization(&forged).replacen("vapid t=ey", "vapid t=eX", 1);
    change(&mut forged, "Authorization", Some(&token));
    assert_eq!(send(&mut service, &forged).status, 403);
    let other = VapidKeys::from_bytes(&[10; KEY_BYTES]).unwrap();
    let mut stranger = request(&device, 1, "x", 2);
    let token = authorization(&stranger).replace(sender().public(), other.public());
    change(&mut stranger, "Authorization", Some(&token));
    assert_eq!(send(&mut service, &stranger).status, 403);
    for path in ["/push/1", "/push/x", "/push/", "/", "/push/0/1"] {
        let lost = Request { path: path.to_owned(), ..request(&device, 1, "x", 2) };
        assert_eq!(send(&mut service, &lost).status, 404, "{path}");
    }
}

#[test]
fn a_body_that_was_changed_anywhere_does_not_reach_the_device() {
    let mut service = PushService::new(ORIGIN);
    let device = service.subscribe(sender().public(), Mode::Takes, 1);
    let good = request(&device, 1, "hello", 1);
    for at in 0..good.body.len() {
        let mut cut = request(&device, 1, "hello", 1);
        cut.body.truncate(at);
        assert_eq!(send(&mut service, &cut).status, 400, "cut at {at}");
        // The size of a record may be larger than it.
        if (SALT_BYTES..SALT_BYTES + 4).contains(&at) {
            continue;
        }
        let mut changed = request(&device, 1, "hello", 1);
        changed.body[at] ^= 1;
        assert_eq!(send(&mut service, &changed).status, 400, "changed at {at}");
    }
    let mut large = request(&device, 1, &"x".repeat(3_993), 1);
    large.body.push(0);
    assert_eq!(send(&mut service, &large).status, 413);
    assert_eq!(service.received(), []);
}
