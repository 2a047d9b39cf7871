//! Why a session ends. Must not know: how a protocol says it.

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Too slow, or its rights changed: come back with the cursor.
    Resync,
    /// The token ended or the account was closed.
    Unauthorized,
    /// The server stops: come back after a random moment.
    Restart,
}
