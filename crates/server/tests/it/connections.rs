//! Connections are bounded: of one person, of one tenant, from one address and of strangers there, whatever they speak.

use std::time::Duration;

use parlor::config::ServeArgs;
use serde_json::json;

use crate::support::hub::{self, hub_site};
use crate::support::pusher::{APP, Pusher, site_with};
use crate::support::{Person, Polling, Sio, Site, Sse, Ws};

async fn site(change: impl FnOnce(&mut ServeArgs)) -> Site {
    Site::with(change).await
}

/// Whether a native WebSocket is refused, with 429 and when to come again.
async fn refused(person: &Person) -> bool {
    let address = person.url.replace("http://", "ws://");
    let token = person.token.as_deref().unwrap_or_default();
    let opened = tokio_tungstenite::connect_async(format!("{address}/api/v1/ws?access_token={token}")).await;
    match opened {
        Ok(_) => false,
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            assert_eq!(answer.status(), 429);
            assert!(answer.headers().contains_key("retry-after"));
            true
        }
        Err(other) => panic!("{other}"),
    }
}

/// The end of a connection is noticed a moment after it.
async fn soon_admitted(person: &Person) {
    for _ in 0..200 {
        if !refused(person).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a closed connection still counts");
}

#[tokio::test]
async fn one_person_has_so_many_over_all_transports() {
    let site = site(|config| config.connections.person = 3).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let native = Ws::open(&ana, None).await;
    let stream = Sse::open(&ana, None).await;
    let sio = Sio::of(&ana).await;
    assert!(refused(&ana).await);
    ana.get("/events/stream").await.problem(429, "rate_limited");
    ana.get("/events").await.problem(429, "rate_limited");
    let mut late = Sio::open(&ana.url, "/socket.io/", &[]).await;
    let refusal = late.join(json!({"token": ana.token})).await.unwrap_err();
    assert_eq!(refusal["data"]["code"], "rate_limited");
    assert!(!refused(&ben).await, "others are not touched");
    drop((native, stream, sio, late));
    soon_admitted(&ana).await;
}

#[tokio::test]
async fn a_tenant_has_so_many() {
    let site = site(|config| config.connections.tenant = 2).await;
    let (ana, ben, cid) = (site.user("Ana").await, site.user("Ben").await, site.contact("Cid").await);
    let open = (Ws::open(&ana, None).await, Ws::open(&ben, None).await);
    assert!(refused(&cid).await);
    drop(open);
    soon_admitted(&cid).await;
}

#[tokio::test]
async fn an_address_has_so_many() {
    let site = site(|config| config.connections.address = 2).await;
    let (ana, ben, cid) = (site.user("Ana").await, site.user("Ben").await, site.user("Cid").await);
    let open = (Ws::open(&ana, None).await, Ws::open(&ben, None).await);
    assert!(refused(&cid).await);
    drop(open);
    soon_admitted(&cid).await;
}

#[tokio::test]
async fn strangers_of_an_address_have_so_many() {
    let site = site_with(|config| config.connections.strangers = 2).await;
    let (mut ana, ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let path = format!("/app/{}?protocol=7", APP.key);
    let mut late = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
    assert_eq!(late.close_code().await, 4100, "come back later");
    let polling = format!("{}/socket.io/?EIO=4&transport=polling", site.url);
    assert_eq!(hub::status(crate::support::http::client().get(&polling)).await, 429);
    // Who says who it is leaves the strangers.
    let person = site.user("Ana").await;
    ana.join_as(&person, &format!("private-user-{}", person.id)).await;
    let next = Pusher::open(&site).await;
    assert_eq!(hub::status(crate::support::http::client().get(&polling)).await, 429);
    drop((ben, next));
    for _ in 0..200 {
        if hub::status(crate::support::http::client().get(&polling)).await == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a closed connection still counts");
}

#[tokio::test]
async fn sessions_that_poll_count_until_they_end() {
    let site = site(|config| config.connections.strangers = 1).await;
    let first = Polling::open(&site.url).await;
    let polling = format!("{}/socket.io/?EIO=4&transport=polling", site.url);
    assert_eq!(hub::status(crate::support::http::client().get(&polling)).await, 429);
    assert_eq!(first.post("1").await, 200);
    assert_eq!(hub::status(crate::support::http::client().get(&polling)).await, 200);
}

#[tokio::test]
async fn subscribers_of_a_hub_are_counted() {
    let mut site = hub_site(|mercure| mercure.anonymous = true).await;
    site.restart_with(|config| {
        config.mercure.anonymous = true;
        config.connections.strangers = 1;
    })
    .await;
    let first = site.subscribe("?topic=x", None).await;
    let refused = hub::answer(site.hub("?topic=x")).await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    drop(first);
}
