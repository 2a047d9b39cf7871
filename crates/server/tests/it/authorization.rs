//! People of two tenants, conversations of all ten kinds, every operation and every transport: what somebody does not read
//! is for them as if it were not there. Who reads what stands here a second time, by hand. A route that is in no table
//! here fails the test that finds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use parlor::auth::jwt::{Claims, sign};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::contracts::call as call_contract;
use crate::files::{PNG, upload};
use crate::isolation::{Things, body, fill};
use crate::support::described::DOCUMENT;
use crate::support::ears::{self, socket};
use crate::support::hub;
use crate::support::pusher::Pusher;
use crate::support::{Person, Reply, Sio, Site, claims};

const NOWHERE: &str = "0198c0de-0000-7000-8000-000000000001";
const LATE: Duration = Duration::from_secs(30);

/// A conversation, and who reads it.
struct Talk {
    kind: &'static str,
    /// In its messages and the name of its file, and nowhere else.
    word: &'static str,
    author: &'static str,
    readers: &'static [&'static str],
    things: Things,
}

struct World {
    site: Site,
    people: BTreeMap<&'static str, Person>,
    talks: Vec<Talk>,
}

impl World {
    async fn new() -> Self {
        let site = ears::site().await;
        let people = people(&site).await;
        let mut world = Self { site, people, talks: Vec::new() };
        let (team, store) = world.company().await;
        let id = |name: &str| world.people[name].id.clone();
        let (ben, kim) = (id("ben"), id("kim"));
        // Everybody who works here; nobody else.
        let staff: &[&str] = &["ann", "ben", "out", "agent", "sales", "keeper", "rival", "boss"];
        let openings: [(&str, &str, &str, Value, &'static [&'static str]); 10] = [
            ("direct", "avocet", "ann", json!({"user_ids": [ben]}), &["ann", "ben"]),
            ("group", "bittern", "ann", json!({"title": "g", "user_ids": [ben]}), &["ann", "ben"]),
            ("broadcast", "curlew", "ann", json!({"title": "b", "user_ids": [ben]}), &["ann", "ben"]),
            ("announcement", "dunlin", "ann", json!({"title": "a"}), staff),
            (
                "channel",
                "egret",
                "ann",
                json!({"title": "c", "is_private": true, "user_ids": [ben]}),
                &["ann", "ben"],
            ),
            ("support", "fulmar", "kim", json!({"subject": "s"}), &["kim", "agent"]),
            ("ticket", "godwit", "ann", json!({"title": "t", "team_id": team}), &["ann", "agent"]),
            (
                "admin_store",
                "heron",
                "boss",
                json!({"subject": "as", "store_id": store}),
                &["boss", "keeper"],
            ),
            (
                "store_customer",
                "ibis",
                "keeper",
                json!({"subject": "sc", "store_id": store, "contact_id": kim}),
                &["keeper", "kim"],
            ),
            (
                "admin_customer",
                "jacana",
                "boss",
                json!({"subject": "ac", "contact_id": kim}),
                &["boss", "kim"],
            ),
        ];
        for (kind, word, author, new, readers) in openings {
            let id = world.open(kind, author, new, &team).await;
            let things = things(&world.people[author], id, word).await;
            world.talks.push(Talk { kind, word, author, readers, things });
        }
        world
    }

    /// Opens one; what customers ask goes to the team.
    async fn open(&self, kind: &str, author: &str, mut new: Value, team: &Value) -> String {
        new["kind"] = json!(kind);
        if ["broadcast", "announcement", "support"].contains(&kind) {
            new["message"] = json!({"body": "a question"});
        }
        let opened = self.people[author].post("/conversations", new).await;
        assert!([200, 201].contains(&opened.status), "{kind}: {}", opened.text);
        let id = opened.json["id"].as_str().unwrap().to_owned();
        if kind == "support" {
            let change = json!({"team_id": team});
            self.people["agent"].patch(&format!("/conversations/{id}"), change).await.ok(200);
        }
        id
    }

    /// A team of agents and a store, with people in them.
    async fn company(&mut self) -> (Value, Value) {
        let admin = &self.people["admin"];
        let id = |name: &str| self.people[name].id.clone();
        let desk = json!({"name": "Desk", "ticket_prefix": "D", "members": [id("agent")]});
        let team = admin.post("/teams", desk).await.ok(201)["id"].clone();
        admin.post("/teams", json!({"name": "Sales", "members": [id("sales")]})).await.ok(201);
        let lyon = json!({"name": "Lyon", "users": [id("keeper")]});
        let store = admin.post("/stores", lyon).await.ok(201)["id"].clone();
        admin.post("/stores", json!({"name": "Paris", "users": [id("rival")]})).await.ok(201);
        (team, store)
    }

    /// Each conversation with each person who does not read it.
    fn hidden(&self) -> impl Iterator<Item = (&Talk, &'static str, &Person)> {
        self.talks.iter().flat_map(|talk| {
            let others =
                self.people.iter().filter(|(name, _)| **name != "admin" && !talk.readers.contains(name));
            others.map(move |(name, person)| (talk, *name, person))
        })
    }
}

