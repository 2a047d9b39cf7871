//! The team chat contract: threads, messages with files, reading, purges, and one stream over three transports.

use crate::support::http;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{get, member, post};
use crate::files::PNG;
use crate::support::{Person, Reply, Site};

async fn direct(from: &Person, to: &Person) -> String {
    let opened = post(from, "/chat/threads", json!({"type": "direct", "user_ids": [to.id]})).await;
    assert!(matches!(opened.status, 200 | 201), "{}", opened.text);
    opened.json["id"].as_str().unwrap().to_owned()
}

async fn say(person: &Person, thread: &str, body: &str) -> Value {
    post(person, &format!("/chat/threads/{thread}/messages"), json!({"body": body})).await.ok(201)
}

async fn upload(person: &Person, thread: &str, form: Form) -> Reply {
    let url = format!("{}/chat/threads/{thread}/messages", person.url);
    person
        .send(
            person
                .client
                .request(Method::POST, url)
                .bearer_auth(person.token.as_ref().unwrap())
                .multipart(form),
        )
        .await
}

fn file(name: &str, bytes: &[u8]) -> Part {
    Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str("image/png").unwrap()
}

#[tokio::test]
async fn from_a_new_chat_to_the_receipt() {
    let site = Site::start().await;
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let (one, two) = tokio::join!(direct(&ana, &ben), direct(&ben, &ana));
    assert_eq!(one, two, "both opened it at once, and it is one");
    let sent = say(&ana, &one, "**hello** Ben").await;
    assert_eq!((&sent["author_id"], &sent["thread_id"]), (&json!(ana.id), &json!(one)));
    assert_eq!((&sent["is_system"], &sent["deleted_at"]), (&json!(false), &json!(null)));
    assert!(sent["created_at"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(sent["created_at"], sent["updated_at"]);

    let list = get(&ben, "/chat/threads").await.ok(200);
    let thread = &list[0];
    assert_eq!(
        (&thread["type"], &thread["unread"], &thread["preview"]),
        (&json!("direct"), &json!(1), &json!("hello Ben"))
    );
    assert_eq!((&thread["last_message_id"], &thread["last_message_at"]), (&sent["id"], &sent["created_at"]));
    let mut hears = ana.ws(None).await;
    let page = get(&ben, &format!("/chat/threads/{one}/messages")).await.ok(200);
    assert_eq!((&page["items"][0]["id"], &page["has_before"]), (&sent["id"], &json!(false)));
    assert_eq!(hears.next_of("read").await["data"]["message_id"], sent["id"], "opening it is reading it");
    let thread = get(&ana, &format!("/chat/threads/{one}")).await.ok(200);
    let of_ben =
        thread["participants"].as_array().unwrap().iter().find(|one| one["user_id"] == ben.id.as_str());
    let of_ben = of_ben.unwrap();
    assert_eq!(of_ben["last_read_message_id"], sent["id"]);
    assert_eq!(
        (&of_ben["id"], &of_ben["updated_at"]),
        (&json!(format!("{one}:{}", ben.id)), &of_ben["last_read_at"])
    );
    assert_eq!(get(&ben, "/chat/threads").await.ok(200)[0]["unread"], 0);
    for path in [format!("/chat/threads/{one}"), format!("/chat/threads/{one}/messages")] {
        get(&eve, &path).await.problem(404, "not_found");
    }
    post(&eve, &format!("/chat/threads/{one}/messages"), json!({"body": "x"}))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn pages_groups_and_other_kinds() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let input = json!({"type": "group", "user_ids": [ben.id], "subject": "Lunch"});
    let group = post(&ana, "/chat/threads", input.clone()).await.ok(201);
    let again = post(&ana, "/chat/threads", input).await.ok(201);
    assert_ne!(group["id"], again["id"], "every group is a new one");
    assert_eq!((&group["subject"], &group["created_by"]), (&json!("Lunch"), &json!(ana.id)));
    let id = group["id"].as_str().unwrap();
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(say(&ana, id, &format!("number {number}")).await["id"].clone());
    }
    let before =
        get(&ben, &format!("/chat/threads/{id}/messages?before={}&limit=2", ids[3].as_str().unwrap()))
            .await
            .ok(200);
    assert_eq!((&before["items"][0]["id"], &before["has_before"]), (&ids[1], &json!(true)));
    assert_eq!(
        get(&ben, &format!("/chat/threads/{id}")).await.ok(200)["unread"],
        5,
        "looking back reads nothing"
    );
    let after =
        get(&ben, &format!("/chat/threads/{id}/messages?after={}", ids[2].as_str().unwrap())).await.ok(200);
    assert_eq!(after["items"].as_array().unwrap().len(), 2);
    let unread = async || get(&ben, &format!("/chat/threads/{id}")).await.ok(200)["unread"].clone();
    assert_eq!(unread().await, 5, "looking for newer ones reads nothing either");
    get(&ben, &format!("/chat/threads/{id}/messages?limit=1")).await.ok(200);
    assert_eq!(unread().await, 0, "opening it does");
    post(&ana, "/chat/threads", json!({"type": "channel", "user_ids": []})).await.problem(422, "invalid");
    let channel = ana.post("/conversations", json!({"kind": "channel", "title": "General"})).await.ok(201);
    get(&ana, &format!("/chat/threads/{}", channel["id"].as_str().unwrap())).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_message_with_a_file() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    let form =
        Form::new().text("body", "the plan").text("client_id", "one").part("file", file("plan.png", PNG));
    let sent = upload(&ana, &thread, form).await.ok(201);
    assert_eq!((&sent["attachment_name"], &sent["body"]), (&json!("plan.png"), &json!("the plan")));
    let path = sent["attachment_path"].as_str().unwrap();
    let got = http::get(format!("{}{path}", site.url)).await.unwrap();
    assert_eq!((got.status().as_u16(), got.bytes().await.unwrap().as_ref()), (200, PNG));
    let plain = path.split('?').next().unwrap();
    assert_ne!(
        http::get(format!("{}{plain}", site.url)).await.unwrap().status(),
        200,
        "not without its signature"
    );
    let bare = upload(&ana, &thread, Form::new().part("file", file("alone.png", PNG))).await.ok(201);
    assert_eq!((&bare["body"], &bare["attachment_name"]), (&json!(""), &json!("alone.png")));
    upload(&ana, &thread, Form::new().text("body", "")).await.problem(422, "invalid");
    let eve = site.user("Eve").await;
    upload(&eve, &thread, Form::new().part("file", file("x.png", PNG))).await.problem(404, "not_found");
    let huge = Form::new().part("file", file("huge.bin", &vec![0; 26_000_000]));
    upload(&ana, &thread, huge).await.problem(413, "too_large");
}

#[tokio::test]
async fn an_administrator_clears_history() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    say(&ana, &thread, "plover").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let newer = say(&ana, &thread, "stays").await;
    let before = newer["created_at"].clone();
    post(&ana, "/admin/chat/purge", json!({"before": before, "mode": "logical"}))
        .await
        .problem(403, "forbidden");
    let dry =
        post(&admin, "/admin/chat/purge", json!({"before": before, "mode": "logical", "dry_run": true}))
            .await
            .ok(200);
    assert_eq!(dry["rows"], 1);
    let row = post(&admin, "/admin/chat/purge", json!({"before": before, "mode": "logical"})).await.ok(201);
    assert_eq!(
        (&row["admin_id"], &row["rows_deleted"], &row["cutoff_timestamp"]),
        (&json!(admin.id), &json!(1), &before)
    );
    let page = get(&ben, &format!("/chat/threads/{thread}/messages")).await.ok(200);
    assert!(page["items"][0]["deleted_at"].is_i64() && page["items"][0]["body"] == "");
    post(&admin, "/admin/chat/purge", json!({"before": before, "mode": "permanent"})).await.ok(201);
    let page = get(&ben, &format!("/chat/threads/{thread}/messages")).await.ok(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let log = get(&admin, "/admin/chat/purges").await.ok(200);
    assert_eq!((log.as_array().unwrap().len(), &log[0]["mode"]), (2, &json!("permanent")));
    get(&ben, "/admin/chat/purges").await.problem(403, "forbidden");
}

struct Stream(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Stream {
    async fn open(site: &Site, query: &str) -> Result<Self, u16> {
        let url = format!("{}/ws/chat?{query}", site.url.replace("http://", "ws://"));
        match connect_async(url).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next frame with this name.
    async fn next_of(&mut self, event: &str) -> Value {
        loop {
            let frame = timeout(Duration::from_secs(20), self.0.next()).await.expect("a frame in time");
            let Some(Ok(Message::Text(text))) = frame else { continue };
            let value: Value = serde_json::from_str(&text).unwrap();
            if value["event"] == event {
                return value;
            }
        }
    }

    async fn send(&mut self, value: Value) {
        self.0.send(Message::text(value.to_string())).await.unwrap();
    }
}

#[tokio::test]
async fn one_stream_over_three_transports() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    let token = ben.token.clone().unwrap();
    let mut socket = Stream::open(&site, &format!("access_token={token}")).await.unwrap();
    let cursor = socket.next_of("ready").await["data"]["cursor"].as_str().unwrap().to_owned();
    socket.send(json!({"event": "ping"})).await;
    socket.next_of("pong").await;
    let first = say(&ana, &thread, "one").await;
    let told = socket.next_of("message.sent").await;
    assert_eq!((&told["data"]["message"]["id"], &told["thread_id"]), (&first["id"], &json!(thread)));
    assert!(told["data"]["message"]["created_at"].is_i64());
    let mut hears = ana.ws(None).await;
    hears.is_live().await;
    socket.send(json!({"event": "typing", "data": {"thread_id": thread}})).await;
    assert_eq!(hears.told("typing").await["data"]["person_id"], ben.id);
    drop(socket);

    let tail = cursor.split_once('.').unwrap().1;
    let here = format!("{}.{tail}", told["seq"]);
    let second = say(&ana, &thread, "two").await;
    let polled = get(&ben, &format!("/chat/events?after={here}")).await.ok(200);
    let items = polled["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| &item["data"]["message"]["id"]).collect::<Vec<_>>(), [&second["id"]]);
    let third = say(&ana, &thread, "three").await;
    let from = polled["cursor"].as_str().unwrap();
    let answer = ben
        .client
        .get(format!("{}/chat/events/stream?access_token={token}", site.url))
        .header("last-event-id", from);
    let mut body = answer.send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while !text.contains("message.sent") || !text.ends_with("\n\n") {
        let chunk = timeout(Duration::from_secs(20), body.next()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(
        text.contains(third["id"].as_str().unwrap()) && !text.contains(second["id"].as_str().unwrap()),
        "{text}"
    );
    drop(body);
    let mut socket = Stream::open(&site, &format!("access_token={token}&cursor={here}")).await.unwrap();
    let again = [socket.next_of("message.sent").await, socket.next_of("message.sent").await];
    assert_eq!(
        again.map(|event| event["data"]["message"]["id"].clone()),
        [second["id"].clone(), third["id"].clone()]
    );
    get(&ana, &format!("/chat/threads/{thread}/messages")).await.ok(200);
    get(&ben, &format!("/chat/threads/{thread}/messages")).await.ok(200);
    let read = socket.next_of("message.read").await;
    assert_eq!(
        (&read["data"]["user_id"], &read["data"]["last_read_message_id"]),
        (&json!(ben.id), &third["id"])
    );
    ana.patch(&format!("/messages/{}", third["id"].as_str().unwrap()), json!({"body": "3"})).await.ok(200);
    let changed = socket.next_of("thread.updated").await;
    assert_eq!(
        (&changed["data"]["reason"], &changed["data"]["message"]["body"]),
        (&json!("message.edited"), &json!("3"))
    );
}

#[tokio::test]
async fn a_nonce_opens_one_connection() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    let made = post(&ben, "/chat/ws-nonce", json!({})).await.ok(200);
    let query = format!("nonce={}", made["nonce"].as_str().unwrap());
    let mut socket = Stream::open(&site, &query).await.unwrap();
    socket.next_of("ready").await;
    assert_eq!(Stream::open(&site, &query).await.err(), Some(401), "a second time it serves nobody");
    assert_eq!(Stream::open(&site, "nonce=guessed").await.err(), Some(401));
    assert_eq!(Stream::open(&site, "").await.err(), Some(401));
    socket.send(json!({"event": "ping"})).await;
    socket.next_of("pong").await;
    let sent = say(&ana, &thread, "for Ben").await;
    assert_eq!(socket.next_of("message.sent").await["data"]["message"]["id"], sent["id"]);
    post(&site.stranger(), "/chat/ws-nonce", json!({})).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn another_tenant_sees_none_of_it() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    say(&ana, &thread, "ours").await;
    let secret = site.tenant("acme").await;
    let eve = member(&site, "acme", &secret, "Eve", &["admin"]).await;
    get(&eve, &format!("/chat/threads/{thread}/messages")).await.problem(404, "not_found");
    assert_eq!(get(&eve, "/chat/threads").await.ok(200), json!([]));
    let now = parlor::clock::Clock::System.now().micros() / 1_000_000;
    let row = post(&eve, "/admin/chat/purge", json!({"before": now, "mode": "permanent"})).await.ok(201);
    assert_eq!(row["rows_deleted"], 0);
    assert_eq!(get(&ben, "/chat/threads").await.ok(200)[0]["unread"], 1);
}

#[tokio::test]
async fn lists_are_lists_and_their_pages_are_linked() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    for subject in ["one", "two", "three"] {
        let input = json!({"type": "group", "user_ids": [ben.id], "subject": subject});
        post(&ana, "/chat/threads", input).await.ok(201);
    }
    let first = get(&ben, "/chat/threads?limit=2").await;
    let next = first.headers["link"].to_str().unwrap().to_owned();
    let subjects = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(subjects(&first.ok(200)), ["three", "two"]);
    let address = next.strip_prefix('<').unwrap().split('>').next().unwrap();
    let last = get(&ben, address).await;
    assert!(!last.headers.contains_key("link"));
    assert_eq!(subjects(&last.ok(200)), ["one"]);
    assert_eq!(subjects(&get(&ben, "/chat/threads?search=thr").await.ok(200)), ["three"]);
}

#[tokio::test]
async fn what_was_deleted_is_there_for_who_audits_and_can_be_removed() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let thread = direct(&ana, &ben).await;
    let form = Form::new().text("body", "the plover").part("file", file("plan.png", PNG));
    let sent = upload(&ana, &thread, form).await.ok(201);
    let id = sent["id"].as_str().unwrap();
    let path = format!("/messages/{id}/deleted");
    admin.get(&path).await.problem(409, "conflict");
    ana.patch(&format!("/messages/{id}"), json!({"body": "the heron"})).await.ok(200);
    ana.delete(&format!("/messages/{id}")).await.ok(200);
    for nosy in [&ana, &ben] {
        nosy.get(&path).await.problem(403, "forbidden");
        nosy.delete(&path).await.problem(403, "forbidden");
    }
    let shown = admin.get(&path).await.ok(200);
    assert_eq!((&shown["body"], &shown["edits"][0]["body"]), (&json!("the heron"), &json!("the plover")));
    assert_eq!(
        (&shown["author"]["id"], &shown["attachments"][0]["name"]),
        (&json!(ana.id), &json!("plan.png"))
    );
    let looks = async || {
        let log = admin.get("/audit?action=message.view_deleted").await.ok(200);
        log["items"].as_array().unwrap().len()
    };
    assert_eq!(looks().await, 1);
    admin.get(&path).await.ok(200);
    assert_eq!(looks().await, 2, "each look leaves a row");
    assert_eq!(admin.delete(&path).await.status, 204);
    let gone = admin.get(&path).await.ok(200);
    assert_eq!((&gone["body"], &gone["edits"], &gone["attachments"]), (&json!(""), &json!([]), &json!([])));
    let page = get(&ben, &format!("/chat/threads/{thread}/messages")).await.ok(200);
    assert_eq!(page["items"][0]["id"], sent["id"], "the tombstone stays");
    let log = admin.get("/audit?action=message.erase").await.ok(200);
    assert_eq!(log["items"][0]["entity_id"], sent["id"]);
    assert!(!admin.get("/audit").await.text.contains("heron"), "the log tells no text");
}

#[tokio::test]
async fn nothing_in_a_page_marks_a_thread_read() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("quiet", &[&ben]).await;
    let card = |picture: &str| {
        json!({"body": "see", "related": {"type": "order", "id": "1", "title": "Order",
            "picture_url": picture}})
    };
    let path = format!("/conversations/{group}/messages");
    let thread = format!("/chat/threads/{group}/messages");
    let refused = ana.post(&path, card(&thread)).await.problem(422, "invalid");
    assert_eq!(refused["field"], "related.picture_url");
    for picture in ["/files/0190a000-0000-7000-8000-000000000000", "https://shop.example/p.png"] {
        ana.post(&path, card(picture)).await.ok(201);
    }
    let unread =
        async || ben.get(&format!("/conversations/{group}")).await.ok(200)["me"]["unread"].as_i64().unwrap();
    let open = async |destination: Option<&str>| {
        let request =
            ben.client.get(format!("{}{thread}", site.url)).bearer_auth(ben.token.as_deref().unwrap());
        let request = match destination {
            Some(name) => request.header("sec-fetch-dest", name),
            None => request,
        };
        assert_eq!(ben.send(request).await.status, 200);
    };
    for destination in ["image", "document", "iframe", "audio"] {
        open(Some(destination)).await;
        assert_eq!(unread().await, 2, "{destination}");
    }
    open(Some("empty")).await;
    assert_eq!(unread().await, 0, "a program of the page opens it");
    ana.post(&path, json!({"body": "more"})).await.ok(201);
    open(None).await;
    assert_eq!(unread().await, 0, "and one of no browser");
}
