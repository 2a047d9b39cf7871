//! Checks over registered statements: they prepare, they name the tenant, they use an index.
//!
//! Owns the reading of query plans. Which tables are large, and which statements are excused, is the caller's knowledge.

use crate::{Db, Engine, Error, Sql, Tx, params};

/// The statements this engine refuses to prepare, with its reasons. Ought to be empty.
pub fn fails_to_prepare(db: &Db, statements: &[&'static Sql]) -> Vec<String> {
    let refusal = |sql: &&'static Sql| {
        let sql = *sql;
        let prepared = db.read_blocking(move |tx| tx.explain(sql));
        prepared.err().map(|error: Error| format!("{}: {error}", sql.name()))
    };
    statements.iter().filter_map(refusal).collect()
}

/// The statements that neither mention `tenant` nor are marked `.global()`. Ought to be empty.
pub fn without_tenant(statements: &[&'static Sql]) -> Vec<&'static str> {
    let mentions = |sql: &Sql, engine| words(sql.text(engine)).any(|word| word == "tenant");
    let scoped = |sql: &Sql| mentions(sql, Engine::Sqlite) && mentions(sql, Engine::Postgres);
    statements.iter().filter(|sql| !sql.is_global() && !scoped(sql)).map(|sql| sql.name()).collect()
}

/// How the engine would run a statement without knowing its parameters, one step a line.
///
/// PostgreSQL is told to avoid sequential scans, so that one that is left says: no index can serve.
pub fn explain(db: &Db, sql: &'static Sql) -> Result<String, Error> {
    db.read_blocking(move |tx| tx.explain(sql))
}

/// Runs `work` and tells what each of its statements walked, in the engine's own unit: steps of SQLite's machine, or rows
/// and index entries that PostgreSQL looked at. Only numbers of one engine can be compared.
///
/// A plan that searches by an index may still walk a whole tenant; only running it among many rows shows that.
pub fn walked<E: From<Error>>(
    tx: &mut Tx,
    work: impl FnOnce(&mut Tx) -> Result<(), E>,
) -> Result<Vec<(&'static str, u64)>, E> {
    tx.count_from_now()?;
    work(tx)?;
    Ok(tx.counted())
}

/// The statements that read one of the `large` tables from end to end, with their plans. Ought to be empty, but for the
/// few that are excused.
pub fn full_scans(
    db: &Db,
    statements: &[&'static Sql],
    large: &[&str],
) -> Result<Vec<(&'static str, String)>, Error> {
    let indexes = match db.engine() {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => postgres_indexes(db)?,
    };
    let mut found = Vec::new();
    for sql in statements {
        let plan = explain(db, sql)?;
        let scanned = match db.engine() {
            Engine::Sqlite => sqlite_scans(&plan, sql.text(Engine::Sqlite), large),
            Engine::Postgres => postgres_scans(&plan, &indexes, large),
        };
        if scanned {
            found.push((sql.name(), plan));
        }
    }
    Ok(found)
}

/// `SCAN t` reads a whole table or index, `SEARCH t` a part of it. The plan names a table by its alias.
fn sqlite_scans(plan: &str, text: &str, large: &[&str]) -> bool {
    let aliases = aliases(text);
    plan.lines().any(|line| {
        let Some(rest) = line.trim().strip_prefix("SCAN ") else { return false };
        let name = rest.split(' ').next().unwrap_or_default();
        let is_alias = aliases.iter().any(|(table, alias)| *alias == name && large.contains(table));
        (is_alias || large.contains(&name)) && !rest.contains("VIRTUAL TABLE")
    })
}

/// `FROM message AS m` or `JOIN message m`: every pair of neighbouring words may be such a one.
fn aliases(text: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = words(text).filter(|word| !word.eq_ignore_ascii_case("as")).collect();
    words.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A sequential scan, or a scan of an index without a condition on its first column.
fn postgres_scans(plan: &str, indexes: &[Index], large: &[&str]) -> bool {
    let lines: Vec<&str> = plan.lines().collect();
    lines.iter().enumerate().any(|(at, line)| {
        let step: Vec<&str> = line
            .trim_start()
            .trim_start_matches("->")
            .split([' ', '('])
            .filter(|word| !word.is_empty())
            .collect();
        let after = |word: &str| step.iter().skip_while(|other| **other != word).nth(1).copied();
        let used = match step.first() {
            Some(&"Seq" | &"Parallel") => return after("on").is_some_and(|table| large.contains(&table)),
            Some(&"Index") => after("using"),
            Some(&"Bitmap") if step.contains(&"Index") => after("on"),
            _ => None,
        };
        let Some(index) = indexes.iter().find(|index| used == Some(index.name.as_str())) else {
            return false;
        };
        // What belongs to a step follows it, until the next step.
        let mut details = lines[at + 1..].iter().take_while(|line| !line.contains("->"));
        let condition =
            details.find_map(|line| line.split_once("Index Cond:")).map_or("", |(_, words)| words);
        let narrowed = words(condition).any(|word| word == index.leading);
        large.contains(&index.table.as_str()) && !narrowed
    })
}

struct Index {
    name: String,
    table: String,
    leading: String,
}

fn postgres_indexes(db: &Db) -> Result<Vec<Index>, Error> {
    // For an expression, the definition begins with the function; its name will be in the condition too.
    static INDEXES: Sql = Sql::both(
        "parlor_db::testing::plans::INDEXES",
        "SELECT n.relname, t.relname, pg_get_indexdef(i.indexrelid, 1, TRUE)
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
        WHERE t.relnamespace = 'public'::regnamespace",
    )
    .global();
    db.read_blocking(|tx| {
        tx.all(&INDEXES, params![], |row| {
            let leading: String = row.get(2)?;
            let leading = words(&leading).next().unwrap_or_default().to_owned();
            Ok(Index { name: row.get(0)?, table: row.get(1)?, leading })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_plans() {
        let large = ["message"];
        let text = "SELECT 1 FROM message AS m JOIN tiny t ON t.id = m.id";
        assert!(sqlite_scans("SCAN m\nSEARCH t USING INDEX a (id=?)", text, &large));
        assert!(sqlite_scans("SCAN m USING COVERING INDEX b", text, &large));
        assert!(!sqlite_scans("SCAN t\nSEARCH m USING INDEX b (tenant=?)", text, &large));
        assert!(sqlite_scans("  SCAN message", "DELETE FROM message", &large));
    }

    #[test]
    fn postgres_plans() {
        let index = |name: &str, table: &str, leading: &str| Index {
            name: name.into(),
            table: table.into(),
            leading: leading.into(),
        };
        let indexes = [index("a", "message", "tenant"), index("b", "tiny", "c")];
        let scans = |text: &str| postgres_scans(text, &indexes, &["message"]);
        assert!(scans("Limit\n  ->  Seq Scan on message m\n        Filter: (a = 1)"));
        assert!(!scans("Limit\n  ->  Seq Scan on tiny"));
        assert!(scans("Index Scan using a on message\n  Filter: (d = $1)\n  ->  Index Scan using b on tiny"));
        assert!(!scans("Index Only Scan Backward using a on message m\n  Index Cond: (tenant = $1)"));
        assert!(scans("Index Scan using a on message\n  Index Cond: (second = $1)"));
        let bitmap = "Bitmap Heap Scan on message\n  ->  Bitmap Index Scan on a\n        Index Cond: ";
        assert!(!scans(&format!("{bitmap}(tenant = $1)")));
        assert!(scans(&format!("{bitmap}(second = $1)")));
    }
}
