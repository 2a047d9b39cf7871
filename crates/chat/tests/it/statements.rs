//! Every statement: it prepares, keeps to its tenant, and walks an index; both engines have one schema.

use parlor_chat::{MIGRATIONS, statements};
use parlor_db::{
    Engine, Options,
    testing::{TestDb, fails_to_prepare, full_scans, schema, without_tenant},
};

const LARGE: &[&str] = &[
    "messages",
    "events",
    "participants",
    "conversations",
    "users",
    "contacts",
    "mentions",
    "reactions",
    "audit",
    "message_edits",
    "drafts",
    "topic_updates",
    "presences",
];

#[test]
fn every_statement_prepares() {
    let test = TestDb::new(MIGRATIONS, Options::default()).unwrap();
    assert_eq!(fails_to_prepare(&test.db, &statements()), Vec::<String>::new());
}

#[test]
fn every_statement_names_the_tenant() {
    assert_eq!(without_tenant(&statements()), Vec::<&str>::new());
}

#[test]
fn no_statement_scans_a_large_table() {
    let test = TestDb::new(MIGRATIONS, Options::default()).unwrap();
    assert_eq!(full_scans(&test.db, &statements(), LARGE).unwrap(), Vec::<(&str, String)>::new());
}

#[test]
fn both_engines_have_one_schema() {
    let sqlite = TestDb::on(Engine::Sqlite, MIGRATIONS, Options::default()).unwrap();
    let postgres = TestDb::on(Engine::Postgres, MIGRATIONS, Options::default()).unwrap();
    // The search index is each engine's own.
    let tables = |db: &TestDb| {
        let mut own = false;
        let mut kept = Vec::new();
        for line in schema(&db.db).unwrap().lines() {
            own = if line.starts_with(' ') { own } else { line.contains("message_search") };
            if !own {
                kept.push(line.to_owned());
            }
        }
        kept
    };
    assert_eq!(tables(&sqlite), tables(&postgres));
}
