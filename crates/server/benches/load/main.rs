//! What `make bench` runs: the budgets of docs and design, each beside a limit measured in the same run.
//!
//! `cargo bench -p parlor --bench load -- [sends] [fanout] [reconnect] [nodes] [idle] [files] [pages] [--protocol NAME] [--scale N] [--seconds N] [--json FILE]`
//!
//! The server is the release binary in a process of its own; so is every raw limit that speaks to sockets. The load
//! generator is one thread and shares the machine with them. Machines differ and are noisy: look at the ratios.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod client;
mod corpus;
mod fanout;
mod files;
mod idle;
mod inside;
mod limits;
mod pages;
mod people;
mod reconnect;
mod report;
mod sends;
mod server;
mod socket;
mod speech;

use std::future::Future;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use report::Report;

/// Set for the process that has its file limit raised.
const RAISED: &str = "PARLOR_BENCH_RAISED";

/// What was asked for.
pub struct Args {
    sections: Vec<String>,
    /// How many times the corpus is imported for `pages`; a tenth of it is measured as well.
    pub scale: u32,
    /// Only this one of the protocols.
    protocol: Option<String>,
    /// Length of one measured round.
    pub seconds: u64,
    json: Option<PathBuf>,
}

const SECTIONS: [&str; 7] = ["sends", "fanout", "reconnect", "nodes", "idle", "files", "pages"];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word.starts_with("--limit-")) {
        limits::serve(&words);
        return ExitCode::SUCCESS;
    }
    if std::env::var_os(RAISED).is_none() {
        return raised(&words);
    }
    let args = match parse(&words) {
        Ok(args) => args,
        Err(wrong) => {
            eprintln!("{wrong}\nload [{}] [--scale N] [--seconds N] [--json FILE]", SECTIONS.join("] ["));
            return ExitCode::from(2);
        }
    };
    let mut report = Report::start();
    for section in &args.sections {
        match section.as_str() {
            "sends" => sends::run(&args, &mut report),
            "fanout" => fanout::run(&args, &mut report),
            "reconnect" => reconnect::run(&mut report),
            "nodes" => fanout::nodes(&args, &mut report),
            "idle" => idle::run(&args, &mut report),
            "files" => files::run(&mut report),
            _ => pages::run(&args, &mut report),
        }
    }
    report.end(args.json.as_deref());
    ExitCode::SUCCESS
}

/// Thousands of sockets need a higher limit of open files, which only a shell can set without unsafe code. The shell
/// becomes this program again.
fn raised(words: &[String]) -> ExitCode {
    let me = std::env::current_exe().unwrap();
    let script = "ulimit -n 65536 2>/dev/null || ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\"";
    let error = Command::new("sh").arg("-c").arg(script).arg(me).args(words).env(RAISED, "1").exec();
    eprintln!("no shell: {error}");
    ExitCode::FAILURE
}

fn parse(words: &[String]) -> Result<Args, String> {
    let mut args = Args { sections: Vec::new(), scale: 10, protocol: None, seconds: 5, json: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--scale" => args.scale = number(value()?)?.clamp(1, 1000) as u32,
            "--seconds" => args.seconds = number(value()?)?.clamp(1, 600),
            "--protocol" => args.protocol = Some(value()?.clone()),
            "--json" => args.json = Some(PathBuf::from(value()?)),
            section if SECTIONS.contains(&section) => args.sections.push(section.to_owned()),
            other => return Err(format!("unknown: {other}")),
        }
    }
    if args.sections.is_empty() {
        args.sections = SECTIONS.map(str::to_owned).to_vec();
    }
    Ok(args)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

impl Args {
    /// The protocols to be measured.
    pub fn protocols(&self) -> impl Iterator<Item = &'static str> {
        speech::PROTOCOLS.into_iter().filter(|name| self.protocol.as_deref().is_none_or(|only| only == *name))
    }
}

/// Runs the load of a section on one thread.
pub fn block_on<T>(load: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, load)
}
