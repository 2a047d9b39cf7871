//! Rows read by name: one declaration for the columns of a statement and for what they are read into.
//!
//! Owns [`FromRow`] and the [`row!`](crate::row) macro. Knows no table; how one column is read is known by `row.rs`.

use crate::{Error, Row, Value};

/// What a row, or some columns of one that follow each other, is read into. Made by [`row!`](crate::row).
pub trait FromRow: Sized {
    /// How many columns it takes.
    const WIDTH: usize;

    /// Reads it from the columns that begin at `first`.
    fn read(row: &Row<'_>, first: usize) -> Result<Self, Error>;

    /// Reads it from the first columns.
    fn from_row(row: &Row<'_>) -> Result<Self, Error> {
        Self::read(row, 0)
    }

    /// Reads it from the columns that begin at `first`, unless the first of them is `NULL`: so is the row of a
    /// `LEFT JOIN` that found nothing.
    fn read_joined(row: &Row<'_>, first: usize) -> Result<Option<Self>, Error> {
        match row.value(first)? {
            Value::Null => Ok(None),
            _ => Self::read(row, first).map(Some),
        }
    }
}

/// Declares, once and in one order, which columns a statement selects and which field each is read into.
///
/// It makes a macro with the list of columns, for `concat!` in the module's statements, and the mapping
/// ([`FromRow`]) from a row that begins with these columns. Every position follows from the declaration when the
/// program is compiled: a column added in one place cannot shift another. The declaration stands above the statements.
///
/// - `struct` makes the type as well; `impl` reads into a type that there is.
/// - A field is read by its type's [`FromValue`](crate::FromValue). A name before the column is a type with one field
///   that reads it instead, and of which the field takes what is inside: `Json`, say.
/// - Fields that no column fills stand after a semicolon, with what they begin as.
/// - A column is a literal; text that is put together stands in brackets, as `concat!` takes it. What differs between
///   statements is a parameter of the list of columns.
///
/// A list of columns that comes from another module stands in the statement itself: inside of a further macro the compiler
/// does not find it.
///
/// ```
/// use parlor_db::{FromRow, FromValue, Row, Value};
///
/// pub struct Team {
///     pub id: i64,
///     pub labels: Vec<String>,
///     pub unread: i64,
///     pub members: Vec<i64>,
/// }
///
/// struct Words(Vec<String>);
/// impl FromValue for Words {
///     fn from_value(value: Value<'_>) -> Result<Self, String> {
///         String::from_value(value).map(|text| Words(text.split(' ').map(str::to_owned).collect()))
///     }
/// }
///
/// parlor_db::row! {
///     impl Team, team_columns!($unread:expr) {
///         id: "t.id",
///         labels: Words "t.labels",
///         unread: [$unread],
///         ; members: Vec::new(),
///     }
/// }
/// parlor_db::row! {
///     /// What stands behind a team's columns.
///     struct Place, place_columns! {
///         city: Option<String> = "p.city",
///     }
/// }
/// parlor_db::statements! {
///     static LIST = both(concat!("
///         SELECT ", team_columns!("t.last - t.read"), ", ", place_columns!(), "
///         FROM teams t LEFT JOIN places p ON p.tenant = t.tenant AND p.team = t.id WHERE t.tenant = $1"));
/// }
/// assert!(LIST.text(parlor_db::Engine::Postgres).contains("SELECT t.id, t.labels, t.last - t.read, p.city\n"));
///
/// fn team_and_place(row: &Row<'_>) -> Result<(Team, Place), parlor_db::Error> {
///     Ok((Team::from_row(row)?, Place::read(row, Team::WIDTH)?))
/// }
/// ```
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* impl $type:ty, $columns:ident! $(($($parameters:tt)*))? {
        $($field:ident: $($by:ident)? $($text:literal)? $([$($made:tt)+])?),+ $(,)?
        $(; $($other:ident: $value:expr),+ $(,)?)?
    }) => {
        $crate::__columns!($(#[$meta])* $columns [$($($parameters)*)?] $([$($text)? $($($made)+)?])+);

        impl $crate::FromRow for $type {
            const WIDTH: usize = [$(stringify!($field)),+].len();

            fn read(row: &$crate::Row<'_>, first: usize) -> Result<Self, $crate::Error> {
                /// The places of the columns, counted by the compiler.
                #[allow(non_camel_case_types)] // named as the fields are
                enum At { $($field),+ }
                Ok(Self {
                    $($field: $crate::__column!(row, first + At::$field as usize $(, $by)?),)+
                    $($($other: $value,)+)?
                })
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis struct $type:ident, $columns:ident! $(($($parameters:tt)*))? {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty =
            $($by:ident)? $($text:literal)? $([$($made:tt)+])?),+ $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $type {
            $($(#[$field_meta])* $field_vis $field: $kind),+
        }
        $crate::row! {
            impl $type, $columns! $(($($parameters)*))? {
                $($field: $($by)? $($text)? $([$($made)+])?),+
            }
        }
    };
}

/// Part of [`row!`]: the macro that lists the columns. Its parameters come as they stand, with their `$`.
#[doc(hidden)]
#[macro_export]
macro_rules! __columns {
    ($(#[$meta:meta])* $name:ident [$($parameters:tt)*] [$($first:tt)+] $([$($column:tt)+])*) => {
        $(#[$meta])*
        #[allow(unused_macros)] // where only the mapping is wanted
        macro_rules! $name {
            ($($parameters)*) => {
                concat!($($first)+ $(, ", ", $($column)+)*)
            };
        }
    };
}

/// Part of [`row!`]: one column of a row.
#[doc(hidden)]
#[macro_export]
macro_rules! __column {
    ($row:ident, $at:expr) => {
        $row.get($at)?
    };
    ($row:ident, $at:expr, $by:ident) => {{
        let $by(inside) = $row.get($at)?;
        inside
    }};
}
