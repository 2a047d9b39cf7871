//! Order, overflow, changing reach, and agreement of the index with `Access::admits`.

use std::sync::Mutex as StdMutex;

use parlor_chat::access::Facets;
use parlor_chat::events::{Audience, EventKind};
use parlor_chat::publications::Publication;
use parlor_chat::{ConversationId, Kind, Right, Rights, StoreId, TeamId};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::testing::{access, change, conversation, event, facets, news, person, tenant, user};

fn hub() -> Arc<Hub> {
    Hub::new(|_, _| {})
}

fn join(hub: &Arc<Hub>, access: Access, at: i64) -> Joined {
    enter(hub.ticket(tenant()), access, Vec::new(), at, 0).unwrap()
}

fn enter(ticket: Ticket, access: Access, roles: Vec<RoleId>, at: i64, tag: u64) -> Result<Joined, Ticket> {
    let mailbox = ticket.hub.mailbox();
    let reach = Reach { person: Some((access, roles)), lives_by: vec![tag], ..Reach::default() };
    ticket.join(reach, at, mailbox).map_err(|back| back.0)
}

/// The numbers that wait, and the end when there is one.
fn drain(joined: &Joined) -> (Vec<i64>, Option<Close>) {
    let mut seen = Vec::new();
    loop {
        match joined.mailbox.take() {
            Some(Ok(events)) => seen.extend(events.iter().map(|published| published.seq())),
            Some(Err(why)) => return (seen, Some(why)),
            None => return (seen, None),
        }
    }
}

#[test]
fn members_get_it_and_others_do_not() {
    let hub = hub();
    let (ana, ben) = (join(&hub, access(1, &[7]), 0), join(&hub, access(2, &[8]), 0));
    let second_tab = join(&hub, access(1, &[7]), 0);
    hub.publish(event(1, 7));
    hub.publish(event(2, 8));
    assert_eq!(drain(&ana), (vec![1], None));
    assert_eq!(drain(&second_tab), (vec![1], None));
    assert_eq!(drain(&ben), (vec![2], None));
}

#[test]
fn a_gap_is_asked_for_once_and_order_is_kept() {
    let asked = Arc::new(StdMutex::new(Vec::new()));
    let heard = asked.clone();
    let hub = Hub::new(move |_, after| heard.lock().unwrap().push(after));
    let ana = join(&hub, access(1, &[7]), 0);
    for seq in [1, 4, 3, 5] {
        hub.publish(event(seq, 7));
    }
    assert_eq!(drain(&ana), (vec![1], None));
    assert_eq!(*asked.lock().unwrap(), [1]);
    hub.publish(event(2, 7));
    hub.publish(event(2, 7));
    assert_eq!(drain(&ana), (vec![2, 3, 4, 5], None));
    hub.reached(tenant(), 5);
    hub.reached(tenant(), 9);
    hub.reached(tenant(), 9);
    assert_eq!(*asked.lock().unwrap(), [1, 5]);
    hub.gap_answered(tenant());
    assert_eq!(*asked.lock().unwrap(), [1, 5, 5], "what is known and did not come is asked for again");
    (6..=9).for_each(|seq| hub.publish(event(seq, 7)));
    hub.gap_answered(tenant());
    hub.reached(tenant(), 9);
    assert_eq!(*asked.lock().unwrap(), [1, 5, 5]);
}

#[test]
fn a_slow_reader_is_closed_and_nobody_waits() {
    let hub = Hub::with_limit(3, |_, _| {});
    let (slow, quick) = (join(&hub, access(1, &[7]), 0), join(&hub, access(2, &[7]), 0));
    for seq in 1..=5 {
        hub.publish(event(seq, 7));
        assert_eq!(drain(&quick), (vec![seq], None));
    }
    assert_eq!(drain(&slow), (vec![], Some(Close::Resync)));
}

#[test]
fn who_is_removed_gets_the_removal_as_the_last() {
    let hub = hub();
    let (ana, ben) = (join(&hub, access(1, &[7]), 0), join(&hub, access(2, &[7]), 0));
    hub.publish(event(1, 7));
    hub.publish(change(2, 7, 2, false));
    hub.publish(event(3, 7));
    assert_eq!(drain(&ana), (vec![1, 2, 3], None));
    assert_eq!(drain(&ben), (vec![1, 2], None));
    hub.publish(change(4, 7, 2, true));
    hub.publish(event(5, 7));
    assert_eq!(drain(&ben), (vec![4, 5], None));
}

