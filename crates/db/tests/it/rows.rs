//! Rows read by name give the same on both engines, and say which column cannot be read.

use parlor_db::{Error, FromRow, FromValue, Row, Value, params};

use crate::{BOTH, open};

/// A thing; `share` comes last though the table has it elsewhere.
#[derive(Debug, PartialEq)]
struct Thing {
    seq: i64,
    label: Letters,
    next: i64,
    share: Option<f64>,
}

type Letters = Vec<char>;

/// A text, letter by letter; digits are no letters.
struct Spelt<T>(T);

impl FromValue for Spelt<Letters> {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        let text = String::from_value(value)?;
        match text.chars().find(char::is_ascii_digit) {
            Some(digit) => Err(format!("{digit} is no letter")),
            None => Ok(Spelt(text.chars().collect())),
        }
    }
}

parlor_db::row! {
    impl Thing, thing_columns!($next:expr) {
        seq: "t.seq",
        label: Spelt "t.label",
        next: [$next],
        share: ["t.", "share"],
    }
}

parlor_db::row! {
    /// Whose it is.
    #[derive(Debug, PartialEq)]
    struct Owner, owner_columns! {
        id: [u8; 16] = "o.id",
        letters: Letters = Spelt "o.name",
    }
}

parlor_db::statements! {
    static OWNER = both("INSERT INTO owner (tenant, id, name) VALUES ($1, $2, $3)");
    static THING = both("INSERT INTO thing (tenant, owner, seq, label, share) VALUES ($1, $2, $3, $4, $5)");
    static LIST = both(concat!("SELECT ", thing_columns!("t.seq + 1"), ", ", owner_columns!(), ", t.hidden
        FROM thing t LEFT JOIN owner o ON o.tenant = t.tenant AND o.id = t.owner WHERE t.tenant = $1 ORDER BY t.seq"));
    static OTHERS = both(concat!("SELECT ", thing_columns!("t.seq * $2"), " FROM thing t WHERE t.tenant = $1 ORDER BY t.seq"));
}

const ANN: [u8; 16] = [1; 16];

fn listed(row: &Row<'_>) -> Result<(Thing, Option<Owner>, bool), Error> {
    let owner = Owner::read_joined(row, Thing::WIDTH)?;
    Ok((Thing::from_row(row)?, owner, row.get(Thing::WIDTH + Owner::WIDTH)?))
}

#[test]
fn columns_go_to_the_fields_that_name_them() {
    for engine in BOTH {
        let test = open(engine);
        let (listed, others) = test
            .db
            .write_blocking(7, |tx| -> Result<_, Error> {
                tx.execute(&OWNER, params![7, ANN, "Ann"])?;
                tx.execute(&THING, params![7, Some(ANN), 1, "ab", Some(0.5)])?;
                tx.execute(&THING, params![7, None::<[u8; 16]>, 2, "c", None::<f64>])?;
                Ok((tx.all(&LIST, params![7], listed)?, tx.all(&OTHERS, params![7, 10], Thing::from_row)?))
            })
            .unwrap();
        let thing = |seq: i64, label: &str, next: i64, share| Thing {
            seq,
            label: label.chars().collect(),
            next,
            share,
        };
        let ann = Owner { id: ANN, letters: vec!['A', 'n', 'n'] };
        let wanted =
            [(thing(1, "ab", 2, Some(0.5)), Some(ann), false), (thing(2, "c", 3, None), None, false)];
        assert_eq!(listed, wanted, "{engine:?}");
        assert_eq!(others, [thing(1, "ab", 10, Some(0.5)), thing(2, "c", 20, None)], "{engine:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    for engine in BOTH {
        let test = open(engine);
        let read = test.db.write_blocking(7, |tx| {
            tx.execute(&THING, params![7, None::<[u8; 16]>, 1, "a1", None::<f64>])?;
            tx.all(&LIST, params![7], listed)
        });
        let error = read.unwrap_err();
        assert!(matches!(&error, Error::Decode { column: 1, name, .. } if name == "label"), "{error:?}");
        assert!(error.to_string().ends_with("LIST: 1 is no letter"), "{error}");
    }
}
