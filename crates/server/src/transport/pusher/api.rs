//! Owns: the HTTP API of applications: publishing, and questions about channels and their members.

use std::collections::HashSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri};
use parlor_chat::TenantId;
use parlor_chat::publications::{self, Cached, Publication};
use parlor_chat::pusher_apps::Compat;
use parlor_realtime::protocol::pusher::{self, Kind, is_cache, is_name, is_socket_id, kind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::app::{App, Ctx};
use crate::auth::pusher_apps::Application;
use crate::transport::pusher::ephemeral::{EphemeralEvent, publish_everywhere};
use crate::transport::pusher::lists::{LIST, list};
use crate::transport::pusher::request_auth::{Query, Refusal, signed_application};

type Answer = Result<Json<Value>, Refusal>;

/// An event to be published.
#[derive(Deserialize)]
struct Trigger {
    name: String,
    data: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    channels: Option<Vec<String>>,
    #[serde(default)]
    socket_id: Option<String>,
    #[serde(default)]
    info: Option<String>,
}

#[derive(Deserialize)]
struct Batch {
    batch: Vec<Trigger>,
}

/// An event that may be published.
struct Checked {
    channels: Vec<String>,
    name: String,
    data: String,
    except: Option<String>,
    info: Vec<String>,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body does not fit: {error}")))
}

impl Trigger {
    /// An event without a body stands in the query: Pusher allows that and advises against it.
    fn read(query: &Query, body: &[u8]) -> Result<Self, Refusal> {
        if !body.is_empty() {
            return read(body);
        }
        let text = |name: &str| query.get(name).map(str::to_owned);
        let missing = |name: &str| Refusal::bad(format!("give {name}, in a body of JSON or in the query"));
        Ok(Self {
            name: text("name").ok_or_else(|| missing("name"))?,
            data: text("data").ok_or_else(|| missing("data"))?,
            channel: text("channel"),
            channels: text("channels").map(|names| names.split(',').map(str::to_owned).collect()),
            socket_id: text("socket_id"),
            info: text("info"),
        })
    }

    fn check(self, app: &App) -> Result<Checked, Refusal> {
        let config = &app.config.pusher;
        let mut channels = self.channels.unwrap_or_default();
        channels.extend(self.channel);
        if channels.is_empty() || channels.len() > config.event_channels {
            return Err(Refusal::bad(format!("name 1 to {} channels", config.event_channels)));
        }
        if let Some(name) = channels.iter().find(|name| !is_name(name, config.name_length)) {
            let name: String = name.chars().take(200).collect();
            return Err(Refusal::bad(format!("\"{name}\" is no name of a channel")));
        }
        if channels.len() > 1 && channels.iter().any(|name| kind(name) == Kind::Encrypted) {
            return Err(Refusal::bad("an encrypted event goes to one channel"));
        }
        if self.name.is_empty() || self.name.len() > config.event_name_length {
            return Err(Refusal::bad(format!("an event's name has 1 to {} bytes", config.event_name_length)));
        }
        if self.name.starts_with("pusher:") || self.name.starts_with("pusher_internal:") {
            return Err(Refusal::bad("only the server sends events that begin with pusher"));
        }
        if self.data.len() > config.event_limit {
            return Err(Refusal::too_large(format!("data has at most {} bytes", config.event_limit)));
        }
        if self.socket_id.as_deref().is_some_and(|id| !is_socket_id(id)) {
            return Err(Refusal::bad("socket_id consists of two numbers with a dot between them"));
        }
        let mut seen = HashSet::new();
        channels.retain(|channel| seen.insert(channel.clone()));
        let info = attributes(self.info.as_deref());
        Ok(Checked { channels, name: self.name, data: self.data, except: self.socket_id, info })
    }
}

fn attributes(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default()
        .split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Publishes all or none, in one transaction with what cache channels keep.
async fn publish_checked(
    app: &App,
    tenant: TenantId,
    tenant_no: i64,
    events: Vec<Checked>,
) -> Result<(), Refusal> {
    let keep_until = app.clock.now().plus_seconds(app.config.pusher.cache);
    let written = app.db.write_plain(tenant_no, move |tx| {
        for event in &events {
            let publication = Publication::Channels {
                channels: event.channels.clone(),
                name: event.name.clone(),
                data: event.data.clone(),
                except: event.except.clone(),
                user_id: None,
            };
            publications::publish(tx, tenant, publication)?;
            for channel in event.channels.iter().filter(|channel| is_cache(channel)) {
                let (name, data) = (event.name.clone(), event.data.clone());
                publications::keep(tx, tenant, channel, &Cached { name, data, expires_at: keep_until })?;
            }
        }
        Ok(())
    });
    Ok(written.await?)
}

/// It is done, and there is nothing to say.
fn done(application: &Application) -> Json<Value> {
    Json(match application.options().compat {
        Compat::Pusher => json!({}),
        Compat::Soketi => json!({"ok": true}),
    })
}

/// What is asked about a channel; attributes that its kind does not have are left out.
fn channel_info(app: &App, tenant: TenantId, channel: &str, attributes: &[String]) -> Map<String, Value> {
    let mut found = Map::new();
    for attribute in attributes {
        let value = match (attribute.as_str(), kind(channel)) {
            ("user_count", Kind::Presence) => app.registry.members(tenant, &list(channel)).len().into(),
            ("subscription_count", _) => app.registry.count(tenant, &list(channel)).into(),
            _ => continue,
        };
        found.insert(attribute.clone(), value);
    }
    found
}

/// `POST /events`
pub(super) async fn publish(
    State(app): State<Ctx>,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, query) = signed_application(&app, &id, &method, &uri, &body).await?;
    let tenant = &application.tenant;
    let event = Trigger::read(&query, &body)?.check(&app)?;
    let (info, channels) = (event.info.clone(), event.channels.clone());
    publish_checked(&app, tenant.id, tenant.no, vec![event]).await?;
    if info.is_empty() {
        return Ok(done(&application));
    }
    let told: Map<String, Value> = channels
        .into_iter()
        .map(|channel| {
            let found = channel_info(&app, tenant.id, &channel, &info);
            (channel, Value::Object(found))
        })
        .collect();
    Ok(Json(json!({"channels": told})))
}

/// `POST /batch_events`
pub(super) async fn publish_batch(
    State(app): State<Ctx>,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, _) = signed_application(&app, &id, &method, &uri, &body).await?;
    let tenant = &application.tenant;
    let batch = read::<Batch>(&body)?.batch;
    let most = app.config.pusher.batch;
    if batch.len() > most {
        return Err(Refusal::bad(format!("a batch has at most {most} events")));
    }
    let events = batch.into_iter().map(|event| event.check(&app)).collect::<Result<Vec<_>, _>>()?;
    let asked: Vec<_> = events.iter().map(|event| (event.channels[0].clone(), event.info.clone())).collect();
    publish_checked(&app, tenant.id, tenant.no, events).await?;
    if asked.iter().all(|(_, info)| info.is_empty()) {
        return Ok(done(&application));
    }
    let told =
        asked.iter().map(|(channel, info)| Value::Object(channel_info(&app, tenant.id, channel, info)));
    Ok(Json(json!({"batch": told.collect::<Vec<_>>()})))
}

