//! What a tenant has set: its value, else the environment's, else the default. Owns the rows; which settings there are
//! and what they may be stands in `core/setting_values.rs`.

pub use crate::setting_values::{ALIASES, Alias, DECLARED, Declared, PublicSettings, Settings, Shape};

use std::collections::BTreeMap;

use parlor_db::{params, statements};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use crate::{
    audit,
    error::{Error, Result},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::TenantId,
    person::Actor,
    rights::Right,
    tx::Tx,
    words::words,
};

statements! {
    /// What a tenant has set.
    pub static LIST = both("SELECT key, value FROM settings WHERE tenant = $1");
    /// Sets one.
    pub static PUT = both("
        INSERT INTO settings (tenant, key, value, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at");
    /// Adds one that is missing.
    pub static ADD = both("
        INSERT INTO settings (tenant, key, value, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, key) DO NOTHING");
    /// Goes back to the default.
    pub static CLEAR = both("DELETE FROM settings WHERE tenant = $1 AND key = $2");
}

/// What holds for the tenant.
pub fn load(tx: &mut Tx, tenant: TenantId) -> Result<Settings> {
    let mut settings = tx.defaults.clone();
    for (key, value) in stored(tx, tenant)? {
        // What holds instead might be more than the tenant allows.
        let value = value.parse().map_err(|_| Error::Damaged(format!("the setting {key:?} is {value:?}")))?;
        settings.set(&key, value);
    }
    Ok(settings)
}

fn stored(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(String, String)>> {
    Ok(tx.db.all(&LIST, params![tenant], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?)
}

/// A setting with its value.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SettingView {
    /// How it was declared.
    #[serde(flatten)]
    pub declared: Declared,
    /// What holds.
    #[schema(schema_with = value_schema)]
    pub value: Value,
    /// Where that comes from.
    pub source: Source,
}

/// The value is of the setting's own type.
fn value_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Boolean]))
}

words! {
    /// Where the value of a setting comes from.
    #[schema(as = SettingSource)]
    pub enum Source {
        /// The tenant has set it.
        Tenant = "tenant",
        /// The operator's configuration.
        Environment = "environment",
        /// Nobody has set it.
        Default = "default",
    }
}

/// Every setting with its value. Needs `manage_settings`.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<SettingView>> {
    actor.require(Right::ManageSettings, "settings.list")?;
    let set: Vec<String> = stored(tx, actor.tenant)?.into_iter().map(|(key, _)| key).collect();
    let values = load(tx, actor.tenant)?;
    let source = |declared: &Declared| match tx.defaults.get(declared.key) {
        _ if set.iter().any(|key| key == declared.key) => Source::Tenant,
        Some(value) if value != declared.default => Source::Environment,
        _ => Source::Default,
    };
    Ok(DECLARED
        .iter()
        .map(|declared| SettingView {
            declared: *declared,
            value: declared.value(values.get(declared.key).unwrap_or(declared.default)),
            source: source(declared),
        })
        .collect())
}

/// Changes settings; null goes back to the default. Needs `manage_settings`. All or none.
pub fn update(tx: &mut Tx, actor: &Actor, changes: &BTreeMap<String, Value>) -> Result<Vec<SettingView>> {
    actor.require(Right::ManageSettings, "settings.update")?;
    for (key, value) in changes {
        let alias = ALIASES.iter().find(|alias| alias.key == key);
        let (key, value) = match alias {
            Some(alias) => (alias.of, &Alias::value(value)),
            None => (key.as_str(), value),
        };
        let declared = DECLARED.iter().find(|declared| declared.key == key).ok_or_else(|| {
            Error::Invalid { field: "key", rule: "known", detail: format!("there is no setting \"{key}\"") }
        })?;
        if value.is_null() {
            tx.db.execute(&CLEAR, params![actor.tenant, declared.key])?;
        } else {
            let stored = declared.parse(value)?.to_string();
            tx.db.execute(&PUT, params![actor.tenant, declared.key, stored.as_str(), tx.now])?;
        }
    }
    audit::record(tx, actor, "settings.update", None, &json!(changes))?;
    let views = list(tx, actor)?;
    let public = load(tx, actor.tenant)?.public();
    let settings = public.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let told = Payload::SettingsUpdated(payloads::SettingsUpdated { settings });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff))?;
    Ok(views)
}

/// Writes every setting that the tenant has not set, with the value that holds. Safe to repeat; answers how many.
pub fn sync(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    let values = tx.defaults.clone();
    let mut added = 0;
    for declared in DECLARED {
        let value = values.get(declared.key).unwrap_or(declared.default).to_string();
        added += tx.db.execute(&ADD, params![tenant, declared.key, value.as_str(), tx.now])?;
    }
    Ok(added)
}
