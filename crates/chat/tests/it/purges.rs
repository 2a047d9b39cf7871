//! Purges: what is old is gone from everything that told of it, and unread stays what counting by hand gives.

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MessageId, Right, RowId, Time, Tx,
    attachments::{self, NewFile},
    conversations::{self, ListFilter},
    messages::{self, Range},
    purges::{self, Mode, Purge, Walk},
    read_state, replay,
    search::{self, Query},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    client::Client,
    support::{World, blank, body, message, rule},
};

/// Clears everything older than a time, step by step.
pub fn purge(world: &World, by: &Actor, before: Time, mode: Mode) -> Result<Purge, Error> {
    let actor = by.clone();
    let purge = world.write(move |tx| purges::begin(tx, &actor, before, mode))?;
    let mut walk = Some(Walk::START);
    while let Some(from) = walk {
        let (actor, this) = (by.clone(), purge.clone());
        walk = world.write(move |tx| purges::step(tx, &actor, &this, from))?;
    }
    let (actor, id) = (by.clone(), purge.id);
    world.read(move |tx| purges::get(tx, &actor, id))
}

fn unread(world: &World, actor: &Actor, id: ConversationId) -> i64 {
    let actor = actor.clone();
    world.read(move |tx| conversations::get(tx, &actor, id)).unwrap().me.unwrap().unread
}

fn hits(world: &World, actor: &Actor, word: &str) -> usize {
    world.index();
    let (actor, text) = (actor.clone(), word.to_owned());
    let question = Query { text, ..Query::default() };
    world.read(move |tx| search::search(tx, &actor, &question)).unwrap().items.len()
}

fn log(world: &World) -> String {
    let tenant = world.tenant.id;
    let all = world.read(move |tx| replay::since(tx, tenant, 0, 10_000)).unwrap();
    all.iter().map(|event| event.json.to_string()).collect()
}

/// A file that waits to be sent.
fn picture(tx: &mut Tx<'_>, actor: &Actor) -> Result<RowId, Error> {
    let new = NewFile {
        id: RowId(tx.id()),
        name: "plover.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 5,
        etag: None,
        measures: Some((4, 3)),
        cleaned: false,
    };
    attachments::add(tx, actor, &new).map(|file| file.id)
}

#[test]
fn what_is_purged_for_good_is_nowhere() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group, Right::Purge]), world.user("Ben Roth", &[]));
    let id = world.group(&ana, &[&ben]);
    let actor = ana.clone();
    let file = world.write(move |tx| picture(tx, &actor));
    let file = file.unwrap();
    let root = world
        .post_as(&ana, id, "the plover word, @[Ben Roth]", move |new| new.attachment_ids = vec![file])
        .unwrap();
    let (by, first) = (ana.clone(), root.id);
    world.write(move |tx| messages::edit(tx, &by, first, &body("the plover word, again"))).unwrap();
    let by = ben.clone();
    world.write(move |tx| messages::react(tx, &by, first, "👍", true)).unwrap();
    let by = ana.clone();
    world.write(move |tx| messages::pin(tx, &by, first, true)).unwrap();
    assert_eq!((hits(&world, &ben, "plover"), unread(&world, &ben, id)), (1, 1));
    world.pass(3600);
    let cutoff = world.now();
    let reply = world.post_as(&ana, id, "a reply", move |new| new.reply_to_id = Some(first)).unwrap();
    assert!(log(&world).contains("plover"));

    let done = purge(&world, &ana, cutoff, Mode::Permanent).unwrap();
    assert!(done.rows_deleted >= 1 && done.mode == Mode::Permanent);
    assert!(!log(&world).contains("plover"), "{}", log(&world));
    assert_eq!((hits(&world, &ben, "plover"), unread(&world, &ben, id)), (0, 1));
    let by = ben.clone();
    let left = world.read(move |tx| {
        let view = conversations::get(tx, &by, id)?;
        let page = messages::page(tx, &by, id, Range::Newest, None)?;
        Ok((
            view,
            page.items,
            messages::get(tx, &by, first).is_err(),
            messages::readable_file(tx, &by, file).is_err(),
        ))
    });
    let (view, items, gone, unreadable) = left.unwrap();
    assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [reply.id]);
    assert!(items[0].reply_to.is_none() && items[0].thread_root_id.is_none() && gone && unreadable);
    assert_eq!((view.pinned_count, view.me.unwrap().mentions), (0, 0));
    assert_eq!(view.participants.len(), 2, "conversations and participants stay");
    let answered = world.post_as(&ben, id, "still answerable", move |new| new.reply_to_id = Some(reply.id));
    assert_eq!(answered.unwrap().thread_root_id, Some(reply.id), "a thread goes on from what is left");
    let files = world
        .read(|tx| attachments::abandoned(tx, (parlor_chat::jobs::EVERYWHERE, RowId(uuid::Uuid::nil())), 10))
        .unwrap();
    assert_eq!(files, [(world.tenant.id, file)]);
}

