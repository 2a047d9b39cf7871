//! The server: HTTP, transports, configuration and command line around the domain.
//!
//! Owns every socket, file, clock and thread. Rules live in `parlor-chat`; who is online in `parlor-realtime`.

mod accept;
pub mod accounts;
pub mod app;
mod arriving;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod files;
pub mod http;
mod impatient;
pub mod metrics;
mod outbound;
mod pictures;
pub mod serve;
pub mod transport;
pub mod uploads;