/// `GET /channels`: those that somebody is on.
pub(super) async fn channels(
    State(app): State<Ctx>,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, query) = signed_application(&app, &id, &method, &uri, &body).await?;
    let tenant = application.tenant.id;
    let prefix = query.get("filter_by_prefix").unwrap_or_default();
    let mut info = attributes(query.get("info"));
    if info.iter().any(|attribute| attribute == "user_count") && !prefix.starts_with("presence-") {
        return Err(Refusal::bad(
            "user_count is only for presence channels: filter by a prefix that begins so",
        ));
    }
    let soketi = application.options().compat == Compat::Soketi;
    info.extend(soketi.then(|| "subscription_count".to_owned()));
    let found: Map<String, Value> = app
        .registry
        .lists(tenant, &list(prefix))
        .into_iter()
        .map(|(name, _)| {
            let channel = name[LIST.len()..].to_owned();
            let mut told = channel_info(&app, tenant, &channel, &info);
            told.extend(soketi.then(|| ("occupied".to_owned(), true.into())));
            (channel, Value::Object(told))
        })
        .collect();
    Ok(Json(json!({"channels": found})))
}

/// `GET /channels/{channel}`
pub(super) async fn channel(
    State(app): State<Ctx>,
    Path((id, channel)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, query) = signed_application(&app, &id, &method, &uri, &body).await?;
    let tenant = application.tenant.id;
    if !is_name(&channel, app.config.pusher.name_length) {
        return Err(Refusal::bad("this is no name of a channel"));
    }
    let mut info = attributes(query.get("info"));
    if application.options().compat == Compat::Soketi {
        info.push("subscription_count".to_owned());
        info.extend((kind(&channel) == Kind::Presence).then(|| "user_count".to_owned()));
    }
    for attribute in &info {
        let serves = match attribute.as_str() {
            "user_count" => kind(&channel) == Kind::Presence,
            "cache" => is_cache(&channel),
            "subscription_count" => true,
            _ => false,
        };
        if !serves {
            return Err(Refusal::bad("this channel does not have one of the attributes in info"));
        }
    }
    let mut told = channel_info(&app, tenant, &channel, &info);
    told.insert("occupied".to_owned(), (app.registry.count(tenant, &list(&channel)) > 0).into());
    if info.iter().any(|attribute| attribute == "cache") {
        let wanted = channel.clone();
        let now = app.clock.now();
        let cached = app.db.read_plain(move |tx| publications::cached(tx, tenant, &wanted)).await?;
        let ttl = |cached: &Cached| (cached.expires_at.micros() - now.micros()) / 1_000_000;
        let cached = cached.map(|cached| json!({"data": cached.data, "ttl": ttl(&cached)}));
        told.insert("cache".to_owned(), cached.unwrap_or(Value::Null));
    }
    Ok(Json(Value::Object(told)))
}

