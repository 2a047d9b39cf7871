//! Migrations for either engine from one text.
//!
//! A migration is written in PostgreSQL's words. Owns what SQLite gets instead, and the few words PostgreSQL gets on
//! top. A pure function of text; knows no connection.
//!
//! - `BIGINT`, `BOOLEAN`, `BYTEA`, `DOUBLE PRECISION` become `INTEGER`, `INTEGER`, `BLOB`, `REAL` on SQLite, and every
//!   `CREATE TABLE` becomes `STRICT`; `-- @clustered` behind its last line makes it `WITHOUT ROWID` as well.
//! - Columns of `TEXT` get `COLLATE "C"` on PostgreSQL, so that text compares bytewise on both.
//! - These words count in capitals only, so that a column may be called `text`.
//! - `-- @sqlite` or `-- @postgres`, up to `-- @end`, fences lines in that one engine gets, as they stand.

use crate::sql::quoted_len;
use crate::{Engine, Error};

/// The text that `engine` gets.
pub(crate) fn translate(text: &str, engine: Engine) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len() * 2);
    for (only, part) in parts(text)? {
        match only {
            None => Rewrite::new(engine).run(&part, &mut out)?,
            Some(only) if only == engine => out.push_str(&part),
            Some(_) => {}
        }
    }
    Ok(out)
}

/// The text in parts, each for both engines or for one. No statement reaches across a fence.
fn parts(text: &str) -> Result<Vec<(Option<Engine>, String)>, Error> {
    let mut parts = vec![(None, String::new())];
    let mut fenced = false;
    for line in text.lines() {
        let fence = match line.trim() {
            "-- @sqlite" => Some(Some(Engine::Sqlite)),
            "-- @postgres" => Some(Some(Engine::Postgres)),
            "-- @end" => Some(None),
            _ => None,
        };
        match fence {
            Some(only) if only.is_some() == fenced => {
                return Err(Error::Migration(format!("unexpected {}", line.trim())));
            }
            Some(only) => {
                fenced = only.is_some();
                parts.push((only, String::new()));
            }
            None => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push_str(line);
                    part.push('\n');
                }
            }
        }
    }
    if fenced {
        return Err(Error::Migration("a fence without -- @end".into()));
    }
    Ok(parts)
}

/// Reads a script token by token, changing a few words on the way.
struct Rewrite {
    engine: Engine,
    /// The first two words of the statement.
    head: Vec<String>,
    depth: usize,
}

impl Rewrite {
    fn new(engine: Engine) -> Rewrite {
        Rewrite { engine, head: Vec::new(), depth: 0 }
    }

    fn run(mut self, text: &str, out: &mut String) -> Result<(), Error> {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let len = token_len(rest, c);
            let (token, after) = rest.split_at(len);
            rest = after;
            match c {
                _ if c.is_ascii_alphabetic() => self.word(token, out),
                '(' => {
                    self.depth += 1;
                    out.push(c);
                }
                ')' => {
                    self.depth = self.depth.checked_sub(1).ok_or_else(unbalanced)?;
                    out.push(c);
                }
                ';' => self.end_of_statement(rest, out)?,
                _ => out.push_str(token),
            }
        }
        match self.head.is_empty() {
            true => Ok(()),
            false => Err(Error::Migration("a statement without ; at its end".into())),
        }
    }

    fn word(&mut self, word: &str, out: &mut String) {
        if self.head.len() < 2 {
            self.head.push(word.to_owned());
        }
        match (self.engine, word) {
            (Engine::Sqlite, "BIGINT" | "BOOLEAN") => out.push_str("INTEGER"),
            (Engine::Sqlite, "BYTEA") => out.push_str("BLOB"),
            (Engine::Sqlite, "DOUBLE") => out.push_str("REAL"),
            (Engine::Sqlite, "PRECISION") => {}
            (Engine::Postgres, "TEXT") if self.in_column() => out.push_str("TEXT COLLATE \"C\""),
            _ => out.push_str(word),
        }
    }

    fn is(&self, first: &str, second: &str) -> bool {
        self.head == [first, second]
    }

    /// Where a type belongs to a column, not to an expression.
    fn in_column(&self) -> bool {
        self.is("CREATE", "TABLE") && self.depth == 1 || self.is("ALTER", "TABLE") && self.depth == 0
    }

    fn end_of_statement(&mut self, rest: &str, out: &mut String) -> Result<(), Error> {
        if self.depth != 0 {
            return Err(unbalanced());
        }
        if self.engine == Engine::Sqlite && self.is("CREATE", "TABLE") {
            out.push_str(" STRICT");
            let line = rest.lines().next().unwrap_or_default();
            if line.trim() == "-- @clustered" {
                out.push_str(", WITHOUT ROWID");
            }
        }
        self.head.clear();
        out.push(';');
        Ok(())
    }
}

fn unbalanced() -> Error {
    Error::Migration("parentheses do not match".into())
}

fn token_len(text: &str, first: char) -> usize {
    match first {
        '\'' | '"' => quoted_len(text, first),
        '-' if text.starts_with("--") => text.find('\n').unwrap_or(text.len()),
        _ if first.is_ascii_alphabetic() || first == '_' => {
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
        }
        _ => first.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
CREATE TABLE a (
    id BYTEA NOT NULL PRIMARY KEY, -- BYTEA; it's (
    text TEXT NOT NULL DEFAULT 'BIGINT; (',
    on_off BOOLEAN NOT NULL,
    share DOUBLE PRECISION,
    CHECK (CAST(share AS TEXT) <> '')
); -- @clustered
CREATE UNIQUE INDEX a_text ON a (text);
-- @sqlite
CREATE VIRTUAL TABLE words USING fts5(TEXT);
-- @end
-- @postgres
CREATE INDEX words ON a USING gin (to_tsvector('simple', text));
-- @end
ALTER TABLE a ADD COLUMN more TEXT;
";

    #[test]
    fn sqlite_gets_strict_tables_in_its_own_words() {
        let expected = "
CREATE TABLE a (
    id BLOB NOT NULL PRIMARY KEY, -- BYTEA; it's (
    text TEXT NOT NULL DEFAULT 'BIGINT; (',
    on_off INTEGER NOT NULL,
    share REAL ,
    CHECK (CAST(share AS TEXT) <> '')
) STRICT, WITHOUT ROWID; -- @clustered
CREATE UNIQUE INDEX a_text ON a (text);
CREATE VIRTUAL TABLE words USING fts5(TEXT);
ALTER TABLE a ADD COLUMN more TEXT;
";
        assert_eq!(translate(SOURCE, Engine::Sqlite).unwrap(), expected);
    }

    #[test]
    fn postgres_compares_text_bytewise() {
        let text = translate(SOURCE, Engine::Postgres).unwrap();
        assert!(text.contains("text TEXT COLLATE \"C\" NOT NULL DEFAULT 'BIGINT; ('"), "{text}");
        assert!(text.contains("CAST(share AS TEXT) <> ''"), "{text}");
        assert!(text.contains("ADD COLUMN more TEXT COLLATE \"C\";"), "{text}");
        assert!(
            text.contains("USING gin") && !text.contains("VIRTUAL") && !text.contains("STRICT"),
            "{text}"
        );
    }

    #[test]
    fn mistakes_are_told() {
        for text in
            ["-- @sqlite\n", "-- @end\n", "-- @sqlite\n-- @postgres\n-- @end\n", "SELECT 1", "SELECT (1;"]
        {
            assert!(matches!(translate(text, Engine::Sqlite), Err(Error::Migration(_))), "{text}");
        }
    }
}
