//! A message as the index needs it, beside its words.

use crate::{
    attachments::Attachment,
    conversations::{self},
    ids::{ConversationId, PersonId},
    kinds::Kind,
    messages::Message,
    time::Time,
};

/// What a message may have beside words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Any attached file.
    File,
    /// An attached picture.
    Picture,
    /// An address in its text.
    Link,
}

impl Has {
    /// By name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Has> {
        [Has::File, Has::Picture, Has::Link].into_iter().find(|has| has.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Has::File => "file",
            Has::Picture => "picture",
            Has::Link => "link",
        }
    }
}

/// Where a message is, who wrote it and what it has, as the index needs it.
pub(crate) struct Entry {
    pub conversation: ConversationId,
    pub kind: Kind,
    pub author: PersonId,
    pub no: i64,
    pub at: Time,
    pub has: Vec<Has>,
}

impl Entry {
    /// Of a message that says `body` from now on.
    pub(crate) fn of(
        conversation: &conversations::Conversation,
        message: &Message,
        no: i64,
        body: &str,
    ) -> Entry {
        Entry {
            conversation: conversation.id,
            kind: conversation.kind,
            author: message.author.as_ref().map_or(PersonId(uuid::Uuid::nil()), |author| author.id),
            no,
            at: message.created_at,
            has: has_of(body, &message.attachments),
        }
    }
}

/// What a message has beside words.
pub(crate) fn has_of(body: &str, attachments: &[Attachment]) -> Vec<Has> {
    let body = body.to_ascii_lowercase();
    let link = body.contains("http://") || body.contains("https://");
    let picture = attachments.iter().any(|file| file.content_type.starts_with("image/"));
    [(Has::File, !attachments.is_empty()), (Has::Picture, picture), (Has::Link, link)]
        .into_iter()
        .filter_map(|(has, it_has)| it_has.then_some(has))
        .collect()
}
