//! Owns: every option of the process, declared once with its flag, variable, default and text.
//! Must not know: what the options are used for. Settings of a tenant live in `parlor_chat::settings`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use parlor_db::DatabaseFiles;
use zeroize::Zeroizing;

use crate::connections::ConnectionArgs;

mod files;
mod mercure;
mod pusher;
pub(crate) mod values;

pub use files::{ClamdAddress, ClamdSetting, FilesArgs, S3Options};
pub use mercure::MercureArgs;
pub use pusher::PusherArgs;

/// Where the data is. Every command takes these.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// Folder of the embedded database, files and keys; made when missing
    #[arg(long, env = "PARLOR_DATA", default_value = "./data", value_name = "DIR", global = true)]
    pub data: PathBuf,

    /// Database: postgres://… for PostgreSQL; otherwise SQLite in the data folder
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true, value_parser = values::database)]
    pub database: Option<String>,

    /// Key that seals secrets in the database: 32 random bytes, as `openssl rand -hex 32` makes them; several with commas
    /// between them, the first one for a database that has none and as the aim of `parlor secrets rotate`
    #[arg(long, env = "PARLOR_SECRET_KEY", value_name = "KEY,…", hide_env_values = true, global = true)]
    pub secret_key: Option<Hidden>,

    /// File with that key, or several, one a line, that its owner alone can read; without both, `secret.key` in the data
    /// folder, made on the first run
    #[arg(long, env = "PARLOR_SECRET_KEY_FILE", value_name = "FILE", global = true)]
    pub secret_key_file: Option<PathBuf>,
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

impl DataArgs {
    /// What the storage engine opens.
    #[must_use]
    pub fn database_url(&self) -> String {
        match self.database.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => url.to_owned(),
            None => format!("sqlite:{}", self.data.join("parlor.db").display()),
        }
    }

    /// The file that was named for the keys of secrets.
    #[must_use]
    pub fn secret_key_file(&self) -> Option<&Path> {
        self.secret_key_file.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    /// Whether there is something to look into. Of a database that another machine keeps only opening tells.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match DatabaseFiles::of(&self.database_url()) {
            Ok(Some(files)) => files.are_there(),
            Ok(None) | Err(_) => true,
        }
    }

    /// Whether one machine's folder holds everything.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.database.as_deref().is_none_or(|url| !url.starts_with("postgres"))
    }
}

