//! The ten kinds of conversation as ONE table of rules: data, not branches. Who may open, read, post, close, and
//! what else a kind has. Operations ask this table; they never ask "is it a channel?".

use parlor_db::{FromValue, Param, Value};
use serde::{Deserialize, Serialize};

use crate::{
    person::text,
    rights::Right,
    words::Status::{self, Active, Archived, Closed, InProgress, Open, Pending, Resolved, Snoozed},
};

/// A kind of conversation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the table below tells each kind's rules")]
pub enum Kind {
    Direct,
    Group,
    Broadcast,
    Announcement,
    Channel,
    Support,
    Ticket,
    AdminStore,
    StoreCustomer,
    AdminCustomer,
}

/// Who opens a conversation of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// Any user, towards those the role matrix allows.
    Matrix,
    /// A user with the right.
    Right(Right),
    /// A contact, or a user with the right.
    ContactOr(Right),
}

/// Who posts in a conversation of a kind, beside being able to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poster {
    /// Participants, while the role matrix still allows them to write to the other.
    PairByMatrix,
    /// Those who take part.
    Members,
    /// The creator; others when replies are enabled.
    CreatorUnlessReplies,
    /// Everybody who reads it.
    Readers,
}

/// The rules of one kind.
#[derive(Debug)]
pub struct Rules {
    /// The kind.
    pub kind: Kind,
    /// Stored and public name.
    pub name: &'static str,
    /// Who opens one.
    pub opener: Opener,
    /// Who posts.
    pub poster: Poster,
    /// Statuses; the first is the one a new conversation has.
    pub statuses: &'static [Status],
    /// Statuses in which nobody posts.
    pub closed: &'static [Status],
    /// It is for everybody who reads it by right, later ones too: they count as taking part.
    pub everyone: bool,
    /// The assigned team's members read it.
    pub team: bool,
    /// The users of its store read it.
    pub store: bool,
    /// Users with this right read all of them.
    pub right: Option<Right>,
    /// Users with this right read those that nobody is assigned to.
    pub unassigned: Option<Right>,
    /// A contact takes part: it must be named when staff opens one.
    pub contact: bool,
    /// Staff may leave private notes.
    pub notes: bool,
    /// Members can be added and removed, and leave.
    pub membership: bool,
    /// All its members can be mentioned at once.
    pub group_mentions: bool,
    /// People acknowledge it.
    pub acknowledged: bool,
    /// It needs a title or a subject.
    pub titled: Titled,
    /// It has priority, assignee, team and labels.
    pub workflow: bool,
}

/// What names a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Titled {
    /// Its participants do.
    No,
    /// It may have a title.
    Optional,
    /// It must have a title.
    Title,
    /// It must have a subject.
    Subject,
}

const BASE: Rules = Rules {
    kind: Kind::Group,
    name: "group",
    opener: Opener::Right(Right::Group),
    poster: Poster::Members,
    statuses: &[Active],
    closed: &[],
    everyone: false,
    team: false,
    store: false,
    right: None,
    unassigned: None,
    contact: false,
    notes: false,
    membership: true,
    group_mentions: false,
    acknowledged: false,
    titled: Titled::Optional,
    workflow: false,
};

/// The table.
pub static RULES: [Rules; 10] = [
    Rules {
        kind: Kind::Direct,
        name: "direct",
        opener: Opener::Matrix,
        poster: Poster::PairByMatrix,
        membership: false,
        titled: Titled::No,
        ..BASE
    },
    Rules { group_mentions: true, ..BASE },
    Rules {
        kind: Kind::Broadcast,
        name: "broadcast",
        opener: Opener::Right(Right::Broadcast),
        poster: Poster::CreatorUnlessReplies,
        acknowledged: true,
        ..BASE
    },
    Rules {
        kind: Kind::Announcement,
        name: "announcement",
        opener: Opener::Right(Right::Announce),
        poster: Poster::CreatorUnlessReplies,
        everyone: true,
        right: Some(Right::Messenger),
        membership: false,
        acknowledged: true,
        titled: Titled::Title,
        ..BASE
    },
    Rules {
        kind: Kind::Channel,
        name: "channel",
        opener: Opener::Right(Right::Channel),
        statuses: &[Active, Archived],
        closed: &[Archived],
        group_mentions: true,
        titled: Titled::Title,
        ..BASE
    },
    Rules {
        kind: Kind::Support,
        name: "support",
        opener: Opener::ContactOr(Right::Support),
        poster: Poster::Readers,
        statuses: &[Open, Pending, Snoozed, Resolved, Closed],
        team: true,
        right: Some(Right::SupportAll),
        unassigned: Some(Right::Support),
        contact: true,
        notes: true,
        workflow: true,
        ..BASE
    },
    Rules {
        kind: Kind::Ticket,
        name: "ticket",
        opener: Opener::Right(Right::Ticket),
        poster: Poster::Readers,
        statuses: &[Open, InProgress, Resolved, Closed],
        team: true,
        titled: Titled::Title,
        workflow: true,
        ..BASE
    },
    Rules {
        kind: Kind::AdminStore,
        name: "admin_store",
        opener: Opener::Right(Right::Administer),
        poster: Poster::Readers,
        statuses: &[Open, Closed],
        closed: &[Closed],
        store: true,
        right: Some(Right::Administer),
        membership: false,
        titled: Titled::Subject,
        ..BASE
    },
    Rules {
        kind: Kind::StoreCustomer,
        name: "store_customer",
        opener: Opener::Right(Right::Store),
        poster: Poster::Readers,
        statuses: &[Open, Closed],
        closed: &[Closed],
        store: true,
        contact: true,
        membership: false,
        titled: Titled::Subject,
        ..BASE
    },
    Rules {
        kind: Kind::AdminCustomer,
        name: "admin_customer",
        opener: Opener::Right(Right::Administer),
        poster: Poster::Readers,
        statuses: &[Open, Closed],
        closed: &[Closed],
        right: Some(Right::Administer),
        contact: true,
        membership: false,
        titled: Titled::Subject,
        ..BASE
    },
];

impl Kind {
    /// The kind's rules.
    pub fn rules(self) -> &'static Rules {
        &RULES[self as usize]
    }

    /// Stored and public name.
    pub fn name(self) -> &'static str {
        self.rules().name
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Kind> {
        RULES.iter().find(|rules| rules.name == name).map(|rules| rules.kind)
    }
}

impl FromValue for Kind {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        let name = text(value)?;
        Kind::parse(name).ok_or_else(|| format!("unknown kind of conversation {name:?}"))
    }
}

impl From<Kind> for Param<'_> {
    fn from(kind: Kind) -> Self {
        Param::Text(kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_enum() {
        for (index, rules) in RULES.iter().enumerate() {
            assert_eq!(rules.kind as usize, index, "{}", rules.name);
            assert_eq!(Kind::parse(rules.name), Some(rules.kind));
            assert!(rules.closed.iter().all(|status| rules.statuses.contains(status)));
        }
    }
}
