//! What a contact meets of what is not for it: nothing. Random conversations with notes, answers, threads, files, marks and
//! readings, and then everything that a contact can fetch or is told is looked through for any trace of a note; what is
//! counted for it is counted again by hand. And what everybody lives on, the events, still tells everything.

use std::collections::{BTreeMap, BTreeSet};

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Right, RowId, Tx,
    attachments::{self, NewFile},
    conversations::{self, ConversationChange, ListFilter},
    events::{self},
    messages::{self, Range},
    participants, read_state,
    replay::{self, Replay},
    search, snapshot, stores,
};
use parlor_db::{Sql, params};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    client::Client,
    support::{World, blank, body},
};

/// Is in the text, the edits and the files of every note, and nowhere else.
pub const MARK: &str = "plover";

static TOLD: Sql = Sql::both(
    "tests::TOLD",
    "SELECT e.json FROM events e WHERE e.tenant = $1 AND (e.person_id = $2 OR (e.audience = 2 AND EXISTS (
        SELECT 1 FROM participants p
        WHERE p.tenant = $1 AND p.conversation_id = e.conversation_id AND p.person_id = $2))) ORDER BY e.seq",
);
static ROWS: Sql = Sql::both(
    "tests::ROWS",
    "SELECT id, seq, is_private, kind, author_id, thread_root_seq, created_at, deleted_at, pinned_at FROM messages
     WHERE tenant = $1 AND conversation_id = $2 ORDER BY seq",
);
#[derive(Clone, Debug)]
enum Step {
    Post { by: usize, at: usize, note: bool, reply: Option<usize>, root: Option<usize>, file: bool },
    Edit { which: usize },
    Delete { which: usize },
    React { by: usize, which: usize },
    Pin { which: usize, on: bool },
    Read { by: usize, at: usize, back: Option<i64> },
    Unread { by: usize, at: usize, back: i64 },
    Delivered { by: usize, at: usize, back: i64 },
    Assign { at: usize },
    ComeOrGo { by: usize, at: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (by, at) = (0..PEOPLE, 0..PLACES);
    let other = || prop::option::weighted(0.4, any::<usize>());
    prop_oneof![
        8 => (by.clone(), at.clone(), any::<bool>(), other(), other(), any::<bool>())
            .prop_map(|(by, at, note, reply, root, file)| Step::Post { by, at, note, reply, root, file }),
        2 => any::<usize>().prop_map(|which| Step::Edit { which }),
        2 => any::<usize>().prop_map(|which| Step::Delete { which }),
        1 => (by.clone(), any::<usize>()).prop_map(|(by, which)| Step::React { by, which }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, on)| Step::Pin { which, on }),
        3 => (by.clone(), at.clone(), prop::option::of(0..5_i64))
            .prop_map(|(by, at, back)| Step::Read { by, at, back }),
        1 => (by.clone(), at.clone(), 0..5_i64).prop_map(|(by, at, back)| Step::Unread { by, at, back }),
        1 => (by.clone(), at.clone(), 0..3_i64).prop_map(|(by, at, back)| Step::Delivered { by, at, back }),
        1 => at.clone().prop_map(|at| Step::Assign { at }),
        1 => (2..PEOPLE, at).prop_map(|(by, at)| Step::ComeOrGo { by, at }),
    ]
}

/// Two contacts, three of the support, one keeper of a shop, one who views everything.
const PEOPLE: usize = 7;
const CONTACTS: std::ops::Range<usize> = 0..2;
/// Support of each contact, the shop's conversation with the first, a group of the staff.
const PLACES: usize = 4;
const PLACES_OF: [&[usize]; 2] = [&[0, 2], &[1]];

struct Scene {
    world: World,
    people: Vec<Actor>,
    places: Vec<ConversationId>,
    /// Everything said: where, by whom.
    said: Vec<(usize, usize, MessageId)>,
    clients: Vec<Client>,
    /// Others are not told of whoever marks something unread.
    went_back: bool,
}

fn scene() -> Scene {
    let world = World::new();
    let agent = [Right::Support, Right::SupportAll, Right::Contacts, Right::Group];
    let mut people = vec![world.contact("Kim"), world.contact("Lea")];
    people.extend(["Ana", "Ben", "Cleo"].map(|name| world.user(name, &agent)));
    people.push(world.user("Sue", &[Right::Store, Right::Contacts]));
    people.push(world.user("Vera", Right::ALL));
    let (system, keeper) = (world.system(), people[5].id());
    let store =
        world.write(move |tx| stores::create(tx, &system, "Shoes", None, Some(vec![keeper]))).unwrap();
    people[5] = world.reload(&people[5]);
    let mut places = Vec::new();
    for contact in CONTACTS {
        places.push(world.open(&people[contact], blank(Kind::Support)).unwrap().conversation.id);
    }
    let mut shop = blank(Kind::StoreCustomer);
    (shop.subject, shop.store_id, shop.contact_id) =
        (Some("Shoes".to_owned()), Some(store.id), Some(people[0].id()));
    places.push(world.open(&people[5], shop).unwrap().conversation.id);
    places.push(world.group(&people[2], &[&people[3], &people[4]]));
    let clients = people.iter().map(|actor| Client::start(&world, actor)).collect();
    Scene { world, people, places, said: Vec::new(), clients, went_back: false }
}

