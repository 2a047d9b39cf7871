//! Contacts are seen by whoever manages them and by whoever reads a conversation with them; to others they are not there.

use std::collections::BTreeSet;

use parlor_chat::{
    Actor, ConversationId, Kind, PersonId, Right, StoreId, TeamId, Tx,
    access::{self, Access},
    contacts::{self, ContactFilter, ContactInput},
    conversations::{self, ConversationChange},
    events::{self, EventKind},
    participants,
    replay::{self, Replay},
    stores, teams,
};
use parlor_db::{Sql, params};
use proptest::prelude::*;

use crate::support::{World, blank, rule};

static OLD_AUDIENCE: Sql = Sql::both(
    "tests::OLD_AUDIENCE",
    "UPDATE events SET audience = 1, person_id = NULL WHERE tenant = $1 AND kind = 'contact.updated'",
);

fn seen(world: &World, actor: &Actor) -> BTreeSet<PersonId> {
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let (actor, filter) = (actor.clone(), ContactFilter { after, limit: Some(2), ..Default::default() });
        let page = world.read(move |tx| contacts::list(tx, &actor, &filter)).unwrap();
        for contact in page.items {
            assert!(found.insert(contact.id), "once");
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn found(world: &World, actor: &Actor, name: &str) -> usize {
    let (actor, filter) =
        (actor.clone(), ContactFilter { search: Some(name.to_owned()), ..Default::default() });
    world.read(move |tx| contacts::list(tx, &actor, &filter)).unwrap().items.len()
}

fn got(world: &World, actor: &Actor, id: PersonId) -> bool {
    let actor = actor.clone();
    match world.read(move |tx| contacts::get(tx, &actor, id)) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(rule::<()>(Err(error)), "not found: contact");
            false
        }
    }
}

/// Which contacts were told of to somebody since the beginning.
fn told(world: &World, actor: &Actor) -> BTreeSet<PersonId> {
    let (actor, tenant) = (actor.clone(), world.tenant.id);
    let epoch = world.read(move |tx| events::position(tx, tenant)).unwrap().epoch;
    let Replay::Events { events, .. } =
        world.read(move |tx| replay::replay(tx, &actor, epoch, 0, 10_000)).unwrap()
    else {
        panic!("reset")
    };
    let told = events.iter().filter(|event| event.kind == EventKind::ContactUpdated);
    told.map(|event| {
        let json: serde_json::Value = serde_json::from_str(&event.json).unwrap();
        json["data"]["contact"]["id"].as_str().unwrap().parse().unwrap()
    })
    .collect()
}

struct Scene {
    world: World,
    staff: Vec<Actor>,
    contacts: Vec<Actor>,
    teams: Vec<TeamId>,
    stores: Vec<StoreId>,
}

/// What the staff of the scene may do; the fourth and fifth keep the shops, the first two are in the teams.
const RIGHTS: [&[Right]; 9] = [
    &[],
    &[Right::Support],
    &[Right::SupportAll, Right::Support],
    &[Right::Store],
    &[Right::Store],
    &[Right::Administer],
    &[Right::Contacts],
    &[Right::ViewAll],
    &[Right::ManageUsers, Right::Ticket],
];

fn scene() -> Scene {
    let world = World::new();
    let mut staff: Vec<Actor> =
        RIGHTS.iter().enumerate().map(|(n, rights)| world.user(&format!("User {n}"), rights)).collect();
    let contacts: Vec<Actor> = (0..4).map(|n| world.contact(&format!("Contact {n}"))).collect();
    let (mut team_ids, mut store_ids) = (Vec::new(), Vec::new());
    for n in 0..2 {
        let (system, member, keeper) = (world.system(), staff[n].id(), staff[3 + n].id());
        let (team, store) = world
            .write(move |tx| {
                let change = teams::TeamChange { members: Some(vec![member]), ..Default::default() };
                let team = teams::create(tx, &system, &format!("Team {n}"), &change)?;
                let store = stores::create(tx, &system, &format!("Shop {n}"), None, Some(vec![keeper]))?;
                Ok((team.id, store.id))
            })
            .unwrap();
        team_ids.push(team);
        store_ids.push(store);
    }
    staff.iter_mut().for_each(|actor| *actor = world.reload(actor));
    Scene { world, staff, contacts, teams: team_ids, stores: store_ids }
}

