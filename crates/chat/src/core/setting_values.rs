//! Settings: declared once, here, with type, range and text, and the values that hold. Must not know: where a tenant's
//! values are kept (`settings.rs`), and what a setting means.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Error, Result, invalid};

pub use super::setting_types::{Field, Secret, SettingValue, Shape, Usual};

/// A declared setting.
#[derive(Clone, Copy, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Declared {
    /// Its key.
    pub key: &'static str,
    /// The environment variable that gives it where a tenant has set nothing.
    pub environment: &'static str,
    /// What it may be.
    #[serde(flatten)]
    pub shape: Shape,
    /// What holds where nobody has set anything: booleans as 0 or 1, null for a secret.
    pub default: Usual,
    /// Clients get it with `me`.
    pub public: bool,
    /// What it does, for administrators.
    pub text: &'static str,
}

/// The values of declared settings. [`Settings`] is the one that holds; tests declare others.
pub trait Values: Clone {
    /// Every setting.
    const DECLARED: &'static [Declared];
    /// The defaults.
    fn usual() -> Self;
    /// The value of a declared key.
    fn get(&self, key: &str) -> Option<SettingValue>;
    /// Sets a declared key to a value of its shape; another key or shape changes nothing, and is told.
    fn set(&mut self, key: &str, value: SettingValue) -> bool;
}

macro_rules! settings {
    ($(#[$meta:meta])* $values:ident { $($name:ident: $type:ty = $shape:expr, $default:expr, $env:literal, $public:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $values { $(#[doc = $text] pub $name: $type),* }

        impl $crate::setting_values::Values for $values {
            const DECLARED: &'static [$crate::setting_values::Declared] = &[$($crate::setting_values::Declared {
                key: stringify!($name), environment: $env, shape: $shape, default: $default, public: $public, text: $text,
            }),*];

            fn usual() -> Self {
                $values { $($name: <$type as $crate::setting_values::Field>::usual($default)),* }
            }

            fn get(&self, key: &str) -> Option<$crate::setting_values::SettingValue> {
                match key {
                    $(stringify!($name) => Some($crate::setting_values::Field::value(&self.$name)),)*
                    _ => None,
                }
            }

            fn set(&mut self, key: &str, value: $crate::setting_values::SettingValue) -> bool {
                match key {
                    $(stringify!($name) => match <$type as $crate::setting_values::Field>::from_value(value) {
                        Some(value) => self.$name = value,
                        None => return false,
                    },)*
                    _ => return false,
                }
                true
            }
        }
    };
}
#[cfg(test)]
pub(crate) use settings;

const fn integer(min: i64, max: i64) -> Shape {
    Shape::Integer { min, max }
}

