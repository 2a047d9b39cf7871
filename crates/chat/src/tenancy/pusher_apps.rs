//! Applications of the Pusher protocol: one a tenant, with the id and key that name it and the secret that signs.
//! Owns their storage. Must not know: the protocol.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parlor_db::{FromRow, params, row, statements};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    audit,
    credentials::{self, Ended, tag},
    error::{Result, invalid},
    ids::TenantId,
    json::Object,
    person::Actor,
    rights::Right,
    sealing::Place,
    secrets,
    time::Time,
    tx::Tx,
};

/// What webhooks tell of.
pub const EVENTS: [&str; 7] = [
    "channel_occupied",
    "channel_vacated",
    "member_added",
    "member_removed",
    "client_event",
    "cache_miss",
    "subscription_count",
];
const MOST_WEBHOOKS: usize = 10;
const MOST_HEADERS: usize = 20;
/// Webhooks do not set these.
const OWN_HEADERS: [&str; 8] = [
    "Connection",
    "Content-Length",
    "Content-Type",
    "Host",
    "Transfer-Encoding",
    "Upgrade",
    "X-Pusher-Key",
    "X-Pusher-Signature",
];
const VOUCHES: &str = "whoever knows the secret can listen as anybody";

/// An application.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// In the addresses of the HTTP API.
    pub id: String,
    /// In the address of connections, and in signatures.
    pub key: String,
    /// The secret with which requests, connections and webhooks are signed.
    pub secret: String,
    /// What it may do.
    pub options: Options,
    /// Since when.
    pub created_at: Time,
}

impl App {
    /// Names its key, its secret and whether it serves: connections live by that.
    #[must_use]
    pub fn tag(&self) -> u64 {
        let parts =
            [self.key.as_str(), self.secret.as_str(), if self.options.enabled { "on" } else { "off" }];
        let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update(b"\0"));
        tag(&hash.finalize().into())
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("id", &self.id).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What an application may do, and where it wants to be told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Whether it serves at all.
    pub enabled: bool,
    /// Whether clients may send events to each other.
    pub client_events: bool,
    /// Whether subscribers are told how many they are.
    pub subscription_counts: bool,
    /// Seconds in which a connection must sign in or join a private channel; 0 is for ever.
    pub authorize_within: u32,
    /// Connections at a time; 0 is without limit.
    pub max_connections: u32,
    /// Channels of the application that people signed in to Parlor may join without its backend: names, or beginnings
    /// that end with `*`.
    pub client_auth: Vec<String>,
    /// 32 bytes in Base64, from which the keys of encrypted channels are made.
    pub encryption_master_key: Option<String>,
    /// Where events about channels are posted.
    pub webhooks: Vec<Webhook>,
    /// Whether one request tells of all that happened together; else each event is a request of its own.
    pub batch_webhooks: bool,
    /// Whose habits hold where they differ.
    pub compat: Compat,
}

/// Servers of the Pusher protocol that answer differently (docs/protocols/pusher.md tells where).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compat {
    /// As Pusher documents it.
    #[default]
    Pusher,
    /// As Soketi does it.
    Soketi,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let encrypts = self.encryption_master_key.is_some();
        let mut shown = f.debug_struct("Options");
        shown.field("enabled", &self.enabled).field("encrypts", &encrypts).finish_non_exhaustive()
    }
}

impl Options {
    /// Whether people signed in to Parlor may join a channel of the application.
    pub fn lets_clients_join(&self, channel: &str) -> bool {
        self.client_auth.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => channel.starts_with(beginning),
            None => channel == pattern,
        })
    }

    /// Whether ids of members that were signed as numbers are told as numbers.
    #[must_use]
    pub fn keeps_numbers(&self) -> bool {
        self.compat == Compat::Soketi
    }

    /// What is sent along to this address.
    pub fn headers_of(&self, url: &str) -> impl Iterator<Item = (&str, &str)> {
        let hooks = self.webhooks.iter().filter(move |hook| hook.url == url);
        hooks.flat_map(|hook| &hook.headers).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// For who may not know the secrets, and for the audit: the key is not there, values of headers are empty.
    #[must_use]
    pub fn without_secrets(&self) -> Options {
        let mut options = Options { encryption_master_key: None, ..self.clone() };
        options.webhooks.iter_mut().flat_map(|hook| hook.headers.values_mut()).for_each(String::clear);
        options
    }

    /// What [`Options::without_secrets`] left out, as it was before; true when nothing else is a secret in it.
    fn take_secrets(&mut self, before: &Options) -> bool {
        let mut same = self.encryption_master_key.is_none();
        same |= self.encryption_master_key == before.encryption_master_key;
        self.encryption_master_key.clone_from(&before.encryption_master_key);
        for hook in &mut self.webhooks {
            for (name, value) in &mut hook.headers {
                let known = before.headers_of(&hook.url).find(|(known, _)| known == name);
                let known = known.map(|(_, value)| value).unwrap_or_default();
                same &= value.is_empty() || value == known;
                known.clone_into(value);
            }
        }
        same
    }
}

