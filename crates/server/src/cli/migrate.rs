//! `parlor migrate`.

use parlor_chat::MIGRATIONS;
use parlor_db::{Db, Options};
use serde::Serialize;

use super::failure::Failure;
use super::output::JsonArg;
use crate::config::DataArgs;

#[derive(Serialize)]
struct Report {
    applied: Vec<i64>,
    version: i64,
}

/// Brings the schema up to date and tells which versions that took. Safe to repeat.
pub(super) fn run(data: &DataArgs, json: JsonArg) -> Result<(), Failure> {
    if data.is_embedded() {
        crate::app::start::make_folder(data)?;
    }
    let db = Db::open(&data.database_url(), Options::default())?;
    let applied = db.migrate(MIGRATIONS)?;
    let version = MIGRATIONS.last().map_or(0, |migration| migration.version);
    json.print(&Report { applied, version }, |report| match report.applied.as_slice() {
        [] => format!("nothing to do, the schema is at version {}", report.version),
        applied => format!("applied {applied:?}, the schema is at version {}", report.version),
    });
    Ok(())
}
