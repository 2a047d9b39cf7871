//! The command line: what scripts rely on.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use parlor::config::DataArgs;
use serde_json::{Value, json};

use crate::support::{Site, fresh_data};

fn parlor(data: &DataArgs, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(args).arg("--data").arg(&data.data);
    for name in ["DATABASE_URL", "PARLOR_JWT_SECRET", "PARLOR_PASSWORD", "PARLOR_TENANT"] {
        command.env_remove(name);
    }
    if let Some(database) = &data.database {
        command.args(["--database", database]).env("PARLOR_FILES", data.data.join("files"));
    }
    command
}

fn run(data: &DataArgs, args: &[&str]) -> Output {
    parlor(data, args).output().unwrap()
}

#[track_caller]
fn text(data: &DataArgs, args: &[&str]) -> String {
    let output = run(data, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn read(data: &DataArgs, args: &[&str]) -> Value {
    serde_json::from_str(&text(data, args)).unwrap()
}

#[test]
fn exit_codes_and_json() {
    let (data, _folder, _database) = fresh_data();
    assert!(read(&data, &["migrate", "--json"])["applied"].is_array());
    assert_eq!(run(&data, &["nonsense"]).status.code(), Some(2));
    assert_eq!(run(&data, &["tenant", "show", "nowhere"]).status.code(), Some(3));
    assert_eq!(read(&data, &["tenant", "add", "acme", "--json"])["slug"], "acme");
    assert_eq!(run(&data, &["tenant", "add", "acme"]).status.code(), Some(4));
    assert_eq!(run(&data, &["tenant", "add", "Not A Slug"]).status.code(), Some(4));
    let tenants = read(&data, &["tenant", "list", "--json"]);
    let slugs: Vec<_> = tenants.as_array().unwrap().iter().map(|tenant| tenant["slug"].clone()).collect();
    assert_eq!(slugs, ["default", "acme"]);
    assert!(text(&data, &["completions", "zsh"]).contains("#compdef parlor"));
}

/// Whoever looks into the wrong folder is told so, and does not make an installation there.
#[test]
fn what_only_looks_makes_nothing() {
    let (data, folder, _database) = fresh_data();
    let data = DataArgs { data: folder.path().join("mistyped"), database: None, ..data };
    for args in [
        &["tenant", "list"][..],
        &["user", "list"],
        &["settings", "list"],
        &["settings", "get", "retention_days"],
        &["jobs", "list"],
        &["secrets", "status"],
        &["purge", "--dry-run"],
        &["doctor"],
    ] {
        let output = run(&data, args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        assert!(said.contains("mistyped") && said.contains("--data"), "{said}");
    }
    assert!(!data.data.exists());
    for (args, words) in [
        (&["purge", "--before", "yesterday"][..], "use a date"),
        (&["token", "--sub", " "], "give the id"),
        (&["token", "--sub", "1", "--ttl", "-5m"], "a second at least"),
        (&["serve", "--log", "nonsense="], "use a level"),
    ] {
        let output = run(&data, args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(words)), (Some(2), true), "{args:?}: {said}");
    }
    run(&data, &["migrate"]);
    assert_eq!(run(&data, &["import", "chat", "."]).status.code(), Some(2), "a folder");
}

#[test]
fn keys_and_tokens() {
    let (data, _folder, _database) = fresh_data();
    let none = run(&data, &["token", "--sub", "1"]);
    assert_eq!(none.status.code(), Some(3), "no secret yet");
    assert!(String::from_utf8_lossy(&none.stderr).contains("PARLOR_JWT_SECRET"));
    for weak in ["short", "                                        ", "ssssssssssssssssssssssssssssssss"] {
        let refused = run(&data, &["token", "--sub", "1", "--secret", weak]);
        assert_eq!(refused.status.code(), Some(4), "the server would not start with it");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("openssl rand -hex 32"));
    }
    let long = run(&data, &["token", "--sub", "1", "--ttl", "400d"]);
    assert_eq!(long.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&long.stderr).contains("within 366 days"));
    let private = ["tenant", "key", "add", "default", "--jwks-url", "https://10.0.0.1/keys"];
    let private = run(&data, &private);
    assert_eq!(private.status.code(), Some(4));
    let said = String::from_utf8_lossy(&private.stderr);
    assert!(said.contains("--private-fetches") && said.contains("PARLOR_PRIVATE_FETCHES"), "{said}");
    let key = read(
        &data,
        &[
            "tenant",
            "key",
            "add",
            "default",
            "--secret",
            "a secret of thirty-two characters",
            "--kid",
            "k",
            "--json",
        ],
    );
    let token = text(&data, &["token", "--sub", "1", "--name", "Ana", "--roles", "agent", "--ttl", "5m"]);
    assert_eq!(token.trim().split('.').count(), 3);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rs256.pub.pem");
    read(&data, &["tenant", "key", "add", "default", "--pem", fixture, "--json"]);
    let shown = read(&data, &["tenant", "show", "default", "--json"]);
    assert_eq!(shown["keys"].as_array().unwrap().len(), 2);
    assert!(!shown.to_string().contains("a secret of thirty-two characters"));
    let hub = [
        "tenant",
        "key",
        "add",
        "default",
        "--for",
        "mercure-publisher",
        "--secret",
        "a secret of thirty-two characters",
        "--json",
    ];
    assert_eq!(read(&data, &hub)["kind"], "mercure-publisher:hs256");
    text(&data, &["tenant", "key", "remove", "default", key["id"].as_str().unwrap()]);
    let lie = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert_eq!(run(&data, &["tenant", "key", "add", "default", "--pem", lie]).status.code(), Some(4));
}

