//! Unread, held against counting by hand over random histories.

use std::collections::BTreeSet;

use parlor_chat::{
    Actor, ConversationId, Kind, MessageId, Right,
    conversations::{self, Role},
    messages, participants, read_state,
};
use proptest::prelude::*;

use crate::support::{World, blank};

#[derive(Clone, Debug)]
enum Step {
    Post { by: usize, note: bool },
    Delete { which: usize },
    Edit { which: usize },
    Read { by: usize, back: i64 },
    UnreadFrom { by: usize, back: i64 },
    Leave { by: usize },
    Return { by: usize },
    Mute { by: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize, any::<bool>()).prop_map(|(by, note)| Step::Post { by, note }),
        2 => any::<usize>().prop_map(|which| Step::Delete { which }),
        1 => any::<usize>().prop_map(|which| Step::Edit { which }),
        3 => (0..4_usize, 0..6_i64).prop_map(|(by, back)| Step::Read { by, back }),
        1 => (0..4_usize, 0..6_i64).prop_map(|(by, back)| Step::UnreadFrom { by, back }),
        1 => (1..3_usize).prop_map(|by| Step::Leave { by }),
        1 => (1..3_usize).prop_map(|by| Step::Return { by }),
        1 => (0..4_usize).prop_map(|by| Step::Mute { by }),
    ]
}

struct Line {
    seq: i64,
    id: Option<MessageId>,
    author: usize,
    note: bool,
    deleted: bool,
}

/// The history as a person with pencil and paper would keep it.
struct Paper {
    lines: Vec<Line>,
    read: [i64; 4],
    present: BTreeSet<usize>,
    last: i64,
}

impl Paper {
    fn unread(&self, person: usize, is_contact: bool) -> i64 {
        let count = self.lines.iter().filter(|line| {
            line.id.is_some()
                && line.seq > self.read[person]
                && line.author != person
                && !line.deleted
                && !(is_contact && line.note)
        });
        if self.present.contains(&person) { i64::try_from(count.count()).unwrap() } else { 0 }
    }
}

fn play(steps: Vec<Step>) {
    let world = World::new();
    let staff = [Right::Support, Right::Contacts];
    let people = [
        world.user("Ana", &staff),
        world.user("Ben", &staff),
        world.user("Cleo", &staff),
        world.contact("Kim"),
    ];
    let mut new = blank(Kind::Support);
    new.user_ids = vec![people[1].id(), people[2].id()];
    new.contact_id = Some(people[3].id());
    let id = world.open(&people[0], new).unwrap().conversation.id;
    let mut paper = Paper { lines: Vec::new(), read: [0; 4], present: (0..4).collect(), last: 0 };
    for step in steps {
        apply(&world, &people, id, &mut paper, &step);
        for (person, actor) in people.iter().enumerate() {
            if !paper.present.contains(&person) {
                continue;
            }
            let actor = actor.clone();
            let totals_of = actor.clone();
            let view = world.read(move |tx| conversations::get(tx, &actor, id)).unwrap();
            let expected = paper.unread(person, person == 3);
            assert_eq!(view.me.unwrap().unread, expected, "person {person} after {step:?}");
            let totals = world.read(move |tx| conversations::totals(tx, &totals_of)).unwrap();
            assert_eq!(totals.unread, expected, "total of {person} after {step:?}");
        }
    }
}

fn delete(world: &World, people: &[Actor; 4], paper: &mut Paper, which: usize) {
    let count = paper.lines.len();
    let line = &mut paper.lines[which % count];
    if let Some(message) = line.id.filter(|_| !line.deleted && paper.present.contains(&line.author)) {
        let actor = people[line.author].clone();
        world.write(move |tx| messages::delete(tx, &actor, message)).unwrap();
        line.deleted = true;
    }
}

fn edit(world: &World, people: &[Actor; 4], paper: &Paper, which: usize) {
    let line = &paper.lines[which % paper.lines.len()];
    if let Some(message) = line.id.filter(|_| !line.deleted && paper.present.contains(&line.author)) {
        let actor = people[line.author].clone();
        let body = crate::support::body("changed");
        world.write(move |tx| messages::edit(tx, &actor, message, &body)).unwrap();
    }
}

