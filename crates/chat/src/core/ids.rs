//! Typed ids. Each is a UUIDv7 in 16 bytes; to clients an opaque string. Owns nothing else.

use std::{fmt, str::FromStr};

use parlor_db::{FromValue, Param, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { Uuid::parse_str(text).map(Self) }
        }
        impl From<$name> for Param<'_> {
            fn from(id: $name) -> Self { Param::Id(id.0.into_bytes()) }
        }
        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Result<Self, String> {
                <[u8; 16]>::from_value(value).map(|bytes| Self(Uuid::from_bytes(bytes)))
            }
        }
    )*};
}

id! {
    /// The isolation boundary.
    TenantId,
    /// A user or a contact: whoever can take part in a conversation.
    PersonId,
    /// A conversation of any kind.
    ConversationId,
    /// A message.
    MessageId,
    /// A team of users.
    TeamId,
    /// A role: a set of rights and a row of the matrix.
    RoleId,
    /// A part of a tenant (marketplace).
    StoreId,
    /// An API key, a host key or an audit row.
    RowId,
}
