//! What a setting may be, and its value as a Rust type, as JSON and as it is stored. Must not know: which settings there are.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

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
    /// A text of one line.
    Text {
        /// How many characters it may have.
        max_chars: usize,
    },
    /// One of several words.
    Choice {
        /// The words.
        choices: &'static [&'static str],
    },
    /// A text that is written and never shown: its value says whether it is set.
    Secret {
        /// How many characters it may have.
        max_chars: usize,
    },
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// One of the words of its choice.
    Choice(&'static str),
    /// A secret, which may not be set.
    Secret(Secret),
}

/// A secret: never printed, never serialised.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Option<Zeroizing<String>>);

impl Secret {
    /// One that is set.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Some(Zeroizing::new(text.into())))
    }

    /// What it is, for whoever signs or signs in with it.
    pub fn reveal(&self) -> Option<&str> {
        self.0.as_deref().map(String::as_str)
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { "Secret(set)" } else { "Secret(not set)" })
    }
}

/// What holds where nobody has set anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text or a choice.
    Text(&'static str),
    /// A secret that is not set.
    Unset,
}

impl Usual {
    /// As the value of a setting, but for texts and secrets.
    pub(crate) fn plain(self) -> Option<SettingValue> {
        match self {
            Self::Bool(yes) => Some(SettingValue::Bool(yes)),
            Self::Int(number) => Some(SettingValue::Int(number)),
            Self::Text(_) | Self::Unset => None,
        }
    }
}

impl Serialize for Usual {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            // As clients of the first versions know it.
            Self::Bool(yes) => to.serialize_i64(i64::from(*yes)),
            Self::Int(number) => to.serialize_i64(*number),
            Self::Text(text) => to.serialize_str(text),
            Self::Unset => to.serialize_none(),
        }
    }
}

impl utoipa::PartialSchema for Usual {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        let types = [Type::Integer, Type::String, Type::Null];
        ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).into()
    }
}

impl utoipa::ToSchema for Usual {}

/// A Rust type that is the value of a setting.
pub trait Field: Sized {
    /// From a value; None when it is of another type.
    fn from_value(value: SettingValue) -> Option<Self>;
    /// As a value.
    fn value(&self) -> SettingValue;
    /// From a declared default.
    fn usual(usual: Usual) -> Self;
}

impl Field for bool {
    fn from_value(value: SettingValue) -> Option<Self> {
        if let SettingValue::Bool(yes) = value { Some(yes) } else { None }
    }
    fn value(&self) -> SettingValue {
        SettingValue::Bool(*self)
    }
    fn usual(usual: Usual) -> Self {
        matches!(usual, Usual::Bool(true))
    }
}

impl Field for i64 {
    fn from_value(value: SettingValue) -> Option<Self> {
        if let SettingValue::Int(number) = value { Some(number) } else { None }
    }
    fn value(&self) -> SettingValue {
        SettingValue::Int(*self)
    }
    fn usual(usual: Usual) -> Self {
        if let Usual::Int(number) = usual { number } else { 0 }
    }
}

impl Field for String {
    fn from_value(value: SettingValue) -> Option<Self> {
        if let SettingValue::Text(text) = value { Some(text) } else { None }
    }
    fn value(&self) -> SettingValue {
        SettingValue::Text(self.clone())
    }
    fn usual(usual: Usual) -> Self {
        if let Usual::Text(text) = usual { text.to_owned() } else { String::new() }
    }
}

impl Field for Secret {
    fn from_value(value: SettingValue) -> Option<Self> {
        if let SettingValue::Secret(secret) = value { Some(secret) } else { None }
    }
    fn value(&self) -> SettingValue {
        SettingValue::Secret(self.clone())
    }
    fn usual(_: Usual) -> Self {
        Secret::default()
    }
}

