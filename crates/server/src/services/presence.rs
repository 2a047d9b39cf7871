//! Owns: presence and typing as requests and connections ask for them and tell them. The state of it is
//! `parlor_realtime::presence`. Must not know: how it travels to other nodes or to sockets.

use std::sync::Arc;

use parlor_chat::events::{Audience, Event, NewEvent};
use parlor_chat::statuses::{self, UserStatus};
use parlor_chat::{Actor, ConversationId, Error, PersonId, TenantId, Time, conversations, users};
use parlor_realtime::presence::{Connection, Shown, Sign};
use serde::Serialize;
use serde_json::json;

use crate::app::App;

/// What others see of a user.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PresenceView {
    /// The user.
    pub user_id: PersonId,
    /// `online`, `away`, `busy` or `offline`.
    pub status: &'static str,
    /// Whether the user asks not to be disturbed; counts while connected.
    pub busy: bool,
    /// A few words of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When the words end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_until: Option<Time>,
    /// The last activity of somebody connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_active_at: Option<Time>,
    /// When the last connection ended, of somebody who is not connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Time>,
}

impl PresenceView {
    fn new(user_id: PersonId, shown: &Shown, said: UserStatus) -> Self {
        let status = match shown.connection {
            Connection::Offline => "offline",
            _ if said.busy => "busy",
            Connection::Away => "away",
            Connection::Online => "online",
        };
        let last_seen_at = if shown.connection == Connection::Offline {
            shown.active_at.max(said.last_seen_at)
        } else {
            None
        };
        Self {
            user_id,
            status,
            busy: said.busy,
            text: said.text,
            text_until: said.text_until,
            last_active_at: shown.active_at,
            last_seen_at,
        }
    }
}

/// Somebody gives a sign of typing, or of having stopped. Whoever may not write there tells nobody.
///
/// # Errors
/// `NotFound` where the actor does not see the conversation.
pub async fn typing(
    app: &App,
    actor: &Arc<Actor>,
    conversation: ConversationId,
    typing: bool,
    is_private_note: bool,
) -> Result<(), Error> {
    let (tenant, person, now) = (actor.tenant, actor.id(), app.clock.now());
    app.presence.touch(tenant, person, now);
    if !typing {
        if let Some(audience) = app.presence.stop_typing(tenant, conversation, person) {
            tell_typing(app, actor, conversation, audience, false);
        }
        return Ok(());
    }
    let audience = match app.presence.typing(tenant, conversation, person, now) {
        Sign::Known => return Ok(()),
        Sign::Tell(audience) => audience,
        Sign::Ask => {
            let who = actor.clone();
            let asked = app.db.read_plain(move |tx| {
                conversations::typing_audience(tx, &who, conversation, is_private_note)
            });
            let Some(audience) = asked.await? else { return Ok(()) };
            app.presence.typing_in((tenant, conversation, person), audience.clone(), now);
            audience
        }
    };
    tell_typing(app, actor, conversation, audience, true);
    Ok(())
}

fn tell_typing(app: &App, actor: &Actor, conversation: ConversationId, audience: Audience, typing: bool) {
    let data = json!({ "person_id": actor.id(), "typing": typing });
    let new = NewEvent { kind: "typing", conversation: Some(conversation), audience, access: &[], data };
    if let Ok(event) = Event::ephemeral(actor.tenant, app.clock.now(), Some(&actor.person), new) {
        app.publish_ephemeral(event);
    }
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
    let shown: Vec<(PersonId, Shown)> = match people {
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
    shown: Vec<(PersonId, Shown)>,
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
            PresenceView::new(person, &shown, said)
        })
        .collect())
}
