//! A tenant and what is set for all of it: settings, roles, the audit log, applications, webhooks, which key seals secrets, how far consumers of the log are. Must not know: its people.

pub mod audit;
pub mod credentials;
pub mod in_use;
pub mod pusher_apps;
pub mod roles;
pub mod secrets;
pub mod settings;
pub mod tails;
pub mod tenants;
pub mod webhooks;
