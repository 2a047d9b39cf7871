//! The whole server over its real sockets. The same suite runs on both engines: PARLOR_TEST_ENGINE=sqlite|postgres.

mod support;

mod access;
mod auth;
mod bodies;
mod crash;
mod demo;
mod docs;
mod idempotency;
mod isolation;
mod problems;
mod transports;
