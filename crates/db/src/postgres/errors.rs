//! What an error of PostgreSQL means. Knows the codes, and nothing of what was being done.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use crate::Error;

/// What an error of the server or of the connection means. `limit`: how long a statement may take.
pub(super) fn error_of(error: tokio_postgres::Error, limit: Duration) -> Error {
    let Some(db) = error.as_db_error() else {
        let io = error.source().is_some_and(|source| source.is::<std::io::Error>());
        return if error.is_closed() || io { Error::Unavailable(words_of(&error)) } else { internal(error) };
    };
    let constraint = || db.constraint().unwrap_or_default().to_owned();
    match db.code().code() {
        "23505" => Error::Unique { constraint: constraint() },
        "23503" => Error::ForeignKey,
        "23514" => Error::Check { constraint: constraint() },
        "23502" => Error::Check {
            constraint: format!("{}.{}", db.table().unwrap_or_default(), db.column().unwrap_or_default()),
        },
        // `statement_timeout`, or we asked for it.
        "57014" => Error::TimedOut(limit),
        "40001" | "40P01" => Error::Serialization(db.message().to_owned()),
        "55P03" => Error::Busy(db.message().to_owned()),
        "53100" => Error::Full(db.message().to_owned()),
        "25006" => Error::ReadOnly(db.message().to_owned()),
        "25P02" => Error::Poisoned,
        "22003" | "22021" | "54000" => Error::Value(db.message().to_owned()),
        code if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
            Error::Unavailable(db.message().to_owned())
        }
        _ => internal(error),
    }
}

fn internal(error: tokio_postgres::Error) -> Error {
    Error::Internal { context: words_of(&error), source: Some(Arc::new(error)) }
}

/// An error with its causes, in one line.
pub(super) fn words_of(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = cause.source();
    }
    words
}
