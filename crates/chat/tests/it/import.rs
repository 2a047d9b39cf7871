//! Histories of other systems: order, threads, authors, unread, search, and repeating an import.

use parlor_chat::{
    Actor, Error, Kind,
    conversations::{self, ListFilter, View},
    import::{self, Line, Outcome, State},
    messages::{self, Message, Range},
    read_state,
    search::{self, Query},
    tenants, users,
};
use serde_json::{Value, json};

use crate::support::World;

/// A small channel and two conversations of the same pair.
fn file() -> Vec<Value> {
    let line = |id: &str, channel: &str, user: &str, minute: u32, text: &str| {
        let kind = if channel.starts_with('#') { "channel" } else { "direct" };
        json!({ "id": id, "channel": channel, "kind": kind, "type": "message", "user": user,
                "ts": format!("2020-05-01T10:{minute:02}:00Z"), "text": text })
    };
    let mut lines = vec![
        line("1", "#boats", "ana", 0, "Who has the key of the boathouse?"),
        line("2", "#boats", "bo", 1, "I have it"),
        line("3", "#boats", "cem", 1, "joined"),
        line("4", "#boats", "bo", 2, "waves the key"),
        line("5", "#boats", "cem", 3, "And the oars?"),
        line("6", "#boats", "ana", 4, "Behind the door"),
        line("7", "#boats", "cem", 5, "Found them, très bien"),
        line("8", "ana+bo/1", "ana", 6, "Lunch?"),
        line("9", "ana+bo/1", "bo", 7, "Gladly"),
        line("10", "ana+bo/2", "bo", 8, "Dinner?"),
    ];
    lines[1]["parent"] = json!("1");
    lines[2]["type"] = json!("system");
    lines[3]["type"] = json!("action");
    lines[4]["parent"] = json!("2");
    lines[5]["parent"] = json!("5");
    lines
}

fn prepared(lines: &[Value]) -> Vec<import::Prepared> {
    let parse = |line: &Value| import::prepare(serde_json::from_value::<Line>(line.clone()).unwrap());
    lines.iter().filter_map(|line| parse(line).unwrap()).collect()
}

/// Imports in batches of this size, each with the state of those before.
fn import(world: &World, lines: &[Value], size: usize) -> Result<Outcome, Error> {
    let (tenant, batches) = (world.tenant.clone(), lines.chunks(size).map(prepared).collect::<Vec<_>>());
    world.write(move |tx| {
        let (mut state, mut total) = (State::default(), Outcome::default());
        for lines in &batches {
            let (outcome, met) = import::batch(tx, &tenant, &state, lines)?;
            state.take(met);
            total.written += outcome.written;
            total.known += outcome.known;
        }
        Ok(total)
    })
}

fn author(world: &World, name: &'static str) -> Actor {
    let tenant = world.tenant.clone();
    let system = world.system();
    world
        .read(move |tx| {
            let filter = users::UserFilter { search: Some(name.to_owned()), ..Default::default() };
            let found = users::list(tx, &system, &filter)?.items;
            users::actor(tx, &tenant, found[0].id)
        })
        .unwrap()
}

fn list(world: &World, actor: &Actor) -> Vec<View> {
    let actor = actor.clone();
    world.read(move |tx| conversations::list(tx, &actor, &ListFilter::default())).unwrap().items
}

fn boats(world: &World, actor: &Actor) -> (View, Vec<Message>) {
    let place = list(world, actor).into_iter().find(|one| one.kind == Kind::Channel).unwrap();
    let (actor, id) = (actor.clone(), place.id);
    let page = world.read(move |tx| messages::page(tx, &actor, id, Range::Newest, Some(50))).unwrap();
    (place, page.items)
}

#[test]
fn writes_conversations_threads_and_authors() {
    for size in [1, 3, 100] {
        let world = World::new();
        let outcome = import(&world, &file(), size).unwrap();
        assert_eq!(outcome, Outcome { written: 9, known: 0 }, "batches of {size}");
        let ana = author(&world, "ana");
        let (place, said) = boats(&world, &ana);
        assert_eq!((place.title.as_deref(), place.members_count), (Some("#boats"), 3));
        let told: Vec<_> = said
            .iter()
            .map(|one| {
                let answers = one.reply_to.as_ref().map(|quote| quote.seq);
                (one.seq, one.author.as_ref().unwrap().name.as_str(), one.reply_count, answers)
            })
            .collect();
        let expected = [
            (1, "ana", 3, None),
            (2, "bo", 0, Some(1)),
            (3, "bo", 0, None),
            (4, "cem", 0, Some(2)),
            (5, "ana", 0, Some(4)),
            (6, "cem", 0, None),
        ];
        assert_eq!(told, expected, "batches of {size}");
        assert_eq!(said[2].body, "*waves the key*");
        assert_eq!(said[0].created_at.rfc3339(), "2020-05-01T10:00:00Z");
        assert!(said[1..].iter().all(|one| one.thread_root_id.is_none_or(|root| root == said[0].id)));
        let groups =
            list(&world, &author(&world, "bo")).into_iter().filter(|one| one.kind == Kind::Group).count();
        assert_eq!(groups, 2, "the same pair may have several");
    }
}

