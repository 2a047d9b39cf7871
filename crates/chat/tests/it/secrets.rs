//! Secrets at rest: nobody reads them in the rows, each opens in its own place only, and another key takes over without
//! one of them being lost.

use parlor_chat::host_keys::{KeyKind, Purpose};
use parlor_chat::pusher_apps::{self, Change, ChannelFilter, Options, Webhook};
use parlor_chat::reseal::reseal;
use parlor_chat::secrets::{self, State};
use parlor_chat::{Error, RowId, TenantId, host_keys};
use parlor_db::{Sql, params};

use crate::support::{World, key};

const WORDS: &str = "what the host signs with, nobody else may know";

parlor_db::statements! {
    static HOST = both("SELECT secret FROM host_keys WHERE tenant = $1 ORDER BY id");
    static SET_HOST = both("UPDATE host_keys SET secret = $3 WHERE tenant = $1 AND id = $2");
    static APP = both("SELECT secret || options FROM apps WHERE tenant = $1");
    static SECRET_OF_APP = both("SELECT secret FROM apps WHERE tenant = $1");
    static SET_APP = both("UPDATE apps SET secret = $2 WHERE tenant = $1");
    static SET_OPTIONS = both("UPDATE apps SET options = $2 WHERE tenant = $1");
    static OPEN = both("UPDATE secret_keys SET sealed = FALSE WHERE id = 1");
}

fn texts(world: &World, sql: &'static Sql, tenant: TenantId) -> Vec<String> {
    let read =
        world.test.db.read_blocking(move |tx| tx.all(sql, params![tenant], |row| row.get::<String>(0)));
    read.unwrap()
}

fn put(world: &World, sql: &'static Sql, tenant: TenantId, text: &str) {
    let text = text.to_owned();
    let put = world.test.db.write_blocking(0, move |tx| tx.execute(sql, params![tenant, text.as_str()]));
    assert_eq!(put.unwrap(), 1);
}

fn put_host(world: &World, tenant: TenantId, id: RowId, text: &str) {
    let text = text.to_owned();
    let put =
        world.test.db.write_blocking(0, move |tx| tx.execute(&SET_HOST, params![tenant, id, text.as_str()]));
    assert_eq!(put.unwrap(), 1);
}

fn host_key(world: &World, tenant: TenantId) -> RowId {
    world.write(move |tx| host_keys::add(tx, tenant, Purpose::Host, KeyKind::Hs256, None, WORDS)).unwrap()
}

fn hosts(world: &World, tenant: TenantId) -> Result<Vec<String>, Error> {
    world.read(move |tx| Ok(host_keys::all(tx, tenant)?.into_iter().map(|key| key.secret).collect()))
}

/// 32 bytes in Base64.
fn master_key() -> String {
    format!("{}=", "Q".repeat(43))
}

fn app(world: &World, tenant: TenantId, no: i64) -> pusher_apps::App {
    let headers = [("Authorization".to_owned(), "Bearer of-acme".to_owned())].into();
    let webhook = Webhook {
        url: "https://acme.example/hooks".to_owned(),
        events: Vec::new(),
        filter: ChannelFilter::default(),
        headers,
    };
    let options =
        Options { encryption_master_key: Some(master_key()), webhooks: vec![webhook], ..Options::default() };
    let change =
        Change { secret: Some("a-secret-of-acme".to_owned()), options: Some(options), ..Change::default() };
    world.write(move |tx| pusher_apps::set(tx, tenant, no, &change)).unwrap()
}

fn app_of(world: &World, tenant: TenantId) -> Result<pusher_apps::App, Error> {
    world.read(move |tx| Ok(pusher_apps::of_tenant(tx, tenant)?.unwrap()))
}

fn state(world: &World) -> State {
    world.read(secrets::state).unwrap().unwrap()
}

fn resealed(world: &World, tenant: TenantId) -> Result<u64, Error> {
    world.write(move |tx| reseal(tx, tenant))
}