settings! {
    /// The values that hold.
    Settings {
    edit_window_seconds: i64 = integer(-1, 31_536_000), Usual::Int(86_400), "PARLOR_EDIT_WINDOW_SECONDS", true,
        "For how many seconds authors may edit their messages; -1 is for ever, 0 never.";
    super_admins_read_direct: bool = Shape::Boolean, Usual::Bool(true), "PARLOR_SUPER_ADMINS_READ_DIRECT", false,
        "Whether super administrators may view direct messages (each view is audited).";
    send_rate_per_minute: i64 = integer(0, 1_000_000), Usual::Int(600), "PARLOR_SEND_RATE_PER_MINUTE", false,
        "How many messages a person may send in a minute, in bursts of a tenth of it, and how many other changes and searches make, but at least 600, in bursts of a third; 0 is without limit.";
    message_max_chars: i64 = integer(1, 100_000), Usual::Int(20_000), "PARLOR_MESSAGE_MAX_CHARS", true,
        "How many characters a message may have.";
    events_keep_days: i64 = integer(1, 3_650), Usual::Int(30), "PARLOR_EVENTS_KEEP_DAYS", false,
        "For how many days events are kept; a client that was away longer starts from a fresh snapshot.";
    away_after_seconds: i64 = integer(0, 86_400), Usual::Int(300), "PARLOR_AWAY_AFTER_SECONDS", true,
        "After how many seconds without activity a connected user is shown as away; 0 is never.";
    offline_after_seconds: i64 = integer(0, 86_400), Usual::Int(0), "PARLOR_OFFLINE_AFTER_SECONDS", true,
        "After how many seconds without activity a connected user is shown as offline; 0 is never.";
    retention_days: i64 = integer(0, 36_500), Usual::Int(0), "PARLOR_RETENTION_DAYS", false,
        "Messages older than so many days are removed for good, every day; 0 keeps them for ever.";
    audit_keep_days: i64 = integer(1, 36_500), Usual::Int(365), "PARLOR_AUDIT_KEEP_DAYS", false,
        "For how many days the audit log is kept.";
    audit_messages: bool = Shape::Boolean, Usual::Bool(false), "PARLOR_AUDIT_MESSAGES", false,
        "Whether connections and messages leave audit rows: ws.connect, ws.disconnect, conversation.create, message.send, and message.read of direct ones (never a text).";
    message_notifications: bool = Shape::Boolean, Usual::Bool(false), "PARLOR_MESSAGE_NOTIFICATIONS", true,
        "Whether a direct message makes a notification for the other one; costs a row a message.";
    attachment_max_mb: i64 = integer(0, 10_000), Usual::Int(25), "PARLOR_ATTACHMENT_MAX_MB", true,
        "How many megabytes an attached file may have; 0 allows none.";
    picture_max_mb: i64 = integer(0, 100), Usual::Int(10), "PARLOR_PICTURE_MAX_MB", true,
        "How many megabytes an attached picture may have, where that is less than other files may have.";
    message_files_max_mb: i64 = integer(1, 100_000), Usual::Int(50), "PARLOR_MESSAGE_FILES_MAX_MB", true,
        "How many megabytes the files of one message may have together.";
    common_files_only: bool = Shape::Boolean, Usual::Bool(false), "PARLOR_COMMON_FILES_ONLY", true,
        "Whether only common types of files are taken: JPEG, PNG, GIF, WebP, PDF, Word, Excel, ZIP, MP3, WAV, MP4, WebM.";
    upload_mb_per_minute: i64 = integer(0, 1_000_000), Usual::Int(250), "PARLOR_UPLOAD_MB_PER_MINUTE", false,
        "How many megabytes of files a person may send in a minute; 0 is without limit.";
    waiting_files: i64 = integer(0, 1_000_000), Usual::Int(100), "PARLOR_WAITING_FILES", false,
        "How many files of one person may wait to be sent, for a day at most; 0 is without limit.";
    waiting_mb: i64 = integer(0, 1_000_000), Usual::Int(500), "PARLOR_WAITING_MB", false,
        "How many megabytes of one person's files may wait to be sent; 0 is without limit.";
    waiting_files_of_all: i64 = integer(0, 1_000_000), Usual::Int(20_000), "PARLOR_WAITING_FILES_OF_ALL", false,
        "How many files of everybody together may wait to be sent; 0 is without limit.";
    waiting_mb_of_all: i64 = integer(0, 100_000_000), Usual::Int(20_000), "PARLOR_WAITING_MB_OF_ALL", false,
        "How many megabytes of everybody's files may wait to be sent; 0 is without limit.";
    token_audience: String = Shape::Text { max_chars: 200 }, Usual::Text(""), "PARLOR_TOKEN_AUDIENCE", false,
        "What tokens of the host application must name in aud; empty looks at no aud.";
    erp_enabled: bool = Shape::Boolean, Usual::Bool(false), "PARLOR_ERP_ENABLED", true,
        "Whether the tenant is served under /api/tenants/{tenant} (docs/contracts/erp.md).";
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::usual()
    }
}

/// A value that holds in place of the declared default while another setting is on: what a contract asks for comes along
/// with it, and a tenant or an operator may still say otherwise.
pub struct Implied {
    /// The setting that is on.
    pub when: &'static str,
    /// The setting that it gives a value.
    pub key: &'static str,
    /// The value.
    pub value: Usual,
}

/// Every such value.
pub const IMPLIED: &[Implied] = &[
    Implied { when: "erp_enabled", key: "edit_window_seconds", value: Usual::Int(120) },
    Implied { when: "erp_enabled", key: "offline_after_seconds", value: Usual::Int(600) },
    Implied { when: "erp_enabled", key: "audit_messages", value: Usual::Bool(true) },
    Implied { when: "erp_enabled", key: "message_notifications", value: Usual::Bool(true) },
];

impl Implied {
    /// What holds of these values where nobody has set a setting to another one.
    pub(crate) fn of<V: Values>(values: &V) -> Vec<&'static Implied> {
        let on = |implied: &&Implied| values.get(implied.when) == Some(SettingValue::Bool(true));
        IMPLIED.iter().filter(on).collect()
    }
}

/// Another name of a setting, from a host application's own list, with its own way of saying "no limit".
pub struct Alias {
    /// The other name.
    pub key: &'static str,
    /// The other environment variable; it comes after the setting's own.
    pub environment: &'static str,
    /// Whose name it is.
    pub of: &'static str,
}

