//! Owns: what the floating messenger of the CRM contract starts from, and its preferences.

use axum::extract::State;
use axum::http::HeaderMap;
use parlor_chat::conversations::{self, ListFilter};
use parlor_chat::users::{self, ProfileChange};
use parlor_chat::{Actor, Right, Time, events};
use parlor_realtime::protocol::mercure::parlor_topics::Topic;
use parlor_realtime::protocol::mercure::wire;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::messenger::Messenger;
use super::users::{User, UsersQuery, writable};
use super::views::{self, Conversation};
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::Json;
use crate::transport::mercure::grant::grant;

/// Under which key of a user's preferences the messenger's are.
const KEY: &str = "internal_messenger";
const RECENT: i64 = 20;

/// How the messenger draws attention.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CrmPreferences)]
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
#[derive(Deserialize, ToSchema)]
#[schema(as = CrmPreferencesInput)]
#[serde(deny_unknown_fields)]
pub(super) struct PreferencesInput {
    sound_enabled: Option<bool>,
    browser_notifications_enabled: Option<bool>,
}

fn stored(all: &Value) -> Preferences {
    all.get(KEY).and_then(|own| serde_json::from_value(own.clone()).ok()).unwrap_or_default()
}

/// What the widget starts from.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmBootstrap)]
pub(super) struct Bootstrap {
    user: User,
    rights: Rights,
    preferences: Preferences,
    unread_total: i64,
    conversations: Vec<Conversation>,
    next: Option<String>,
    users: Vec<User>,
    users_next: Option<String>,
    hub: Hub,
}

/// What the caller may do, under the contract's names.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmRights)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Rights {
    internal_messenger: bool,
    internal_messenger_group: bool,
    internal_messenger_broadcast: bool,
    internal_messenger_global: bool,
}

/// Where the caller's updates come from, from which one on.
#[derive(Serialize, ToSchema)]
#[schema(as = CrmHub)]
struct Hub {
    url: String,
    token: Option<String>,
    expires_at: Option<Time>,
    topics: Vec<String>,
    last_event_id: String,
}

impl Rights {
    fn of(actor: &Actor) -> Self {
        Self {
            internal_messenger: actor.has(Right::Messenger),
            internal_messenger_group: actor.has(Right::Group),
            internal_messenger_broadcast: actor.has(Right::Broadcast),
            internal_messenger_global: actor.has(Right::Announce),
        }
    }
}

/// Everything that the widget shows first
#[utoipa::path(get, path = "/widget/bootstrap", tag = "crm contract", operation_id = "crm_bootstrap",
    responses((status = 200, body = Bootstrap)))]
pub(crate) async fn bootstrap(
    State(app): State<Ctx>,
    Messenger(caller): Messenger,
    headers: HeaderMap,
) -> Answer<Bootstrap> {
    let granted = grant(&app, &caller, &headers).await?;
    let person = caller.id();
    let run = app.db.read(&caller, move |tx, actor| {
        let recent = ListFilter { limit: Some(RECENT), ..views::filter() };
        let page = conversations::list(tx, actor, &recent)?;
        let position = events::position(tx, actor.tenant)?;
        let people = writable(tx, actor, &UsersQuery::default())?;
        let mut own = users::external_ids(tx, actor.tenant, &[actor.id()])?;
        let (token, expires_at) = granted.token.clone().unzip();
        let mut topics = vec![Topic::Inbox(person), Topic::Notifications(person)];
        topics.extend(page.items.iter().map(|view| Topic::Conversation(view.id)));
        Ok(Bootstrap {
            user: User {
                id: actor.id(),
                external_id: own.remove(&actor.id()),
                name: actor.person.name.clone(),
                avatar_url: actor.person.avatar_url.clone(),
            },
            rights: Rights::of(actor),
            preferences: stored(&users::profile(tx, actor.tenant, actor.id())?.preferences),
            unread_total: views::unread_total(tx, actor)?,
            conversations: page.items.iter().map(Conversation::of).collect(),
            next: page.next,
            users: people.items,
            users_next: people.next,
            hub: Hub {
                url: granted.url.clone(),
                token,
                expires_at,
                topics: topics.iter().map(Topic::to_string).collect(),
                last_event_id: wire::id(position.epoch, position.seq),
            },
        })
    });
    Ok(Json(run.await?))
}

/// Change preferences; what is not named stays
#[utoipa::path(post, path = "/preferences", tag = "crm contract", operation_id = "crm_change_preferences",
    request_body = PreferencesInput, responses((status = 200, body = Preferences)))]
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
