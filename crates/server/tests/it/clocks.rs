//! A clock that goes back, while the server runs or between two runs, puts nothing new behind what is old.

use parlor::auth::jwt::Claims;
use parlor::clock::Clock;
use serde_json::{Value, json};

use crate::support::{Person, Site, claims, now};

const TWO_HOURS: i64 = 7_200;

/// A message, and a notification of the same words.
async fn say(ana: &Person, ben: &Person, group: &str, text: &str) {
    ana.post(&format!("/conversations/{group}/messages"), json!({"body": text})).await.ok(201);
    let note = json!({"user_ids": [ben.id], "type": "alert", "title": text});
    ana.post("/notifications", note).await.ok(201);
}

async fn titles(person: &Person) -> Vec<String> {
    let page = person.get("/conversations").await.ok(200);
    let text = |view: &Value| view["title"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(text).collect()
}

async fn notified(person: &Person) -> Vec<String> {
    let page = person.get("/notifications").await.ok(200);
    let text = |one: &Value| one["title"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn what_is_new_stays_first_when_the_clock_goes_back() {
    let clock = Clock::fixed(Clock::System.now());
    clock.advance(TWO_HOURS);
    let mut site = Site::at(clock.clone(), |_| {}).await;
    let roles = Some(vec!["admin".to_owned()]);
    let lasting = |name| Claims { exp: now() + 4.0 * 3_600.0, roles: roles.clone(), ..claims(name) };
    let (ana, ben) = (site.person(lasting("Ana")).await, site.person(lasting("Ben")).await);
    let (first, second) = (ana.group("first", &[&ben]).await, ana.group("second", &[&ben]).await);
    say(&ana, &ben, &first, "one").await;
    clock.advance(1);
    say(&ana, &ben, &second, "two").await;
    assert_eq!(titles(&ben).await, ["second", "first"]);
    clock.advance(-3_600);
    for (group, text, order) in [
        (&first, "three", ["first", "second"]),
        (&second, "four", ["second", "first"]),
        (&first, "five", ["first", "second"]),
    ] {
        say(&ana, &ben, group, text).await;
        assert_eq!(titles(&ben).await, order, "{text}");
    }
    // The next run begins with the machine's clock, which is two hours behind.
    site.restart().await;
    let (ana, ben) = (ana.at(&site.url), ben.at(&site.url));
    say(&ana, &ben, &second, "six").await;
    assert_eq!(titles(&ben).await, ["second", "first"]);
    assert_eq!(notified(&ben).await, ["six", "five", "four", "three", "two", "one"]);
}
