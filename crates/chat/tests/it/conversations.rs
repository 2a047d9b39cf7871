//! The kinds and their rules: who opens, reads, posts, closes; numbers, pairs, tenants.

use parlor_chat::{
    Actor, ConversationId, Error, Kind, Right, Status,
    conversations::{self, ConversationChange, ListFilter, Role},
    kinds::{Opener, RULES},
    participants, read_state, roles, settings, stores, teams,
};
use serde_json::json;

use crate::support::{World, blank, message, rule};

fn update(world: &World, by: &Actor, id: ConversationId, change: ConversationChange) -> Result<(), Error> {
    let by = by.clone();
    world.write(move |tx| conversations::update(tx, &by, id, &change).map(|_| ()))
}

fn status(status: Status) -> ConversationChange {
    ConversationChange { status: Some(status), ..Default::default() }
}

fn reads(world: &World, who: &Actor, id: ConversationId) -> bool {
    let who = who.clone();
    world.read(move |tx| conversations::get(tx, &who, id)).is_ok()
}

#[test]
fn each_kind_is_opened_by_whom_the_table_says() {
    let world = World::new();
    let nobody = world.user("Nobody", &[]);
    for rules in &RULES {
        let mut new = blank(rules.kind);
        new.title = Some("A title".to_owned());
        new.subject = Some("A subject".to_owned());
        new.message = Some(message("hello"));
        let result = world.open(&nobody, new);
        match rules.opener {
            Opener::Matrix => assert_eq!(rule(result), "invalid: user_ids one_other"),
            Opener::Right(right) | Opener::ContactOr(right) => {
                assert_eq!(rule(result), format!("forbidden: right {}", right.name()), "{}", rules.name);
            }
        }
    }
    let contact = world.contact("Kim");
    for kind in [Kind::Direct, Kind::Group, Kind::Channel, Kind::Ticket, Kind::StoreCustomer] {
        assert!(rule(world.open(&contact, blank(kind))).starts_with("forbidden"), "{kind:?}");
    }
}

#[test]
fn two_users_have_one_direct_conversation_from_both_sides() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[]), world.user("Ben", &[]));
    let first = world.direct(&ana, ben.id()).unwrap();
    let second = world.direct(&ben, ana.id()).unwrap();
    assert!(first.is_new && !second.is_new);
    assert_eq!(first.conversation.id, second.conversation.id);
    assert_eq!(rule(world.direct(&ana, ana.id())), "invalid: user_ids one_other");
    let by = ana.clone();
    let id = first.conversation.id;
    let who = world.user("Cleo", &[]).id();
    let added = world.write(move |tx| participants::add(tx, &by, id, &[who], Role::Member));
    assert_eq!(rule(added), "forbidden: not_manager");
}

#[test]
fn the_matrix_decides_who_writes_to_whom_also_later_and_in_answers() {
    let world = World::new();
    let (boss, worker) = (world.user("Boss", &[Right::Group]), world.user("Worker", &[Right::Group]));
    let restrict = |role, to: Vec<parlor_chat::RoleId>| {
        let system = world.system();
        let change = roles::RoleChange { restricted: Some(true), writes_to: Some(to), ..Default::default() };
        world.write(move |tx| roles::update(tx, &system, role, &change)).unwrap();
    };
    let id = world.direct(&boss, worker.id()).unwrap().conversation.id;
    world.post(&worker, id, "before the matrix").unwrap();
    restrict(worker.roles[0], vec![worker.roles[0]]);
    assert_eq!(rule(world.direct(&worker, boss.id())), "forbidden: matrix");
    assert_eq!(rule(world.post(&worker, id, "after it")), "forbidden: matrix");
    let mut new = blank(Kind::Group);
    new.user_ids = vec![boss.id()];
    assert_eq!(rule(world.open(&worker, new)), "forbidden: matrix");
    world.post(&boss, id, "the other way is open").unwrap();
    let by = worker.clone();
    let view = world.read(move |tx| conversations::get(tx, &by, id)).unwrap();
    let can = view.me.unwrap().can;
    assert_eq!((can.post, can.why_not_post.as_deref()), (false, Some("matrix")));
    // A list, a read position and the other devices are told the same as who asks for one conversation.
    let listed = |by: &Actor| {
        let by = by.clone();
        let page = world.read(move |tx| conversations::list(tx, &by, &ListFilter::default())).unwrap();
        page.items.into_iter().find(|view| view.id == id).unwrap().me.unwrap().can
    };
    assert_eq!(listed(&worker), can);
    assert!(listed(&boss).post, "the other way is open");
    let by = worker.clone();
    let read = world.write(move |tx| read_state::read(tx, &by, id, None)).unwrap();
    assert_eq!(read.me.can, can);
    restrict(worker.roles[0], vec![boss.roles[0]]);
    world.post(&worker, id, "opened again").unwrap();
}

