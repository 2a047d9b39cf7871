//! The one error of the domain. Knows no HTTP; `server/http/problem.rs` gives each its status.

use parlor_db as db;

use crate::rights::Right;

/// Why an operation was refused or failed. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or not for this actor.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for: "conversation", "message" …
        what: &'static str,
    },
    /// The actor may not do this. The server leaves an audit row `forbidden_attempt`.
    #[error("{reason}")]
    Forbidden {
        /// The right that is missing, when it is one.
        right: Option<Right>,
        /// A stable word for clients: "matrix", "not_participant", "replies_disabled" …
        rule: &'static str,
        /// For people.
        reason: String,
        /// What was attempted: "message.send" …
        action: &'static str,
        /// On what: its type and id.
        entity: Option<(&'static str, String)>,
    },
    /// A field breaks a rule.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field, as in the JSON.
        field: &'static str,
        /// A stable word: "not_empty", "max_length" …
        rule: &'static str,
        /// For people, what to do.
        detail: String,
    },
    /// It contradicts what is stored.
    #[error("{detail}")]
    Conflict {
        /// A stable word: "client_id", "slug" …
        rule: &'static str,
        /// For people.
        detail: String,
    },
    /// Too much at once.
    #[error("{field} is too large, at most {limit} are allowed")]
    TooLarge {
        /// The field.
        field: &'static str,
        /// The limit, in the field's unit.
        limit: usize,
    },
    /// It was there and is no more.
    #[error("{what} is gone")]
    Gone {
        /// The noun that was asked for.
        what: &'static str,
    },
    /// It is too much for now.
    #[error("{detail}")]
    Later {
        /// A stable word: "waiting_files", "drafts" …
        rule: &'static str,
        /// For people, what to do.
        detail: String,
        /// When it may serve to try again.
        seconds: i64,
    },
    /// Who calls is not known.
    #[error("{detail}")]
    Unauthorized {
        /// For people.
        detail: String,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// A stored JSON could not be read, or a value not written.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

/// The result of a domain operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl db::TxError for Error {
    fn db(&self) -> Option<&db::Error> {
        match self {
            Error::Db(error) => Some(error),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Damaged(error.to_string())
    }
}

/// A field breaks a rule.
pub fn invalid(field: &'static str, rule: &'static str, detail: impl Into<String>) -> Error {
    Error::Invalid { field, rule, detail: detail.into() }
}

/// There is no such thing.
pub fn not_found(what: &'static str) -> Error {
    Error::NotFound { what }
}

/// Refused by a rule.
pub fn forbidden(action: &'static str, rule: &'static str, reason: impl Into<String>) -> Error {
    Error::Forbidden { right: None, rule, reason: reason.into(), action, entity: None }
}

/// It contradicts what is stored.
pub fn conflict(rule: &'static str, detail: impl Into<String>) -> Error {
    Error::Conflict { rule, detail: detail.into() }
}

impl Error {
    /// The same refusal with what it was about, for the audit log.
    #[must_use]
    pub fn about(mut self, kind: &'static str, id: impl ToString) -> Error {
        if let Error::Forbidden { entity, .. } = &mut self {
            *entity = Some((kind, id.to_string()));
        }
        self
    }
}
