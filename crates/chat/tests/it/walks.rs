//! What reads and sends look at must not grow with what a tenant holds: each is run among some hundred messages and among
//! ten thousand, and every statement's own work is compared. A plan that uses an index may still walk a whole tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Right, Tx, audit, contacts, conversations, drafts,
    events::{self, EventKind},
    messages::{self, Range},
    notifications, participants, provisioning, read_state,
    replay::{self, Replay},
    search::{self, Has, Query},
    settings::Settings,
    snapshot, users,
};
use parlor_db::testing::walked;

use crate::support::{KEYS, START, World, blank, body, message};

type Work = Box<dyn Fn(&mut Tx, &People) -> Result<(), Error> + Send + Sync>;

#[derive(Clone)]
struct People {
    ana: Actor,
    agent: Actor,
    manager: Actor,
    customer: Actor,
    /// Ana's own, with three messages.
    small: ConversationId,
    /// Everybody's, with most of the messages.
    large: ConversationId,
    root: MessageId,
}

const FEW: usize = 1_600;
const MANY: usize = 10_000;

/// What a statement may do more among many, in steps of SQLite's machine or rows of PostgreSQL: an index grows a level,
/// a page is full where it was not.
const ALLOWED: u64 = 1_500;
/// The same while PostgreSQL has no statistics, as after a large import: it takes small tables whole, but not the messages.
const BLIND: u64 = 4_000;

#[test]
fn what_is_looked_at_does_not_grow_with_what_there_is() {
    let world = World::new();
    let people = people(&world);
    fill(&world, &people, FEW);
    let few = measured(&world, &people);
    fill(&world, &people, MANY - FEW);
    assert_eq!(grown(&few, &measured(&world, &people), BLIND), Vec::<String>::new());
    world.test.analyze().unwrap();
    assert_eq!(grown(&few, &measured(&world, &people), ALLOWED), Vec::<String>::new());
}

/// What an edit may do more after many others, in steps: the history of a message is one index, and lists grow a little.
const PER_EDIT: u64 = 40;

#[test]
fn an_edit_costs_the_same_however_many_there_were() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let group = world.group(&ana, &[]);
    let sent = world.post(&ana, group, "words 0").unwrap().id;
    let edit = |number: usize| {
        world.pass(1);
        let (ana, now) = (ana.clone(), world.now());
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&now.0.to_be_bytes());
        let run = move |db: &mut parlor_db::Tx| {
            walked(db, |db| {
                let settings = Settings::default();
                let mut tx = Tx::new(db, now, seed, &settings, &KEYS);
                messages::edit(&mut tx, &ana, sent, &body(&format!("words {number}"))).map(drop)
            })
        };
        let steps: Result<_, Error> = world.test.db.write_blocking(0, run);
        steps.unwrap().iter().map(|(_, steps)| steps).sum::<u64>()
    };
    let all: Vec<u64> = (1..=150).map(edit).collect();
    let (few, many) = (all[4], all[149]);
    assert!(many <= few + 150 * PER_EDIT, "{few} steps after four edits, {many} after 149");
    // A replay tells the last words once, by the last edit, and the message as it is now.
    let replayed = world.read(move |tx| {
        let at = events::position(tx, ana.tenant)?;
        replay::replay(tx, &ana, at.epoch, at.floor, 1_000)
    });
    let Replay::Events { events, .. } = replayed.unwrap() else { panic!("the log serves") };
    let told = events.iter().filter(|event| event.json.contains("words"));
    let told: Vec<_> = told.map(|event| (event.kind, event.json.contains("words 150"))).collect();
    assert_eq!(told, [(EventKind::MessagePosted, true), (EventKind::MessageEdited, true)]);
}