#[derive(Clone, Debug)]
enum Step {
    Support { contact: usize },
    Shop { contact: usize, store: usize },
    Account { contact: usize },
    Assign { which: usize, team: Option<usize>, person: Option<usize> },
    Join { who: usize, which: usize },
    Leave { who: usize, which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (contact, who) = (0..4_usize, 0..RIGHTS.len());
    let which = any::<usize>();
    prop_oneof![
        2 => contact.clone().prop_map(|contact| Step::Support { contact }),
        2 => (contact.clone(), 0..2_usize).prop_map(|(contact, store)| Step::Shop { contact, store }),
        1 => contact.prop_map(|contact| Step::Account { contact }),
        3 => (which, prop::option::of(0..2_usize), prop::option::of(who.clone()))
            .prop_map(|(which, team, person)| Step::Assign { which, team, person }),
        2 => (who.clone(), which).prop_map(|(who, which)| Step::Join { who, which }),
        1 => (who, which).prop_map(|(who, which)| Step::Leave { who, which }),
    ]
}

impl Scene {
    fn play(&self, step: &Step, opened: &mut Vec<(usize, ConversationId)>) {
        let system = self.world.system();
        let open = |kind, contact: usize, store: Option<usize>| {
            let mut new = blank(kind);
            new.contact_id = Some(self.contacts[contact].id());
            new.subject = Some("A matter".to_owned());
            new.store_id = store.map(|store| self.stores[store]);
            (contact, self.world.open(&system, new).unwrap().conversation.id)
        };
        let pick = |which: usize, opened: &[(usize, ConversationId)]| {
            opened.get(which % opened.len().max(1)).map(|(_, id)| *id)
        };
        match *step {
            Step::Support { contact } => opened.push(open(Kind::Support, contact, None)),
            Step::Shop { contact, store } => opened.push(open(Kind::StoreCustomer, contact, Some(store))),
            Step::Account { contact } => opened.push(open(Kind::AdminCustomer, contact, None)),
            Step::Assign { which, team, person } => {
                let Some(id) = pick(which, opened) else { return };
                let change = ConversationChange {
                    team_id: Some(team.map(|team| self.teams[team])),
                    assignee_id: Some(person.map(|person| self.staff[person].id())),
                    ..Default::default()
                };
                self.world.write(move |tx| conversations::update(tx, &system, id, &change).map(drop)).ok();
            }
            Step::Join { who, which } => {
                let (Some(id), who) = (pick(which, opened), self.staff[who].clone()) else { return };
                self.world.write(move |tx| participants::join(tx, &who, id).map(drop)).ok();
            }
            Step::Leave { who, which } => {
                let (Some(id), who) = (pick(which, opened), self.staff[who].clone()) else { return };
                self.world.write(move |tx| participants::remove(tx, &who, id, who.id())).ok();
            }
        }
    }
}

/// Whether somebody reads one of these conversations, asked one by one.
fn reads_one(tx: &mut Tx, actor: &Actor, places: &[ConversationId]) -> bool {
    places.iter().any(|id| conversations::is_reader(tx, actor, *id).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The list, the single contact, the search and the events agree with whoever reads which conversation.
    #[test]
    fn who_sees_a_contact_is_who_reads_a_conversation_with_it(steps in prop::collection::vec(step(), 0..25)) {
        let scene = scene();
        let mut opened = Vec::new();
        for step in &steps {
            scene.play(step, &mut opened);
        }
        for actor in &scene.staff {
            let (listed, told) = (seen(&scene.world, actor), told(&scene.world, actor));
            for (n, contact) in scene.contacts.iter().enumerate() {
                let places: Vec<_> = opened.iter().filter(|(who, _)| *who == n).map(|(_, id)| *id).collect();
                let who = actor.clone();
                let reads = scene.world.read(move |tx| Ok(reads_one(tx, &who, &places))).unwrap();
                let all = actor.has(Right::Contacts) || actor.has(Right::ViewAll);
                let what = format!("{} and {}", actor.person.name, contact.person.name);
                prop_assert_eq!(listed.contains(&contact.id()), reads || all, "listed: {}", &what);
                prop_assert_eq!(got(&scene.world, actor, contact.id()), reads || all, "got: {}", &what);
                prop_assert_eq!(told.contains(&contact.id()), reads || all, "told: {}", &what);
                let hits = found(&scene.world, actor, &contact.person.name.to_uppercase());
                prop_assert_eq!(hits, usize::from(reads || all), "found: {}", &what);
            }
        }
    }
}

#[test]
fn events_of_earlier_versions_are_told_to_whom_sees_the_contact() {
    let scene = scene();
    let tenant = scene.world.tenant.id;
    let changed = scene.world.test.db.write_blocking(0, move |db| db.execute(&OLD_AUDIENCE, params![tenant]));
    assert_eq!(changed.map_err(|error: parlor_db::Error| error.to_string()).unwrap(), 4);
    let (manager, keeper) = (&scene.staff[6], &scene.staff[3]);
    assert_eq!((told(&scene.world, manager).len(), told(&scene.world, keeper).len()), (4, 0));
}

#[test]
fn only_contacts_that_one_sees_are_written_to() {
    let scene = scene();
    let contact = scene.contacts[0].id();
    let open = |by: usize, kind, store: Option<usize>| {
        let mut new = blank(kind);
        (new.contact_id, new.subject) = (Some(contact), Some("A matter".to_owned()));
        new.store_id = store.map(|store| scene.stores[store]);
        scene.world.open(&scene.staff[by], new).map(|opened| opened.conversation.id)
    };
    let unknown = "invalid: contact_id known";
    assert_eq!(rule(open(3, Kind::StoreCustomer, Some(0))), unknown, "a shop and a customer of nobody");
    assert_eq!(rule(open(1, Kind::Support, None)), unknown, "an agent and a customer of nobody");
    assert!(open(5, Kind::AdminCustomer, None).is_ok(), "who reads all conversations of a kind begins one");
    let mut opened = Vec::new();
    scene.play(&Step::Shop { contact: 0, store: 0 }, &mut opened);
    assert!(open(3, Kind::StoreCustomer, Some(0)).is_ok(), "a customer of the shop");
    assert_eq!(rule(open(4, Kind::StoreCustomer, Some(1))), unknown, "a customer of another shop");
}

/// The rule is one: what the hub asks of somebody's reach is what the database answers.
#[test]
fn nobody_but_staff_sees_contacts_and_changes_need_the_right() {
    let scene = scene();
    let (kim, agent) = (&scene.contacts[0], &scene.staff[1]);
    let reach = |actor: &Actor| -> Access {
        let actor = actor.clone();
        scene.world.read(move |tx| access::access(tx, &actor)).unwrap()
    };
    assert!(!reach(kim).sees_contact(&[]) && reach(&scene.staff[6]).sees_contact(&[]));
    let mut opened = Vec::new();
    scene.play(&Step::Support { contact: 0 }, &mut opened);
    assert!(got(&scene.world, agent, kim.id()), "nobody is assigned");
    let (who, id) = (agent.clone(), kim.id());
    let input = ContactInput { phone: Some("+49 30 123456".to_owned()), ..Default::default() };
    let refused = scene.world.write(move |tx| contacts::update(tx, &who, id, &input));
    assert_eq!(rule(refused), "forbidden: right contacts");
}
