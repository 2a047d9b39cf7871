//! The log and its promise: an old state and the events since then give the state of now, for every operation and for
//! everybody who looks. And: whoever may not see something does not find it in a replay.

use std::{collections::BTreeMap, fmt::Debug};

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Notify, Priority, Right, Status, Time, Tx,
    contacts::{self, ContactInput},
    conversations::{self, ConversationChange, ListFilter, Role},
    drafts,
    events::{self},
    messages::{self, Range},
    notifications::{self, NewNotification},
    participants::{self, MeChange},
    read_state,
    replay::{self, Replay},
    retention,
    roles::{self, RoleChange},
    settings, stores,
    teams::{self, TeamChange},
    users::{self, NewUser, ProfileChange, UserChange},
    words::NotificationStatus,
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    support::{World, blank, body, message},
};

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
        let (told, now) = (client.directory.clone().sorted(), fresh.directory.sorted());
        similar(&format!("{what} for {name}: users"), &told.users, &now.users);
        similar(&format!("{what} for {name}: teams"), &told.teams, &now.teams);
        similar(&format!("{what} for {name}: roles"), &told.roles, &now.roles);
        similar(&format!("{what} for {name}: stores"), &told.stores, &now.stores);
        similar(&format!("{what} for {name}: notifications"), &told.notifications, &now.notifications);
        assert_eq!(told.settings, now.settings, "{what} for {name}: settings");
        assert_eq!(told.profile, now.profile, "{what} for {name}: profile");
        // Somebody who comes to read a conversation with a contact fetches the contact.
        let seen = now.contacts.into_iter().filter(|(id, _)| told.contacts.contains_key(id)).collect();
        similar(&format!("{what} for {name}: contacts"), &told.contacts, &seen);
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

/// People, and a client of each that has been here from the start.
struct Scene {
    world: World,
    ana: Actor,
    ben: Actor,
    cleo: Actor,
    kim: Actor,
    clients: Vec<Client>,
}

fn scene() -> Scene {
    let world = World::new();
    let all = [
        Right::Group,
        Right::Channel,
        Right::Announce,
        Right::Broadcast,
        Right::Support,
        Right::Contacts,
        Right::Ticket,
        Right::Messenger,
    ];
    let (ana, ben) = (world.user("Ana Lima", &all), world.user("Ben Roth", &all));
    let (cleo, kim) = (world.user("Cleo Petit", &[Right::Messenger]), world.contact("Kim"));
    let clients = [&ana, &ben, &cleo, &kim].into_iter().map(|actor| Client::start(&world, actor)).collect();
    Scene { world, ana, ben, cleo, kim, clients }
}

fn open(
    new: conversations::NewConversation,
    by: &Actor,
) -> impl FnMut(&mut Tx) -> Result<ConversationId, Error> + Send + 'static {
    let by = by.clone();
    move |tx: &mut Tx| {
        let body = new.message.as_ref().map(|message| body(&message.body));
        Ok(conversations::open(tx, &by, &new, body.as_ref())?.conversation.id)
    }
}

fn post(
    by: &Actor,
    id: ConversationId,
    words: &'static str,
    root: Option<MessageId>,
    note: bool,
) -> impl FnMut(&mut Tx) -> Result<MessageId, Error> + Send + 'static {
    let by = by.clone();
    move |tx: &mut Tx| {
        let mut new = message(words);
        new.thread_root_id = root;
        new.is_private_note = note;
        Ok(messages::post(tx, &by, id, &new, &body(words))?.message.id)
    }
}

#[test]
fn what_is_done_to_messages_is_told_completely() {
    let Scene { world, ana, ben, cleo: _, kim: _, mut clients } = scene();
    let clients = &mut clients;
    // A group: messages and everything that is done to them.
    let mut new = blank(Kind::Group);
    new.user_ids = vec![ben.id()];
    let group = verify(&world, clients, "open a group", open(new, &ana));
    let first = verify(&world, clients, "post", post(&ana, group, "hello @[Ben Roth]", None, false));
    let reply = verify(&world, clients, "reply", post(&ben, group, "**hi** there", Some(first), false));
    verify(&world, clients, "call all", post(&ben, group, "lunch, @all?", None, false));
    let by = ana.clone();
    verify(&world, clients, "edit", move |tx| messages::edit(tx, &by, first, &body("hello again @ben")));
    let by = ben.clone();
    verify(&world, clients, "react", move |tx| messages::react(tx, &by, first, "👍", true));
    let by = ben.clone();
    verify(&world, clients, "take a reaction back", move |tx| messages::react(tx, &by, first, "👍", false));
    let by = ben.clone();
    verify(&world, clients, "pin", move |tx| messages::pin(tx, &by, reply, true));
    let by = ana.clone();
    verify(&world, clients, "deliver", move |tx| read_state::delivered(tx, &by, group, 3));
    let by = ana.clone();
    verify(&world, clients, "read", move |tx| read_state::read(tx, &by, group, None));
    let by = ben.clone();
    verify(&world, clients, "mark unread", move |tx| read_state::unread_from(tx, &by, group, 1));
    let by = ben.clone();
    verify(&world, clients, "delete", move |tx| messages::delete(tx, &by, reply));
}

