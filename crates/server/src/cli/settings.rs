//! `parlor settings` and `parlor sync`.

use std::collections::BTreeMap;

use clap::Subcommand;
use parlor_chat::settings::{self, SettingView, Settings, Shape, Values};
use parlor_chat::tenants::{self, system_actor};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{JsonArg, say, table};
use super::store::{Store, TenantArg};
use crate::config::DataArgs;

#[derive(Subcommand)]
pub(super) enum SettingsCommand {
    /// List every setting with its value
    List {
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Print one value
    Get {
        /// The setting's key
        key: String,
        #[command(flatten)]
        tenant: TenantArg,
    },
    /// Set one value
    Set {
        /// The setting's key
        key: String,
        /// The value; null goes back to the default
        #[arg(allow_hyphen_values = true)]
        value: String,
        #[command(flatten)]
        tenant: TenantArg,
    },
}

pub(super) fn run(data: &DataArgs, command: SettingsCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    match command {
        SettingsCommand::List { tenant, json } => {
            json.print(&views(&store, &tenant)?, |views| {
                table(
                    &["setting", "value", "from", "range", "meaning"],
                    &views.iter().flat_map(rows).collect::<Vec<_>>(),
                )
            });
        }
        SettingsCommand::Get { key, tenant } => {
            let views = views(&store, &tenant)?;
            let found = views.iter().find(|view| names(view).any(|name| name == key));
            let found = found.ok_or_else(|| {
                Failure::not_found(format!(
                    "there is no setting {key}; `parlor settings list` shows all of them"
                ))
            })?;
            say(&found.value.to_string());
        }
        SettingsCommand::Set { key, value, tenant } => {
            let tenant = store.tenant(&tenant.tenant)?;
            let declared = Settings::DECLARED.iter().find(|declared| declared.key == key);
            let value = match declared.map(|declared| declared.shape) {
                // Texts need no quotes.
                Some(Shape::Text { .. } | Shape::Choice { .. } | Shape::Secret { .. }) if value != "null" => {
                    Value::String(value)
                }
                _ => serde_json::from_str(&value).unwrap_or(Value::String(value)),
            };
            let changes = BTreeMap::from([(key, value)]);
            store.write(tenant.no, move |tx| settings::update(tx, &system_actor(&tenant), &changes))?;
            say("done");
        }
    }
    Ok(())
}

fn views(store: &Store, tenant: &TenantArg) -> Result<Vec<SettingView>, Failure> {
    let tenant = store.tenant(&tenant.tenant)?;
    Ok(store.read(move |tx| settings::list(tx, &system_actor(&tenant)))?)
}

/// A setting's own name, and those that host applications have for it.
fn names(view: &SettingView) -> impl Iterator<Item = &'static str> {
    std::iter::once(view.declared.key).chain(view.aliases.iter().copied())
}

fn rows(view: &SettingView) -> Vec<Vec<String>> {
    names(view).map(|name| row(view, name)).collect()
}

fn row(view: &SettingView, name: &str) -> Vec<String> {
    let range = match view.declared.shape {
        Shape::Integer { min, max } => format!("{min} to {max}"),
        Shape::Boolean => "true or false".to_owned(),
        Shape::Text { max_chars } => format!("a text of up to {max_chars} characters"),
        Shape::Choice { choices } => choices.join(", "),
        Shape::Secret { .. } => "a secret".to_owned(),
    };
    let texts = [name, view.source.name(), view.declared.text].map(str::to_owned);
    let [key, source, text] = texts;
    vec![key, view.value.to_string(), source, range, text]
}

#[derive(Subcommand)]
pub(super) enum SyncCommand {
    /// Add roles and rights that are missing, in every tenant; safe to repeat
    Rights {
        #[command(flatten)]
        json: JsonArg,
    },
    /// Add a row without a value for every setting that has none, in every tenant; safe to repeat
    #[command(visible_alias = "website-settings")]
    Settings {
        #[command(flatten)]
        json: JsonArg,
    },
}

pub(super) fn sync(data: &DataArgs, command: SyncCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    let (json, rights) = match command {
        SyncCommand::Rights { json } => (json, true),
        SyncCommand::Settings { json } => (json, false),
    };
    let mut added = 0;
    for tenant in store.read(tenants::list)? {
        added += store.write(tenant.no, move |tx| match rights {
            true => tenants::sync_rights(tx, &tenant),
            false => settings::sync(tx, tenant.id),
        })?;
    }
    json.print(&json!({"added": added}), |_| match added {
        0 => "nothing was missing".to_owned(),
        added => format!("added {added}"),
    });
    Ok(())
}
