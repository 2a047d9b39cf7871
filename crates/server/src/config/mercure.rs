//! Owns: the options of the Mercure hub. The names without PARLOR_ are those that other hubs and host applications use.

use clap::Args;

use super::values;

/// How updates are published and subscribed to.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Mercure (docs/protocols/mercure.md)")]
pub struct MercureArgs {
    /// Secret of Mercure publishers and subscribers of the tenant "default"; also signs for the hub at MERCURE_URL
    #[arg(
        id = "mercure_jwt_secret",
        long = "mercure-jwt-secret",
        env = "MERCURE_JWT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub jwt_secret: Option<String>,

    /// Key of Mercure publishers of the tenant "default", where it is another one
    #[arg(
        long = "mercure-publisher-key",
        env = "MERCURE_PUBLISHER_JWT_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub publisher_key: Option<String>,

    /// Its algorithm: HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384 or EdDSA
    #[arg(
        long = "mercure-publisher-alg",
        env = "MERCURE_PUBLISHER_JWT_ALG",
        default_value = "HS256",
        value_name = "ALG"
    )]
    pub publisher_algorithm: String,

    /// Key of Mercure subscribers of the tenant "default", where it is another one
    #[arg(
        long = "mercure-subscriber-key",
        env = "MERCURE_SUBSCRIBER_JWT_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub subscriber_key: Option<String>,

    /// Its algorithm
    #[arg(
        long = "mercure-subscriber-alg",
        env = "MERCURE_SUBSCRIBER_JWT_ALG",
        default_value = "HS256",
        value_name = "ALG"
    )]
    pub subscriber_algorithm: String,

    /// Subscribers without a token get public updates
    #[arg(long = "mercure-anonymous", env = "PARLOR_MERCURE_ANONYMOUS", value_parser = values::switch)]
    pub anonymous: bool,

    /// Name of the cookie with a subscriber's token
    #[arg(
        long = "mercure-cookie",
        env = "PARLOR_MERCURE_COOKIE",
        default_value = "mercureAuthorization",
        value_name = "NAME"
    )]
    pub cookie: String,

    /// Domain of that cookie, where the hub has another host name than the application
    #[arg(long = "mercure-cookie-domain", env = "PARLOR_MERCURE_COOKIE_DOMAIN", value_name = "DOMAIN")]
    pub cookie_domain: Option<String>,

    /// Tell who subscribes to what: subscription events, and the list of subscriptions
    #[arg(long = "mercure-subscriptions", env = "PARLOR_MERCURE_SUBSCRIPTIONS", value_parser = values::switch)]
    pub subscriptions: bool,

    /// Seconds of silence after which subscribers get a comment
    #[arg(long = "mercure-heartbeat", env = "PARLOR_MERCURE_HEARTBEAT", default_value_t = 40, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub heartbeat: u64,

    /// Seconds after which subscribers have to come back, 0 for never; each a little earlier, at random
    #[arg(
        long = "mercure-write-timeout",
        env = "PARLOR_MERCURE_WRITE_TIMEOUT",
        default_value_t = 600,
        value_name = "SECONDS"
    )]
    pub write_timeout: u64,

    /// Origins whose pages may publish with a cookie, comma separated
    #[arg(
        long = "mercure-publish-origins",
        env = "PARLOR_MERCURE_PUBLISH_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN,…",
        value_parser = values::origin
    )]
    pub publish_origins: Vec<String>,

    /// Origins whose pages may subscribe with a cookie, comma separated; beside PARLOR_ORIGINS
    #[arg(
        long = "mercure-cors-origins",
        env = "PARLOR_MERCURE_CORS_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN,…",
        value_parser = values::origin
    )]
    pub cors_origins: Vec<String>,

    /// Another hub, to which Parlor publishes its own updates instead of to its own
    #[arg(long = "mercure-url", env = "MERCURE_URL", value_name = "URL", value_parser = values::address)]
    pub url: Option<String>,

    /// Address of the hub for browsers, where it is not this server
    #[arg(
        id = "mercure_public_url",
        long = "mercure-public-url",
        env = "MERCURE_PUBLIC_URL",
        value_name = "URL",
        value_parser = values::address
    )]
    pub public_url: Option<String>,
}

impl MercureArgs {
    /// The other hub that Parlor publishes to.
    #[must_use]
    pub fn external(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| !url.is_empty())
    }

    /// The address of the hub for browsers, where it is given.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().filter(|url| !url.is_empty())
    }
}
