//! What fails, fails alike on both engines.

use parlor_db::{Db, Engine, Error, Tx, params};

use crate::{BOTH, open};

parlor_db::statements! {
    static OWNER = both("INSERT INTO owner (tenant, id, name) VALUES ($1, $2, $3)");
    static THING = both("INSERT INTO thing (tenant, owner, seq, label, hidden) VALUES ($1, $2, $3, $4, $5)");
    static LABEL = both("UPDATE thing SET label = $2 WHERE tenant = $1 RETURNING seq");
    static ALL = both("SELECT seq, label, share, hidden, owner FROM thing WHERE tenant = $1 ORDER BY label");
    static SOME = both("SELECT seq FROM thing WHERE tenant = $1 AND seq = ANY($2) AND label <> ALL($3) ORDER BY seq");
    static OF = both("SELECT seq FROM thing WHERE owner = ANY($2) AND tenant = $1");
    static ECHO = both("SELECT CAST($1 AS BIGINT), CAST($2 AS DOUBLE PRECISION), CAST($3 AS TEXT)");
    static WRONG = both("SELECT nothing FROM nowhere WHERE tenant = $1");
}

const ANN: [u8; 16] = [1; 16];

fn thing(tx: &mut Tx, owner: Option<[u8; 16]>, seq: i64, label: &str, hidden: bool) -> Result<u64, Error> {
    tx.execute(&THING, params![7, owner, seq, label, hidden])
}

fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    db.write_blocking(7, work)
}

fn filled(engine: Engine) -> parlor_db::testing::TestDb {
    let test = open(engine);
    write(&test.db, |tx| {
        tx.execute(&OWNER, params![7, ANN, "Ann"])?;
        thing(tx, Some(ANN), 1, "b", false)?;
        thing(tx, None, 2, "B", true)?;
        thing(tx, Some(ANN), 3, "é", false)
    })
    .unwrap();
    test
}

#[test]
fn constraints_have_one_name() {
    for engine in BOTH {
        let test = filled(engine);
        let unique = |error: Result<u64, Error>| match error {
            Err(Error::Unique { constraint }) => constraint,
            other => panic!("{engine:?}: {other:?}"),
        };
        assert_eq!(unique(write(&test.db, |tx| thing(tx, None, 9, "b", false))), "thing_label");
        assert_eq!(
            unique(write(&test.db, |tx| thing(tx, None, 9, "b\u{308}", true)
                .and(thing(tx, None, 10, "B\u{308}", true)))),
            "thing_lower"
        );
        assert_eq!(unique(write(&test.db, |tx| thing(tx, None, 1, "x", false))), "thing_pkey");
        assert_eq!(unique(write(&test.db, |tx| tx.execute(&OWNER, params![7, ANN, "Ann"]))), "owner_pkey");
        let error = write(&test.db, |tx| thing(tx, Some([9; 16]), 9, "x", false)).unwrap_err();
        assert!(matches!(error, Error::ForeignKey), "{engine:?}: {error:?}");
        let error = write(&test.db, |tx| tx.execute(&OWNER, params![7, [2; 16], "x".repeat(200).as_str()]));
        assert!(
            matches!(&error, Err(Error::Check { constraint }) if constraint == "owner_name_short"),
            "{error:?}"
        );
        let error = write(&test.db, |tx| tx.execute(&OWNER, params![7, [2; 16], None::<&str>]));
        assert!(
            matches!(&error, Err(Error::Check { constraint }) if constraint == "owner.name"),
            "{error:?}"
        );
    }
}

#[test]
fn rows_read_alike() {
    for engine in BOTH {
        let test = filled(engine);
        let rows = test.db.read_blocking(|tx| {
            tx.all(&ALL, params![7], |row| {
                let share: Option<f64> = row.get(2)?;
                Ok((
                    row.get::<i64>(0)?,
                    row.get::<String>(1)?,
                    share,
                    row.get::<bool>(3)?,
                    row.get::<Option<[u8; 16]>>(4)?,
                ))
            })
        });
        // Bytewise: capitals before small letters, accents after both.
        let expected = [(2, "B", true, None), (1, "b", false, Some(ANN)), (3, "é", false, Some(ANN))];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(seq, label, hidden, owner)| (seq, label.to_owned(), None, hidden, owner))
            .collect();
        assert_eq!(rows.map_err(|error: Error| error.to_string()), Ok(expected), "{engine:?}");
        let some = test.db.read_blocking::<_, Error>(|tx| {
            let (seqs, labels) = (vec![1i64, 2, 4], vec!["b".to_owned()]);
            let by_seq = tx.all(&SOME, params![7, &seqs, &labels], |row| row.get::<i64>(0))?;
            Ok((by_seq, tx.all(&OF, params![7, &vec![ANN]], |row| row.get::<i64>(0))?))
        });
        assert_eq!(some.unwrap(), (vec![2], vec![1, 3]), "{engine:?}");
        let echo = test.db.read_blocking::<_, Error>(|tx| {
            tx.one(&ECHO, params![i64::MIN, 0.1, "ü"], |row| {
                Ok((row.get::<i64>(0)?, row.get::<f64>(1)?, row.get::<String>(2)?))
            })
        });
        assert_eq!(echo.unwrap(), (i64::MIN, 0.1, "ü".to_owned()));
    }
}

