//! The first start: several at once, in a folder that others can read, with keys that are none, and beside somebody
//! else's data.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use parlor::config::DataArgs;
use parlor_db::testing::{TempDir, TestDb};
use parlor_db::{Engine, Options};

use crate::crash::Process;
use crate::files::{PNG, upload};
use crate::support::{Person, SECRET, claims, engine};

/// A place where nothing was ever made.
pub fn nothing() -> (DataArgs, TempDir, Option<TestDb>) {
    let folder = TempDir::new().unwrap();
    let database = (engine() == Engine::Postgres)
        .then(|| TestDb::on(Engine::Postgres, &[], Options::default()).unwrap());
    let data = DataArgs {
        data: folder.path().join("data"),
        database: database.as_ref().map(|database| database.url().to_owned()),
        secret_key: None,
        secret_key_file: None,
    };
    (data, folder, database)
}

pub fn command(data: &DataArgs, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(args).arg("--data").arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let secrets = ["PARLOR_JWT_SECRET", "PARLOR_SECRET", "MERCURE_JWT_SECRET", "PARLOR_SECRET_KEY"];
    for name in secrets.iter().chain(&["DATABASE_URL", "PARLOR_SECRET_KEY_FILE"]) {
        command.env_remove(name);
    }
    if let Some(database) = &data.database {
        command.args(["--database", database]).env("PARLOR_FILES", folder.join("files"));
    }
    command
}

pub fn run(data: &DataArgs, args: &[&str]) -> Output {
    command(data, &data.data, args).output().unwrap()
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--log", "warn"];

/// A key of secrets, as an operator makes one.
pub fn some_key() -> String {
    parlor::clock::random_seed().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether it listens; what it said when it does not.
pub fn listens(child: &mut Child) -> Result<(), String> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    if line.starts_with("listening on ") {
        return Ok(());
    }
    let mut error = String::new();
    let read = std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut error);
    read.map(|_| ()).unwrap();
    Err(error)
}

