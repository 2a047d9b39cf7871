//! A private PostgreSQL server for one test process.
//!
//! Owns its start, its end and the making of databases. The server lives in a folder of its own, listens on a socket in
//! that folder, and keeps `fsync` on, so that what is measured on it is true.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::migrate::{checksum_of, migrate};
use crate::{Engine, Error, Migration, postgres};

/// Names an existing server to use instead: `postgres://user:password@host/postgres`, allowed to create databases.
const EXISTING: &str = "PARLOR_TEST_POSTGRES_URL";

/// The user a server runs as if the tests run as root, whom PostgreSQL refuses.
const SYSTEM_USER: &str = "postgres";

/// Starts the server, waits for its socket, says `ready`; stops and removes it once the standard input ends, which it
/// does when the test process goes away, however it goes.
const KEEPER: &str = r#"
    bin=$1 folder=$2
    give_up() { cat "$folder/log"; rm -rf "$folder"; exit 1; }
    "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || give_up
    "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=on -c max_connections=400 \
        -c shared_buffers=64MB -c max_wal_size=1GB -c deadlock_timeout=200ms >>"$folder/log" 2>&1 &
    server=$!
    until [ -S "$folder/.s.PGSQL.5432" ]; do
        kill -0 $server 2>/dev/null || give_up
        sleep 0.05
    done
    echo ready
    read -r _
    kill -INT $server
    wait $server
    rm -rf "$folder"
"#;

/// A running server. Stopped and removed on drop, and when the process ends in any other way.
pub struct TempPostgres {
    url_of: Box<dyn Fn(&str) -> String + Send + Sync>,
    keeper: Option<Keeper>,
}

struct Keeper {
    process: Child,
    input: Option<ChildStdin>,
}

impl TempPostgres {
    /// Starts a server, or takes the one that `PARLOR_TEST_POSTGRES_URL` names.
    pub fn start() -> Result<TempPostgres, Error> {
        if let Ok(url) = std::env::var(EXISTING) {
            return existing(&url);
        }
        let bin = find_binaries()?;
        let folder = new_folder()?;
        let mut command = keeper_command(&folder)?;
        command.arg(&bin).arg(&folder).current_dir("/");
        // A group of its own: Ctrl-C ends the tests, and only then, through the pipe, the server.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| failed("cannot start sh", error))?;
        let input = process.stdin.take();
        let mut keeper = Keeper { process, input };
        let mut said = String::new();
        if let Some(output) = keeper.process.stdout.take() {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if line == "ready" {
                    let url_of = Box::new(move |name: &str| {
                        format!("postgresql://postgres@/{name}?host={}", folder.display())
                    });
                    let server = TempPostgres { url_of, keeper: Some(keeper) };
                    server.wait_until_up()?;
                    return Ok(server);
                }
                said = format!("{said}\n{line}");
            }
        }
        Err(Error::Unavailable(format!("PostgreSQL did not start:{said}")))
    }

    /// The socket is there a moment before the server takes connections.
    fn wait_until_up(&self) -> Result<(), Error> {
        let mut conn = postgres::Conn::new(&self.url("postgres"))?;
        let mut tries = 0;
        while let Err(error) = conn.connect() {
            tries += 1;
            if tries > 200 {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The server all tests of this process share.
    pub fn shared() -> Result<&'static TempPostgres, Error> {
        static SHARED: OnceLock<Result<TempPostgres, Error>> = OnceLock::new();
        SHARED.get_or_init(TempPostgres::start).as_ref().map_err(Clone::clone)
    }

    /// The URL of a database on this server.
    pub fn url(&self, database: &str) -> String {
        (self.url_of)(database)
    }

    /// Makes an empty database, or a copy of `template` (a database nobody is connected to), and gives its URL.
    pub fn create_database(&self, template: Option<&str>) -> Result<String, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parlor_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let template = template.unwrap_or("template0");
        // On a server that outlives us the name may be left over from another process.
        self.run(&format!("DROP DATABASE IF EXISTS {name}"))?;
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok(self.url(&name))
    }

    /// The name of a database with these migrations, to be copied. Processes that share a server share it.
    pub(super) fn template(&self, migrations: &[Migration]) -> Result<String, Error> {
        let all: String = migrations.iter().map(|migration| migration.sql).collect();
        let name = format!("parlor_template_{}", checksum_of(&all));
        // Copying is also the way to ask whether it is there.
        match self.create_database(Some(&name)) {
            Ok(copy) => self.drop_database(&copy)?,
            Err(_) => {
                let url = self.create_database(None)?;
                migrate(Engine::Postgres, &url, migrations)?;
                // Whole when it gets its name; if another process was faster, theirs is as good.
                if self.run(&format!("ALTER DATABASE {} RENAME TO {name}", name_in(&url))).is_err() {
                    self.drop_database(&url)?;
                }
            }
        }
        Ok(name)
    }

    /// One command at a time: PostgreSQL refuses to copy a template that is being copied.
    fn run(&self, command: &str) -> Result<(), Error> {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut conn = postgres::Conn::new(&self.url("postgres"))?;
        conn.connect()?;
        let mut done = conn.control(command);
        // Another process may be copying, too.
        for _ in 0..100 {
            match &done {
                Err(error) if error.to_string().contains("being accessed by other users") => {}
                _ => break,
            }
            std::thread::sleep(Duration::from_millis(50));
            done = conn.control(command);
        }
        done
    }

    /// Removes a database that [`create_database`](TempPostgres::create_database) made. Open connections are cut.
    pub fn drop_database(&self, url: &str) -> Result<(), Error> {
        self.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_in(url)))
    }
}

