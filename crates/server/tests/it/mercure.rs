//! The Mercure hub as applications use it: publishing, subscribing, who gets what, and coming back.

use crate::support::http;
use std::time::Duration;

use base64::Engine;
use parlor_chat::host_keys::{self, KeyKind, Purpose};
use serde_json::{Value, json};

use crate::support::hub::{
    ALL, HUB_SECRET, Stream, answer, classic, hub_site, open, status, subscriber, token,
};
use crate::support::{Site, now};

fn v1(claims: Value) -> String {
    token(&json!({"alg": "HS256", "typ": "at+jwt"}), &claims, HUB_SECRET)
}

fn v1_claims(site: &Site, actions: &[&str], topics: Value) -> Value {
    let detail = json!({"type": "https://mercure.rocks/authorization-detail", "actions": actions, "topics": topics,
        "payload": {"name": "Ana"}});
    let hub = format!("{}/.well-known/mercure", site.url);
    json!({"iss": "https://app.example", "aud": hub, "exp": now() + 60.0, "authorization_details": [detail]})
}

async fn bodies(stream: &mut Stream, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        found.push(stream.data().await);
    }
    found
}

#[tokio::test]
async fn an_update_reaches_its_subscribers_as_it_was_sent() {
    let site = hub_site(|options| options.anonymous = true).await;
    let mut exact = site.subscribe("?topic=https%3A%2F%2Fx.example%2Fbooks%2F1", None).await;
    let mut template = site.subscribe("?topic=https://x.example/books/{id}", None).await;
    let mut other = site.subscribe("?topic=https://x.example/authors/{id}", None).await;
    let headers = [
        ("content-type", "text/event-stream"),
        ("cache-control", "private, no-cache, no-store, must-revalidate, max-age=0"),
        ("x-accel-buffering", "no"),
        ("pragma", "no-cache"),
    ];
    headers.iter().for_each(|(name, value)| assert_eq!(exact.headers[*name], *value));
    assert!(!exact.headers.contains_key("last-event-id"));
    let form = [
        ("topic", "https://x.example/books/1"),
        ("data", "one\r\ntwo\rthree\n\ndata: four"),
        ("id", "my-id"),
        ("type", "book"),
        ("retry", "1500"),
    ];
    let published = answer(site.hub_post(&form).bearer_auth(ALL)).await;
    assert_eq!((published.status, published.text.as_str()), (200, "my-id"));
    assert_eq!(published.headers["content-type"], "text/plain; charset=utf-8");
    for stream in [&mut exact, &mut template] {
        let update = stream.next().await.unwrap();
        assert_eq!(update.data, "one\ntwo\nthree\n\ndata: four");
        assert_eq!(
            (update.id.as_str(), update.name.as_str(), update.retry.as_str()),
            ("my-id", "book", "1500")
        );
    }
    let id = site.update(&[("topic", "https://x.example/authors/1"), ("data", "é")]).await;
    assert!(id.starts_with("urn:uuid:"), "{id}");
    assert_eq!(other.next().await.unwrap().id, id, "the first that it gets is its own");
    let alternates = [("topic", "x"), ("topic", "https://x.example/books/9"), ("data", "alternate")];
    site.update(&alternates).await;
    assert_eq!(template.data().await, "alternate");
}

#[tokio::test]
async fn private_updates_need_a_right() {
    let site = hub_site(|options| options.anonymous = true).await;
    let mut anonymous = site.subscribe("?topic=a", None).await;
    let mut without = site.subscribe("?topic=a", Some(&subscriber(&[]))).await;
    let mut with = site.subscribe("?topic=a", Some(&subscriber(&["a"]))).await;
    let mut by_alternate = site.subscribe("?topic=a", Some(&subscriber(&["{b}", "/users/{id}"]))).await;
    let mut elsewhere = site.subscribe("?topic=b", Some(&subscriber(&["*"]))).await;
    site.update(&[("topic", "a"), ("data", "for a"), ("private", "on")]).await;
    site.update(&[("topic", "a"), ("topic", "/users/7"), ("data", "for users"), ("private", "")]).await;
    site.update(&[("topic", "a"), ("topic", "b"), ("data", "for all")]).await;
    assert_eq!(anonymous.data().await, "for all");
    assert_eq!(without.data().await, "for all");
    assert_eq!(bodies(&mut with, 3).await, ["for a", "for users", "for all"]);
    // The template {b} takes "a" as well.
    assert_eq!(bodies(&mut by_alternate, 3).await, ["for a", "for users", "for all"]);
    assert_eq!(elsewhere.data().await, "for all");
}

