//! What a tenant has set: its value, else the environment's, else the default. Owns the rows; which settings there are
//! and what they may be stands in `core/setting_values.rs`.

pub use crate::setting_values::{
    ALIASES, Alias, Declared, Implied, PublicSettings, Secret, SettingValue, Settings, Shape, Usual, Values,
};

use std::collections::BTreeMap;

use parlor_db::{params, statements};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use crate::{
    audit,
    error::{Error, Result},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::TenantId,
    person::Actor,
    rights::Right,
    sealing::Place,
    secrets, setting_values,
    tx::Tx,
    words::words,
};

statements! {
    /// What a tenant has set.
    pub static LIST = both("SELECT key, value FROM settings WHERE tenant = $1 AND is_null = FALSE");
    /// Sets one.
    pub static PUT = both("
        INSERT INTO settings (tenant, key, value, updated_at, is_null) VALUES ($1, $2, $3, $4, FALSE)
        ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
            is_null = FALSE");
    /// Adds one that is missing, without a value.
    pub static ADD = both("
        INSERT INTO settings (tenant, key, value, updated_at, is_null) VALUES ($1, $2, '', $3, TRUE)
        ON CONFLICT (tenant, key) DO NOTHING");
    /// The same secret, sealed otherwise.
    pub static RESEAL = both("UPDATE settings SET value = $4 WHERE tenant = $1 AND key = $2 AND value = $3");
    /// Goes back to the default.
    pub static CLEAR = both("DELETE FROM settings WHERE tenant = $1 AND key = $2");
}

/// What holds for the tenant.
pub fn load(tx: &mut Tx, tenant: TenantId) -> Result<Settings> {
    let defaults = tx.defaults.clone();
    load_over(tx, tenant, defaults)
}

/// What the tenant has set, else what that implies, else what the operator or the program gives.
fn load_over<V: Values>(tx: &mut Tx, tenant: TenantId, mut values: V) -> Result<V> {
    let given = values.clone();
    let stored = stored(tx, tenant)?;
    let has_set = |key: &str| stored.iter().any(|(stored, _)| stored == key);
    for (key, stored) in &stored {
        // What another version has set means nothing to this one.
        let Some(declared) = V::DECLARED.iter().find(|declared| declared.key == *key) else { continue };
        let value = match declared.shape {
            Shape::Secret { .. } => declared.read(&secrets::open(tx, &place(tenant, declared), stored)?)?,
            _ => declared.read(stored)?,
        };
        values.set(declared.key, value);
    }
    for implied in Implied::of(&values) {
        let open = !has_set(implied.key) && is_usual(&given, implied.key);
        if let Some(value) = implied.value.plain().filter(|_| open) {
            values.set(implied.key, value);
        }
    }
    Ok(values)
}

/// Whether the operator has given the setting no value of their own.
fn is_usual<V: Values>(given: &V, key: &str) -> bool {
    let declared = V::DECLARED.iter().find(|declared| declared.key == key);
    declared.is_some_and(|declared| given.get(key).is_some_and(|value| value.is_usual(declared.default)))
}

fn stored(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(String, String)>> {
    Ok(tx.db.all(&LIST, params![tenant], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?)
}

/// Where a secret setting stands.
fn place(tenant: TenantId, declared: &Declared) -> Place {
    Place { tenant, table: "settings", column: "value", row: declared.key.to_owned() }
}

/// A setting with its value.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SettingView {
    /// How it was declared; the default is the one of this tenant.
    #[serde(flatten)]
    pub declared: Declared,
    /// Other names of it, from host applications; none where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub aliases: Vec<&'static str>,
    /// What holds; of a secret, whether it is set.
    #[schema(schema_with = value_schema)]
    pub value: Value,
    /// Where that comes from.
    pub source: Source,
}

/// The value is of the setting's own type.
fn value_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Boolean, Type::String]))
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
    let defaults = tx.defaults.clone();
    list_over(tx, actor, &defaults)
}

fn list_over<V: Values>(tx: &mut Tx, actor: &Actor, defaults: &V) -> Result<Vec<SettingView>> {
    actor.require(Right::ManageSettings, "settings.list")?;
    let set: Vec<String> = stored(tx, actor.tenant)?.into_iter().map(|(key, _)| key).collect();
    let values = load_over(tx, actor.tenant, defaults.clone())?;
    let source = |declared: &Declared| match set.iter().any(|key| key == declared.key) {
        true => Source::Tenant,
        false if is_usual(defaults, declared.key) => Source::Default,
        false => Source::Environment,
    };
    let usual = |declared: &Declared| {
        let implied = Implied::of(&values).into_iter().find(|implied| implied.key == declared.key);
        Declared { default: implied.map_or(declared.default, |implied| implied.value), ..*declared }
    };
    let view = |declared: &Declared| {
        let value = values.get(declared.key)?.shown();
        let aliases =
            ALIASES.iter().filter(|alias| alias.of == declared.key).map(|alias| alias.key).collect();
        Some(SettingView { declared: usual(declared), aliases, value, source: source(declared) })
    };
    Ok(V::DECLARED.iter().filter_map(view).collect())
}

