//! Owns: how a command fails: the sentence and the exit code. Must not know: commands.

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Failure {
    /// An ordinary failure.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// The command was called the wrong way.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 2 }
    }

    /// What was named is not there.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 3 }
    }

    /// A rule forbids it.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 4 }
    }
}

impl From<parlor_chat::Error> for Failure {
    fn from(error: parlor_chat::Error) -> Self {
        use parlor_chat::Error;
        let text = error.to_string();
        match error {
            Error::NotFound { .. } | Error::Gone { .. } => Self::not_found(text),
            Error::Db(_) | Error::Damaged(_) => Self::new(text),
            _ => Self::refused(text),
        }
    }
}

impl From<crate::error::StartError> for Failure {
    fn from(error: crate::error::StartError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<parlor_db::Error> for Failure {
    fn from(error: parlor_db::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
