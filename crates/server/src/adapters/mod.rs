//! What is outside the process: stored files, keys, pictures, other nodes, addresses that people name.
//! Must not know: HTTP requests of ours, or rules.

pub mod blobs;
pub mod clamd;
pub mod cluster;
pub(crate) mod content;
pub(crate) mod key_file;
pub(crate) mod outbound;
pub(crate) mod pictures;
pub(crate) mod private_path;
pub mod secret_keys;