/// Every other name.
pub const ALIASES: &[Alias] = &[Alias {
    key: "crm_internal_messenger_retention_days",
    environment: "CRM_INTERNAL_MESSENGER_RETENTION_DAYS_DEFAULT",
    of: "retention_days",
}];

impl Alias {
    /// Under its other name, nothing, an empty text, 0 and less all mean: no limit.
    pub(crate) fn value(value: &Value) -> Value {
        use serde_json::json;
        match value {
            Value::Null => json!(0),
            Value::String(text) if text.trim().is_empty() => json!(0),
            Value::String(text) => text.trim().parse().map_or(value.clone(), |days: i64| json!(days.max(0))),
            other => other.as_i64().map_or(other.clone(), |days| json!(days.max(0))),
        }
    }
}

impl Declared {
    /// Reads a JSON value: refuses another type and what is out of range.
    pub fn parse(&self, value: &Value) -> Result<SettingValue> {
        self.shape.parse(value).map_err(|(rule, detail)| invalid(self.key, rule, detail))
    }

    /// What a variable of the environment says; texts need no quotes there.
    fn parse_text(&self, text: String) -> Result<SettingValue> {
        match self.shape {
            Shape::Integer { .. } | Shape::Boolean => {
                self.parse(&serde_json::from_str(&text).unwrap_or(Value::String(text)))
            }
            Shape::Text { .. } | Shape::Choice { .. } | Shape::Secret { .. } => {
                self.parse(&Value::String(text))
            }
        }
    }

    /// Reads what is stored, a secret opened already.
    pub(crate) fn read(&self, stored: &str) -> Result<SettingValue> {
        // What holds instead might be more than the tenant allows.
        let damaged = || match self.shape {
            Shape::Secret { .. } => Error::Damaged(format!("the setting {:?} cannot be read", self.key)),
            _ => Error::Damaged(format!("the setting {:?} is {stored:?}", self.key)),
        };
        self.shape.read(stored).ok_or_else(damaged)
    }
}

/// The public settings, as the API describes them: each is there, with a value of its type.
pub struct PublicSettings;

impl PartialSchema for PublicSettings {
    fn schema() -> RefOr<Schema> {
        let public = Settings::DECLARED.iter().filter(|declared| declared.public);
        let object = public.fold(ObjectBuilder::new(), |object, declared| {
            let of = match declared.shape {
                Shape::Integer { .. } => Type::Integer,
                // Of a secret, whether it is set.
                Shape::Boolean | Shape::Secret { .. } => Type::Boolean,
                Shape::Text { .. } | Shape::Choice { .. } => Type::String,
            };
            let value = ObjectBuilder::new().schema_type(of).description(Some(declared.text));
            object.property(declared.key, value).required(declared.key)
        });
        object.into()
    }
}

impl ToSchema for PublicSettings {}

impl Settings {
    /// Defaults, overridden by the environment's values. An unreadable value is an error that names its variable.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let mut settings: Settings = of_environment(&get)?;
        for alias in ALIASES {
            let Some(declared) = Settings::DECLARED.iter().find(|declared| declared.key == alias.of) else {
                continue;
            };
            let own = get(declared.environment).filter(|text| !text.is_empty());
            if let Some(text) = get(alias.environment).filter(|_| own.is_none()) {
                let value = Alias::value(&Value::String(text));
                let value =
                    declared.parse(&value).map_err(|error| format!("{}: {error}", alias.environment))?;
                settings.set(declared.key, value);
            }
        }
        Ok(settings)
    }

    /// The public ones as JSON, for `me`.
    pub fn public(&self) -> BTreeMap<&'static str, Value> {
        public(self)
    }
}

/// Defaults, overridden by the environment's values.
pub(crate) fn of_environment<V: Values>(get: impl Fn(&str) -> Option<String>) -> Result<V, String> {
    let mut values = V::usual();
    for declared in V::DECLARED {
        let Some(text) = get(declared.environment).filter(|text| !text.is_empty()) else { continue };
        let value =
            declared.parse_text(text).map_err(|error| format!("{}: {error}", declared.environment))?;
        values.set(declared.key, value);
    }
    Ok(values)
}

/// The public ones as JSON; a secret only says whether it is set.
pub(crate) fn public<V: Values>(values: &V) -> BTreeMap<&'static str, Value> {
    V::DECLARED
        .iter()
        .filter(|declared| declared.public)
        .filter_map(|declared| Some((declared.key, values.get(declared.key)?.shown())))
        .collect()
}