/// Changes settings; null goes back to the default. Needs `manage_settings`. All or none.
pub fn update(tx: &mut Tx, actor: &Actor, changes: &BTreeMap<String, Value>) -> Result<Vec<SettingView>> {
    let defaults = tx.defaults.clone();
    update_over(tx, actor, &defaults, changes)
}

fn update_over<V: Values>(
    tx: &mut Tx,
    actor: &Actor,
    defaults: &V,
    changes: &BTreeMap<String, Value>,
) -> Result<Vec<SettingView>> {
    actor.require(Right::ManageSettings, "settings.update")?;
    let mut audited = BTreeMap::new();
    for (given, value) in changes {
        let alias = ALIASES.iter().find(|alias| alias.key == given);
        let (key, value) = match alias {
            Some(alias) => (alias.of, &Alias::value(value)),
            None => (given.as_str(), value),
        };
        let declared =
            V::DECLARED.iter().find(|declared| declared.key == key).ok_or_else(|| Error::Invalid {
                field: "key",
                rule: "known",
                detail: format!("there is no setting \"{key}\"; `parlor settings list` and GET /api/v1/settings name them all"),
            })?;
        if value.is_null() {
            tx.db.execute(&CLEAR, params![actor.tenant, declared.key])?;
        } else {
            put(tx, actor.tenant, declared, &declared.parse(value)?)?;
        }
        audited.insert(given, told(declared, &changes[given]));
    }
    audit::record(tx, actor, "settings.update", None, &serde_json::to_value(audited)?)?;
    let views = list_over(tx, actor, defaults)?;
    let public = setting_values::public(&load_over(tx, actor.tenant, defaults.clone())?);
    let settings = public.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let told = Payload::SettingsUpdated(payloads::SettingsUpdated { settings });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff))?;
    Ok(views)
}

/// What the audit log says was set: of a secret, only that it was.
fn told(declared: &Declared, given: &Value) -> Value {
    match declared.shape {
        Shape::Secret { .. } if !given.is_null() => Value::from("set"),
        _ => given.clone(),
    }
}

fn put(tx: &mut Tx, tenant: TenantId, declared: &Declared, value: &SettingValue) -> Result<()> {
    let stored = match value {
        SettingValue::Secret(secret) => match secret.reveal() {
            Some(text) => Some(secrets::seal(tx, &place(tenant, declared), text)?),
            None => None,
        },
        plain => plain.stored(),
    };
    match stored {
        Some(stored) => tx.db.execute(&PUT, params![tenant, declared.key, stored.as_str(), tx.now])?,
        None => tx.db.execute(&CLEAR, params![tenant, declared.key])?,
    };
    Ok(())
}

/// Writes a row for every setting that the tenant has none of. It has no value: what the operator gives goes on to hold,
/// also when that changes later. Safe to repeat; answers how many.
pub fn sync(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    sync_over::<Settings>(tx, tenant)
}

fn sync_over<V: Values>(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    let mut added = 0;
    for declared in V::DECLARED {
        added += tx.db.execute(&ADD, params![tenant, declared.key, tx.now])?;
    }
    Ok(added)
}

/// Seals the tenant's secret settings with the key that holds; how many were not.
pub(crate) fn reseal(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    reseal_of::<Settings>(tx, tenant)
}

fn reseal_of<V: Values>(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    let is_secret = |declared: &&Declared| matches!(declared.shape, Shape::Secret { .. });
    let mut done = 0;
    for (key, stored) in stored(tx, tenant)? {
        let declared = V::DECLARED.iter().filter(is_secret).find(|declared| declared.key == key);
        let Some(declared) = declared else { continue };
        if let Some(sealed) = secrets::renewed(tx, &place(tenant, declared), &stored)? {
            let (key, stored, sealed) = (key.as_str(), stored.as_str(), sealed.as_str());
            done += tx.db.execute(&RESEAL, params![tenant, key, stored, sealed])?;
        }
    }
    Ok(done)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
