//! Parlor's own updates on another hub: a second Parlor plays it.

use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use parlor::app::Ctx;
use parlor::clock::Clock;
use parlor_chat::tails::{self, Consumer};
use parlor_chat::tenants;
use serde_json::{Value, json};

use crate::support::hub::{ALL, HUB_SECRET, Stream, answer, hub_site, status};
use crate::support::{Person, Site};

/// A server that publishes to the hub at this address.
async fn publisher(hub: &str) -> Site {
    let url = format!("{hub}/.well-known/mercure");
    hub_site(|options| options.url = Some(url)).await
}

async fn message(stream: &mut Stream) -> (String, String) {
    loop {
        let update = stream.next().await.unwrap();
        let event: Value = serde_json::from_str(&update.data).unwrap();
        if event["type"] == "message.posted" && event["data"]["message"]["kind"] == "text" {
            return (event["data"]["message"]["body"].as_str().unwrap().to_owned(), update.id);
        }
    }
}

async fn grant(person: &Person) -> (String, Value) {
    let hub = person.get("/mercure").await.ok(200);
    (hub["token"].as_str().unwrap().to_owned(), hub)
}

/// Waits until the publisher has taken its turn: what happens from now on is handed on.
async fn begun(site: &Site) {
    loop {
        let behind = site.app.db.read_plain(|tx| tails::behind(tx, Consumer::MercureRelay)).await.unwrap();
        if behind.is_empty() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn updates_go_to_the_other_hub() {
    let hub = hub_site(|_| {}).await;
    let site = publisher(&hub.url).await;
    begun(&site).await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    let (token, granted) = grant(&ben).await;
    assert_eq!(granted["url"], format!("{}/.well-known/mercure", hub.url));
    let topic = |name: &str| granted["topics"][name].as_str().unwrap().to_owned();
    let talk = format!("/crm/internal-messenger/conversations/{group}");
    let mut inbox = hub.subscribe(&format!("?topic={}", topic("inbox")), Some(&token)).await;
    let mut told = hub.subscribe(&format!("?topic={}", topic("notifications")), Some(&token)).await;
    let mut open = hub.subscribe(&format!("?topic={talk}"), Some(&token)).await;
    let (other, _) = grant(&eve).await;
    let mut outside = hub.subscribe(&format!("?topic={talk}&topic={}", topic("inbox")), Some(&other)).await;
    let mut public = hub.subscribe("?topic=*", Some(&crate::support::hub::subscriber(&[]))).await;
    ben.say(&group, "mine").await;
    ana.say(&group, "hers").await;
    assert_eq!(message(&mut told).await.0, "hers");
    ben.patch(&format!("/conversations/{group}/me"), json!({"muted": true})).await.ok(200);
    ana.say(&group, "muted").await;
    for stream in [&mut inbox, &mut open] {
        let (first, id) = message(stream).await;
        assert_eq!(first, "mine");
        assert!(id.starts_with("urn:parlor:"), "{id}");
        assert_eq!(
            (message(stream).await.0, message(stream).await.0),
            ("hers".to_owned(), "muted".to_owned())
        );
    }
    assert!(outside.is_silent().await && public.is_silent().await && told.is_silent().await);
    let refused = answer(site.hub(&format!("?topic={}", topic("inbox"))).bearer_auth(ALL)).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    assert_eq!(
        status(site.hub("?topic=of-an-application").bearer_auth(ALL)).await,
        200,
        "its own hub still serves others"
    );
    let taken = site
        .app
        .db
        .write_plain(1, |tx| {
            let tenant = tenants::by_slug(tx, "default")?.id;
            tails::claim(tx, tenant, Consumer::MercureRelay, "another node", tx.now.plus_seconds(60))
        })
        .await
        .unwrap();
    assert_eq!(taken, None, "one node at a time");
}

#[tokio::test]
async fn announcements_reach_everybody_with_the_messenger_through_the_other_hub() {
    let hub = hub_site(|_| {}).await;
    let site = publisher(&hub.url).await;
    begun(&site).await;
    let (ada, ben) = (site.user_with("Ada", &["admin"]).await, site.user("Ben").await);
    let bare = ada.post("/roles", json!({"name": "bare"})).await.ok(201);
    assert_eq!(bare["rights"], json!([]));
    let carl = site.user_with("Carl", &["bare"]).await;
    let listen = async |person: &Person, topic: &str| {
        let (token, granted) = grant(person).await;
        let topic = granted["topics"][topic].as_str().unwrap().to_owned();
        hub.subscribe(&format!("?topic={topic}"), Some(&token)).await
    };
    let mut inbox = listen(&ben, "inbox").await;
    let mut told = listen(&ben, "notifications").await;
    let mut without = listen(&carl, "inbox").await;
    let news = json!({"kind": "announcement", "title": "News", "message": {"body": "the office moves"}});
    let news = ada.post("/conversations", news).await.ok(201);
    assert_eq!(message(&mut inbox).await.0, "the office moves");
    assert_eq!(message(&mut told).await.0, "the office moves");
    assert!(without.is_silent().await, "it is for who has the messenger");
    let id = news["id"].as_str().unwrap();
    ben.patch(&format!("/conversations/{id}/me"), json!({"muted": true})).await.ok(200);
    ada.say(id, "and the kitchen too").await;
    assert_eq!(message(&mut inbox).await.0, "and the kitchen too");
    assert!(told.is_silent().await, "muted ones stay silent");
}

#[tokio::test]
async fn what_the_other_hub_misses_while_it_is_down_comes_later_in_order() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = publisher(&format!("http://{free}")).await;
    begun(&site).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    for n in 0..5 {
        ana.say(&group, &n.to_string()).await;
    }
    let (token, granted) = grant(&ben).await;
    let hub = Site::with(|config| {
        config.listen = free;
        config.mercure.jwt_secret = Some(HUB_SECRET.to_owned());
    })
    .await;
    let query = format!("?topic={}&lastEventID=earliest", granted["topics"]["inbox"].as_str().unwrap());
    let mut inbox = hub.subscribe(&query, Some(&token)).await;
    for n in 0..5 {
        assert_eq!(message(&mut inbox).await.0, n.to_string());
    }
    ana.say(&group, "5").await;
    assert_eq!(message(&mut inbox).await.0, "5");
}

#[tokio::test]
async fn a_restart_of_the_publisher_loses_nothing() {
    let hub = hub_site(|_| {}).await;
    let mut site = publisher(&hub.url).await;
    begun(&site).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    let topic = format!("/crm/internal-messenger/conversations/{group}");
    let mut talk = hub.subscribe(&format!("?topic={topic}"), Some(ALL)).await;
    ana.say(&group, "before").await;
    assert_eq!(message(&mut talk).await.0, "before");
    let url = format!("{}/.well-known/mercure", hub.url);
    site.restart_with(|config| {
        config.mercure.jwt_secret = Some(HUB_SECRET.to_owned());
        config.mercure.url = Some(url);
    })
    .await;
    ana.at(&site.url).say(&group, "after").await;
    // A server that had no time to leave its turn waits for the end of it.
    talk.timeout = Duration::from_secs(60);
    assert_eq!(message(&mut talk).await.0, "after", "and nothing twice");
    let form = [("topic", "a"), ("id", "urn:parlor:1:1"), ("data", "x")];
    let mut twice = hub.subscribe("?topic=a", Some(ALL)).await;
    for _ in 0..2 {
        hub.update(&form).await;
    }
    hub.update(&[("topic", "a"), ("data", "y")]).await;
    assert_eq!((twice.data().await, twice.data().await), ("x".to_owned(), "y".to_owned()));
}

/// Another hub for which everything takes a second and a half; meanwhile another node asks for the turn.
#[derive(Clone)]
struct SlowHub {
    clock: Arc<AtomicI64>,
    app: Arc<OnceLock<Ctx>>,
    ids: Arc<Mutex<Vec<String>>>,
    taken: Arc<AtomicUsize>,
}

impl SlowHub {
    async fn post(self, form: String) -> String {
        let id = form.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap().to_owned();
        self.clock.fetch_add(1_500_000, Ordering::SeqCst);
        let claimed = self.app.wait().db.write_plain(1, |tx| {
            let (tenant, until) = (tenants::by_slug(tx, tenants::DEFAULT_SLUG)?.id, tx.now.plus_seconds(20));
            tails::claim(tx, tenant, Consumer::MercureRelay, "another node", until)
        });
        self.taken.fetch_add(usize::from(claimed.await.unwrap().is_some()), Ordering::SeqCst);
        self.ids.lock().unwrap().push(id.clone());
        id
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_hub_gets_everything_once_and_from_one_node() {
    let clock = Arc::new(AtomicI64::new(Clock::System.now().micros()));
    let slow =
        SlowHub { clock: clock.clone(), app: Arc::default(), ids: Arc::default(), taken: Arc::default() };
    let hub = slow.clone();
    let routes = axum::Router::new().fallback(move |form: String| hub.clone().post(form));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/.well-known/mercure", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let site = Site::at(Clock::Fixed(clock), |config| {
        config.mercure.jwt_secret = Some(HUB_SECRET.to_owned());
        config.mercure.url = Some(url);
    })
    .await;
    assert!(slow.app.set(site.app.clone()).is_ok());
    begun(&site).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    for n in 0..60 {
        ana.say(&group, &n.to_string()).await;
    }
    while slow.ids.lock().unwrap().len() < 60 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun(&site).await;
    let mut ids = slow.ids.lock().unwrap().clone();
    let posts = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), posts, "nothing twice");
    assert_eq!(slow.taken.load(Ordering::SeqCst), 0, "the turn is renewed while it is used");
}