/// An address that is told what happens on channels.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address that is called.
    pub url: String,
    /// Of what: `channel_occupied`, `channel_vacated`, `member_added`, `member_removed`, `client_event`,
    /// `cache_miss`, `subscription_count`; empty is all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Of which channels.
    #[serde(default)]
    pub filter: ChannelFilter,
    /// Sent along with each request; its server may know the caller by them, so they are kept like secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Webhook").field("url", &self.url).field("headers", &names).finish_non_exhaustive()
    }
}

/// Channels by their names; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelFilter {
    /// How the name begins.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel_name_starts_with: String,
    /// How it ends.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel_name_ends_with: String,
}

impl Webhook {
    /// Whether it wants to be told of events of this name.
    pub fn wants(&self, event: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event)
    }

    /// Whether it wants to be told of this channel.
    pub fn wants_channel(&self, channel: &str) -> bool {
        let ChannelFilter { channel_name_starts_with: beginning, channel_name_ends_with: end } = &self.filter;
        channel.starts_with(beginning.as_str()) && channel.ends_with(end.as_str())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            enabled: true,
            client_events: true,
            subscription_counts: false,
            authorize_within: 0,
            max_connections: 0,
            client_auth: Vec::new(),
            encryption_master_key: None,
            webhooks: Vec::new(),
            batch_webhooks: false,
            compat: Compat::default(),
        }
    }
}

row! {
    impl App, app_columns! {
        tenant: "tenant",
        id: "id",
        key: "key",
        secret: "secret",
        options: Object "options",
        created_at: "created_at",
    }
}

