//! Conflicts, lost connections, callers who go away, full disks, killed processes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};

use parlor_db::testing::TestDb;
use parlor_db::{Db, Engine, Error, Migration, Options, Tx, params};

use crate::{BOTH, open};

parlor_db::statements! {
    static INSERT = both("INSERT INTO thing (tenant, seq, label) VALUES ($1, $2, $3)");
    static NEXT = both("SELECT coalesce(max(seq), 0) + 1 FROM thing WHERE tenant = $1");
    static COUNT = both("SELECT count(*) FROM thing WHERE tenant = $1");
    static TOUCH = both("UPDATE thing SET share = $3 WHERE tenant = $1 AND seq = $2");
    static CUT = both("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'parlor' AND pid <> pg_backend_pid()) cut").global();
    static LIMIT = both("PRAGMA max_page_count = 100").global();
    static NO_LIMIT = both("PRAGMA max_page_count = 100000").global();
    static DOOMED = both("INSERT INTO doomed (a) VALUES ($1)").global();
}

fn insert(tx: &mut Tx, seq: i64, label: &str) -> Result<(), Error> {
    tx.execute(&INSERT, params![1, seq, label]).map(drop)
}

fn count(db: &Db) -> i64 {
    db.read_blocking::<_, Error>(|tx| tx.one(&COUNT, params![1], |row| row.get(0))).unwrap()
}

#[test]
fn a_read_sees_one_moment() {
    for engine in BOTH {
        let test = open(engine);
        let writer = test.db.clone();
        let both = test.db.read_blocking::<_, Error>(move |tx| {
            let before: i64 = tx.one(&COUNT, params![1], |row| row.get(0))?;
            writer.write_blocking(1, |tx| insert(tx, 1, "later"))?;
            Ok((before, tx.one(&COUNT, params![1], |row| row.get::<i64>(0))?))
        });
        assert_eq!(both.unwrap(), (0, 0), "{engine:?}");
        assert_eq!(count(&test.db), 1);
    }
}

#[test]
fn a_conflict_is_tried_again_without_its_neighbours_noticing() {
    for engine in BOTH {
        let test = open(engine);
        std::thread::scope(|scope| {
            for n in 0..20 {
                let db = &test.db;
                scope.spawn(move || {
                    let mut runs = 0;
                    let done = db.write_blocking(1, move |tx| {
                        runs += 1;
                        insert(tx, n, &n.to_string())?;
                        match n % 5 == 0 && runs < 4 {
                            true => Err(Error::Serialization("on purpose".into())),
                            false => Ok(()),
                        }
                    });
                    done.unwrap();
                });
            }
        });
        assert_eq!(count(&test.db), 20);
        assert!(test.db.stats().retries >= 4, "{engine:?}: {:?}", test.db.stats());
        let never = test.db.write_blocking(1, |_| Err::<(), _>(Error::Serialization("always".into())));
        assert!(matches!(never, Err(Error::Serialization(_))));
    }
}

#[test]
fn a_deadlock_between_servers_is_resolved() {
    let test = open(Engine::Postgres);
    let other = Db::open(test.url(), Options::default()).unwrap();
    test.db.write_blocking(1, |tx| insert(tx, 1, "a").and_then(|()| insert(tx, 2, "b"))).unwrap();
    let meet = Barrier::new(2);
    std::thread::scope(|scope| {
        for (db, order) in [(&test.db, [1, 2]), (&other, [2, 1])] {
            let meet = &meet;
            scope.spawn(move || {
                let (first, second) = mpsc::channel::<()>();
                let (go, wait) = mpsc::channel::<()>();
                let mut once = Some((first, wait));
                let work = move |tx: &mut Tx| {
                    tx.execute(&TOUCH, params![1, order[0], 0.5])?;
                    if let Some((first, wait)) = once.take() {
                        drop(first);
                        wait.recv().unwrap_err();
                    }
                    tx.execute(&TOUCH, params![1, order[1], 0.5])
                };
                let db = db.clone();
                let thread = std::thread::spawn(move || db.write_blocking(1, work));
                second.recv().unwrap_err();
                meet.wait();
                drop(go);
                assert_eq!(thread.join().unwrap().unwrap(), 1);
            });
        }
    });
    assert!(test.db.stats().retries + other.stats().retries > 0);
}

