//! What ends with a lost credential, as the log tells it to every node. Must not know: what credentials there are
//! (`tenancy/credentials.rs`).

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;

/// What was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Roots and tokens, by tag.
    #[serde(default, with = "tags", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<u64>,
    /// Everything that this person came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// Whoever it was may have another proof: connections are to come back, and show it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl Ended {
    /// Whether it ends what lives by these tags, of this person.
    #[must_use]
    pub fn ends(&self, tags: &[u64], person: Option<PersonId>) -> bool {
        tags.iter().any(|tag| *tag != 0 && self.tags.contains(tag))
            || (self.person_id.is_some() && self.person_id == person)
    }
}

/// Numbers of 64 bits are no numbers of JSON everywhere: they are written as hexadecimal text.
mod tags {
    use super::Write;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(tags: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
        let texts = tags.iter().map(|tag| {
            let mut text = String::with_capacity(16);
            let _ = write!(text, "{tag:016x}");
            text
        });
        texts.collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u64>, D::Error> {
        let texts = Vec::<String>::deserialize(input)?;
        texts.iter().map(|text| u64::from_str_radix(text, 16).map_err(serde::de::Error::custom)).collect()
    }
}