#[test]
fn comings_and_goings_are_told_completely() {
    let Scene { world, ana, ben, cleo, kim: _, mut clients } = scene();
    let clients = &mut clients;
    let mut new = blank(Kind::Group);
    new.user_ids = vec![ben.id()];
    let group = verify(&world, clients, "open a group", open(new, &ana));
    verify(&world, clients, "post", post(&ana, group, "before she came", None, false));
    let (by, who) = (ana.clone(), cleo.id());
    verify(&world, clients, "add", move |tx| participants::add(tx, &by, group, &[who], Role::Member));
    verify(&world, clients, "post as newcomer", post(&cleo, group, "thanks", None, false));
    let by = ana.clone();
    verify(&world, clients, "give a role", move |tx| {
        participants::set_role(tx, &by, group, who, Role::Admin)
    });
    let by = cleo.clone();
    let mute = MeChange { muted: Some(true), notify: Some(Notify::Mentions) };
    verify(&world, clients, "mute", move |tx| participants::set_preferences(tx, &by, group, &mute));
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
}

#[test]
fn every_kind_for_staff_is_told_completely() {
    let Scene { world, ana, ben, cleo, kim: _, mut clients } = scene();
    let clients = &mut clients;
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
    let change = ConversationChange { status: Some(Status::Archived), ..Default::default() };
    verify(&world, clients, "archive", move |tx| {
        conversations::update(tx, &by, channel, &change).map(|view| view.id)
    });
    let mut new = blank(Kind::Broadcast);
    new.user_ids = vec![ben.id(), cleo.id()];
    new.message = Some(message("please read"));
    let broadcast = verify(&world, clients, "open a broadcast", open(new, &ana));
    let by = cleo.clone();
    verify(&world, clients, "acknowledge", move |tx| {
        read_state::acknowledge(tx, &by, broadcast).map(|me| me.unread)
    });
    let mut new = blank(Kind::Announcement);
    new.title = Some("News".to_owned());
    new.message = Some(message("all of you"));
    let news = verify(&world, clients, "announce", open(new, &ana));
    let by = cleo.clone();
    verify(&world, clients, "read an announcement", move |tx| read_state::read(tx, &by, news, None));
    verify(&world, clients, "post to an announcement", post(&ana, news, "one more thing", None, false));
}

#[test]
fn support_and_tickets_are_told_completely() {
    let Scene { world, ana, ben, cleo: _, kim, mut clients } = scene();
    let clients = &mut clients;
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
        priority: Some(Priority::Urgent),
        labels: Some(vec!["late".to_owned()]),
        ..Default::default()
    };
    verify(&world, clients, "assign", move |tx| {
        conversations::update(tx, &by, support, &change).map(|view| view.id)
    });
    let by = ben.clone();
    verify(&world, clients, "read for the team", move |tx| read_state::read(tx, &by, support, None));
    let mut new = blank(Kind::Ticket);
    new.title = Some("Find the parcel".to_owned());
    new.linked_conversation_id = Some(support);
    let ticket = verify(&world, clients, "escalate", open(new, &ben));
    let by = ben.clone();
    let change = ConversationChange { status: Some(Status::Resolved), ..Default::default() };
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
    let all = world.read(move |tx| replay::since(tx, tenant, 0, 1000)).unwrap();
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
    world.index();
    let contact = kim.clone();
    let found = world.read(move |tx| {
        let question = parlor_chat::search::Query { text: "plover".to_owned(), ..Default::default() };
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
        let question = parlor_chat::search::Query { text: "plover".to_owned(), ..Default::default() };
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
        matches!(world.read(move |tx| replay::replay(tx, &by, epoch, after, 10)).unwrap(), Replay::Reset)
    };
    assert!(!replay(position.epoch, 0) && !replay(position.epoch, position.seq));
    assert!(replay(position.epoch, position.seq + 1) && replay(position.epoch + 1, 0));
    world.pass(100);
    let late = world.now();
    world.write(move |tx| retention::prune(tx, tenant, late, 2)).unwrap();
    assert!(replay(position.epoch, 0) && replay(position.epoch, 1) && !replay(position.epoch, 2));
}

