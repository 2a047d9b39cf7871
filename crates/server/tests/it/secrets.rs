//! The key of secrets as operators meet it: made once and for its owner alone, asked for by the database, changed while
//! servers run, whatever is killed meanwhile.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::Duration;

use parlor::app::start::open;
use parlor::clock::Clock;
use parlor::config::DataArgs;
use parlor::database::Database;
use parlor_chat::host_keys::{KeyKind, Purpose};
use parlor_chat::sealing::sealed_with;
use parlor_chat::{Error, TenantId, host_keys, secrets, tenants};
use parlor_db::{Options, params};
use serde_json::{Value, json};

use crate::first_start::{SERVE, command, listens, nothing, run, said, some_key};
use crate::support::Site;

parlor_db::statements! {
    static HOST_KEYS = both("SELECT secret FROM host_keys ORDER BY tenant, id").global();
    static APPS = both("SELECT secret FROM apps ORDER BY tenant").global();
}

fn opened(data: &DataArgs) -> Database {
    open(data, Options { lanes: 1, readers: 1, ..Options::default() }, Clock::System).unwrap()
}

/// The ids of the keys that anything is sealed with.
fn sealing_keys(db: &Database) -> BTreeSet<String> {
    let read = db.engine().read_blocking(|tx| {
        let mut all = tx.all(&HOST_KEYS, params![], |row| row.get::<String>(0))?;
        all.extend(tx.all(&APPS, params![], |row| row.get::<String>(0))?);
        Ok::<_, parlor_db::Error>(all)
    });
    read.unwrap().iter().map(|text| sealed_with(text).unwrap().to_string()).collect()
}

