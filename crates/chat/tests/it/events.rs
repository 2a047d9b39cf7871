//! The log and its promise: an old state and the events since then give the state of now, for every operation and for
//! everybody who looks. And: whoever may not see something does not find it in a replay.

use std::{collections::BTreeMap, fmt::Debug};

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Right, Time, Tx,
    conversations::{self, ConversationChange, ListFilter, Role},
    drafts,
    events::{self, Replay},
    messages::{self, Range},
    participants::{self, MeChange},
    reads, snapshot,
};
use serde_json::{Value, json};

use crate::support::{World, blank, body, message};

/// A client as native.md describes it: it takes a snapshot once, then lives on events.
#[derive(Clone)]
struct Client {
    actor: Actor,
    seq: i64,
    epoch: i64,
    conversations: BTreeMap<String, Value>,
    messages: BTreeMap<String, Value>,
}

/// What follows from a conversation and the viewer rather than from events alone.
const DERIVED: &[&str] = &["can", "draft", "last_read_at", "updated_at"];

fn plain(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !DERIVED.contains(&key.as_str()));
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn fetch_one(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<(Value, Vec<Value>), Error> {
    let view = serde_json::to_value(conversations::get(tx, actor, id)?).unwrap();
    let page = messages::page(tx, actor, id, Range::Newest, Some(200))?;
    Ok((plain(view), page.items.iter().map(|item| plain(serde_json::to_value(item).unwrap())).collect()))
}

impl Client {
    fn start(world: &World, actor: &Actor) -> Client {
        let actor = actor.clone();
        world
            .read(move |tx| {
                let taken = snapshot::take(tx, &actor, Some(200))?;
                let mut client = Client {
                    actor: actor.clone(),
                    seq: taken.position.seq,
                    epoch: taken.position.epoch,
                    conversations: BTreeMap::new(),
                    messages: BTreeMap::new(),
                };
                for view in taken.conversations.items {
                    client.take_in(fetch_one(tx, &actor, view.id)?);
                }
                Ok(client)
            })
            .unwrap()
    }

    fn take_in(&mut self, (view, items): (Value, Vec<Value>)) {
        for item in items {
            self.messages.insert(text(&item["id"]), item);
        }
        self.conversations.insert(text(&view["id"]), view);
    }

    /// Everything since the last event, one page of three after the other.
    fn catch_up(&mut self, world: &World) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let (actor, epoch, after) = (self.actor.clone(), self.epoch, self.seq);
            let replay = world.read(move |tx| events::replay(tx, &actor, epoch, after, 3)).unwrap();
            let Replay::Events { events, seen: upto, done } = replay else { panic!("reset") };
            for event in events {
                let value: Value = serde_json::from_str(&event.json).unwrap();
                assert_eq!(value["seq"], event.seq);
                self.apply(world, &value);
                seen.push(value);
            }
            self.seq = upto;
            if done {
                return seen;
            }
        }
    }

    fn apply(&mut self, world: &World, event: &Value) {
        let kind = event["type"].as_str().unwrap();
        let data = plain(event["data"].clone());
        let place = event["conversation_id"].as_str().unwrap_or_default().to_owned();
        match kind {
            "conversation.opened" => self.fetch(world, &place),
            "participant.added" => self.entered(world, &place, &data),
            "participant.removed" => self.gone(&place, &data),
            "history.imported" => *self = Client::start(world, &self.actor),
            _ if !self.conversations.contains_key(&place) => {}
            "message.posted" => self.posted(&place, &data),
            "message.edited" | "message.deleted" => self.changed(&place, &data),
            "message.reacted" => self.message(&data)["reactions"] = data["reactions"].clone(),
            "message.pinned" => self.pinned(&place, &data),
            "conversation.updated" => {
                let view = self.conversations.get_mut(&place).unwrap();
                for (field, value) in data["changes"].as_object().unwrap() {
                    view[field] = value.clone();
                }
            }
            "participant.updated" => self.participants(&place, &data),
            "read" => self.position(&place, &data, "last_read_seq"),
            "delivered" => self.position(&place, &data, "last_delivered_seq"),
            "me.conversation" => self.conversations.get_mut(&place).unwrap()["me"] = data["me"].clone(),
            "acknowledged" | "draft.saved" => {}
            other => panic!("unknown event {other}"),
        }
    }

    fn fetch(&mut self, world: &World, place: &str) {
        let (actor, id): (Actor, ConversationId) = (self.actor.clone(), place.parse().unwrap());
        match world.read(move |tx| fetch_one(tx, &actor, id)) {
            Ok(found) => self.take_in(found),
            Err(Error::NotFound { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn message(&mut self, data: &Value) -> &mut Value {
        self.messages.get_mut(data["message_id"].as_str().unwrap()).expect("a known message")
    }

    fn is_me(&self, id: &Value) -> bool {
        id.as_str() == Some(&self.actor.id().to_string())
    }

    fn posted(&mut self, place: &str, data: &Value) {
        let item = &data["message"];
        let known = self.conversations[place]["last_seq"].as_i64() >= item["seq"].as_i64();
        if let Some(root) = item["thread_root_id"].as_str().filter(|_| !known) {
            let root = self.messages.get_mut(root).expect("a known root");
            root["reply_count"] = json!(root["reply_count"].as_i64().unwrap() + 1);
        }
        self.messages.insert(text(&item["id"]), item.clone());
        if known {
            return;
        }
        let mine = self.is_me(&item["author"]["id"]);
        let mentioned =
            item["mentions"].as_array().unwrap().iter().any(|mention| self.is_me(&mention["user_id"]));
        let is_staff = self.actor.is_staff();
        let view = self.conversations.get_mut(place).unwrap();
        view["last_seq"] = item["seq"].clone();
        view["last_activity_at"] = data["conversation"]["last_activity_at"].clone();
        view["last_message"] = shortened(item);
        let is_text = item["kind"] == "text";
        let author = &item["author"];
        let read = &data["author_read_seq"];
        if mine && is_text && !read.is_null() {
            view["me"]["last_read_seq"] = read.clone();
        }
        for participant in view["participants"].as_array_mut().unwrap() {
            if participant["person"]["id"] == author["id"] && is_text && !read.is_null() {
                participant["last_read_seq"] = read.clone();
            }
        }
        if is_text && !mine && (view["me"]["participant"] == true || view["kind"] == "announcement") {
            add(&mut view["me"]["unread"], 1);
            add(&mut view["me"]["mentions"], i64::from(mentioned));
        }
        if view["kind"] == "support" && is_staff && is_text {
            let by_contact = author["kind"] == "contact";
            view["team_unread"] =
                if by_contact { json!(view["team_unread"].as_i64().unwrap() + 1) } else { json!(0) };
        }
    }

    fn changed(&mut self, place: &str, data: &Value) {
        let item = &data["message"];
        let id = text(&item["id"]);
        let before = self.messages.insert(id.clone(), item.clone()).unwrap();
        let deleted = !item["deleted_at"].is_null() && before["deleted_at"].is_null();
        if deleted && !item["thread_root_id"].is_null() {
            let root = item["thread_root_id"].as_str().unwrap();
            add(&mut self.messages.get_mut(root).unwrap()["reply_count"], -1);
        }
        let mine = self.is_me(&item["author"]["id"]);
        let view = self.conversations.get_mut(place).unwrap();
        if view["last_message"]["id"] == item["id"] {
            view["last_message"] = shortened(item);
        }
        if deleted && !before["pinned_at"].is_null() {
            add(&mut view["pinned_count"], -1);
        }
        let unread = item["seq"].as_i64() > view["me"]["last_read_seq"].as_i64();
        if deleted && unread && !mine {
            add(&mut view["me"]["unread"], -1);
        }
        let quoted: Vec<String> = self.messages.keys().cloned().collect();
        for other in quoted {
            let other = self.messages.get_mut(&other).unwrap();
            if other["reply_to"]["id"] == item["id"] {
                other["reply_to"]["preview"] = json!(messages::preview(item["body"].as_str().unwrap(), 120));
                other["reply_to"]["deleted"] = json!(!item["deleted_at"].is_null());
            }
        }
    }

    fn pinned(&mut self, place: &str, data: &Value) {
        self.message(data)["pinned_at"] = data["pinned_at"].clone();
        let change = if data["pinned_at"].is_null() { -1 } else { 1 };
        add(&mut self.conversations.get_mut(place).unwrap()["pinned_count"], change);
    }

    fn entered(&mut self, world: &World, place: &str, data: &Value) {
        let me = data["participants"].as_array().unwrap().iter().any(|one| self.is_me(&one["person"]["id"]));
        if me || !self.conversations.contains_key(place) {
            self.fetch(world, place);
        } else {
            self.participants(place, data);
        }
    }

    fn participants(&mut self, place: &str, data: &Value) {
        let own = self.actor.id().to_string();
        let view = self.conversations.get_mut(place).unwrap();
        for new in data["participants"].as_array().unwrap() {
            let list = view["participants"].as_array_mut().unwrap();
            list.retain(|old| old["person"]["id"] != new["person"]["id"]);
            list.push(new.clone());
            list.sort_by_key(|one| (text(&one["joined_at"]), text(&one["person"]["id"])));
            if new["person"]["id"] == own.as_str() {
                view["me"]["role"] = new["role"].clone();
            }
        }
        if let Some(count) = data.get("members_count") {
            view["members_count"] = count.clone();
        }
    }

    fn gone(&mut self, place: &str, data: &Value) {
        for one in data["participants"].as_array().unwrap() {
            let me = self.is_me(&one["person"]["id"]);
            if me {
                self.conversations.remove(place);
                self.messages.retain(|_, item| item["conversation_id"] != place);
            } else if let Some(view) = self.conversations.get_mut(place) {
                let list = view["participants"].as_array_mut().unwrap();
                list.retain(|old| old["person"]["id"] != one["person"]["id"]);
                view["members_count"] = data["members_count"].clone();
            }
        }
    }

    /// Read positions of staff may lie beyond what a contact sees: it shows the smaller of the two.
    fn shown(&self) -> BTreeMap<String, Value> {
        let mut shown = self.conversations.clone();
        for view in shown.values_mut().filter(|_| self.actor.is_contact()) {
            let last = view["last_seq"].as_i64();
            for participant in view["participants"].as_array_mut().unwrap() {
                for field in ["last_read_seq", "last_delivered_seq"] {
                    participant[field] = json!(participant[field].as_i64().min(last));
                }
            }
        }
        shown
    }

    fn position(&mut self, place: &str, data: &Value, field: &str) {
        let me = self.is_me(&data["person_id"]);
        let view = self.conversations.get_mut(place).unwrap();
        if me {
            view["me"][field] = data[field].clone();
        }
        for participant in view["participants"].as_array_mut().unwrap() {
            if participant["person"]["id"] == data["person_id"] {
                participant[field] = data[field].clone();
                if field == "last_read_seq"
                    && participant["last_delivered_seq"].as_i64() < data[field].as_i64()
                {
                    participant["last_delivered_seq"] = data[field].clone();
                }
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn add(value: &mut Value, change: i64) {
    *value = json!(value.as_i64().unwrap() + change);
}

fn shortened(item: &Value) -> Value {
    json!({
        "id": item["id"], "seq": item["seq"], "kind": item["kind"], "author": item["author"],
        "preview": messages::preview(item["body"].as_str().unwrap(), 140),
        "is_private_note": item["is_private_note"], "deleted": !item["deleted_at"].is_null(),
        "system": item["system"], "created_at": item["created_at"],
    })
}

/// Runs an operation and compares, for everybody, the old state and the events with the state of now.
fn verify<T: Send + 'static + Debug>(
    world: &World,
    clients: &mut [Client],
    what: &str,
    operation: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
) -> T {
    let result = world.write(operation).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    for client in clients {
        client.catch_up(world);
        let fresh = Client::start(world, &client.actor);
        let name = &client.actor.person.name;
        assert_eq!(client.seq, fresh.seq, "{what} for {name}");
        similar(&format!("{what} for {name}: conversations"), &client.shown(), &fresh.shown());
        similar(&format!("{what} for {name}: messages"), &client.messages, &fresh.messages);
    }
    result
}

fn similar(what: &str, old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>) {
    let keys: Vec<_> = old.keys().collect();
    assert_eq!(keys, new.keys().collect::<Vec<_>>(), "{what}");
    for (key, value) in old {
        for (field, expected) in new[key].as_object().unwrap() {
            assert_eq!(&value[field], expected, "{what}: {field} of {}", new[key]);
        }
    }
}

#[test]
fn every_operation_is_told_completely() {
    let world = World::new();
    let all = [
        Right::Group,
        Right::Channel,
        Right::Announce,
        Right::Broadcast,
        Right::Support,
        Right::Contacts,
        Right::Ticket,
    ];
    let (ana, ben, cleo) =
        (world.user("Ana Lima", &all), world.user("Ben Roth", &all), world.user("Cleo Petit", &[]));
    let kim = world.contact("Kim");
    let mut clients: Vec<Client> =
        [&ana, &ben, &cleo, &kim].into_iter().map(|actor| Client::start(&world, actor)).collect();
    let clients = &mut clients;
    let open = |new: conversations::NewConversation, by: &Actor| {
        let by = by.clone();
        move |tx: &mut Tx| {
            let body = new.message.as_ref().map(|message| body(&message.body));
            Ok(conversations::open(tx, &by, &new, body.as_ref())?.conversation.id)
        }
    };
    let post = |by: &Actor, id: ConversationId, words: &'static str, root: Option<MessageId>, note: bool| {
        let by = by.clone();
        move |tx: &mut Tx| {
            let mut new = message(words);
            new.thread_root_id = root;
            new.is_private_note = note;
            Ok(messages::post(tx, &by, id, &new, &body(words))?.message.id)
        }
    };

    // A group: messages and everything that is done to them.
    let mut new = blank(Kind::Group);
    new.user_ids = vec![ben.id()];
    let group = verify(&world, clients, "open a group", open(new, &ana));
    let first = verify(&world, clients, "post", post(&ana, group, "hello @[Ben Roth]", None, false));
    let reply = verify(&world, clients, "reply", post(&ben, group, "**hi** there", Some(first), false));
    let by = ana.clone();
    verify(&world, clients, "edit", move |tx| messages::edit(tx, &by, first, &body("hello again @ben")));
    let by = ben.clone();
    verify(&world, clients, "react", move |tx| messages::react(tx, &by, first, "👍", true));
    let by = ben.clone();
    verify(&world, clients, "take a reaction back", move |tx| messages::react(tx, &by, first, "👍", false));
    let by = ben.clone();
    verify(&world, clients, "pin", move |tx| messages::pin(tx, &by, reply, true));
    let by = ana.clone();
    verify(&world, clients, "deliver", move |tx| reads::delivered(tx, &by, group, 3));
    let by = ana.clone();
    verify(&world, clients, "read", move |tx| reads::read(tx, &by, group, None));
    let by = ben.clone();
    verify(&world, clients, "mark unread", move |tx| reads::unread_from(tx, &by, group, 1));
    let by = ben.clone();
    verify(&world, clients, "delete", move |tx| messages::delete(tx, &by, reply));
    let (by, who) = (ana.clone(), cleo.id());
    verify(&world, clients, "add", move |tx| participants::add(tx, &by, group, &[who], Role::Member));
    verify(&world, clients, "post as newcomer", post(&cleo, group, "thanks", None, false));
    let by = ana.clone();
    verify(&world, clients, "give a role", move |tx| {
        participants::set_role(tx, &by, group, who, Role::Admin)
    });
    let by = cleo.clone();
    let mute = MeChange { muted: Some(true), notify: Some("mentions".to_owned()) };
    verify(&world, clients, "mute", move |tx| participants::prefer(tx, &by, group, &mute));
    let by = cleo.clone();
    verify(&world, clients, "draft", move |tx| drafts::put(tx, &by, group, "reply", "to be"));
    let by = ana.clone();
    verify(&world, clients, "remove", move |tx| participants::remove(tx, &by, group, who));
    verify(&world, clients, "post after the removal", post(&ana, group, "she is gone", None, false));
    let by = ana.clone();
    verify(&world, clients, "let come back", move |tx| {
        participants::add(tx, &by, group, &[who], Role::Member)
    });
    let (by, who) = (ben.clone(), ben.id());
    verify(&world, clients, "leave", move |tx| participants::remove(tx, &by, group, who));
    let by = ana.clone();
    let change = ConversationChange {
        title: Some("Plans".to_owned()),
        description: Some(Some("for the summer".to_owned())),
        ..Default::default()
    };
    verify(&world, clients, "rename", move |tx| {
        conversations::update(tx, &by, group, &change).map(|view| view.id)
    });

    // Direct, channel, broadcast, announcement.
    let mut new = blank(Kind::Direct);
    new.user_ids = vec![cleo.id()];
    new.message = Some(message("a word with you"));
    verify(&world, clients, "open a direct", open(new, &ben));
    let mut new = blank(Kind::Channel);
    new.title = Some("General".to_owned());
    let channel = verify(&world, clients, "open a channel", open(new, &ana));
    let by = cleo.clone();
    verify(&world, clients, "join", move |tx| participants::join(tx, &by, channel).map(|me| me.participant));
    let by = ana.clone();
    let change = ConversationChange { status: Some("archived".to_owned()), ..Default::default() };
    verify(&world, clients, "archive", move |tx| {
        conversations::update(tx, &by, channel, &change).map(|view| view.id)
    });
    let mut new = blank(Kind::Broadcast);
    new.user_ids = vec![ben.id(), cleo.id()];
    new.message = Some(message("please read"));
    let broadcast = verify(&world, clients, "open a broadcast", open(new, &ana));
    let by = cleo.clone();
    verify(&world, clients, "acknowledge", move |tx| {
        reads::acknowledge(tx, &by, broadcast).map(|me| me.unread)
    });
    let mut new = blank(Kind::Announcement);
    new.title = Some("News".to_owned());
    new.message = Some(message("all of you"));
    let news = verify(&world, clients, "announce", open(new, &ana));
    let by = cleo.clone();
    verify(&world, clients, "read an announcement", move |tx| reads::read(tx, &by, news, None));
    verify(&world, clients, "post to an announcement", post(&ana, news, "one more thing", None, false));

    // Support, with notes, and the ticket that follows from it.
    let mut new = blank(Kind::Support);
    new.message = Some(message("my order is late"));
    let support = verify(&world, clients, "ask for support", open(new, &kim));
    verify(&world, clients, "leave a note", post(&ana, support, "a difficult one", None, true));
    verify(&world, clients, "answer", post(&ana, support, "let me see", None, false));
    verify(&world, clients, "ask again", post(&kim, support, "thank you", None, false));
    let (by, who) = (ana.clone(), ben.id());
    let change = ConversationChange {
        assignee_id: Some(Some(who)),
        priority: Some("urgent".to_owned()),
        labels: Some(vec!["late".to_owned()]),
        ..Default::default()
    };
    verify(&world, clients, "assign", move |tx| {
        conversations::update(tx, &by, support, &change).map(|view| view.id)
    });
    let by = ben.clone();
    verify(&world, clients, "read for the team", move |tx| reads::read(tx, &by, support, None));
    let mut new = blank(Kind::Ticket);
    new.title = Some("Find the parcel".to_owned());
    new.linked_conversation_id = Some(support);
    let ticket = verify(&world, clients, "escalate", open(new, &ben));
    let by = ben.clone();
    let change = ConversationChange { status: Some("resolved".to_owned()), ..Default::default() };
    verify(&world, clients, "resolve the ticket", move |tx| {
        conversations::update(tx, &by, ticket, &change).map(|view| view.id)
    });
    let by = ben.clone();
    let until = Time(world.now().0 + 60_000_000_000);
    let change = ConversationChange { snoozed_until: Some(Some(until)), ..Default::default() };
    verify(&world, clients, "snooze", move |tx| {
        conversations::update(tx, &by, support, &change).map(|view| view.id)
    });
}

#[test]
fn numbers_have_no_gaps_and_a_replay_tells_no_deleted_text() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let start = Client::start(&world, &ben);
    let id = world.group(&ana, &[&ben]);
    let sent = world.post(&ana, id, "the secret word is plover").unwrap();
    let (by, message) = (ana.clone(), sent.id);
    world.write(move |tx| messages::edit(tx, &by, message, &body("the secret word is xyzzy"))).unwrap();
    assert!(world.post(&ben, ConversationId(uuid::Uuid::nil()), "lost").is_err());
    let by = ana.clone();
    world.write(move |tx| messages::delete(tx, &by, message)).unwrap();
    let tenant = world.tenant.id;
    let all = world.read(move |tx| events::since(tx, tenant, 0, 1000)).unwrap();
    let numbers: Vec<i64> = all.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
    let told: String = start.clone().catch_up(&world).iter().map(Value::to_string).collect();
    assert!(told.contains("message.posted") && told.contains("message.deleted"));
    assert!(!told.contains("plover") && !told.contains("xyzzy"), "{told}");
}

#[test]
fn a_contact_never_meets_a_private_note() {
    let world = World::new();
    let agent = world.user("Ana", &[Right::Support]);
    let kim = world.contact("Kim");
    let mut new = blank(Kind::Support);
    new.message = Some(message("hello"));
    let id = world.open(&kim, new).unwrap().conversation.id;
    let mut before = Client::start(&world, &kim);
    let note =
        world.post_as(&agent, id, "plover: she is angry @ana", |new| new.is_private_note = true).unwrap();
    let (by, message) = (agent.clone(), note.id);
    world.write(move |tx| messages::react(tx, &by, message, "👀", true)).unwrap();
    let by = agent.clone();
    world.write(move |tx| messages::edit(tx, &by, message, &body("plover: she is very angry"))).unwrap();
    let told: String = before.catch_up(&world).iter().map(Value::to_string).collect();
    let fresh = Client::start(&world, &kim);
    let state = format!("{:?}{:?}", fresh.conversations, fresh.messages);
    assert!(!told.contains("plover") && !told.contains("message.reacted") && !state.contains("plover"));
    assert_eq!(fresh.conversations[&id.to_string()]["me"]["unread"], 0);
    let contact = kim.clone();
    let found = world.read(move |tx| {
        let question = parlor_chat::search::Question { text: "plover".to_owned(), ..Default::default() };
        Ok((
            parlor_chat::search::search(tx, &contact, &question)?.items.len(),
            messages::get(tx, &contact, message).is_err(),
            messages::thread(tx, &contact, message).is_err(),
            messages::history(tx, &contact, message).is_err(),
            messages::page(tx, &contact, id, Range::Around(note.seq), None)?
                .items
                .iter()
                .any(|m| m.id == message),
            conversations::list(tx, &contact, &ListFilter::default())?
                .items
                .iter()
                .any(|view| serde_json::to_string(view).is_ok_and(|text| text.contains("plover"))),
        ))
    });
    assert_eq!(found.unwrap(), (0, true, true, true, false, false));
    let by = agent.clone();
    let seen = world.read(move |tx| {
        let question = parlor_chat::search::Question { text: "plover".to_owned(), ..Default::default() };
        parlor_chat::search::search(tx, &by, &question)
    });
    assert_eq!(seen.unwrap().items.len(), 1, "staff finds it");
}

#[test]
fn whoever_was_removed_gets_nothing_after_that_also_on_replay() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    let mut before = Client::start(&world, &ben);
    world.post(&ana, id, "while he is here").unwrap();
    let (by, who) = (ana.clone(), ben.id());
    world.write(move |tx| participants::remove(tx, &by, id, who)).unwrap();
    world.post(&ana, id, "when he is gone").unwrap();
    let told = before.catch_up(&world);
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["participant.removed"]);
    assert!(before.conversations.is_empty());
}

#[test]
fn cursors_of_another_log_or_time_get_a_reset() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    world.group(&ana, &[]);
    let (by, tenant) = (ana.clone(), world.tenant.id);
    let position = world.read(move |tx| events::position(tx, tenant)).unwrap();
    let replay = |epoch, after| {
        let by = by.clone();
        matches!(world.read(move |tx| events::replay(tx, &by, epoch, after, 10)).unwrap(), Replay::Reset)
    };
    assert!(!replay(position.epoch, 0) && !replay(position.epoch, position.seq));
    assert!(replay(position.epoch, position.seq + 1) && replay(position.epoch + 1, 0));
    world.pass(100);
    let late = world.now();
    world.write(move |tx| events::prune(tx, tenant, late, 2)).unwrap();
    assert!(replay(position.epoch, 0) && replay(position.epoch, 1) && !replay(position.epoch, 2));
}
