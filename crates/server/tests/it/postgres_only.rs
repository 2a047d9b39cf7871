//! Several nodes on one PostgreSQL: clients anywhere see everything once, in order, whatever dies. SQLite has one node:
//! the run on it leaves these out (`--skip postgres_only::`), so that they are not counted where they say nothing.

use crate::support::http;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use parlor::auth::jwt::sign;
use parlor::config::{DataArgs, ServeArgs};
use parlor_db::Engine;
use parlor_db::testing::{TempDir, TestDb};
use serde_json::{Value, json};

use crate::crash::Process;
use crate::files::{PNG, upload};
use crate::first_start::{SERVE, command, listens, nothing, run, some_key};
use crate::support::{Person, SECRET, Sio, Site, Ws, claims, engine, fresh_data, hub, pusher, s3};

/// Whoever runs these on SQLite by mistake is told so.
fn on_postgres() {
    assert_eq!(engine(), Engine::Postgres, "run these with PARLOR_TEST_ENGINE=postgres");
}

/// A private Redis without any file, killed when the test ends.
struct Redis {
    port: u16,
    child: Child,
}

impl Redis {
    fn start() -> Self {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, child: Self::run(port) }
    }

    fn run(port: u16) -> Child {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
            .arg(port.to_string());
        let child =
            command.stdout(Stdio::null()).spawn().expect("redis-server, from Debian's package of that name");
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn again(&mut self) {
        self.child = Self::run(self.port);
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Two nodes (or more) on one database and one Redis.
struct Nodes {
    data: DataArgs,
    redis: Redis,
    options: Vec<String>,
    nodes: Vec<Process>,
    _folder: TempDir,
    database: Option<TestDb>,
}

impl Nodes {
    async fn start(count: usize) -> Self {
        Self::with(count, &[]).await
    }

    /// Nodes that also have these options.
    async fn with(count: usize, options: &[&str]) -> Self {
        on_postgres();
        let (data, folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
        let redis = Redis::start();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut nodes = Self { data, redis, options, nodes: Vec::new(), _folder: folder, database };
        for _ in 0..count {
            nodes.add();
        }
        nodes
    }

    fn add(&mut self) -> String {
        let redis = self.redis.url();
        let mut options =
            vec!["--redis", &redis, "--secret", "one secret for all of these nodes", "--drain-seconds", "1"];
        options.extend(self.options.iter().map(String::as_str));
        self.nodes.push(Process::with(&self.data, &options));
        self.nodes.last().unwrap().url.clone()
    }

    fn url(&self, node: usize) -> &str {
        &self.nodes[node].url
    }

    async fn user(&self, name: &str, node: usize) -> Person {
        Person::arrive(self.url(node), sign(&claims(name), SECRET.as_bytes(), None).unwrap()).await
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.nodes.clear();
        let database = self.database.take();
        let _ = std::thread::spawn(move || drop(database)).join();
    }
}

/// Reads messages of a group until it has `count` of them; the numbers must be whole and ascending.
async fn messages(ws: &mut Ws, count: usize) -> Vec<i64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let event = ws.next_of("message.posted").await;
        seen.push(event["data"]["message"]["seq"].as_i64().unwrap());
    }
    seen
}

fn in_order(count: i64) -> Vec<i64> {
    (1..=count).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_on_one_node_is_seen_on_the_other_at_once() {
    let nodes = Nodes::start(2).await;
    let (ana, ben) = (nodes.user("Ana", 0).await, nodes.user("Ben", 1).await);
    let group = ana.group("two nodes", &[&ben]).await;
    let mut hears = ben.ws(None).await;
    let mut too = ana.ws(None).await;
    hears.is_live().await;
    too.is_live().await;
    let mut took = Vec::new();
    for n in 0..21 {
        let sent = Instant::now();
        ana.say(&group, &format!("{n}")).await;
        hears.next_of("message.posted").await;
        took.push(sent.elapsed());
        too.next_of("message.posted").await;
    }
    // Without hints it would be half of the second after which nodes look; a busy machine may hold up a few.
    took.sort();
    assert!(took[10] < Duration::from_millis(350), "{took:?}: hints do not come");
    // Both write at once.
    let say = |person: Person, n: usize| {
        let group = group.clone();
        async move { person.say(&group, &format!("both {n}")).await }
    };
    join_all((0..100).map(|n| say(if n % 2 == 0 { ana.clone() } else { ben.clone() }, n))).await;
    let expected: Vec<i64> = (22..=121).collect();
    assert_eq!(messages(&mut hears, 100).await, expected);
    assert_eq!(messages(&mut too, 100).await, expected);
    // A client moves between nodes with its cursor.
    let cursor = hears.cursor.clone();
    drop(hears);
    ana.say(&group, "while away").await;
    let mut moved = ben.at(nodes.url(0)).ws(Some(&cursor)).await;
    assert_eq!(messages(&mut moved, 1).await, [122]);
    assert!(moved.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_typing_and_signing_out_cross_nodes_and_die_with_them() {
    let mut nodes = Nodes::start(2).await;
    let (ana, ben) = (nodes.user("Ana", 0).await, nodes.user("Ben", 1).await);
    let group = ana.group("two nodes", &[&ben]).await;
    let mut viewer = ana.ws(None).await;
    viewer.is_live().await;
    let mut there = ben.ws(None).await;
    there.is_live().await;
    let is_ben = |told: &Value| told["data"]["people"].to_string().contains(&ben.id);
    let mut news = viewer.told("presence").await;
    while !is_ben(&news) {
        news = viewer.told("presence").await;
    }
    assert!(news.to_string().contains("online"), "{news}");
    there.send(&json!({"type": "typing", "conversation_id": group}).to_string()).await;
    assert_eq!(viewer.told("typing").await["data"]["person_id"], ben.id.as_str());
    // A third node that comes later knows who is there.
    let third = nodes.add();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let seen = ana.at(&third).get(&format!("/presence?user_ids={},{}", ana.id, ben.id)).await.ok(200);
    assert_eq!(seen["items"][0]["status"], "online");
    assert_eq!(seen["items"][1]["status"], "online");
    nodes.nodes[1].kill();
    let mut news = viewer.told("presence").await;
    while !is_ben(&news) {
        news = viewer.told("presence").await;
    }
    assert!(news.to_string().contains("offline"), "a dead node's people go by themselves: {news}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_away_for_ten_seconds_loses_nothing() {
    let mut nodes = Nodes::start(2).await;
    let (ana, ben) = (nodes.user("Ana", 0).await, nodes.user("Ben", 1).await);
    let group = ana.group("no redis", &[&ben]).await;
    let mut hears = ben.ws(None).await;
    hears.is_live().await;
    nodes.redis.kill();
    let until = Instant::now() + Duration::from_secs(10);
    let mut sent = 0;
    while Instant::now() < until {
        ana.say(&group, "without").await;
        sent += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(messages(&mut hears, sent).await, in_order(sent as i64));
    nodes.redis.again();
    // Back in touch: what is told arrives again, and quickly.
    let mut back = false;
    for _ in 0..50 {
        ana.post(&format!("/conversations/{group}/typing"), json!({"typing": true})).await.ok(204);
        ana.post(&format!("/conversations/{group}/typing"), json!({"typing": false})).await.ok(204);
        let heard = tokio::time::timeout(Duration::from_millis(300), hears.told("typing")).await;
        back = heard.is_ok();
        if back {
            break;
        }
    }
    assert!(back, "the nodes are not in touch again");
    ana.say(&group, "again").await;
    assert_eq!(messages(&mut hears, 1).await, [sent as i64 + 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_under_load_is_a_reconnection() {
    let mut nodes = Nodes::start(2).await;
    let ana = nodes.user("Ana", 1).await;
    let names: Vec<String> = (0..20).map(|n| format!("Reader{n}")).collect();
    let readers = join_all(names.iter().map(|name| nodes.user(name, 0))).await;
    let group = ana.group("load", &readers.iter().collect::<Vec<_>>()).await;
    let survivor = nodes.url(1).to_owned();
    let reading = readers.into_iter().map(|reader| {
        let survivor = survivor.clone();
        async move {
            let mut ws = reader.ws(None).await;
            let mut seen = Vec::new();
            while seen.len() < 300 {
                match ws.event_or_end().await {
                    Ok(event) if event["type"] == "message.posted" => {
                        seen.push(event["data"]["message"]["seq"].as_i64().unwrap());
                    }
                    Ok(_) => {}
                    // The node is dead: come back elsewhere, from the last event seen.
                    Err(_) => ws = reader.at(&survivor).ws(Some(&ws.cursor.clone())).await,
                }
            }
            (seen, ws)
        }
    });
    let readers = tokio::spawn(join_all(reading.collect::<Vec<_>>()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    for n in 0..300 {
        ana.say(&group, &format!("{n}")).await;
        if n == 150 {
            nodes.nodes[0].kill();
        }
    }
    for (seen, _) in readers.await.unwrap() {
        assert_eq!(seen, in_order(300));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mercure_subscribers_may_be_on_any_node() {
    let options = ["--mercure-jwt-secret", hub::HUB_SECRET, "--mercure-subscriptions"];
    let nodes = Nodes::with(2, &options).await;
    let client = http::client();
    let hub = |node: usize, rest: &str| format!("{}/.well-known/mercure{rest}", nodes.url(node));
    let publish = async |node: usize, data: &str| {
        let form = [("topic", "a"), ("data", data), ("private", "on")];
        assert_eq!(hub::status(client.post(hub(node, "")).bearer_auth(hub::ALL).form(&form)).await, 200);
    };
    let mut there = hub::open(client.get(hub(1, "?topic=a")).bearer_auth(hub::ALL)).await;
    for n in 0..20 {
        publish(n % 2, &n.to_string()).await;
        assert_eq!(there.data().await, n.to_string());
    }
    let listed = client.get(hub(0, "/subscriptions/a")).bearer_auth(hub::ALL);
    let listed: Value = serde_json::from_str(&hub::answer(listed).await.text).unwrap();
    assert_eq!(listed["subscriptions"].as_array().unwrap().len(), 1, "of another node: {listed}");
    let last = there.last_id.clone();
    drop(there);
    publish(1, "meanwhile").await;
    let back = client.get(hub(0, "?topic=a")).bearer_auth(hub::ALL).header("last-event-id", &last);
    let mut here = hub::open(back).await;
    assert_eq!(here.data().await, "meanwhile");
    // A person's token serves on every node.
    let (ana, ben) = (nodes.user("Ana", 0).await, nodes.user("Ben", 0).await);
    let granted = ben.get("/mercure").await.ok(200);
    let topic = granted["topics"]["notifications"].as_str().unwrap();
    let request =
        client.get(hub(1, &format!("?topic={topic}"))).bearer_auth(granted["token"].as_str().unwrap());
    let mut told = hub::open(request).await;
    let group = ana.group("two nodes", &[&ben]).await;
    ana.say(&group, "hello").await;
    assert_eq!(told.event("message.posted").await["data"]["message"]["body"], "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_goes_on_handing_updates_to_the_external_hub() {
    let external = hub::hub_site(|_| {}).await;
    let url = format!("{}/.well-known/mercure", external.url);
    let options = ["--mercure-jwt-secret", hub::HUB_SECRET, "--mercure-url", &url];
    let mut nodes = Nodes::with(2, &options).await;
    let (ana, ben) = (nodes.user("Ana", 0).await, nodes.user("Ben", 1).await);
    let group = ana.group("two nodes", &[&ben]).await;
    let topic = format!("/crm/internal-messenger/conversations/{group}");
    let mut heard = external.subscribe(&format!("?topic={topic}&lastEventID=earliest"), Some(hub::ALL)).await;
    for n in 0..10 {
        (if n % 2 == 0 { &ana } else { &ben }).say(&group, &n.to_string()).await;
    }
    let mut bodies = Vec::new();
    while bodies.len() < 10 {
        let event = heard.event("message.posted").await;
        bodies.push(event["data"]["message"]["body"].as_str().unwrap().to_owned());
    }
    assert_eq!(bodies, (0..10).map(|n| n.to_string()).collect::<Vec<_>>(), "once, though two nodes could");
    nodes.nodes[0].kill();
    ben.say(&group, "after").await;
    // Nothing arrives until the dead node's turn is over.
    heard.timeout = Duration::from_secs(60);
    while heard.event("message.posted").await["data"]["message"]["body"] != "after" {}
}

/// Two nodes in this process, with an application and a hub.
async fn pair(redis: &Redis) -> (Site, Site) {
    on_postgres();
    let url = redis.url();
    let options = move |config: &mut ServeArgs| {
        config.redis = Some(url.clone());
        config.secret = Some("one secret for all of these nodes".to_owned());
        config.pusher.app_id = Some(pusher::APP_ID.to_owned());
        config.pusher.app_key = Some(pusher::APP.key.to_owned());
        config.pusher.app_secret = Some(pusher::APP.secret.to_owned());
        config.mercure.jwt_secret = Some(hub::HUB_SECRET.to_owned());
        config.mercure.anonymous = true;
    };
    let first = Site::with(options.clone()).await;
    let second = first.beside(options).await;
    for site in [&first, &second] {
        while site.app.cluster.state() != Some(true) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // Both have heard of each other.
    tokio::time::sleep(Duration::from_millis(500)).await;
    (first, second)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pusher_channels_span_nodes() {
    let redis = Redis::start();
    let (first, second) = pair(&redis).await;
    let (mut here, mut there) = (pusher::Pusher::open(&first).await, pusher::Pusher::open(&second).await);
    here.join("presence-room", Some(r#"{"user_id":"1"}"#)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let known = there.join("presence-room", Some(r#"{"user_id":"2"}"#)).await;
    assert_eq!(known["presence"]["ids"], json!(["1", "2"]), "{known}");
    let added = here.next_of("pusher_internal:member_added").await;
    assert!(added["data"].as_str().unwrap().contains(r#""user_id":"2""#), "{added}");
    // The application triggers on one node; both hear it, in order, and but for the excepted connection.
    let server = pusher::Server::new(&second);
    for number in 0..20 {
        let event = json!({"name": "news", "data": number.to_string(), "channel": "presence-room"});
        server.post("/events", event).await.ok(200);
    }
    for client in [&mut here, &mut there] {
        for number in 0..20 {
            assert_eq!(client.next_of("news").await["data"], number.to_string());
        }
    }
    there.tell("presence-room", "client-wave", json!({"x": 1})).await;
    let waved = here.next_of("client-wave").await;
    assert_eq!((&waved["user_id"], &waved["data"]), (&json!("2"), &json!({"x": 1})));
    let info =
        server.get("/channels/presence-room", &[("info", "user_count,subscription_count")]).await.ok(200);
    assert_eq!((&info["user_count"], &info["subscription_count"]), (&json!(2), &json!(2)), "{info}");
    here.sign_in(json!({"id": "9"})).await;
    server.post("/users/9/terminate_connections", json!({})).await.ok(200);
    assert_eq!(here.close_code().await, 4009);
    let removed = there.next_of("pusher_internal:member_removed").await;
    assert!(removed["data"].as_str().unwrap().contains(r#""user_id":"1""#), "{removed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mercure_updates_span_nodes_and_are_replayed_on_either() {
    let redis = Redis::start();
    let (first, second) = pair(&redis).await;
    let mut here = first.subscribe("?topic=a", None).await;
    let mut there = second.subscribe("?topic=a", None).await;
    for number in 0..10 {
        let site = if number % 2 == 0 { &first } else { &second };
        site.update(&[("topic", "a"), ("data", &number.to_string())]).await;
    }
    let mut ids = Vec::new();
    for number in 0..10 {
        let update = here.next().await.unwrap();
        assert_eq!(update.data, number.to_string());
        ids.push(update.id);
        assert_eq!(there.data().await, number.to_string());
    }
    let mut again = second.subscribe(&format!("?topic=a&lastEventID={}", ids[3]), None).await;
    assert_eq!(again.headers["last-event-id"], ids[3].as_str());
    for number in 4..10 {
        assert_eq!(again.data().await, number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socketio_recovers_on_another_node() {
    let redis = Redis::start();
    let (first, second) = pair(&redis).await;
    let (ana, ben) = (first.user("Ana").await, first.user("Ben").await);
    let group = ana.group("recovery", &[&ben]).await;
    let mut socket = Sio::of(&ben).await;
    ana.say(&group, "one").await;
    assert_eq!(socket.message().await, "one");
    let (sid, pid, offset) = (socket.sid.clone(), socket.pid.clone(), socket.offset.clone());
    drop(socket);
    ana.say(&group, "two").await;
    ana.say(&group, "three").await;
    let mut back = Sio::again(&ben.at(&second.url), &pid, offset.as_deref()).await;
    assert_eq!((&back.sid, &back.pid), (&sid, &pid), "recovered");
    for body in ["two", "three"] {
        assert_eq!(back.message().await, body);
    }
    assert!(back.is_silent().await);
}

/// Two nodes with a key each, on a database that has none: it takes one of them, and the other node says so.
#[test]
fn of_two_nodes_with_different_keys_one_starts() {
    for _ in 0..3 {
        let (data, folder, _database) = nothing();
        let mut nodes: Vec<Child> = (0..2)
            .map(|number| {
                let mut node = command(&data, &folder.path().join(format!("node-{number}")), &SERVE);
                node.env("PARLOR_SECRET_KEY", some_key()).spawn().unwrap()
            })
            .collect();
        let started: Vec<_> = nodes.iter_mut().map(listens).collect();
        for node in &mut nodes {
            let _ = node.kill();
            node.wait().unwrap();
        }
        let refused: Vec<_> = started.iter().filter_map(|started| started.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{started:?}");
        assert!(
            refused[0].contains("this node has") && refused[0].contains("PARLOR_SECRET_KEY"),
            "{refused:?}"
        );
        assert!(!run(&data, &["tenant", "list"]).status.success(), "one without a key is no better");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_sent_at_one_node_is_delivered_at_the_other() {
    on_postgres();
    let Some(s3) = s3::bucket().await else { return };
    let first = Site::with(|config| s3.options(config)).await;
    let second = first.beside(|config| s3.options(config)).await;
    let (ana, ben) = (first.user("Ana").await, first.user("Ben").await);
    let group = ana.group("files", &[&ben]).await;
    let file = upload(&ana, "a.png", PNG).await.ok(201);
    let body = json!({"body": "", "attachment_ids": [file["id"]]});
    ana.post(&format!("/conversations/{group}/messages"), body).await.ok(201);
    let there = Person::arrive(&second.url, ben.token.clone().unwrap()).await;
    let path = format!("/files/{}", file["id"].as_str().unwrap());
    let got = there.get(&path).await;
    assert_eq!((got.status, got.text), (200, String::from_utf8_lossy(PNG).into_owned()));
    let link = there.get(&format!("{path}/link")).await.ok(200)["url"].as_str().unwrap().to_owned();
    assert_eq!(http::get(format!("{}{link}", second.url)).await.unwrap().status(), 200);
}

/// Each node would keep files by itself, and nobody would notice before one is missing.
#[test]
fn a_node_that_is_told_of_no_place_for_files_does_not_start() {
    on_postgres();
    let (data, _folder, _database) = fresh_data();
    let output = command(&data, &data.data, &SERVE).env_remove("PARLOR_FILES").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("S3_ENDPOINT") && told.contains("PARLOR_FILES"),
        "{told}"
    );
}
