//! Settings: declared once, here, with type, range and text, and the values that hold. Must not know: where a tenant's
//! values are kept (`settings.rs`), and what a setting means.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Result, invalid};

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shape {
    /// A whole number within a range.
    Integer {
        /// The least value that is allowed.
        min: i64,
        /// The greatest value that is allowed.
        max: i64,
    },
    /// True or false.
    Boolean,
}

/// A declared setting.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct Declared {
    /// Its key.
    pub key: &'static str,
    /// The environment variable that gives it where a tenant has set nothing.
    pub environment: &'static str,
    /// What it may be.
    #[serde(flatten)]
    pub shape: Shape,
    /// Booleans as 0 or 1.
    pub default: i64,
    /// Clients get it with `me`.
    pub public: bool,
    /// What it does, for administrators.
    pub text: &'static str,
}

macro_rules! settings {
    ($($name:ident $env:literal $shape:expr, $default:literal, $public:literal, $text:literal;)*) => {
        /// The values that hold. Booleans as 0 or 1 inside.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings { $(#[doc = $text] pub $name: i64),* }

        /// Every setting.
        pub const DECLARED: &[Declared] = &[$(Declared {
            key: stringify!($name), environment: $env, shape: $shape, default: $default, public: $public, text: $text,
        }),*];

        impl Default for Settings {
            fn default() -> Self { Settings { $($name: $default),* } }
        }

        impl Settings {
            pub(crate) fn set(&mut self, key: &str, value: i64) {
                match key { $(stringify!($name) => self.$name = value,)* _ => {} }
            }
            /// The value of a declared key.
            pub fn get(&self, key: &str) -> Option<i64> {
                match key { $(stringify!($name) => Some(self.$name),)* _ => None }
            }
        }
    };
}

