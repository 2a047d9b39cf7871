//! `parlor jobs`: background jobs that were given up.

use clap::Subcommand;
use parlor_chat::RowId;
use parlor_chat::jobs::{self, DeadJob};

use super::failure::Failure;
use super::output::{JsonArg, say, table};
use super::store::{Store, TenantArg};
use crate::config::DataArgs;

#[derive(Subcommand)]
pub(super) enum JobsCommand {
    /// List jobs that were given up, newest first
    List {
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Try a job again; a running server does so within a second
    Retry {
        /// The job's id
        id: RowId,
        #[command(flatten)]
        tenant: TenantArg,
    },
    /// Forget a job
    Discard {
        /// The job's id
        id: RowId,
        #[command(flatten)]
        tenant: TenantArg,
    },
}

pub(super) fn run(data: &DataArgs, command: JobsCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    match command {
        JobsCommand::List { tenant, json } => {
            let tenant = store.tenant(&tenant.tenant)?.id;
            let dead = store.read(move |tx| jobs::dead(tx, tenant))?;
            json.print(&dead, |dead| {
                let rows: Vec<_> = dead.iter().map(row).collect();
                table(&["job", "kind", "tries", "given up", "error"], &rows)
            });
        }
        JobsCommand::Retry { id, tenant } => {
            let tenant = store.tenant(&tenant.tenant)?;
            store.write(tenant.no, move |tx| jobs::retry(tx, tenant.id, id))?;
            say("done");
        }
        JobsCommand::Discard { id, tenant } => {
            let tenant = store.tenant(&tenant.tenant)?;
            store.write(tenant.no, move |tx| jobs::discard(tx, tenant.id, id))?;
            say("done");
        }
    }
    Ok(())
}

fn row(job: &DeadJob) -> Vec<String> {
    let error = job.error.clone().unwrap_or_default();
    vec![job.id.to_string(), job.kind.clone(), job.attempts.to_string(), job.dead_at.rfc3339(), error]
}
