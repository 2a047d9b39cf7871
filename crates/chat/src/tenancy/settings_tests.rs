//! Settings of every shape, over a table of their own: as Rust types, as JSON, as stored, and in the places where a secret
//! must not be.

use std::sync::atomic::{AtomicU64, Ordering};

use parlor_db::{Db, Options, Sql, testing::TestDb};
use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::{
    Time,
    sealing::{Key, KeyId, KeyRing},
    setting_values::{Field, of_environment, settings},
    tenants::{self, Tenant, system_actor},
};

/// How the day is written: a choice with an enum of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    Calendar,
    Working,
}

const DAYS: &[&str] = &["calendar", "working"];

impl Field for Days {
    fn from_value(value: SettingValue) -> Option<Self> {
        match value {
            SettingValue::Choice("calendar") => Some(Self::Calendar),
            SettingValue::Choice("working") => Some(Self::Working),
            _ => None,
        }
    }
    fn value(&self) -> SettingValue {
        SettingValue::Choice(if *self == Self::Calendar { "calendar" } else { "working" })
    }
    fn usual(usual: Usual) -> Self {
        if usual == Usual::Text("working") { Self::Working } else { Self::Calendar }
    }
}

settings! {
    /// One of each shape.
    Sample {
    count: i64 = Shape::Integer { min: 0, max: 9 }, Usual::Int(3), "S_COUNT", true, "A number.";
    shown: bool = Shape::Boolean, Usual::Bool(true), "S_SHOWN", true, "Yes or no.";
    greeting: String = Shape::Text { max_chars: 12 }, Usual::Text("hello"), "S_GREETING", true, "A text.";
    days: Days = Shape::Choice { choices: DAYS }, Usual::Text("working"), "S_DAYS", false, "A choice.";
    password: Secret = Shape::Secret { max_chars: 40 }, Usual::Unset, "S_PASSWORD", true, "A secret.";
    }
}

/// What nobody may find anywhere.
const WORDS: &str = "öpen sesame, said Ali";

struct Keys;

static NONCES: AtomicU64 = AtomicU64::new(0);

static EVENTS: Sql = Sql::both("EVENTS", "SELECT json FROM events WHERE tenant = $1");

impl KeyRing for Keys {
    fn key(&self, id: KeyId) -> Option<Key> {
        [key(1), key(2)].into_iter().find(|key| key.id() == id)
    }
    fn nonce(&self) -> [u8; 12] {
        let number = NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        std::array::from_fn(|at| *number.get(at).unwrap_or(&0))
    }
}

fn key(number: u8) -> Key {
    Key::new(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap() * 3 + number)))
}

struct World {
    test: TestDb,
    tenant: Tenant,
}

fn run<T: Send + 'static>(db: &Db, work: impl Fn(&mut Tx) -> Result<T> + Send + 'static) -> Result<T> {
    let (defaults, seed) =
        (Settings::default(), [u8::try_from(NONCES.fetch_add(1, Ordering::Relaxed) % 251).unwrap(); 32]);
    db.write_blocking(0, move |db| {
        work(&mut Tx::new(db, Time(1_700_000_000_000_000), seed, &defaults, &Keys))
    })
}

impl World {
    fn new() -> Self {
        let test = TestDb::new(crate::MIGRATIONS, Options::default()).unwrap();
        let tenant = run(&test.db, |tx| {
            secrets::claim(tx, key(1).id())?;
            secrets::all_sealed(tx)?;
            tenants::create(tx, "acme", "Acme")
        });
        Self { tenant: tenant.unwrap(), test }
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx, &Actor) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let actor = system_actor(&self.tenant);
        run(&self.test.db, move |tx| work(tx, &actor))
    }

    fn change(&self, changes: Value) -> Result<Vec<SettingView>> {
        let changes: BTreeMap<String, Value> = serde_json::from_value(changes).unwrap();
        self.run(move |tx, actor| update_over(tx, actor, &Sample::usual(), &changes))
    }

    fn holds(&self) -> Sample {
        self.run(|tx, actor| load_over(tx, actor.tenant, Sample::usual())).unwrap()
    }

    fn rows(&self) -> BTreeMap<String, String> {
        self.run(|tx, actor| Ok(stored(tx, actor.tenant)?.into_iter().collect())).unwrap()
    }
}

fn value<'v>(views: &'v [SettingView], key: &str) -> (&'v Value, &'static str) {
    let view = views.iter().find(|view| view.declared.key == key).unwrap();
    (&view.value, view.source.name())
}

