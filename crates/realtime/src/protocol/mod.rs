//! The wire protocols: pure functions between events and bytes. Must not know sessions, sockets or queues.

pub mod chat;
pub mod engineio;
pub mod mercure;
pub mod native;
pub mod pusher;
pub mod socketio;
pub mod sse;
