//! What can go wrong in the storage engine, told the same way for both engines.
//!
//! Owns the translation-free part: the variants and what a caller may ask of them. How an engine's own error becomes
//! one of these is known by `sqlite.rs` and `postgres.rs` only. No business word belongs here.

use std::sync::Arc;
use std::time::Duration;

/// A failure of the storage engine. Cheap to clone: a failed commit hands the same one to a whole group.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `Tx::one` found no row. The statement itself succeeded, so the operation may go on.
    #[error("no row found")]
    NotFound,
    /// A unique index refused the row. The name is the index's, the same on both engines.
    #[error("unique index {constraint} refused a duplicate")]
    Unique {
        /// Name of the unique index, or `<table>_pkey` for a primary key.
        constraint: String,
    },
    /// A foreign key refused the row. SQLite does not say which one.
    #[error("a foreign key refused the row")]
    ForeignKey,
    /// A `NOT NULL` or `CHECK` constraint refused the row.
    #[error("constraint {constraint} refused the row")]
    Check {
        /// The constraint's name, or `<table>.<column>` for `NOT NULL`.
        constraint: String,
    },
    /// Another transaction was in the way: running the operation again may succeed. The engine does so by itself.
    #[error("the transaction conflicts with another one: {0}")]
    Serialization(String),
    /// A lock was held by someone else for so long that it is no use waiting.
    #[error("database busy: {0}")]
    Busy(String),
    /// A read took longer than [`Options::read_limit`](crate::Options::read_limit), or its caller went away.
    #[error("the read was stopped: it took longer than {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// An earlier statement of this operation failed, so it can do nothing more and cannot commit.
    #[error("an earlier statement of this operation failed")]
    Poisoned,
    /// The closure panicked. Its operation was rolled back.
    #[error("the operation panicked: {0}")]
    Panicked(String),
    /// The database cannot be reached, is shutting down, or its answer to a commit was lost.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// Too many operations are waiting.
    #[error("database overloaded: {0}")]
    Overloaded(String),
    /// The disk is full, or refuses what is written to it.
    #[error("the disk takes no more: {0}")]
    Full(String),
    /// Files of an embedded database are not what they were.
    #[error("{0}")]
    Lost(String),
    /// A statement tried to write where only reading is possible.
    #[error("database is read-only: {0}")]
    ReadOnly(String),
    /// A value that one of the engines cannot store, such as text with a NUL; refused on both.
    #[error("value cannot be stored: {0}")]
    Value(String),
    /// A column holds something else than what was asked for.
    #[error("column {column} ({name}): {reason}")]
    Decode {
        /// Position in the row, from 0.
        column: usize,
        /// Its name in the result.
        name: String,
        /// What was expected and what was there.
        reason: String,
    },
    /// The schema and the program do not fit each other.
    #[error("migration: {0}")]
    Migration(String),
    /// Anything else: a mistake in a statement, a damaged file, a lost server.
    #[error("{context}")]
    Internal {
        /// What was being done, with the engine's own words.
        context: String,
        /// The engine's error, where there is one.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// True when the operation failed through no fault of its own and may succeed if it is run again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Serialization(_))
    }

    /// Name of the unique index that refused a duplicate, if that is what happened.
    pub fn unique_constraint(&self) -> Option<&str> {
        match self {
            Error::Unique { constraint } => Some(constraint),
            _ => None,
        }
    }

    /// A mistake that has no engine error behind it.
    pub(crate) fn internal(context: impl Into<String>) -> Error {
        Error::Internal { context: context.into(), source: None }
    }

    /// The same error, saying which statement it belongs to. Only where the reader of a log needs it.
    pub(crate) fn in_statement(self, name: &str) -> Error {
        match self {
            Error::Internal { context, source } => {
                Error::Internal { context: format!("{name}: {context}"), source }
            }
            Error::Value(reason) => Error::Value(format!("{name}: {reason}")),
            Error::Decode { column, name: of, reason } => {
                Error::Decode { column, name: of, reason: format!("{name}: {reason}") }
            }
            other => other,
        }
    }
}

/// What a caller's own error type must offer, so that the engine can see whether a failure is worth a retry.
pub trait TxError: From<Error> + Send + 'static {
    /// The storage error inside, if there is one.
    fn db(&self) -> Option<&Error>;
}

impl TxError for Error {
    fn db(&self) -> Option<&Error> {
        Some(self)
    }
}
