//! Owns: why the server does not start, in sentences for the terminal. Must not know: how each is found out.

use std::path::PathBuf;

use parlor_chat::Error;
use parlor_chat::sealing::KeyId;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("the data folder {0} cannot be used: {1}")]
    Folder(PathBuf, std::io::Error),
    /// The folder of files.
    #[error("the folder of files {0} cannot be used: {1}. Name another one with --files or PARLOR_FILES")]
    Files(PathBuf, std::io::Error),
    /// Nodes would keep files each by itself.
    #[error(
        "nobody said where attached files are: with PostgreSQL there may be several nodes, and a file in the data folder \
         of one is missing on the others. Set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or \
         PARLOR_FILES to a folder that all nodes share (with one node: any folder that stays)"
    )]
    NoFiles,
    /// The bucket of files.
    #[error("the bucket of files cannot be used: {0}")]
    S3(String),
    /// Another server.
    #[error("another parlor serves the data folder {0}")]
    Locked(PathBuf),
    /// The database.
    #[error(transparent)]
    Database(#[from] parlor_db::Error),
    /// An operation on it.
    #[error(transparent)]
    Chat(#[from] Error),
    /// A variable of the environment.
    #[error("{0}")]
    Environment(String),
    /// A key that is kept in a file.
    #[error("the key {path} cannot be used: {1}", path = .0.display())]
    KeyFile(PathBuf, std::io::Error),
    /// One that was cut off.
    #[error(
        "the key {0} {1}: it was cut off by a full disk or a crash, or is no key. \
         Put the right one back from a backup, or remove it: the next start makes a new one, and clients begin anew \
         from a snapshot"
    )]
    WeakKey(PathBuf, WeakSecret),
    /// A key of secrets that is none.
    #[error("the secret key in {0} {1}: make one with `openssl rand -hex 32`")]
    SecretKey(String, String),
    /// One that is no secret any more.
    #[error(
        "the key {0} can be used by others than its owner (its mode is {1:o}): run `chmod 600 {path}`, and then \
         `parlor secrets rotate` if somebody may have read it",
        path = .0.display()
    )]
    OpenKey(PathBuf, u32),
    /// The database has a key, and we have none.
    #[error(
        "the secrets in this database are sealed with the key {0}, and there is no key: put {1} back from its backup, \
         or give the key with PARLOR_SECRET_KEY or PARLOR_SECRET_KEY_FILE"
    )]
    NoSecretKey(KeyId, String),
    /// The database has another key than we.
    #[error(
        "the secrets in this database are sealed with the key {needed}, and this node has {own} (from {place}): give it \
         the key {needed}, which the other nodes have, with PARLOR_SECRET_KEY or PARLOR_SECRET_KEY_FILE"
    )]
    OtherSecretKey {
        /// The key that is missing.
        needed: KeyId,
        /// Those that are there.
        own: String,
        /// Where those are from.
        place: String,
    },
    /// A rotation without a key to go to.
    #[error(
        "{0} has only the key {1}, which seals already: put a new one before it, with a comma between, on every node \
         (`openssl rand -hex 32` makes one), restart them, and rotate then"
    )]
    NoOtherKey(&'static str, KeyId),
    /// A secret that is none.
    #[error("{0} {1}: make one with `openssl rand -hex 32`")]
    WeakSecret(&'static str, WeakSecret),
    /// The address of Redis.
    #[error("REDIS_URL: {0}")]
    Redis(String),
    /// The client for requests to other servers.
    #[error("requests to other servers: {0}")]
    Outbound(String),
    /// The playground where others could reach it.
    #[error("--playground lets everybody sign in as anybody: listen on 127.0.0.1 with it, not on {0}")]
    Playground(std::net::SocketAddr),
    /// The address.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
}

impl parlor_db::TxError for StartError {
    fn db(&self) -> Option<&parlor_db::Error> {
        match self {
            Self::Database(error) | Self::Chat(Error::Db(error)) => Some(error),
            _ => None,
        }
    }
}

impl StartError {
    pub(crate) fn redis(error: impl std::fmt::Display) -> Self {
        Self::Redis(error.to_string())
    }
}

/// Bytes of a key. One signature is enough to try shorter ones out in peace.
pub(crate) const MIN_SECRET_BYTES: usize = 32;

/// Why something is no secret; what follows "the secret …" in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// It can be tried out.
    #[error("has {0} bytes, not counting blanks around them, where at least {MIN_SECRET_BYTES} are needed")]
    Short(usize),
    /// It can be guessed.
    #[error("is one character over and over")]
    Repeated,
}
