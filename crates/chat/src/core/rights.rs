//! Rights: what a role allows. A closed list; roles are data, rights are not.

use serde::{Deserialize, Serialize};

macro_rules! rights {
    ($($(#[$doc:meta])* $variant:ident = $name:tt $(or $other:tt)?),* $(,)?) => {
        /// One right. Its JSON name is the lower-case one of docs/protocols/native.md; the names that a contract has are read
        /// as well.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Right { $($(#[$doc])* #[serde(rename = $name $(, alias = $other)?)] $variant),* }

        impl Right {
            /// Every right.
            pub const ALL: &'static [Right] = &[$(Right::$variant),*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Right::$variant => $name),* }
            }
        }
    };
}

rights! {
    /// Open groups.
    Group = "group" or "INTERNAL_MESSENGER_GROUP",
    /// Open broadcasts.
    Broadcast = "broadcast" or "INTERNAL_MESSENGER_BROADCAST",
    /// Open announcements.
    Announce = "announce" or "INTERNAL_MESSENGER_GLOBAL",
    /// Open channels.
    Channel = "channel",
    /// Work on support conversations: those unassigned, one's own and one's teams'.
    Support = "support",
    /// See every support conversation.
    SupportAll = "support_all",
    /// Open tickets.
    Ticket = "ticket",
    /// Administer the marketplace: open `admin_store` and `admin_customer` conversations and read all of them.
    Administer = "administer",
    /// Open `store_customer` conversations for one's stores.
    Store = "store",
    /// See all contacts, and manage them.
    Contacts = "contacts",
    /// Manage users, roles, teams and stores.
    ManageUsers = "manage_users",
    /// Change settings and API keys.
    ManageSettings = "manage_settings",
    /// Read the audit log.
    ViewAudit = "view_audit",
    /// Read every conversation; each view leaves an audit row.
    ViewAll = "view_all",
    /// Load histories of other systems.
    Import = "import",
    /// Clear old messages of the whole tenant.
    Purge = "purge",
    /// Use the messenger of the back office (docs/contracts/crm.md).
    Messenger = "messenger" or "INTERNAL_MESSENGER",
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u64);

impl Rights {
    /// Every right.
    pub fn all() -> Rights {
        Right::ALL.iter().copied().collect()
    }

    /// Whether the right is in the set.
    pub fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u64) != 0
    }

    /// Both together.
    #[must_use]
    pub fn union(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    /// In the order of declaration.
    pub fn list(self) -> Vec<Right> {
        Right::ALL.iter().copied().filter(|right| self.has(*right)).collect()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Rights(rights.into_iter().fold(0, |bits, right| bits | (1 << right as u64)))
    }
}