#[test]
fn joining_catches_up_from_memory_with_the_reach_of_each_moment() {
    let hub = hub();
    let _keeps_the_room = join(&hub, access(1, &[7]), 0);
    let ticket = hub.ticket(tenant());
    for published in [event(1, 7), change(2, 7, 2, true), event(3, 7), change(4, 7, 2, false), event(5, 7)] {
        hub.publish(published);
    }
    let ben = enter(ticket, access(2, &[]), Vec::new(), 0, 0).unwrap();
    assert_eq!(drain(&ben), (vec![2, 3, 4], None));
    hub.publish(event(6, 7));
    assert_eq!(drain(&ben), (vec![], None));
}

#[test]
fn joining_too_far_behind_reads_again() {
    let hub = hub();
    let _keeps_the_room = join(&hub, access(1, &[7]), 0);
    for seq in 1..=(RECENT_LIMIT as i64 + 10) {
        hub.publish(event(seq, 7));
    }
    let ticket = enter(hub.ticket(tenant()), access(2, &[7]), Vec::new(), 5, 0).err().unwrap();
    assert!(enter(ticket, access(2, &[7]), Vec::new(), 20, 0).is_ok());
}

#[test]
fn joining_across_a_change_of_rights_reads_again() {
    let hub = hub();
    let _keeps_the_room = join(&hub, access(1, &[7]), 0);
    hub.publish(news(1, EventKind::UserUpdated, user(2, true, &[9])));
    let ticket = enter(hub.ticket(tenant()), access(2, &[7]), Vec::new(), 0, 0).err().unwrap();
    assert!(enter(ticket, access(2, &[7]), Vec::new(), 1, 0).is_ok());
}

#[test]
fn changed_reach_closes_the_session_and_a_new_name_does_not() {
    for (data, end) in [
        (user(1, true, &[]), None),
        (user(1, true, &[9]), Some(Close::Resync)),
        (user(1, false, &[]), Some(Close::Unauthorized)),
    ] {
        let hub = hub();
        let (ana, ben) = (join(&hub, access(1, &[]), 0), join(&hub, access(2, &[]), 0));
        hub.publish(news(1, EventKind::UserUpdated, data));
        assert_eq!(drain(&ana), (vec![1], end));
        assert_eq!(drain(&ben), (vec![1], None));
    }
}

#[test]
fn roles_and_teams_close_their_people() {
    let (role, team) = (RoleId(Uuid::from_u128(5)), TeamId(Uuid::from_u128(6)));
    let hub = hub();
    let ana = enter(hub.ticket(tenant()), access(1, &[]), vec![role], 0, 0).unwrap();
    let ben = join(&hub, Access { teams: vec![team], ..access(2, &[]) }, 0);
    let in_team = |members: &[PersonId]| json!({"team": {"id": team, "name": "x", "slug": "x", "ticket_prefix": "X", "members": members}});
    hub.publish(news(1, EventKind::TeamUpdated, in_team(&[person(2)])));
    assert_eq!(drain(&ben), (vec![1], None), "nothing changes for who stays in the team");
    hub.publish(news(
        2,
        EventKind::RoleUpdated,
        json!({"role_id": RoleId(Uuid::from_u128(8)), "deleted": true}),
    ));
    assert_eq!(drain(&ana).1, None, "another role was deleted");
    let changed = json!({"id": role, "name": "x", "rights": [], "restricted": false, "is_default": false, "writes_to": []});
    hub.publish(news(3, EventKind::RoleUpdated, json!({"role": changed})));
    hub.publish(news(4, EventKind::TeamUpdated, in_team(&[])));
    assert_eq!(drain(&ana).1, Some(Close::Resync));
    assert_eq!(drain(&ben).1, Some(Close::Resync));
}

