//! Group commit: what a group shares and what it does not.

use std::sync::{Arc, Mutex, mpsc};

use parlor_db::testing::TestDb;
use parlor_db::{Db, Error, Options, Tx, params};

use crate::{BOTH, MIGRATIONS, open};

parlor_db::statements! {
    static INSERT = both("INSERT INTO thing (tenant, seq, label) VALUES ($1, $2, $3)");
    static LABELS = both("SELECT label FROM thing WHERE tenant = $1 ORDER BY seq");
    static COUNT = both("SELECT count(*) FROM thing WHERE tenant = $1");
}

fn insert(tx: &mut Tx, seq: i64, label: &str) -> Result<(), Error> {
    tx.execute(&INSERT, params![1, seq, label]).map(drop)
}

fn labels(db: &Db) -> Vec<String> {
    db.read_blocking::<_, Error>(|tx| tx.all(&LABELS, params![1], |row| row.get(0))).unwrap()
}

/// Holds the writer until the returned sender is dropped, so that what is written meanwhile makes one group.
fn hold(db: &Db) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let db = db.clone();
    std::thread::spawn(move || {
        db.write_blocking::<_, Error>(1, move |_| {
            started.send(()).unwrap();
            held.recv().unwrap_err();
            Ok(())
        })
    });
    running.recv().unwrap();
    release
}

/// Starts an operation and returns only once it waits in the queue.
fn start<T: Send + 'static>(
    db: &Db,
    work: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
) -> std::thread::JoinHandle<Result<T, Error>> {
    let before = db.stats().writes_waiting;
    let other = db.clone();
    let thread = std::thread::spawn(move || other.write_blocking(1, work));
    while db.stats().writes_waiting == before {
        std::thread::yield_now();
    }
    thread
}

#[test]
fn operations_that_wait_together_share_a_commit() {
    for engine in BOTH {
        let test = open(engine);
        let held = hold(&test.db);
        let threads: Vec<_> =
            (0..50).map(|n| start(&test.db, move |tx| insert(tx, n, &n.to_string()))).collect();
        drop(held);
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        let stats = test.db.stats();
        assert_eq!((stats.commits, stats.operations, stats.largest_batch), (2, 51, 50), "{engine:?}");
        let expected: Vec<_> = (0..50).map(|n| n.to_string()).collect();
        assert_eq!(labels(&test.db), expected);
    }
}

#[test]
fn a_failing_operation_leaves_its_neighbours() {
    for engine in BOTH {
        let test = open(engine);
        let held = hold(&test.db);
        let first = start(&test.db, |tx| insert(tx, 1, "one"));
        let twice = start(&test.db, |tx| {
            insert(tx, 2, "two")?;
            insert(tx, 3, "one")
        });
        let refused = start(&test.db, |tx| {
            insert(tx, 4, "four")?;
            Err::<(), _>(Error::NotFound)
        });
        let panics = start(&test.db, |tx| {
            insert(tx, 5, "five")?;
            if tx.engine() == tx.engine() { panic!("on purpose") } else { Ok(()) }
        });
        let swallowed = start(&test.db, |tx| {
            insert(tx, 6, "six")?;
            assert!(matches!(insert(tx, 7, "one"), Err(Error::Unique { .. })));
            assert!(matches!(insert(tx, 8, "eight"), Err(Error::Poisoned)));
            Ok(())
        });
        let idle = start(&test.db, |_| Ok(()));
        let last = start(&test.db, |tx| insert(tx, 9, "nine"));
        drop(held);
        first.join().unwrap().unwrap();
        assert_eq!(twice.join().unwrap().unwrap_err().unique_constraint(), Some("thing_label"));
        assert!(matches!(refused.join().unwrap(), Err(Error::NotFound)));
        assert!(matches!(panics.join().unwrap(), Err(Error::Panicked(text)) if text == "on purpose"));
        assert!(matches!(swallowed.join().unwrap(), Err(Error::Poisoned)));
        idle.join().unwrap().unwrap();
        last.join().unwrap().unwrap();
        assert_eq!(labels(&test.db), ["one", "nine"], "{engine:?}");
        assert_eq!(test.db.stats().commits, 2);
    }
}

