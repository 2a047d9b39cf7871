//! `parlor app`: the application of the Pusher protocol, one a tenant.

use clap::{ArgAction, Args, Subcommand};
use parlor_chat::pusher_apps::{self, App, Compat, Options};
use serde_json::{Map, Value, json};

use crate::app::start::made_by_another;
use crate::cli::Failure;
use crate::cli::output::JsonArg;
use crate::cli::store::{Store, TenantArg};
use crate::config::DataArgs;

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Show the application with its secret; made when there is none yet
    Show {
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Change the application; what is not given stays. A running server follows within seconds
    Set(Box<SetArgs>),
}

#[derive(Args)]
pub(super) struct SetArgs {
    /// Id in the addresses of the HTTP API
    #[arg(long)]
    id: Option<String>,
    /// Key in the address of connections
    #[arg(long)]
    key: Option<String>,
    /// Secret that signs
    #[arg(long)]
    secret: Option<String>,
    /// Whether it serves at all
    #[arg(long, action = ArgAction::Set, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Whether clients may send events to each other
    #[arg(long, action = ArgAction::Set, value_name = "BOOL")]
    client_events: Option<bool>,
    /// Whether subscribers are told how many they are
    #[arg(long, action = ArgAction::Set, value_name = "BOOL")]
    subscription_counts: Option<bool>,
    /// Seconds in which a connection must sign in or join a private channel; 0 is for ever
    #[arg(long, value_name = "SECONDS")]
    authorize_within: Option<u32>,
    /// Connections at a time; 0 is without limit
    #[arg(long, value_name = "N")]
    max_connections: Option<u32>,
    /// Whose habits hold where servers of the protocol differ
    #[arg(long, value_name = "SERVER", value_parser = ["pusher", "soketi"])]
    compat: Option<String>,
    /// Options as JSON, such as webhooks, before the other arguments change them
    #[arg(long, value_name = "JSON")]
    options: Option<String>,
    #[command(flatten)]
    tenant: TenantArg,
    #[command(flatten)]
    json: JsonArg,
}

pub(super) fn run(data: &DataArgs, command: AppCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    match command {
        AppCommand::Show { tenant, json } => {
            let tenant = store.tenant(&tenant.tenant)?;
            let ensure = || store.write(tenant.no, move |tx| pusher_apps::ensure(tx, tenant.id, tenant.no));
            // A server that starts at the same moment may just have made it.
            let app =
                ensure().or_else(|error| if made_by_another(&error) { ensure() } else { Err(error) })?;
            print(&json, &app);
        }
        AppCommand::Set(args) => set(&store, *args)?,
    }
    Ok(())
}

fn set(store: &Store, args: SetArgs) -> Result<(), Failure> {
    let tenant = store.tenant(&args.tenant.tenant)?;
    let known = store.write(tenant.no, move |tx| pusher_apps::ensure(tx, tenant.id, tenant.no))?;
    let mut options = match &args.options {
        Some(text) => merged(&known.options, text)?,
        None => known.options,
    };
    options.enabled = args.enabled.unwrap_or(options.enabled);
    options.client_events = args.client_events.unwrap_or(options.client_events);
    options.subscription_counts = args.subscription_counts.unwrap_or(options.subscription_counts);
    options.authorize_within = args.authorize_within.unwrap_or(options.authorize_within);
    options.max_connections = args.max_connections.unwrap_or(options.max_connections);
    options.compat = match args.compat.as_deref() {
        Some("soketi") => Compat::Soketi,
        Some(_) => Compat::Pusher,
        None => options.compat,
    };
    let change =
        pusher_apps::Change { id: args.id, key: args.key, secret: args.secret, options: Some(options) };
    let app = store.write(tenant.no, move |tx| pusher_apps::set(tx, tenant.id, tenant.no, &change))?;
    print(&args.json, &app);
    Ok(())
}

/// The options with those that a JSON object names.
fn merged(known: &Options, text: &str) -> Result<Options, Failure> {
    let wrong = |error: serde_json::Error| Failure::usage(format!("--options: {error}"));
    let given: Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
    let mut all = serde_json::to_value(known).map_err(wrong)?;
    if let Some(all) = all.as_object_mut() {
        all.extend(given);
    }
    serde_json::from_value(all).map_err(wrong)
}

fn print(json: &JsonArg, app: &App) {
    let shown: Value = json!({"id": app.id, "key": app.key, "secret": app.secret, "options": app.options});
    json.print(&shown, |_| {
        let options = serde_json::to_string_pretty(&app.options).unwrap_or_default();
        format!("id      {}\nkey     {}\nsecret  {}\noptions {options}", app.id, app.key, app.secret)
    });
}