settings! {
    edit_window_seconds "PARLOR_EDIT_WINDOW_SECONDS" Shape::Integer { min: -1, max: 31_536_000 }, 86_400, true,
        "For how many seconds authors may edit their messages; -1 is for ever, 0 never.";
    super_admins_read_direct "PARLOR_SUPER_ADMINS_READ_DIRECT" Shape::Boolean, 1, false,
        "Whether super administrators may view direct messages (each view is audited).";
    send_rate_per_minute "PARLOR_SEND_RATE_PER_MINUTE" Shape::Integer { min: 0, max: 1_000_000 }, 600, false,
        "How many messages a person may send in a minute, in bursts of a tenth of it; 0 is without limit.";
    message_max_chars "PARLOR_MESSAGE_MAX_CHARS" Shape::Integer { min: 1, max: 100_000 }, 20_000, true,
        "How many characters a message may have.";
    events_keep_days "PARLOR_EVENTS_KEEP_DAYS" Shape::Integer { min: 1, max: 3_650 }, 30, false,
        "For how many days events are kept; a client that was away longer starts from a fresh snapshot.";
    away_after_seconds "PARLOR_AWAY_AFTER_SECONDS" Shape::Integer { min: 0, max: 86_400 }, 300, true,
        "After how many seconds without activity a connected user is shown as away; 0 is never.";
    offline_after_seconds "PARLOR_OFFLINE_AFTER_SECONDS" Shape::Integer { min: 0, max: 86_400 }, 0, true,
        "After how many seconds without activity a connected user is shown as offline; 0 is never.";
    retention_days "PARLOR_RETENTION_DAYS" Shape::Integer { min: 0, max: 36_500 }, 0, false,
        "Messages older than so many days are removed for good, every day; 0 keeps them for ever.";
    audit_keep_days "PARLOR_AUDIT_KEEP_DAYS" Shape::Integer { min: 1, max: 36_500 }, 365, false,
        "For how many days the audit log is kept.";
    audit_messages "PARLOR_AUDIT_MESSAGES" Shape::Boolean, 0, false,
        "Whether direct messages leave audit rows: conversation.create, message.send, message.read (never their text).";
    message_notifications "PARLOR_MESSAGE_NOTIFICATIONS" Shape::Boolean, 0, true,
        "Whether a direct message makes a notification for the other one; costs a row a message.";
    attachment_max_mb "PARLOR_ATTACHMENT_MAX_MB" Shape::Integer { min: 0, max: 10_000 }, 25, true,
        "How many megabytes an attached file may have; 0 allows none.";
    upload_mb_per_minute "PARLOR_UPLOAD_MB_PER_MINUTE" Shape::Integer { min: 0, max: 1_000_000 }, 250, false,
        "How many megabytes of files a person may send in a minute; 0 is without limit.";
    waiting_files "PARLOR_WAITING_FILES" Shape::Integer { min: 0, max: 1_000_000 }, 100, false,
        "How many files of one person may wait to be sent, for a day at most; 0 is without limit.";
    waiting_mb "PARLOR_WAITING_MB" Shape::Integer { min: 0, max: 1_000_000 }, 500, false,
        "How many megabytes of one person's files may wait to be sent; 0 is without limit.";
    waiting_files_of_all "PARLOR_WAITING_FILES_OF_ALL" Shape::Integer { min: 0, max: 1_000_000 }, 20_000, false,
        "How many files of everybody together may wait to be sent; 0 is without limit.";
    waiting_mb_of_all "PARLOR_WAITING_MB_OF_ALL" Shape::Integer { min: 0, max: 100_000_000 }, 20_000, false,
        "How many megabytes of everybody's files may wait to be sent; 0 is without limit.";
    erp_enabled "PARLOR_ERP_ENABLED" Shape::Boolean, 0, true,
        "Whether the tenant is served under /api/tenants/{tenant} (docs/contracts/erp.md).";
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
    pub fn parse(&self, value: &Value) -> Result<i64> {
        let wrong = |detail: String| invalid(self.key, "range", detail);
        match (self.shape, value) {
            (Shape::Boolean, Value::Bool(yes)) => Ok(i64::from(*yes)),
            (Shape::Boolean, _) => Err(wrong("must be true or false".to_owned())),
            (Shape::Integer { min, max }, value) => match value.as_i64() {
                Some(number) if (min..=max).contains(&number) => Ok(number),
                _ => Err(wrong(format!("must be a whole number from {min} to {max}"))),
            },
        }
    }

    /// The value as JSON.
    pub fn value(&self, stored: i64) -> Value {
        match self.shape {
            Shape::Boolean => Value::Bool(stored != 0),
            Shape::Integer { .. } => json!(stored),
        }
    }
}

/// The public settings, as the API describes them: each is there, with a value of its type.
pub struct PublicSettings;

impl PartialSchema for PublicSettings {
    fn schema() -> RefOr<Schema> {
        let public = DECLARED.iter().filter(|declared| declared.public);
        let object = public.fold(ObjectBuilder::new(), |object, declared| {
            let of = match declared.shape {
                Shape::Integer { .. } => Type::Integer,
                Shape::Boolean => Type::Boolean,
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
        let mut settings = Settings::default();
        for declared in DECLARED {
            let Some(text) = get(declared.environment).filter(|text| !text.is_empty()) else { continue };
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let stored =
                declared.parse(&value).map_err(|error| format!("{}: {error}", declared.environment))?;
            settings.set(declared.key, stored);
        }
        for alias in ALIASES {
            let Some(declared) = DECLARED.iter().find(|declared| declared.key == alias.of) else { continue };
            let own = get(declared.environment).filter(|text| !text.is_empty());
            if let Some(text) = get(alias.environment).filter(|_| own.is_none()) {
                let value = Alias::value(&Value::String(text));
                let stored =
                    declared.parse(&value).map_err(|error| format!("{}: {error}", alias.environment))?;
                settings.set(declared.key, stored);
            }
        }
        Ok(settings)
    }

    /// The public ones as JSON, for `me`.
    pub fn public(&self) -> BTreeMap<&'static str, Value> {
        DECLARED
            .iter()
            .filter(|declared| declared.public)
            .filter_map(|declared| Some((declared.key, declared.value(self.get(declared.key)?))))
            .collect()
    }
}
