//! `parlor secrets`: the key that seals secrets in the database.

use clap::Subcommand;
use serde_json::json;

use super::failure::Failure;
use super::output::JsonArg;
use super::store::{Store, one_connection};
use crate::app::start::open_database;
use crate::config::DataArgs;
use crate::services::rotation;
use crate::services::sealing::names;

#[derive(Subcommand)]
pub(super) enum SecretsCommand {
    /// Show which key seals, and where it is kept; never the key itself
    Status(JsonArg),
    /// Seal every secret with another key; servers may run, and a rotation that was cut off goes on
    Rotate(JsonArg),
}

pub(super) fn run(data: &DataArgs, command: SecretsCommand) -> Result<(), Failure> {
    match command {
        SecretsCommand::Status(json) => status(data, json),
        SecretsCommand::Rotate(json) => {
            let rotated = rotation::rotate(Store::bare(data)?.database())?;
            json.print(&rotated, |rotated| {
                let done = match rotated.changed {
                    true => format!("{} secrets sealed anew, with the key {}", rotated.secrets, rotated.key),
                    false => format!(
                        "an earlier rotation to the key {} is ended; run it again for another key",
                        rotated.key
                    ),
                };
                match rotated.to_drop.as_slice() {
                    [] => done,
                    others => format!(
                        "{done}; take {} out of {} on every node, unless something else needs it",
                        others.join(", "),
                        rotated.place
                    ),
                }
            });
            Ok(())
        }
    }
}

fn status(data: &DataArgs, json: JsonArg) -> Result<(), Failure> {
    let status = rotation::status(data, open_database(data, one_connection())?)?;
    let text = |id: &parlor_chat::sealing::KeyId| id.to_string();
    let shown = json!({
        "key": status.current.as_ref().map(text),
        "previous": status.previous.as_ref().map(text),
        "sealed": status.sealed,
        "source": status.source.to_string(),
        "keys": status.own.iter().map(text).collect::<Vec<_>>(),
    });
    json.print(&shown, |_| {
        let current = status.current.as_ref().map_or_else(|| "none yet".to_owned(), text);
        let head = format!("key {current}, kept in {} ({})", status.source, names(&status.own));
        match &status.previous {
            None => head,
            Some(old) => {
                format!("{head}\nthe rotation from {old} has not ended: run `parlor secrets rotate` again")
            }
        }
    });
    Ok(())
}