/// The database that a URL of ours names.
fn name_in(url: &str) -> &str {
    url.split(['/', '?']).find(|part| part.starts_with("parlor_")).unwrap_or_default()
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.process.wait());
    }
}

impl std::fmt::Debug for TempPostgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TempPostgres({}, own: {})", self.url("postgres"), self.keeper.is_some())
    }
}

fn existing(url: &str) -> Result<TempPostgres, Error> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let server = base[scheme..].find('/').map_or(base, |at| &base[..scheme + at]).to_owned();
    let query = query.to_owned();
    let url_of = Box::new(move |name: &str| format!("{server}/{name}?{query}"));
    Ok(TempPostgres { url_of, keeper: None })
}

/// The folder with `initdb` and `postgres`: from PATH, else the newest that Debian and its kin keep apart.
fn find_binaries() -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    let complete = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let real = |folder: PathBuf| folder.join("initdb").canonicalize().ok()?.parent().map(Path::to_path_buf);
    folders.into_iter().filter_map(real).find(complete).ok_or_else(|| {
        Error::Unavailable(format!(
            "these tests need a PostgreSQL server, 15 or later: install it (Debian, Ubuntu: `apt install postgresql`; \
             Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`) so that initdb is in PATH or \
             under /usr/lib/postgresql, or set {EXISTING}"
        ))
    })
}

/// A new folder, short enough for a socket in it.
fn new_folder() -> Result<PathBuf, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let temporary = std::env::temp_dir();
    // The path of a socket has room for some 100 bytes.
    let parent = if temporary.as_os_str().len() > 60 { PathBuf::from("/tmp") } else { temporary };
    let name = format!("parlor-pg-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = parent.join(name);
    if folder.exists() {
        // Left by a machine that went down, where a process had our number.
        std::fs::remove_dir_all(&folder).map_err(|error| failed("cannot clean up", error))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| failed("cannot create a folder", error))?;
    Ok(folder)
}

/// `sh` with the keeper's script, as a user whom PostgreSQL accepts, who gets the folder.
fn keeper_command(folder: &Path) -> Result<Command, Error> {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "sh"]);
    let owner = std::fs::metadata(folder).map_err(|error| failed("cannot look at the folder", error))?.uid();
    if owner == 0 {
        let (user, group) = (id_of("-u")?, id_of("-g")?);
        chown(folder, Some(user), Some(group))
            .map_err(|error| failed("cannot give the folder away", error))?;
        command.uid(user).gid(group);
    }
    Ok(command)
}

fn id_of(which: &str) -> Result<u32, Error> {
    let output =
        Command::new("id").args([which, SYSTEM_USER]).output().map_err(|error| failed("id", error))?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| {
        Error::Unavailable(format!(
            "PostgreSQL does not run as root, and there is no user {SYSTEM_USER} to run it as: install the server \
             package, or run the tests as another user"
        ))
    })
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::Unavailable(format!("{what}: {error}"))
}