#[test]
fn broadcasts_and_announcements_take_answers_only_when_enabled() {
    let world = World::new();
    let (ana, ben) =
        (world.user("Ana", &[Right::Broadcast, Right::Announce]), world.user("Ben", &[Right::Messenger]));
    for kind in [Kind::Broadcast, Kind::Announcement] {
        let mut new = blank(kind);
        new.title = Some("News".to_owned());
        new.message = Some(message("hear"));
        if kind == Kind::Broadcast {
            new.user_ids = vec![ben.id()];
        }
        let id = world.open(&ana, new).unwrap().conversation.id;
        assert_eq!(rule(world.post(&ben, id, "but")), "forbidden: replies_disabled");
        world.post(&ana, id, "more").unwrap();
        update(&world, &ana, id, ConversationChange { replies_enabled: Some(true), ..Default::default() })
            .unwrap();
        world.post(&ben, id, "thanks").unwrap();
        let by = ben.clone();
        world.write(move |tx| read_state::acknowledge(tx, &by, id)).unwrap();
        let by = ben.clone();
        assert_eq!(
            rule(world.read(move |tx| read_state::acks(tx, &by, id, None, None))),
            "forbidden: not_manager"
        );
        let by = ana.clone();
        let acks = world.read(move |tx| read_state::acks(tx, &by, id, None, None)).unwrap();
        assert_eq!((acks.acknowledged, acks.total, acks.page.items[0].person.name.as_str()), (1, 1, "Ben"));
    }
}

#[test]
fn channels_are_joined_left_and_archived() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Channel]), world.user("Ben", &[]));
    let channel = |title: &str, is_private| {
        let mut new = blank(Kind::Channel);
        new.title = Some(title.to_owned());
        new.is_private = is_private;
        world.open(&ana, new)
    };
    let open = channel("General talk", false).unwrap().conversation;
    let closed = channel("Secret", true).unwrap().conversation.id;
    assert_eq!(open.slug.as_deref(), Some("general-talk"));
    assert_eq!(rule(channel("General Talk", false).map(|_| ())), "conflict: slug");
    let join = |id| {
        let by = ben.clone();
        world.write(move |tx| participants::join(tx, &by, id).map(|me| me.participant))
    };
    assert!(!reads(&world, &ben, open.id));
    assert_eq!(rule(join(closed)), "not found: conversation");
    assert!(join(open.id).unwrap() && join(open.id).unwrap());
    world.post(&ben, open.id, "hello all").unwrap();
    let (by, who) = (ben.clone(), ben.id());
    world.write(move |tx| participants::remove(tx, &by, open.id, who)).unwrap();
    assert!(!reads(&world, &ben, open.id));
    assert_eq!(rule(world.post(&ben, open.id, "still here?")), "not found: conversation");
    update(&world, &ana, open.id, status(Status::Archived)).unwrap();
    assert_eq!(rule(world.post(&ana, open.id, "too late")), "forbidden: archived");
    assert_eq!(rule(update(&world, &ana, open.id, status(Status::Resolved))), "invalid: status known");
}

#[test]
fn support_is_seen_by_the_unassigned_the_team_and_the_assigned() {
    let world = World::new();
    let agent = world.user("Agent", &[Right::Support]);
    let other = world.user("Other", &[Right::Support]);
    let chief = world.user("Chief", &[Right::SupportAll, Right::Support]);
    let member = world.user("Member", &[]);
    let kim = world.contact("Kim");
    let system = world.system();
    let members = vec![member.id()];
    let team = world
        .write(move |tx| {
            let change = teams::TeamChange { members: Some(members.clone()), ..Default::default() };
            teams::create(tx, &system, "Support", &change)
        })
        .unwrap();
    let member = world.reload(&member);
    let mut new = blank(Kind::Support);
    new.message = Some(message("help"));
    let id = world.open(&kim, new).unwrap().conversation.id;
    let seen = || [&agent, &other, &chief, &member, &kim].map(|who| reads(&world, who, id));
    assert_eq!(seen(), [true, true, true, false, true]);
    update(
        &world,
        &agent,
        id,
        ConversationChange { assignee_id: Some(Some(agent.id())), ..Default::default() },
    )
    .unwrap();
    assert_eq!(seen(), [true, false, true, false, true]);
    update(&world, &agent, id, ConversationChange { team_id: Some(Some(team.id)), ..Default::default() })
        .unwrap();
    assert_eq!(seen(), [true, false, true, true, true]);
    let listed = |who: &Actor| {
        let who = who.clone();
        world.read(move |tx| conversations::list(tx, &who, &ListFilter::default())).unwrap().items.len()
    };
    assert_eq!([&agent, &other, &chief, &member, &kim].map(listed), [1, 0, 1, 1, 1]);
    assert_eq!(rule(update(&world, &kim, id, status(Status::Closed))), "forbidden: not_manager");
    let by = kim.clone();
    let mut note = message("a note");
    note.is_private_note = true;
    let noted = world.write(move |tx| {
        parlor_chat::messages::post(tx, &by, id, &note, &crate::support::body("a note"))
            .map(|posted| posted.is_new)
    });
    assert_eq!(rule(noted), "forbidden: note");
    world.post(&member, id, "we are on it").unwrap();
}