/// `GET /channels/{channel}/users`
pub(super) async fn users(
    State(app): State<Ctx>,
    Path((id, channel)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, query) = signed_application(&app, &id, &method, &uri, &body).await?;
    if kind(&channel) != Kind::Presence {
        return Err(Refusal::bad("only presence channels have users"));
    }
    let members = app.registry.members(application.tenant.id, &list(&channel));
    let with_info = query.get("with_user_info") == Some("1");
    let users: Vec<_> = members
        .iter()
        .map(|member| {
            let mut user = json!({"id": pusher::id_json(&member.id)});
            if with_info {
                let info = member.value.as_deref().and_then(|info| serde_json::from_str(info).ok());
                user["user_info"] = info.unwrap_or(Value::Null);
            }
            user
        })
        .collect();
    Ok(Json(json!({"users": users})))
}

/// `POST /users/{user}/terminate_connections`: on all nodes.
pub(super) async fn terminate(
    State(app): State<Ctx>,
    Path((id, user)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer {
    let (application, _) = signed_application(&app, &id, &method, &uri, &body).await?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(Refusal::Answer(StatusCode::BAD_REQUEST, "this is no id of a user".to_owned()));
    }
    let channel = format!("{}{user}", pusher::TERMINATED);
    let told = EphemeralEvent {
        channel: &channel,
        name: "pusher_internal:terminated",
        data: "{}".to_owned(),
        except: None,
        user_id: None,
    };
    publish_everywhere(&app, application.tenant.id, told);
    Ok(done(&application))
}
