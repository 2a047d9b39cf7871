//! Rows that cannot be read are errors. Nothing wider stands in for them: no larger audience, no more rights, no
//! default where a tenant had chosen a limit.

use parlor_chat::events::{self, Audience, EventKind, Payload, Position};
use parlor_chat::replay::{self, Replay};
use parlor_chat::{
    Actor, Error, MessageId, PersonKind, Right, Time, audit, contacts, conversations, messages, nonces,
    notifications, participants, pusher_apps, roles, search, sessions, settings, users,
};
use parlor_db::{Error as DbError, Sql, params};
use serde_json::json;

use crate::support::{World, blank, message};

parlor_db::statements! {
    static AUDIENCE = both("UPDATE events SET audience = $3 WHERE tenant = $1 AND seq = $2");
    static ACCESS = both("UPDATE events SET access = $3 WHERE tenant = $1 AND seq = $2");
    static KIND = both("UPDATE events SET kind = $3 WHERE tenant = $1 AND seq = $2");
    static JSON = both("UPDATE events SET json = $3 WHERE tenant = $1 AND seq = $2");
    static RIGHTS = both("UPDATE roles SET rights = $2 WHERE tenant = $1");
    static KINDS = both("UPDATE messages SET kind = $2 WHERE tenant = $1");
    static STATUS = both("UPDATE conversations SET status = $2 WHERE tenant = $1");
    static PRIORITY = both("UPDATE conversations SET priority = $2 WHERE tenant = $1");
    static NOTIFY = both("UPDATE participants SET notify = $2 WHERE tenant = $1");
    static TOLD = both("UPDATE notifications SET kind = $2 WHERE tenant = $1");
    static SETTING = both("INSERT INTO settings (tenant, key, value, updated_at) VALUES ($1, 'message_max_chars', $2, 0)");
    static OPTIONS = both("UPDATE apps SET options = $2 WHERE tenant = $1");
    static MENTIONS = both("UPDATE messages SET mentions = $2 WHERE tenant = $1");
    static MESSAGE_RELATED = both("UPDATE messages SET related = $2 WHERE tenant = $1");
    static REACTIONS = both("UPDATE messages SET reactions = $2 WHERE tenant = $1");
    static SYSTEM = both("UPDATE messages SET system = $2 WHERE tenant = $1");
    static FILES = both("UPDATE messages SET attachments = $2 WHERE tenant = $1");
    static LABELS = both("UPDATE conversations SET labels = $2 WHERE tenant = $1");
    static RELATED = both("UPDATE conversations SET related = $2 WHERE tenant = $1");
    static METADATA = both("UPDATE conversations SET metadata = $2 WHERE tenant = $1");
    static ATTRIBUTES = both("UPDATE contacts SET attributes = $2 WHERE tenant = $1");
    static PREFERENCES = both("UPDATE users SET preferences = $2 WHERE tenant = $1");
    static DETAILS = both("UPDATE audit SET details = $2 WHERE tenant = $1");
    static NOTIFIED = both("UPDATE notifications SET related = $2 WHERE tenant = $1");
    static SESSION_ROOT = both("UPDATE sessions SET derived_from = $2 WHERE tenant = $1");
    static NONCE_ROOT = both("UPDATE nonces SET derived_from = $2 WHERE tenant = $1");
}

fn is_damage(error: &Error) -> bool {
    matches!(error, Error::Damaged(_) | Error::Db(DbError::Decode { .. }))
}

fn position(world: &World) -> Position {
    let tenant = world.tenant.id;
    world.read(move |tx| events::position(tx, tenant)).unwrap()
}

/// Damages the event with this number.
type Damage = fn(&World, i64);

fn audience(world: &World, seq: i64, code: i64) {
    let tenant = world.tenant.id;
    let changed =
        world.test.db.write_blocking(0, move |tx| tx.execute(&AUDIENCE, params![tenant, seq, code]));
    assert_eq!(changed.unwrap(), 1);
}

fn write(world: &World, statement: &'static Sql, seq: i64, text: &'static str) {
    let tenant = world.tenant.id;
    let changed =
        world.test.db.write_blocking(0, move |tx| tx.execute(statement, params![tenant, seq, text]));
    assert_eq!(changed.unwrap(), 1);
}