#[tokio::test]
async fn a_token_comes_by_header_query_or_cookie_in_this_order() {
    let site = hub_site(|options| options.publish_origins = vec!["https://app.example".to_owned()]).await;
    let (good, bad) = (subscriber(&["*"]), "not.a.token");
    let ask = |query: &str| site.hub(&format!("?topic=a{query}"));
    let cookie = |value: &str| format!("x=1; mercureAuthorization={value}");
    assert_eq!(status(ask("")).await, 401);
    assert_eq!(status(ask("").bearer_auth(&good)).await, 200);
    assert_eq!(status(ask(&format!("&authorization={good}"))).await, 200);
    assert_eq!(status(ask("").header("cookie", cookie(&good))).await, 200);
    assert_eq!(status(ask(&format!("&authorization={good}")).bearer_auth(bad)).await, 401);
    assert_eq!(status(ask(&format!("&authorization={bad}")).header("cookie", cookie(&good))).await, 401);
    assert_eq!(status(ask(&format!("&authorization={good}")).header("cookie", cookie(bad))).await, 200);
    assert_eq!(
        status(ask("").header("authorization", "Basic eDp5").header("cookie", cookie(&good))).await,
        401
    );
    let post = || site.hub_post(&[("topic", "a")]).header("cookie", cookie(ALL));
    assert_eq!(status(post()).await, 401, "a cookie alone is what a foreign page would send");
    assert_eq!(status(post().header("origin", "https://evil.example")).await, 401);
    assert_eq!(status(post().header("origin", "https://app.example")).await, 200);
    assert_eq!(status(post().header("referer", "https://app.example/page?x=1")).await, 200);
    assert_eq!(status(post().header("origin", &site.url)).await, 200, "its own pages");
}

#[tokio::test]
async fn bad_tokens_are_refused_even_where_none_is_needed() {
    let site = hub_site(|options| options.anonymous = true).await;
    let all = json!({"mercure": {"publish": ["*"], "subscribe": ["*"]}});
    let header = json!({"alg": "HS256"});
    let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |more: Value| {
        let mut claims = all.clone();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        token(&header, &claims, HUB_SECRET)
    };
    let bad = [
        token(&header, &all, "another secret"),
        token(&json!({"alg": "HS512"}), &all, HUB_SECRET),
        format!("{}.{}.", part(&json!({"alg": "none"})), part(&all)),
        format!("{}x", ALL),
        with(json!({"exp": now() - 1.0})),
        with(json!({"nbf": now() + 90.0})),
        with(json!({"tenant": "nowhere"})),
        classic(json!({"subscribe": "*"})),
        classic(json!({"subscribe": vec!["a"; 1001]})),
        "x".repeat(20_000),
        String::new(),
    ];
    for token in bad {
        let refused = answer(site.hub("?topic=a").bearer_auth(&token)).await;
        assert_eq!(refused.status, 401, "{token}: {refused:?}");
        assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        assert_eq!(status(site.hub_post(&[("topic", "a")]).bearer_auth(&token)).await, 401, "{token}");
    }
    assert_eq!(status(site.hub("?topic=a").bearer_auth(ALL)).await, 200, "the published example");
    assert_eq!(status(site.hub("?topic=a")).await, 200);
    assert_eq!(status(site.hub_post(&[("topic", "a")])).await, 401);
    let wide = [("subscribe", json!(["*"])), ("publish", json!([])), ("publish", json!(["/a/{id}"]))];
    for (name, selectors) in wide {
        let token = classic(json!({name: selectors}));
        assert_eq!(
            status(site.hub_post(&[("topic", "b")]).bearer_auth(token)).await,
            401,
            "{name} {selectors}"
        );
    }
    let narrow = classic(json!({"publish": ["/a/{id}"]}));
    assert_eq!(status(site.hub_post(&[("topic", "/a/1")]).bearer_auth(&narrow)).await, 200);
    assert_eq!(status(site.hub_post(&[("topic", "/a/1"), ("topic", "b")]).bearer_auth(&narrow)).await, 401);
}

