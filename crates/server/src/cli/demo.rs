//! `parlor demo`: a fresh database with a small company in it.

use clap::Args;
use serde_json::json;

use super::Failure;
use super::output::{JsonArg, table};
use super::store::Store;
use crate::auth::password::hash_now;
use crate::config::DataArgs;
use crate::demo::{self, Filled, Found};
use crate::files::Files;

#[derive(Args)]
pub(super) struct DemoArgs {
    /// Do nothing, without complaint, where there are conversations already
    #[arg(long)]
    if_empty: bool,
    /// Number that the data is made from; the same number at the same time makes the same data
    #[arg(long, default_value_t = demo::SEED, value_name = "N")]
    seed: u64,
    /// Address to print, under which `parlor serve` will be reached
    #[arg(long, env = "PARLOR_PUBLIC_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    #[command(flatten)]
    json: JsonArg,
}

pub(super) fn run(data: &DataArgs, args: &DemoArgs) -> Result<(), Failure> {
    let store = Store::bare(data)?;
    let found = store.read(demo::look)?;
    if found != Found::Nothing && !args.if_empty {
        let what = match found {
            Found::Demo => "the demo is there already",
            _ => "there are conversations already, and the demo needs a fresh database",
        };
        return Err(Failure::new(format!(
            "{what}; nothing was changed. Name another folder with --data, or pass --if-empty to go on"
        )));
    }
    let filled = match found {
        Found::Nothing => Some(fill(data, &store, args.seed)?),
        _ => None,
    };
    tell(args, filled.as_ref(), found != Found::Conversations);
    Ok(())
}

fn fill(data: &DataArgs, store: &Store, seed: u64) -> Result<Filled, Failure> {
    let hash = hash_now(demo::PASSWORD).ok_or_else(|| Failure::new("the password could not be hashed"))?;
    let now = store.now();
    let filled = store.write_raw(move |db, defaults| demo::fill(db, now, seed, defaults, &hash))?;
    let root = std::env::var_os("PARLOR_FILES").map_or_else(|| data.data.join("files"), Into::into);
    let files = Files::new(root);
    for file in &filled.files {
        files.put(file.tenant, file.id, &file.bytes)?;
    }
    Ok(filled)
}

fn tell(args: &DemoArgs, filled: Option<&Filled>, is_demo: bool) {
    let people = if is_demo { demo::sign_ins() } else { Vec::new() };
    let guests = if is_demo { demo::guests() } else { Vec::new() };
    let report = json!({
        "filled": filled, "address": args.url, "sign_in": people, "contacts": guests,
    });
    args.json.print(&report, |_| {
        let head = match (filled, is_demo) {
            (Some(Filled { conversations, messages, .. }), _) => {
                format!("The demo is ready: {conversations} conversations with {messages} messages.")
            }
            (None, true) => "The demo is there already; nothing was changed.".to_owned(),
            (None, false) => return "There are conversations already; nothing was changed.".to_owned(),
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
