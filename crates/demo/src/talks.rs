//! Owns: the demo's conversations as they are written down, in `talks/*.toml`, and reading them. Must not know: what their
//! scripts say (`script.rs`).

use parlor_chat::Error;
use serde::Deserialize;

use super::data::read;

/// A conversation as it is written down.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Talk {
    /// How others name it.
    pub key: String,
    /// Without one it is a direct conversation.
    pub kind: Option<String>,
    /// Who opens it.
    pub by: String,
    /// Who takes part beside the one who opens it.
    pub with: Vec<String>,
    pub contact: String,
    pub store: String,
    pub team: String,
    pub title: String,
    pub subject: String,
    pub description: String,
    pub private: bool,
    pub replies: bool,
    pub priority: String,
    pub labels: Vec<String>,
    pub source: String,
    /// The conversation it follows from.
    pub linked: String,
    /// The record it is about.
    pub record: String,
    pub script: String,
    /// Who else reads it to the end.
    pub readers: Vec<String>,
    /// Who has not read the last so many messages.
    pub unread: Vec<(String, usize)>,
    /// Who has begun to write what: "reply" or "note".
    pub drafts: Vec<(String, String, String)>,
    /// Who has acknowledged it.
    pub acks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Talks {
    talk: Vec<Talk>,
}

const FURNITURE_MAKER: [&str; 6] = [
    include_str!("../talks/channels.toml"),
    include_str!("../talks/direct.toml"),
    include_str!("../talks/groups.toml"),
    include_str!("../talks/support.toml"),
    include_str!("../talks/tickets.toml"),
    include_str!("../talks/market.toml"),
];

/// Those of the furniture maker, but for the long channel (`deliveries.rs`).
pub(crate) fn furniture_maker() -> Result<Vec<Talk>, Error> {
    let mut talks = Vec::new();
    for text in FURNITURE_MAKER {
        talks.extend(read::<Talks>(text)?.talk);
    }
    Ok(talks)
}

/// Those of the company with the hierarchy.
pub(crate) fn hierarchy() -> Result<Vec<Talk>, Error> {
    Ok(read::<Talks>(include_str!("../talks/hierarchy.toml"))?.talk)
}
