//! Statements: static text, registered, one text for both engines.
//!
//! Owns [`Sql`] and the [`statements!`](crate::statements) macro. Knows how `$1` and lists are spelt on SQLite; knows
//! nothing of connections.

use std::sync::OnceLock;

use crate::Engine;

/// One registered statement. Made by [`statements!`](crate::statements), so that tests can find every one of them.
#[derive(Debug)]
pub struct Sql {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    global: bool,
    one_text: bool,
    derived: OnceLock<Derived>,
}

/// What is worked out of the texts at the first use.
#[derive(Debug)]
struct Derived {
    sqlite: String,
    may_write: bool,
}

impl Sql {
    /// One text for both engines, in PostgreSQL's words: `$1..$n`, lists as `= ANY($n)` or `<> ALL($n)`.
    pub const fn both(name: &'static str, text: &'static str) -> Sql {
        Sql { name, sqlite: text, postgres: text, global: false, one_text: true, derived: OnceLock::new() }
    }

    /// Two texts, for the few statements that cannot be one. Both number their parameters `$1..$n` alike.
    pub const fn dialect(name: &'static str, sqlite: &'static str, postgres: &'static str) -> Sql {
        Sql { name, sqlite, postgres, global: false, one_text: false, derived: OnceLock::new() }
    }

    /// Marks a statement that works across tenants on purpose.
    pub const fn global(mut self) -> Sql {
        self.global = true;
        self
    }

    /// Module path and identifier, such as `parlor_chat::messages::store::INSERT`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the statement works across tenants on purpose.
    pub fn is_global(&self) -> bool {
        self.global
    }

    /// Whether both engines run the same text.
    pub fn is_one_text(&self) -> bool {
        self.one_text
    }

    /// The text that the engine gets.
    pub fn text(&self, engine: Engine) -> &str {
        match engine {
            Engine::Postgres => self.postgres,
            Engine::Sqlite => &self.derived().sqlite,
        }
    }

    /// False for a plain `SELECT`, which leaves nothing to undo.
    pub(crate) fn may_write(&self) -> bool {
        self.derived().may_write
    }

    fn derived(&self) -> &Derived {
        self.derived.get_or_init(|| Derived {
            sqlite: for_sqlite(self.sqlite),
            may_write: !is_plain_select(self.sqlite) || !is_plain_select(self.postgres),
        })
    }
}

/// Declares the statements of a module and a function that lists them.
///
/// ```
/// parlor_db::statements! {
///     /// A message by its place in the conversation.
///     pub static BY_SEQ = both("SELECT id, body FROM message WHERE tenant = $1 AND conversation = $2 AND seq = $3");
///     /// The text search differs.
///     static SEARCH = dialect {
///         sqlite: "SELECT id FROM message_text WHERE tenant = $1 AND message_text MATCH $2",
///         postgres: "SELECT id FROM message WHERE tenant = $1 AND words @@ to_tsquery('simple', $2)",
///     };
///     /// Housekeeping for every tenant at once.
///     static PURGE = both("DELETE FROM job WHERE done_at < $1").global();
/// }
/// assert_eq!(statements().len(), 3);
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $vis:vis static $name:ident = $kind:ident $body:tt $(. $mark:ident ())?;)*) => {
        $($(#[$meta])* $vis static $name: $crate::Sql =
            $crate::__sql!($kind concat!(module_path!(), "::", stringify!($name)), $body)$(.$mark())?;)*

        /// Every statement of this module, for the tests that prepare, explain and check them.
        #[allow(dead_code)] // outside of tests
        pub fn statements() -> Vec<&'static $crate::Sql> {
            vec![$(&$name),*]
        }
    };
}

/// Part of [`statements!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __sql {
    (both $name:expr, ($text:expr)) => {
        $crate::Sql::both($name, $text)
    };
    (dialect $name:expr, { sqlite: $sqlite:expr, postgres: $postgres:expr $(,)? }) => {
        $crate::Sql::dialect($name, $sqlite, $postgres)
    };
}

