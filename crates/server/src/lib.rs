//! The server: HTTP, transports, configuration and command line around the domain.
//!
//! Owns every socket, file, clock and thread. Rules live in `parlor-chat`; who is online in `parlor-realtime`.

pub mod adapters;
pub mod app;
pub mod auth;
pub mod budgets;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod database;
pub mod error;
pub mod http;
pub mod metrics;
mod net;
pub mod request;
pub mod router;
pub mod serve;
pub mod services;
pub mod transport;
pub mod ttl_cache;
pub mod workers;
