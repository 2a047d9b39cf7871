//! Many operations at once that succeed and fail in every way: what was answered is what is stored.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};

use parlor_db::testing::TestDb;
use parlor_db::{Db, Error, Note, Options, Tx, params};

use crate::{BOTH, MIGRATIONS, open};

parlor_db::statements! {
    static INSERT = both("INSERT INTO thing (tenant, seq, label) VALUES ($1, $2, $3)");
    static SEQS = both("SELECT seq FROM thing WHERE tenant = $1 ORDER BY seq");
    static COUNT = both("SELECT count(*) FROM thing WHERE tenant = $1");
    static MISTAKE = both("SELECT CAST(label AS BIGINT) / 0 FROM nothing WHERE tenant = $1");
}

fn insert(tx: &mut Tx, tenant: i64, seq: i64) -> Result<(), Error> {
    tx.execute(&INSERT, params![tenant, seq, seq.to_string().as_str()]).map(drop)
}

fn later(tx: &mut Tx, tenant: i64, seq: i64) -> Result<(), Error> {
    tx.execute_later(&INSERT, params![tenant, seq, seq.to_string().as_str()])
}

fn count(tx: &mut Tx, tenant: i64) -> Result<i64, Error> {
    tx.one(&COUNT, params![tenant], |row| row.get(0))
}

/// One operation that inserts two rows in one of many ways, most of which must leave nothing.
fn operation(tx: &mut Tx, tenant: i64, way: u64, seq: i64) -> Result<(), Error> {
    count(tx, tenant)?;
    tx.note(seq);
    match way {
        0 => return Err(Error::NotFound),
        1 => drop(tx.all(&MISTAKE, params![tenant], |_| Ok(()))),
        2 => panic!("before writing"),
        _ => {}
    }
    later(tx, tenant, seq)?;
    match way {
        3 => return Err(Error::NotFound),
        4 => panic!("after writing"),
        5 => insert(tx, tenant, seq)?,
        6 => later(tx, tenant, seq)?,
        7 => drop(insert(tx, tenant, seq)),
        8 => drop(tx.execute(&INSERT, params![tenant, seq, "nul\0"])),
        _ => {}
    }
    if way.is_multiple_of(2) { later(tx, tenant, seq + 1) } else { insert(tx, tenant, seq + 1) }
}

#[test]
fn what_was_answered_is_what_is_stored() {
    // Panics are part of the test; their messages are not.
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !std::thread::current().name().unwrap_or_default().starts_with("db-") {
            before(info);
        }
    }));
    for engine in BOTH {
        for failing in [0, 2, 9] {
            let noted = Arc::new(Mutex::new(Vec::new()));
            let sink = noted.clone();
            let hook = move |notes: Vec<Note>| {
                let seqs = notes.into_iter().map(|note| *note.downcast::<i64>().unwrap());
                sink.lock().unwrap().extend(seqs);
            };
            let options = Options { on_commit: Some(Arc::new(hook)), max_batch: 24, ..Options::default() };
            let test = TestDb::on(engine, MIGRATIONS, options).unwrap();
            let mut kept = run(&test.db, failing);
            for tenant in [1, 2] {
                let stored = test.db.read_blocking::<_, Error>(move |tx| {
                    tx.all(&SEQS, params![tenant], |row| row.get::<i64>(0))
                });
                let expected: Vec<i64> = kept
                    .iter()
                    .filter(|(of, _)| *of == tenant)
                    .flat_map(|(_, seq)| [*seq, *seq + 1])
                    .collect();
                assert_eq!(stored.unwrap(), expected, "{engine:?}, {failing} ways of failing");
            }
            for seq in noted.lock().unwrap().drain(..) {
                let known = kept.remove(&(1, seq)) || kept.remove(&(2, seq));
                assert!(known, "a note of what was not committed, or twice");
            }
            assert!(kept.is_empty(), "committed without a note: {kept:?}");
        }
    }
}

/// Lets 24 callers write for a while; gives tenant and number of the operations that were answered with success.
fn run(db: &Db, failing: u64) -> BTreeSet<(i64, i64)> {
    let kept = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for caller in 0..24u64 {
            let (db, kept) = (db.clone(), &kept);
            scope.spawn(move || {
                let mut state = caller * 7919 + 1;
                for n in 0..40 {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Up to 8 are ways of failing; let there be as many successes.
                    let way = match failing {
                        0 => 9,
                        ways => {
                            (state >> 33) % (ways * 2) + 9 * u64::from((state >> 33) % (ways * 2) >= ways)
                        }
                    };
                    let (tenant, seq) = ((caller % 2) as i64 + 1, (caller as i64 * 1000 + n) * 2);
                    let done = db.write_blocking(tenant as u64, move |tx| operation(tx, tenant, way, seq));
                    match (way, done) {
                        (9.., Ok(())) => assert!(kept.lock().unwrap().insert((tenant, seq))),
                        (0..9, Err(_)) => {}
                        (way, done) => panic!("way {way} gave {done:?}"),
                    }
                }
            });
        }
    });
    kept.into_inner().unwrap()
}

#[test]
fn who_only_read_and_failed_does_not_make_the_others_run_again() {
    for engine in BOTH {
        let test = open(engine);
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel();
        let runs = Arc::new(AtomicU32::new(0));
        std::thread::scope(|scope| {
            let (db, runs) = (&test.db, &runs);
            scope.spawn(move || {
                db.write_blocking::<_, Error>(1, move |_| {
                    started.send(()).unwrap();
                    held.recv().unwrap_err();
                    Ok(())
                })
            });
            running.recv().unwrap();
            for n in 0..10 {
                let runs = runs.clone();
                scope.spawn(move || {
                    db.write_blocking(1, move |tx| {
                        runs.fetch_add(1, Relaxed);
                        count(tx, 1)?;
                        if n % 2 == 0 { Err(Error::NotFound) } else { insert(tx, 1, n) }
                    })
                });
            }
            while test.db.stats().writes_waiting < 10 {
                std::thread::yield_now();
            }
            drop(release);
        });
        assert_eq!((runs.load(Relaxed), test.db.stats().commits), (10, 2), "{engine:?}");
    }
}
