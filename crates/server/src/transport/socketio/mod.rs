//! Socket.IO 5 over Engine.IO 4, in three layers: an engine (`engine.rs`, `session.rs`) that moves messages over
//! polling and WebSocket, namespaces (`namespaces.rs`) that keep the rules of Socket.IO, and what is behind them.

pub mod engine;
pub mod namespaces;
mod session;