/// How the server serves.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address or name, and port; port 0 takes a free one
    #[arg(long, env = "PARLOR_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR",
          value_parser = values::listen)]
    pub listen: SocketAddr,

    /// Address under which browsers reach this server, such as `https://chat.example.com`
    #[arg(long, env = "PARLOR_PUBLIC_URL", value_name = "URL", value_parser = values::public_address)]
    pub public_url: Option<String>,

    /// Origins of other sites whose pages may call the API with a token, comma separated; * for all
    #[arg(long, env = "PARLOR_ORIGINS", value_delimiter = ',', value_name = "ORIGIN,…", value_parser = values::origin)]
    pub origins: Vec<String>,

    /// Serve /playground/, pages that play a host application and make tokens for anybody: for development only
    #[arg(long, env = "PARLOR_PLAYGROUND", value_parser = values::switch)]
    pub playground: bool,

    /// Secret with which the host application signs tokens for the tenant "default" (HS256)
    #[arg(long, env = "PARLOR_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,

    /// Key of cursors, the same on every node; made in the data folder when not given
    #[arg(long, env = "PARLOR_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub secret: Option<String>,

    /// Believe X-Forwarded-For and X-Forwarded-Proto: only behind a proxy that sets them
    #[arg(long, env = "PARLOR_BEHIND_PROXY", value_parser = values::switch)]
    pub behind_proxy: bool,

    /// Fetch keys from, and post webhooks to, addresses in private networks too, and keys over http: for development,
    /// and where the identity provider stands in the same network
    #[arg(long, env = "PARLOR_PRIVATE_FETCHES", value_parser = values::switch)]
    pub private_fetches: bool,

    /// Largest request body in bytes
    #[arg(long, env = "PARLOR_BODY_LIMIT", default_value_t = 1 << 20, value_name = "BYTES")]
    pub body_limit: usize,

    /// Attached files
    #[command(flatten)]
    pub files: FilesArgs,

    /// Days after which a sign-in ends
    #[arg(long, env = "PARLOR_SESSION_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(i64).range(1..=400))]
    pub session_days: i64,

    /// Sign-in attempts a minute, for one address and for one account
    #[arg(long, env = "PARLOR_SIGN_IN_RATE", default_value_t = 10, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub sign_in_rate: u32,

    /// Events that a connection may be behind before it is told to come back
    #[arg(long, env = "PARLOR_QUEUE_LIMIT", default_value_t = parlor_realtime::hub::MAILBOX_LIMIT, value_name = "N")]
    pub queue_limit: usize,

    /// The Pusher protocol
    #[command(flatten)]
    pub pusher: PusherArgs,

    /// Seconds that a client may take to accept what is written to it before the connection is dropped
    #[arg(long = "write-patience", env = "PARLOR_WRITE_PATIENCE", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub client_write_timeout: u64,

    /// How many realtime connections there may be
    #[command(flatten)]
    pub connections: ConnectionArgs,

    /// Socket.IO
    #[command(flatten)]
    pub socketio: SocketIoArgs,

    /// The Mercure hub
    #[command(flatten)]
    pub mercure: MercureArgs,

    /// Redis or Valkey through which several nodes on one PostgreSQL hear of each other at once
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,

    /// What all names in Redis begin with
    #[arg(long, env = "PARLOR_REDIS_PREFIX", default_value = "parlor", value_name = "TEXT")]
    pub redis_prefix: String,

    /// Over how many seconds connections are asked to come back elsewhere when the server stops
    #[arg(long, env = "PARLOR_DRAIN_SECONDS", default_value_t = 3, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_seconds: u64,

    /// Token that may read /metrics; without it whoever asks from a private network, and not through a proxy
    #[arg(long, env = "PARLOR_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,

    /// What to log: a level, or targets such as info,parlor=debug
    #[arg(long, env = "PARLOR_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// Write the log as JSON lines
    #[arg(long, env = "PARLOR_LOG_JSON", value_parser = values::switch)]
    pub log_json: bool,
}

/// How Socket.IO serves.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Socket.IO (docs/protocols/socketio.md)")]
pub struct SocketIoArgs {
    /// Milliseconds between two pings to a Socket.IO client
    #[arg(id = "socketio_ping_interval", long = "socketio-ping-interval", env = "PARLOR_SOCKETIO_PING_INTERVAL", default_value_t = 25_000,
          value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub ping_interval: u64,

    /// Milliseconds that a Socket.IO client may take to answer a ping
    #[arg(id = "socketio_ping_timeout", long = "socketio-ping-timeout", env = "PARLOR_SOCKETIO_PING_TIMEOUT", default_value_t = 20_000,
          value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub ping_timeout: u64,

    /// Milliseconds that a Socket.IO client may take to change from polling to WebSocket
    #[arg(id = "socketio_upgrade_timeout", long = "socketio-upgrade-timeout", env = "PARLOR_SOCKETIO_UPGRADE_TIMEOUT", default_value_t = 10_000,
          value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub upgrade_timeout: u64,

    /// Milliseconds in which a Socket.IO client must have joined
    #[arg(id = "socketio_connect_timeout", long = "socketio-connect-timeout", env = "PARLOR_SOCKETIO_CONNECT_TIMEOUT", default_value_t = 45_000,
          value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub connect_timeout: u64,

