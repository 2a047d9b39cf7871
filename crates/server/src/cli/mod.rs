//! The command line. One file per command; each prints for people, or JSON with `--json`.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use parlor_chat::settings::{Declared, Settings, Values};

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

/// The commands, with the settings' variables in the help of `serve`.
fn arguments() -> clap::Command {
    let line = |setting: &Declared| format!("  {}\n          {}", setting.environment, setting.text);
    let settings: Vec<String> = Settings::DECLARED.iter().map(line).collect();
    let text = format!(
        "Variables of settings; they hold where a tenant has set nothing else (`parlor settings list`):\n{}",
        settings.join("\n")
    );
    Cli::command().mut_subcommand("serve", |serve| {
        serve.after_help("Settings have variables, too: --help names them").after_long_help(text)
    })
}

/// Runs what the arguments say.
#[must_use]
pub fn run() -> ExitCode {
    let matches = arguments().get_matches();
    let Cli { data, command } = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match dispatch(&data, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("parlor: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

impl Command {
    /// Whether it is about an installation that there is: on a mistyped folder it must not make one.
    fn needs_installation(&self) -> bool {
        use jobs::JobsCommand as Jobs;
        use secrets::SecretsCommand as Secrets;
        use settings::SettingsCommand as Settings;
        match self {
            Self::Tenant(command) => matches!(command, tenant::TenantCommand::List { .. }),
            Self::User(command) => matches!(command, user::UserCommand::List { .. }),
            Self::Jobs(command) => matches!(command, Jobs::List { .. }),
            Self::Secrets(command) => matches!(command, Secrets::Status(_)),
            Self::Settings(command) => matches!(command, Settings::List { .. } | Settings::Get { .. }),
            Self::Purge(_) => true,
            // With the address of a server it looks at that one.
            Self::Doctor(args) => args.url().is_none(),
            _ => false,
        }
    }
}

fn dispatch(data: &DataArgs, command: Command) -> Result<(), Failure> {
    if command.needs_installation() && !data.is_there() {
        return Err(Failure::not_found(format!(
            "there is no database at {}: name the folder of the installation with --data or PARLOR_DATA, or the database \
             with --database or DATABASE_URL",
            data.database_url().trim_start_matches("sqlite:")
        )));
    }
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
            clap_complete::generate(shell, &mut arguments(), "parlor", &mut script);
            output::say(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}
