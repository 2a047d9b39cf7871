//! A server per test, people who use it, and readers of its streams.

use std::path::PathBuf;

use parlor::auth::jwt::{Claims, sign};
use parlor::clock::Clock;
use parlor::config::{DataArgs, ServeArgs};
use parlor::serve::Server;
use parlor_chat::MIGRATIONS;
use parlor_chat::host_keys::{self, KeyKind, Purpose};
use parlor_db::testing::{TempDir, TestDb};
use parlor_db::{Engine, Options};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub mod clamd;
pub mod described;
pub mod ears;
pub mod http;
pub mod hub;
mod person;
pub mod pusher;
pub mod s3;
mod socketio;
mod streams;

pub use person::{Person, Reply};
pub use socketio::{Polling, Sio};
pub use streams::{Sse, Ws};

/// What the host application signs with.
pub const SECRET: &str = "the secret of the host in these tests";

/// A running server, stopped when the test ends.
pub struct Site {
    /// `http://127.0.0.1:…`
    pub url: String,
    /// The application behind it.
    pub app: parlor::app::Ctx,
    /// Where its data is.
    pub data: DataArgs,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    _folder: TempDir,
    database: Option<TestDb>,
}

/// The engine this run tests.
pub fn engine() -> Engine {
    match std::env::var("PARLOR_TEST_ENGINE").as_deref() {
        Ok("postgres") => Engine::Postgres,
        _ => Engine::Sqlite,
    }
}

/// A fresh place for data: a folder, and on PostgreSQL a database.
pub fn fresh_data() -> (DataArgs, TempDir, Option<TestDb>) {
    let folder = TempDir::new().unwrap();
    let database = match engine() {
        Engine::Postgres => Some(TestDb::on(Engine::Postgres, MIGRATIONS, Options::default()).unwrap()),
        Engine::Sqlite => None,
    };
    let data = DataArgs {
        data: PathBuf::from(folder.path()),
        database: database.as_ref().map(|database| database.url().to_owned()),
        secret_key: None,
        secret_key_file: None,
    };
    (data, folder, database)
}

/// The options of a test server: the defaults, but for what a test needs otherwise.
pub fn options() -> ServeArgs {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }
    let line = ["parlor", "--listen", "127.0.0.1:0", "--drain-seconds", "0", "--sign-in-rate", "1000"];
    let defaults = <Line as clap::Parser>::parse_from(line).serve;
    ServeArgs { jwt_secret: Some(SECRET.to_owned()), log: "off".to_owned(), ..defaults }
}

/// The same for a server on this data: it is told where files are, which it wants to be with PostgreSQL.
pub fn options_on(data: &DataArgs) -> ServeArgs {
    let mut options = options();
    options.files.files = Some(data.data.join("files"));
    options
}

impl Site {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ServeArgs)) -> Self {
        Self::at(Clock::System, change).await
    }

    /// Another node on the same data; PostgreSQL only.
    pub async fn beside(&self, change: impl FnOnce(&mut ServeArgs)) -> Self {
        let folder = TempDir::new().unwrap();
        let data = self.data_of_node(&folder);
        Self::on(data, folder, None, Clock::System, change).await
    }

    /// Where another node has its data: it shares the key of secrets, as its operator says.
    pub fn data_of_node(&self, folder: &TempDir) -> DataArgs {
        DataArgs {
            data: PathBuf::from(folder.path()),
            secret_key_file: Some(self.data.data.join("secret.key")),
            ..self.data.clone()
        }
    }

    /// With a clock of its own.
    pub async fn at(clock: Clock, change: impl FnOnce(&mut ServeArgs)) -> Self {
        let (data, folder, database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
        Self::on(data, folder, database, clock, change).await
    }

    /// A server on data that is there already.
    pub async fn on_data(data: DataArgs, folder: TempDir, database: Option<TestDb>) -> Self {
        Self::on(data, folder, database, Clock::System, |_| {}).await
    }

    async fn on(
        data: DataArgs,
        folder: TempDir,
        database: Option<TestDb>,
        clock: Clock,
        change: impl FnOnce(&mut ServeArgs),
    ) -> Self {
        let mut config = options_on(&data);
        change(&mut config);
        let server = Server::bind(&data, config, clock).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (url, app) = (format!("http://{}", server.address), server.app.clone());
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { url, app, data, stop: Some(stop), running: Some(running), _folder: folder, database }
    }

    /// Stops the server and starts another one on the same data, at another port.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same with other options.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut ServeArgs)) {
        let mut config = options_on(&self.data);
        change(&mut config);
        self.stop.take().unwrap().send(()).unwrap();
        self.running.take().unwrap().await.unwrap();
        let server = Server::bind(&self.data, config, Clock::System).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        (self.url, self.app) = (format!("http://{}", server.address), server.app.clone());
        self.stop = Some(stop);
        self.running = Some(tokio::spawn(server.run(async move {
            let _ = stopped.await;
        })));
    }

    /// Runs every background job that is due, and waits for those that run; none may fail.
    pub async fn jobs_done(&self) {
        for _ in 0..500 {
            let failures = parlor::workers::jobs::drain(&self.app).await;
            assert!(failures.is_empty(), "{failures:?}");
            let totals = self.app.db.read_plain(parlor_chat::jobs::totals).await.unwrap();
            assert_eq!(totals.dead, 0, "a job was given up");
            if totals.running == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("a job does not end");
    }

    /// A member of staff with the default role.
    pub async fn user(&self, name: &str) -> Person {
        self.person(claims(name)).await
    }

    /// A member of staff with these roles.
    pub async fn user_with(&self, name: &str, roles: &[&str]) -> Person {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self.person(Claims { roles: Some(roles), ..claims(name) }).await
    }

    /// A customer.
    pub async fn contact(&self, name: &str) -> Person {
        self.person(Claims { kind: "contact".to_owned(), ..claims(name) }).await
    }

    pub async fn person(&self, claims: Claims) -> Person {
        let token = sign(&claims, SECRET.as_bytes(), None).unwrap();
        Person::arrive(&self.url, token).await
    }

    /// Somebody without any token.
    pub fn stranger(&self) -> Person {
        Person::stranger(&self.url)
    }

    /// A second tenant with its own secret.
    pub async fn tenant(&self, slug: &'static str) -> String {
        let secret = format!("secret of {slug}");
        let stored = secret.clone();
        let made = self.app.db.write_plain(99, move |tx| {
            let tenant = parlor_chat::tenants::create(tx, slug, slug)?;
            host_keys::add(tx, tenant.id, Purpose::Host, KeyKind::Hs256, None, &stored)
        });
        made.await.unwrap();
        secret
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // Removing a database blocks, which no thread of the runtime may.
        let database = self.database.take();
        let _ = std::thread::spawn(move || drop(database)).join();
    }
}

/// Claims that serve for an hour.
pub fn claims(name: &str) -> Claims {
    Claims {
        tenant: "default".to_owned(),
        sub: name.to_lowercase(),
        kind: "user".to_owned(),
        name: Some(name.to_owned()),
        email: None,
        roles: None,
        teams: None,
        stores: None,
        exp: now() + 3600.0,
        nbf: None,
        iat: None,
        aud: None,
    }
}

/// Seconds since 1970.
pub fn now() -> f64 {
    Clock::System.now().micros() as f64 / 1e6
}