async fn people(site: &Site) -> BTreeMap<&'static str, Person> {
    let admin = site.user_with("Admin", &["admin"]).await;
    for (name, rights) in [
        ("Writer", &["group", "broadcast", "announce", "channel", "ticket", "messenger"][..]),
        ("Keeper", &["store", "contacts", "messenger"]),
        ("Rival", &["store", "messenger"]),
        ("Boss", &["administer", "contacts", "messenger"]),
        ("Agent", &["support", "messenger"]),
    ] {
        admin.post("/roles", json!({"name": name, "rights": rights})).await.ok(201);
    }
    let secret = site.tenant("acme").await;
    // These calls are more than a person makes.
    for tenant in ["default", "acme"] {
        crate::contracts::set(site, tenant, json!({"send_rate_per_minute": 0})).await;
    }
    let roles = Some(vec!["admin".to_owned()]);
    let token = sign(&Claims { tenant: "acme".to_owned(), roles, ..claims("Eve") }, secret.as_bytes(), None);
    let mut people = BTreeMap::from([
        ("kim", site.contact("Kim").await),
        ("lea", site.contact("Lea").await),
        ("eve", Person::arrive(&site.url, token.unwrap()).await),
        ("out", site.user("Out").await),
        ("ben", site.user("Ben").await),
    ]);
    for (name, role) in [
        ("ann", "Writer"),
        ("agent", "Agent"),
        ("sales", "Agent"),
        ("keeper", "Keeper"),
        ("rival", "Rival"),
        ("boss", "Boss"),
    ] {
        people.insert(name, site.user_with(name, &[role]).await);
    }
    people.insert("admin", admin);
    people
}

/// A message with a file and a reaction, pinned where that may be.
async fn things(author: &Person, conversation: String, word: &str) -> Things {
    let file = upload(author, &format!("{word}.png"), PNG).await.ok(201)["id"].as_str().unwrap().to_owned();
    let new = json!({"body": word, "attachment_ids": [file]});
    let message = author.post(&format!("/conversations/{conversation}/messages"), new).await.ok(201);
    let message = message["id"].as_str().unwrap().to_owned();
    author.put(&format!("/messages/{message}/reactions/👍"), json!({})).await;
    author.put(&format!("/messages/{message}/pin"), json!({})).await;
    BTreeMap::from([
        ("conversations", conversation),
        ("messages", message),
        ("files", file),
        ("participants", author.id.clone()),
        ("reactions", "👍".to_owned()),
    ])
}

/// Operations on things of a conversation: method, path, name.
fn operations() -> Vec<(String, String, String)> {
    let scoped = |path: &str| {
        ["conversations", "messages", "files"].iter().any(|noun| path.starts_with(&format!("/{noun}/{{")))
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let paths = paths.iter().filter_map(|(path, of)| Some((path.strip_prefix("/api/v1")?, of)));
    let all = paths
        .flat_map(|(path, of)| of.as_object().unwrap().iter().map(move |(method, it)| (path, method, it)));
    let name = |operation: &Value| operation["operationId"].as_str().unwrap().to_owned();
    all.filter(|(path, ..)| scoped(path))
        .map(|(path, method, it)| (method.clone(), path.to_owned(), name(it)))
        .collect()
}

async fn call(person: &Person, method: &str, path: &str, name: &str) -> Reply {
    let request = person.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path);
    person.send(if method == "get" { request } else { request.json(&body(name, person)) }).await
}

/// What tells one answer from another, but for the names of things.
fn gist(reply: &Reply) -> (u16, Value, Value) {
    (reply.status, reply.json["code"].clone(), reply.json["detail"].clone())
}

