//! Reads end when their time is up, and when nobody waits for them any more.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parlor_db::testing::TestDb;
use parlor_db::{Engine, Error, Options, Tx, params};

use crate::{BOTH, MIGRATIONS};

parlor_db::statements! {
    /// Takes minutes.
    static LONG = both("
        WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)
        SELECT COUNT(*) FROM n").global();
    static SHORT = both("SELECT COUNT(*) FROM thing WHERE tenant = $1");
    static PUT = both("INSERT INTO thing (tenant, seq, label) VALUES ($1, $2, $3)");
}

fn open(engine: Engine, read_limit: Duration) -> TestDb {
    TestDb::on(engine, MIGRATIONS, Options { readers: 1, read_limit, ..Options::default() }).unwrap()
}

fn long(tx: &mut Tx) -> Result<i64, Error> {
    tx.one(&LONG, params![], |row| row.get(0))
}

fn short(tx: &mut Tx) -> Result<i64, Error> {
    tx.one(&SHORT, params![1], |row| row.get(0))
}

#[test]
fn a_read_ends_when_its_time_is_up() {
    for engine in BOTH {
        let limit = Duration::from_millis(300);
        let test = open(engine, limit);
        for _ in 0..2 {
            let stopped = test.db.read_blocking(long);
            assert!(
                matches!(stopped, Err(Error::TimedOut(told)) if told == limit),
                "{engine:?}: {stopped:?}"
            );
            assert_eq!(test.db.read_blocking(short).unwrap(), 0, "{engine:?}: the reader goes on");
        }
    }
}

/// A statement after the one that was stopped does not run either, whatever the closure makes of the failure.
#[test]
fn what_was_stopped_cannot_answer() {
    for engine in BOTH {
        let test = open(engine, Duration::from_millis(200));
        let answer = test.db.read_blocking::<_, Error>(|tx| {
            drop(long(tx));
            Ok(short(tx).is_ok())
        });
        assert!(matches!(answer, Err(Error::Poisoned)), "{engine:?}: {answer:?}");
    }
}

#[test]
fn waiting_for_a_turn_counts() {
    for engine in BOTH {
        let test = open(engine, Duration::from_millis(200));
        let (taken, on_it) = std::sync::mpsc::channel();
        let db = test.db.clone();
        let slow = std::thread::spawn(move || {
            db.read_blocking::<_, Error>(move |_| {
                taken.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(500));
                Ok(())
            })
        });
        on_it.recv().unwrap();
        let late = test.db.read_blocking(short);
        assert!(matches!(late, Err(Error::TimedOut(_))), "{engine:?}: {late:?}");
        slow.join().unwrap().unwrap();
        assert_eq!(test.db.read_blocking(short).unwrap(), 0, "{engine:?}");
    }
}

#[test]
fn a_read_ends_when_its_caller_is_gone() {
    for engine in BOTH {
        let test = open(engine, Duration::from_secs(600));
        let began = Instant::now();
        {
            let mut read = pin!(test.db.read(long));
            assert!(matches!(read.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            // Until the one reader has taken it.
            while test.db.stats().reads_waiting > 0 {
                std::thread::yield_now();
            }
        }
        assert_eq!(test.db.read_blocking(short).unwrap(), 0);
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{engine:?}: the reader was kept by nobody's read"
        );
    }
}

#[test]
fn a_write_has_no_deadline_of_the_reads() {
    for engine in BOTH {
        let test = open(engine, Duration::from_millis(1));
        let written = test.db.write_blocking::<_, Error>(1, |tx| {
            let until = Instant::now() + Duration::from_millis(20);
            while Instant::now() < until {
                short(tx)?;
            }
            tx.execute(&PUT, params![1, 1, "late"]).map(drop)
        });
        assert!(written.is_ok(), "{engine:?}: {written:?}");
    }
}
