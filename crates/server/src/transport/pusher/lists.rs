//! Owns: the names of the presence lists that hold who is on which channel and who is signed in.

/// The registry's lists of channels begin so; a member of a plain channel is "".
pub(crate) const LIST: &str = "channel:";

/// The registry's list of signed-in users.
pub(crate) const SIGNED_IN: &str = "signed-in";

/// The list of a channel.
pub(crate) fn list(channel: &str) -> String {
    format!("{LIST}{channel}")
}