#[tokio::test]
async fn what_somebody_does_not_read_is_as_if_it_were_not_there() {
    let world = World::new().await;
    let (operations, mut tried) = (operations(), 0);
    for (talk, name, person) in world.hidden() {
        let nowhere: Things = talk
            .things
            .iter()
            .map(|(noun, id)| match *noun {
                "conversations" | "messages" | "files" => (*noun, NOWHERE.to_owned()),
                _ => (*noun, id.clone()),
            })
            .collect();
        for (method, path, operation) in &operations {
            let there = call(person, method, &fill(path, &talk.things), operation).await;
            let not_there = call(person, method, &fill(path, &nowhere), operation).await;
            assert_eq!(gist(&there), gist(&not_there), "{name}: {method} {path} of the {}", talk.kind);
            assert!(
                [403, 404, 422].contains(&there.status),
                "{name}: {method} {path} of the {}: {}",
                talk.kind,
                there.text
            );
            tried += 1;
        }
    }
    assert!(tried > 1_000, "{tried} calls");
    // Nothing of that did anything, and those who read a conversation read all of it.
    for talk in &world.talks {
        for name in talk.readers {
            let person = &world.people[name];
            for (method, path, operation) in operations.iter().filter(|(method, ..)| method == "get") {
                let own = call(person, method, &fill(path, &talk.things), operation).await;
                let rule = ["list_acks", "list_viewers", "get_readers", "list_history", "get_history"]
                    .contains(&operation.as_str());
                // What was deleted is for those who audit.
                let rule = rule || path.ends_with("/deleted");
                let fits = own.status == 200 || (rule && own.status == 403);
                assert!(fits, "{name}: {path} of the {}: {}", talk.kind, own.text);
            }
            let message = person.get(&format!("/messages/{}", talk.things["messages"])).await.ok(200);
            assert_eq!(
                (&message["body"], &message["edited_at"]),
                (&json!(talk.word), &Value::Null),
                "{name}"
            );
            let page = person
                .get(&format!("/conversations/{}/messages", talk.things["conversations"]))
                .await
                .ok(200);
            let said = page["items"].as_array().unwrap().iter().filter(|it| it["body"] == "x").count();
            assert_eq!(said, 0, "nobody else wrote there");
        }
    }
}

/// Every list, the search, the snapshot and the log of events.
#[tokio::test]
async fn lists_have_nothing_of_what_is_not_read() {
    let world = World::new().await;
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let streams = ["/api/v1/events/stream", "/api/v1/ws", "/chat/events/stream", "/ws/chat"];
    for tenant in ["default", "acme"] {
        crate::contracts::set(&world.site, tenant, json!({"erp_enabled": true})).await;
    }
    let mut asked: BTreeSet<String> = paths
        .iter()
        .filter(|(path, of)| of.get("get").is_some() && !streams.contains(&path.as_str()))
        .map(|(path, _)| path.replace("{tenant}/", "default/"))
        .filter(|path| !path.contains('{'))
        .collect();
    asked.extend(world.talks.iter().map(|talk| format!("/api/v1/search?q={}", talk.word)));
    asked.extend(world.talks.iter().map(|talk| format!("/api/v1/conversations?kind={}", talk.kind)));
    asked.extend(["/api/v1/conversations?search=g", "/api/v1/snapshot?limit=200"].map(str::to_owned));
    for (name, person) in world.people.iter().filter(|(name, _)| **name != "admin") {
        let mut all = String::new();
        for path in &asked {
            let path = if *name == "eve" { path.replace("/default/", "/acme/") } else { path.clone() };
            let reply = call_contract(person, Method::GET, &path, None).await;
            assert!(reply.status < 500, "{name}: {path}: {}", reply.text);
            for talk in world.talks.iter().filter(|talk| !talk.readers.contains(name)) {
                let mut secret = talk
                    .things
                    .iter()
                    .filter(|(noun, _)| ["conversations", "messages", "files"].contains(*noun));
                let told = secret.any(|(_, id)| reply.text.contains(id.as_str()));
                let echoed = path.contains(talk.word);
                assert!(
                    !told && (echoed || !reply.text.contains(talk.word)),
                    "{name}: {path} has the {}: {}",
                    talk.kind,
                    reply.text
                );
            }
            all.push_str(&reply.text);
        }
        for talk in world.talks.iter().filter(|talk| talk.readers.contains(name)) {
            assert!(all.contains(&talk.things["messages"]), "{name} finds the {}", talk.kind);
        }
    }
}