#[test]
fn signing_out_ends_only_that_token() {
    let hub = hub();
    let ticket = || hub.ticket(tenant());
    let one = enter(ticket(), access(1, &[]), Vec::new(), 0, 11).unwrap();
    let two = enter(ticket(), access(1, &[]), Vec::new(), 0, 22).unwrap();
    hub.publish(news(1, EventKind::CredentialEnded, json!({"ended": {"tags": ["000000000000000b"]}})));
    assert_eq!(drain(&one).1, Some(Close::Unauthorized));
    assert_eq!(drain(&two).1, None);
    two.lives_by(&[0, 33]);
    hub.publish(news(
        2,
        EventKind::CredentialEnded,
        json!({"ended": {"tags": ["0000000000000021"], "again": true}}),
    ));
    assert_eq!(drain(&two).1, Some(Close::Resync), "what came with a second proof lives by both");
}

#[test]
fn a_listener_without_a_person_ends_with_its_root() {
    let hub = hub();
    let reach = Reach { names: vec![channel("a")], lives_by: vec![0, 7], ..Reach::default() };
    let joined = hub.ticket(tenant()).join(reach, 0, hub.mailbox()).map_err(|_| ()).unwrap();
    hub.publish(news(1, EventKind::CredentialEnded, json!({"ended": {"tags": ["0000000000000000"]}})));
    assert_eq!(drain(&joined).1, None, "nothing lives by the tag zero");
    hub.publish(news(2, EventKind::CredentialEnded, json!({"ended": {"tags": ["0000000000000007"]}})));
    assert_eq!(drain(&joined).1, Some(Close::Unauthorized));
}

#[test]
fn what_was_lost_on_the_way_in_does_not_slip_through() {
    let hub = hub();
    let _other = join(&hub, access(2, &[]), 0);
    let ticket = hub.ticket(tenant());
    hub.publish(news(1, EventKind::CredentialEnded, json!({"ended": {"person_id": person(1)}})));
    assert!(enter(ticket, access(1, &[]), Vec::new(), 0, 11).is_err(), "it must read again, and finds out");
    assert!(enter(hub.ticket(tenant()), access(3, &[]), Vec::new(), 0, 11).is_ok());
}

#[test]
fn nothing_is_kept_of_a_tenant_that_left() {
    let hub = hub();
    let ana = join(&hub, access(1, &[7]), 0);
    let ticket = hub.ticket(tenant());
    drop(ana);
    assert_eq!(hub.tenants.read().unwrap().len(), 1);
    drop(ticket);
    assert_eq!(hub.tenants.read().unwrap().len(), 0);
    hub.publish(event(1, 7));
}

fn kinds() -> impl Strategy<Value = Kind> {
    (0..parlor_chat::kinds::RULES.len()).prop_map(|index| parlor_chat::kinds::RULES[index].kind)
}

fn people() -> impl Strategy<Value = Access> {
    let rights = prop::sample::subsequence(Right::ALL.to_vec(), 0..4);
    let few = |n: u128| prop::collection::hash_set(0..n, 0..3);
    (1_u128..6, any::<bool>(), rights, few(4), few(3), few(3)).prop_map(
        |(who, is_staff, rights, mine, teams, stores)| Access {
            is_staff,
            rights: rights.into_iter().collect::<Rights>(),
            teams: teams.into_iter().map(|n| TeamId(Uuid::from_u128(n))).collect(),
            stores: stores.into_iter().map(|n| StoreId(Uuid::from_u128(n))).collect(),
            ..access(who, &mine.into_iter().collect::<Vec<_>>())
        },
    )
}

fn happenings() -> impl Strategy<Value = Event> {
    let option = |n: u128| prop::option::of(0..n);
    let facets = (kinds(), option(3), option(3), option(6))
        .prop_map(|(kind, team, store, assignee)| Facets {
            team: team.map(|n| TeamId(Uuid::from_u128(n))),
            store: store.map(|n| StoreId(Uuid::from_u128(n))),
            assignee: assignee.map(person),
            ..facets(kind)
        })
        .boxed();
    let places = prop::collection::vec(
        ((0_u128..4).prop_map(|id| ConversationId(Uuid::from_u128(id))), facets.clone()),
        0..3,
    );
    let audience = prop_oneof![
        1 => places.prop_map(|places| Audience::Contact { id: person(9), places: places.into() }),
        1 => (1_u128..6).prop_map(|n| Audience::Person(person(n))),
        1 => Just(Audience::Staff),
        3 => (facets, any::<bool>()).prop_map(|(facets, staff_only)| Audience::Conversation { facets, staff_only }),
    ];
    (audience, 0_u128..4, prop::option::of((1_u128..6, any::<bool>()))).prop_map(|(audience, at, who)| {
        let changed = who.map_or_else(|| event(0, at), |(who, member)| change(0, at, who, member));
        Event { audience, ..changed }
    })
}

