//! Records of the host application that a conversation, a message or a notification is about. Owns what one may look like.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, invalid},
    text::checked_url,
};

/// A record of the host application that a conversation or message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// What it is: "order", "product" …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there.
    pub id: String,
    /// Shown on the card.
    pub title: String,
    /// Where it is found.
    pub url: Option<String>,
    /// Shown on the card.
    pub picture_url: Option<String>,
}

impl Related {
    /// Refuses what is too long, and addresses that are none.
    pub fn check(&self) -> Result<()> {
        let long = |text: &str, most: usize| text.is_empty() || text.chars().count() > most;
        if long(&self.kind, 60) || long(&self.id, 200) || long(&self.title, 300) {
            return Err(invalid(
                "related",
                "length",
                "type, id and title need 1 to 60, 200 and 300 characters",
            ));
        }
        checked_url("related", self.url.as_deref())?;
        checked_url("related", self.picture_url.as_deref())
    }
}