#[test]
fn a_logical_purge_is_a_deletion_for_everybody() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group, Right::Purge]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    let old = world.post(&ana, id, "the plover word").unwrap();
    let answer = world.post_as(&ben, id, "what word?", move |new| new.reply_to_id = Some(old.id)).unwrap();
    world.pass(60);
    let cutoff = world.now();
    world.post(&ana, id, "something newer").unwrap();
    let before = unread(&world, &ben, id);
    let actor = ana.clone();
    let counted = world.read(move |tx| purges::count(tx, &actor, cutoff, Mode::Logical)).unwrap();
    let done = purge(&world, &ana, cutoff, Mode::Logical).unwrap();
    assert_eq!((counted, done.rows_deleted), (2, 2));
    let by = ben.clone();
    let page = world.read(move |tx| messages::page(tx, &by, id, Range::Newest, None)).unwrap();
    let item = page.items.iter().find(|item| item.id == answer.id).unwrap();
    assert!(item.deleted_at.is_some() && item.body.is_empty());
    assert!(!log(&world).contains("plover"), "not in the quotation either");
    assert_eq!((before, unread(&world, &ben, id), hits(&world, &ben, "word")), (2, 1, 0));
    assert_eq!(purge(&world, &ana, cutoff, Mode::Logical).unwrap().rows_deleted, 0, "nothing twice");
    assert!(purge(&world, &ana, cutoff, Mode::Permanent).unwrap().rows_deleted >= 2, "tombstones go too");
    assert_eq!(unread(&world, &ben, id), 1);
}

#[test]
fn a_conversation_of_old_messages_only_is_empty_afterwards() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Purge]), world.user("Ben", &[]));
    let id = world.direct(&ana, ben.id()).unwrap().conversation.id;
    for number in 0..3 {
        world.post(&ana, id, &format!("number {number}")).unwrap();
    }
    world.pass(3600);
    let (by, cutoff) = (ana.clone(), world.now());
    purge(&world, &ana, cutoff, Mode::Permanent).unwrap();
    let view = world.read(move |tx| conversations::get(tx, &by, id)).unwrap();
    assert!(view.last_message.is_none());
    assert_eq!((view.last_seq, view.last_activity_at), (3, view.created_at));
    assert_eq!(unread(&world, &ben, id), 0);
    let next = world.post(&ana, id, "a new beginning").unwrap();
    assert_eq!((next.seq, unread(&world, &ben, id)), (4, 1));
    let (by, seq) = (ben.clone(), 4);
    world.write(move |tx| read_state::read(tx, &by, id, None)).unwrap();
    let by = ben.clone();
    let state = world.write(move |tx| read_state::unread_from(tx, &by, id, seq)).unwrap();
    assert_eq!(state.me.unread, 1, "marking unread counts what is there");
    let by = ben.clone();
    let state = world.write(move |tx| read_state::unread_from(tx, &by, id, 1)).unwrap();
    assert_eq!(state.me.unread, 1, "and not what was");
}

#[test]
fn who_never_opened_an_announcement_has_no_purged_message_to_read() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Announce, Right::Purge]);
    let ben = world.user("Ben", &[Right::Messenger]);
    let mut new = blank(Kind::Announcement);
    new.title = Some("News".to_owned());
    new.message = Some(message("one"));
    let id = world.open(&ana, new).unwrap().conversation.id;
    world.pass(60);
    let cutoff = world.now();
    world.post(&ana, id, "two").unwrap();
    assert_eq!(unread(&world, &ben, id), 2);
    purge(&world, &ana, cutoff, Mode::Permanent).unwrap();
    assert_eq!(unread(&world, &ben, id), 1);
    let by = ben.clone();
    let mute = parlor_chat::participants::MeChange { muted: Some(true), notify: None };
    world.write(move |tx| parlor_chat::participants::set_preferences(tx, &by, id, &mute)).unwrap();
    assert_eq!(unread(&world, &ben, id), 1, "a row made later counts the same");
}