const PUBLISHERS: &str = "what publishers sign with, 32 bytes or more";

#[tokio::test]
async fn publishers_and_subscribers_may_have_keys_of_their_own() {
    let site = Site::with(|config| {
        config.mercure.publisher_key = Some(PUBLISHERS.to_owned());
        let pem = format!("{}/tests/fixtures/rs256.pub.pem", env!("CARGO_MANIFEST_DIR"));
        config.mercure.subscriber_key = Some(std::fs::read_to_string(pem).unwrap());
        config.mercure.subscriber_algorithm = "RS256".to_owned();
    })
    .await;
    let claims = json!({"mercure": {"publish": ["*"], "subscribe": ["*"]}});
    let publisher = token(&json!({"alg": "HS256"}), &claims, PUBLISHERS);
    assert_eq!(status(site.hub_post(&[("topic", "a")]).bearer_auth(&publisher)).await, 200);
    assert_eq!(status(site.hub("?topic=a").bearer_auth(&publisher)).await, 401);
    let pem = std::fs::read_to_string(format!("{}/tests/fixtures/rs256.pub.pem", env!("CARGO_MANIFEST_DIR")));
    let confused = token(&json!({"alg": "HS256"}), &claims, &pem.unwrap());
    assert_eq!(status(site.hub("?topic=a").bearer_auth(confused)).await, 401, "a public key is no secret");
}

#[tokio::test]
async fn hostile_requests_are_refused_in_words() {
    let site = hub_site(|options| options.anonymous = true).await;
    let get = |query: String| answer(site.hub(&query));
    let refused = get(String::new()).await;
    assert_eq!((refused.status, refused.text.trim()), (400, "Missing \"topic\" parameter."));
    assert_eq!(refused.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(get(format!("?{}", "topic=a&".repeat(1001))).await.status, 400);
    assert_eq!(status(site.hub(&format!("?{}", "topic=a&".repeat(1000)))).await, 200);
    for query in ["?topic=%ff", "?match_regexp=a", "?match_urlpattern=%28"] {
        assert_eq!(get(query.to_owned()).await.status, 400, "{query}");
    }
    let post = |form: Vec<(&'static str, String)>| {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        answer(site.hub_post(&form).bearer_auth(ALL))
    };
    let bad = [
        vec![("data", "x")],
        vec![("topic", "a"), ("retry", "soon")],
        vec![("topic", "a"), ("id", "a\nb")],
        vec![("topic", "a"), ("id", "a\rb")],
        vec![("topic", "a"), ("id", "a\0b")],
        vec![("topic", "a"), ("id", "#a")],
        vec![("topic", "a"), ("type", "a\r\nid: forged")],
        vec![("topic", "a"), ("type", "a\0")],
    ];
    for form in bad {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let refused = post(form.clone()).await;
        assert_eq!(refused.status, 400, "{form:?} {refused:?}");
    }
    assert_eq!(post(vec![("topic", "a".to_owned()); 1001]).await.status, 400);
    let reserved = "https://x.example/.well-known/mercure/subscriptions/a/b".to_owned();
    assert_eq!(post(vec![("topic", "a".to_owned()), ("topic", reserved)]).await.status, 403);
    assert_eq!(post(vec![("topic", "a".to_owned()), ("data", "x".repeat(2 << 20))]).await.status, 413);
    let not_text = site.hub_post(&[]).bearer_auth(ALL).body(vec![b't', b'=', 0xff]);
    assert_eq!(status(not_text).await, 400);
    let escaped = site.hub_post(&[]).bearer_auth(ALL).body("topic=a&data=%ff%fe");
    assert_eq!(status(escaped).await, 400);
    let wrong = http::client().put(format!("{}/.well-known/mercure", site.url));
    assert_eq!(status(wrong).await, 405);
}

#[tokio::test]
async fn strange_texts_arrive_unchanged() {
    let site = hub_site(|options| options.anonymous = true).await;
    let mut stream = site.subscribe("?topic=*", None).await;
    let strange = [
        "",
        " leading",
        ":comment",
        "\u{feff}bom",
        "\u{2028}\u{2029}",
        "emoji 👩‍👩‍👧 é",
        "a\0b",
        "{\"a\":\"\\n\"}",
    ];
    for text in strange {
        site.update(&[("topic", text).into_topic(), ("data", text)]).await;
        assert_eq!(stream.data().await, text);
    }
}

/// An empty topic is refused; the text is the data's test.
trait IntoTopic<'a> {
    fn into_topic(self) -> (&'a str, &'a str);
}