/// The routes of the contracts that name a conversation, a message or somebody: with an id of the talk in each place.
fn contract_calls(talk: &Talk, other: &str) -> Vec<(Method, String, Option<Value>)> {
    let (id, message) = (&talk.things["conversations"], &talk.things["messages"]);
    let text = || Some(json!({"body": "x"}));
    let crm = "/admin/internal-messenger/conversations";
    vec![
        (Method::GET, format!("/chat/threads/{id}"), None),
        (Method::GET, format!("/chat/threads/{id}/messages"), None),
        (Method::POST, format!("/chat/threads/{id}/messages"), text()),
        (Method::GET, format!("{crm}/{id}/open"), None),
        (Method::POST, format!("{crm}/{id}/messages"), text()),
        (Method::POST, format!("{crm}/{id}/read"), Some(json!({}))),
        (Method::POST, format!("{crm}/{id}/mute"), Some(json!({"muted": true}))),
        (Method::PUT, format!("/api/tenants/{other}/messaging/{message}"), Some(json!({"content": "x"}))),
        (Method::DELETE, format!("/api/tenants/{other}/messaging/{message}"), None),
        (Method::PUT, format!("/api/tenants/{other}/messaging/{message}/delivered"), None),
        (Method::PUT, format!("/api/tenants/{other}/messaging/{message}/read"), None),
    ]
}

/// Routes outside `/api/v1` that lead to no conversation by its id.
const OTHER_ROUTES: &[&str] = &[
    "/.well-known/mercure",
    "/.well-known/mercure/subscriptions",
    "/.well-known/mercure/subscriptions/{*rest}",
    "/admin/chat/purge",
    "/admin/chat/purges",
    "/admin/internal-messenger/conversations",
    "/admin/internal-messenger/preferences",
    "/admin/internal-messenger/users",
    "/admin/internal-messenger/widget/bootstrap",
    "/api/tenants/{tenant}/messaging/audit",
    "/api/tenants/{tenant}/messaging/conversation/{user}",
    "/api/tenants/{tenant}/messaging/conversations",
    "/api/tenants/{tenant}/messaging/message",
    "/api/tenants/{tenant}/notifications",
    "/api/tenants/{tenant}/notifications/{notification}/archive",
    "/api/tenants/{tenant}/notifications/{notification}/read",
    "/api/tenants/{tenant}/presence",
    "/app/{key}",
    "/apps/{app}/batch_events",
    "/apps/{app}/channels",
    "/apps/{app}/channels/{channel}",
    "/apps/{app}/channels/{channel}/users",
    "/apps/{app}/events",
    "/apps/{app}/users/{user}/terminate_connections",
    "/broadcasting/auth",
    "/broadcasting/user-auth",
    "/chat/events",
    "/chat/events/stream",
    "/chat/threads",
    "/chat/ws-nonce",
    "/pusher/auth",
    "/pusher/user-auth",
    "/ws/chat",
];

/// Those of [`contract_calls`].
const CONVERSATION_ROUTES: &[&str] = &[
    "/admin/internal-messenger/conversations/{id}/messages",
    "/admin/internal-messenger/conversations/{id}/mute",
    "/admin/internal-messenger/conversations/{id}/open",
    "/admin/internal-messenger/conversations/{id}/read",
    "/api/tenants/{tenant}/messaging/{message}",
    "/api/tenants/{tenant}/messaging/{message}/delivered",
    "/api/tenants/{tenant}/messaging/{message}/read",
    "/chat/threads/{id}",
    "/chat/threads/{id}/messages",
];

#[tokio::test]
async fn contracts_show_nothing_of_what_is_not_read() {
    let world = World::new().await;
    let nowhere = Talk {
        things: [("conversations", NOWHERE.to_owned()), ("messages", NOWHERE.to_owned())].into(),
        ..talk("none")
    };
    for tenant in ["default", "acme"] {
        crate::contracts::set(&world.site, tenant, json!({"erp_enabled": true})).await;
    }
    for (talk, name, person) in world.hidden() {
        let tenant = if name == "eve" { "acme" } else { "default" };
        let calls = contract_calls(talk, tenant).into_iter().zip(contract_calls(&nowhere, tenant));
        for ((method, path, body), (_, not_there, _)) in calls {
            let there = call_contract(person, method.clone(), &path, body.clone()).await;
            let not_there = call_contract(person, method.clone(), &not_there, body).await;
            assert!(!there.text.contains(talk.word), "{name}: {path}: {}", there.text);
            assert_eq!(gist(&there), gist(&not_there), "{name}: {method} {path} of the {}", talk.kind);
        }
    }
}

fn talk(kind: &'static str) -> Talk {
    Talk { kind, word: kind, author: kind, readers: &[], things: Things::new() }
}

