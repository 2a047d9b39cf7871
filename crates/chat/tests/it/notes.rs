//! Private notes, case by case: what may answer them, what earlier versions have left behind, what their marks and times
//! tell. Random conversations are in visible.rs.

use std::collections::BTreeSet;

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Priority, Right,
    conversations::{self, ConversationChange, ListFilter},
    messages::{self, Message},
    participants, read_state,
};
use parlor_db::{Sql, params};
use serde_json::json;

use crate::{
    client::Client,
    support::{World, blank, body, rule},
    visible::{MARK, everything, look_through, rows},
};

static MAKE_PRIVATE: Sql =
    Sql::both("tests::MAKE_PRIVATE", "UPDATE messages SET is_private = TRUE WHERE tenant = $1 AND id = $2");

struct Support {
    world: World,
    kim: Actor,
    ana: Actor,
    id: ConversationId,
}

fn support() -> Support {
    let world = World::new();
    let (kim, ana) = (world.contact("Kim"), world.user("Ana", &[Right::Support]));
    let mut new = blank(Kind::Support);
    new.message = Some(crate::support::message("hello"));
    let id = world.open(&kim, new).unwrap().conversation.id;
    Support { world, kim, ana, id }
}

impl Support {
    fn post(
        &self,
        by: &Actor,
        text: &str,
        note: bool,
        reply: Option<MessageId>,
        root: Option<MessageId>,
    ) -> Result<Message, Error> {
        self.world.post_as(by, self.id, text, move |new| {
            new.is_private_note = note;
            (new.reply_to_id, new.thread_root_id) = (reply, root);
        })
    }
}

#[test]
fn a_message_for_everybody_answers_no_note() {
    let scene = support();
    let (ana, kim) = (&scene.ana, &scene.kim);
    let first = scene.post(kim, "where is it?", false, None, None).unwrap().id;
    let note = scene.post(ana, "plover", true, None, None).unwrap().id;
    let inside = scene.post(ana, "plover too", true, None, Some(first)).unwrap().id;
    let refused = |by, reply, root| rule(scene.post(by, "here", false, reply, root));
    for (reply, root, field) in [
        (Some(note), None, "reply_to_id"),
        (None, Some(note), "thread_root_id"),
        (Some(note), Some(note), "reply_to_id"),
        (Some(first), Some(note), "thread_root_id"),
        (Some(inside), Some(first), "reply_to_id"),
        (Some(first), Some(inside), "thread_root_id"),
    ] {
        assert_eq!(refused(ana, reply, root), format!("invalid: {field} private_note"));
        assert_eq!(refused(kim, reply, root), format!("invalid: {field} known"), "not there for the contact");
    }
    // Notes answer what they like, and messages for everybody go on in a thread that has notes.
    let answer = scene.post(ana, "plover again", true, Some(note), None).unwrap();
    assert_eq!((answer.reply_to.unwrap().id, answer.thread_root_id), (note, Some(note)));
    let public = scene.post(ana, "on its way", false, None, Some(first)).unwrap();
    assert_eq!(public.thread_root_id, Some(first));
    let count = |who: &Actor| {
        let who = who.clone();
        scene.world.read(move |tx| messages::get(tx, &who, first)).unwrap().reply_count
    };
    assert_eq!((count(ana), count(kim)), (2, 1));
}