#[test]
fn only_this_tenant_only_with_the_right_only_the_past() {
    let world = World::new();
    let other = world.other_tenant("other");
    let (eve, mia) = (world.user_of(&other, "Eve", &[Right::Group]), world.user_of(&other, "Mia", &[]));
    let theirs = world.group(&eve, &[&mia]);
    world.post(&eve, theirs, "not yours").unwrap();
    let (ana, ben) = (world.user("Ana", &[Right::Purge]), world.user("Ben", &[]));
    let id = world.direct(&ana, ben.id()).unwrap().conversation.id;
    world.post(&ana, id, "ours").unwrap();
    world.pass(60);
    let late = Time(world.now().0 + 3_600_000_000);
    assert_eq!(rule(purge(&world, &ben, world.now(), Mode::Permanent)), "forbidden: right purge");
    assert_eq!(rule(purge(&world, &ana, late, Mode::Permanent)), "invalid: before past");
    assert_eq!(purge(&world, &ana, world.now(), Mode::Permanent).unwrap().rows_deleted, 1);
    let by = mia.clone();
    let page = world.read(move |tx| messages::page(tx, &by, theirs, Range::Newest, None)).unwrap();
    assert!(page.items.iter().any(|item| item.body == "not yours"));
    assert_eq!(unread(&world, &mia, theirs), 1);
    let by = ana.clone();
    assert_eq!(world.read(move |tx| purges::list(tx, &by, None, None)).unwrap().items.len(), 1);
}

