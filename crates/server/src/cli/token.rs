//! `parlor token`: signs a token as a host application would.

use clap::Args;
use parlor_chat::host_keys::{self, KeyKind, Purpose};
use parlor_chat::tenants::DEFAULT_SLUG;

use super::failure::Failure;
use super::output::say;
use super::store::{Store, TenantArg};
use crate::app::secrets;
use crate::auth::jwt::{Audience, Claims, LONGEST_SECONDS, Refusal, sign};
use crate::clock::Clock;
use crate::config::DataArgs;
use crate::error::StartError;

#[derive(Args)]
pub(super) struct TokenArgs {
    #[command(flatten)]
    tenant: TenantArg,
    /// The host's own id of the person
    #[arg(long, value_parser = filled)]
    sub: String,
    /// Staff or customer
    #[arg(long, default_value = "user", value_parser = ["user", "contact"])]
    kind: String,
    /// Name to show
    #[arg(long)]
    name: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Names of roles, comma separated
    #[arg(long, value_delimiter = ',')]
    roles: Option<Vec<String>>,
    /// Slugs or names of teams, comma separated
    #[arg(long, value_delimiter = ',')]
    teams: Option<Vec<String>>,
    /// The host's ids of stores, comma separated
    #[arg(long, value_delimiter = ',')]
    stores: Option<Vec<String>>,
    /// How long it serves: seconds, or with a unit s, m, h or d
    #[arg(long, default_value = "1h", value_parser = seconds, allow_hyphen_values = true)]
    ttl: i64,
    /// Whom it is for, where the tenant's setting token_audience asks for that
    #[arg(long)]
    aud: Option<String>,
    /// HS256 secret; for the tenant "default" PARLOR_JWT_SECRET when absent, else the tenant's stored one
    #[arg(long)]
    secret: Option<String>,
}

fn filled(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("give the id that the host application has for the person".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn seconds(text: &str) -> Result<i64, String> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let number: i64 = digits.parse().map_err(|_| "use a number and one of s, m, h, d".to_owned())?;
    let ttl = number.checked_mul(unit).unwrap_or(i64::MAX);
    match ttl {
        ..=0 => Err("a token serves for a second at least".to_owned()),
        ttl if ttl > LONGEST_SECONDS => Err(Refusal::TooLong.text().to_owned()),
        ttl => Ok(ttl),
    }
}

pub(super) fn run(data: &DataArgs, args: TokenArgs) -> Result<(), Failure> {
    let slug = args.tenant.tenant.clone();
    let environment = || std::env::var("PARLOR_JWT_SECRET").ok().filter(|_| slug == DEFAULT_SLUG);
    let given = args.secret.clone().or_else(environment).filter(|secret| !secret.is_empty());
    let (secret, kid) = match given {
        Some(secret) => {
            let name = "the secret of --secret or PARLOR_JWT_SECRET";
            let weak = |weak| Failure::refused(StartError::WeakSecret(name, weak).to_string());
            secrets::judge(secret.as_bytes()).map_err(weak)?;
            (secret, None)
        }
        None => stored_secret(data, &slug)?,
    };
    let now = Clock::System.now().micros() / 1_000_000;
    let claims = Claims {
        tenant: slug,
        sub: args.sub,
        kind: args.kind,
        name: args.name,
        email: args.email,
        roles: args.roles,
        teams: args.teams,
        stores: args.stores,
        exp: (now + args.ttl) as f64,
        nbf: None,
        iat: Some(now as f64),
        aud: args.aud.map(Audience::One),
    };
    let token =
        sign(&claims, secret.as_bytes(), kid).ok_or_else(|| Failure::new("the token could not be signed"))?;
    say(&token);
    Ok(())
}

fn stored_secret(data: &DataArgs, slug: &str) -> Result<(String, Option<String>), Failure> {
    let store = Store::open(data)?;
    let tenant = store.tenant(slug)?;
    let keys = store.read(move |tx| host_keys::all(tx, tenant.id))?;
    let found = keys.into_iter().find(|key| key.purpose == Purpose::Host && key.kind == KeyKind::Hs256);
    found.map(|key| (key.secret, key.kid)).ok_or_else(|| {
        let given = match slug {
            DEFAULT_SLUG => "set PARLOR_JWT_SECRET, the same as for `parlor serve`, or give --secret; or ",
            _ => "",
        };
        Failure::not_found(format!(
            "the tenant {slug} has no HS256 secret: {given}store one with `parlor tenant key add {slug} --secret …`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SECONDS, seconds};

    #[test]
    fn lengths_of_time() {
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("2m"), Ok(120));
        assert_eq!(seconds("1h"), Ok(3600));
        assert_eq!(seconds("7d"), Ok(604_800));
        assert!(seconds("0").is_err() && seconds("-5s").is_err());
        assert_eq!(seconds("366d"), Ok(LONGEST_SECONDS));
        for long in ["367d", "31622401", "9223372036854775807d"] {
            assert!(seconds(long).unwrap_err().contains("366 days"), "{long}");
        }
        assert!(seconds("soon").is_err() && seconds("").is_err() && seconds("ü").is_err());
    }
}
