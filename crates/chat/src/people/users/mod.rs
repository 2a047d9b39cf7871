//! Users: staff and bots, with roles, teams and stores. Owns accounts and profiles, and loading an [`Actor`].
//! Passwords arrive hashed; tokens are checked before they arrive.
//!
//! [`Actor`]: crate::Actor

mod accounts;
mod announce;
pub(crate) mod authority;
pub mod avatars;
mod load;
pub(crate) mod local_access;
pub(crate) mod memberships;
mod named;
mod profile;
pub(crate) mod store;
mod types;

pub(crate) use accounts::import;
pub use accounts::{create, invitable, invite, set_password, set_super_admin, sign_out, update};
pub(crate) use announce::announce;
pub use load::{
    actor, among, by_external, by_external_id, credentials, get, has_super_admin, is_email, list,
};
pub(crate) use load::{others_with, require_all};
pub use named::{NamedUser, external_ids, named, named_one};
pub use profile::{profile, update_profile};
pub use types::{Credentials, NewUser, ProfileChange, UserChange, UserFilter};

pub use crate::resources::people::{Profile, User};

use parlor_db::Sql;

/// The statements of users.
pub fn statements() -> Vec<&'static Sql> {
    [store::statements(), authority::statements(), named::statements()].concat()
}
