//! Parlor's own updates over Mercure: who gets which, and for how long.

use serde_json::{Value, json};

use crate::support::hub::{ALL, Stream, answer, classic, hub_site, open, status, subscriber};
use crate::support::{Person, Site};

const CONVERSATIONS: &str = "/crm/internal-messenger/conversations/";

fn inbox(person: &Person) -> String {
    format!("/crm/internal-messenger/users/{}/inbox", person.id)
}

fn notifications(person: &Person) -> String {
    format!("/crm/internal-messenger/users/{}/notifications", person.id)
}

/// A person's own token.
async fn own_token(person: &Person) -> String {
    person.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned()
}

async fn own(site: &Site, person: &Person, topic: &str) -> Stream {
    let token = own_token(person).await;
    site.subscribe(&format!("?topic={topic}"), Some(&token)).await
}

fn body(event: &Value) -> &str {
    event["data"]["message"]["body"].as_str().unwrap_or_default()
}

/// The conversation of the next event that has one.
async fn talk_of(stream: &mut Stream) -> String {
    loop {
        if let Some(id) = stream.json().await["conversation_id"].as_str() {
            return id.to_owned();
        }
    }
}

/// The next message that somebody wrote.
async fn message(stream: &mut Stream) -> String {
    loop {
        let event = stream.event("message.posted").await;
        if event["data"]["message"]["kind"] == "text" {
            return body(&event).to_owned();
        }
    }
}