type Measured = BTreeMap<(String, &'static str), u64>;

fn grown(few: &Measured, many: &Measured, allowed: u64) -> Vec<String> {
    many.iter()
        .filter_map(|((work, statement), steps)| {
            let before = few.get(&(work.clone(), *statement)).copied().unwrap_or(0);
            (*steps > before * 2 + allowed).then(|| format!("{work}: {statement}: {before}, then {steps}"))
        })
        .collect()
}

fn people(world: &World) -> People {
    let ana = world.user("Ana", &[Right::Group, Right::ViewAudit]);
    let agent = world.user("Agent", &[Right::Group, Right::Support, Right::SupportAll]);
    let manager = world.user("Manager", &[Right::Contacts]);
    let customer = world.contact("Cid");
    let small = world.group(&ana, &[]);
    let root = world.post(&ana, small, "a plover, see https://example.com").unwrap().id;
    for text in ["the plover again", "and a third plover"] {
        world.post(&ana, small, text).unwrap();
    }
    let mut new = blank(Kind::Support);
    new.subject = Some("A plover".to_owned());
    new.message = Some(message("where is my plover"));
    world.open(&customer, new).unwrap();
    let large = world.group(&agent, &[&ana]);
    People { ana, agent, manager, customer, small, large, root }
}

/// Half of the messages in one conversation, half in conversations of others; and a contact for every tenth.
fn fill(world: &World, people: &People, count: usize) {
    for start in (0..count).step_by(200) {
        let people = people.clone();
        let tenant = world.tenant.clone();
        let own = world.group(&people.agent, &[]);
        let fill = move |tx: &mut Tx| {
            for number in start..(start + 200).min(count) {
                let id = if number % 2 == 0 { people.large } else { own };
                let text = format!("boat {number} lies in the harbour");
                messages::post(tx, &people.agent, id, &message(&text), &body(&text))?;
                if number % 10 == 0 {
                    let claims = provisioning::HostClaims {
                        sub: tx.id().to_string(),
                        kind: Some("contact".to_owned()),
                        name: Some(format!("Customer {number}")),
                        ..Default::default()
                    };
                    provisioning::from_host(tx, &tenant, &claims)?;
                }
            }
            Ok(())
        };
        world.write(fill).unwrap();
    }
    world.index();
}

/// By what was done and statement: what it looked at.
fn measured(world: &World, people: &People) -> Measured {
    let mut all = BTreeMap::new();
    for (name, writes, work) in works() {
        let (people, work) = (people.clone(), Arc::new(work));
        // The first run prepares the statements, and brings what is kept in memory there.
        for _ in 0..2 {
            world.pass(1);
            let (people, work, now) = (people.clone(), work.clone(), world.now());
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&now.0.to_be_bytes());
            let run = move |db: &mut parlor_db::Tx| {
                walked(db, |db| work(&mut Tx::new(db, now, seed, &Settings::default(), &KEYS), &people))
            };
            let steps = match writes {
                true => world.test.db.write_blocking(0, run),
                false => world.test.db.read_blocking(run),
            };
            for (statement, steps) in steps.unwrap_or_else(|error| panic!("{name}: {error}")) {
                all.insert((name.to_owned(), statement), steps);
            }
        }
    }
    all
}