#[test]
fn every_clients_state_is_mended_by_events() {
    let world = World::new();
    let (ana, ben) =
        (world.user("Ana", &[Right::Group, Right::Purge, Right::Support]), world.user("Ben", &[]));
    let kim = world.contact("Kim");
    let group = world.group(&ana, &[&ben]);
    let mut new = blank(Kind::Support);
    new.message = Some(message("help me"));
    let support = world.open(&kim, new).unwrap().conversation.id;
    let first = world.post(&ana, group, "old").unwrap().id;
    world.post_as(&ben, group, "old too", move |new| new.reply_to_id = Some(first)).unwrap();
    world.post_as(&ana, support, "a note", |new| new.is_private_note = true).unwrap();
    world.pass(60);
    let cutoff = world.now();
    world.post(&ana, group, "new").unwrap();
    world.post(&ana, support, "answer").unwrap();
    for mode in [Mode::Logical, Mode::Permanent] {
        let mut clients: Vec<Client> =
            [&ana, &ben, &kim].into_iter().map(|actor| Client::start(&world, actor)).collect();
        purge(&world, &ana, cutoff, mode).unwrap();
        for client in &mut clients {
            let told = client.catch_up(&world);
            let fresh = Client::start(&world, &client.actor);
            let name = &client.actor.person.name;
            assert_eq!(client.messages, fresh.messages, "{name} after {mode:?}");
            assert_eq!(client.shown(), fresh.shown(), "{name} after {mode:?}");
            let foreign = |event: &Value| event["conversation_id"] == group.to_string() && *name == "Kim";
            assert!(!told.iter().any(foreign), "nobody hears of conversations that it does not read");
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Post { by: usize, note: bool },
    Delete { which: usize },
    Read { by: usize, back: i64 },
    UnreadFrom { by: usize, back: i64 },
    Purge { keep: usize, permanent: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_usize, any::<bool>()).prop_map(|(by, note)| Step::Post { by, note }),
        2 => any::<usize>().prop_map(|which| Step::Delete { which }),
        3 => (0..3_usize, 0..6_i64).prop_map(|(by, back)| Step::Read { by, back }),
        2 => (0..3_usize, 0..8_i64).prop_map(|(by, back)| Step::UnreadFrom { by, back }),
        2 => (0..5_usize, any::<bool>()).prop_map(|(keep, permanent)| Step::Purge { keep, permanent }),
    ]
}

struct Line {
    id: MessageId,
    seq: i64,
    at: Time,
    author: usize,
    note: bool,
    gone: bool,
    removed: bool,
}

/// The history as a person with pencil and paper would keep it.
struct Paper {
    world: World,
    admin: Actor,
    people: [Actor; 3],
    id: ConversationId,
    lines: Vec<Line>,
    read: [i64; 3],
}

fn counts(line: &Line, person: usize) -> bool {
    line.author != person && !(person == 2 && line.note)
}

impl Paper {
    fn new() -> Paper {
        let world = World::new();
        let admin = world.user("Ada", &[Right::Purge]);
        let staff = [Right::Support, Right::Contacts];
        let people = [world.user("Ana", &staff), world.user("Ben", &staff), world.contact("Kim")];
        let mut new = blank(Kind::Support);
        new.user_ids = vec![people[1].id()];
        new.contact_id = Some(people[2].id());
        let id = world.open(&people[0], new).unwrap().conversation.id;
        Paper { world, admin, people, id, lines: Vec::new(), read: [0; 3] }
    }

    fn post(&mut self, by: usize, note: bool) {
        let note = note && by != 2;
        let change = move |new: &mut messages::NewMessage| new.is_private_note = note;
        let sent = self.world.post_as(&self.people[by], self.id, "hello", change).unwrap();
        // Whoever has nothing unread has read its own message; what is gone for good is nothing.
        let unread = |line: &Line| line.seq > self.read[by] && counts(line, by) && !line.removed;
        if !self.lines.iter().any(unread) {
            self.read[by] = sent.seq;
        }
        let (seq, at) = (sent.seq, sent.created_at);
        self.lines.push(Line { id: sent.id, seq, at, author: by, note, gone: false, removed: false });
    }

    fn delete(&mut self, which: usize) {
        let count = self.lines.len();
        let line = &mut self.lines[which % count];
        if !line.gone {
            let (actor, message) = (self.people[line.author].clone(), line.id);
            self.world.write(move |tx| messages::delete(tx, &actor, message)).unwrap();
            line.gone = true;
        }
    }

    fn purge(&mut self, keep: usize, permanent: bool) {
        let cutoff = match self.lines.len().checked_sub(keep).and_then(|at| self.lines.get(at)) {
            Some(line) => line.at,
            None if keep == 0 => self.world.now(),
            None => return,
        };
        let mode = if permanent { Mode::Permanent } else { Mode::Logical };
        purge(&self.world, &self.admin, cutoff, mode).unwrap();
        for line in self.lines.iter_mut().filter(|line| line.at < cutoff) {
            line.gone = true;
            line.removed |= permanent;
        }
    }

    fn apply(&mut self, step: &Step) {
        self.world.pass(1);
        let (id, last) = (self.id, self.lines.last().map_or(0, |line| line.seq));
        match *step {
            Step::Post { by, note } => self.post(by, note),
            Step::Delete { which } if !self.lines.is_empty() => self.delete(which),
            Step::Read { by, back } => {
                let (actor, seq) = (self.people[by].clone(), (last - back).max(0));
                self.world.write(move |tx| read_state::read(tx, &actor, id, Some(seq))).unwrap();
                self.read[by] = self.read[by].max(seq);
            }
            Step::UnreadFrom { by, back } if last - back >= 1 => {
                let (actor, seq) = (self.people[by].clone(), last - back);
                self.world.write(move |tx| read_state::unread_from(tx, &actor, id, seq)).unwrap();
                self.read[by] = seq - 1;
            }
            Step::Purge { keep, permanent } => self.purge(keep, permanent),
            _ => {}
        }
    }

    fn check(&self, step: &Step) {
        for (person, actor) in self.people.iter().enumerate() {
            let counted = |line: &&Line| line.seq > self.read[person] && counts(line, person) && !line.gone;
            let expected = i64::try_from(self.lines.iter().filter(counted).count()).unwrap();
            assert_eq!(unread(&self.world, actor, self.id), expected, "person {person} after {step:?}");
        }
        let newest = self.lines.iter().rfind(|line| !line.removed).map(|line| line.id);
        let actor = self.people[0].clone();
        let list = move |tx: &mut Tx| conversations::list(tx, &actor, &ListFilter::default());
        let page = self.world.read(list).unwrap();
        assert_eq!(page.items[0].last_message.as_ref().map(|last| last.id), newest, "after {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn unread_is_what_counting_by_hand_gives(steps in prop::collection::vec(step(), 1..30)) {
        let mut paper = Paper::new();
        for step in steps {
            paper.apply(&step);
            paper.check(&step);
        }
    }
}
