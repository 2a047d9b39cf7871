//! What a business messaging system is: nouns, rules, SQL statements, events. One folder or file per noun.
//! Synchronous, and without any IO but through [`Tx`]: it must not know tokio, axum, Redis, the clock of the machine
//! or where randomness comes from. Read `core/kinds.rs` first, then `conversations/messages/post.rs`.

// The folders are floors, lowest first: core, resources, log, tenancy, files, people, notifications, conversations, sync. A file uses
// its own floor and lower ones (`scripts/tidy.py`). Each noun is reached by its own name, whatever floor it is on.
pub mod conversations;
mod core;
mod files;
mod log;
pub mod notifications;
mod people;
mod resources;
mod sync;
mod tenancy;

pub(crate) use crate::core::{characters, folding, json, lists, related, setting_values, text, tx};
pub use crate::core::{error, ids, kinds, page, person, rights, sealing, signing, time, words, zone};
pub use conversations::{
    drafts, import, messages, participants, purges, read_state, read_steps, search, tickets,
};
pub(crate) use conversations::{hooks, viewer, visible};
pub use files::{attachments, types as file_types, upload_quota, uploads};
pub(crate) use log::audience;
pub use log::{backlog, event, events, idempotency, jobs, publications, retention};
pub use people::users::avatars;
pub use people::{
    access, api_keys, contacts, credential_check, host_keys, matrix, nonces, provisioning, reseal, sessions,
    statuses, stores, teams, users,
};
pub use sync::{replay, snapshot};
pub use tenancy::{
    audit, credentials, in_use, pusher_apps, roles, secrets, settings, tails, tenants, webhooks,
};

pub use error::{Error, Result};
pub use ids::{ConversationId, MessageId, PersonId, RoleId, RowId, StoreId, TeamId, TenantId};
pub use kinds::Kind;
pub use person::{Actor, Person, PersonKind};
pub use rights::{Right, Rights};
pub use time::Time;
pub use tx::Tx;
pub use words::{Notify, Priority, Status};

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
    Migration { version: 13, name: "jobs", sql: include_str!("../../../migrations/0013_jobs.sql") },
    Migration { version: 14, name: "secrets", sql: include_str!("../../../migrations/0014_secrets.sql") },
    Migration { version: 15, name: "states", sql: include_str!("../../../migrations/0015_states.sql") },
    Migration { version: 16, name: "folding", sql: include_str!("../../../migrations/0016_folding.sql") },
    Migration {
        version: 17,
        name: "retired_key",
        sql: include_str!("../../../migrations/0017_retired_key.sql"),
    },
    Migration { version: 18, name: "app_ids", sql: include_str!("../../../migrations/0018_app_ids.sql") },
    Migration { version: 19, name: "contracts", sql: include_str!("../../../migrations/0019_contracts.sql") },
    Migration { version: 20, name: "one_form", sql: include_str!("../../../migrations/0020_one_form.sql") },
    Migration { version: 21, name: "uploads", sql: include_str!("../../../migrations/0021_uploads.sql") },
    Migration {
        version: 22,
        name: "small_pictures",
        sql: include_str!("../../../migrations/0022_small_pictures.sql"),
    },
];

/// Every statement that this crate can run: the tests prepare and explain them all on both engines.
pub fn statements() -> Vec<&'static Sql> {
    [
        access::statements(),
        api_keys::statements(),
        attachments::statements(),
        audit::statements(),
        avatars::statements(),
        backlog::statements(),
        contacts::statements(),
        conversations::statements(),
        drafts::statements(),
        events::statements(),
        host_keys::statements(),
        idempotency::statements(),
        import::statements(),
        in_use::statements(),
        jobs::statements(),
        matrix::statements(),
        messages::statements(),
        nonces::statements(),
        notifications::statements(),
        participants::statements(),
        publications::statements(),
        purges::statements(),
        pusher_apps::statements(),
        read_state::statements(),
        read_steps::statements(),
        replay::statements(),
        roles::statements(),
        search::statements(),
        secrets::statements(),
        sessions::statements(),
        settings::statements(),
        statuses::statements(),
        stores::statements(),
        tails::statements(),
        teams::statements(),
        tenants::statements(),
        tickets::statements(),
        upload_quota::statements(),
        uploads::statements(),
        users::statements(),
        visible::statements(),
        webhooks::statements(),
    ]
    .concat()
}