statements! {
    /// A tenant's.
    pub static OF_TENANT = both(concat!("SELECT ", app_columns!(), " FROM apps WHERE tenant = $1 ORDER BY id LIMIT 1"));
    /// By key.
    pub static BY_KEY = both(concat!("SELECT ", app_columns!(), " FROM apps WHERE key = $1")).global();
    /// By id.
    pub static BY_ID = both(concat!("SELECT ", app_columns!(), " FROM apps WHERE id = $1")).global();
    /// A new one.
    pub static INSERT = both("
        INSERT INTO apps (tenant, id, key, secret, options, created_at) VALUES ($1, $2, $3, $4, $5, $6)");
    /// Another key, secret or other options.
    pub static UPDATE = both("UPDATE apps SET id = $2, key = $3, secret = $4, options = $5 WHERE tenant = $1");
    /// The same secrets, sealed otherwise.
    pub static RESEAL = both("UPDATE apps SET secret = $4, options = $5 WHERE tenant = $1 AND id = $2 AND secret = $3");
}

/// Where a secret of an application stands.
fn place(app: &App, column: &'static str) -> Place {
    Place { tenant: app.tenant, table: "apps", column, row: app.id.clone() }
}

const SECRET: &str = "secret";
const MASTER_KEY: &str = "options.encryption_master_key";
const HEADERS: &str = "options.webhooks.headers";

/// With its secrets changed: each is given with its place.
fn with_secrets(app: &App, mut each: impl FnMut(&Place, &str) -> Result<String>) -> Result<App> {
    let secret = each(&place(app, SECRET), &app.secret)?;
    let key = app.options.encryption_master_key.as_deref();
    let encryption_master_key = key.map(|key| each(&place(app, MASTER_KEY), key)).transpose()?;
    let mut options = Options { encryption_master_key, ..app.options.clone() };
    for value in options.webhooks.iter_mut().flat_map(|hook| hook.headers.values_mut()) {
        *value = each(&place(app, HEADERS), value)?;
    }
    Ok(App { secret, options, ..app.clone() })
}

fn opened(tx: &Tx, stored: Option<App>) -> Result<Option<App>> {
    stored.map(|app| with_secrets(&app, |place, sealed| secrets::open(tx, place, sealed))).transpose()
}

/// Seals the secrets of a tenant's application with the key that holds; how many applications had one that was not.
pub(crate) fn reseal(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    let Some(stored) = tx.db.opt(&OF_TENANT, params![tenant], App::from_row)? else { return Ok(0) };
    let renewed = with_secrets(&stored, |place, stored| {
        Ok(secrets::renewed(tx, place, stored)?.unwrap_or_else(|| stored.to_owned()))
    })?;
    if renewed == stored {
        return Ok(0);
    }
    let (options, secret, before) =
        (serde_json::to_string(&renewed.options)?, renewed.secret.as_str(), stored.secret.as_str());
    Ok(tx.db.execute(&RESEAL, params![tenant, stored.id.as_str(), before, secret, options.as_str()])?)
}

/// The tenant's application.
pub fn of_tenant(tx: &mut Tx, tenant: TenantId) -> Result<Option<App>> {
    let stored = tx.db.opt(&OF_TENANT, params![tenant], App::from_row)?;
    opened(tx, stored)
}

/// The application with this key.
pub fn by_key(tx: &mut Tx, key: &str) -> Result<Option<App>> {
    let stored = tx.db.opt(&BY_KEY, params![key], App::from_row)?;
    opened(tx, stored)
}

/// The application with this id.
pub fn by_id(tx: &mut Tx, id: &str) -> Result<Option<App>> {
    let stored = tx.db.opt(&BY_ID, params![id], App::from_row)?;
    opened(tx, stored)
}

/// New values of an application; what is absent stays, or is made when there is none yet.
#[derive(Clone, Default)]
pub struct Change {
    /// 1 to 100 letters, digits, - and _.
    pub id: Option<String>,
    /// Likewise.
    pub key: Option<String>,
    /// At least 8 characters.
    pub secret: Option<String>,
    /// Replaces all.
    pub options: Option<Options>,
}

/// Makes the tenant's application or changes it. For the command line and the first start: no rights are asked.
pub fn set(tx: &mut Tx, tenant: TenantId, tenant_no: i64, change: &Change) -> Result<App> {
    check(change)?;
    let known = of_tenant(tx, tenant)?;
    let fresh = known.is_none();
    let known_tag = known.as_ref().map(App::tag);
    let app = match known {
        Some(known) => known,
        None => App {
            tenant,
            id: free_id(tx, tenant_no)?,
            key: random_hex(tx, 10),
            secret: random_hex(tx, 16),
            options: Options::default(),
            created_at: tx.now,
        },
    };
    let app = App {
        id: change.id.clone().unwrap_or(app.id),
        key: change.key.clone().unwrap_or(app.key),
        secret: change.secret.clone().unwrap_or(app.secret),
        options: change.options.clone().unwrap_or(app.options),
        ..app
    };
    let taken = |other: Option<App>| other.is_some_and(|other| other.tenant != tenant);
    if taken(by_id(tx, &app.id)?) {
        return Err(invalid("id", "unique", "another application has this id: choose another"));
    }
    if taken(by_key(tx, &app.key)?) {
        return Err(invalid("key", "unique", "another application has this key: choose another"));
    }
    let sealed = with_secrets(&app, |place, text| secrets::seal(tx, place, text))?;
    let options = serde_json::to_string(&sealed.options)?;
    let (id, key, secret) = (app.id.as_str(), app.key.as_str(), sealed.secret.as_str());
    if let Some(old) = known_tag.filter(|old| *old != app.tag()) {
        // Whoever is there comes back, and shows a signature of the new secret.
        credentials::ended(tx, tenant, &Ended { tags: vec![old], again: true, ..Ended::default() })?;
    }
    if fresh {
        tx.db.execute(&INSERT, params![tenant, id, key, secret, options.as_str(), tx.now])?;
    } else {
        tx.db.execute(&UPDATE, params![tenant, id, key, secret, options.as_str()])?;
    }
    Ok(app)
}

/// Changes the application of the actor's tenant. Needs `manage_settings`; its secret, every right.
pub fn update(tx: &mut Tx, actor: &Actor, change: &Change) -> Result<App> {
    actor.require(Right::ManageSettings, "app.update")?;
    if change.secret.is_some() {
        actor.require_every("app.update", VOUCHES)?;
    }
    let change = &with_secrets_kept(tx, actor, change)?;
    let app = set(tx, actor.tenant, actor.tenant_no, change)?;
    let details = json!({ "key": app.key, "options": app.options.without_secrets(), "secret_changed": change.secret.is_some() });
    audit::record(tx, actor, "app.update", Some(("app", &app.id)), &details)?;
    Ok(app)
}

/// The key of encrypted channels and the headers of webhooks are secrets too: who may not know them does not change them
/// either, and keeps them without saying them again.
fn with_secrets_kept(tx: &mut Tx, actor: &Actor, change: &Change) -> Result<Change> {
    let mut change = change.clone();
    if let Some(options) = change.options.as_mut().filter(|_| !may_know_secret(actor)) {
        let before = ensure(tx, actor.tenant, actor.tenant_no)?.options;
        if !options.take_secrets(&before) {
            actor.require_every("app.update", VOUCHES)?;
        }
    }
    Ok(change)
}

/// The tenant's application, made when there is none yet.
pub fn ensure(tx: &mut Tx, tenant: TenantId, tenant_no: i64) -> Result<App> {
    match of_tenant(tx, tenant)? {
        Some(app) => Ok(app),
        None => set(tx, tenant, tenant_no, &Change::default()),
    }
}

/// Whether the actor may know the secret.
pub fn may_know_secret(actor: &Actor) -> bool {
    actor.require_every("app.get", VOUCHES).is_ok()
}

/// The application of the actor's tenant, with its secret, made when there is none yet. Needs `manage_settings`.
pub fn get(tx: &mut Tx, actor: &Actor) -> Result<App> {
    actor.require(Right::ManageSettings, "app.get")?;
    ensure(tx, actor.tenant, actor.tenant_no)
}

fn check(change: &Change) -> Result<()> {
    let plain = |text: &String, least: usize| {
        (least..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if change.id.as_ref().is_some_and(|id| !plain(id, 1)) {
        return Err(invalid("id", "characters", "use 1 to 100 letters, digits, - and _"));
    }
    if change.key.as_ref().is_some_and(|key| !plain(key, 1)) {
        return Err(invalid("key", "characters", "use 1 to 100 letters, digits, - and _"));
    }
    if change.secret.as_ref().is_some_and(|secret| !plain(secret, 8)) {
        return Err(invalid("secret", "characters", "use 8 to 100 letters, digits, - and _"));
    }
    change.options.as_ref().map_or(Ok(()), check_options)
}

fn check_options(options: &Options) -> Result<()> {
    let is_long = |pattern: &String| pattern.chars().count() > 200;
    if options.client_auth.len() > 100 || options.client_auth.iter().any(is_long) {
        return Err(invalid(
            "client_auth",
            "length",
            "name at most 100 channels, of at most 200 characters each",
        ));
    }
    let web = |hook: &Webhook| {
        hook.url.len() <= 2_000 && (hook.url.starts_with("https://") || hook.url.starts_with("http://"))
    };
    if options.webhooks.len() > MOST_WEBHOOKS || !options.webhooks.iter().all(web) {
        return Err(invalid(
            "webhooks",
            "url",
            "name at most 10 addresses of at most 2,000 characters that begin with https:// or http://",
        ));
    }
    let named = |hook: &Webhook| hook.events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if !options.webhooks.iter().all(named) {
        return Err(invalid("webhooks", "events", format!("events are {}", EVENTS.join(", "))));
    }
    if options.webhooks.iter().any(|hook| hook.headers.len() > MOST_HEADERS) {
        return Err(invalid(
            "webhooks.headers",
            "length",
            format!("a webhook has at most {MOST_HEADERS} headers"),
        ));
    }
    options.webhooks.iter().flat_map(|hook| &hook.headers).try_for_each(check_header)?;
    let key = options.encryption_master_key.as_deref();
    if key.is_some_and(|key| STANDARD.decode(key).map_or(true, |bytes| bytes.len() != 32)) {
        return Err(invalid("encryption_master_key", "key", "give 32 bytes in Base64"));
    }
    Ok(())
}

fn check_header((name, value): (&String, &String)) -> Result<()> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=100).contains(&name.len()) || !name.bytes().all(token) {
        return Err(invalid(
            "webhooks.headers",
            "name",
            "names of headers have 1 to 100 letters, digits, - and _",
        ));
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err(invalid(
            "webhooks.headers",
            "own",
            format!("the server itself sets {}", OWN_HEADERS.join(", ")),
        ));
    }
    if !(1..=2_000).contains(&value.len()) || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let text = format!("give {name} a value of 1 to 2,000 printable ASCII characters");
        return Err(invalid("webhooks.headers", "value", text));
    }
    Ok(())
}

/// The number of the tenant, unless an application was given it.
fn free_id(tx: &mut Tx, tenant_no: i64) -> Result<String> {
    let mut id = tenant_no.to_string();
    while by_id(tx, &id)?.is_some() {
        id = (tx.number() % 1_000_000_000 + 1).to_string();
    }
    Ok(id)
}

fn random_hex(tx: &mut Tx, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes * 2 {
        text.push_str(&format!("{:016x}", tx.number()));
    }
    text.truncate(bytes * 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let options =
            Options { encryption_master_key: Some("of the channels".to_owned()), ..Options::default() };
        let tenant = TenantId(uuid::Uuid::nil());
        let (key, secret) = ("a-key".to_owned(), "of the application".to_owned());
        let app =
            App { tenant, id: "1".to_owned(), key, secret, options: options.clone(), created_at: Time(0) };
        let printed = format!("{app:?} {options:?}");
        assert!(printed.contains("a-key") && printed.contains("encrypts: true"), "{printed}");
        assert!(!printed.contains("of the"), "{printed}");
    }
}