#[tokio::test]
async fn what_a_person_needs_to_subscribe() {
    let site = hub_site(|_| {}).await;
    let ana = site.user("Ana").await;
    let reply = ana.get("/mercure").await;
    let url = format!("{}/.well-known/mercure", site.url);
    let link = format!("<{url}>; rel=\"mercure\"; last-event-id=\"urn:parlor:");
    assert!(reply.headers["link"].to_str().unwrap().starts_with(&link), "{:?}", reply.headers);
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "mercureAuthorization=",
        "; Path=/.well-known/mercure",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let hub = reply.ok(200);
    assert_eq!((&hub["url"], &hub["topics"]["inbox"]), (&json!(url), &json!(inbox(&ana))));
    let pair = cookie.split(';').next().unwrap();
    let request = site.hub(&format!("?topic={}", inbox(&ana))).header("cookie", pair);
    let mut stream = open(request).await;
    let group = ana.group("Kitchen", &[]).await;
    assert_eq!(stream.event("conversation.opened").await["conversation_id"], group.as_str());
    site.stranger().get("/mercure").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn inbox_conversation_and_notifications() {
    let site = hub_site(|_| {}).await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    let mut all = own(&site, &ben, &inbox(&ben)).await;
    let mut talk = own(&site, &ben, &format!("{CONVERSATIONS}{group}")).await;
    let mut told = own(&site, &ben, &notifications(&ben)).await;
    let mut every = own(&site, &ben, &format!("{CONVERSATIONS}{{id}}")).await;
    let mut strangers =
        own(&site, &eve, &format!("{CONVERSATIONS}{group}&topic={}&topic=*", inbox(&ben))).await;
    ana.say(&group, "one").await;
    ben.say(&group, "mine").await;
    ana.patch(&format!("/conversations/{group}"), json!({"title": "Garden"})).await.ok(200);
    ana.say(&group, "two").await;
    for stream in [&mut all, &mut talk, &mut every] {
        let first = stream.event("message.posted").await;
        assert_eq!((body(&first), &first["conversation_id"]), ("one", &json!(group)));
        assert_eq!(body(&stream.event("message.posted").await), "mine");
        assert_eq!(stream.event("conversation.updated").await["data"]["changes"]["title"], "Garden");
        assert_eq!(message(stream).await, "two");
    }
    // Only what others have written, and nothing else.
    assert_eq!((body(&told.json().await), body(&told.json().await)), ("one", "two"));
    ben.patch(&format!("/conversations/{group}/me"), json!({"muted": true})).await.ok(200);
    assert_eq!(all.event("me.conversation").await["data"]["me"]["muted"], true);
    ana.say(&group, "unheard").await;
    assert_eq!(body(&all.event("message.posted").await), "unheard", "a muted conversation still counts");
    let mut later = own(&site, &ben, &notifications(&ben)).await;
    ben.patch(&format!("/conversations/{group}/me"), json!({"muted": false, "notify": "mentions"}))
        .await
        .ok(200);
    ana.say(&group, "not for you").await;
    ana.say(&group, "but this, @ben").await;
    assert_eq!(body(&told.json().await), "but this, @ben");
    assert_eq!(body(&later.json().await), "but this, @ben");
    let direct = eve.group("Eve's own", &[]).await;
    assert_eq!(talk_of(&mut strangers).await, direct, "nothing of others before it");
}

#[tokio::test]
async fn coming_back_to_parlors_own_updates() {
    let site = hub_site(|_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    let hub = ben.get("/mercure").await.ok(200);
    let (token, from) = (hub["token"].as_str().unwrap(), hub["last_event_id"].as_str().unwrap());
    ana.say(&group, "before anybody listened").await;
    let query = format!("?topic={CONVERSATIONS}{group}&topic={}", inbox(&ben));
    let mut stream = site.subscribe(&format!("{query}&lastEventID={from}"), Some(token)).await;
    assert_eq!(body(&stream.event("message.posted").await), "before anybody listened");
    let last = stream.last_id.clone();
    drop(stream);
    for n in 0..10 {
        ana.say(&group, &n.to_string()).await;
        site.update(&[("topic", "elsewhere"), ("data", "x")]).await;
    }
    let back = site.hub(&query).bearer_auth(token).header("last-event-id", &last);
    let mut back = open(back).await;
    assert_eq!(back.headers["last-event-id"], last.as_str());
    ana.say(&group, "10").await;
    for n in 0..=10 {
        assert_eq!(body(&back.event("message.posted").await), n.to_string());
    }
}

#[tokio::test]
async fn who_is_removed_or_deactivated_hears_no_more() {
    let site = hub_site(|_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let admin = site.user_with("Ada", &["admin"]).await;
    let group = ana.group("Kitchen", &[&ben]).await;
    let topics = format!("{CONVERSATIONS}{{id}}&topic={}", inbox(&ben));
    let mut stream = own(&site, &ben, &topics).await;
    let vouched = subscriber(&[&inbox(&ben)]);
    let mut by_host = site.subscribe(&format!("?topic={}", inbox(&ben)), Some(&vouched)).await;
    assert_eq!(ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.status, 204);
    ana.say(&group, "without Ben").await;
    let other = ana.group("Garden", &[&ben]).await;
    for stream in [&mut stream, &mut by_host] {
        let removed = stream.event("participant.removed").await;
        assert_eq!(removed["conversation_id"], group.as_str(), "the last of this conversation");
        assert_eq!(talk_of(stream).await, other);
    }
    admin.patch(&format!("/users/{}", ben.id), json!({"active": false})).await.ok(200);
    stream.ends().await;
    by_host.ends().await;
    ana.say(&other, "after").await;
    let mut anew =
        site.subscribe(&format!("?topic={}&lastEventID=earliest", inbox(&ben)), Some(&vouched)).await;
    assert!(anew.is_silent().await, "a closed account has no inbox");
}

#[tokio::test]
async fn signing_out_ends_the_stream_and_the_token() {
    let site = hub_site(|_| {}).await;
    let ana = site.user("Ana").await;
    let reply = site.stranger().post("/sessions", json!({"token": ana.token})).await;
    let pair = reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let browser = site.stranger();
    let with = |method, path: &str| {
        browser.request(method, path).header("cookie", &pair).header("x-parlor-csrf", "1")
    };
    let hub = browser.send(with(reqwest::Method::GET, "/mercure")).await.ok(200);
    let token = hub["token"].as_str().unwrap();
    let query = format!("?topic={}", inbox(&ana));
    let mut stream = site.subscribe(&query, Some(token)).await;
    assert_eq!(browser.send(with(reqwest::Method::DELETE, "/sessions/current")).await.status, 204);
    stream.ends().await;
    assert_eq!(status(site.hub(&query).bearer_auth(token)).await, 401);
}

#[tokio::test]
async fn tokens_of_the_host_are_honoured_as_they_say() {
    let site = hub_site(|_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let agent = site.user_with("Abe", &["agent"]).await;
    let max = site.contact("Max").await;
    let group = ana.group("Kitchen", &[&ben]).await;
    let talk = format!("{CONVERSATIONS}{group}");
    let mut exact = site.subscribe(&format!("?topic={talk}"), Some(&subscriber(&[&talk]))).await;
    let mut template = site.subscribe(&format!("?topic={CONVERSATIONS}{{id}}"), Some(ALL)).await;
    let mut everything = site.subscribe("?topic=*", Some(ALL)).await;
    let mut other = site.subscribe(&format!("?topic={talk}"), Some(&subscriber(&["/other"]))).await;
    let query = format!("?topic={}", inbox(&ana));
    let mut anas = site.subscribe(&query, Some(&subscriber(&[&inbox(&ana)]))).await;
    let by_template = subscriber(&["/crm/internal-messenger/users/{id}/inbox"]);
    let mut not_named =
        [site.subscribe(&query, Some(ALL)).await, site.subscribe(&query, Some(&by_template)).await];
    ana.say(&group, "hello").await;
    for stream in [&mut exact, &mut template, &mut everything, &mut anas] {
        assert_eq!(body(&stream.event("message.posted").await), "hello");
    }
    assert!(other.is_silent().await);
    for stream in &mut not_named {
        assert!(stream.is_silent().await, "an inbox is opened by its own name alone");
    }
    let both = format!("?topic={}&topic={}", inbox(&ana), notifications(&ben));
    let of_both = subscriber(&[&inbox(&ana), &notifications(&ben)]);
    let refused = answer(site.hub(&both).bearer_auth(of_both)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let one = site.hub(&both).bearer_auth(subscriber(&[&inbox(&ana)]));
    assert_eq!(status(one).await, 200, "the other one is not allowed, so it counts for nothing");
    let nobody = "/crm/internal-messenger/users/00000000-0000-4000-8000-000000000000/inbox";
    assert_eq!(status(site.hub(&format!("?topic={nobody}")).bearer_auth(ALL)).await, 200);

    let support =
        max.post("/conversations", json!({"kind": "support", "message": {"body": "help"}})).await.ok(201);
    let id = support["id"].as_str().unwrap();
    assert_eq!(template.event("message.posted").await["conversation_id"], id);
    let mut agents = own(&site, &agent, &format!("{CONVERSATIONS}{id}")).await;
    let note = json!({"body": "a private note", "is_private_note": true});
    agent.post(&format!("/conversations/{id}/messages"), note).await.ok(201);
    agent.say(id, "an answer").await;
    assert_eq!(message(&mut agents).await, "a private note");
    for stream in [&mut template, &mut everything] {
        let mut next = message(stream).await;
        if next == "help" {
            next = message(stream).await;
        }
        assert_eq!(next, "an answer", "private notes stay inside");
    }
    let replayed = format!("?topic={CONVERSATIONS}{id}&lastEventID=earliest");
    let mut replayed = site.subscribe(&replayed, Some(ALL)).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|body: &String| body != "an answer") {
        seen.push(message(&mut replayed).await);
    }
    assert_eq!(seen, ["help", "an answer"]);
}

#[tokio::test]
async fn applications_publish_beside_parlor_on_its_topics() {
    let site = hub_site(|_| {}).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[]).await;
    let mut anas = own(&site, &ana, &notifications(&ana)).await;
    let mut bens = own(&site, &ben, &format!("{}&topic={CONVERSATIONS}{group}", notifications(&ana))).await;
    let private = |topic: &str| {
        let form = [("topic", topic), ("data", "{\"type\":\"reminder\"}"), ("private", "on")];
        status(site.hub_post(&form).bearer_auth(ALL))
    };
    assert_eq!(private(&notifications(&ana)).await, 200);
    assert_eq!(private(&format!("{CONVERSATIONS}{group}")).await, 200);
    assert_eq!(anas.event("reminder").await["type"], "reminder");
    assert!(bens.is_silent().await);
    let token = own_token(&ana).await;
    assert_eq!(
        status(site.hub_post(&[("topic", "a")]).bearer_auth(&token)).await,
        401,
        "persons do not publish"
    );
    let forged = classic(json!({"subscribe": ["*"], "parlor": {"person": ana.id}}));
    assert_eq!(
        status(site.hub("?topic=a").bearer_auth(forged)).await,
        200,
        "only Parlor's own key names persons"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_slow_comes_back_and_misses_nothing() {
    let site = Site::with(|config| {
        config.mercure.jwt_secret = Some(crate::support::hub::HUB_SECRET.to_owned());
        config.queue_limit = 3;
    })
    .await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("Kitchen", &[&ben]).await;
    let admin = site.user_with("Ada", &["admin"]).await;
    admin.patch("/settings", json!({"send_rate_per_minute": 0})).await.ok(200);
    let granted = ben.get("/mercure").await.ok(200);
    let (token, mut last) =
        (granted["token"].as_str().unwrap(), granted["last_event_id"].as_str().unwrap().to_owned());
    let query = format!("?topic={}&topic=updates", notifications(&ben));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (ana, group, url) = (ana.clone(), group.clone(), site.url.clone());
            tokio::spawn(async move {
                for n in 0..25 {
                    ana.say(&group, &format!("{writer} {n}")).await;
                    let data = format!(
                        r#"{{"type":"message.posted","data":{{"message":{{"body":"update {writer} {n}"}}}}}}"#
                    );
                    let post = ana.client.post(format!("{url}/.well-known/mercure")).bearer_auth(ALL);
                    let form = [("topic", "updates"), ("data", &data)];
                    assert_eq!(post.form(&form).send().await.unwrap().status(), 200);
                }
            })
        })
        .collect();
    let (mut seen, mut cut) = (Vec::new(), 0);
    while seen.len() < 200 {
        let mut stream = open(site.hub(&query).bearer_auth(token).header("last-event-id", &last)).await;
        while seen.len() < 200 {
            let Some(update) = stream.next().await else { break };
            seen.push(body(&serde_json::from_str(&update.data).unwrap()).to_owned());
            last = update.id;
        }
        cut += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for kind in ["", "update "] {
        for writer in 0..4 {
            let prefix = format!("{kind}{writer} ");
            let of: Vec<_> = seen.iter().filter_map(|body| body.strip_prefix(&*prefix)).collect();
            assert_eq!(of, (0..25).map(|n| n.to_string()).collect::<Vec<_>>(), "{prefix}, cut {cut} times");
        }
    }
}