#[test]
fn every_shape_is_a_type_in_rust_json_and_the_row() {
    let world = World::new();
    let usual = Sample {
        count: 3,
        shown: true,
        greeting: "hello".to_owned(),
        days: Days::Working,
        password: Secret::default(),
    };
    assert_eq!(world.holds(), usual);
    let changes =
        json!({"count": 7, "shown": false, "greeting": "Grüße", "days": "calendar", "password": WORDS});
    let views = world.change(changes).unwrap();
    assert_eq!(
        world.holds(),
        Sample {
            count: 7,
            shown: false,
            greeting: "Grüße".to_owned(),
            days: Days::Calendar,
            password: Secret::new(WORDS),
        }
    );
    let shown = ["count", "shown", "greeting", "days", "password"].map(|key| value(&views, key).0.clone());
    assert_eq!(json!(shown), json!([7, false, "Grüße", "calendar", true]));
    let rows = world.rows();
    let plain = ["count", "shown", "greeting", "days"].map(|key| rows[key].as_str());
    assert_eq!(plain, ["7", "0", "Grüße", "calendar"]);
    assert!(rows["password"].starts_with("v1:"), "{rows:?}");
    // Null goes back.
    let views = world.change(json!({"greeting": null, "password": null})).unwrap();
    assert_eq!(value(&views, "greeting"), (&json!("hello"), "default"));
    assert_eq!(value(&views, "password"), (&json!(false), "default"));
    assert!(!world.holds().password.is_set() && !world.rows().contains_key("password"));
}

#[test]
fn declared_settings_tell_their_shape() {
    let views = World::new().change(json!({})).unwrap();
    let told: Vec<Value> = views.iter().map(|view| serde_json::to_value(view).unwrap()).collect();
    let as_before = r#"{"key":"count","environment":"S_COUNT","type":"integer","min":0,"max":9,"default":3,"public":true,"text":"A number.","value":3,"source":"default"}"#;
    assert_eq!(serde_json::to_string(&views[0]).unwrap(), as_before);
    assert_eq!((&told[1]["type"], &told[1]["default"]), (&json!("boolean"), &json!(1)), "as it always was");
    assert_eq!((&told[2]["max_chars"], &told[2]["default"]), (&json!(12), &json!("hello")));
    assert_eq!((&told[3]["type"], &told[3]["choices"]), (&json!("choice"), &json!(DAYS)));
    assert_eq!((&told[4]["type"], &told[4]["default"]), (&json!("secret"), &Value::Null));
}

#[test]
fn what_does_not_fit_is_refused() {
    let world = World::new();
    let wrong = [
        json!({"count": 10}),
        json!({"count": "7"}),
        json!({"shown": 1}),
        json!({"greeting": 5}),
        json!({"greeting": "a".repeat(13)}),
        json!({"greeting": "two\nlines"}),
        json!({"greeting": "bell\u{7}"}),
        json!({"days": "Calendar"}),
        json!({"days": ""}),
        json!({"password": ""}),
        json!({"password": true}),
        json!({"password": "p".repeat(41)}),
        json!({"password": format!("{WORDS}\u{0}")}),
        json!({"unknown": 1}),
    ];
    for changes in wrong {
        let refused = world.change(changes.clone()).unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { detail, .. } if !detail.contains(WORDS)),
            "{changes}: {refused}"
        );
    }
    assert_eq!(world.rows(), BTreeMap::new());
    assert!(world.change(json!({"greeting": "ü".repeat(12)})).is_ok(), "characters are counted, not bytes");
}