proptest! {
    /// The index reaches exactly those whom the rule admits, in order, while reach changes under way.
    #[test]
    fn the_index_agrees_with_the_rule(
        mut crowd in prop::collection::vec(people(), 1..6),
        story in prop::collection::vec(happenings(), 1..30),
    ) {
        let hub = hub();
        crowd.sort_by_key(|access| access.person);
        crowd.dedup_by_key(|access| access.person);
        let online: Vec<Joined> = crowd.iter().map(|access| join(&hub, access.clone(), 0)).collect();
        let mut expected: Vec<Vec<i64>> = vec![Vec::new(); crowd.len()];
        for (index, happening) in story.into_iter().enumerate() {
            let happening = Event { seq: index as i64 + 1, ..happening };
            for (access, seen) in crowd.iter_mut().zip(&mut expected) {
                let adds = |change: &&parlor_chat::access::AccessChange| change.member;
                happening.access.iter().filter(adds).for_each(|change| access.apply(change));
                if access.admits(&happening) {
                    seen.push(happening.seq);
                }
                happening.access.iter().for_each(|change| access.apply(change));
            }
            hub.publish(happening);
        }
        for (joined, seen) in online.iter().zip(expected) {
            prop_assert_eq!(drain(joined), (seen, None));
        }
    }

    /// Whatever the order of arrival, everybody sees 1, 2, 3 …
    #[test]
    fn order_of_arrival_does_not_matter(order in Just((1..40_i64).collect::<Vec<_>>()).prop_shuffle()) {
        let hub = hub();
        let ana = join(&hub, access(1, &[7]), 0);
        for seq in order {
            hub.publish(event(seq, 7));
        }
        prop_assert_eq!(drain(&ana), ((1..40).collect(), None));
    }
}

fn published(seq: i64, channel: &str) -> Event {
    let publication = Publication::Channels {
        channels: vec![channel.to_owned()],
        name: "news".into(),
        data: "{}".into(),
        except: None,
        user_id: None,
    };
    Event {
        audience: Audience::Named,
        conversation: None,
        publication: Some(Arc::new(publication)),
        ..event(seq, 0)
    }
}

fn channel(name: &str) -> Name {
    Name::Channel(name.into())
}

#[test]
fn names_are_heard_while_listened_to_and_persons_hear_none() {
    let hub = hub();
    let ana = join(&hub, access(1, &[7]), 0);
    let reach = Reach { names: vec![channel("a")], ..Reach::default() };
    let listener = hub.ticket(tenant()).join(reach, 0, hub.mailbox()).map_err(|_| "behind").unwrap();
    assert!(listener.listen(channel("b")) && !listener.listen(channel("b")));
    for (seq, name) in [(1, "a"), (2, "b"), (3, "c")] {
        hub.publish(published(seq, name));
    }
    assert_eq!(drain(&listener), (vec![1, 2], None));
    assert!(listener.forget(&channel("a")) && !listener.forget(&channel("a")));
    hub.publish(published(4, "a"));
    hub.publish(event(5, 7));
    hub.publish(published(6, "b"));
    assert_eq!(drain(&listener), (vec![6], None));
    assert_eq!(drain(&ana), (vec![5], None));
    assert_eq!(hub.listeners(tenant(), &channel("b")), 1);
    drop(listener);
    assert_eq!((hub.listeners(tenant(), &channel("b")), hub.joined()), (0, 1));
}

#[test]
fn one_queue_that_several_ways_lead_to_gets_everything_once() {
    let hub = hub();
    let mailbox = hub.mailbox();
    let conversation = Name::Conversation(conversation(7));
    let everything: Matcher = Arc::new(|_| true);
    let reach = Reach { names: vec![conversation], matcher: Some(everything), ..Reach::default() };
    let listener = hub.ticket(tenant()).join(reach, 0, mailbox.clone()).map_err(|_| "behind").unwrap();
    let person = Reach { person: Some((access(1, &[7]), Vec::new())), ..Reach::default() };
    let _ana = hub.ticket(tenant()).join(person, 0, mailbox).map_err(|_| "behind").unwrap();
    hub.publish(event(1, 7));
    hub.publish(Event { publication: None, ..published(2, "x") });
    assert_eq!(drain(&listener), (vec![1], None));
    let note = Audience::Conversation { facets: facets(Kind::Support), staff_only: true };
    hub.publish(Event { audience: note, ..event(3, 8) });
    assert_eq!(drain(&listener), (vec![], None), "private notes are no application's business");
}