/// A `SELECT` that calls none of the functions that do something. Too strict is right, too lax is not.
fn is_plain_select(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(7).collect();
    let active = ["pg_", "nextval", "setval", "set_config", "lo_", "dblink"];
    start.trim_end().eq_ignore_ascii_case("SELECT") && !active.iter().any(|word| text.contains(word))
}

/// Spells PostgreSQL's parameters the way SQLite reads them.
///
/// `$n` is a *name* to SQLite, bound in order of appearance; `?n` is a number, as `$n` is to PostgreSQL. Lists become
/// the table-valued function `rarray`. Text in quotes and comments stays.
fn for_sqlite(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let take = match c {
            '\'' | '"' => quoted_len(rest, c),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '=' | '<' | '!' => match list_operator(rest) {
                Some((spelt, len)) => {
                    out.push_str(&spelt);
                    rest = &rest[len..];
                    continue;
                }
                None => 1,
            },
            '$' if rest[1..].starts_with(|d: char| d.is_ascii_digit()) => {
                out.push('?');
                rest = &rest[1..];
                continue;
            }
            _ => c.len_utf8(),
        };
        out.push_str(&rest[..take]);
        rest = &rest[take..];
    }
    out
}

/// Length of the quoted piece that `text` begins with. A doubled quote simply begins the next piece.
pub(crate) fn quoted_len(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

/// `= ANY($3)` as `IN rarray(?3)`, `<> ALL($3)` as `NOT IN rarray(?3)`, with the length of what it replaces.
fn list_operator(text: &str) -> Option<(String, usize)> {
    for (operator, word, spelt) in [("=", "ANY", "IN"), ("<>", "ALL", "NOT IN"), ("!=", "ALL", "NOT IN")] {
        let Some(rest) = text.strip_prefix(operator) else { continue };
        let Some(rest) = rest.trim_start().strip_prefix(word) else { continue };
        let Some(rest) = rest.trim_start().strip_prefix("($") else { continue };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let Some(after) = rest[digits..].strip_prefix(')') else { continue };
        return Some((format!("{spelt} rarray(?{})", &rest[..digits]), text.len() - after.len()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbers_on_sqlite() {
        assert_eq!(for_sqlite("SELECT $2, $1, $12"), "SELECT ?2, ?1, ?12");
        assert_eq!(for_sqlite("SELECT '$1 it''s $2', \"$3\", $1"), "SELECT '$1 it''s $2', \"$3\", ?1");
        assert_eq!(for_sqlite("SELECT $1 -- not $2\n, $3"), "SELECT ?1 -- not $2\n, ?3");
        assert_eq!(for_sqlite("SELECT 'é$1' || $1"), "SELECT 'é$1' || ?1");
    }

    #[test]
    fn lists_become_a_table_valued_function() {
        assert_eq!(for_sqlite("WHERE id = ANY($2) AND x = $1"), "WHERE id IN rarray(?2) AND x = ?1");
        assert_eq!(for_sqlite("WHERE id <> ALL ($2)"), "WHERE id NOT IN rarray(?2)");
        assert_eq!(for_sqlite("WHERE a <= $1 AND b != $2"), "WHERE a <= ?1 AND b != ?2");
    }

    #[test]
    fn what_may_write_is_known() {
        for text in ["SELECT 1", "\n  select\n a FROM b", "SELECT a FROM b WHERE c = $1 FOR UPDATE"] {
            assert!(is_plain_select(text), "{text}");
        }
        for text in
            ["INSERT INTO a", "WITH a AS (DELETE FROM b)", "SELECT pg_notify('a', 'b')", "SELECTED", ""]
        {
            assert!(!is_plain_select(text), "{text}");
        }
    }

    crate::statements! {
        /// One text.
        pub static ONE = both("SELECT 1 WHERE $1 = 'tenant'");
        static TWO = dialect { sqlite: "SELECT 1", postgres: "SELECT 2" };
        static ALL = both("SELECT 3").global();
    }

    #[test]
    fn statements_know_their_names() {
        let all = statements();
        assert_eq!(all[0].name(), "parlor_db::sql::tests::ONE");
        assert_eq!(all[1].text(Engine::Postgres), "SELECT 2");
        assert!(!all[1].is_global() && !all[1].is_one_text() && all[2].is_global() && all[2].is_one_text());
    }
}