#[test]
fn what_happened_is_read_without_what_was_said() {
    let world = World::new();
    let agent = world.user("Agent", &[Right::Support]);
    let kim = world.contact("Kim");
    let mut new = blank(Kind::Support);
    new.message = Some(message("help"));
    let id = world.open(&kim, new).unwrap().conversation.id;
    for number in 0..3 {
        world.post(&agent, id, &format!("answer {number}")).unwrap();
        update(&world, &agent, id, status(Status::Resolved)).unwrap();
        update(&world, &agent, id, status(Status::Open)).unwrap();
    }
    let noted = |who: &Actor, before, limit| {
        let who = who.clone();
        world.read(move |tx| parlor_chat::messages::system_messages(tx, &who, id, before, limit)).unwrap()
    };
    let seqs =
        |items: &[parlor_chat::messages::Message]| items.iter().map(|item| item.seq).collect::<Vec<_>>();
    let all = noted(&agent, None, None);
    // The agent took it over with the first answer; then come the six changes.
    assert_eq!((all.items.len(), all.has_before, all.has_after), (7, false, false));
    assert!(all.items.iter().all(|item| item.system.is_some()));
    assert!(all.items.is_sorted_by_key(|item| item.seq));
    let newest = noted(&agent, None, Some(4));
    assert_eq!((seqs(&newest.items), newest.has_before), (seqs(&all.items[3..]), true));
    let older = noted(&agent, Some(newest.items[0].seq), Some(4));
    assert_eq!((seqs(&older.items), older.has_before, older.has_after), (seqs(&all.items[..3]), false, true));
    let by = kim.clone();
    let page = world
        .read(move |tx| parlor_chat::messages::page(tx, &by, id, parlor_chat::messages::Range::Newest, None));
    let mut told = page.unwrap().items;
    told.retain(|item| item.system.is_some());
    assert_eq!(
        seqs(&noted(&kim, None, None).items),
        seqs(&told),
        "a customer reads of it what stands in the thread"
    );
}

#[test]
fn marketplace_threads_keep_to_their_store() {
    let world = World::new();
    let admin = world.user("Admin", &[Right::Administer]);
    let keeper = [Right::Store, Right::Contacts];
    let (one, two) = (world.user("One", &keeper), world.user("Two", &keeper));
    let kim = world.contact("Kim");
    let system = world.system();
    let users = vec![one.id()];
    let store =
        world.write(move |tx| stores::create(tx, &system, "Shoes", None, Some(users.clone()))).unwrap().id;
    let (one, two) = (world.reload(&one), world.reload(&two));
    let make = |kind, by: &Actor, contact: bool| {
        let mut new = blank(kind);
        new.subject = Some("Fees".to_owned());
        new.store_id = (kind != Kind::AdminCustomer).then_some(store);
        new.contact_id = contact.then_some(kim.id());
        world.open(by, new).map(|opened| opened.conversation.id)
    };
    let fees = make(Kind::AdminStore, &admin, false).unwrap();
    assert_eq!([&admin, &one, &two, &kim].map(|who| reads(&world, who, fees)), [true, true, false, false]);
    let order = make(Kind::StoreCustomer, &one, true).unwrap();
    assert_eq!([&admin, &one, &two, &kim].map(|who| reads(&world, who, order)), [false, true, false, true]);
    assert_eq!(rule(make(Kind::StoreCustomer, &two, true)), "forbidden: store");
    assert_eq!(rule(make(Kind::AdminStore, &one, false)), "forbidden: right administer");
    let account = make(Kind::AdminCustomer, &admin, true).unwrap();
    assert_eq!([&admin, &one, &kim].map(|who| reads(&world, who, account)), [true, false, true]);
    world.post(&kim, order, "where is it?").unwrap();
    update(&world, &one, order, status(Status::Closed)).unwrap();
    assert_eq!(rule(world.post(&kim, order, "hello?")), "forbidden: closed");
    assert_eq!(rule(update(&world, &kim, order, status(Status::Open))), "forbidden: not_manager");
    update(&world, &one, order, status(Status::Open)).unwrap();
    world.post(&kim, order, "thanks").unwrap();
}

