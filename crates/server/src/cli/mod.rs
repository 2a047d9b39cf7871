//! The command line. One file per command; each prints for people, or JSON with `--json`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::failure::Failure;
use crate::config::{DataArgs, ServeArgs};

mod demo;
mod doctor;
mod failure;
mod import;
mod jobs;
mod migrate;
mod output;
mod purge;
mod pusher_app;
mod secrets;
mod serve;
mod settings;
mod store;
mod tenant;
mod token;
mod user;

/// Exit codes, as `--help` tells them.
const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused (a rule or a conflict)";

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
    /// Bring the schema of the database up to date
    Migrate(output::JsonArg),
    /// Tenants and the keys of their host applications
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// The application of the Pusher protocol
    #[command(subcommand)]
    App(pusher_app::AppCommand),
    /// Local accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Sign a token as the host application would, for tests
    Token(Box<token::TokenArgs>),
    /// Background jobs that were given up
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// The key that seals secrets in the database
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Settings of a tenant
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Add what a newer version brings
    #[command(subcommand)]
    Sync(settings::SyncCommand),
    /// The CRM contract's name of `sync rights`
    #[command(name = "app:sync:rights", hide = true)]
    CrmRights(output::JsonArg),
    /// The CRM contract's name of `sync settings`
    #[command(name = "app:sync:website-settings", hide = true)]
    CrmSettings(output::JsonArg),
    /// Clear old messages, as the setting retention_days says or by hand
    #[command(alias = "app:internal-messenger:purge-expired-messages")]
    Purge(purge::PurgeArgs),
    /// Load histories of other systems
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Fill a fresh database with a small company to try Parlor out
    Demo(demo::DemoArgs),
    /// Find the usual causes of trouble
    Doctor(doctor::DoctorArgs),
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
    let Cli { data, command } = Cli::parse();
    match dispatch(&data, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("parlor: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(data: &DataArgs, command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(data, *args),
        Command::Migrate(json) => migrate::run(data, json),
        Command::Tenant(command) => tenant::run(data, command),
        Command::App(command) => pusher_app::run(data, command),
        Command::User(command) => user::run(data, command),
        Command::Token(args) => token::run(data, *args),
        Command::Jobs(command) => jobs::run(data, command),
        Command::Secrets(command) => secrets::run(data, command),
        Command::Settings(command) => settings::run(data, command),
        Command::Sync(command) => settings::sync(data, command),
        Command::CrmRights(json) => settings::sync(data, settings::SyncCommand::Rights { json }),
        Command::CrmSettings(json) => settings::sync(data, settings::SyncCommand::Settings { json }),
        Command::Purge(args) => purge::run(data, &args),
        Command::Import(command) => import::run(data, command),
        Command::Demo(args) => demo::run(data, &args),
        Command::Doctor(args) => doctor::run(data, &args),
        Command::Openapi => {
            output::say(&crate::http::openapi::text(&crate::router::document()));
            Ok(())
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "parlor", &mut script);
            output::say(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}
