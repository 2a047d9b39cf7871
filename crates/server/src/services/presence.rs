//! Owns: presence and typing as requests and connections ask for them and tell them. The state of it is
//! `parlor_realtime::presence`. Must not know: how it travels to other nodes or to sockets.

use std::sync::Arc;

use parlor_chat::events::{Audience, Ephemeral, Event, payloads};
use parlor_chat::statuses::{self, PresenceStatus, PresenceView, UserStatus};
use parlor_chat::{Actor, ConversationId, Error, PersonId, TenantId, Tx, conversations, users};
use parlor_realtime::presence::{Connection, PersonPresence, Sign};
use serde_json::Value;

use crate::app::App;
use crate::budgets::Spending;

fn view(user_id: PersonId, shown: &PersonPresence, said: UserStatus) -> PresenceView {
    let status = match shown.connection {
        Connection::Offline => PresenceStatus::Offline,
        _ if said.busy => PresenceStatus::Busy,
        Connection::Away => PresenceStatus::Away,
        Connection::Online => PresenceStatus::Online,
    };
    let offline = shown.connection == Connection::Offline;
    let last_seen_at = if offline { shown.active_at.max(said.last_seen_at) } else { None };
    PresenceView {
        user_id,
        status,
        busy: said.busy,
        text: said.text,
        text_until: said.text_until,
        last_active_at: shown.active_at,
        last_seen_at,
    }
}

/// Somebody gives a sign of typing, or of having stopped. Whoever may not write there tells nobody.
///
/// # Errors
/// `Later` beyond the budget, `NotFound` where the actor does not see the conversation.
pub async fn typing(
    app: &App,
    actor: &Arc<Actor>,
    conversation: ConversationId,
    typing: bool,
    is_private_note: bool,
) -> Result<(), Error> {
    let (tenant, person, now) = (actor.tenant, actor.id(), app.clock.now());
    app.presence.touch(tenant, person, now);
    app.db.spend(actor, Spending::Sign).await?;
    if !typing {
        stop_typing(app, actor, conversation);
        return Ok(());
    }
    let typist = (tenant, conversation, person);
    if app.presence.typing(typist, is_private_note, now) == Sign::Known {
        return Ok(());
    }
    let who = actor.clone();
    let asked = app
        .db
        .read_plain(move |tx| conversations::typing_audience(tx, &who, conversation, is_private_note))
        .await;
    let Ok(Some(audience)) = asked else {
        stop_typing(app, actor, conversation);
        return asked.map(|_| ());
    };
    if let Some(before) = app.presence.typing_in(typist, is_private_note, audience.clone(), now) {
        tell_typing(app, actor, conversation, before, false);
    }
    tell_typing(app, actor, conversation, audience, true);
    Ok(())
}

fn stop_typing(app: &App, actor: &Actor, conversation: ConversationId) {
    if let Some(audience) = app.presence.stop_typing(actor.tenant, conversation, actor.id()) {
        tell_typing(app, actor, conversation, audience, false);
    }
}

/// What a client event of typing says: `{"typing": true, "is_private_note": false}`, each of which may be left out.
pub struct TypingSign {
    /// Whether the person types, or has stopped.
    pub typing: bool,
    /// For staff only.
    pub is_private_note: bool,
}

impl TypingSign {
    /// Reads the data of the event.
    #[must_use]
    pub fn of(data: &str) -> Self {
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        // Some clients put the object into a text.
        let data = match data {
            Value::String(inner) => serde_json::from_str(&inner).unwrap_or(Value::String(inner)),
            data => data,
        };
        let is_for_all = match &data {
            Value::Null => true,
            Value::Object(said) => {
                matches!(said.get("is_private_note"), None | Some(Value::Null | Value::Bool(false)))
            }
            // What cannot be read is told to fewer.
            _ => false,
        };
        Self { typing: data["typing"].as_bool().unwrap_or(true), is_private_note: !is_for_all }
    }
}

fn tell_typing(app: &App, actor: &Actor, conversation: ConversationId, audience: Audience, typing: bool) {
    let told = Ephemeral::Typing(payloads::Typing { person_id: actor.id(), typing });
    let (now, person) = (app.clock.now(), Some(&actor.person));
    match Event::ephemeral(actor.tenant, now, person, Some(conversation), audience, told) {
        Ok(event) => app.publish_ephemeral(event),
        Err(error) => tracing::warn!(%error, "an ephemeral event could not be encoded"),
    }
}

/// Who is told that this person looks at the conversation, while it reads it.
///
/// # Errors
/// When the database fails.
pub(crate) fn viewers_audience(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    person: PersonId,
    conversation: ConversationId,
) -> Result<Option<(Actor, Audience)>, Error> {
    let tenant = parlor_chat::tenants::by_id(tx, tenant)?;
    let actor = match users::actor(tx, &tenant, person) {
        Ok(actor) => actor,
        Err(Error::NotFound { .. } | Error::Unauthorized { .. }) => {
            match parlor_chat::contacts::actor(tx, &tenant, person) {
                // Whoever may no longer come in looks at nothing, although a connection still says so.
                Err(Error::NotFound { .. } | Error::Unauthorized { .. }) => return Ok(None),
                actor => actor?,
            }
        }
        Err(error) => return Err(error),
    };
    let audience = conversations::viewing_audience(tx, &actor, conversation)?;
    Ok(audience.map(|audience| (actor, audience)))
}

/// Who looks at a conversation: of all who say so, those who read it.
///
/// # Errors
/// When the database fails.
pub async fn viewers(
    app: &App,
    tenant: TenantId,
    conversation: ConversationId,
) -> Result<Vec<PersonId>, Error> {
    let people = app.presence.people(tenant).into_iter();
    let looking = people.filter(|(_, shown)| shown.viewing.contains(&conversation));
    let looking: Vec<PersonId> = looking.map(|(person, _)| person).collect();
    let read = app.db.read_plain(move |tx| {
        let mut viewers = Vec::new();
        for person in &looking {
            if viewers_audience(tx, tenant, *person, conversation)?.is_some() {
                viewers.push(*person);
            }
        }
        Ok(viewers)
    });
    read.await
}

/// What is shown of these people, and of everybody connected when none are named.
///
/// # Errors
/// When the database fails.
pub async fn presence_of(
    app: &App,
    tenant: TenantId,
    people: Option<Vec<PersonId>>,
) -> Result<Vec<PresenceView>, Error> {
    let shown: Vec<(PersonId, PersonPresence)> = match people {
        None => app.presence.people(tenant),
        Some(people) => {
            people.into_iter().map(|person| (person, app.presence.shown(tenant, person))).collect()
        }
    };
    views(app, tenant, shown).await
}

/// Users only: whether a contact is there is told where the contact takes part.
pub(crate) async fn views(
    app: &App,
    tenant: TenantId,
    shown: Vec<(PersonId, PersonPresence)>,
) -> Result<Vec<PresenceView>, Error> {
    let people: Vec<PersonId> = shown.iter().map(|(person, _)| *person).collect();
    let read = app
        .db
        .read_plain(move |tx| Ok((statuses::of(tx, tenant, &people)?, users::among(tx, tenant, &people)?)));
    let (mut said, users) = read.await?;
    let known = shown.into_iter().filter(|(person, _)| users.contains(person));
    Ok(known
        .map(|(person, shown)| {
            let said = said.remove(&person).unwrap_or_default();
            view(person, &shown, said)
        })
        .collect())
}
