//! What a subscriber gets, by what it asked for and what its token allows.

use serde_json::json;

use super::*;
use crate::testing::{self, conversation, event, person};

fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| Selector::classic(text)).collect()
}

fn subscriber(wanted: &[&str], granted: &[&str]) -> Subscriber {
    Subscriber::new(selectors(wanted), selectors(granted))
}

fn person_subscriber(wanted: &[&str], by_rules: bool) -> Subscriber {
    let mut subscriber = subscriber(wanted, &[&inbox(), &notifications()]);
    subscriber.become_person(SubscribedPerson { person: person(1), by_rules, quiet: HashMap::new() });
    subscriber
}

fn inbox() -> String {
    Topic::Inbox(person(1)).to_string()
}

fn notifications() -> String {
    Topic::Notifications(person(1)).to_string()
}

fn talk(at: u128) -> String {
    Topic::Conversation(conversation(at)).to_string()
}

fn update(topics: &[&str], private: bool) -> EncodedEvent {
    let publication = Publication::Topics {
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        data: String::new(),
        private,
        id: "x".to_owned(),
        name: None,
        retry: None,
    };
    EncodedEvent::new(Event {
        audience: Audience::Named,
        conversation: None,
        publication: Some(Arc::new(publication)),
        ..event(1, 7)
    })
}

fn posted(author: u128, mentioned: &[u128]) -> EncodedEvent {
    let json = json!({"data": testing::posted(author, mentioned)});
    EncodedEvent::new(Event { json: json.to_string().into(), ..event(1, 7) })
}

fn note() -> EncodedEvent {
    let mut event = posted(2, &[]).event;
    if let Audience::Conversation { staff_only, .. } = &mut event.audience {
        *staff_only = true;
    }
    EncodedEvent::new(event)
}

fn silenced(muted: bool, notify: &str) -> Event {
    let can = json!({"post": true, "note": false, "manage": false, "invite": false, "close": false, "leave": true,
        "join": false, "why_not_post": null});
    let me = json!({"participant": true, "role": "member", "unread": 0, "mentions": 0, "last_read_seq": 0,
        "last_delivered_seq": 0, "muted": muted, "notify": notify, "draft": false, "acknowledged_at": null, "can": can});
    Event {
        kind: EventKind::MeConversation,
        audience: Audience::Person(person(1)),
        json: json!({"data": {"me": me}}).to_string().into(),
        ..event(2, 7)
    }
}

#[test]
fn public_and_private_updates() {
    assert!(subscriber(&["a"], &[]).wants(&update(&["a"], false)));
    assert!(!subscriber(&["a"], &[]).wants(&update(&["a"], true)));
    assert!(!subscriber(&["b"], &["*"]).wants(&update(&["a"], false)));
    assert!(
        subscriber(&["a"], &["b"]).wants(&update(&["a", "b"], true)),
        "one topic wanted, another one allowed"
    );
    assert!(!subscriber(&["a"], &["c"]).wants(&update(&["a", "b"], true)));
    assert!(subscriber(&["/x/{id}"], &["*"]).wants(&update(&["/x/1"], true)));
}

#[test]
fn conversations_by_selector() {
    let event = posted(2, &[]);
    assert!(subscriber(&[&talk(7)], &["*"]).wants(&event));
    assert!(!subscriber(&[&talk(7)], &[]).wants(&event));
    assert!(!subscriber(&[&talk(8)], &["*"]).wants(&event));
    assert!(!subscriber(&["*"], &["*"]).wants(&note()), "private notes stay inside");
    let template = subscriber(&[parlor_topics::CONVERSATION_TEMPLATE], &["*"]);
    let matcher = template.matcher().unwrap();
    assert!(matcher(&event.event) && !matcher(&note().event) && matcher(&update(&[&talk(3)], true).event));
    let by_rules = person_subscriber(&[parlor_topics::CONVERSATION_TEMPLATE], true).matcher().unwrap();
    assert!(!by_rules(&event.event), "a person's conversations arrive otherwise");
    assert!(!template.clone().without_own().wants(&event));
    assert_eq!(subscriber(&[&talk(7), "b"], &[&talk(7)]).names().len(), 3);
    assert_eq!(subscriber(&[&talk(7), "b"], &["b"]).names().len(), 2);
}

#[test]
fn a_persons_own_topics() {
    let all = person_subscriber(&[&inbox()], true);
    assert!(all.wants(&posted(1, &[])) && all.wants(&note()));
    let talks = person_subscriber(&[parlor_topics::CONVERSATION_TEMPLATE], true);
    assert!(talks.wants(&note()) && !talks.wants(&EncodedEvent::new(silenced(true, "all"))));
    let elsewhere = person_subscriber(&[&Topic::Inbox(person(5)).to_string()], true);
    assert!(!elsewhere.wants(&posted(2, &[])), "of nobody else");
    let vouched = person_subscriber(&[parlor_topics::CONVERSATION_TEMPLATE, &inbox()], false);
    assert!(vouched.wants(&note()), "the inbox has everything");
    assert_eq!(vouched.people(), [person(1)]);
}

#[test]
fn notifications_are_for_others_new_messages() {
    let mut told = person_subscriber(&[&notifications()], true);
    assert!(told.wants(&posted(2, &[])) && !told.wants(&posted(1, &[])));
    assert!(!told.wants(&EncodedEvent::new(event(1, 7))), "not every event");
    told.follow(&silenced(false, "mentions")).unwrap();
    assert!(!told.wants(&posted(2, &[])) && told.wants(&posted(2, &[1])));
    told.follow(&silenced(true, "all")).unwrap();
    assert!(!told.wants(&posted(2, &[1])));
    told.follow(&silenced(false, "all")).unwrap();
    assert!(told.wants(&posted(2, &[])));
    let unreadable = Event { json: "{}".into(), ..silenced(true, "all") };
    assert!(told.follow(&unreadable).is_err(), "what cannot be read is said");
    let news = Event { kind: EventKind::NotificationCreated, ..event(3, 7) };
    assert!(told.wants(&EncodedEvent::new(news)));
}