#[test]
fn settings_and_sync() {
    let (data, _folder, _database) = fresh_data();
    text(&data, &["settings", "set", "edit_window_seconds", "-1"]);
    assert_eq!(text(&data, &["settings", "get", "edit_window_seconds"]).trim(), "-1");
    assert_eq!(run(&data, &["settings", "set", "edit_window_seconds", "soon"]).status.code(), Some(4));
    assert_eq!(run(&data, &["settings", "get", "colour"]).status.code(), Some(3));
    assert!(read(&data, &["sync", "settings", "--json"])["added"].as_i64().unwrap() > 0);
    assert_eq!(read(&data, &["sync", "settings", "--json"])["added"], 0, "safe to repeat");
    assert_eq!(read(&data, &["sync", "rights", "--json"])["added"], 0);
    for command in ["app:sync:rights", "app:sync:website-settings"] {
        assert_eq!(read(&data, &[command, "--json"])["added"], 0, "{command}");
    }
    text(&data, &["app:internal-messenger:purge-expired-messages", "--dry-run"]);
    // What was synchronised leaves the operator's variables their say; the contract's key reads and writes.
    let key = "crm_internal_messenger_retention_days";
    let with_variable = |args: &[&str]| {
        let mut command = parlor(&data, args);
        let output = command.env("CRM_INTERNAL_MESSENGER_RETENTION_DAYS_DEFAULT", "30").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(with_variable(&["settings", "get", key]).trim(), "30");
    assert!(with_variable(&["settings", "list"]).contains(key));
    text(&data, &["settings", "set", key, "7"]);
    assert_eq!(with_variable(&["settings", "get", "retention_days"]).trim(), "7", "the database comes first");
}

#[test]
fn an_import_adds_nothing_twice() {
    let (data, folder, _database) = fresh_data();
    let line = |n: u32, user: &str| {
        json!({"id": format!("f/{n}"), "channel": "#talk", "kind": "channel", "type": "message", "user": user,
            "ts": "2020-01-01T00:00:00Z", "text": format!("line {n}")})
    };
    let mut lines = vec![line(1, "ana"), line(2, "ben"), line(3, "ana")];
    lines.push(json!({"id": "f/4", "channel": "#talk", "kind": "channel", "type": "notice", "user": "x",
        "ts": "2020-01-01T00:00:00Z", "text": "joined"}));
    let plain: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = folder.path().join("history.jsonl.gz");
    let mut file =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    file.write_all(plain.as_bytes()).unwrap();
    file.finish().unwrap();
    let first = read(&data, &["import", "chat", path.to_str().unwrap(), "--json"]);
    assert_eq!((&first["written"], &first["skipped"]), (&json!(3), &json!(1)), "{first}");
    let mut again = parlor(&data, &["import", "chat", "-", "--json"]);
    let mut child = again.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(plain.as_bytes()).unwrap();
    let second: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&second["written"], &second["known"]), (&json!(0), &json!(3)), "{second}");
    std::fs::write(folder.path().join("bad.jsonl"), "{}\n").unwrap();
    let bad = folder.path().join("bad.jsonl");
    assert_eq!(run(&data, &["import", "chat", bad.to_str().unwrap()]).status.code(), Some(4));
    assert_eq!(run(&data, &["import", "chat", "/no/such/file"]).status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_beside_a_running_server() {
    let site = Site::start().await;
    let data = site.data.clone();
    let added = tokio::task::spawn_blocking(move || {
        let mut command = parlor(&data, &["user", "add", "root@example.com", "--admin", "--json"]);
        command.env("PARLOR_PASSWORD", "a long password");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    added.await.unwrap();
    let sign_in = json!({"email": "root@example.com", "password": "a long password"});
    assert_eq!(site.stranger().post("/sessions", sign_in.clone()).await.ok(200)["me"]["super_admin"], true);
    // What another process commits reaches those who are connected here.
    let ana = site.user("Ana").await;
    let mut ws = ana.ws(None).await;
    ws.is_live().await;
    let data = site.data.clone();
    let closed = move || text(&data, &["user", "deactivate", "root@example.com"]);
    tokio::task::spawn_blocking(closed).await.unwrap();
    let event = ws.next_of("user.updated").await;
    assert_eq!(event["data"]["user"]["active"], false);
    site.stranger().post("/sessions", sign_in).await.problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_changes_holds_in_seconds_though_nobody_is_connected() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let window = async || ana.get("/me").await.ok(200)["settings"]["edit_window_seconds"].clone();
    for seconds in [7, 8] {
        // What is asked for now is remembered, and the change comes right after it.
        window().await;
        let data = site.data.clone();
        let set = move || text(&data, &["settings", "set", "edit_window_seconds", &seconds.to_string()]);
        tokio::task::spawn_blocking(set).await.unwrap();
        let begun = std::time::Instant::now();
        while window().await != seconds {
            assert!(begun.elapsed().as_secs() < 10, "not before what is remembered ends by itself");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_healthy_server_and_a_missing_one() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let (data, url, token) = (site.data.clone(), site.url.clone(), ana.token.clone().unwrap());
    let asked = move || {
        let good = run(&data, &["doctor", "--url", &url, "--token", &token, "--json"]);
        let foreign = run(&data, &["doctor", "--url", &url, "--origin", "https://shop.example", "--json"]);
        let missing = run(&data, &["doctor", "--url", "http://127.0.0.1:9", "--json"]);
        (good, foreign, missing)
    };
    let (good, foreign, missing) = tokio::task::spawn_blocking(asked).await.unwrap();
    let checks: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert!(good.status.success(), "{checks}");
    let names: Vec<_> =
        checks.as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    for name in ["database", "server", "clock", "token", "proxy buffering", "websocket"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(foreign.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&foreign.stdout).contains("--origins https://shop.example"));
    assert_eq!(missing.status.code(), Some(1));
}
