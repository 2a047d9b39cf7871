//! Presence from moment to moment, on one node and on two.

use super::*;
use crate::testing::{conversation, facets, person, tenant};
use parlor_chat::Kind;

fn at(seconds: i64) -> Time {
    Time(seconds * 1_000_000)
}

fn tick(presence: &Presence, seconds: i64) -> Vec<Left> {
    presence.tick(at(seconds), |_| Thresholds { away: 300, offline: 600 })
}

fn shown(presence: &Presence, n: u128) -> Connection {
    presence.shown(tenant(), person(n)).connection
}

#[test]
fn a_user_is_what_the_best_connection_is() {
    let presence = Presence::new(Registry::new());
    let desk = presence.attend(tenant(), person(1), at(0));
    let phone = presence.attend(tenant(), person(1), at(0));
    assert_eq!(shown(&presence, 1), Connection::Online);
    phone.active(at(200));
    tick(&presence, 301);
    assert_eq!(shown(&presence, 1), Connection::Online, "the phone was used");
    tick(&presence, 500);
    assert_eq!(shown(&presence, 1), Connection::Away);
    desk.active(at(501));
    assert_eq!(shown(&presence, 1), Connection::Online);
    tick(&presence, 1_101);
    assert_eq!(shown(&presence, 1), Connection::Offline, "connected, but idle for too long");
    presence.touch(tenant(), person(1), at(1_102));
    assert_eq!(shown(&presence, 1), Connection::Online);
}

#[test]
fn a_reload_is_no_leaving() {
    let presence = Presence::new(Registry::new());
    let first = presence.attend(tenant(), person(1), at(0));
    drop(first);
    assert_eq!(tick(&presence, 1), []);
    let second = presence.attend(tenant(), person(1), at(2));
    assert_eq!(tick(&presence, 30), []);
    drop(second);
    assert_eq!(tick(&presence, 31), []);
    assert_eq!(tick(&presence, 33), []);
    assert_eq!(shown(&presence, 1), Connection::Online, "within the grace");
    assert_eq!(tick(&presence, 34), [Left { tenant: tenant(), person: person(1), at: at(31) }]);
    assert_eq!(shown(&presence, 1), Connection::Offline);
    assert!(presence.people(tenant()).is_empty());
}

#[test]
fn the_best_of_two_nodes_and_a_dead_node_takes_its_people_along() {
    let (here, there) = (Presence::new(Registry::new()), Presence::new(Registry::new()));
    let exchange = || here.registry.replace_node(2, there.registry.local());
    let desk = here.attend(tenant(), person(1), at(0));
    let phone = there.attend(tenant(), person(1), at(250));
    let _ben = there.attend(tenant(), person(2), at(250));
    phone.view(Some(conversation(7)), at(250));
    exchange();
    tick(&here, 301);
    assert_eq!(shown(&here, 1), Connection::Online);
    assert!(here.shown(tenant(), person(1)).viewing.contains(&conversation(7)));
    assert_eq!(here.people(tenant()).len(), 2);
    here.registry.replace_node(2, Vec::new());
    assert_eq!(shown(&here, 1), Connection::Away);
    assert_eq!(shown(&here, 2), Connection::Offline);
    desk.active(at(302));
    assert_eq!(shown(&here, 1), Connection::Online);
}

#[test]
fn only_news_is_told() {
    let registry = Registry::new();
    let mut changes = registry.changes();
    let presence = Presence::new(registry);
    let one = presence.attend(tenant(), person(1), at(0));
    let two = presence.attend(tenant(), person(1), at(1));
    one.active(at(5));
    tick(&presence, 6);
    two.view(Some(conversation(7)), at(7));
    two.view(Some(conversation(7)), at(8));
    let mut told = 0;
    while changes.try_recv().is_ok() {
        told += 1;
    }
    assert_eq!(told, 2, "coming, and looking at something");
}

#[test]
fn typing_ends_by_itself_and_is_told_sparingly() {
    let presence = Presence::new(Registry::new());
    let who = (tenant(), conversation(7), person(1));
    let audience = Audience::Conversation { facets: facets(Kind::Group), staff_only: false };
    let sign = |seconds| presence.typing(who, false, at(seconds));
    assert_eq!(sign(0), Sign::Ask);
    assert_eq!(presence.typing_in(who, false, audience.clone(), at(0)), None);
    assert_eq!(sign(1), Sign::Known);
    assert_eq!(sign(2), Sign::Ask, "who may be told may be others now");
    assert_eq!(presence.typing_in(who, false, audience.clone(), at(2)), None);
    assert_eq!(presence.stopped_typing(at(6)), []);
    let stopped = Stopped { tenant: who.0, conversation: who.1, person: who.2, audience: audience.clone() };
    assert_eq!(presence.stopped_typing(at(7)), [stopped]);
    assert_eq!(sign(8), Sign::Ask);
    presence.typing_in(who, false, audience.clone(), at(8));
    assert_eq!(presence.stop_typing(who.0, who.1, who.2), Some(audience));
    assert_eq!(presence.stop_typing(who.0, who.1, who.2), None);
}

#[test]
fn a_note_is_typed_for_others_than_an_answer() {
    let presence = Presence::new(Registry::new());
    let who = (tenant(), conversation(7), person(1));
    let told = |staff_only| Audience::Conversation { facets: facets(Kind::Support), staff_only };
    presence.typing_in(who, false, told(false), at(0));
    assert_eq!(presence.typing(who, true, at(1)), Sign::Ask);
    assert_eq!(
        presence.typing_in(who, true, told(true), at(1)),
        Some(told(false)),
        "the customer sees an end of it"
    );
    assert_eq!(presence.typing(who, true, at(2)), Sign::Known);
    assert_eq!(presence.typing_in(who, false, told(false), at(9)), None, "the note had ended by itself");
}
