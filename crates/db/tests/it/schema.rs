//! Migrations.

use parlor_db::testing::{TempDir, TestDb, explain, fails_to_prepare, full_scans, schema, without_tenant};
use parlor_db::{Db, Engine, Error, Migration, Options, params};

use crate::{BOTH, MIGRATIONS, open};

parlor_db::statements! {
    static TABLES = both("SELECT count(*) FROM extra").global();
}

const SECOND: Migration =
    Migration { version: 2, name: "extra", sql: "CREATE TABLE extra (a BIGINT NOT NULL PRIMARY KEY);" };

#[test]
fn applies_what_is_missing_once() {
    for engine in BOTH {
        let test = open(engine);
        assert_eq!(test.db.migrate(MIGRATIONS).unwrap(), Vec::<i64>::new());
        let more = [MIGRATIONS[0], SECOND];
        assert_eq!(test.db.migrate(&more).unwrap(), [2]);
        assert_eq!(test.db.migrate(&more).unwrap(), Vec::<i64>::new());
        let count =
            test.db.read_blocking::<_, Error>(|tx| tx.one(&TABLES, params![], |row| row.get::<i64>(0)));
        assert_eq!(count.unwrap(), 0);
    }
}

#[test]
fn refuses_a_newer_database_and_an_edited_file() {
    for engine in BOTH {
        let test = TestDb::on(engine, &[MIGRATIONS[0], SECOND], Options::default()).unwrap();
        let newer = test.db.migrate(MIGRATIONS).unwrap_err().to_string();
        assert!(newer.contains("version 2 (extra), which this program does not know"), "{newer}");
        let edited = Migration { sql: "CREATE TABLE extra (b BIGINT);", ..SECOND };
        let edited = test.db.migrate(&[MIGRATIONS[0], edited]).unwrap_err().to_string();
        assert!(edited.contains("version 2 (extra) changed after it was applied"), "{edited}");
    }
}

#[test]
fn a_failed_migration_leaves_nothing() {
    for engine in BOTH {
        let test = open(engine);
        let sql = "CREATE TABLE extra (a BIGINT NOT NULL); INSERT INTO nowhere VALUES (1);";
        let broken = [MIGRATIONS[0], Migration { sql, ..SECOND }];
        assert!(matches!(test.db.migrate(&broken), Err(Error::Migration(_))));
        assert_eq!(test.db.migrate(&[MIGRATIONS[0], SECOND]).unwrap(), [2]);
    }
}

#[test]
fn processes_that_start_together_apply_each_version_once() {
    for engine in BOTH {
        let test = TestDb::on(engine, &[], Options::default()).unwrap();
        let all = [MIGRATIONS[0], SECOND];
        let applied: Vec<i64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| test.db.migrate(&all).unwrap())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(applied.len(), 2, "{engine:?}: {applied:?}");
    }
}

#[test]
fn both_engines_have_one_schema() {
    let sqlite = schema(&open(Engine::Sqlite).db).unwrap();
    let postgres = schema(&open(Engine::Postgres).db).unwrap();
    assert_eq!(sqlite, postgres);
    let expected = "\
table owner
  tenant integer not null
  id bytes not null
  name text not null
  primary key (tenant, id)
table schema_migrations
  version integer not null
  name text not null
  checksum text not null
  primary key (version)
table thing
  tenant integer not null
  owner bytes
  seq integer not null
  label text not null
  share real
  hidden integer not null
  primary key (tenant, seq)
  unique index thing_label (tenant, label)
  unique index thing_lower (tenant, (expression)) partial
  index thing_owner (tenant, owner, seq)
  foreign key (tenant, owner) references owner (tenant, id) on delete no action
";
    assert_eq!(sqlite, expected);
}

mod plans {
    parlor_db::statements! {
        pub static BY_OWNER = both("SELECT t.seq FROM thing AS t WHERE t.tenant = $1 AND t.owner = $2 ORDER BY t.seq LIMIT 3");
        pub static BY_SHARE = both("SELECT t.seq FROM thing t WHERE t.share > $1");
        pub static PURGE = both("DELETE FROM thing WHERE seq < $1 RETURNING label").global();
        pub static MOVE = both("UPDATE thing SET seq = $3 WHERE tenant = $1 AND seq = ANY($2)");
        pub static BROKEN = both("SELECT tenant FROM nowhere");
    }
}

#[test]
fn statements_are_checked() {
    use plans::*;
    assert_eq!(without_tenant(&statements()), [BY_SHARE.name()]);
    for engine in BOTH {
        let db = &open(engine).db;
        let refused = fails_to_prepare(db, &statements());
        assert!(
            refused.len() == 1 && refused[0].contains("plans::BROKEN") && refused[0].contains("nowhere"),
            "{refused:?}"
        );
        let scans = full_scans(db, &[&BY_OWNER, &BY_SHARE, &PURGE, &MOVE], &["thing"]).unwrap();
        let names: Vec<_> = scans.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [BY_SHARE.name(), PURGE.name()], "{engine:?}: {scans:?}");
        assert!(full_scans(db, &[&BY_SHARE], &["owner"]).unwrap().is_empty());
        assert!(explain(db, &BY_OWNER).unwrap().contains("thing_owner"));
    }
}

/// SQLite does not wait for another process that begins the log of a new database at the same moment.
#[test]
fn whoever_opens_a_new_database_at_once_waits_for_the_others() {
    for _ in 0..40 {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("new.db").display());
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| Db::open(&url, Options::default()).unwrap().migrate(MIGRATIONS).unwrap());
            }
        });
    }
}
