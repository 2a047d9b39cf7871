//! SQLite and PostgreSQL behind one synchronous transaction.
//!
//! Owns connections, threads, group commit, snapshots, statements and migrations. Knows no business word: tables,
//! tenants and events belong to the crates above.
//!
//! An operation is a closure `FnMut(&mut Tx) -> Result<T, E>`. It runs on a thread of this crate, may be run again after a
//! conflict, and commits whole or not at all. Writes that wait at the same time share one commit.
//!
//! ```
//! use parlor_db::{Db, Error, Options, params};
//!
//! parlor_db::statements! {
//!     static NAME = both("SELECT $1 || ', ' || $2");
//! }
//!
//! # let folder = std::env::temp_dir().join(format!("parlor-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("doc.db");
//! let db = Db::open(path.to_str().unwrap(), Options::default())?;
//! let hello = db.read_blocking(|tx| tx.one(&NAME, params!["hello", "world"], |row| row.get::<String>(0)))?;
//! assert_eq!(hello, "hello, world");
//! # drop(db);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), Error>(())
//! ```

mod db;
mod deadline;
mod engine;
mod error;
mod files;
mod from_row;
mod group_commit;
mod lanes;
mod migrate;
mod options;
mod postgres;
mod queue;
mod row;
mod sql;
mod sqlite;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod translate;
mod tx;
mod value;
mod wal;

pub use db::Db;
pub use engine::Engine;
pub use error::{Error, TxError};
pub use files::{DatabaseFiles, Use};
pub use from_row::FromRow;
pub use migrate::Migration;
pub use options::{CommitHook, Note, Options};
pub use row::Row;
pub use sql::Sql;
pub use stats::{BATCH_SIZES, Stats};
pub use tx::Tx;
pub use value::{FromValue, Param, Value};
