//! What of a conversation somebody wants to be told at once, and whether a new message is that. Must not know: who listens.

use parlor_chat::{ConversationId, PersonId};

/// A new message, for those who are told of new messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The conversation that it was posted in.
    pub conversation: ConversationId,
    /// Its author; none of what Parlor noted down.
    pub author: Option<PersonId>,
    /// Who is named in it.
    pub mentioned: Vec<PersonId>,
}

/// Of what in a conversation somebody wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Of every message.
    All,
    /// Of those that name the person.
    Mentions,
    /// Of nothing.
    Nothing,
}

impl Notify {
    /// What a person's own settings for a conversation come to.
    #[must_use]
    pub fn of(muted: bool, notify: &str) -> Self {
        match (muted, notify) {
            (true, _) | (_, "none") => Self::Nothing,
            (_, "mentions") => Self::Mentions,
            _ => Self::All,
        }
    }

    /// Whether the person is to be told of this message.
    #[must_use]
    pub fn tells(self, person: PersonId, notice: &Notice) -> bool {
        let told = match self {
            Self::All => true,
            Self::Mentions => notice.mentioned.contains(&person),
            Self::Nothing => false,
        };
        told && notice.author != Some(person)
    }
}
