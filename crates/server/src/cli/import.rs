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

use super::failure::Failure;
use super::output::JsonArg;
use super::store::{Store, TenantArg};
use crate::config::DataArgs;

/// Messages of one transaction: long enough that the flush at its end costs little, short enough that a server on the
/// same database hardly notices.
const BATCH: usize = 1_000;

/// Longest line. A file without line ends must not fill the memory.
const LONGEST: u64 = 4 << 20;

/// So many bad lines are told one by one.
const TOLD: u64 = 20;

#[derive(Subcommand)]
pub(super) enum ImportCommand {
    /// Load messages from a file of JSON Lines (.jsonl or .jsonl.gz); repeating it adds nothing twice
    Chat {
        /// The file, or - for standard input
        file: PathBuf,
        /// Pass over lines that cannot be read, instead of ending at the first
        #[arg(long)]
        skip_bad: bool,
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
    let ImportCommand::Chat { file, skip_bad, tenant, json } = command;
    let store = Store::open(data)?;
    let tenant = store.tenant(&tenant.tenant)?;
    let bar = bar(&file)?;
    let begun = Instant::now();
    let source = Source { lines: lines(&file, &bar)?, file, number: 0, skip_bad };
    let totals = load(&store, &tenant, source, &bar)?;
    let seconds = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    tell(json, &totals, seconds);
    Ok(())
}

fn tell(json: JsonArg, totals: &Totals, seconds: f64) {
    let Totals { outcome: Outcome { written, known }, skipped, refused } = *totals;
    let rate = (written as f64 / seconds.max(0.001)).round();
    let report = json!({
        "written": written, "known": known, "skipped": skipped, "refused": refused,
        "seconds": (seconds * 1000.0).round() / 1000.0, "messages_per_second": rate,
    });
    json.print(&report, |_| {
        let done = match (written, known) {
            (0, 0) => "No messages in the file".to_owned(),
            (0, _) => format!("Nothing new: all {known} messages were there before"),
            _ => format!("{written} messages imported in {seconds:.1} s ({rate} messages/s)"),
        };
        let mut also = Vec::new();
        if written > 0 && known > 0 {
            also.push(format!("{known} were there before"));
        }
        if skipped > 0 {
            also.push(format!("{skipped} lines carry no message"));
        }
        if refused > 0 {
            also.push(format!("{refused} lines could not be read"));
        }
        [done].into_iter().chain(also).collect::<Vec<_>>().join("; ")
    });
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
    if file.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a folder: name a file in it, or - for standard input",
            file.display()
        )));
    }
    let raw: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(File::open(file).map_err(refused)?),
    };
    let mut counted = BufReader::with_capacity(1 << 16, bar.wrap_read(raw));
    let compressed = counted.fill_buf().map_err(refused)?.starts_with(&[0x1f, 0x8b]);
    let mut lines: Box<dyn BufRead> = match compressed {
        true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(counted))),
        false => Box::new(counted),
    };
    let is_wide = |begin: &[u8]| matches!(begin, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [_, 0, ..] | [0, ..]);
    if is_wide(lines.fill_buf().map_err(refused)?) {
        let text = "is UTF-16 or no text: save it as UTF-8 (in PowerShell: Set-Content -Encoding utf8)";
        return Err(Failure::refused(format!("{}: {text}", file.display())));
    }
    Ok(lines)
}

/// What Windows programs write before a text in UTF-8; in files that were put together also before later lines.
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// The file while it is read.
struct Source {
    lines: Box<dyn BufRead>,
    file: PathBuf,
    /// Of the line read last; the first is 1.
    number: u64,
    skip_bad: bool,
}

impl Source {
    /// The next line, into `line`; false at the end of the file. The inner error is what is wrong with the line.
    fn next(&mut self, line: &mut Vec<u8>) -> Result<Result<bool, String>, Failure> {
        line.clear();
        self.number += 1;
        let unreadable =
            |error: std::io::Error| Failure::new(format!("{}:{}: {error}", self.file.display(), self.number));
        let read = (&mut self.lines).take(LONGEST).read_until(b'\n', line).map_err(unreadable)?;
        if read as u64 == LONGEST && line.last() != Some(&b'\n') {
            self.lines.skip_until(b'\n').map_err(unreadable)?;
            return Ok(Err(format!("longer than {LONGEST} bytes")));
        }
        if line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Ok(read > 0))
    }

    /// Tells where a bad line is; ends the import unless bad lines are passed over.
    fn refuse(&self, why: &str, refused: u64, bar: &ProgressBar) -> Result<(), Failure> {
        let text = format!("{}:{}: {why}", self.file.display(), self.number);
        if !self.skip_bad {
            return Err(Failure::refused(format!(
                "{text}\nWhat comes before this line is imported. Mend the line and repeat the command, or pass --skip-bad"
            )));
        }
        match refused {
            ..=TOLD => bar.suspend(|| eprintln!("{text}")),
            _ if refused == TOLD + 1 => bar.suspend(|| eprintln!("further bad lines are only counted")),
            _ => {}
        }
        Ok(())
    }
}

/// Reads and prepares on this thread while another one writes the batch before.
fn load(store: &Store, tenant: &Tenant, source: Source, bar: &ProgressBar) -> Result<Totals, Failure> {
    let (to_write, batches) = sync_channel::<Vec<Prepared>>(2);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write_all(store, tenant, &batches, bar));
        let read = read_all(source, bar, &to_write);
        drop(to_write);
        let written = writer.join().unwrap_or_else(|_| Err(Failure::new("the writing thread ended")));
        // When writing failed, reading only says that nobody listens.
        let outcome = written?;
        read.map(|totals| Totals { outcome, ..totals })
    })
}

fn read_all(
    mut source: Source,
    bar: &ProgressBar,
    to_write: &SyncSender<Vec<Prepared>>,
) -> Result<Totals, Failure> {
    let (mut totals, mut line) = (Totals::default(), Vec::new());
    let mut batch = Vec::with_capacity(BATCH);
    let gone = |_| Failure::new("nobody writes");
    loop {
        let prepared = match source.next(&mut line)? {
            Ok(false) => break,
            Ok(true) if line.trim_ascii().is_empty() => continue,
            Ok(true) => parse(&line),
            Err(why) => Err(why),
        };
        match prepared {
            Ok(Some(prepared)) => batch.push(prepared),
            Ok(None) => totals.skipped += 1,
            Err(why) => {
                totals.refused += 1;
                if let Err(end) = source.refuse(&why, totals.refused, bar) {
                    to_write.send(batch).map_err(gone)?;
                    return Err(end);
                }
            }
        }
        if batch.len() == BATCH {
            to_write.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).map_err(gone)?;
        }
    }
    to_write.send(batch).map_err(gone)?;
    Ok(totals)
}

fn parse(line: &[u8]) -> Result<Option<Prepared>, String> {
    let parsed: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    import::prepare(parsed)
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
        let done = total.written + total.known;
        let rate = done as f64 / begun.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("{done} messages, {rate:.0}/s"));
    }
    Ok(total)
}

/// The state learns only what has committed: a repeated run of the closure starts from the same.
fn write(
    store: &Store,
    tenant: &Tenant,
    state: &Arc<Mutex<State>>,
    batch: Vec<Prepared>,
) -> Result<Outcome, Failure> {
    let (owner, known) = (tenant.clone(), state.clone());
    let (outcome, met) = store.write(tenant.no, move |tx| {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        import::batch(tx, &owner, &known, &batch)
    })?;
    state.lock().unwrap_or_else(PoisonError::into_inner).take(met);
    Ok(outcome)
}