#[test]
fn a_lost_connection_is_replaced_before_anything_is_committed() {
    let test = open(Engine::Postgres);
    let other = Db::open(test.url(), Options::default()).unwrap();
    let cut = move || {
        // The cut reaches the cutter's own other connections, never the one that asks.
        let cut = other.read_blocking(|tx| tx.one(&CUT, params![], |row| row.get::<i64>(0)));
        assert!(cut.unwrap() > 0);
    };
    assert_eq!(count(&test.db), 0);
    test.db.write_blocking(1, |tx| insert(tx, 1, "before")).unwrap();
    cut();
    assert_eq!(count(&test.db), 1);
    test.db.write_blocking(1, |tx| insert(tx, 2, "after")).unwrap();
    // In the midst of an operation: it is run again, once.
    let runs = Arc::new(AtomicU32::new(0));
    let counter = runs.clone();
    let done = test.db.write_blocking(1, move |tx| {
        insert(tx, 3, "during")?;
        if counter.fetch_add(1, Ordering::Relaxed) == 0 {
            cut();
        }
        insert(tx, 4, "during, too")
    });
    done.unwrap();
    assert_eq!((runs.load(Ordering::Relaxed), count(&test.db)), (2, 4));
}

#[test]
fn a_commit_without_an_answer_is_said_to_be_unknown() {
    let doomed = Migration {
        version: 1,
        name: "doomed",
        sql: "CREATE TABLE doomed (a BIGINT NOT NULL);
-- @postgres
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.a = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER doomed_die AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die();
-- @end
",
    };
    let test = TestDb::on(Engine::Postgres, &[doomed], Options::default()).unwrap();
    let lost = test.db.write_blocking(1, |tx| tx.execute(&DOOMED, params![1])).unwrap_err();
    assert!(matches!(&lost, Error::Unavailable(text) if text.contains("unknown")), "{lost:?}");
    assert_eq!(test.db.write_blocking(1, |tx| tx.execute(&DOOMED, params![2])).unwrap(), 1);
}

#[test]
fn a_caller_who_went_away_leaves_all_or_nothing() {
    for engine in BOTH {
        let test = open(engine);
        let (started, running) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let mut context = Context::from_waker(Waker::noop());
        let mut under_way = Box::pin(test.db.write(1, move |tx| {
            insert(tx, 1, "one")?;
            started.send(()).unwrap();
            held.recv().unwrap_err();
            insert(tx, 2, "two")
        }));
        assert!(under_way.as_mut().poll(&mut context).is_pending());
        running.recv().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        let flag = ran.clone();
        let mut waiting = Box::pin(test.db.write(1, move |tx| {
            flag.store(true, Ordering::Relaxed);
            insert(tx, 3, "three")
        }));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(under_way);
        drop(waiting);
        drop(release);
        test.db.write_blocking(1, |tx| insert(tx, 4, "four")).unwrap();
        assert_eq!(count(&test.db), 3, "{engine:?}");
        assert!(!ran.load(Ordering::Relaxed), "nobody waited for it any more");
    }
}