#[test]
fn listeners_catch_up_from_memory_or_are_sent_back_to_read() {
    let hub = hub();
    let _keeps_the_room = join(&hub, access(1, &[]), 0);
    for seq in 1..=3 {
        hub.publish(published(seq, "a"));
    }
    let reach = || Reach { names: vec![channel("a")], ..Reach::default() };
    let late = hub.ticket(tenant()).join(reach(), 1, hub.mailbox()).map_err(|_| "behind").unwrap();
    assert_eq!(drain(&late), (vec![2, 3], None));
    let hub = self::hub();
    let ticket = hub.ticket(tenant());
    hub.publish(published(9, "a"));
    let (ticket, reach) = *ticket.join(reach(), 7, hub.mailbox()).err().unwrap();
    assert!(ticket.join(reach, 9, hub.mailbox()).is_ok());
}

#[test]
fn what_is_only_told_reaches_those_it_is_for_and_moves_nothing() {
    let hub = hub();
    let (ana, ben) = (join(&hub, access(1, &[7]), 0), join(&hub, access(2, &[8]), 0));
    hub.tell(event(0, 7));
    hub.publish(event(1, 7));
    hub.tell(event(0, 7));
    assert_eq!(drain(&ana), (vec![0, 1, 0], None));
    assert_eq!(drain(&ben), (vec![], None));
}

#[test]
fn what_cannot_be_read_reaches_nobody_and_sends_everybody_back() {
    let hub = hub();
    let (ana, ben) = (join(&hub, access(1, &[7]), 0), join(&hub, access(2, &[8]), 0));
    hub.publish(event(1, 7));
    hub.publish(Event { audience: Audience::Unreadable, ..event(2, 7) });
    assert_eq!(drain(&ana), (vec![1], Some(Close::Resync)));
    assert_eq!(drain(&ben), (vec![], Some(Close::Resync)));
    // Who stands before it cannot be caught up from memory, and who stands after it can.
    assert!(enter(hub.ticket(tenant()), access(1, &[7]), Vec::new(), 1, 0).is_err());
    hub.publish(event(3, 7));
    assert_eq!(drain(&join(&hub, access(1, &[7]), 2)), (vec![3], None));
}

#[test]
fn a_change_of_reach_that_cannot_be_read_may_be_about_anybody() {
    for kind in [
        EventKind::UserUpdated,
        EventKind::RoleUpdated,
        EventKind::TeamUpdated,
        EventKind::StoreUpdated,
        EventKind::ContactUpdated,
        EventKind::CredentialEnded,
    ] {
        let half = json!({"user": {"id": person(9), "active": true}});
        for data in [json!({}), json!("a text"), json!({"person": {}}), half] {
            let hub = hub();
            let ana = join(&hub, access(1, &[7]), 0);
            hub.publish(news(1, kind, data.clone()));
            assert_eq!(drain(&ana).1, Some(Close::Resync), "{kind:?} {data}");
        }
        let hub = hub();
        let ana = join(&hub, access(1, &[7]), 0);
        hub.publish(Event { json: "no JSON".into(), ..news(1, kind, json!({})) });
        assert_eq!(drain(&ana).1, Some(Close::Resync), "{kind:?}");
    }
}

#[test]
fn ones_own_profile_changes_nobodys_reach() {
    let hub = hub();
    let (ana, ben) = (join(&hub, access(1, &[]), 0), join(&hub, access(2, &[]), 0));
    let profile = json!({"profile": {"locale": "en", "time_zone": "", "preferences": {}}});
    hub.publish(Event { audience: Audience::Person(person(1)), ..news(1, EventKind::MeUpdated, profile) });
    assert_eq!(drain(&ana), (vec![1], None));
    assert_eq!(drain(&ben), (vec![], None));
}
