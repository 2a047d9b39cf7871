//! What tests need of a database; behind the feature `testing`, never in the product.
//!
//! Owns private PostgreSQL instances ([`TempPostgres`]), fresh databases of either engine ([`TestDb`]), query plans and
//! schema comparison. Knows no table of the product.

mod fresh;
mod plans;
mod schema;
mod temp_postgres;

pub use fresh::{TempDir, TestDb};
pub use plans::{explain, fails_to_prepare, full_scans, walked, without_tenant};
pub use schema::schema;
pub use temp_postgres::TempPostgres;
