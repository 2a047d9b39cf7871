//! The storage engine seen from outside, on both engines.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]

mod errors;
mod limits;
mod mixed;
mod rows;
mod schema;
mod trouble;
mod writes;

use parlor_db::testing::TestDb;
use parlor_db::{Engine, Migration, Options};

pub const BOTH: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "things", sql: include_str!("things.sql") }];

pub fn open(engine: Engine) -> TestDb {
    TestDb::on(engine, MIGRATIONS, Options::default()).unwrap()
}
