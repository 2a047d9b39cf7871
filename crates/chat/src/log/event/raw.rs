//! A part of an event that is JSON already: encoded once for the log and for the answer, and read only by those who need
//! what it says. Must not know: which part.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

/// A `T` as the JSON that it is on the wire.
pub struct Raw<T> {
    json: Box<RawValue>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Raw<T> {
    /// Encodes it.
    pub fn new(value: &T) -> serde_json::Result<Self> {
        Ok(Self { json: to_raw_value(value)?, of: PhantomData })
    }
}

impl<T: DeserializeOwned> Raw<T> {
    /// Reads it.
    pub fn read(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.json.get())
    }
}

impl<T> Raw<T> {
    /// Its text.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// Its text, for an answer.
    #[must_use]
    pub fn into_json(self) -> Box<RawValue> {
        self.json
    }
}

impl<T> Clone for Raw<T> {
    fn clone(&self) -> Self {
        Self { json: self.json.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Raw<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json.get())
    }
}

impl<T> Serialize for Raw<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(to)
    }
}

impl<'de, T> Deserialize<'de> for Raw<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self { json: Box::<RawValue>::deserialize(from)?, of: PhantomData })
    }
}