fn apply(world: &World, people: &[Actor; 4], id: ConversationId, paper: &mut Paper, step: &Step) {
    match *step {
        Step::Post { by, note } if paper.present.contains(&by) => {
            let note = note && by != 3;
            let sent =
                world.post_as(&people[by], id, "hello", move |new| new.is_private_note = note).unwrap();
            let unread = paper
                .lines
                .iter()
                .any(|line| line.seq > paper.read[by] && line.author != by && !(by == 3 && line.note));
            if !unread {
                paper.read[by] = sent.seq;
            }
            paper.last = sent.seq;
            paper.lines.push(Line { seq: sent.seq, id: Some(sent.id), author: by, note, deleted: false });
        }
        Step::Delete { which } if !paper.lines.is_empty() => delete(world, people, paper, which),
        Step::Edit { which } if !paper.lines.is_empty() => edit(world, people, paper, which),
        Step::Read { by, back } if paper.present.contains(&by) => {
            let seq = (paper.last - back).max(0);
            let actor = people[by].clone();
            world.write(move |tx| read_state::read(tx, &actor, id, Some(seq))).unwrap();
            paper.read[by] = paper.read[by].max(seq);
        }
        Step::UnreadFrom { by, back } if paper.present.contains(&by) && paper.last - back >= 1 => {
            let seq = paper.last - back;
            let actor = people[by].clone();
            world.write(move |tx| read_state::unread_from(tx, &actor, id, seq)).unwrap();
            paper.read[by] = seq - 1;
        }
        Step::Leave { by } if paper.present.remove(&by) => {
            let (actor, person) = (people[by].clone(), people[by].id());
            world.write(move |tx| participants::remove(tx, &actor, id, person)).unwrap();
            paper.last += 1;
        }
        Step::Return { by } if !paper.present.contains(&by) => {
            let (actor, person) = (people[0].clone(), people[by].id());
            world.write(move |tx| participants::add(tx, &actor, id, &[person], Role::Member)).unwrap();
            paper.read[by] = paper.last;
            paper.present.insert(by);
            paper.last += 1;
        }
        Step::Mute { by } if paper.present.contains(&by) => {
            let actor = people[by].clone();
            let change = participants::MeChange { muted: Some(true), notify: None };
            world.write(move |tx| participants::set_preferences(tx, &actor, id, &change)).unwrap();
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn is_what_counting_by_hand_gives(steps in prop::collection::vec(step(), 1..30)) {
        play(steps);
    }
}

#[test]
fn reading_an_older_message_keeps_newer_ones_unread() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    for text in ["one", "two", "three"] {
        world.post(&ana, id, text).unwrap();
    }
    let reader = ben.clone();
    let state = world.write(move |tx| read_state::read(tx, &reader, id, Some(1))).unwrap();
    assert_eq!((state.me.unread, state.me.last_read_seq, state.totals.unread), (2, 1, 2));
    let reader = ben.clone();
    let state = world.write(move |tx| read_state::read(tx, &reader, id, None)).unwrap();
    assert_eq!(state.me.unread, 0);
    let reader = ben.clone();
    let state = world.write(move |tx| read_state::read(tx, &reader, id, Some(1))).unwrap();
    assert_eq!((state.me.unread, state.me.last_read_seq), (0, 3), "it never moves back");
}

#[test]
fn announcements_are_unread_for_who_comes_later_and_for_nobody_without_the_messenger() {
    let world = World::new();
    let messenger = [Right::Messenger];
    let (ana, ben) = (world.user("Ana", &[Right::Announce, Right::Messenger]), world.user("Ben", &messenger));
    let announce = |title: &str| {
        let mut new = blank(Kind::Announcement);
        new.title = Some(title.to_owned());
        new.message = Some(crate::support::message("read me"));
        world.open(&ana, new).unwrap().conversation.id
    };
    let first = announce("first");
    let (cleo, without) = (world.user("Cleo", &messenger), world.user("Dora", &[Right::Group]));
    let second = announce("second");
    let total = |actor: &Actor| {
        let actor = actor.clone();
        world.read(move |tx| conversations::totals(tx, &actor)).unwrap().unread
    };
    assert_eq!((total(&ana), total(&ben), total(&cleo), total(&without)), (0, 2, 2, 0));
    let reader = cleo.clone();
    world.write(move |tx| read_state::read(tx, &reader, second, None)).unwrap();
    assert_eq!((total(&ben), total(&cleo)), (2, 1));
    let by = without.clone();
    assert!(world.read(move |tx| conversations::get(tx, &by, first)).is_err(), "it is not for her");
    let by = without.clone();
    let list = world.read(move |tx| conversations::list(tx, &by, &conversations::ListFilter::default()));
    assert!(list.unwrap().items.is_empty());
    let by = ana.clone();
    let acks = world.read(move |tx| read_state::acks(tx, &by, first, None, None)).unwrap();
    assert_eq!((acks.read, acks.total), (0, 2), "whom it is for now, but its author");
}
