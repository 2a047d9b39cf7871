//! Builders for the tests of this crate.

use std::collections::HashSet;

use parlor_chat::access::{Access, AccessChange, Facets};
use parlor_chat::events::{Audience, Event};
use parlor_chat::{ConversationId, Kind, PersonId, Rights, TenantId, Time};
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
        kind: "message.posted".into(),
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
    let kind = if member { "participant.added" } else { "participant.removed" };
    let access = vec![AccessChange { conversation: conversation(at), person: person(who), member }];
    Event { kind: kind.into(), access, ..event(seq, at) }
}

/// An event about a user, role or team.
pub(crate) fn news(seq: i64, kind: &str, data: serde_json::Value) -> Event {
    Event {
        kind: kind.into(),
        conversation: None,
        audience: Audience::Staff,
        json: serde_json::json!({"seq": seq, "data": data}).to_string().into(),
        ..event(seq, 0)
    }
}