#[test]
fn ticket_numbers_run_without_gaps_past_a_thousand() {
    let world = World::new();
    let dev = world.user("Dev", &[Right::Ticket]);
    let system = world.system();
    let team = world.write(move |tx| teams::create(tx, &system, "Dev", &Default::default())).unwrap().id;
    let open = |title: &str| {
        let mut new = blank(Kind::Ticket);
        new.title = Some(title.to_owned());
        new.team_id = Some(team);
        world.open(&dev, new).map(|opened| opened.conversation.number.unwrap())
    };
    assert_eq!(open("first").unwrap(), "DEV-001");
    assert!(open(" ").is_err(), "a refused one takes no number");
    assert_eq!(open("second").unwrap(), "DEV-002");
    for _ in 0..997 {
        open("more").unwrap();
    }
    assert_eq!(open("the thousandth").unwrap(), "DEV-1000");
}

#[test]
fn nothing_of_another_tenant_is_found_by_id() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let foreign = world.other_tenant("other");
    let eve = world.user_of(&foreign, "Eve", Right::ALL);
    let id = world.group(&ana, &[]);
    let sent = world.post(&ana, id, "private").unwrap().id;
    assert!(!reads(&world, &eve, id));
    assert_eq!(rule(world.post(&eve, id, "hello")), "not found: conversation");
    assert_eq!(rule(world.direct(&eve, ana.id())), "invalid: user_ids known");
    let by = eve.clone();
    assert_eq!(rule(world.read(move |tx| parlor_chat::messages::get(tx, &by, sent))), "not found: message");
    let (by, who) = (eve.clone(), ana.id());
    assert_eq!(rule(world.read(move |tx| parlor_chat::users::get(tx, &by, who))), "not found: user");
    let by = eve.clone();
    assert_eq!(rule(world.write(move |tx| read_state::read(tx, &by, id, None))), "not found: conversation");
}

#[test]
fn super_administrators_view_everything_audited_and_send_nowhere() {
    let world = World::new();
    let (ana, ben, root) =
        (world.user("Ana", &[Right::Group]), world.user("Ben", &[]), world.user("Root", &[]));
    let (system, who) = (world.system(), root.id());
    world.write(move |tx| parlor_chat::users::set_super_admin(tx, &system, who, true)).unwrap();
    let root = world.reload(&root);
    let id = world.group(&ana, &[]);
    let direct = world.direct(&ana, ben.id()).unwrap().conversation.id;
    let view = |id| {
        let by = root.clone();
        world.write(move |tx| conversations::get(tx, &by, id))
    };
    assert_eq!(view(id).unwrap().me.unwrap().can.why_not_post.as_deref(), Some("not_participant"));
    view(direct).unwrap();
    assert_eq!(rule(world.post(&root, id, "it is me")), "forbidden: not_participant");
    let by = root.clone();
    let rows = world.read(move |tx| parlor_chat::audit::list(tx, &by, &Default::default())).unwrap().items;
    let views = rows.iter().filter(|row| row.action == "conversation.view_as_admin").count();
    assert_eq!(views, 2);
    let by = root.clone();
    let changes = [("super_admins_read_direct".to_owned(), json!(false))].into();
    world.write(move |tx| settings::update(tx, &by, &changes)).unwrap();
    assert_eq!(rule(view(direct)), "not found: conversation");
}

#[test]
fn the_last_owner_hands_on() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    let (by, who) = (ana.clone(), ana.id());
    let demoted = world.write(move |tx| participants::set_role(tx, &by, id, who, Role::Member));
    assert_eq!(rule(demoted), "conflict: last_owner");
    let (by, who) = (ana.clone(), ana.id());
    world.write(move |tx| participants::remove(tx, &by, id, who)).unwrap();
    let by = ben.clone();
    assert_eq!(
        world.read(move |tx| conversations::get(tx, &by, id)).unwrap().me.unwrap().role,
        Some(Role::Owner)
    );
}

#[test]
fn snoozed_conversations_wake_up() {
    let world = World::new();
    let agent = world.user("Agent", &[Right::Support]);
    let kim = world.contact("Kim");
    let mut new = blank(Kind::Support);
    new.message = Some(message("later please"));
    let id = world.open(&kim, new).unwrap().conversation.id;
    let past = ConversationChange { snoozed_until: Some(Some(world.now())), ..Default::default() };
    assert_eq!(rule(update(&world, &agent, id, past)), "invalid: snoozed_until future");
    let later = world.now().plus_seconds(60);
    update(&world, &agent, id, ConversationChange { snoozed_until: Some(Some(later)), ..Default::default() })
        .unwrap();
    let wake = || {
        let tenant = world.tenant.clone();
        world.write(move |tx| conversations::unsnooze(tx, &tenant)).unwrap()
    };
    assert_eq!(wake(), 0);
    world.pass(61);
    assert_eq!((wake(), wake()), (1, 0));
    let by = agent.clone();
    assert_eq!(world.read(move |tx| conversations::get(tx, &by, id)).unwrap().status, Status::Open);
}
