//! `parlor demo`: a fresh database with a small company in it.

use clap::Args;
use parlor_demo::{self as demo, Filled, Found};
use serde_json::json;

use super::failure::Failure;
use super::output::{JsonArg, table};
use super::store::{Store, block_on};
use crate::adapters::blobs::{Blob, Blobs};
use crate::adapters::outbound::Outbound;
use crate::app::start::lock_folder;
use crate::auth::password::hash_now;
use crate::config::{DataArgs, FilesArgs, values};
use crate::error::StartError;

#[derive(Args)]
pub(super) struct DemoArgs {
    /// Do nothing, without complaint, where the demo is there already
    #[arg(long)]
    if_empty: bool,
    /// Number that the data is made from; the same number at the same time makes the same data
    #[arg(long, default_value_t = demo::SEED, value_name = "N")]
    seed: u64,
    /// Address to print, under which `parlor serve` will be reached
    #[arg(long, env = "PARLOR_PUBLIC_URL", default_value = "http://127.0.0.1:8080", value_name = "URL",
          value_parser = values::public_address)]
    url: String,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    json: JsonArg,
}

pub(super) fn run(data: &DataArgs, args: &DemoArgs) -> Result<(), Failure> {
    let store = Store::bare(data)?;
    let blobs = Blobs::of(data, &args.files, &Outbound::new(false)?)?;
    let filled = match store.read(demo::look)? {
        Found::Demo if args.if_empty => None,
        Found::Demo => {
            return Err(Failure::new(
                "the demo is there already; nothing was changed. Name another folder with --data, or pass --if-empty \
                 to go on",
            ));
        }
        Found::InUse(what) => return Err(in_use(data, &what)),
        Found::Nothing => Some(alone(data, || fill(&blobs, &store, args.seed))?),
    };
    tell(args, filled.as_ref());
    Ok(())
}

/// The demo's people sign in with a password that everybody knows, and one of them may do everything.
fn in_use(data: &DataArgs, what: &str) -> Failure {
    let start = match data.is_embedded() {
        true => format!("start it with `parlor serve --data {}`", data.data.display()),
        false => "start it with `parlor serve`".to_owned(),
    };
    Failure::new(format!(
        "this installation is in use: it has {what}. Everybody could sign in to it with the demo's password, so \
         nothing was changed. To use it, {start}; for the demo, name another folder or database: \
         `parlor demo --data ./demo`, `make run DATA=./demo`"
    ))
}

/// Does it while no server runs on the folder: one that does would go on offering its setup code.
fn alone<T>(data: &DataArgs, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let _held = lock_folder(data).map_err(|error| match error {
        StartError::Locked(folder) => Failure::new(format!(
            "a server runs on {}; nothing was changed. Stop it first, or name another folder with --data",
            folder.display()
        )),
        other => other.into(),
    })?;
    work()
}

fn fill(blobs: &Blobs, store: &Store, seed: u64) -> Result<Filled, Failure> {
    let hash = hash_now(demo::PASSWORD).ok_or_else(|| Failure::new("the password could not be hashed"))?;
    let now = store.now();
    let filled =
        store.write_raw(move |db, defaults, keys| demo::fill(db, now, seed, (defaults, keys), &hash))?;
    block_on(store_files(blobs, &filled))??;
    Ok(filled)
}

async fn store_files(blobs: &Blobs, filled: &Filled) -> Result<(), Failure> {
    for file in &filled.files {
        blobs.put(Blob::sent(file.tenant, file.id), &file.bytes).await?;
    }
    Ok(())
}

fn tell(args: &DemoArgs, filled: Option<&Filled>) {
    let (people, guests) = (demo::sign_ins(), demo::guests());
    let report = json!({
        "filled": filled, "address": args.url, "sign_in": people, "contacts": guests,
    });
    args.json.print(&report, |_| {
        let head = match filled {
            Some(Filled { conversations, messages, .. }) => {
                format!("The demo is ready: {conversations} conversations with {messages} messages.")
            }
            None => "The demo is there already; nothing was changed.".to_owned(),
        };
        let rows: Vec<Vec<String>> = people
            .iter()
            .map(|one| {
                let texts = [one.email.as_str(), one.name, &one.does, one.tenant, one.locale, one.may];
                texts.map(str::to_owned).to_vec()
            })
            .collect();
        let people = table(&["e-mail", "name", "is", "tenant", "", "may"], &rows);
        let subs: Vec<&str> = guests.iter().map(|guest| guest.sub.as_str()).collect();
        format!(
            "{head}\n\nSign in at {} with one of these and the password \"{}\" (a demo password: \
             everybody knows it).\n\n{people}\n\nCustomers come in with a token of the host application \
             (kind \"contact\"): {}",
            args.url,
            demo::PASSWORD,
            subs.join(", ")
        )
    });
}