fn works() -> Vec<(&'static str, bool, Work)> {
    let mut works: Vec<(&'static str, bool, Work)> = Vec::new();
    let mut read = |name, work: Work| works.push((name, false, work));
    read("inbox", Box::new(|tx, p| conversations::list(tx, &p.ana, &Default::default()).map(drop)));
    read("unread", Box::new(|tx, p| conversations::totals(tx, &p.ana).map(drop)));
    read("snapshot", Box::new(|tx, p| snapshot::take(tx, &p.ana, None).map(drop)));
    read("snapshot of a customer", Box::new(|tx, p| snapshot::take(tx, &p.customer, None).map(drop)));
    for (name, range) in [
        ("newest", Range::Newest),
        ("before", Range::Before(60)),
        ("after", Range::After(1)),
        ("around", Range::Around(60)),
    ] {
        read(name, Box::new(move |tx, p| messages::page(tx, &p.ana, p.large, range, None).map(drop)));
    }
    read(
        "system lines",
        Box::new(|tx, p| messages::system_messages(tx, &p.ana, p.large, None, None).map(drop)),
    );
    read("pins", Box::new(|tx, p| messages::pins(tx, &p.ana, p.large).map(drop)));
    read("thread", Box::new(|tx, p| messages::thread(tx, &p.ana, p.root).map(drop)));
    read("readers", Box::new(|tx, p| messages::readers(tx, &p.ana, p.root).map(drop)));
    read("participants", Box::new(|tx, p| participants::list(tx, &p.ana, p.large, None, None).map(drop)));
    read("drafts", Box::new(|tx, p| drafts::list(tx, &p.ana).map(drop)));
    read("notifications", Box::new(|tx, p| notifications::list(tx, &p.ana, None, None, None).map(drop)));
    read("audit", Box::new(|tx, p| audit::list(tx, &p.ana, &Default::default()).map(drop)));
    // Who reads every support conversation sees nearly every contact, and so goes through them by name: not here.
    read("contacts", Box::new(|tx, p| contacts::list(tx, &p.manager, &Default::default()).map(drop)));
    read("contacts of some", Box::new(|tx, p| contacts::list(tx, &p.ana, &Default::default()).map(drop)));
    read("users", Box::new(|tx, p| users::list(tx, &p.ana, &Default::default()).map(drop)));
    read(
        "replay",
        Box::new(|tx, p| {
            let at = events::position(tx, p.ana.tenant)?;
            replay::replay(tx, &p.ana, at.epoch, at.seq - 50, 100).map(drop)
        }),
    );
    searches(&mut read);
    works.push((
        "post",
        true,
        Box::new(|tx, p| {
            let text = format!("one more {}", tx.id());
            messages::post(tx, &p.ana, p.small, &message(&text), &body(&text)).map(drop)
        }),
    ));
    works.push(("read", true, Box::new(|tx, p| read_state::read(tx, &p.ana, p.large, None).map(drop))));
    works
}

fn searches(read: &mut impl FnMut(&'static str, Work)) {
    let mut search = |name, who: fn(&People) -> &Actor, question: fn(&People) -> Query| {
        let work = move |tx: &mut Tx, p: &People| search::search(tx, who(p), &question(p)).map(drop);
        read(name, Box::new(work));
    };
    let plover = |_: &People| Query { text: "plover".to_owned(), ..Default::default() };
    search("search for a rare word", |p| &p.ana, plover);
    search("search for a rare word by a customer", |p| &p.customer, plover);
    search(
        "search for a frequent word in kinds named a thousand times",
        |p| &p.ana,
        |_| Query {
            text: "plover".to_owned(),
            kinds: [Kind::Group, Kind::Support].repeat(500),
            ..Default::default()
        },
    );
    search(
        "search for a rare word since a time",
        |p| &p.ana,
        |_| Query { text: "plover".to_owned(), after: Some(parlor_chat::Time(0)), ..Default::default() },
    );
    search(
        "search for a frequent word after the last message",
        |p| &p.ana,
        |_| Query {
            text: "boat".to_owned(),
            after: Some(parlor_chat::Time(START * 2)),
            ..Default::default()
        },
    );
    search(
        "search for a frequent word before the first message",
        |p| &p.customer,
        |_| Query { text: "boat".to_owned(), before: Some(parlor_chat::Time(0)), ..Default::default() },
    );
    search(
        "search in a conversation",
        |p| &p.ana,
        |p| Query { text: "plover".to_owned(), conversation: Some(p.small), ..Default::default() },
    );
    search(
        "search by an author",
        |p| &p.ana,
        |p| Query { author: Some(p.customer.id()), ..Default::default() },
    );
    for (name, has) in [("links", Has::Link), ("files", Has::File), ("pictures", Has::Picture)] {
        let question = move |_: &People| Query { has: Some(has), ..Default::default() };
        read(name, Box::new(move |tx, p| search::search(tx, &p.ana, &question(p)).map(drop)));
    }
}
