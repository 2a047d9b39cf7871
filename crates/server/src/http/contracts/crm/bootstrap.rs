//! Owns: what the floating messenger of the CRM contract starts from, and its preferences.

use axum::extract::State;
use axum::http::HeaderMap;
use parlor_chat::conversations::{self, ListFilter};
use parlor_chat::users::{self, ProfileChange};
use parlor_chat::{Actor, Right, events};
use parlor_realtime::protocol::mercure::parlor_topics::Topic;
use parlor_realtime::protocol::mercure::wire;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::messenger::Messenger;
use super::users::{UsersQuery, writable};
use super::views;
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::Json;
use crate::transport::mercure::grant::grant;

/// Under which key of a user's preferences the messenger's are.
const KEY: &str = "internal_messenger";
const RECENT: i64 = 20;

/// How the messenger draws attention.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    sound_enabled: bool,
    browser_notifications_enabled: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { sound_enabled: true, browser_notifications_enabled: false }
    }
}

/// What of them is to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreferencesInput {
    sound_enabled: Option<bool>,
    browser_notifications_enabled: Option<bool>,
}

fn stored(all: &Value) -> Preferences {
    all.get(KEY).and_then(|own| serde_json::from_value(own.clone()).ok()).unwrap_or_default()
}

fn rights(actor: &Actor) -> Value {
    json!({
        "INTERNAL_MESSENGER": actor.has(Right::Messenger),
        "INTERNAL_MESSENGER_GROUP": actor.has(Right::Group),
        "INTERNAL_MESSENGER_BROADCAST": actor.has(Right::Broadcast),
        "INTERNAL_MESSENGER_GLOBAL": actor.has(Right::Announce),
    })
}

/// Everything that the widget shows first.
pub(crate) async fn bootstrap(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    headers: HeaderMap,
) -> Answer<Value> {
    let hub = grant(&app, &caller, &headers).await?;
    let run = app.db.read(&caller, |tx, actor| {
        let recent = ListFilter { limit: Some(RECENT), ..views::filter() };
        let page = conversations::list(tx, actor, &recent)?;
        let items: Vec<Value> = page.items.iter().map(views::conversation).collect();
        let preferences = stored(&users::profile(tx, actor.tenant, actor.id())?.preferences);
        let position = events::position(tx, actor.tenant)?;
        let people = writable(tx, actor, &UsersQuery::default())?;
        let own = users::external_ids(tx, actor.tenant, &[actor.id()])?;
        let mine = json!({
            "user": {"id": actor.id(), "external_id": own.get(&actor.id()), "name": actor.person.name, "avatar_url": actor.person.avatar_url},
            "rights": rights(actor),
            "preferences": preferences,
            "unread_total": views::unread_total(tx, actor)?,
            "conversations": items,
            "next": page.next,
            "users": people.items,
            "users_next": people.next,
        });
        Ok((mine, position, page.items.iter().map(|view| view.id).collect::<Vec<_>>()))
    });
    let (mut answer, position, ids) = run.await?;
    let (token, expires_at) = hub.token.unzip();
    let mut topics =
        vec![Topic::Inbox(caller.id()).to_string(), Topic::Notifications(caller.id()).to_string()];
    topics.extend(ids.into_iter().map(|id| Topic::Conversation(id).to_string()));
    answer["hub"] = json!({
        "url": hub.url, "token": token, "expires_at": expires_at, "topics": topics,
        "last_event_id": wire::id(position.epoch, position.seq),
    });
    Ok(Json(answer))
}

/// Changes preferences; what is not named stays.
pub(crate) async fn preferences(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    Json(input): Json<PreferencesInput>,
) -> Answer<Preferences> {
    let run = app.db.write(&caller, move |tx, actor| {
        let mut all = users::profile(tx, actor.tenant, actor.id())?.preferences;
        let before = stored(&all);
        let now = Preferences {
            sound_enabled: input.sound_enabled.unwrap_or(before.sound_enabled),
            browser_notifications_enabled: input
                .browser_notifications_enabled
                .unwrap_or(before.browser_notifications_enabled),
        };
        if !all.is_object() {
            all = json!({});
        }
        all[KEY] = serde_json::to_value(now)?;
        let change = ProfileChange { preferences: Some(all), ..ProfileChange::default() };
        users::update_profile(tx, actor, &change)?;
        Ok(now)
    });
    Ok(Json(run.await?))
}