/// Which rule a value breaks, and what to do.
type Refusal = (&'static str, String);

impl Shape {
    /// Reads a JSON value: refuses another type and what is out of range.
    pub(crate) fn parse(&self, value: &Value) -> Result<SettingValue, Refusal> {
        match (*self, value) {
            (Self::Boolean, Value::Bool(yes)) => Ok(SettingValue::Bool(*yes)),
            (Self::Boolean, _) => Err(("range", "must be true or false".to_owned())),
            (Self::Integer { min, max }, value) => match value.as_i64() {
                Some(number) if (min..=max).contains(&number) => Ok(SettingValue::Int(number)),
                _ => Err(("range", format!("must be a whole number from {min} to {max}"))),
            },
            (Self::Text { max_chars }, Value::String(text)) => {
                line(text, 0, max_chars).map(SettingValue::Text)
            }
            (Self::Secret { max_chars }, Value::String(text)) => {
                line(text, 1, max_chars).map(|text| SettingValue::Secret(Secret::new(text)))
            }
            (Self::Choice { choices }, Value::String(word)) if choices.contains(&word.as_str()) => {
                self.chosen(word)
            }
            (Self::Choice { choices }, _) => Err(("range", format!("must be one of {}", choices.join(", ")))),
            (Self::Text { .. } | Self::Secret { .. }, _) => Err(("range", "must be a text".to_owned())),
        }
    }

    fn chosen(&self, word: &str) -> Result<SettingValue, Refusal> {
        let words: &[&'static str] = if let Self::Choice { choices } = self { choices } else { &[] };
        let found = words.iter().find(|choice| **choice == word);
        found.map(|choice| SettingValue::Choice(choice)).ok_or_else(|| ("range", "is no choice".to_owned()))
    }

    /// Reads what is stored, a secret opened already. A range may have been wider once; everything else must fit.
    pub(crate) fn read(&self, stored: &str) -> Option<SettingValue> {
        match self {
            Self::Boolean => match stored {
                "0" => Some(SettingValue::Bool(false)),
                "1" => Some(SettingValue::Bool(true)),
                _ => None,
            },
            Self::Integer { min, max } => {
                stored.parse().ok().filter(|number| (min..=max).contains(&number)).map(SettingValue::Int)
            }
            Self::Text { .. } => Some(SettingValue::Text(stored.to_owned())),
            Self::Choice { .. } => self.chosen(stored).ok(),
            Self::Secret { .. } => Some(SettingValue::Secret(Secret::new(stored))),
        }
    }
}

/// A text of one line.
fn line(text: &str, min_chars: usize, max_chars: usize) -> Result<String, Refusal> {
    if text.chars().any(char::is_control) {
        return Err(("characters", "must have no control characters or line breaks".to_owned()));
    }
    if !(min_chars..=max_chars).contains(&text.chars().count()) {
        return Err(("max_length", format!("must have {min_chars} to {max_chars} characters")));
    }
    Ok(text.to_owned())
}

impl SettingValue {
    /// As clients see it: of a secret, whether it is set.
    pub fn shown(&self) -> Value {
        match self {
            Self::Bool(yes) => json!(yes),
            Self::Int(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Choice(word) => json!(word),
            Self::Secret(secret) => json!(secret.is_set()),
        }
    }

    /// As it is stored; None for a secret, which is sealed first, or not stored where it is not set.
    pub(crate) fn stored(&self) -> Option<String> {
        match self {
            Self::Bool(yes) => Some(i64::from(*yes).to_string()),
            Self::Int(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Choice(word) => Some((*word).to_owned()),
            Self::Secret(_) => None,
        }
    }

    /// Whether it is the declared default.
    pub(crate) fn is_usual(&self, usual: Usual) -> bool {
        match (self, usual) {
            (Self::Bool(one), Usual::Bool(other)) => *one == other,
            (Self::Int(one), Usual::Int(other)) => *one == other,
            (Self::Text(one), Usual::Text(other)) => one == other,
            (Self::Choice(one), Usual::Text(other)) => *one == other,
            (Self::Secret(secret), _) => !secret.is_set(),
            _ => false,
        }
    }
}
