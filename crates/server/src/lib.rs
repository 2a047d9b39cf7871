//! The server: HTTP, transports, configuration and command line around the domain.
//!
//! Owns every socket, file, clock and thread. Rules live in `parlor-chat`; who is online in `parlor-realtime`.

pub mod auth;
pub mod clock;