fn damaged<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::Damaged(text)) => !text.contains(WORDS) && !text.contains("a-secret-of-acme"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_say_nothing_and_operations_read_them() {
    let world = World::new();
    let (tenant, no) = (world.tenant.id, world.tenant.no);
    host_key(&world, tenant);
    host_key(&world, tenant);
    let made = app(&world, tenant, no);
    let stored = texts(&world, &HOST, tenant);
    assert!(stored[0] != stored[1], "the same words are sealed otherwise each time");
    let all = [stored, texts(&world, &APP, tenant)].concat().join("\n");
    for words in [WORDS, "a-secret-of-acme", "of-acme\"", &master_key()] {
        assert!(!all.contains(words), "{all}");
    }
    assert_eq!(all.matches(&format!("v1:{}:", key(0).id())).count(), 5, "{all}");
    assert_eq!(hosts(&world, tenant).unwrap(), [WORDS, WORDS]);
    assert_eq!(app_of(&world, tenant).unwrap().options.encryption_master_key, Some(master_key()));
    let (by_key, by_id) = (made.key.clone(), made.id.clone());
    let found =
        world.read(move |tx| Ok((pusher_apps::by_key(tx, &by_key)?, pusher_apps::by_id(tx, &by_id)?)));
    let found = found.unwrap();
    assert!(found.0 == found.1 && found.0.unwrap().secret == "a-secret-of-acme");
    // What changes keeps what does not.
    let change = Change { id: Some(format!("{}-7", made.id)), ..Change::default() };
    let moved = world.write(move |tx| pusher_apps::set(tx, tenant, no, &change)).unwrap();
    let read = app_of(&world, tenant).unwrap();
    assert!(read == moved && read.secret == "a-secret-of-acme" && read.options == made.options);
}

#[test]
fn what_stands_in_another_place_is_damaged() {
    let world = World::new();
    let other = world.other_tenant("other");
    let (tenant, no) = (world.tenant.id, world.tenant.no);
    let (one, two, theirs) = (host_key(&world, tenant), host_key(&world, tenant), host_key(&world, other.id));
    app(&world, tenant, no);
    let stored = texts(&world, &HOST, tenant);
    let sealed_app = texts(&world, &SECRET_OF_APP, tenant).remove(0);
    put_host(&world, tenant, two, &stored[0]);
    assert!(damaged(hosts(&world, tenant)), "another row's");
    put_host(&world, tenant, two, &stored[1]);
    assert_eq!(hosts(&world, tenant).unwrap(), [WORDS, WORDS]);
    put_host(&world, other.id, theirs, &stored[0]);
    assert!(damaged(hosts(&world, other.id)), "another tenant's");
    put_host(&world, tenant, one, &sealed_app);
    assert!(damaged(hosts(&world, tenant)), "another table's");
    put(&world, &SET_APP, tenant, &stored[0]);
    assert!(damaged(app_of(&world, tenant)), "another table's");
    put(&world, &SET_APP, tenant, &sealed_app);
    app_of(&world, tenant).unwrap();
    // The secret in the place of the key among the options.
    put(&world, &SET_OPTIONS, tenant, &format!("{{\"encryption_master_key\": \"{sealed_app}\"}}"));
    assert!(damaged(app_of(&world, tenant)), "another column's");
    // In the clear, by a key that nobody has, or cut off.
    let unknown = stored[0].replace(&key(0).id().to_string(), &key(9).id().to_string());
    for text in [WORDS, "", "v1:", &unknown, &stored[0][..stored[0].len() - 4]] {
        put_host(&world, tenant, one, text);
        assert!(damaged(hosts(&world, tenant)), "{text}");
        // What is cut off may still look whole: then it is left as it is.
        let again = resealed(&world, tenant);
        assert!(matches!(again, Ok(0) | Err(Error::Damaged(_))), "it is not taken for an old one: {text}");
    }
}

#[test]
fn what_older_versions_stored_is_sealed_once() {
    let world = World::new();
    let (tenant, no) = (world.tenant.id, world.tenant.no);
    let ids = [host_key(&world, tenant), host_key(&world, tenant), host_key(&world, tenant)];
    let made = app(&world, tenant, no);
    // As it was: in the clear, one of them by bad luck in the form of a sealed one.
    let unlucky = format!("v1:{}:{}", key(9).id(), "QUJD".repeat(12));
    put_host(&world, tenant, ids[0], WORDS);
    put_host(&world, tenant, ids[1], &unlucky);
    put(&world, &SET_APP, tenant, "a-secret-of-acme");
    put(&world, &SET_OPTIONS, tenant, &serde_json::to_string(&made.options).unwrap());
    world.test.db.write_blocking(0, |tx| tx.execute(&OPEN, params![])).unwrap();
    assert!(damaged(hosts(&world, tenant)), "nothing is read before it is sealed");
    assert_eq!(resealed(&world, tenant).unwrap(), 3);
    // Killed before it was written down: again, and beside another node that does the same.
    assert_eq!(resealed(&world, tenant).unwrap(), 0);
    world.write(secrets::all_sealed).unwrap();
    assert_eq!(hosts(&world, tenant).unwrap(), [WORDS, &unlucky, WORDS]);
    assert!(app_of(&world, tenant).unwrap() == made);
    let all = [texts(&world, &HOST, tenant), texts(&world, &APP, tenant)].concat().join("\n");
    for words in [WORDS, "a-secret-of-acme", &master_key(), &unlucky] {
        assert!(!all.contains(words), "{all}");
    }
}

#[test]
fn another_key_takes_over() {
    let world = World::new();
    let (tenant, no) = (world.tenant.id, world.tenant.no);
    host_key(&world, tenant);
    let made = app(&world, tenant, no);
    let (old, new) = (key(0).id(), key(1).id());
    assert!(world.write(move |tx| secrets::begin(tx, old, new)).unwrap());
    assert!(!world.write(move |tx| secrets::begin(tx, new, key(2).id())).unwrap(), "one after the other");
    assert_eq!((state(&world).current, state(&world).previous), (new, Some(old)));
    // What is written meanwhile is sealed with the new key, what was there is still read.
    host_key(&world, tenant);
    assert_eq!(hosts(&world, tenant).unwrap(), [WORDS, WORDS]);
    assert_eq!(resealed(&world, tenant).unwrap(), 2);
    assert_eq!(resealed(&world, tenant).unwrap(), 0);
    world.write(move |tx| secrets::finish(tx, new)).unwrap();
    let ended = State { current: new, previous: None, retired: Some(old), sealed: true };
    assert_eq!(state(&world), ended);
    world.write(secrets::forget_retired).unwrap();
    assert_eq!(state(&world), State { retired: None, ..ended });
    let all = [texts(&world, &HOST, tenant), texts(&world, &APP, tenant)].concat().join("\n");
    assert!(!all.contains(&old.to_string()), "{all}");
    assert_eq!(hosts(&world, tenant).unwrap(), [WORDS, WORDS]);
    assert!(app_of(&world, tenant).unwrap() == made);
    // A first key is claimed once.
    assert_eq!(world.write(move |tx| secrets::claim(tx, old)).unwrap().current, new);
}

#[test]
fn a_key_that_is_not_at_hand_seals_nothing() {
    let world = World::new();
    let (tenant, old, lost) = (world.tenant.id, key(0).id(), key(9).id());
    world.write(move |tx| secrets::begin(tx, old, lost)).unwrap();
    assert!(damaged(world.write(move |tx| host_keys::add(
        tx,
        tenant,
        Purpose::Host,
        KeyKind::Hs256,
        None,
        WORDS
    ))));
    assert_eq!(texts(&world, &HOST, tenant), Vec::<String>::new());
}