#[test]
fn what_is_done_to_people_and_settings_is_told_completely() {
    let world = World::new();
    let manages = [Right::ManageUsers, Right::ManageSettings, Right::Contacts, Right::Group];
    let (ana, ben) = (world.user("Ana Lima", &manages), world.user("Ben Roth", &[Right::Contacts]));
    let mut clients: Vec<_> = [&ana, &ben].into_iter().map(|actor| Client::start(&world, actor)).collect();
    let clients = &mut clients;
    let system = world.system();
    let by = system.clone();
    let new = NewUser { name: "Cleo Petit".to_owned(), ..Default::default() };
    let cleo = verify(&world, clients, "a user", move |tx| users::create(tx, &by, &new, None)).id;
    let (by, who) = (system.clone(), cleo);
    let renamed = UserChange { name: Some("Cleo Petite".to_owned()), ..Default::default() };
    verify(&world, clients, "rename a user", move |tx| users::update(tx, &by, who, &renamed));
    let (by, members) = (system.clone(), vec![cleo, ben.id()]);
    let change = TeamChange { members: Some(members), ..Default::default() };
    let team = verify(&world, clients, "a team", move |tx| teams::create(tx, &by, "Support", &change)).id;
    let by = system.clone();
    let elsewhere = UserChange { teams: Some(Vec::new()), ..Default::default() };
    verify(&world, clients, "leave the team", move |tx| users::update(tx, &by, cleo, &elsewhere));
    let by = system.clone();
    verify(&world, clients, "delete the team", move |tx| teams::delete(tx, &by, team));
    let by = system.clone();
    let store = verify(&world, clients, "a store", move |tx| {
        stores::create(tx, &by, "Lisbon", None, Some(vec![cleo]))
    });
    let by = system.clone();
    verify(&world, clients, "delete the store", move |tx| stores::delete(tx, &by, store.id));
    let by = system.clone();
    let change = RoleChange { rights: Some(vec![Right::Group]), ..Default::default() };
    let role = verify(&world, clients, "a role", move |tx| roles::create(tx, &by, "Sales", &change)).id;
    let by = system.clone();
    let change = RoleChange { restricted: Some(true), writes_to: Some(vec![role]), ..Default::default() };
    let other = verify(&world, clients, "another role", move |tx| roles::create(tx, &by, "Help", &change)).id;
    let by = system.clone();
    let change = RoleChange { is_default: Some(true), ..Default::default() };
    verify(&world, clients, "the default role", move |tx| roles::update(tx, &by, other, &change));
    let by = system.clone();
    verify(&world, clients, "delete a role", move |tx| roles::delete(tx, &by, role));
    let by = ana.clone();
    let change = [("edit_window_seconds".to_owned(), json!(60))].into_iter().collect();
    verify(&world, clients, "a setting", move |tx| settings::update(tx, &by, &change));
    let by = ana.clone();
    let change = ProfileChange { locale: Some("pt".to_owned()), ..Default::default() };
    verify(&world, clients, "one's own profile", move |tx| users::update_profile(tx, &by, &change));
    let by = ana.clone();
    let kim = ContactInput { name: Some("Kim".to_owned()), ..Default::default() };
    let kim = verify(&world, clients, "a contact", move |tx| contacts::create(tx, &by, &kim)).id;
    let by = ben.clone();
    let change = ContactInput { name: Some("Kim Lee".to_owned()), ..Default::default() };
    verify(&world, clients, "rename a contact", move |tx| contacts::update(tx, &by, kim, &change));
    let by = ana.clone();
    let new = json!({"user_ids": [ben.id()], "title": "Look", "type": "alert"});
    let new: NewNotification = serde_json::from_value(new).unwrap();
    let sent = verify(&world, clients, "an alert", move |tx| notifications::send(tx, &by, &new));
    let (by, id) = (ben.clone(), sent[0].id);
    verify(&world, clients, "read it", move |tx| {
        notifications::set_status(tx, &by, id, NotificationStatus::Read)
    });
}