#[test]
fn a_full_disk_fails_what_needs_room_and_nothing_else() {
    let test = open(Engine::Sqlite);
    let big = "x".repeat(20_000);
    test.db.write_blocking(1, |tx| tx.all(&LIMIT, params![], |_| Ok(()))).unwrap();
    let mut full = 0;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|n| {
                let (db, label) = (&test.db, format!("{n} {big}"));
                scope.spawn(move || db.write_blocking(1, move |tx| insert(tx, n, &label)))
            })
            .collect();
        for thread in threads {
            match thread.join().unwrap() {
                Ok(()) => {}
                Err(Error::Full(_)) => full += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    });
    assert!(full > 0 && full < 40, "{full}");
    assert_eq!(count(&test.db), 40 - full);
    test.db.write_blocking(1, |tx| tx.all(&NO_LIMIT, params![], |_| Ok(()))).unwrap();
    test.db.write_blocking(1, move |tx| insert(tx, 100, &big)).unwrap();
    assert_eq!(count(&test.db), 41 - full);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = parlor_db::testing::TempDir::new().unwrap();
    let file = folder.path().join("not-a.db");
    std::fs::write(&file, "just text, and long enough to be read as a header of a database file".repeat(20))
        .unwrap();
    let here = folder.path().display();
    for url in [
        file.display().to_string(),
        format!("{here}/no/such/folder.db"),
        format!("sqlite:{here}"),
        "sqlite::memory:".into(),
        "postgres://nobody@127.0.0.1:1/none".into(),
        "postgres://host:not-a-port/".into(),
    ] {
        let error = Db::open(&url, Options::default()).unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{url}: {error:?}");
    }
}

/// Not a test of its own: the process that `what_was_acknowledged_survives_a_kill` kills.
#[test]
#[ignore = "runs as a child process"]
fn writing_child() {
    let Ok(url) = std::env::var("PARLOR_TEST_CHILD_URL") else { return };
    let db = Db::open(&url, Options::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let done = db.write_blocking(1, |tx| {
                        let next: i64 = tx.one(&NEXT, params![1], |row| row.get(0))?;
                        insert(tx, next, &next.to_string()).map(|()| next)
                    });
                    println!("acknowledged {}", done.unwrap());
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    for engine in BOTH {
        let test = open(engine);
        for round in 1..=3 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "trouble::writing_child", "--ignored", "--nocapture"])
                .env("PARLOR_TEST_CHILD_URL", test.url())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut acknowledged: Vec<i64> = Vec::new();
            let mut number = |line: String| {
                let number =
                    line.rsplit_once("acknowledged ").and_then(|(_, number)| number.parse::<i64>().ok());
                acknowledged.extend(number);
                acknowledged.len() >= 200 * round
            };
            while !number(lines.next().unwrap()) {}
            child.kill().unwrap();
            // What was printed before the kill and is still in the pipe was acknowledged, too. The last line may be cut.
            let mut rest: Vec<String> = lines.collect();
            rest.pop();
            for line in rest {
                number(line);
            }
            child.wait().unwrap();
            let again = Db::open(test.url(), Options::default()).unwrap();
            let highest = *acknowledged.iter().max().unwrap();
            assert!(count(&again) >= highest, "{engine:?}: {} < {highest}", count(&again));
            let next =
                again.read_blocking::<_, Error>(|tx| tx.one(&NEXT, params![1], |row| row.get::<i64>(0)));
            assert_eq!(count(&again) + 1, next.unwrap(), "a gap: an operation was committed by halves");
        }
    }
}

/// Whoever closes a SQLite file last empties its log and removes it. A backup, or anybody who looks into the file, must
/// not take itself for the last while we have it open: then we would write into a log that is gone.
#[test]
#[cfg(target_os = "linux")]
fn our_lock_on_the_file_lasts_as_long_as_we_use_it() {
    use std::os::unix::fs::MetadataExt;
    let test = open(Engine::Sqlite);
    let ours = format!(" {} ", std::process::id());
    let file = format!(":{} ", std::fs::metadata(test.url()).unwrap().ino());
    // Where SQLite has its shared lock: the byte behind the first GB, and the one after it.
    let is_locked = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|lock| lock.contains(&ours) && lock.contains(&file) && lock.contains(" 107374"))
    };
    test.db.write_blocking(1, |tx| insert(tx, 1, "x")).unwrap();
    assert!(is_locked(), "while it is open");
    test.db.empty_log().unwrap();
    assert!(is_locked(), "after another connection of ours");
    drop(Db::open(test.url(), Options::default()).unwrap());
    assert!(is_locked(), "after the file was opened once more");
    test.db.migrate(crate::MIGRATIONS).unwrap();
    assert!(is_locked(), "after migrations");
}