    /// Largest message or request body of a Socket.IO client in bytes
    #[arg(
        id = "socketio_max_payload",
        long = "socketio-max-payload",
        env = "PARLOR_SOCKETIO_MAX_PAYLOAD",
        default_value_t = 1_000_000,
        value_name = "BYTES"
    )]
    pub max_payload: usize,

    /// Seconds for which a Socket.IO client may be away and still be told what it missed
    #[arg(id = "socketio_recovery", long = "socketio-recovery", env = "PARLOR_SOCKETIO_RECOVERY", default_value_t = 120,
          value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..=86_400))]
    pub recovery: i64,
}

impl ServeArgs {
    /// Whether pages of this origin may call us from a browser with a token.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == "*") || self.allows_named_origin(origin)
    }

    /// Whether the origin was named; only those may use the cookie of our user.
    #[must_use]
    pub fn allows_named_origin(&self, origin: &str) -> bool {
        let same =
            |allowed: &str| allowed != "*" && !allowed.is_empty() && allowed.eq_ignore_ascii_case(origin);
        self.origins.iter().any(|allowed| same(allowed)) || self.own_origin().is_some_and(|own| same(&own))
    }

    /// The address under which browsers reach this server, where it is given; without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().filter(|url| !url.is_empty())
    }

    fn own_origin(&self) -> Option<String> {
        self.public_url().and_then(values::origin_of_address)
    }

    /// Which pages may show the embedded inbox in a frame: ours and those of named origins, never all.
    #[must_use]
    pub fn frame_ancestors(&self) -> String {
        let harmless = |origin: &String| {
            let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | ',' | '\'' | '*');
            origin.contains("://") && origin.chars().all(plain)
        };
        let named = self.origins.iter().cloned().chain(self.own_origin()).filter(harmless);
        named.fold("'self'".to_owned(), |text, origin| format!("{text} {origin}"))
    }

    /// The address of Redis, where there is one.
    #[must_use]
    pub fn redis_url(&self) -> Option<&str> {
        self.redis.as_deref().filter(|url| !url.is_empty())
    }

    /// Whether browsers reach us over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url().is_some_and(|url| url.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Both {
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        serve: ServeArgs,
    }

    #[test]
    fn origins_and_urls() {
        let args = [
            "parlor",
            "--origins",
            "https://a.example, https://b.example/,https://C.example:443,",
            "--public-url",
            "https://me.example",
        ];
        let both = Both::parse_from(args);
        for origin in ["https://a.example", "https://B.example", "https://c.example", "https://me.example"] {
            assert!(both.serve.allows_origin(origin), "{origin}");
        }
        for origin in ["https://d.example", "https://a.example.evil", "null", ""] {
            assert!(!both.serve.allows_origin(origin), "{origin}");
        }
        assert_eq!(
            both.serve.frame_ancestors(),
            "'self' https://a.example https://b.example https://c.example https://me.example"
        );
        assert!(both.serve.is_secure());
        assert_eq!(both.data.database_url(), "sqlite:./data/parlor.db");
        assert!(both.data.is_embedded());
    }

    #[test]
    fn what_cannot_be_ends_the_start_with_its_reason() {
        let refused = |args: &[&str]| {
            let all = ["parlor"].iter().chain(args);
            Both::try_parse_from(all).map(drop).unwrap_err().to_string()
        };
        for (args, reason) in [
            (["--origins", "https://a.example,https://*.b.example"], "there are no patterns"),
            (["--origins", "a.example"], "begin with the scheme"),
            (["--public-url", "nonsense"], "begin with the scheme"),
            (["--listen", "8080"], "127.0.0.1:8080"),
            (["--database", "nonsense"], "unknown kind of database"),
            (["--mercure-url", "hub"], "begin with the scheme"),
            (["--mercure-cors-origins", "https://a.example/x"], "an origin ends with its host"),
        ] {
            let text = refused(&args);
            assert!(text.contains(reason) && text.contains(args[0]), "{text}");
        }
    }
}