impl<'a> IntoTopic<'a> for (&'a str, &'a str) {
    fn into_topic(self) -> (&'a str, &'a str) {
        if self.1.is_empty() { (self.0, "empty") } else { self }
    }
}

#[tokio::test]
async fn coming_back_misses_nothing_and_repeats_nothing() {
    let site = hub_site(|options| options.anonymous = true).await;
    let first = site.update(&[("topic", "a"), ("data", "1")]).await;
    for (topic, data) in [("b", "x"), ("a", "2"), ("a", "3")] {
        site.update(&[("topic", topic), ("data", data)]).await;
    }
    let mut by_header = open(site.hub("?topic=a&lastEventID=nonsense").header("last-event-id", &first)).await;
    assert_eq!(by_header.headers["last-event-id"], first.as_str());
    let mut by_query = site.subscribe(&format!("?topic=a&lastEventID={first}"), None).await;
    let mut by_old_query = site.subscribe(&format!("?topic=a&Last-Event-ID={first}"), None).await;
    let mut all = site.subscribe("?topic=a&lastEventID=earliest", None).await;
    assert_eq!(all.headers["last-event-id"], "earliest");
    let mut lost = site.subscribe("?topic=a&lastEventID=unknown", None).await;
    let told = lost.headers["last-event-id"].to_str().unwrap().to_owned();
    assert_ne!(told, "unknown", "the client learns that it may have missed something");
    site.update(&[("topic", "a"), ("data", "4")]).await;
    for stream in [&mut by_header, &mut by_query, &mut by_old_query] {
        assert_eq!(bodies(stream, 3).await, ["2", "3", "4"]);
    }
    assert_eq!(bodies(&mut all, 4).await, ["1", "2", "3", "4"]);
    assert_eq!(lost.data().await, "4");
    let mut from_told = site.subscribe(&format!("?topic=a&lastEventID={told}"), None).await;
    assert_eq!(from_told.headers["last-event-id"], told.as_str());
    assert_eq!(from_told.data().await, "4");
    let empty = hub_site(|options| options.anonymous = true).await;
    let nothing = empty.subscribe("?topic=a&lastEventID=x", None).await;
    assert_eq!(nothing.headers["last-event-id"], "earliest");
    let forged = [("topic", "a"), ("id", told.as_str())];
    assert_eq!(
        status(site.hub_post(&forged).bearer_auth(ALL)).await,
        400,
        "a place of the log is no id to choose"
    );
}

