//! `parlor tenant`: tenants and the keys of their host applications.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use parlor_chat::RowId;
use parlor_chat::host_keys::{self, KeyKind};
use parlor_chat::tenants::{self, Tenant};
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{JsonArg, say, table};
use super::store::{Store, block_on, read_text};
use crate::adapters::outbound::{self, Outbound};
use crate::app::secrets;
use crate::auth::keys::{self, Unusable};
use crate::config::{DataArgs, values};
use crate::error::StartError;

#[derive(Subcommand)]
pub(super) enum TenantCommand {
    /// Make a tenant with its roles and its log
    Add {
        /// Short name in tokens and addresses: a-z, 0-9 and -
        slug: String,
        /// Shown name; the slug when absent
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// List the tenants
    List {
        #[command(flatten)]
        json: JsonArg,
    },
    /// Show a tenant and its keys
    Show {
        /// Its slug
        slug: String,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Keys with which the host application signs tokens
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Add a key
    Add {
        /// The tenant's slug
        slug: String,
        #[command(flatten)]
        source: KeySource,
        #[command(flatten)]
        fetching: Fetching,
        /// Key id that tokens name
        #[arg(long)]
        kid: Option<String>,
        /// What tokens signed with it are for
        #[arg(long = "for", value_enum, default_value_t)]
        purpose: Purpose,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Remove a key; tokens signed with it stop serving within half a minute
    Remove {
        /// The tenant's slug
        slug: String,
        /// The key's id, as `tenant show` prints it
        id: RowId,
    },
}

/// What a key's tokens are for.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Purpose {
    /// People of the host application
    #[default]
    Host,
    /// Mercure: publishing and subscribing
    Mercure,
    /// Mercure: publishing
    MercurePublisher,
    /// Mercure: subscribing
    MercureSubscriber,
}

impl Purpose {
    /// As it is stored, for a key of this kind.
    fn of(self, kind: KeyKind) -> Result<host_keys::Purpose, Failure> {
        let purpose = match self {
            Self::Host => return Ok(host_keys::Purpose::Host),
            Self::Mercure => host_keys::Purpose::Mercure,
            Self::MercurePublisher => host_keys::Purpose::MercurePublisher,
            Self::MercureSubscriber => host_keys::Purpose::MercureSubscriber,
        };
        match kind {
            KeyKind::JwksUrl => Err(Failure::usage("a key of Mercure is a secret, a PEM or a JWKS file")),
            KeyKind::Hs256 | KeyKind::Pem | KeyKind::Jwks => Ok(purpose),
        }
    }
}

/// Where the key comes from.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct KeySource {
    /// HS256 secret
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// File with an HS256 secret, - for standard input; a line break at its end does not count
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with a public key in PEM (RSA for RS256, P-256 for ES256, Ed25519 for EdDSA)
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,
    /// File with a JWKS document
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Address of a JWKS document, fetched when needed
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
}

/// From where a key may be fetched.
#[derive(Args)]
pub(super) struct Fetching {
    /// Fetch the document from a private network too, and over http; the server needs the same to fetch it again
    #[arg(long, env = "PARLOR_PRIVATE_FETCHES", value_parser = values::switch)]
    private_fetches: bool,
}

impl KeySource {
    /// The kind of key, and the key.
    fn load(self, private: bool) -> Result<(KeyKind, String), Failure> {
        let found = match self {
            Self { secret: Some(secret), .. } => (KeyKind::Hs256, secret),
            Self { secret_file: Some(path), .. } => {
                (KeyKind::Hs256, read_text(&path)?.trim_end_matches('\n').to_owned())
            }
            Self { pem: Some(path), .. } => (KeyKind::Pem, read_text(&path)?),
            Self { jwks: Some(path), .. } => (KeyKind::Jwks, read_text(&path)?),
            Self { jwks_url: Some(url), .. } => (KeyKind::JwksUrl, url),
            _ => return Err(Failure::usage("name a key")),
        };
        if found.0 == KeyKind::Hs256 {
            let weak = |weak| Failure::refused(StartError::WeakSecret("the secret", weak).to_string());
            secrets::judge(found.1.as_bytes()).map_err(weak)?;
        }
        let serves = match found.0 {
            KeyKind::JwksUrl => match block_on(keys::fetch(&Outbound::new(private)?, &found.1))? {
                Err(Unusable::Insecure) => {
                    return Err(Failure::usage("use an address that begins with https://"));
                }
                Err(Unusable::Private) => {
                    let private = outbound::PRIVATE;
                    return Err(Failure::refused(format!("{private} (here also --private-fetches)")));
                }
                fetched => fetched.is_ok(),
            },
            kind => keys::parse(kind, None, &found.1).is_some(),
        };
        if serves {
            Ok(found)
        } else {
            Err(Failure::refused("this is no key that can check RS256, ES256, EdDSA or HS256"))
        }
    }
}

pub(super) fn run(data: &DataArgs, command: TenantCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    match command {
        TenantCommand::Add { slug, name, json } => {
            let made =
                store.write(0, move |tx| tenants::create(tx, &slug, name.as_deref().unwrap_or(&slug)))?;
            json.print(&made, |tenant| format!("made the tenant {}", tenant.slug));
        }
        TenantCommand::List { json } => {
            let all = store.read(tenants::list)?;
            json.print(&all, |all| {
                let rows: Vec<_> =
                    all.iter().map(|t| vec![t.slug.clone(), t.name.clone(), t.id.to_string()]).collect();
                table(&["slug", "name", "id"], &rows)
            });
        }
        TenantCommand::Show { slug, json } => show(&store, &slug, json)?,
        TenantCommand::Key(command) => key(&store, command)?,
    }
    Ok(())
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    tenant: Tenant,
    /// Without their secrets.
    keys: Vec<Value>,
}

fn show(store: &Store, slug: &str, json: JsonArg) -> Result<(), Failure> {
    let tenant = store.tenant(slug)?;
    let id = tenant.id;
    let keys = store.read(move |tx| host_keys::all(tx, id))?;
    let keys = keys.into_iter();
    let keys =
        keys.map(|key| json!({"id": key.id, "kind": host_keys::label(key.purpose, key.kind), "kid": key.kid, "created_at": key.created_at}));
    json.print(&Shown { tenant, keys: keys.collect() }, |shown| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let row = |key: &Value| {
            vec![text(&key["id"]), text(&key["kind"]), text(&key["kid"]), text(&key["created_at"])]
        };
        let rows: Vec<_> = shown.keys.iter().map(row).collect();
        let head = format!("{} ({}), id {}", shown.tenant.slug, shown.tenant.name, shown.tenant.id);
        format!("{head}\n{}", table(&["key", "kind", "kid", "since"], &rows))
    });
    Ok(())
}

fn key(store: &Store, command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { slug, source, fetching, kid, purpose, json } => {
            let tenant = store.tenant(&slug)?;
            let (kind, secret) = source.load(fetching.private_fetches)?;
            let purpose = purpose.of(kind)?;
            let made = store.write(tenant.no, move |tx| {
                host_keys::add(tx, tenant.id, purpose, kind, kid.as_deref(), &secret)
            })?;
            let kind = host_keys::label(purpose, kind);
            json.print(&json!({"id": made, "kind": kind}), |_| format!("added the key {made} ({kind})"));
        }
        KeyCommand::Remove { slug, id } => {
            let tenant = store.tenant(&slug)?;
            store.write(tenant.no, move |tx| host_keys::delete(tx, tenant.id, id))?;
            say(&format!("removed the key {id}"));
        }
    }
    Ok(())
}
