//! `parlor purge`: clears old messages by hand or from cron. The server does the same by itself every day.

use clap::{Args, ValueEnum};
use parlor_chat::Time;
use parlor_chat::purges::{self, Mode, Purge, Walk};
use parlor_chat::settings;
use parlor_chat::tenants::{self, Tenant, system_actor};
use serde::Serialize;

use super::failure::Failure;
use super::output::{JsonArg, table};
use super::store::{Store, block_on};
use crate::adapters::blobs::Blobs;
use crate::adapters::outbound::Outbound;
use crate::config::{DataArgs, FilesArgs};
use crate::error::StartError;
use crate::services::purging;

#[derive(Args)]
pub(super) struct PurgeArgs {
    /// Slug of the tenant; all tenants when absent
    #[arg(long, env = "PARLOR_TENANT", value_name = "SLUG")]
    tenant: Option<String>,
    /// Messages older than this: a date, a time as in RFC 3339, or seconds since 1970; by the setting `retention_days` when absent
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<Time>,
    /// What to do with them
    #[arg(long, value_enum, default_value_t = How::Permanent)]
    mode: How,
    /// Only count
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    json: JsonArg,
}

fn time(text: &str) -> Result<Time, String> {
    purges::cutoff(text).map_err(|error| error.to_string())
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// As if their authors had deleted them
    Logical,
    /// For good
    Permanent,
}

/// What was done in one tenant.
#[derive(Serialize)]
struct Done {
    tenant: String,
    before: Option<String>,
    messages: i64,
    dry_run: bool,
}

pub(super) fn run(data: &DataArgs, args: &PurgeArgs) -> Result<(), Failure> {
    let store = Store::open(data)?;
    let mode = match args.mode {
        How::Logical => Mode::Logical,
        How::Permanent => Mode::Permanent,
    };
    let asked = args.tenant.as_deref().filter(|slug| !slug.is_empty());
    let tenants: Vec<Tenant> = match asked {
        Some(slug) => vec![store.tenant(slug)?],
        None => store.read(tenants::list)?,
    };
    let mut done = Vec::new();
    for tenant in tenants {
        done.push(one(&store, tenant, args, mode)?);
    }
    if !args.dry_run {
        remove_files(data, &store, &args.files)?;
    }
    args.json.print(&done, |done| {
        let row = |one: &Done| {
            let before = one.before.clone().unwrap_or_else(|| "kept for ever".to_owned());
            vec![one.tenant.clone(), before, one.messages.to_string()]
        };
        let counted = if args.dry_run { "would be cleared" } else { "cleared" };
        table(&["tenant", "older than", counted], &done.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

/// The bytes go with their messages, whether a server runs or not. Where this machine is not told where files are, the
/// server removes them.
fn remove_files(data: &DataArgs, store: &Store, files: &FilesArgs) -> Result<(), Failure> {
    let blobs = match Blobs::of(data, files, &Outbound::new(false)?) {
        Err(StartError::NoFiles) => return Ok(()),
        blobs => blobs?,
    };
    block_on(purging::remove_abandoned(store.database(), &blobs))?.map_err(|error| {
        Failure::new(format!(
            "the messages are cleared; their files are not removed yet: {error}. The server will try again"
        ))
    })
}

fn one(store: &Store, tenant: Tenant, args: &PurgeArgs, mode: Mode) -> Result<Done, Failure> {
    let id = tenant.id;
    let before = match args.before {
        Some(before) => Some(before),
        None => match store.read(move |tx| settings::load(tx, id))?.retention_days {
            days if days > 0 => Some(store.now().plus_seconds(-days * 86_400)),
            _ => None,
        },
    };
    let mut done = Done {
        tenant: tenant.slug.clone(),
        before: before.map(Time::rfc3339),
        messages: 0,
        dry_run: args.dry_run,
    };
    let Some(before) = before else { return Ok(done) };
    let system = system_actor(&tenant);
    let counter = system.clone();
    done.messages = store.read(move |tx| purges::count(tx, &counter, before, mode))?;
    if args.dry_run || done.messages == 0 {
        return Ok(done);
    }
    let begins = system.clone();
    let purge: Purge = store.write(tenant.no, move |tx| purges::begin(tx, &begins, before, mode))?;
    let mut walk = Some(Walk::START);
    while let Some(from) = walk {
        let (actor, this) = (system.clone(), purge.clone());
        walk = store.write(tenant.no, move |tx| purges::step(tx, &actor, &this, from))?;
    }
    done.messages = store.read(move |tx| purges::get(tx, &system, purge.id))?.rows_deleted;
    Ok(done)
}