#[tokio::test]
async fn a_subscriber_that_is_cut_off_all_the_time_gets_everything_once() {
    let site = hub_site(|options| options.anonymous = true).await;
    let url = site.url.clone();
    let writer = tokio::spawn(async move {
        let client = http::client();
        for n in 0..120 {
            let form = [("topic", if n % 3 == 0 { "/b/1" } else { "/a/1" }), ("data", &n.to_string())];
            let post = client.post(format!("{url}/.well-known/mercure")).bearer_auth(ALL).form(&form);
            assert_eq!(post.send().await.unwrap().status(), 200);
        }
    });
    let (mut seen, mut last) = (Vec::new(), "earliest".to_owned());
    while seen.len() < 80 {
        let mut stream = site.subscribe(&format!("?topic=/a/{{id}}&lastEventID={last}"), None).await;
        for _ in 0..7.min(80 - seen.len()) {
            seen.push(stream.data().await.parse::<u32>().unwrap());
        }
        last = stream.last_id.clone();
    }
    writer.await.unwrap();
    assert_eq!(seen, (0..120).filter(|n| n % 3 != 0).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_browser_cut_off_before_its_first_update_misses_none() {
    let site = hub_site(|options| options.anonymous = true).await;
    let stream = site.subscribe("?topic=a", None).await;
    let mut quiet = stream;
    assert!(quiet.is_silent().await);
    let last = quiet.last_id.clone();
    drop(quiet);
    site.update(&[("topic", "a"), ("data", "meanwhile")]).await;
    let mut back = open(site.hub("?topic=a").header("last-event-id", last)).await;
    assert_eq!(back.data().await, "meanwhile");
}

#[tokio::test]
async fn streams_end_with_the_token_and_after_their_time() {
    let site = hub_site(|options| options.heartbeat = 1).await;
    let claims = json!({"exp": now() + 1.5, "mercure": {"subscribe": ["*"]}});
    let mut short =
        site.subscribe("?topic=a", Some(&token(&json!({"alg": "HS256"}), &claims, HUB_SECRET))).await;
    site.update(&[("topic", "a"), ("data", "x")]).await;
    assert_eq!(short.data().await, "x");
    short.ends().await;
    let timed = hub_site(|options| {
        options.anonymous = true;
        options.write_timeout = 1;
    })
    .await;
    let begin = std::time::Instant::now();
    timed.subscribe("?topic=a", None).await.ends().await;
    assert!(begin.elapsed() >= Duration::from_millis(700), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_subscriber_that_reads_nothing_is_dropped() {
    use tokio::io::AsyncWriteExt;
    let site = Site::with(|config| {
        config.mercure.jwt_secret = Some(HUB_SECRET.to_owned());
        config.mercure.anonymous = true;
        config.client_write_timeout = 1;
    })
    .await;
    let mut socket = tokio::net::TcpStream::connect(site.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(b"GET /.well-known/mercure?topic=a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    while site.app.hub.joined() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let data = "x".repeat(500_000);
    let begin = std::time::Instant::now();
    while site.app.hub.joined() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "still there");
        site.update(&[("topic", "a"), ("data", &data)]).await;
    }
    drop(socket);
}

#[tokio::test]
async fn tenants_do_not_meet() {
    let site = hub_site(|options| options.anonymous = true).await;
    site.tenant("acme").await;
    let made = site.app.db.write_plain(99, |tx| {
        let acme = parlor_chat::tenants::by_slug(tx, "acme")?;
        host_keys::add(tx, acme.id, Purpose::Mercure, KeyKind::Hs256, None, "acme's")?;
        host_keys::add(tx, acme.id, Purpose::MercureSubscriber, KeyKind::Hs256, None, "acme's readers")
    });
    made.await.unwrap();
    let all = |more: Value| {
        let mut claims = json!({"mercure": {"publish": ["*"], "subscribe": ["*"]}});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    };
    let header = json!({"alg": "HS256"});
    let theirs = token(&header, &all(json!({"tenant": "acme"})), "acme's");
    let unnamed = token(&header, &all(json!({})), "acme's");
    let readers = token(&header, &all(json!({"tenant": "acme"})), "acme's readers");
    let forged = token(&header, &all(json!({"tenant": "acme"})), HUB_SECRET);
    let mut ours = site.subscribe("?topic=*", Some(ALL)).await;
    let mut acme = site.subscribe("?topic=*", Some(&theirs)).await;
    let mut by_query = site.subscribe("?topic=*&tenant=acme", Some(&unnamed)).await;
    let mut anonymous = site.subscribe("?topic=*&tenant=acme", None).await;
    let mut reader = site.subscribe("?topic=*", Some(&readers)).await;
    for (token, query) in [(&forged, ""), (&unnamed, ""), (&ALL.to_owned(), "&tenant=acme")] {
        assert_eq!(status(site.hub(&format!("?topic=*{query}")).bearer_auth(token)).await, 401);
    }
    assert_eq!(status(site.hub("?topic=*&tenant=nowhere")).await, 401);
    assert_eq!(status(site.hub_post(&[("topic", "a")]).bearer_auth(&readers)).await, 401);
    let post = site.hub_post(&[("topic", "a"), ("data", "acme's"), ("private", "on")]).bearer_auth(&theirs);
    assert_eq!(status(post).await, 200);
    site.update(&[("topic", "a"), ("data", "ours")]).await;
    assert_eq!(ours.data().await, "ours");
    for stream in [&mut acme, &mut by_query, &mut reader] {
        assert_eq!(stream.data().await, "acme's");
    }
    assert!(anonymous.is_silent().await);
}

#[tokio::test]
async fn the_hub_of_1_0() {
    let site = hub_site(|options| options.anonymous = true).await;
    let topics = json!([{"match": "https://x.example/:id", "match_type": "urlpattern"}, {"match": "exact"}]);
    let reader = v1(v1_claims(&site, &["subscribe"], topics.clone()));
    let writer = v1(v1_claims(&site, &["publish"], topics));
    let mut stream = site
        .subscribe(
            "?match_urlpattern=https://x.example/:id&match=exact&last_event_id=earliest",
            Some(&reader),
        )
        .await;
    assert_eq!(stream.headers["mercure-last-event-id"], "earliest");
    assert!(!stream.headers.contains_key("last-event-id"));
    let post = |form: &[(&str, &str)]| site.hub_post(form).bearer_auth(&writer);
    assert_eq!(
        status(post(&[("topic", "https://x.example/1"), ("data", "one"), ("private", "on")])).await,
        200
    );
    assert_eq!(status(post(&[("topic", "exact"), ("data", "two"), ("private", "on")])).await, 200);
    assert_eq!(bodies(&mut stream, 2).await, ["one", "two"]);
    let refused = answer(post(&[("topic", "https://x.example/1/2")])).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.headers["www-authenticate"], "Bearer error=\"insufficient_scope\"");
    assert_eq!(status(post(&[("topic", "exact"), ("type", "mercure")])).await, 400);
    let none = answer(site.hub_post(&[("topic", "exact")])).await;
    assert_eq!((none.status, &none.headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
    let claims = v1_claims(&site, &["subscribe"], json!([{"match": "*"}]));
    for broken in ["iss", "aud", "exp"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(broken);
        let refused = answer(site.hub("?match=a").bearer_auth(v1(claims))).await;
        assert_eq!(refused.status, 401, "without {broken}");
        assert_eq!(refused.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
    let mut elsewhere = claims.clone();
    elsewhere["aud"] = json!("https://other.example/.well-known/mercure");
    assert_eq!(status(site.hub("?match=a").bearer_auth(v1(elsewhere))).await, 401);
    let good = v1(claims);
    let cookie = format!("__Secure-mercure_access_token={good}");
    assert_eq!(status(site.hub("?match=a").header("cookie", cookie)).await, 200);
    let ignored = site.hub(&format!("?match=a&authorization={}", "junk"));
    assert_eq!(status(ignored).await, 200, "1.0 has no token in the query");
    for query in ["?Match=a", "?match_regexp=a", "?matchurlpattern=a"] {
        assert_eq!(status(site.hub(query)).await, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_of_named_origins_may_subscribe() {
    let site = hub_site(|options| {
        options.anonymous = true;
        options.cors_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let from = |origin: &str| site.hub("?topic=a").header("origin", origin);
    let named = from("https://app.example").send().await.unwrap();
    assert_eq!(named.headers()["access-control-allow-origin"], "https://app.example");
    assert_eq!(named.headers()["access-control-allow-credentials"], "true");
    let other = from("https://evil.example").send().await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let open = Site::with(|config| {
        config.mercure.anonymous = true;
        config.mercure.cors_origins = vec!["*".to_owned()];
    })
    .await;
    let anybody = open.hub("?topic=a").header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(anybody.headers()["access-control-allow-origin"], "https://evil.example");
    assert!(!anybody.headers().contains_key("access-control-allow-credentials"), "but not with a cookie");
    let url = format!("{}/.well-known/mercure?topic=a", site.url);
    let preflight = http::client()
        .request(reqwest::Method::OPTIONS, &url)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization,last-event-id,cache-control");
    let preflight = answer(preflight).await;
    assert_eq!(preflight.status, 200);
    let allowed = preflight.headers["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(["authorization", "last-event-id", "cache-control"].iter().all(|name| allowed.contains(name)));
    let head = http::client().head(&url).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-type"].to_str().unwrap()),
        (200, "text/event-stream")
    );
}

#[tokio::test]
async fn subscriptions_are_told_and_listed() {
    let site = hub_site(|options| options.subscriptions = true).await;
    let mut watcher =
        site.subscribe("?topic=/.well-known/mercure/subscriptions/{topic}/{subscriber}", Some(ALL)).await;
    let own = watcher.json().await;
    assert_eq!(own["topic"], "/.well-known/mercure/subscriptions/{topic}/{subscriber}");
    let reader = classic(json!({"subscribe": ["x"], "payload": {"name": "Ana"}}));
    let stream = site.subscribe("?topic=/books/{id}&topic=b", Some(&reader)).await;
    let begun = [watcher.json().await, watcher.json().await];
    let id = begun[0]["id"].as_str().unwrap().to_owned();
    let part = |text: &str| format!("/.well-known/mercure/subscriptions/{text}");
    assert!(id.starts_with(&part("%2Fbooks%2F%7Bid%7D/urn%3Auuid%3A")), "{id}");
    assert_eq!(begun[0]["@context"], "https://mercure.rocks/");
    assert_eq!((&begun[0]["type"], &begun[0]["active"]), (&json!("Subscription"), &json!(true)));
    assert_eq!((&begun[1]["topic"], &begun[1]["payload"]), (&json!("b"), &json!({"name": "Ana"})));
    assert_eq!(begun[0]["subscriber"], begun[1]["subscriber"]);
    let get = |path: &str| http::client().get(format!("{}{path}", site.url)).header("x", "y");
    let list = answer(get(&part("")[..part("").len() - 1]).bearer_auth(ALL)).await;
    assert_eq!((list.status, &list.headers["content-type"]), (200, &"application/ld+json".parse().unwrap()));
    let found: Value = serde_json::from_str(&list.text).unwrap();
    assert_eq!(
        (&found["type"], found["subscriptions"].as_array().unwrap().len()),
        (&json!("Subscriptions"), 3)
    );
    let tag = list.headers["etag"].clone();
    assert_eq!(tag.to_str().unwrap().trim_matches('"'), found["lastEventID"].as_str().unwrap());
    let base = "/.well-known/mercure/subscriptions";
    assert_eq!(status(get(base).bearer_auth(ALL).header("if-none-match", &tag)).await, 304);
    let of_books: Value =
        serde_json::from_str(&answer(get(&part("%2Fbooks%2F%7Bid%7D")).bearer_auth(ALL)).await.text).unwrap();
    assert_eq!(of_books["subscriptions"].as_array().unwrap().len(), 1);
    let single = answer(get(&id).bearer_auth(ALL)).await;
    assert_eq!(serde_json::from_str::<Value>(&single.text).unwrap()["id"], id.as_str());
    assert_eq!(status(get(&part("b/urn%3Auuid%3Anobody")).bearer_auth(ALL)).await, 404);
    assert_eq!(status(get(base)).await, 401);
    assert_eq!(status(get(base).bearer_auth(&reader)).await, 401);
    let narrow = subscriber(&[&part("{topic}/{subscriber}")]);
    assert_eq!(status(get(&id).bearer_auth(&narrow)).await, 200);
    assert_eq!(status(get(base).bearer_auth(&narrow)).await, 401);
    drop(stream);
    let ended = [watcher.json().await, watcher.json().await];
    assert!(ended.iter().all(|event| event["active"] == false), "{ended:?}");
    assert_ne!(status(get(base).bearer_auth(ALL).header("if-none-match", &tag)).await, 304);
    let off = hub_site(|_| {}).await;
    let url = format!("{}{base}", off.url);
    assert_eq!(status(http::client().get(url).bearer_auth(ALL)).await, 404);
}

#[tokio::test]
async fn subscriptions_in_1_0() {
    let site = hub_site(|options| options.subscriptions = true).await;
    let all = v1(v1_claims(&site, &["subscribe"], json!([{"match": "*"}])));
    let pattern = "/.well-known/mercure/subscriptions/:kind/:match/:subscriber";
    let mut watcher = site.subscribe(&format!("?match_urlpattern={pattern}"), Some(&all)).await;
    let own = watcher.next().await.unwrap();
    assert_eq!(own.name, "mercure");
    let own: Value = serde_json::from_str(&own.data).unwrap();
    assert_eq!((&own["type"], &own["match_type"]), (&json!("subscription"), &json!("urlpattern")));
    assert_eq!((&own["match"], own.get("@context")), (&json!(pattern), None));
    let base = format!("{}/.well-known/mercure/subscriptions", site.url);
    let list = answer(http::client().get(format!("{base}/urlpattern")).bearer_auth(&all)).await;
    assert_eq!(list.headers["content-type"], "application/json");
    let list: Value = serde_json::from_str(&list.text).unwrap();
    assert_eq!(list["subscriptions"][0]["id"], own["id"]);
    let none = answer(http::client().get(format!("{base}/exact")).bearer_auth(&all)).await;
    assert_eq!(serde_json::from_str::<Value>(&none.text).unwrap()["subscriptions"], json!([]));
}
