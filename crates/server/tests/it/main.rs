//! The whole server over its real sockets. The same suite runs on both engines: PARLOR_TEST_ENGINE=sqlite|postgres.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod socketio;
mod support;

mod access;
mod administration;
mod audited;
mod auth;
mod authority;
mod authorization;
mod avatars;
mod bodies;
mod budgets;
mod cli;

mod clocks;
mod connections;
mod contracts;
mod crash;
mod credentials;
mod demo;
mod docs;
mod embedding;
mod faults;
mod files;
mod first_start;
mod idempotency;
mod import;
mod isolation;
mod jobs;
mod matrix;
mod mercure;
mod mercure_own;
mod mercure_relay;
mod outbound;
mod postgres_only;
mod presence;
mod problems;
mod purges;
mod pusher;
mod pusher_http;
mod pusher_own;
mod pusher_soketi;
mod quotas;
mod secrets;
mod signing_in;
mod stopping;
mod storage;
mod texts;
mod transports;
mod upgrade;
mod uploads;
mod visible;
mod websockets;