#[test]
fn several_at_once_make_one_installation() {
    for _ in 0..4 {
        let (data, folder, _database) = nothing();
        // One server for a folder; any number of nodes for a PostgreSQL.
        let nodes = if data.is_embedded() { 1 } else { 3 };
        let node = |number: usize| match data.is_embedded() {
            true => data.data.clone(),
            false => folder.path().join(format!("node-{number}")),
        };
        // What all nodes of a PostgreSQL are given; the one folder makes its own.
        let key = if data.is_embedded() { String::new() } else { some_key() };
        let start = |number: usize, args: &[&str]| {
            command(&data, &node(number), args).env("PARLOR_SECRET_KEY", &key).spawn()
        };
        let mut servers: Vec<Child> = (0..nodes).map(|number| start(number, &SERVE).unwrap()).collect();
        let commands: Vec<Child> =
            [["app", "show"], ["sync", "rights"], ["sync", "settings"], ["app", "show"]]
                .iter()
                .map(|args| start(0, args).unwrap())
                .collect();
        for ran in commands {
            let output = ran.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        let started: Vec<_> = servers.iter_mut().map(listens).collect();
        for server in &mut servers {
            server.kill().unwrap();
            server.wait().unwrap();
        }
        assert!(started.iter().all(Result::is_ok), "{started:?}");
        let list = start(0, &["tenant", "list", "--json"]).unwrap().wait_with_output().unwrap();
        let tenants: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
        assert_eq!(tenants.as_array().unwrap().len(), 1, "{tenants}");
    }
}

/// Everything below a folder with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.clone(), path.metadata().unwrap().permissions().mode() & 0o777));
        if path.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

#[track_caller]
fn nobody_else_reads(folder: &Path) {
    for (path, mode) in modes(folder) {
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_folder_that_others_can_read_they_read_nothing() {
    let (data, _folder, database) = tokio::task::spawn_blocking(nothing).await.unwrap();
    std::fs::create_dir(&data.data).unwrap();
    std::fs::set_permissions(&data.data, std::fs::Permissions::from_mode(0o755)).unwrap();
    // A command comes first: it makes the database.
    assert!(run(&data, &["app", "show"]).status.success());
    nobody_else_reads(&data.data);
    let mut process = Process::with(&data, &[]);
    let token = parlor::auth::jwt::sign(&claims("Ana"), SECRET.as_bytes(), None).unwrap();
    let ana = Person::arrive(&process.url, token).await;
    upload(&ana, "a.png", PNG).await.ok(201);
    let found = modes(&data.data).len();
    assert!(found >= 4, "{found}");
    nobody_else_reads(&data.data);
    process.kill();
    // What an earlier version left open is closed: whatever is in a closed folder is, at once; each by itself soon.
    let all = modes(&data.data);
    // But for the key of secrets, which no earlier version had: that one is refused then (secrets.rs).
    for (path, _) in all.iter().filter(|(path, _)| !path.ends_with("secret.key")) {
        let mode = if path.is_dir() { 0o777 } else { 0o666 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut process = Process::with(&data, &[]);
    for (path, mode) in modes(&data.data).iter().filter(|(path, _)| path.parent() == Some(&data.data)) {
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
    }
    let open = || modes(&data.data).iter().any(|(_, mode)| mode & 0o077 != 0);
    for _ in 0..500 {
        if open() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    nobody_else_reads(&data.data);
    process.kill();
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

/// Too short, blank, or one letter over and over.
const WEAK: [&str; 6] = [
    "a",
    "a secret of thirty-one letters.",
    "a secret of thirty-one letters.\n",
    "                                        ",
    "\n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t \n\t ",
    "ssssssssssssssssssssssssssssssss",
];

#[test]
fn keys_and_secrets_that_are_none_are_refused() {
    let (data, _folder, _database) = nothing();
    std::fs::create_dir(&data.data).unwrap();
    let none = [vec![], vec![1], vec![1; 31], vec![0; 32], vec![b'\n'; 64], b" \n".repeat(40), vec![7; 32]];
    for bytes in none {
        std::fs::write(data.data.join("cursor.key"), bytes).unwrap();
        let refused = run(&data, &SERVE);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(
            said(&refused).contains("cursor.key") && said(&refused).contains("remove it"),
            "{}",
            said(&refused)
        );
    }
    std::fs::remove_file(data.data.join("cursor.key")).unwrap();
    for name in [
        "PARLOR_SECRET",
        "PARLOR_JWT_SECRET",
        "MERCURE_JWT_SECRET",
        "MERCURE_PUBLISHER_JWT_KEY",
        "MERCURE_SUBSCRIBER_JWT_KEY",
    ] {
        for secret in WEAK {
            let refused = command(&data, &data.data, &SERVE).env(name, secret).output().unwrap();
            assert_eq!(refused.status.code(), Some(1), "{name}");
            assert!(said(&refused).contains(name) && said(&refused).contains("32"), "{}", said(&refused));
            assert!(!said(&refused).contains(secret) || secret == "a", "a secret is not repeated");
        }
        let mut long = command(&data, &data.data, &SERVE).env(name, SECRET).spawn().unwrap();
        listens(&mut long).unwrap();
        long.kill().unwrap();
        long.wait().unwrap();
    }
    for secret in WEAK {
        let refused = run(&data, &["tenant", "key", "add", "default", "--secret", secret]);
        assert_eq!(refused.status.code(), Some(4), "{}", said(&refused));
    }
    let short = command(&data, &data.data, &SERVE).env("PARLOR_APP_SECRET", "short").output().unwrap();
    assert_eq!(short.status.code(), Some(1), "{}", said(&short));
    assert!(said(&short).contains("PARLOR_APP_SECRET: use 8"), "{}", said(&short));
}

#[test]
fn the_demo_leaves_an_installation_in_use_alone() {
    let uses: [(&str, &[&str]); 6] = [
        ("a user", &["user", "add", "x@example.com", "--name", "X"]),
        ("a setting", &["settings", "set", "message_max_chars", "500"]),
        ("the tenant \"acme\"", &["tenant", "add", "acme"]),
        ("the tenant \"erp\"", &["tenant", "add", "erp"]),
        ("a key of a host application", &["tenant", "key", "add", "default", "--secret", SECRET]),
        ("a customer", &[]),
    ];
    for (what, args) in uses {
        let (data, _folder, _database) = nothing();
        match args {
            [] => seen(&data),
            args => {
                let mut used = command(&data, &data.data, args);
                let output = used.env("PARLOR_PASSWORD", "a password for x").output().unwrap();
                assert!(output.status.success(), "{}", said(&output));
            }
        }
        for args in [&["demo"][..], &["demo", "--if-empty"]] {
            let refused = run(&data, args);
            assert!(!refused.status.success(), "{what}: {}", said(&refused));
            assert!(said(&refused).contains(what), "{what}: {}", said(&refused));
            assert!(said(&refused).contains("parlor serve"), "{}", said(&refused));
        }
        let users = run(&data, &["user", "list", "--json"]);
        assert!(!said(&users).contains("alder-reis"), "{}", said(&users));
    }
}

/// Somebody came with a token of the host application, once.
fn seen(data: &DataArgs) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut process = Process::with(data, &[]);
    let guest = parlor::auth::jwt::Claims { kind: "contact".to_owned(), ..claims("Kim") };
    let token = parlor::auth::jwt::sign(&guest, SECRET.as_bytes(), None).unwrap();
    runtime.block_on(Person::arrive(&process.url, token));
    process.kill();
}

#[test]
fn the_demo_waits_for_a_server_to_stop_and_comes_once() {
    let (data, _folder, _database) = nothing();
    if data.is_embedded() {
        let mut process = Process::with(&data, &[]);
        let refused = run(&data, &["demo", "--if-empty"]);
        assert!(!refused.status.success() && said(&refused).contains("a server runs"), "{}", said(&refused));
        process.kill();
    }
    // A server has run here, and nobody did anything with it.
    let mut process = Process::with(&data, &[]);
    process.kill();
    let filled = run(&data, &["demo", "--if-empty"]);
    assert!(filled.status.success(), "{}", said(&filled));
    // What `make run` does once more, also when people have used the demo meanwhile.
    run(&data, &["user", "add", "y@example.com", "--name", "Y"]);
    let again = run(&data, &["demo", "--if-empty"]);
    assert!(again.status.success() && said(&again).contains("already"), "{}", said(&again));
    nobody_else_reads(&data.data);
    let mut process = Process::with(&data, &[]);
    process.kill();
}
