//! One row of a result, whichever engine gave it.
//!
//! Owns [`Row`] and the way from an engine's column to a [`Value`]. Knows no statement and no business type.

use tokio_postgres::types::{FromSql, Type};

use crate::{Error, FromValue, Value};

/// A row, lent to the mapping closure.
#[derive(Debug)]
pub enum Row<'a> {
    /// From SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// From PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The column at `index`, from 0.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, Error> {
        let value = self.value(index)?;
        T::from_value(value).map_err(|reason| self.unreadable(index, reason))
    }

    /// The raw column, for a mapping that looks before it converts.
    pub fn value(&self, index: usize) -> Result<Value<'_>, Error> {
        match self {
            Row::Sqlite(row) => sqlite_value(row, index),
            Row::Postgres(row) => postgres_value(row, index),
        }
        .map_err(|reason| self.unreadable(index, reason))
    }

    /// Names the column, as whoever looks for the row in the database needs it.
    #[cold]
    fn unreadable(&self, index: usize, reason: String) -> Error {
        let name = match self {
            Row::Sqlite(row) => row.as_ref().column_name(index).unwrap_or_default(),
            Row::Postgres(row) => row.columns().get(index).map_or("", |column| column.name()),
        };
        Error::Decode { column: index, name: name.to_owned(), reason }
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        match self {
            Row::Sqlite(row) => row.as_ref().column_count(),
            Row::Postgres(row) => row.len(),
        }
    }
}

fn sqlite_value<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<Value<'a>, String> {
    use rusqlite::types::ValueRef;
    match row.get_ref(index).map_err(|error| error.to_string())? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Real(number) => Ok(Value::Real(number)),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map(Value::Text).map_err(|_| "text is not UTF-8".into())
        }
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
    }
}

fn postgres_value(row: &tokio_postgres::Row, index: usize) -> Result<Value<'_>, String> {
    let Some(column) = row.columns().get(index) else {
        return Err(format!("the row has {} columns", row.len()));
    };
    if !is_known(column.type_()) {
        return Err(format!("the type {} has no equal on SQLite; cast it", column.type_()));
    }
    match row.try_get::<_, Option<Wire<'_>>>(index) {
        Ok(value) => Ok(value.map_or(Value::Null, |wire| wire.0)),
        Err(error) => Err(error.to_string()),
    }
}

fn is_known(kind: &Type) -> bool {
    [
        Type::INT8,
        Type::BYTEA,
        Type::TEXT,
        Type::BOOL,
        Type::INT4,
        Type::INT2,
        Type::FLOAT8,
        Type::FLOAT4,
        Type::VARCHAR,
        Type::NAME,
        Type::UNKNOWN,
    ]
    .contains(kind)
}

/// A column of PostgreSQL's binary protocol.
struct Wire<'a>(Value<'a>);

impl<'a> FromSql<'a> for Wire<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let value = match *kind {
            Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Value::Int(i64::from(raw != [0])),
            Type::FLOAT8 => Value::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT4 => Value::Real(f32::from_be_bytes(raw.try_into()?).into()),
            Type::BYTEA => Value::Bytes(raw),
            _ => Value::Text(std::str::from_utf8(raw)?),
        };
        Ok(Wire(value))
    }

    fn accepts(kind: &Type) -> bool {
        is_known(kind)
    }
}
