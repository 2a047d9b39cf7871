//! HTTP: one file per noun, each handler a few lines over an operation of the domain or a service.
//!
//! `api/` is everybody's, `admin/` the administrators', `contracts/` what host applications know from before.
#![expect(unused_qualifications, reason = "utoipa::path repeats the types of queries with their paths")]

pub(crate) mod admin;
pub(crate) mod api;
pub mod assets;
pub mod contracts;
pub(crate) mod health;
pub mod openapi;
pub(crate) mod playground;
mod schemas;
