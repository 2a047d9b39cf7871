//! Every statement: it prepares, keeps to its tenant, and walks an index; both engines have one schema.

use parlor_chat::{MIGRATIONS, contacts, statements};
use parlor_db::{
    Engine, Options,
    testing::{TestDb, explain, fails_to_prepare, full_scans, schema, without_tenant},
};

/// Tables that stay small, however large a tenant gets: a new table is large until it is named here.
const SMALL: &[(&str, &str)] = &[
    ("tenants", "one row for each tenant"),
    ("logs", "one row for each tenant"),
    ("secret_keys", "one row"),
    ("tails", "one row for each tenant and consumer"),
];

/// Statements that may read a large table from end to end, each with its reason.
const EXCUSED: &[(&str, &str)] = &[
    ("log::jobs::TOTALS", "counts every job, for operators who ask"),
    ("log::jobs::HELD", "once, at the start of the only server"),
    ("log::jobs::PRUNE_DEAD", "every ten minutes, over the jobs of a month at most"),
    ("tenancy::webhooks::STATES", "once, at a start: all of it is needed"),
    ("files::attachments::CLAIM", "by its primary key, as soon as PostgreSQL knows how large the table is"),
    (
        "files::attachments::DESCRIBE",
        "by its primary key, as soon as PostgreSQL knows how large the table is",
    ),
    ("files::attachments::WAITING", "by its primary key, as soon as PostgreSQL knows how large the table is"),
    ("files::attachments::GIVE_UP", "by an index of the files that wait, every ten minutes"),
    ("files::attachments::ABANDONED", "by an index that has those files only"),
    ("files::uploads::GIVE_UP", "by an index that has those files, or those that wait, only"),
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
    let schema = schema(&test.db).unwrap();
    let tables = schema.lines().filter_map(|line| line.strip_prefix("table "));
    let small = |table: &&str| SMALL.iter().any(|(name, _)| name == table);
    let large: Vec<&str> = tables.filter(|table| !small(table)).collect();
    assert!(large.len() > 30, "{large:?}");
    for (name, why) in EXCUSED {
        assert!(
            statements().iter().any(|sql| sql.name().ends_with(name)),
            "{name} ({why}) is no statement any more"
        );
    }
    let excused = |name: &str| EXCUSED.iter().any(|(excused, _)| name.ends_with(excused));
    let scans = full_scans(&test.db, &statements(), &large).unwrap();
    let scans: Vec<_> = scans.into_iter().filter(|(name, _)| !excused(name)).collect();
    assert_eq!(scans, Vec::<(&str, String)>::new());
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
