//! Values on their way into a statement ([`Param`]) and out of a row ([`Value`]).
//!
//! Owns the closed set of types both engines share. Business types become one of these through `From` and
//! [`FromValue`]; no business type is known here.

use crate::Error;

/// A parameter of a statement. Made by [`params!`](crate::params) from ordinary values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// SQL `NULL`.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `BOOLEAN`; 0 or 1 on SQLite.
    Bool(bool),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`, without NUL.
    Text(&'a str),
    /// `BYTEA`.
    Bytes(&'a [u8]),
    /// An identifier of 16 bytes, stored as `BYTEA`.
    Id([u8; 16]),
    /// A list for `= ANY($n)`.
    Ints(&'a [i64]),
    /// A list of identifiers for `= ANY($n)`.
    Ids(&'a [[u8; 16]]),
    /// A list of texts for `= ANY($n)`.
    Texts(&'a [String]),
}

impl Param<'_> {
    /// Refuses on both engines what one of them cannot store.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let nul = |text: &str| text.as_bytes().contains(&0);
        match self {
            Param::Text(text) if nul(text) => Err(Error::Value("text contains a NUL character".into())),
            Param::Texts(texts) if texts.iter().any(|text| nul(text)) => {
                Err(Error::Value("text contains a NUL character".into()))
            }
            // SQLite stores NaN as NULL, PostgreSQL as NaN.
            Param::Real(real) if real.is_nan() => Err(Error::Value("number is NaN".into())),
            _ => Ok(()),
        }
    }
}

/// The parameters of a statement, in the order of `$1..$n`: `params![tenant, name.as_str(), None::<i64>]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Param::from($value)),*] as &[$crate::Param<'_>] };
}

macro_rules! param_from {
    ($($from:ty => |$value:ident| $param:expr),* $(,)?) => {
        $(impl<'a> From<$from> for Param<'a> {
            fn from($value: $from) -> Param<'a> {
                $param
            }
        })*
    };
}

param_from! {
    i64 => |v| Param::Int(v),
    i32 => |v| Param::Int(v.into()),
    u32 => |v| Param::Int(v.into()),
    i16 => |v| Param::Int(v.into()),
    u16 => |v| Param::Int(v.into()),
    u8 => |v| Param::Int(v.into()),
    bool => |v| Param::Bool(v),
    f64 => |v| Param::Real(v),
    [u8; 16] => |v| Param::Id(v),
    &'a i64 => |v| Param::Int(*v),
    &'a bool => |v| Param::Bool(*v),
    &'a f64 => |v| Param::Real(*v),
    &'a [u8; 16] => |v| Param::Id(*v),
    &'a str => |v| Param::Text(v),
    &'a String => |v| Param::Text(v),
    &'a [u8] => |v| Param::Bytes(v),
    &'a Vec<u8> => |v| Param::Bytes(v),
    &'a [i64] => |v| Param::Ints(v),
    &'a Vec<i64> => |v| Param::Ints(v),
    &'a [[u8; 16]] => |v| Param::Ids(v),
    &'a Vec<[u8; 16]> => |v| Param::Ids(v),
    &'a [String] => |v| Param::Texts(v),
    &'a Vec<String> => |v| Param::Texts(v),
    &Param<'a> => |v| *v,
    &'a Option<i64> => |v| v.map_or(Param::Null, Param::Int),
    &'a Option<[u8; 16]> => |v| v.map_or(Param::Null, Param::Id),
    &'a Option<String> => |v| v.as_deref().map_or(Param::Null, Param::Text),
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Param<'a> {
        value.map_or(Param::Null, Into::into)
    }
}

/// One column of a row, as either engine gave it. Booleans arrive as 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL `NULL`.
    Null,
    /// A whole number or a boolean.
    Int(i64),
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Int(_) => "a number",
            Value::Real(_) => "a floating point number",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
        }
    }

    /// The message for a column that holds something else than `expected`.
    pub fn mismatch(&self, expected: &str) -> String {
        format!("expected {expected}, found {}", self.kind())
    }
}

/// Types that can be read from a column. Implement it for a newtype by way of the type inside.
pub trait FromValue: Sized {
    /// The value, or what is wrong with it.
    fn from_value(value: Value<'_>) -> Result<Self, String>;
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Result<i64, String> {
        match value {
            Value::Int(number) => Ok(number),
            other => Err(other.mismatch("a number")),
        }
    }
}

macro_rules! narrower_integer {
    ($($int:ty),*) => {
        $(impl FromValue for $int {
            fn from_value(value: Value<'_>) -> Result<$int, String> {
                let wide = i64::from_value(value)?;
                <$int>::try_from(wide).map_err(|_| format!("{wide} does not fit {}", stringify!($int)))
            }
        })*
    };
}

narrower_integer!(i32, u32, i16, u16, u8, u64, usize);

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Result<bool, String> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(other.mismatch("a boolean")),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value<'_>) -> Result<f64, String> {
        match value {
            Value::Real(number) => Ok(number),
            other => Err(other.mismatch("a floating point number")),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Result<String, String> {
        match value {
            Value::Text(text) => Ok(text.to_owned()),
            other => Err(other.mismatch("text")),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Vec<u8>, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(other.mismatch("bytes")),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'_>) -> Result<[u8; N], String> {
        match value {
            Value::Bytes(bytes) => {
                bytes.try_into().map_err(|_| format!("expected {N} bytes, found {}", bytes.len()))
            }
            other => Err(other.mismatch("bytes")),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Option<T>, String> {
        match value {
            Value::Null => Ok(None),
            some => T::from_value(some).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_read_well() {
        let name = String::from("ann");
        let list = vec![[1u8; 16]];
        let made = params![7, name.as_str(), None::<i64>, Some(&name), true, [9u8; 16], &list, &Some(3i64)];
        assert_eq!(made[0], Param::Int(7));
        assert_eq!(made[1], made[3]);
        assert_eq!(made[2], Param::Null);
        assert_eq!(made[6], Param::Ids(&[[1u8; 16]]));
        assert_eq!(made[7], Param::Int(3));
    }

    #[test]
    fn values_that_one_engine_cannot_store_are_refused() {
        assert!(Param::Text("a\0b").check().is_err());
        assert!(Param::Texts(&["a\0".into()]).check().is_err());
        assert!(Param::Real(f64::NAN).check().is_err());
        assert!(Param::Text("ab").check().is_ok());
    }

    #[test]
    fn values_say_what_is_wrong() {
        assert_eq!(i32::from_value(Value::Int(1 << 40)), Err("1099511627776 does not fit i32".into()));
        assert_eq!(String::from_value(Value::Int(1)), Err("expected text, found a number".into()));
        assert_eq!(Option::<i64>::from_value(Value::Null), Ok(None));
        assert_eq!(bool::from_value(Value::Int(1)), Ok(true));
    }
}