#[test]
fn answers_to_notes_from_earlier_versions_are_shown_and_told_without_them() {
    let scene = support();
    let (ana, kim, place) = (&scene.ana, &scene.kim, scene.id);
    // As it was written then: everybody was told of the quote, the thread and how far somebody had read.
    let note = scene.post(ana, MARK, false, None, None).unwrap();
    let by = ana.clone();
    scene.world.write(move |tx| read_state::delivered(tx, &by, place, note.seq)).unwrap();
    let by = kim.clone();
    scene.world.write(move |tx| read_state::read(tx, &by, place, Some(note.seq))).unwrap();
    let answer = scene.post(ana, "20 %", false, Some(note.id), None).unwrap();
    let by = ana.clone();
    scene.world.write(move |tx| messages::edit(tx, &by, answer.id, &body("25 %"))).unwrap();
    let by = kim.clone();
    scene.world.write(move |tx| messages::react(tx, &by, note.id, "👍", true)).unwrap();
    make_private(&scene.world, note.id);
    let check = |what: &str| {
        let hidden = BTreeSet::from([note.id.to_string()]);
        let rows = rows(&scene.world, place);
        let seen = rows.iter().filter(|row| !row.private).map(|row| row.seq).chain([0]).collect();
        let mut found = everything(&scene.world, kim);
        found.remove("told");
        for (part, value) in &found {
            look_through(&format!("{what}: {part}"), value, &hidden, &seen);
        }
        found
    };
    scene.world.index();
    let found = check("as stored");
    let thread = found[&format!("{place} thread")].as_array().unwrap();
    assert_eq!(thread.len(), 1, "the answer without the root");
    let staff = ana.clone();
    let thread = scene.world.read(move |tx| messages::thread(tx, &staff, answer.id)).unwrap();
    assert_eq!(
        (thread[0].id, thread[1].reply_to.as_ref().unwrap().id),
        (note.id, note.id),
        "the staff sees it"
    );

    // What is done to the answer now tells everybody no more, and the staff the whole.
    let mut clients = [Client::start(&scene.world, kim), Client::start(&scene.world, ana)];
    let by = ana.clone();
    scene.world.write(move |tx| messages::edit(tx, &by, answer.id, &body("30 %"))).unwrap();
    check("edited");
    for client in &mut clients {
        client.catch_up(&scene.world);
        assert_eq!(client.messages, Client::start(&scene.world, &client.actor).messages);
    }
    let again = scene.post(kim, "and 40?", false, Some(answer.id), None).unwrap();
    assert_eq!(again.thread_root_id, Some(answer.id), "the thread begins where the contact sees it begin");
    let by = ana.clone();
    scene.world.write(move |tx| messages::delete(tx, &by, answer.id)).unwrap();
    let told = check("deleted");
    assert!(!told["replay"].to_string().contains("25 %") && !told["replay"].to_string().contains("30 %"));
}

fn make_private(world: &World, id: MessageId) {
    let tenant = world.tenant.id;
    let done = world.test.db.write_blocking(0, move |db| db.execute(&MAKE_PRIVATE, params![tenant, id]));
    assert_eq!(done.map_err(|error: parlor_db::Error| error.to_string()).unwrap(), 1);
}

#[test]
fn marks_on_what_parlor_noted_down_for_the_staff_are_told_to_the_staff() {
    let scene = support();
    let (ana, place) = (&scene.ana, scene.id);
    let change = ConversationChange { priority: Some(Priority::High), ..Default::default() };
    let by = ana.clone();
    scene.world.write(move |tx| conversations::update(tx, &by, place, &change).map(|view| view.id)).unwrap();
    let by = ana.clone();
    scene.world.write(move |tx| participants::join(tx, &by, place).map(drop)).unwrap();
    let noted = rows(&scene.world, place).into_iter().find(|row| !row.text).unwrap();
    let by = ana.clone();
    scene.world.write(move |tx| messages::react(tx, &by, noted.id, "👍", true)).unwrap();
    let by = ana.clone();
    scene.world.write(move |tx| messages::pin(tx, &by, noted.id, true)).unwrap();
    let found = everything(&scene.world, &scene.kim);
    assert!(!json!(found).to_string().contains(&noted.id.to_string()));
    assert_eq!(found[&place.to_string()]["pinned_count"], 0);
}

/// The order of a contact's list, its times and its cursor tell of nothing that it does not see.
#[test]
fn a_contacts_list_is_ordered_by_what_it_sees() {
    let scene = support();
    let later = scene.world.open(&scene.kim, blank(Kind::Support)).unwrap().conversation.id;
    scene.world.post(&scene.kim, later, "another thing").unwrap();
    let list = |limit| {
        let kim = scene.kim.clone();
        let filter = ListFilter { limit, ..Default::default() };
        let page = scene.world.read(move |tx| conversations::list(tx, &kim, &filter)).unwrap();
        let items: Vec<_> = page.items.iter().map(|view| (view.id, view.last_activity_at)).collect();
        (items, page.next)
    };
    let (before, first) = (list(None), list(Some(1)));
    scene.world.pass(60);
    scene.post(&scene.ana, "plover", true, None, None).unwrap();
    assert_eq!((list(None), list(Some(1))), (before, first));
}