#[test]
fn an_event_with_an_unreadable_audience_is_for_nobody() {
    let damages: [(&str, Damage); 7] = [
        ("no such code", |world, seq| audience(world, seq, 99)),
        ("below all codes", |world, seq| audience(world, seq, -1)),
        ("a person who is not named", |world, seq| audience(world, seq, 0)),
        ("a publication that is none", |world, seq| audience(world, seq, 4)),
        ("a kind that there is not", |world, seq| write(world, &KIND, seq, "message.sung")),
        ("half a list", |world, seq| write(world, &ACCESS, seq, "[{")),
        ("no list", |world, seq| write(world, &ACCESS, seq, "{}")),
    ];
    for (what, damage) in damages {
        let world = World::new();
        let (ana, ben, eve) =
            (world.user("Ana", &[Right::Group]), world.user("Ben", &[]), world.user("Eve", &[]));
        let group = world.group(&ana, &[&ben]);
        let Position { seq: before, epoch, .. } = position(&world);
        world.post(&ana, group, "for the two of us").unwrap();
        damage(&world, before + 1);
        for actor in [&ana, &ben, &eve] {
            let actor = actor.clone();
            let told = world.read(move |tx| replay::replay(tx, &actor, epoch, before, 50));
            assert!(matches!(told, Err(Error::Damaged(_))), "{what}: {told:?}");
        }
        let tenant = world.tenant.id;
        let all = world.read(move |tx| replay::since(tx, tenant, before, 50)).unwrap();
        assert_eq!((all[0].audience.clone(), all[0].access.len()), (Audience::Unreadable, 0), "{what}");
        // What comes after it is told.
        let told = world.read(move |tx| replay::replay(tx, &ben, epoch, before + 1, 50)).unwrap();
        assert!(matches!(told, Replay::Events { .. }), "{what}");
    }
}

