//! What contacts meet of notes, and staff of contacts, over every way that leads to them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::hub::{HUB_SECRET, Stream, subscriber};
use crate::support::pusher::{Pusher, site_with};
use crate::support::{Person, Sio, Site, Sse, Ws};

/// Is in the text, the edit and the file of every note, and nowhere else.
const MARK: &str = "plover";
const END: &str = "this is the end";

/// The support conversation of somebody, and its first message.
async fn ask(kim: &Person) -> (String, String) {
    let new = json!({"kind": "support", "message": {"body": "where is it?"}});
    let opened = kim.post("/conversations", new).await.ok(201);
    let id = opened["id"].as_str().unwrap().to_owned();
    let page = kim.get(&format!("/conversations/{id}/messages")).await.ok(200);
    (id, page["items"][0]["id"].as_str().unwrap().to_owned())
}

/// Everything that one can do with a note; answers its id.
async fn work_with_notes(agent: &Person, support: &str, first: &str) -> String {
    let messages = format!("/conversations/{support}/messages");
    let note = json!({"body": MARK, "is_private_note": true, "thread_root_id": first});
    let note = agent.post(&messages, note).await.ok(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/messages/{note}");
    agent.patch(&path, json!({"body": format!("{MARK} edited")})).await.ok(200);
    agent.put(&format!("{path}/reactions/👍"), json!({})).await.ok(200);
    agent.put(&format!("{path}/pin"), json!({})).await.ok(200);
    agent.post(&format!("/conversations/{support}/read"), json!({})).await.ok(200);
    agent.post(&format!("/conversations/{support}/delivered"), json!({"seq": 100})).await.ok(204);
    for field in ["reply_to_id", "thread_root_id"] {
        let mut answer = json!({"body": "we can give you 20 %"});
        answer[field] = json!(note);
        let refused = agent.post(&messages, answer.clone()).await.problem(422, "invalid");
        assert_eq!(
            (&refused["field"], &refused["rule"]),
            (&json!(field), &json!("private_note")),
            "{refused}"
        );
        let mut sio = Sio::of(agent).await;
        answer["conversation_id"] = json!(support);
        answer["client_id"] = json!(field);
        let answer = sio.ask("message", answer).await;
        assert_eq!(answer["ok"], false, "{answer}");
    }
    note
}

/// Numbers that follow a name, however the JSON is quoted.
fn numbers<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = i64> + 'a {
    text.split(name).skip(1).filter_map(|rest| {
        let digits = rest.trim_start_matches(['\\', '"', ':', ' ']);
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

fn look_through(way: &str, text: &str, note: &str, seen: &[i64]) {
    assert!(!text.contains(MARK) && !text.contains(note), "{way}: {text}");
    for name in ["last_read_seq", "last_delivered_seq", "author_read_seq"] {
        assert!(numbers(text, name).all(|seq| seen.contains(&seq)), "{way}: {name} in {text}");
    }
    assert!(numbers(text, "reply_count").all(|count| count == 0), "{way}: replies in {text}");
}

type Raw = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The raw texts of a socket until one has this word.
async fn until(socket: &mut Raw, word: &str) -> String {
    let mut all = String::new();
    while !all.contains(word) {
        let frame = timeout(Duration::from_secs(20), socket.next()).await.expect("in time");
        if let Message::Text(text) = frame.expect("open").unwrap() {
            all.push_str(&text);
        }
    }
    all
}

async fn until_end(socket: &mut Raw) -> String {
    until(socket, END).await
}

async fn until_end_of_hub(stream: &mut Stream) -> String {
    let mut all = String::new();
    while !all.contains(END) {
        all.push_str(&stream.data().await);
    }
    all
}

async fn until_end_of_sse(sse: &mut Sse) -> String {
    let mut all = String::new();
    while !all.contains(END) {
        all.push_str(&sse.next().await.unwrap().data.to_string());
    }
    all
}

async fn site() -> Site {
    site_with(|config| config.mercure.jwt_secret = Some(HUB_SECRET.to_owned())).await
}

#[tokio::test]
async fn no_protocol_tells_a_contact_of_a_note() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    admin.post("/roles", json!({"name": "Helper", "rights": ["support"]})).await.ok(201);
    let (kim, agent) = (site.contact("Kim").await, site.user_with("Ana", &["Helper"]).await);
    let (support, first) = ask(&kim).await;
    let cursor = kim.cursor().await;
    let token = kim.token.clone().unwrap();
    let mut ws = Ws::open(&kim, None).await;
    let mut sse = Sse::open(&kim, None).await;
    let chat = format!("{}/ws/chat?access_token={token}", site.url.replace("http://", "ws://"));
    let (mut chat, _) = connect_async(chat).await.unwrap();
    let mut sio = Sio::of(&kim).await;
    let mut pusher = Pusher::open(&site).await;
    pusher.join_as(&kim, &format!("private-user-{}", kim.id)).await;
    pusher.join_as(&kim, &format!("private-conversation-{support}")).await;
    let own = kim.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
    let inbox = format!("?topic=/crm/internal-messenger/users/{}/inbox", kim.id);
    let mut hub = site.subscribe(&inbox, Some(&own)).await;
    // Somebody whom the host application vouches for.
    let topic = format!("/crm/internal-messenger/conversations/{support}");
    let mut outside = site.subscribe(&format!("?topic={topic}"), Some(&subscriber(&[&topic]))).await;

    let note = work_with_notes(&agent, &support, &first).await;
    // What has a note in its thread is told again.
    kim.patch(&format!("/messages/{first}"), json!({"body": "where is my order?"})).await.ok(200);
    let end = agent.say(&support, END).await["seq"].as_i64().unwrap();
    let seen = [0, 1, end];

    let mut told = vec![
        ("WebSocket", until_end(&mut ws.socket).await),
        ("SSE", until_end_of_sse(&mut sse).await),
        ("Socket.IO", until_end(&mut sio.socket).await),
        ("Pusher", until_end(&mut pusher.socket).await),
        ("Mercure", until_end_of_hub(&mut hub).await),
        ("Mercure from outside", until_end_of_hub(&mut outside).await),
    ];
    // The team chat knows no support: by now it would have told of it.
    chat.send(Message::text(r#"{"event":"ping"}"#)).await.unwrap();
    told.push(("team chat", until(&mut chat, "pong").await));
    told.push(("poll", json!(kim.poll(&cursor, 1).await.0).to_string()));
    told.push(("replay by SSE", until_end_of_sse(&mut Sse::open(&kim, Some(&cursor)).await).await));
    told.push(("replay by WebSocket", until_end(&mut Ws::open(&kim, Some(&cursor)).await.socket).await));
    for (way, text) in &told {
        look_through(way, text, &note, &seen);
    }

    no_answer_tells(&site, &kim, &support, &first, &note, &seen).await;
    let reply_count =
        async |who: &Person| who.get(&format!("/messages/{first}")).await.ok(200)["reply_count"].clone();
    assert_eq!((reply_count(&kim).await, reply_count(&agent).await), (json!(0), json!(1)));
}

/// The same of everything that can be fetched.
async fn no_answer_tells(site: &Site, kim: &Person, support: &str, first: &str, note: &str, seen: &[i64]) {
    let message = format!("/messages/{first}");
    for path in [
        "/conversations".to_owned(),
        format!("/conversations/{support}"),
        format!("/conversations/{support}/messages"),
        format!("/conversations/{support}/participants"),
        format!("/conversations/{support}/pins"),
        message.clone(),
        format!("{message}/thread"),
        format!("{message}/readers"),
        "/search?q=plover".to_owned(),
        "/snapshot".to_owned(),
    ] {
        let reply = kim.get(&path).await;
        look_through(&path, &reply.text, note, seen);
    }
    assert_eq!(kim.get(&format!("/messages/{note}")).await.status, 404);
    for path in ["/chat/threads", &format!("/chat/threads/{support}/messages")] {
        let reply = kim
            .send(kim.client.get(format!("{}{path}", site.url)).bearer_auth(kim.token.as_deref().unwrap()))
            .await;
        look_through(path, &reply.text, note, seen);
    }
}

#[tokio::test]
async fn contacts_are_found_and_told_of_by_whoever_sees_them() {
    let site = site().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    admin.post("/roles", json!({"name": "Seller", "rights": ["store"]})).await.ok(201);
    admin.post("/roles", json!({"name": "Broker", "rights": ["store", "contacts"]})).await.ok(201);
    let broker = site.user_with("Bea", &["Broker"]).await;
    let (one, two) = (site.user_with("One", &["Seller"]).await, site.user_with("Two", &["Seller"]).await);
    let mut shops = Vec::new();
    for (name, keeper) in [("Shoes", &one), ("Hats", &two)] {
        let shop =
            admin.post("/stores", json!({"name": name, "users": [keeper.id, broker.id]})).await.ok(201);
        shops.push(shop["id"].clone());
    }
    let kim = site.contact("Kim").await;
    let open = |by: &Person, shop: usize| {
        let new = json!({"kind": "store_customer", "subject": "Order", "contact_id": kim.id, "store_id": shops[shop]});
        let by = by.clone();
        async move { by.post("/conversations", new).await }
    };
    let refused = open(&one, 0).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("contact_id"), &json!("known")));
    open(&broker, 0).await.ok(201);
    open(&one, 0).await.ok(201);
    open(&two, 1).await.problem(422, "invalid");

    let path = format!("/contacts/{}", kim.id);
    assert_eq!(one.get(&path).await.ok(200)["name"], "Kim");
    let (there, nowhere) = (two.get(&path).await, two.get(&format!("/contacts/{}", two.id)).await);
    assert_eq!((there.status, nowhere.status), (404, 404));
    let listed = async |who: &Person, query: &str| {
        who.get(&format!("/contacts{query}")).await.ok(200)["items"].as_array().unwrap().len()
    };
    for query in ["", "?search=kim", "?limit=1"] {
        assert_eq!((listed(&one, query).await, listed(&two, query).await), (1, 0), "{query}");
    }

    let cursor = two.cursor().await;
    let (mut hears, mut deaf) = (Ws::open(&one, None).await, Ws::open(&two, None).await);
    let mut pusher = Pusher::open(&site).await;
    pusher.join_as(&two, &format!("private-user-{}", two.id)).await;
    admin.patch(&path, json!({"phone": "+49 30 1234567"})).await.ok(200);
    assert_eq!(hears.next_of("contact.updated").await["data"]["contact"]["phone"], "+49301234567");
    let group = admin.group("all", &[&one, &two]).await;
    admin.say(&group, END).await;
    let told = until_end(&mut deaf.socket).await + &until_end(&mut pusher.socket).await;
    assert!(!told.contains("1234567"), "{told}");
    let replayed: Vec<Value> = two.poll(&cursor, 1).await.0;
    assert!(!json!(replayed).to_string().contains("1234567"));
    let forbidden = one.patch(&path, json!({"phone": "+49 30 7654321"})).await;
    assert_eq!(forbidden.status, 403);
}

#[tokio::test]
async fn a_place_that_moves_among_notes_moves_no_time() {
    let site = Site::start().await;
    let (kim, agent) = (site.contact("Kim").await, site.user_with("Ana", &["agent"]).await);
    let (support, _) = ask(&kim).await;
    let messages = format!("/conversations/{support}/messages");
    let mut notes = Vec::new();
    for body in ["one", "two"] {
        let note = agent.post(&messages, json!({"body": body, "is_private_note": true})).await.ok(201);
        notes.push(note["seq"].as_i64().unwrap());
    }
    let place = format!("/conversations/{support}");
    agent.post(&format!("{place}/read"), json!({})).await.ok(200);
    let seen = || async { kim.get(&place).await.ok(200)["participants"].clone() };
    let before = seen().await;
    assert!(
        before.to_string().contains(&agent.id) && before.to_string().contains("last_read_at"),
        "{before}"
    );
    for seq in [notes[1], notes[0], notes[1]] {
        agent.post(&format!("{place}/unread"), json!({"seq": seq})).await.ok(200);
        assert_eq!(seen().await, before, "from {seq}");
    }
    agent.post(&format!("{place}/unread"), json!({"seq": 1})).await.ok(200);
    assert_ne!(seen().await, before, "this one shows");
}

#[tokio::test]
async fn a_draft_tells_a_contact_of_no_note() {
    let site = Site::start().await;
    let (kim, agent) = (site.contact("Kim").await, site.user_with("Ana", &["agent"]).await);
    let (support, first) = ask(&kim).await;
    let note = json!({"body": MARK, "is_private_note": true});
    let note = agent.post(&format!("/conversations/{support}/messages"), note).await.ok(201);
    let note = note["id"].as_str().unwrap();
    let path = format!("/conversations/{support}/draft");
    let draft = |mode: &str| json!({"body": "x", "mode": mode});
    let unknown = kim.put(&path, draft(&first.replace(|_: char| true, "0"))).await.problem(422, "invalid");
    let nobodys = kim.put(&path, draft("019a0000-0000-7000-8000-000000000000")).await.problem(422, "invalid");
    for mode in [note, &note.to_uppercase(), "note"] {
        let refused = kim.put(&path, draft(mode)).await.problem(422, "invalid");
        assert_eq!((&refused["field"], &refused["detail"]), (&json!("mode"), &nobodys["detail"]), "{mode}");
    }
    assert_eq!(unknown["detail"], nobodys["detail"]);
    for mode in [note, "note"] {
        assert_eq!(agent.put(&path, draft(mode)).await.status, 204);
    }
    // A thread has one draft, however its id is written.
    for mode in [first.clone(), first.to_uppercase(), first.replace('-', ""), format!("{{{first}}}")] {
        assert_eq!(kim.put(&path, draft(&mode)).await.status, 204, "{mode}");
    }
    let kept = kim.get(&path).await.ok(200)["items"].clone();
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["mode"]), (1, &json!(first)));
    assert_eq!(kim.delete(&format!("{path}?mode={}", first.to_uppercase())).await.status, 204);
    assert_eq!(kim.get(&path).await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn what_is_fixed_of_a_contact_is_not_passed_over() {
    let site = Site::start().await;
    let admin = site.user_with("Ada", &["admin"]).await;
    let new = json!({"name": "Kim", "external_id": "k-1", "platform": "shop"});
    let made = admin.post("/contacts", new).await.ok(201);
    let path = format!("/contacts/{}", made["id"].as_str().unwrap());
    for (field, value) in
        [("external_id", "k-2"), ("external_id", ""), ("platform", "other"), ("platform", "")]
    {
        let refused = admin.patch(&path, json!({"name": "Tim", field: value})).await.problem(422, "invalid");
        assert_eq!((&refused["field"], &refused["rule"]), (&json!(field), &json!("fixed")));
    }
    let same = json!({"name": "Kim B", "external_id": "k-1", "platform": "shop"});
    assert_eq!(admin.patch(&path, same).await.ok(200)["name"], "Kim B");
}
