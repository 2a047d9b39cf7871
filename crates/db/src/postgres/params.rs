//! Parameters in PostgreSQL's binary protocol. Knows which type of column takes which value.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::Param;

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, kind) {
            (Param::Null, _) => Ok(IsNull::Yes),
            (Param::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Param::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Param::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            (Param::Bool(flag), &Type::BOOL) => flag.to_sql(kind, out),
            (Param::Real(number), &Type::FLOAT8) => number.to_sql(kind, out),
            (Param::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(kind, out),
            (Param::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (Param::Id(id), &Type::BYTEA) => id.as_slice().to_sql(kind, out),
            (Param::Ints(list), &Type::INT8_ARRAY) => list.to_sql(kind, out),
            (Param::Ids(list), &Type::BYTEA_ARRAY) => {
                list.iter().map(<[u8; 16]>::as_slice).collect::<Vec<_>>().to_sql(kind, out)
            }
            (Param::Texts(list), &Type::TEXT_ARRAY) => list.to_sql(kind, out),
            _ => {
                Err(format!("{self:?} given where PostgreSQL wants {kind}; a CAST in the text may help")
                    .into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A parameter that outlives the call it was given to.
#[derive(Debug)]
pub(super) enum Owned {
    Small(Param<'static>),
    Text(String),
    Bytes(Vec<u8>),
    Ints(Vec<i64>),
    Ids(Vec<[u8; 16]>),
    Texts(Vec<String>),
}

impl From<&Param<'_>> for Owned {
    fn from(param: &Param<'_>) -> Owned {
        match *param {
            Param::Null => Owned::Small(Param::Null),
            Param::Int(number) => Owned::Small(Param::Int(number)),
            Param::Bool(flag) => Owned::Small(Param::Bool(flag)),
            Param::Real(number) => Owned::Small(Param::Real(number)),
            Param::Id(id) => Owned::Small(Param::Id(id)),
            Param::Text(text) => Owned::Text(text.to_owned()),
            Param::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
            Param::Ints(list) => Owned::Ints(list.to_vec()),
            Param::Ids(list) => Owned::Ids(list.to_vec()),
            Param::Texts(list) => Owned::Texts(list.to_vec()),
        }
    }
}

impl Owned {
    fn lend(&self) -> Param<'_> {
        match self {
            Owned::Small(param) => *param,
            Owned::Text(text) => Param::Text(text),
            Owned::Bytes(bytes) => Param::Bytes(bytes),
            Owned::Ints(list) => Param::Ints(list),
            Owned::Ids(list) => Param::Ids(list),
            Owned::Texts(list) => Param::Texts(list),
        }
    }
}

impl ToSql for Owned {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.lend().to_sql(kind, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