#[test]
fn authors_have_read_what_they_wrote_last() {
    let world = World::new();
    import(&world, &file(), 2).unwrap();
    for (name, unread) in [("ana", 1), ("bo", 3), ("cem", 0)] {
        let actor = author(&world, name);
        let (place, _) = boats(&world, &actor);
        assert_eq!(place.me.as_ref().unwrap().unread, unread, "{name}");
        let (who, id) = (actor.clone(), place.id);
        let state = world.write(move |tx| read_state::read(tx, &who, id, None)).unwrap();
        assert_eq!(state.me.unread, 0, "{name}");
    }
}

#[test]
fn repeating_writes_nothing_and_going_on_adds_the_rest() {
    let world = World::new();
    let lines = file();
    import(&world, &lines[..5], 2).unwrap();
    assert_eq!(import(&world, &lines, 3).unwrap(), Outcome { written: 5, known: 4 });
    let log = |world: &World| {
        let tenant = world.tenant.id;
        world.read(move |tx| parlor_chat::replay::since(tx, tenant, 0, 1000)).unwrap().len()
    };
    let events = log(&world);
    assert_eq!(import(&world, &lines, 3).unwrap(), Outcome { written: 0, known: 9 });
    assert_eq!(log(&world), events, "clients fetch nothing anew for nothing");
    let (place, said) = boats(&world, &author(&world, "bo"));
    assert_eq!((place.last_seq, said[0].reply_count, place.members_count), (6, 3, 3));
    // The same id twice in a file is one message, in one batch and in two.
    let twice = json!({ "id": "20", "channel": "#boats", "kind": "channel", "user": "bo",
                        "ts": "2020-05-01T11:00:00Z", "text": "Back by six", "thread": "1" });
    assert_eq!(import(&world, &[twice.clone(), twice], 9).unwrap(), Outcome { written: 1, known: 1 });
    assert_eq!(boats(&world, &author(&world, "bo")).1[0].reply_count, 4);
}

#[test]
fn search_finds_it() {
    let world = World::new();
    import(&world, &file(), 4).unwrap();
    let find = |name: &'static str, text: &str| {
        let (actor, text) = (author(&world, name), text.to_owned());
        let question = Query { text, ..Query::default() };
        world.read(move |tx| search::search(tx, &actor, &question)).unwrap().items.len()
    };
    assert_eq!((find("ana", "tres"), find("ana", "key"), find("bo", "dinner")), (1, 2, 1));
    assert_eq!(find("cem", "dinner"), 0, "only what one may read");
}

#[test]
fn tells_what_is_wrong_with_a_line() {
    let good = json!({ "id": "1", "channel": "#a", "kind": "channel", "user": "ana",
                       "ts": "2020-05-01T10:00:00Z", "text": "x" });
    let cases = [
        ("kind", json!("room"), "\"kind\""),
        ("ts", json!("yesterday"), "\"ts\""),
        ("id", json!(""), "\"id\""),
        ("id", json!("x".repeat(101)), "\"id\""),
        ("user", json!(" "), "\"user\""),
        ("channel", json!("#"), "letter or digit"),
        ("channel", json!("x".repeat(91)), "\"channel\""),
        ("text", json!("x".repeat(100_001)), "too large"),
    ];
    for (field, value, expected) in cases {
        let mut line = good.clone();
        line[field] = value;
        let why = import::prepare(serde_json::from_value(line).unwrap()).err().unwrap();
        assert!(why.contains(expected), "{field}: {why}");
    }
    for text in ["", "  \n", "\u{200B}", "\0"] {
        let mut line = good.clone();
        line["text"] = json!(text);
        assert!(import::prepare(serde_json::from_value(line).unwrap()).unwrap().is_none(), "{text:?}");
    }
}

#[test]
fn refuses_a_channel_that_somebody_made() {
    let world = World::new();
    let ana = world.user("Ana", &[parlor_chat::Right::Channel]);
    let mut new = crate::support::blank(Kind::Channel);
    new.title = Some("boats".to_owned());
    world.open(&ana, new).unwrap();
    assert_eq!(crate::support::rule(import(&world, &file(), 10)), "conflict: slug");
    let tenant = tenants::system_actor(&world.tenant);
    assert_eq!(list(&world, &ana).len(), 1, "nothing of the batch is stored for {}", tenant.person.name);
}