#[test]
fn mistakes_are_errors_and_the_engine_goes_on() {
    for engine in BOTH {
        let test = filled(engine);
        let nul = write(&test.db, |tx| thing(tx, None, 9, "a\0b", false)).unwrap_err();
        assert!(matches!(&nul, Error::Value(text) if text.contains("NUL")), "{engine:?}: {nul}");
        let wrong = write(&test.db, |tx| tx.all(&WRONG, params![1], |_| Ok(()))).unwrap_err();
        assert!(wrong.to_string().contains("errors::WRONG"), "{wrong}");
        let count = write(&test.db, |tx| tx.all(&ALL, params![], |_| Ok(()))).unwrap_err();
        assert!(count.to_string().contains("has 1 parameters, 0 were given"), "{count}");
        let rows = write(&test.db, |tx| tx.execute(&LABEL, params![7, "same"])).unwrap_err();
        assert!(rows.to_string().contains("returns rows"), "{rows}");
        let decode = write(&test.db, |tx| tx.all(&ALL, params![7], |row| row.get::<i64>(1))).unwrap_err();
        assert!(matches!(&decode, Error::Decode { column: 1, .. }), "{decode}");
        let many = write(&test.db, |tx| tx.opt(&ALL, params![7], |row| row.get::<i64>(0))).unwrap_err();
        assert!(many.to_string().contains("more than one row"), "{many}");
        let none = write(&test.db, |tx| tx.one(&ALL, params![8], |row| row.get::<i64>(0)));
        assert!(matches!(none, Err(Error::NotFound)));
        let read = test.db.read_blocking(|tx| thing(tx, None, 9, "x", false)).unwrap_err();
        assert!(matches!(read, Error::ReadOnly(_)), "{engine:?}: {read:?}");
        assert_eq!(write(&test.db, |tx| thing(tx, None, 9, "x", false)).unwrap(), 1);
    }
}

#[test]
fn a_missing_row_does_not_poison() {
    for engine in BOTH {
        let test = filled(engine);
        let done = write(&test.db, |tx| match tx.one(&ALL, params![8], |_| Ok(())) {
            Err(Error::NotFound) => thing(tx, None, 9, "x", false),
            other => panic!("{other:?}"),
        });
        assert_eq!(done.unwrap(), 1);
    }
}

#[test]
fn a_panic_between_two_rows_leaves_the_statement_usable() {
    for engine in BOTH {
        let test = filled(engine);
        let panicked = write(&test.db, |tx| {
            tx.all(&ALL, params![7], |row| match row.get::<i64>(0)? {
                1 => panic!("at the second row"),
                seq => Ok(seq),
            })
        });
        assert!(matches!(panicked, Err(Error::Panicked(_))), "{engine:?}: {panicked:?}");
        let all = write(&test.db, |tx| tx.all(&ALL, params![7], |row| row.get::<i64>(0)));
        assert_eq!(all.unwrap(), [2, 1, 3]);
    }
}

#[test]
fn a_lock_held_for_too_long_fails_the_one_who_waits() {
    let test = filled(Engine::Postgres);
    let other = Db::open(test.url(), parlor_db::Options::default()).unwrap();
    let (held, is_held) = std::sync::mpsc::channel();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        other.write_blocking(7, move |tx| {
            thing(tx, None, 50, "held", false)?;
            held.send(()).unwrap();
            wait.recv().unwrap_err();
            Ok::<_, Error>(())
        })
    });
    is_held.recv().unwrap();
    // Waits for the outcome of the same label.
    let error = write(&test.db, |tx| thing(tx, None, 51, "held", false)).unwrap_err();
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    drop(release);
    holder.join().unwrap().unwrap();
}
