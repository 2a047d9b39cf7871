//! Whether somebody is to be told of a new message. Must not know: who listens.

use parlor_chat::{ConversationId, Notify, PersonId};

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

impl Notice {
    /// Whether it is for a person who wants to be told of these.
    #[must_use]
    pub fn is_for(&self, person: PersonId, wanted: Notify) -> bool {
        let told = match wanted {
            Notify::All => true,
            Notify::Mentions => self.mentioned.contains(&person),
            Notify::None => false,
        };
        told && self.author != Some(person)
    }
}