#[test]
fn notes_arrive_in_commit_order_and_only_from_what_was_committed() {
    for engine in BOTH {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let on_commit = move |notes: Vec<parlor_db::Note>| {
            let mut seen = sink.lock().unwrap();
            seen.extend(notes.into_iter().map(|note| *note.downcast::<i64>().unwrap()));
        };
        let options = Options { on_commit: Some(Arc::new(on_commit)), ..Options::default() };
        let test = TestDb::on(engine, MIGRATIONS, options).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (db, seen) = (test.db.clone(), seen.clone());
                scope.spawn(move || {
                    for n in 0..50 {
                        let done = db.write_blocking(1, move |tx| {
                            let next: i64 = tx.one(&COUNT, params![1], |row| row.get(0))?;
                            tx.note(next);
                            insert(tx, next, &next.to_string())?;
                            if n % 5 == writer % 5 { Err(Error::NotFound) } else { Ok(next) }
                        });
                        if let Ok(next) = done {
                            assert!(seen.lock().unwrap().contains(&next), "told before the answer");
                        }
                    }
                });
            }
        });
        let expected: Vec<i64> = (0..8 * 40).collect();
        assert_eq!(*seen.lock().unwrap(), expected, "{engine:?}");
    }
}

#[test]
fn the_order_of_calls_is_the_order_of_writes() {
    for engine in BOTH {
        let test = open(engine);
        let held = hold(&test.db);
        let threads: Vec<_> = (0..20)
            .map(|n| {
                start(&test.db, move |tx| {
                    let next: i64 = tx.one(&COUNT, params![1], |row| row.get(0))?;
                    insert(tx, next, &n.to_string())
                })
            })
            .collect();
        drop(held);
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        assert_eq!(labels(&test.db), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn dropping_the_last_handle_finishes_what_waits() {
    for engine in BOTH {
        let test = open(engine);
        let other = Db::open(test.url(), Options::default()).unwrap();
        let held = hold(&other);
        let threads: Vec<_> =
            (0..10).map(|n| start(&other, move |tx| insert(tx, n, &n.to_string()))).collect();
        drop(held);
        other.shutdown();
        assert!(matches!(other.write_blocking(1, |_| Ok::<_, Error>(())), Err(Error::Unavailable(_))));
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        assert_eq!(labels(&test.db).len(), 10);
    }
}

#[test]
fn what_is_executed_later_counts_as_the_operations_own() {
    for engine in BOTH {
        let test = open(engine);
        let later = |tx: &mut Tx, seq: i64, label: &str| tx.execute_later(&INSERT, params![1, seq, label]);
        let count = |tx: &mut Tx| tx.one(&COUNT, params![1], |row| row.get::<i64>(0));
        // The statements and the label prepared, so that nothing forces a round trip below.
        test.db.write_blocking(1, move |tx| later(tx, 1, "one").and_then(|()| count(tx))).unwrap();
        let held = hold(&test.db);
        let first = start(&test.db, move |tx| later(tx, 2, "two"));
        let at_the_end = start(&test.db, move |tx| later(tx, 3, "one"));
        let in_time = start(&test.db, move |tx| later(tx, 4, "one").and_then(|()| count(tx)));
        let seen = start(&test.db, move |tx| later(tx, 5, "five").and_then(|()| count(tx)));
        let undone = start(&test.db, move |tx| later(tx, 6, "six").and(Err::<(), _>(Error::NotFound)));
        let undone_twice = start(&test.db, move |tx| later(tx, 7, "one").and(Err::<(), _>(Error::NotFound)));
        let last = start(&test.db, move |tx| later(tx, 8, "eight"));
        drop(held);
        first.join().unwrap().unwrap();
        assert_eq!(at_the_end.join().unwrap().unwrap_err().unique_constraint(), Some("thing_label"));
        assert_eq!(in_time.join().unwrap().unwrap_err().unique_constraint(), Some("thing_label"));
        assert_eq!(seen.join().unwrap().unwrap(), 3, "{engine:?}");
        assert!(matches!(undone.join().unwrap(), Err(Error::NotFound)));
        let error = undone_twice.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::NotFound | Error::Unique { .. }), "{error:?}");
        last.join().unwrap().unwrap();
        assert_eq!(labels(&test.db), ["one", "two", "five", "eight"], "{engine:?}");
        let alone = test.db.write_blocking(1, move |tx| later(tx, 9, "one")).unwrap_err();
        assert_eq!(alone.unique_constraint(), Some("thing_label"));
        let reading = test.db.read_blocking(move |tx| later(tx, 9, "nine")).unwrap_err();
        assert!(matches!(reading, Error::ReadOnly(_)), "{reading:?}");
    }
}
