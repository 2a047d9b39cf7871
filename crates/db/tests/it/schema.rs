//! Migrations.

use parlor_db::testing::TestDb;
use parlor_db::{Error, Migration, Options, params};

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
