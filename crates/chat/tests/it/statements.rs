//! Every statement: it prepares, keeps to its tenant, and walks an index; both engines have one schema.

use parlor_chat::{MIGRATIONS, contacts, statements};
use parlor_db::{
    Engine, Options,
    testing::{TestDb, explain, fails_to_prepare, full_scans, schema, without_tenant},
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

/// Whoever sees some contacts waits for those, not for everybody's: the page begins with the conversations that somebody
/// reads and looks each contact up. (Without rows PostgreSQL has no reason to prefer one index to another.)
#[test]
fn a_list_of_some_contacts_does_not_walk_all_of_them() {
    let test = TestDb::on(Engine::Sqlite, MIGRATIONS, Options::default()).unwrap();
    let plan = explain(&test.db, &contacts::PAGE_OF_SOME).unwrap();
    let walks = |line: &&str| line.contains("INDEX") && !line.contains("rarray");
    let found: Vec<&str> = plan.lines().map(str::trim).filter(walks).collect();
    let wanted = [
        "SEARCH p USING INDEX participants_person (tenant=? AND person_id=?)",
        "SEARCH c USING INDEX sqlite_autoindex_conversations_1 (tenant=? AND id=?)",
        "SEARCH c USING INDEX conversations_team (tenant=? AND team_id=?)",
        "SEARCH c USING INDEX conversations_store (tenant=? AND store_id=?)",
        "SEARCH c USING INDEX conversations_activity (tenant=? AND kind=?)",
        "SEARCH c USING INDEX conversations_unassigned (tenant=? AND kind=? AND contact_id>?)",
        "SEARCH k USING INDEX sqlite_autoindex_contacts_1 (tenant=? AND id=?)",
        "SEARCH c USING INDEX conversations_contact (tenant=? AND contact_id=?)",
        "SEARCH p USING INDEX sqlite_autoindex_participants_1 (tenant=? AND conversation_id=? AND person_id=?) LEFT-JOIN",
    ];
    assert_eq!(found, wanted, "{plan}");
}
