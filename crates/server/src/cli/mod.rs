//! The command line. One file per command; each prints for people, or JSON with `--json`.
#![expect(clippy::print_stdout, reason = "printing is what a command line does")]

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{DataArgs, ServeArgs};

mod serve;

/// Exit codes, as `--help` tells them.
const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused (conflict or rule)";

/// One messaging system for a whole business, in one program
#[derive(Parser)]
#[command(name = "parlor", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP until SIGINT or SIGTERM
    Serve(Box<ServeArgs>),
    /// Print the description of the API (OpenAPI, JSON)
    Openapi,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Runs what the arguments say.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(args) => serve::run(&cli.data, *args),
        Command::Openapi => {
            print!("{}", crate::http::openapi::text());
            Ok(())
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "parlor", &mut std::io::stdout());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("parlor: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// An ordinary failure.
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }
}

impl From<crate::app::StartError> for Failure {
    fn from(error: crate::app::StartError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