#[test]
fn what_decides_over_rights_and_limits_is_not_guessed() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let group = world.group(&ana, &[&ben]);
    let sent = world.post(&ana, group, "words").unwrap();
    let (tenant, id) = (world.tenant.clone(), world.tenant.id);
    let no = world.tenant.no;
    world.write(move |tx| pusher_apps::ensure(tx, id, no)).unwrap();
    // A number out of its range is as unreadable as a word: days that lie in the future would clear everything.
    let outside = world.other_tenant("outside").id;
    let changed = world.test.db.write_blocking(0, move |tx| tx.execute(&SETTING, params![outside, "-5"]));
    assert_eq!(changed.unwrap(), 1);
    assert!(world.read(move |tx| settings::load(tx, outside)).is_err_and(|error| is_damage(&error)));
    // A list would be read into options as if nothing were set: no webhooks, no limits.
    let damages: [(&'static Sql, &str); 4] =
        [(&KINDS, "neither"), (&SETTING, "many"), (&RIGHTS, "group"), (&OPTIONS, "[]")];
    for (statement, text) in damages {
        let changed = world.test.db.write_blocking(0, move |tx| tx.execute(statement, params![id, text]));
        assert!(changed.unwrap() > 0, "{}", statement.name());
    }
    let person = ana.id();
    let found = [
        world.read(move |tx| messages::get(tx, &ben, sent.id).map(|_| ())),
        world.read(move |tx| settings::load(tx, id).map(|_| ())),
        world.read(move |tx| roles::all(tx, id).map(|_| ())),
        world.read(move |tx| users::actor(tx, &tenant, person).map(|_| ())),
        world.read(move |tx| pusher_apps::of_tenant(tx, id).map(|_| ())),
    ];
    for (at, found) in found.iter().enumerate() {
        assert!(found.as_ref().is_err_and(is_damage), "{at}: {found:?}");
    }
}

#[test]
fn words_that_there_are_not_are_no_others() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let group = world.group(&ana, &[&ben]);
    let (told, system) = (json!({"user_ids": [ben.id()], "title": "x", "type": "alert"}), world.system());
    let told = serde_json::from_value(told).unwrap();
    world.write(move |tx| notifications::send(tx, &system, &told)).unwrap();
    let (id, person) = (world.tenant.id, ben.id());
    let read = || {
        let (one, other) = (ben.clone(), ben.clone());
        [
            world.read(move |tx| conversations::get(tx, &one, group).map(drop)),
            world.read(move |tx| participants::quiet(tx, id, person).map(drop)),
            world.read(move |tx| notifications::list(tx, &other, None, None, None).map(drop)),
        ]
    };
    assert!(read().iter().all(Result::is_ok));
    // What is damaged, its new text, which of the three can no longer be read, and what mends it.
    let damages: [(&'static Sql, &str, [bool; 3], &str); 4] = [
        (&STATUS, "ajar", [true, false, false], "active"),
        (&PRIORITY, "soon", [true, false, false], "low"),
        (&NOTIFY, "loudly", [true, true, false], "all"),
        (&TOLD, "rumour", [false, false, true], "alert"),
    ];
    let write = |statement: &'static Sql, text: &'static str| {
        let changed = world.test.db.write_blocking(0, move |tx| tx.execute(statement, params![id, text]));
        assert!(changed.unwrap() > 0, "{}", statement.name());
    };
    for (statement, text, unreadable, mended) in damages {
        write(statement, text);
        let found = read();
        assert_eq!(found.each_ref().map(Result::is_err), unreadable, "{text}: {found:?}");
        assert!(found.iter().filter_map(|found| found.as_ref().err()).all(is_damage), "{text}: {found:?}");
        write(statement, mended);
    }
}

#[test]
fn what_the_server_acts_on_is_not_guessed_and_its_data_is_read_or_an_error() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group, Right::Contacts]), world.user("Ben", &[]));
    let group = world.group(&ana, &[&ben]);
    let tenant = world.tenant.id;
    let event = |seq: i64| world.read(move |tx| replay::since(tx, tenant, seq - 1, 1)).unwrap().remove(0);
    // A lost credential, and a contact whom old versions told of without saying whom: nobody knows whom it concerns.
    let (system, who) = (world.system(), ben.id());
    world.write(move |tx| users::sign_out(tx, &system, who)).unwrap();
    let lost = position(&world).seq;
    assert!(matches!(event(lost).ended(), Ok(Some(_))));
    write(&world, &JSON, lost, r#"{"data":{"ended":{"tags":["00ff","no number"]}}}"#);
    assert_eq!(event(lost).audience, Audience::Unreadable);
    world.contact("Kim");
    let contact = position(&world).seq;
    assert_eq!(event(contact).kind, EventKind::ContactUpdated);
    audience(&world, contact, 1);
    assert!(matches!(event(contact).audience, Audience::Contact { .. }), "it says whom");
    write(&world, &JSON, contact, r#"{"data":{"contact":{}}}"#);
    assert_eq!(event(contact).audience, Audience::Unreadable);
    // Of other events the text is forwarded, and reading what they tell is an error.
    world.post(&ana, group, "words").unwrap();
    let posted = position(&world).seq;
    assert!(matches!(event(posted).payload(), Ok(Payload::MessagePosted(_))));
    for text in ["{", "{}", r#"{"data":{}}"#, r#"{"data":{"message":7}}"#] {
        write(&world, &JSON, posted, text);
        assert!(matches!(event(posted).payload(), Err(Error::Damaged(_))), "{text}");
        assert!(
            matches!(event(posted).ephemeral_payload(), Err(Error::Damaged(_))),
            "it is no ephemeral event"
        );
    }
}

/// Something that shows, or goes by, what is stored.
type Read = fn(&World, &Actor, MessageId) -> Result<(), Error>;

fn show(world: &World, actor: &Actor, id: MessageId) -> Result<(), Error> {
    let actor = actor.clone();
    world.read(move |tx| messages::get(tx, &actor, id).map(drop))
}

fn list(world: &World, actor: &Actor, _: MessageId) -> Result<(), Error> {
    let actor = actor.clone();
    world.read(move |tx| conversations::list(tx, &actor, &conversations::ListFilter::default()).map(drop))
}

fn index(world: &World, _: &Actor, _: MessageId) -> Result<(), Error> {
    let (tenant, no) = (world.tenant.id, world.tenant.no);
    world.write(move |tx| search::catch_up(tx, tenant, no).map(drop))
}

fn contact(world: &World, _: &Actor, _: MessageId) -> Result<(), Error> {
    let system = world.system();
    world.read(move |tx| contacts::list(tx, &system, &contacts::ContactFilter::default()).map(drop))
}

fn profile(world: &World, actor: &Actor, _: MessageId) -> Result<(), Error> {
    let (tenant, id) = (world.tenant.id, actor.id());
    world.read(move |tx| users::profile(tx, tenant, id).map(drop))
}

fn audited(world: &World, _: &Actor, _: MessageId) -> Result<(), Error> {
    let system = world.system();
    world.read(move |tx| audit::list(tx, &system, &audit::AuditFilter::default()).map(drop))
}

fn notified(world: &World, actor: &Actor, _: MessageId) -> Result<(), Error> {
    let actor = actor.clone();
    world.read(move |tx| notifications::list(tx, &actor, None, None, None).map(drop))
}

const TOKEN: [u8; 32] = [9; 32];

fn session(world: &World, _: &Actor, _: MessageId) -> Result<(), Error> {
    world.read(|tx| sessions::find(tx, &TOKEN).map(drop))
}

fn nonce(world: &World, _: &Actor, _: MessageId) -> Result<(), Error> {
    // Nothing of it is written when it is refused.
    world.write(|tx| nonces::take(tx, &TOKEN).map(drop))
}

/// Signs somebody in with a token of a host, and makes a nonce of the same: both end with the host's key.
fn sign_in(world: &World, person: &Actor) {
    let (tenant, person) = (world.tenant.id, person.id());
    let until = Time(world.now().0 + 3_600_000_000);
    let signed = world.write(move |tx| {
        let (kind, derived_from) = (PersonKind::User, None);
        let session =
            sessions::Session { tenant, kind, person, expires_at: until, seen_at: None, derived_from };
        sessions::begin(tx, &TOKEN, &session, None, None)?;
        let nonce = nonces::Nonce { tenant, kind, person, tag: 1, token_expires_at: None, derived_from };
        nonces::begin(tx, &TOKEN, &nonce, until)
    });
    signed.unwrap();
}

#[test]
fn a_column_that_cannot_be_read_is_an_error_that_names_it() {
    const TABLE: [(&Sql, &str, &str, Read); 16] = [
        (&MENTIONS, "mentions", "[{", show),
        (&MESSAGE_RELATED, "related", r#"{"type":7}"#, show),
        (&REACTIONS, "reactions", "{}", show),
        (&SYSTEM, "system", "{", show),
        (&FILES, "attachments", r#"[{"id":"none"}]"#, show),
        (&FILES, "attachments", "[{", index),
        (&LABELS, "labels", "urgent", list),
        (&RELATED, "related", "[]", list),
        (&METADATA, "metadata", "", list),
        (&ATTRIBUTES, "attributes", "{", contact),
        (&PREFERENCES, "preferences", "{", profile),
        (&DETAILS, "details", "forbidden", audited),
        (&NOTIFIED, "related", r#"{"type":"order"}"#, notified),
        (&SESSION_ROOT, "derived_from", "host-key:none", session),
        (&NONCE_ROOT, "derived_from", "", nonce),
        (&RIGHTS, "rights", r#"["every"]"#, |world, actor, _| {
            let (tenant, id) = (world.tenant.clone(), actor.id());
            world.read(move |tx| users::actor(tx, &tenant, id).map(drop))
        }),
    ];
    for (statement, column, text, read) in TABLE {
        let world = World::new();
        let (ana, ben) = (world.user("Ana", &[Right::Group, Right::ManageUsers]), world.user("Ben", &[]));
        let group = world.group(&ana, &[&ben]);
        world.contact("Kim");
        sign_in(&world, &ben);
        let sent = world.post(&ana, group, "words").unwrap();
        let new = notifications::NewNotification {
            user_ids: vec![ben.id()],
            title: "An order".to_owned(),
            message: String::new(),
            kind: serde_json::from_value(json!("alert")).unwrap(),
            related: None,
        };
        world.write(move |tx| notifications::send(tx, &ana, &new).map(drop)).unwrap();
        let tenant = world.tenant.id;
        let changed = world.test.db.write_blocking(0, move |tx| tx.execute(statement, params![tenant, text]));
        assert!(changed.unwrap() > 0, "{column}");
        let found = read(&world, &ben, sent.id);
        let named = matches!(&found, Err(Error::Db(DbError::Decode { name, .. })) if name == column);
        assert!(named, "{}: {found:?}", statement.name());
    }
}

/// Of an event of a conversation with a contact it must be known what it points to: it may be a note.
#[test]
fn an_event_that_points_nobody_knows_where_is_for_nobody() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Support, Right::SupportAll]);
    let kim = world.contact("Kim");
    let mut new = blank(parlor_chat::Kind::Support);
    new.message = Some(message("help"));
    let opened = world.open(&kim, new).unwrap().conversation.id;
    let noted = world.post_as(&ana, opened, "a note", |new| new.is_private_note = true).unwrap();
    let Position { seq: last, epoch, .. } = position(&world);
    // As versions told of a note who told everybody of it.
    audience(&world, last, 2);
    let text = |message: &str| format!(r#"{{"type":"message.posted","data":{{"message":{message}}}}}"#);
    let told = |world: &World| {
        let kim = kim.clone();
        world.read(move |tx| replay::replay(tx, &kim, epoch, last - 1, 50))
    };
    let readable = text(&json!({"id": noted.id}).to_string());
    write_text(&world, last, readable);
    assert!(matches!(told(&world), Ok(Replay::Events { events, .. }) if events.is_empty()), "it is a note");
    let counted = json!({"id": noted.id, "reply_count": 3}).to_string();
    for unreadable in ["{}", "7", r#"{"id":7}"#, r#"{"id":"none"}"#, counted.as_str()] {
        write_text(&world, last, text(unreadable));
        assert!(matches!(told(&world), Err(Error::Damaged(_))), "{unreadable}");
    }
    write_text(&world, last, "{".to_owned());
    assert!(matches!(told(&world), Err(Error::Damaged(_))));
}

fn write_text(world: &World, seq: i64, text: String) {
    let tenant = world.tenant.id;
    let changed =
        world.test.db.write_blocking(0, move |tx| tx.execute(&JSON, params![tenant, seq, text.as_str()]));
    assert_eq!(changed.unwrap(), 1);
}
