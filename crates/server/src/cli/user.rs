//! `parlor user`: local accounts.

use clap::{Args, Subcommand};
use parlor_chat::tenants::{Tenant, system_actor};
use parlor_chat::users::{self, User, UserChange, UserFilter};
use parlor_chat::{Error, Tx};
use serde_json::json;

use super::failure::Failure;
use super::output::{JsonArg, say, table};
use super::store::{Store, TenantArg};
use crate::auth::password;
use crate::auth::registration;
use crate::auth::token::new_session_token;
use crate::config::DataArgs;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make a user who signs in with e-mail and password
    Add {
        /// E-mail address
        email: String,
        /// Shown name; what stands before the @ when absent
        #[arg(long)]
        name: Option<String>,
        /// Role by name; may be repeated; the tenant's default role when absent
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Make a super administrator
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        password: PasswordArg,
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
    /// List users
    List {
        /// Part of a name or address
        #[arg(long)]
        search: Option<String>,
        #[command(flatten)]
        tenant: TenantArg,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Set a password; all sessions of the user end
    Password {
        /// E-mail address
        email: String,
        #[command(flatten)]
        password: PasswordArg,
        #[command(flatten)]
        tenant: TenantArg,
    },
    /// Close an account; its sessions and connections end
    Deactivate {
        /// E-mail address
        email: String,
        #[command(flatten)]
        tenant: TenantArg,
    },
    /// Open a closed account again
    Activate {
        /// E-mail address
        email: String,
        #[command(flatten)]
        tenant: TenantArg,
    },
}

/// Where the password comes from. Without any of these one is made and printed.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct PasswordArg {
    /// Take the password from the variable, so that it is in no list of processes
    #[arg(long, env = "PARLOR_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    password: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

/// A password, its hash, and whether we made it up.
struct Chosen {
    hash: String,
    made: Option<String>,
}

impl PasswordArg {
    fn choose(self) -> Result<Chosen, Failure> {
        let (text, made) = match self {
            Self { password: Some(text), .. } => (text, None),
            Self { password_stdin: true, .. } => {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line)?;
                (line.trim_end_matches(['\n', '\r']).to_owned(), None)
            }
            _ => {
                let text: String = new_session_token().chars().take(20).collect();
                (text.clone(), Some(text))
            }
        };
        if let Some((_, why)) = password::refusal(&text) {
            return Err(Failure::refused(why));
        }
        let hash =
            password::hash_now(&text).ok_or_else(|| Failure::new("the password could not be hashed"))?;
        Ok(Chosen { hash, made })
    }
}

pub(super) fn run(data: &DataArgs, command: UserCommand) -> Result<(), Failure> {
    let store = Store::open(data)?;
    match command {
        UserCommand::Add { email, name, roles, admin, password, tenant, json } => {
            let tenant = store.tenant(&tenant.tenant)?;
            let chosen = password.choose()?;
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or(&email).to_owned());
            let new = NewAccount { name, email, roles, admin, hash: chosen.hash };
            let user = store.write(tenant.no, move |tx| add(tx, &tenant, &new))?;
            let answer = json!({"user": user, "password": chosen.made});
            json.print(&answer, |_| {
                let secret =
                    chosen.made.as_ref().map(|text| format!("\npassword: {text}")).unwrap_or_default();
                format!("made {} <{}>{secret}", user.name, user.email.clone().unwrap_or_default())
            });
        }
        UserCommand::List { search, tenant, json } => list(&store, &tenant, search, json)?,
        UserCommand::Password { email, password, tenant } => {
            let tenant = store.tenant(&tenant.tenant)?;
            let Chosen { hash, made } = password.choose()?;
            store.write(tenant.no, move |tx| {
                let user = by_email(tx, &tenant, &email)?;
                users::set_password(tx, &system_actor(&tenant), user, &hash)
            })?;
            say(&made.map_or("done".to_owned(), |text| format!("password: {text}")));
        }
        UserCommand::Deactivate { email, tenant } => set_active(&store, &tenant, email, false)?,
        UserCommand::Activate { email, tenant } => set_active(&store, &tenant, email, true)?,
    }
    Ok(())
}

struct NewAccount {
    name: String,
    email: String,
    roles: Vec<String>,
    admin: bool,
    hash: String,
}

fn add(tx: &mut Tx<'_>, tenant: &Tenant, new: &NewAccount) -> Result<User, Error> {
    if !new.admin {
        return registration::add_user(tx, tenant, &new.name, &new.email, &new.roles, Some(&new.hash));
    }
    let actor = registration::add_administrator(tx, tenant, &new.name, &new.email, &new.hash)?;
    users::get(tx, &actor, actor.id())
}

fn by_email(tx: &mut Tx<'_>, tenant: &Tenant, email: &str) -> Result<parlor_chat::PersonId, Error> {
    users::credentials(tx, tenant.id, email)?.map(|found| found.id).ok_or(Error::NotFound { what: "user" })
}

fn set_active(store: &Store, tenant: &TenantArg, email: String, active: bool) -> Result<(), Failure> {
    let tenant = store.tenant(&tenant.tenant)?;
    let user = store.write(tenant.no, move |tx| {
        let id = by_email(tx, &tenant, &email)?;
        let change = UserChange { active: Some(active), ..UserChange::default() };
        users::update(tx, &system_actor(&tenant), id, &change)
    })?;
    say(&format!("{} is {}", user.name, if active { "active" } else { "closed" }));
    Ok(())
}

fn list(store: &Store, tenant: &TenantArg, search: Option<String>, json: JsonArg) -> Result<(), Failure> {
    let tenant = store.tenant(&tenant.tenant)?;
    let all = store.read(move |tx| {
        let actor = system_actor(&tenant);
        let mut filter = UserFilter { search: search.clone(), limit: Some(200), ..UserFilter::default() };
        let mut all: Vec<User> = Vec::new();
        loop {
            let page = users::list(tx, &actor, &filter)?;
            all.extend(page.items);
            filter.after = page.next;
            if filter.after.is_none() {
                return Ok(all);
            }
        }
    })?;
    json.print(&all, |all| {
        let state = |user: &User| match (user.active, user.super_admin) {
            (false, _) => "closed",
            (_, true) => "administrator",
            _ => "active",
        };
        let row = |user: &User| {
            vec![
                user.name.clone(),
                user.email.clone().unwrap_or_default(),
                state(user).to_owned(),
                user.id.to_string(),
            ]
        };
        table(&["name", "e-mail", "state", "id"], &all.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}