#[test]
fn a_secret_is_told_to_nobody() {
    let world = World::new();
    let views = world.change(json!({"password": WORDS, "count": 1})).unwrap();
    let values = world.holds();
    let told =
        world.run(|tx, actor| Ok(tx.db.all(&EVENTS, params![actor.tenant], |row| row.get::<String>(0))?));
    let told = told.unwrap().concat();
    let audit = world.run(|tx, actor| audit::list(tx, actor, &audit::AuditFilter::default())).unwrap();
    let audit = serde_json::to_string(&audit.items).unwrap();
    assert!(audit.contains(r#""password":"set""#) && audit.contains(r#""count":1"#), "{audit}");
    assert!(told.contains(r#""password":true"#), "{told}");
    let places = [
        serde_json::to_string(&views).unwrap(),
        audit,
        told,
        format!("{views:?} {values:?} {:?}", values.get("password")),
        serde_json::to_string(&setting_values::public(&values)).unwrap(),
        format!("{:?}", world.rows()),
    ];
    for place in places {
        assert!(!place.contains("sesame"), "{place}");
    }
}

#[test]
fn rows_without_a_value_leave_the_operator_its_say() {
    let world = World::new();
    world.change(json!({"count": 7})).unwrap();
    assert_eq!(world.run(|tx, actor| sync_over::<Sample>(tx, actor.tenant)).unwrap(), 4);
    assert_eq!(world.run(|tx, actor| sync_over::<Sample>(tx, actor.tenant)).unwrap(), 0, "safe to repeat");
    let given = Sample { count: 5, days: Days::Calendar, password: Secret::new(WORDS), ..Sample::usual() };
    let views = world.run(move |tx, actor| list_over(tx, actor, &given)).unwrap();
    let told = ["count", "days", "password", "greeting"].map(|key| value(&views, key));
    let (tenant, environment) = ("tenant", "environment");
    assert_eq!(told[0], (&json!(7), tenant));
    assert_eq!((told[1], told[2]), ((&json!("calendar"), environment), (&json!(true), environment)));
    assert_eq!(told[3], (&json!("hello"), "default"));
    world.change(json!({"days": "calendar"})).unwrap();
    assert_eq!(world.holds().days, Days::Calendar, "a value takes the row's place");
}

#[test]
fn a_contract_brings_its_rules_along_and_the_tenant_may_say_otherwise() {
    let world = World::new();
    let holds = |world: &World| world.run(|tx, actor| load(tx, actor.tenant)).unwrap();
    let set = |changes: Value| {
        let changes: BTreeMap<String, Value> = serde_json::from_value(changes).unwrap();
        world.run(move |tx, actor| update(tx, actor, &changes)).unwrap()
    };
    assert_eq!((holds(&world).edit_window_seconds, holds(&world).audit_messages), (86_400, false));
    let views = set(json!({"erp_enabled": true}));
    let now = holds(&world);
    assert_eq!((now.edit_window_seconds, now.offline_after_seconds), (120, 600));
    assert!(now.audit_messages && now.message_notifications);
    let window = views.iter().find(|view| view.declared.key == "edit_window_seconds").unwrap();
    assert_eq!(
        (&window.value, window.source, window.declared.default),
        (&json!(120), Source::Default, Usual::Int(120))
    );
    set(json!({"edit_window_seconds": 86_400, "audit_messages": false}));
    assert_eq!((holds(&world).edit_window_seconds, holds(&world).audit_messages), (86_400, false));
    let actor = system_actor(&world.tenant);
    let operator = Settings { offline_after_seconds: 900, erp_enabled: true, ..Settings::default() };
    let held = world.run(move |tx, _| load_over(tx, actor.tenant, operator.clone())).unwrap();
    assert_eq!(
        (held.offline_after_seconds, held.message_notifications),
        (900, true),
        "the operator's word holds"
    );
}

#[test]
fn a_secret_opens_in_its_place_and_follows_the_key() {
    let world = World::new();
    world.change(json!({"password": WORDS})).unwrap();
    let sealed = world.rows().remove("password").unwrap();
    let other = run(&world.test.db, |tx| tenants::create(tx, "other", "Other")).unwrap();
    let (id, moved) = (other.id, sealed.clone());
    let read = world.run(move |tx, _| {
        tx.db.execute(&PUT, params![id, "password", moved.as_str(), tx.now])?;
        Ok(load_over(tx, id, Sample::usual()).map(|_| ()))
    });
    assert!(matches!(read.unwrap(), Err(Error::Damaged(_))), "another tenant's");
    world.run(|tx, _| secrets::begin(tx, key(1).id(), key(2).id())).unwrap();
    assert_eq!(world.run(|tx, actor| reseal_of::<Sample>(tx, actor.tenant)).unwrap(), 1);
    assert_ne!(world.rows()["password"], sealed);
    assert_eq!(world.holds().password.reveal(), Some(WORDS));
    for junk in [WORDS, "1", ""] {
        let read = world.run(move |tx, actor| {
            tx.db.execute(&PUT, params![actor.tenant, "password", junk, tx.now])?;
            Ok(load_over(tx, actor.tenant, Sample::usual()).map(|_| ()))
        });
        let told = read.unwrap().unwrap_err().to_string();
        assert!(told.contains("damaged") && !told.contains("sesame"), "{told}");
    }
}

#[test]
fn rows_that_do_not_fit_are_damaged() {
    let world = World::new();
    for (key, junk) in [("count", "many"), ("shown", "2"), ("shown", "true"), ("days", "lunar")] {
        let read = world.run(move |tx, actor| {
            tx.db.execute(&PUT, params![actor.tenant, key, junk, tx.now])?;
            let read = load_over(tx, actor.tenant, Sample::usual()).map(|_| ());
            tx.db.execute(&CLEAR, params![actor.tenant, key])?;
            Ok(read)
        });
        assert!(matches!(read.unwrap(), Err(Error::Damaged(_))), "{key} {junk}");
    }
}

#[test]
fn the_environment_gives_every_shape() {
    let from = |all: &'static [(&str, &str)]| {
        of_environment::<Sample>(|name| {
            all.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned())
        })
    };
    let all = [
        ("S_COUNT", "5"),
        ("S_SHOWN", "false"),
        ("S_GREETING", "123"),
        ("S_DAYS", "calendar"),
        ("S_PASSWORD", WORDS),
    ];
    let given = from(Box::leak(Box::new(all))).unwrap();
    assert_eq!(
        (given.count, given.shown, given.greeting.as_str(), given.days),
        (5, false, "123", Days::Calendar)
    );
    assert_eq!(given.password.reveal(), Some(WORDS));
    assert!(from(&[("S_DAYS", "lunar")]).unwrap_err().contains("S_DAYS"));
    assert_eq!(from(&[("S_GREETING", "")]).unwrap(), Sample::usual());
    let world = World::new();
    let views = world.run(move |tx, actor| list_over(tx, actor, &given)).unwrap();
    assert!(views.iter().all(|view| view.source == Source::Environment), "{views:?}");
}
