//! `parlor import chat`: histories of other systems, JSON Lines, plain or compressed.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Subcommand;
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parlor_chat::import::{self, Line, Outcome, Prepared, State};
use parlor_chat::tenants::Tenant;
use serde_json::json;

use super::Failure;
use super::output::JsonArg;
use super::store::{Store, TenantArg};
use crate::config::DataArgs;

/// Messages of one transaction.
const BATCH: usize = 2_000;

#[derive(Subcommand)]
pub(super) enum ImportCommand {
    /// Load messages from a file of JSON Lines (.jsonl or .jsonl.gz); repeating it adds nothing twice
    Chat {
        /// The file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
}

/// What became of the file.
#[derive(Clone, Copy, Default)]
struct Totals {
    outcome: Outcome,
    skipped: u64,
    refused: u64,
}

pub(super) fn run(data: &DataArgs, command: ImportCommand) -> Result<(), Failure> {
    let ImportCommand::Chat { file, tenant, json } = command;
    let store = Store::open(data)?;
    let tenant = store.tenant(&tenant.tenant)?;
    let bar = bar(&file)?;
    let begun = Instant::now();
    let totals = load(&store, &tenant, lines(&file, &bar)?, &bar)?;
    let seconds = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let rate = (totals.outcome.written as f64 / seconds.max(0.001)).round();
    let report = json!({
        "written": totals.outcome.written, "known": totals.outcome.known, "skipped": totals.skipped,
        "refused": totals.refused, "seconds": (seconds * 1000.0).round() / 1000.0, "messages_per_second": rate,
    });
    json.print(&report, |_| {
        format!(
            "{} messages imported in {seconds:.1} s ({rate} messages/s); {} were there before, {} carry no text, {} refused",
            totals.outcome.written, totals.outcome.known, totals.skipped, totals.refused
        )
    });
    Ok(())
}

/// Measured in bytes of the file as it lies on the disk.
fn bar(file: &Path) -> Result<ProgressBar, Failure> {
    let length = std::fs::metadata(file).map(|meta| meta.len()).unwrap_or(0);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  {eta} left");
    bar.set_style(style.map_err(|error| Failure::new(error.to_string()))?);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

fn lines(file: &Path, bar: &ProgressBar) -> Result<Box<dyn BufRead>, Failure> {
    let refused = |error: std::io::Error| Failure::not_found(format!("{}: {error}", file.display()));
    let raw: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(File::open(file).map_err(refused)?),
    };
    let mut counted = BufReader::with_capacity(1 << 16, bar.wrap_read(raw));
    let compressed = counted.fill_buf().map_err(refused)?.starts_with(&[0x1f, 0x8b]);
    Ok(match compressed {
        true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(counted))),
        false => Box::new(counted),
    })
}

/// Reads and prepares on this thread while another one writes the batch before.
fn load(
    store: &Store,
    tenant: &Tenant,
    lines: Box<dyn BufRead>,
    bar: &ProgressBar,
) -> Result<Totals, Failure> {
    let (to_write, batches) = sync_channel::<Vec<Prepared>>(2);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write_all(store, tenant, &batches, bar));
        let read = read_all(lines, bar, &to_write);
        drop(to_write);
        let written = writer.join().unwrap_or_else(|_| Err(Failure::new("the writing thread ended")));
        // When writing failed, reading only says that nobody listens.
        let outcome = written?;
        read.map(|totals| Totals { outcome, ..totals })
    })
}

fn read_all(
    lines: Box<dyn BufRead>,
    bar: &ProgressBar,
    to_write: &SyncSender<Vec<Prepared>>,
) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    let mut batch = Vec::with_capacity(BATCH);
    let gone = |_| Failure::new("nobody writes");
    for (number, line) in lines.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let parsed: Line = serde_json::from_str(&line)
            .map_err(|error| Failure::refused(format!("line {}: {error}", number + 1)))?;
        match import::prepare(parsed) {
            Ok(Some(prepared)) => batch.push(prepared),
            Ok(None) => totals.skipped += 1,
            Err(why) => {
                totals.refused += 1;
                bar.suspend(|| eprintln!("line {}: {why}", number + 1));
            }
        }
        if batch.len() == BATCH {
            to_write.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).map_err(gone)?;
        }
    }
    to_write.send(batch).map_err(gone)?;
    Ok(totals)
}

fn write_all(
    store: &Store,
    tenant: &Tenant,
    batches: &Receiver<Vec<Prepared>>,
    bar: &ProgressBar,
) -> Result<Outcome, Failure> {
    let (begun, state) = (Instant::now(), Arc::new(Mutex::new(State::default())));
    let mut total = Outcome::default();
    for batch in batches.iter().filter(|batch| !batch.is_empty()) {
        let outcome = write(store, tenant, &state, batch)?;
        total.written += outcome.written;
        total.known += outcome.known;
        let rate = total.written as f64 / begun.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("{} messages, {rate:.0}/s", total.written));
    }
    Ok(total)
}

/// The state is replaced only when the batch has committed: a repeated run of the closure starts from the old one.
fn write(
    store: &Store,
    tenant: &Tenant,
    state: &Arc<Mutex<State>>,
    batch: Vec<Prepared>,
) -> Result<Outcome, Failure> {
    let (owner, known) = (tenant.clone(), state.clone());
    let (outcome, next) = store.write(tenant.no, move |tx| {
        let mut next = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outcome = import::batch(tx, &owner, &mut next, &batch)?;
        Ok((outcome, next))
    })?;
    *state.lock().unwrap_or_else(PoisonError::into_inner) = next;
    Ok(outcome)
}