/// A route that somebody adds outside `/api/v1` is named above, and so looked at.
#[test]
fn every_route_outside_the_api_is_in_a_table() {
    let known: BTreeSet<&str> = OTHER_ROUTES.iter().chain(CONVERSATION_ROUTES).copied().collect();
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    let mut found: BTreeSet<String> = paths.filter(|path| !path.starts_with("/api/v1/")).cloned().collect();
    for folder in ["src/http/contracts", "src/transport"] {
        routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(unknown.is_empty(), "name these in a table of authorization.rs: {unknown:?}");
    assert!(CONVERSATION_ROUTES.iter().all(|route| found.contains(route)), "{found:?}");
}

fn routes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for rest in text.split(".route(").skip(1) {
            if let Some(route) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                found.insert(route.to_owned());
            }
        }
    }
}

/// One person's streams.
struct Streams {
    native: ears::Socket,
    chat: Option<ears::Socket>,
    pusher: Pusher,
    socketio: Sio,
    mercure: hub::Stream,
    sse: hub::Stream,
    cursor: String,
}

impl Streams {
    async fn open(site: &Site, person: &Person) -> Self {
        let token = person.get("/mercure").await.ok(200)["token"].as_str().unwrap().to_owned();
        let topic = format!(
            "?topic=/crm/internal-messenger/users/{}/inbox&topic=/crm/internal-messenger/conversations/{{id}}",
            person.id
        );
        let mut pusher = Pusher::open(site).await;
        pusher.join_as(person, &format!("private-user-{}", person.id)).await;
        Self {
            cursor: person.cursor().await,
            native: ears::greeted(socket(person, "/api/v1/ws").await.unwrap()).await,
            chat: socket(person, "/ws/chat").await.ok(),
            pusher,
            socketio: Sio::of(person).await,
            mercure: site.subscribe(&topic, Some(&token)).await,
            sse: hub::open(person.request(Method::GET, "/events/stream")).await,
        }
    }

    /// Everything that was told until the end on each of them.
    async fn told(mut self, person: &Person, end: &str) -> Vec<(&'static str, String)> {
        let mut told = vec![
            ("native", until(&mut self.native, end).await),
            ("Pusher", until(&mut self.pusher.socket, end).await),
            ("Socket.IO", until(&mut self.socketio.socket, end).await),
        ];
        for (name, stream) in [("Mercure", &mut self.mercure), ("SSE", &mut self.sse)] {
            let mut all = String::new();
            while !all.contains(end) {
                all.push_str(&timeout(LATE, stream.data()).await.unwrap_or_else(|_| panic!("{name}: {all}")));
            }
            told.push((name, all));
        }
        // What this contract tells is not everything; whatever it told of the rest has come by now.
        if let Some(chat) = &mut self.chat {
            let mut all = String::new();
            while let Ok(Some(Ok(frame))) = timeout(Duration::from_millis(300), chat.next()).await {
                all.push_str(&frame.to_string());
            }
            told.push(("chat", all));
        }
        let (events, _) = person.poll(&self.cursor, 0).await;
        told.push(("poll", json!(events).to_string()));
        told
    }
}

async fn until(socket: &mut ears::Socket, end: &str) -> String {
    let mut all = String::new();
    while !all.contains(end) {
        let frame = timeout(LATE, socket.next()).await.unwrap_or_else(|_| panic!("no end: {all}"));
        all.push_str(&frame.expect("a frame").unwrap().to_string());
    }
    all
}

#[tokio::test]
async fn streams_tell_nothing_of_what_is_not_read() {
    let world = World::new().await;
    let listeners = ["ann", "ben", "out", "agent", "sales", "keeper", "rival", "boss", "kim"];
    let mut streams = Vec::new();
    for name in listeners {
        streams.push((name, Streams::open(&world.site, &world.people[name]).await));
    }
    for talk in &world.talks {
        world.people[talk.author].say(&talk.things["conversations"], &format!("{} again", talk.word)).await;
    }
    for kind in ["announcement", "support"] {
        let last = world.talks.iter().find(|talk| talk.kind == kind).unwrap();
        world.people[last.author].say(&last.things["conversations"], "zebrafinch").await;
    }
    for (name, streams) in streams {
        for (way, told) in streams.told(&world.people[name], "zebrafinch").await {
            for talk in &world.talks {
                let heard = told.contains(talk.word) || told.contains(&talk.things["conversations"]);
                let reads = talk.readers.contains(&name);
                assert!(!heard || reads, "{name} hears the {} over {way}: {told}", talk.kind);
                assert!(heard || !reads || way == "chat", "{name} hears the {} over {way}", talk.kind);
            }
        }
    }
}
