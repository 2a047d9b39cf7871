//! What a business messaging system is: nouns, rules, SQL statements, events. One folder or file per noun.
//! Synchronous, and without any IO but through [`Tx`]: it must not know tokio, axum, Redis, the clock of the machine
//! or where randomness comes from. Read `kinds.rs` first, then `messages/post.rs`.

pub mod access;
pub mod api_keys;
pub mod apps;
pub mod attachments;
pub mod audit;
pub mod avatars;
pub mod channel_hooks;
pub mod contacts;
pub mod conversations;
pub mod credentials;
pub mod cursor;
mod direct;
pub mod drafts;
pub mod error;
pub mod events;
pub mod host_keys;
pub mod idempotency;
pub mod ids;
pub mod import;
pub mod in_use;
pub mod kinds;
pub mod lags;
pub mod leases;
mod lists;
pub mod messages;
pub mod nonces;
pub mod notifications;
pub mod page;
pub mod participants;
pub mod person;
pub mod presences;
pub mod publications;
pub mod purges;
pub mod reads;
pub mod relays;
pub mod rights;
pub mod roles;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod snapshot;
pub mod stores;
pub mod teams;
pub mod tenants;
pub mod tickets;
pub mod time;
mod tx;
pub mod users;
mod visible;
pub mod waiting;

pub use error::{Error, Result};
pub use ids::{ConversationId, MessageId, PersonId, RoleId, RowId, StoreId, TeamId, TenantId};
pub use kinds::Kind;
pub use person::{Actor, Person, PersonKind};
pub use rights::{Right, Rights};
pub use time::Time;
pub use tx::Tx;

use parlor_db::{Migration, Sql};

/// The versions of the schema, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "core", sql: include_str!("../../../migrations/0001_core.sql") },
    Migration { version: 2, name: "realtime", sql: include_str!("../../../migrations/0002_realtime.sql") },
    Migration { version: 3, name: "contracts", sql: include_str!("../../../migrations/0003_contracts.sql") },
    Migration { version: 4, name: "pictures", sql: include_str!("../../../migrations/0004_pictures.sql") },
    Migration { version: 5, name: "devices", sql: include_str!("../../../migrations/0005_devices.sql") },
    Migration { version: 6, name: "avatars", sql: include_str!("../../../migrations/0006_avatars.sql") },
    Migration { version: 7, name: "history", sql: include_str!("../../../migrations/0007_history.sql") },
    Migration { version: 8, name: "letters", sql: include_str!("../../../migrations/0008_letters.sql") },
    Migration { version: 9, name: "search", sql: include_str!("../../../migrations/0009_search.sql") },
    Migration { version: 10, name: "seen", sql: include_str!("../../../migrations/0010_seen.sql") },
    Migration {
        version: 11,
        name: "credentials",
        sql: include_str!("../../../migrations/0011_credentials.sql"),
    },
    Migration { version: 12, name: "waiting", sql: include_str!("../../../migrations/0012_waiting.sql") },
];

/// Every statement that this crate can run: the tests prepare and explain them all on both engines.
pub fn statements() -> Vec<&'static Sql> {
    [
        access::statements(),
        api_keys::statements(),
        attachments::statements(),
        apps::statements(),
        audit::statements(),
        avatars::statements(),
        channel_hooks::statements(),
        contacts::statements(),
        conversations::statements(),
        drafts::statements(),
        events::statements(),
        idempotency::statements(),
        import::statements(),
        in_use::statements(),
        lags::statements(),
        leases::statements(),
        messages::statements(),
        nonces::statements(),
        notifications::statements(),
        participants::statements(),
        presences::statements(),
        publications::statements(),
        purges::statements(),
        purges::erasing(),
        reads::statements(),
        relays::statements(),
        roles::statements(),
        search::statements(),
        sessions::statements(),
        settings::statements(),
        stores::statements(),
        teams::statements(),
        tenants::statements(),
        tickets::statements(),
        users::statements(),
        visible::statements(),
        waiting::statements(),
    ]
    .concat()
}