impl Scene {
    /// Does something if the rules let it be done; what they refuse has no place here.
    fn attempt<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Option<T> {
        match self.world.write(f) {
            Ok(done) => Some(done),
            Err(
                Error::Forbidden { .. }
                | Error::NotFound { .. }
                | Error::Invalid { .. }
                | Error::Conflict { .. },
            ) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn said(&self, which: usize) -> Option<(usize, Actor, MessageId)> {
        let (place, by, id) = *self.said.get(which % self.said.len().max(1))?;
        Some((place, self.people[by].clone(), id))
    }

    fn place(&self, by: usize, at: usize) -> (Actor, ConversationId) {
        (self.people[by].clone(), self.places[at])
    }

    fn last(&self, at: usize) -> i64 {
        i64::try_from(rows(&self.world, self.places[at]).len()).unwrap()
    }

    fn post(&mut self, step: &Step, number: usize) {
        let Step::Post { by, at, note, reply, root, file } = *step else { return };
        let (actor, place) = self.place(by, at);
        let here: Vec<MessageId> = self.said.iter().filter(|said| said.0 == at).map(|said| said.2).collect();
        let pick = |which: Option<usize>| here.get(which? % here.len().max(1)).copied();
        let (reply, root) = (pick(reply), pick(root));
        let text = if note { format!("{MARK} {number}") } else { format!("word {number}") };
        let posted = self.attempt(move |tx| {
            let mut new = crate::support::message(&text);
            new.is_private_note = note;
            (new.reply_to_id, new.thread_root_id) = (reply, root);
            if file {
                let name = format!("{text}.png");
                let file = picture(tx.id(), &name);
                new.attachment_ids = vec![attachments::add(tx, &actor, &file)?.id];
            }
            messages::post(tx, &actor, place, &new, &body(&text)).map(|posted| posted.message.id)
        });
        self.said.extend(posted.map(|id| (at, by, id)));
    }

    fn play(&mut self, step: Step, number: usize) {
        match step {
            Step::Post { .. } => self.post(&step, number),
            Step::Edit { which } => {
                let Some((_, by, id)) = self.said(which) else { return };
                self.attempt(move |tx| {
                    let note = messages::get(tx, &by, id)?.is_private_note;
                    let text = if note { format!("{MARK} edited") } else { "edited".to_owned() };
                    messages::edit(tx, &by, id, &body(&text))
                });
            }
            Step::Delete { which } => {
                let Some((_, by, id)) = self.said(which) else { return };
                self.attempt(move |tx| messages::delete(tx, &by, id));
            }
            Step::React { by, which } => {
                let (by, Some((_, _, id))) = (self.people[by].clone(), self.said(which)) else { return };
                self.attempt(move |tx| messages::react(tx, &by, id, "👍", true));
            }
            Step::Pin { which, on } => {
                let Some((_, by, id)) = self.said(which) else { return };
                self.attempt(move |tx| messages::pin(tx, &by, id, on));
            }
            Step::Read { by, at, back } => {
                let ((by, place), last) = (self.place(by, at), self.last(at));
                let seq = back.map(|back| (last - back).max(0));
                self.attempt(move |tx| read_state::read(tx, &by, place, seq));
            }
            Step::Unread { by, at, back } => {
                let ((by, place), last) = (self.place(by, at), self.last(at));
                self.went_back = true;
                self.attempt(move |tx| read_state::unread_from(tx, &by, place, last - back));
            }
            Step::Delivered { by, at, back } => {
                let ((by, place), last) = (self.place(by, at), self.last(at));
                self.attempt(move |tx| read_state::delivered(tx, &by, place, last - back));
            }
            Step::Assign { at } => {
                let (by, place) = self.place(2, at);
                let to = self.people[3 + number % 2].id();
                let change = ConversationChange { assignee_id: Some(Some(to)), ..Default::default() };
                self.attempt(move |tx| conversations::update(tx, &by, place, &change).map(|view| view.id));
            }
            // The owner of the group stays.
            Step::ComeOrGo { by: 2, at: 3 } => {}
            Step::ComeOrGo { by, at } => {
                let (who, place) = self.place(by, at);
                self.attempt(move |tx| {
                    let gone = participants::remove(tx, &who, place, who.id());
                    if gone.is_ok() { gone } else { participants::join(tx, &who, place).map(drop) }
                });
                // Who left and still reads by right begins anew.
                self.clients[by] = Client::start(&self.world, &self.people[by]);
            }
        }
    }

    fn listen(&mut self) {
        self.clients.iter_mut().for_each(|client| drop(client.catch_up(&self.world)));
    }

    /// The old state and the events since then give the state of now, for everybody.
    fn events_tell_everything(&self) {
        if self.went_back {
            return;
        }
        for client in &self.clients {
            let fresh = Client::start(&self.world, &client.actor);
            let name = client.actor.person.name.clone();
            same(&format!("conversations of {name}"), &pointing(client), &pointing(&fresh));
            same(&format!("messages of {name}"), &client.messages, &fresh.messages);
        }
    }

    fn contacts_meet_no_note(&self) {
        self.world.index();
        for contact in CONTACTS {
            let actor = &self.people[contact];
            let mut hidden = BTreeSet::new();
            let mut seen = BTreeSet::from([0]);
            for (at, place) in self.places.iter().enumerate() {
                let rows = rows(&self.world, *place);
                hidden.extend(rows.iter().filter(|row| row.private).map(|row| row.id.to_string()));
                if PLACES_OF[contact].contains(&at) {
                    seen.extend(rows.iter().filter(|row| !row.private).map(|row| row.seq));
                    self.counts(actor, *place, &rows);
                }
            }
            for (what, found) in everything(&self.world, actor) {
                look_through(&what, &found, &hidden, &seen);
            }
        }
    }

    /// What is counted for a contact is what it sees, counted by hand.
    fn counts(&self, actor: &Actor, place: ConversationId, rows: &[Row]) {
        let (who, me) = (actor.clone(), actor.id());
        let Ok((view, page)) = self.world.read(move |tx| {
            Ok((
                conversations::get(tx, &who, place)?,
                messages::page(tx, &who, place, Range::Newest, Some(200))?,
            ))
        }) else {
            return;
        };
        let seen: Vec<&Row> = rows.iter().filter(|row| !row.private).collect();
        let count =
            |test: &dyn Fn(&Row) -> bool| i64::try_from(seen.iter().filter(|row| test(row)).count()).unwrap();
        assert_eq!(page.items.len(), seen.len());
        assert_eq!(view.pinned_count, count(&|row| row.pinned), "pins");
        assert_eq!(view.last_seq, seen.last().map_or(0, |row| row.seq));
        let newest = seen.last().map_or(view.created_at.0, |row| row.at);
        assert_eq!((view.last_activity_at.0, view.updated_at.0), (newest, newest));
        for item in &page.items {
            let replies = count(&|row| row.root == Some(item.seq) && !row.deleted);
            assert_eq!(item.reply_count, replies, "replies to {}", item.seq);
        }
        let mine = view.me.unwrap();
        let unread =
            count(&|row| row.seq > mine.last_read_seq && row.author != Some(me) && !row.deleted && row.text);
        assert_eq!(mine.unread, unread, "unread");
    }
}

fn same(what: &str, old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>) {
    assert!(old.keys().eq(new.keys()), "{what}: others");
    for (key, value) in old {
        for (field, expected) in new[key].as_object().unwrap() {
            let (old, new) = (&value[field], expected);
            assert!(old == new, "{what}: {field} of {key}\n{old:#}\n{new:#}");
        }
    }
}

/// Of what a client shows, whatever points to messages; people in one order.
fn pointing(client: &Client) -> BTreeMap<String, Value> {
    let part = |view: &Value| {
        let mut people = view["participants"].as_array().unwrap().clone();
        people.sort_by_key(|one| one["person"]["id"].to_string());
        json!({
            "participants": people, "pinned_count": view["pinned_count"], "last_seq": view["last_seq"],
            "last_read_seq": view["me"]["last_read_seq"], "last_activity_at": view["last_activity_at"],
        })
    };
    client.shown().iter().map(|(id, view)| (id.clone(), part(view))).collect()
}

fn picture(id: uuid::Uuid, name: &str) -> NewFile {
    NewFile {
        id: RowId(id),
        name: name.to_owned(),
        content_type: "image/png".to_owned(),
        size: 7,
        etag: None,
        measures: None,
        cleaned: false,
    }
}

pub struct Row {
    pub id: MessageId,
    pub seq: i64,
    pub private: bool,
    pub text: bool,
    pub author: Option<parlor_chat::PersonId>,
    pub root: Option<i64>,
    pub at: i64,
    pub deleted: bool,
    pub pinned: bool,
}

pub fn rows(world: &World, place: ConversationId) -> Vec<Row> {
    let tenant = world.tenant.id;
    let read = world.test.db.read_blocking(move |db| {
        db.all(&ROWS, params![tenant, place], |row| {
            Ok(Row {
                id: row.get(0)?,
                seq: row.get(1)?,
                private: row.get(2)?,
                text: row.get::<String>(3)? == "text",
                author: row.get(4)?,
                root: row.get(5)?,
                at: row.get(6)?,
                deleted: row.get::<Option<i64>>(7)?.is_some(),
                pinned: row.get::<Option<i64>>(8)?.is_some(),
            })
        })
    });
    read.map_err(|error: parlor_db::Error| error.to_string()).unwrap()
}

/// Everything that somebody can fetch, and everything that was told to it, as it was told.
pub fn everything(world: &World, actor: &Actor) -> BTreeMap<String, Value> {
    let (who, tenant, mut found) = (actor.clone(), world.tenant.id, BTreeMap::new());
    let mut told = Vec::new();
    world
        .test
        .db
        .read_blocking(move |db| db.all(&TOLD, params![tenant, who.id()], |row| row.get::<String>(0)))
        .map_err(|error: parlor_db::Error| error.to_string())
        .unwrap()
        .iter()
        .for_each(|text| told.push(serde_json::from_str::<Value>(text).unwrap()));
    found.insert("told".to_owned(), json!(told));
    let (who, epoch) = (actor.clone(), world.read(move |tx| events::position(tx, tenant)).unwrap().epoch);
    let Replay::Events { events, .. } =
        world.read(move |tx| replay::replay(tx, &who, epoch, 0, 10_000)).unwrap()
    else {
        panic!("reset")
    };
    let events = events.iter().map(|event| serde_json::from_str::<Value>(&event.json).unwrap());
    found.insert("replay".to_owned(), events.collect());
    let who = actor.clone();
    let fetched = world.read(move |tx| {
        let mut found = BTreeMap::new();
        let mut keep = |what: String, value: Value| found.insert(what, value);
        keep("snapshot".to_owned(), serde_json::to_value(snapshot::take(tx, &who, None)?).unwrap());
        let list = conversations::list(tx, &who, &ListFilter { limit: Some(1), ..Default::default() })?;
        keep("list".to_owned(), serde_json::to_value(&list).unwrap());
        for word in [MARK, "word", "edited"] {
            let question = search::Query { text: word.to_owned(), ..Default::default() };
            let hits = search::search(tx, &who, &question)?;
            keep(format!("search {word}"), serde_json::to_value(hits).unwrap());
        }
        for view in conversations::list(tx, &who, &ListFilter::default())?.items {
            let place = view.id;
            keep(format!("{place}"), serde_json::to_value(conversations::get(tx, &who, place)?).unwrap());
            keep(format!("{place} people"), json!(participants::list(tx, &who, place, None, None)?.items));
            keep(format!("{place} pins"), json!(messages::pins(tx, &who, place)?));
            let noted = messages::system_messages(tx, &who, place, None, None)?;
            assert!(!noted.has_after, "nothing is noted for a contact");
            let page = messages::page(tx, &who, place, Range::Newest, Some(200))?;
            for message in &page.items {
                keep(format!("{place} thread"), json!(messages::thread(tx, &who, message.id)?));
                keep(format!("{place} readers"), json!(messages::readers(tx, &who, message.id)?));
                keep(format!("{place} history"), json!(messages::history(tx, &who, message.id)?));
                keep(format!("{place} message"), json!(messages::get(tx, &who, message.id)?));
            }
            keep(format!("{place} page"), json!(page));
        }
        Ok(found)
    });
    found.extend(fetched.unwrap());
    found
}

/// No word of a note, no id of anything hidden, no place that one does not see.
pub fn look_through(what: &str, value: &Value, hidden: &BTreeSet<String>, seen: &BTreeSet<i64>) {
    match value {
        Value::String(text) => {
            let trace = text.contains(MARK) || hidden.iter().any(|id| text.contains(id));
            assert!(!trace, "{what}: {text}");
        }
        Value::Array(items) => items.iter().for_each(|item| look_through(what, item, hidden, seen)),
        Value::Object(fields) => {
            for (field, value) in fields {
                let place =
                    ["last_read_seq", "last_delivered_seq", "author_read_seq"].contains(&field.as_str());
                if let Some(seq) = value.as_i64().filter(|_| place) {
                    assert!(seen.contains(&seq), "{what}: {field} {seq} among {seen:?}");
                }
                look_through(&format!("{what}/{field}"), value, hidden, seen);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_contact_meets_no_trace_of_a_note(steps in prop::collection::vec(step(), 1..60)) {
        let mut scene = scene();
        for (number, step) in steps.into_iter().enumerate() {
            scene.play(step, number);
            scene.listen();
            if number % 6 == 5 {
                scene.events_tell_everything();
            }
        }
        scene.events_tell_everything();
        scene.contacts_meet_no_note();
    }
}
