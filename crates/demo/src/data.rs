//! Owns: reading the demo's data files. Must not know: what stands in them.

use parlor_chat::Error;
use serde::de::DeserializeOwned;

/// Reads a file of `talks/`.
///
/// # Errors
/// When it is not as its type says, with the line.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| Error::Damaged(format!("the demo's data: {error}")))
}