fn status(data: &DataArgs) -> Value {
    let output = run(data, &["secrets", "status", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

fn with_key(data: &DataArgs, key: &str, args: &[&str]) -> Output {
    command(data, &data.data, args).env("PARLOR_SECRET_KEY", key).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    assert!(words.iter().all(|word| said(output).contains(word)), "{words:?}: {}", said(output));
}

#[test]
fn the_key_is_made_for_its_owner_alone_and_never_told() {
    let (data, _folder, _database) = nothing();
    assert!(run(&data, &["tenant", "add", "acme"]).status.success());
    let path = data.data.join("secret.key");
    let key = std::fs::read_to_string(&path).unwrap();
    assert_eq!((key.trim().len(), path.metadata().unwrap().permissions().mode() & 0o777), (64, 0o600));
    let mut serve = command(&data, &data.data, &["serve", "--listen", "127.0.0.1:0", "--log", "trace"]);
    let mut child = serve.env("PARLOR_SECRET_KEY_FILE", &path).spawn().unwrap();
    listens(&mut child).unwrap();
    child.kill().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    for args in
        [&["secrets", "status"][..], &["secrets", "status", "--json"], &["doctor"], &["doctor", "--json"]]
    {
        let output = run(&data, args);
        assert!(output.status.success(), "{}", said(&output));
        told.push_str(&said(&output));
    }
    let id = status(&data)["key"].as_str().unwrap().to_owned();
    assert!(told.contains(&id) && !told.contains(key.trim()), "{told}");
    // Whoever can read it can read the secrets: that is said, not mended in silence.
    for mode in [0o644, 0o640] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        for args in [&SERVE[..], &["tenant", "list"], &["doctor"], &["secrets", "rotate"]] {
            refused(&run(&data, args), &["secret.key", "chmod 600"]);
        }
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(run(&data, &["doctor"]).status.success());
}

#[test]
fn a_node_with_another_key_does_not_start() {
    let (data, _folder, _database) = nothing();
    let add = ["tenant", "key", "add", "default", "--secret", crate::support::SECRET];
    assert!(run(&data, &add).status.success());
    let (path, other) = (data.data.join("secret.key"), some_key());
    let id = status(&data)["key"].as_str().unwrap().to_owned();
    for args in [&SERVE[..], &["tenant", "list"], &["doctor"], &["secrets", "status"], &["secrets", "rotate"]]
    {
        refused(&with_key(&data, &other, args), &[&id, "this node has", "PARLOR_SECRET_KEY_FILE"]);
    }
    let kept = std::fs::read(&path).unwrap();
    std::fs::rename(&path, data.data.join("kept")).unwrap();
    for args in [&SERVE[..], &["tenant", "list"], &["secrets", "rotate"]] {
        refused(&run(&data, args), &[&id, "secret.key", "backup"]);
        assert!(!path.exists(), "no other one is made in its place");
    }
    for junk in ["short", &"0".repeat(64), &other[1..]] {
        let output = with_key(&data, junk, &SERVE);
        refused(&output, &["PARLOR_SECRET_KEY", "openssl rand -hex 32"]);
        assert!(!said(&output).contains(&other[1..]), "{}", said(&output));
    }
    let mut both = command(&data, &data.data, &SERVE);
    both.env("PARLOR_SECRET_KEY", &other).env("PARLOR_SECRET_KEY_FILE", "some.key");
    refused(&both.output().unwrap(), &["give one of them"]);
    // The same key by another way serves.
    let text = String::from_utf8(kept).unwrap();
    assert!(with_key(&data, text.trim(), &["tenant", "list"]).status.success());
}

/// Tenants with a key each.
fn crowd(db: &Database, tenants: usize) -> Vec<TenantId> {
    let made = db.write_blocking(1, move |tx| -> Result<_, Error> {
        (0..tenants)
            .map(|number| {
                let tenant = tenants::create(tx, &format!("t{number}"), "T")?;
                host_keys::add(
                    tx,
                    tenant.id,
                    Purpose::Host,
                    KeyKind::Hs256,
                    None,
                    &format!("the secret of tenant {number}"),
                )?;
                Ok(tenant.id)
            })
            .collect::<Result<Vec<_>, Error>>()
    });
    made.unwrap()
}

fn readable(db: &Database, tenants: &[TenantId]) {
    let tenants = tenants.to_vec();
    let read = db.read_blocking(move |tx| {
        for (number, tenant) in tenants.iter().enumerate() {
            assert_eq!(host_keys::all(tx, *tenant)?[0].secret, format!("the secret of tenant {number}"));
        }
        Ok(())
    });
    read.unwrap();
}

#[test]
fn a_rotation_that_is_killed_goes_on() {
    let (data, _folder, _database) = nothing();
    let db = opened(&data);
    let crowd = crowd(&db, 250);
    let first = status(&data)["key"].clone();
    let mut cut_off = 0;
    for round in 0..16 {
        let mut child = command(&data, &data.data, &["secrets", "rotate"]).spawn().unwrap();
        if round < 4 {
            // As soon as the database names another key, with most of the secrets still to do.
            let is_on = || db.read_blocking(secrets::state).unwrap().unwrap().previous.is_some();
            while !is_on() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        } else {
            std::thread::sleep(Duration::from_millis(20 + 15 * round));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        cut_off += usize::from(!status(&data)["previous"].is_null());
        readable(&opened(&data), &crowd);
    }
    assert!(cut_off > 0, "it was never cut off in the middle");
    let ended = run(&data, &["secrets", "rotate", "--json"]);
    assert!(ended.status.success(), "{}", said(&ended));
    let now = status(&data);
    assert!(now["key"] != first && now["previous"].is_null(), "{now}");
    assert_eq!(now["keys"], json!([now["key"]]), "the file has only the key that is needed");
    readable(&db, &crowd);
    assert_eq!(sealing_keys(&db), BTreeSet::from([now["key"].as_str().unwrap().to_owned()]));
    let left: Vec<_> =
        std::fs::read_dir(&data.data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn two_rotations_at_once_lose_no_key() {
    let (data, _folder, _database) = nothing();
    let db = opened(&data);
    let crowd = crowd(&db, 60);
    db.engine().shutdown();
    for _ in 0..3 {
        let rotate = || command(&data, &data.data, &["secrets", "rotate"]).spawn().unwrap();
        for child in [rotate(), rotate(), rotate()] {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        let db = opened(&data);
        readable(&db, &crowd);
        assert_eq!(sealing_keys(&db).len(), 1);
        db.engine().shutdown();
        let now = status(&data);
        assert_eq!(now["keys"], json!([now["key"]]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_follows_a_rotation() {
    let site = Site::start().await;
    site.tenant("acme").await;
    let root = site.user_with("Root", &["admin"]).await;
    let data = site.data.clone();
    let old = tokio::task::spawn_blocking(move || {
        let old = status(&data)["key"].clone();
        let output = run(&data, &["secrets", "rotate"]);
        assert!(output.status.success(), "{}", said(&output));
        old
    });
    let old = old.await.unwrap();
    // It reads what was sealed anew, and seals with the new key.
    let read = site.app.db.read_plain(|tx| {
        let acme = tenants::by_slug(tx, "acme")?;
        host_keys::all(tx, acme.id)
    });
    assert_eq!(read.await.unwrap()[0].secret, "secret of acme");
    let new = json!({"kind": "hs256", "secret": crate::support::SECRET});
    root.post("/host-keys", new).await.ok(201);
    let db = site.app.db.clone();
    let keys = tokio::task::spawn_blocking(move || sealing_keys(&db)).await.unwrap();
    assert!(keys.len() == 1 && json!(keys.first()) != old, "{keys:?}");
    assert_eq!(root.get("/host-keys").await.ok(200)["items"].as_array().unwrap().len(), 1);
}

#[test]
fn keys_of_the_environment_are_rotated_by_putting_the_new_one_first() {
    let (data, _folder, _database) = nothing();
    let (old, new) = (some_key(), some_key());
    assert!(
        with_key(&data, &old, &["tenant", "key", "add", "default", "--secret", &some_key()]).status.success()
    );
    assert!(!data.data.join("secret.key").exists());
    refused(&with_key(&data, &old, &["secrets", "rotate"]), &["put a new one before it"]);
    let both = format!("{new},{old}");
    // A node that knows both starts before, and after.
    assert!(with_key(&data, &both, &["doctor"]).status.success());
    let rotated = with_key(&data, &both, &["secrets", "rotate"]);
    assert!(rotated.status.success() && said(&rotated).contains("take "), "{}", said(&rotated));
    assert!(with_key(&data, &both, &["doctor"]).status.success());
    assert!(with_key(&data, &new, &["doctor"]).status.success());
    refused(&with_key(&data, &old, &SERVE), &["this node has"]);
    for key in [&old, &new] {
        assert!(!said(&rotated).contains(key.as_str()), "{}", said(&rotated));
    }
}

#[test]
fn a_rotation_takes_no_key_out_of_the_file_but_the_one_it_replaced() {
    let (data, _folder, _database) = nothing();
    let db = opened(&data);
    let crowd = crowd(&db, 2);
    let first = status(&data)["key"].clone();
    let file = data.data.join("secret.key");
    let kept = some_key();
    let with_kept = format!("{}{kept}\n", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, with_kept).unwrap();
    let rotated: Value =
        serde_json::from_slice(&run(&data, &["secrets", "rotate", "--json"]).stdout).unwrap();
    assert!(rotated["changed"] == true && rotated["key"] != first, "{rotated}");
    assert_eq!(rotated["to_drop"].as_array().unwrap().len(), 1, "{rotated}");
    let now = status(&data);
    assert_eq!(now["keys"], json!([rotated["key"], rotated["to_drop"][0]]), "{now}");
    assert!(std::fs::read_to_string(&file).unwrap().contains(&kept));
    readable(&db, &crowd);
}

/// The file is a mount of its own: it can be written in place, and not be replaced.
#[test]
fn a_file_that_cannot_be_replaced_is_told_and_is_no_failure() {
    let (data, folder, _database) = nothing();
    let db = opened(&data);
    let crowd = crowd(&db, 2);
    let (old, new) = (std::fs::read_to_string(data.data.join("secret.key")).unwrap(), some_key());
    // A folder in the place of the file that the new keys would be written to first.
    let file = folder.path().join("keys");
    std::fs::write(&file, format!("{new}\n{old}")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::create_dir_all(folder.path().join("keys.part/x")).unwrap();
    let command = |args: &[&str]| {
        command(&data, &data.data, args).env("PARLOR_SECRET_KEY_FILE", &file).output().unwrap()
    };
    for _ in 0..2 {
        let rotated = command(&["secrets", "rotate", "--json"]);
        assert!(rotated.status.success(), "{}", said(&rotated));
        let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
        assert_eq!(rotated["to_drop"].as_array().unwrap().len(), 1, "{rotated}");
        assert_eq!(rotated["place"], file.display().to_string());
    }
    std::fs::write(&file, format!("{new}\n")).unwrap();
    assert!(command(&["doctor"]).status.success());
    let data = DataArgs { secret_key_file: Some(file), ..data.clone() };
    readable(&opened(&data), &crowd);
}
