//! Builders for the tests of this crate.

use std::collections::HashSet;

use parlor_chat::access::{Access, AccessChange, Facets};
use parlor_chat::events::{Audience, Event, EventKind};
use parlor_chat::{ConversationId, Kind, PersonId, Rights, TenantId, Time};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn tenant() -> TenantId {
    TenantId(Uuid::from_u128(1))
}

pub(crate) fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

pub(crate) fn conversation(n: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(n))
}

pub(crate) fn facets(kind: Kind) -> Facets {
    Facets { kind, team: None, store: None, assignee: None }
}

pub(crate) fn access(n: u128, conversations: &[u128]) -> Access {
    Access {
        tenant: tenant(),
        person: person(n),
        is_staff: true,
        conversations: conversations.iter().map(|n| conversation(*n)).collect::<HashSet<_>>(),
        teams: Vec::new(),
        stores: Vec::new(),
        rights: Rights::default(),
    }
}

/// A message in a group.
pub(crate) fn event(seq: i64, at: u128) -> Event {
    Event {
        tenant: tenant(),
        seq,
        kind: EventKind::MessagePosted,
        at: Time(seq),
        conversation: Some(conversation(at)),
        audience: Audience::Conversation { facets: facets(Kind::Group), staff_only: false },
        access: Vec::new(),
        json: format!(r#"{{"seq":{seq}}}"#).into(),
        publication: None,
    }
}

/// Somebody comes or goes.
pub(crate) fn change(seq: i64, at: u128, who: u128, member: bool) -> Event {
    let kind = if member { EventKind::ParticipantAdded } else { EventKind::ParticipantRemoved };
    let access = vec![AccessChange { conversation: conversation(at), person: person(who), member }];
    Event { kind, access, ..event(seq, at) }
}

/// An event about a user, role or team.
pub(crate) fn news(seq: i64, kind: EventKind, data: Value) -> Event {
    Event {
        kind,
        conversation: None,
        audience: Audience::Staff,
        json: json!({"seq": seq, "data": data}).to_string().into(),
        ..event(seq, 0)
    }
}

/// A user of a "user.updated".
pub(crate) fn user(n: u128, active: bool, teams: &[u128]) -> Value {
    let teams: Vec<_> = teams.iter().map(|n| Uuid::from_u128(*n)).collect();
    json!({"user": {
        "id": person(n), "kind": "user", "name": "A", "email": null, "avatar_url": null, "roles": [], "teams": teams,
        "stores": [], "active": active, "created_at": "2026-11-21T08:00:00Z",
    }})
}

/// A message of this author, as clients see it, but for what is another here.
pub(crate) fn message(author: u128, another: Value) -> Value {
    let mut message = json!({
        "id": Uuid::from_u128(99), "conversation_id": conversation(7), "seq": 3, "kind": "text",
        "author": {"id": person(author), "kind": "user", "name": "Ana", "avatar_url": null},
        "body": "hello", "html": "<p>hello</p>", "is_private_note": false, "client_id": null, "reply_to": null,
        "thread_root_id": null, "reply_count": 0, "mentions": [], "related": null, "attachments": [],
        "reactions": [], "pinned_at": null, "created_at": "2026-11-21T08:00:00Z", "edited_at": null,
        "deleted_at": null, "system": null, "external_id": null, "status": null,
    });
    if let (Value::Object(message), Value::Object(another)) = (&mut message, another) {
        message.extend(another);
    }
    message
}

/// What a "message.posted" tells of a message of this author that names these people.
pub(crate) fn posted(author: u128, mentioned: &[u128]) -> Value {
    let mentions: Vec<_> = mentioned.iter().map(|n| json!({"user_id": person(*n), "name": "x"})).collect();
    let message = message(author, json!({ "mentions": mentions }));
    let progress = json!({"last_seq": 3, "last_activity_at": "2026-11-21T08:00:00Z"});
    json!({"message": message, "conversation": progress, "author_read_seq": null})
}
