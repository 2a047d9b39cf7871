//! Uploaded files: what is known of them, and how many may wait to be sent. Must not know: messages.

pub mod attachments;
pub mod types;
pub mod upload_quota;
pub mod uploads;
