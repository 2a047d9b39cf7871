//! The schema of a database as text that is equal on both engines.
//!
//! Owns the questions to either catalogue and the common words for their answers. Full-text tables and indexes, which
//! exist on one engine only, are left out.

use std::collections::BTreeMap;

use crate::{Db, Error, Row, params};

crate::statements! {
    /// Table, column, type, whether it may not be null, place in the primary key.
    static COLUMNS = dialect {
        sqlite: "
            SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0, c.pk
            FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c
            WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
            ORDER BY t.name, c.cid",
        postgres: "
            SELECT t.relname, c.attname, format_type(c.atttypid, NULL), c.attnotnull, coalesce((
                SELECT k.place FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(att, place)
                WHERE i.indrelid = t.oid AND i.indisprimary AND k.att = c.attnum), 0)
            FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
            WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND c.attnum > 0 AND NOT c.attisdropped
                AND NOT c.atttypid = 'tsvector'::regtype
            ORDER BY t.relname, c.attnum",
    }.global();
    /// Table, index, whether unique, whether partial, column or null, whether descending.
    static INDEXES = dialect {
        sqlite: "
            SELECT t.name, CASE i.origin WHEN 'c' THEN i.name ELSE t.name || '_' || (
                SELECT group_concat(n.name, '_') FROM pragma_index_info(i.name) AS n) || '_key' END,
                i.\"unique\", i.partial, c.name, c.\"desc\"
            FROM pragma_table_list AS t JOIN pragma_index_list(t.name) AS i JOIN pragma_index_xinfo(i.name) AS c
            WHERE t.schema = 'main' AND t.type = 'table' AND i.origin <> 'pk' AND c.key
            ORDER BY 1, 2, c.seqno",
        postgres: "
            SELECT t.relname, n.relname, i.indisunique, i.indpred IS NOT NULL, c.attname, i.indoption[k.place - 1] & 1
            FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
                JOIN pg_am m ON m.oid = n.relam
                CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(att, place)
                LEFT JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = k.att AND k.att > 0
            WHERE t.relnamespace = 'public'::regnamespace AND NOT i.indisprimary AND m.amname = 'btree'
                AND k.place <= i.indnkeyatts
            ORDER BY t.relname, n.relname, k.place",
    }.global();
    /// Table, number of the key, column, other table, other column, what a deletion does.
    static FOREIGN = dialect {
        sqlite: "
            SELECT t.name, f.id, f.\"from\", f.\"table\", f.\"to\", lower(f.on_delete)
            FROM pragma_table_list AS t JOIN pragma_foreign_key_list(t.name) AS f
            WHERE t.schema = 'main' AND t.type = 'table'
            ORDER BY t.name, f.id, f.seq",
        postgres: "
            SELECT t.relname, CAST(f.oid AS BIGINT), a.attname, o.relname, b.attname, CASE f.confdeltype
                WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' WHEN 'r' THEN 'restrict'
                ELSE 'no action' END
            FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid
                CROSS JOIN unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(att, other, place)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att
                JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = k.other
            WHERE f.contype = 'f' AND t.relnamespace = 'public'::regnamespace
            ORDER BY t.relname, f.oid, k.place",
    }.global();
}

/// Tables, columns, types, nullability, primary keys, indexes and foreign keys, in a fixed order.
pub fn schema(db: &Db) -> Result<String, Error> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, lines) in [columns(db)?, indexes(db)?, foreign_keys(db)?].into_iter().flatten() {
        tables.entry(table).or_default().extend(lines);
    }
    let mut out = String::new();
    for (table, lines) in tables {
        out.push_str(&format!("table {table}\n"));
        lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    }
    Ok(out)
}

type Lines = BTreeMap<String, Vec<String>>;

fn columns(db: &Db) -> Result<Lines, Error> {
    let rows = all(db, &COLUMNS, |row| {
        Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?, row.get::<bool>(3)?, row.get::<i64>(4)?))
    })?;
    let mut lines = Lines::new();
    let mut keys: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for (table, column, kind, not_null, place) in rows {
        let null = if not_null { " not null" } else { "" };
        lines.entry(table.clone()).or_default().push(format!("{column} {}{null}", common_type(&kind)));
        if place > 0 {
            keys.entry(table).or_default().insert(place, column);
        }
    }
    for (table, key) in keys {
        let key: Vec<String> = key.into_values().collect();
        lines.entry(table).or_default().push(format!("primary key ({})", key.join(", ")));
    }
    Ok(lines)
}

fn common_type(kind: &str) -> &str {
    match kind {
        "INTEGER" | "bigint" | "boolean" => "integer",
        "TEXT" | "text" => "text",
        "BLOB" | "bytea" => "bytes",
        "REAL" | "double precision" => "real",
        other => other,
    }
}

fn indexes(db: &Db) -> Result<Lines, Error> {
    let rows = all(db, &INDEXES, |row| {
        let column: Option<String> = row.get(4)?;
        let order = if row.get::<i64>(5)? == 1 { " desc" } else { "" };
        let column = column.map_or("(expression)".to_owned(), |column| column + order);
        Ok(((text(row, 0)?, text(row, 1)?, row.get::<bool>(2)?, row.get::<bool>(3)?), column))
    })?;
    let mut lines = Lines::new();
    for ((table, index, unique, partial), columns) in grouped(rows) {
        let unique = if unique { "unique " } else { "" };
        let partial = if partial { " partial" } else { "" };
        lines
            .entry(table)
            .or_default()
            .push(format!("{unique}index {index} ({}){partial}", columns.join(", ")));
    }
    Ok(lines)
}

fn foreign_keys(db: &Db) -> Result<Lines, Error> {
    let rows = all(db, &FOREIGN, |row| {
        let key = (text(row, 0)?, row.get::<i64>(1)?, text(row, 3)?, text(row, 5)?);
        Ok((key, (text(row, 2)?, text(row, 4)?)))
    })?;
    let mut lines = Lines::new();
    for ((table, _, other, on_delete), pairs) in grouped(rows) {
        let (from, to): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
        let (from, to) = (from.join(", "), to.join(", "));
        lines
            .entry(table)
            .or_default()
            .push(format!("foreign key ({from}) references {other} ({to}) on delete {on_delete}"));
    }
    // SQLite numbers keys from the last to the first.
    lines.values_mut().for_each(|lines| lines.sort());
    Ok(lines)
}

fn grouped<K: Ord, V>(rows: Vec<(K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    rows.into_iter().for_each(|(key, value)| groups.entry(key).or_default().push(value));
    groups
}

fn text(row: &Row<'_>, index: usize) -> Result<String, Error> {
    row.get(index)
}

fn all<T: Send + 'static>(
    db: &Db,
    sql: &'static crate::Sql,
    map: impl Fn(&Row<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<Vec<T>, Error> {
    db.read_blocking(move |tx| tx.all(sql, params![], &map))
}
