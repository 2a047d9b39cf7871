//! Owns: child processes that serve: starting, watching what they cost, stopping. Must not know: what they serve.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use parlor::auth::jwt::{self, Claims};
use parlor::clock::Clock;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use sha2::Sha256;

const SECRET: &str = "the benchmark's own secret, 32 bytes";
/// The application of the Pusher protocol.
pub const APP_KEY: &str = "benchmark";
/// What it signs with.
pub const APP_SECRET: &str = "benchmark-secret";
/// The unit of /proc/PID/stat on every Linux that Rust supports.
const TICKS: u64 = 100;
/// Longest time that a child gets to start or to stop.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A child that listens. Killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// From before the process existed until it answered.
    pub started_in: Duration,
}

/// The program under test.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_parlor"))
}

impl Server {
    /// The real server on a data folder.
    pub fn parlor(data: &Path) -> Server {
        Server::node(data, None)
    }

    /// The same, on PostgreSQL and Redis when their addresses are given.
    pub fn node(data: &Path, cluster: Option<(&str, &str)>) -> Server {
        let mut command = Server::command(data);
        if let Some((database, redis)) = cluster {
            command
                .env("DATABASE_URL", database)
                .env("REDIS_URL", redis)
                .env("PARLOR_FILES", data.join("files"));
        }
        Server::start(&mut command)
    }

    fn command(data: &Path) -> Command {
        let mut command = mortal(&binary());
        command.arg("--data").arg(data);
        let serve = ["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--drain-seconds", "0"];
        command.args(serve).env_remove("DATABASE_URL").env_remove("REDIS_URL");
        command
            .env("PARLOR_JWT_SECRET", SECRET)
            .env("PARLOR_SECRET", SECRET)
            .env("MERCURE_JWT_SECRET", SECRET)
            .env("PARLOR_APP_ID", "1")
            .env("PARLOR_APP_KEY", APP_KEY)
            .env("PARLOR_APP_SECRET", APP_SECRET)
            .env("PARLOR_SEND_RATE_PER_MINUTE", "0")
            // All of its clients come from one address.
            .env("PARLOR_STRANGERS_PER_ADDRESS", "0")
            .env("PARLOR_CONNECTIONS_PER_ADDRESS", "0")
            .env("PARLOR_CONNECTIONS_PER_PERSON", "0")
            .env("PARLOR_CONNECTIONS_PER_TENANT", "0")
            .env("PARLOR_UPLOAD_MB_PER_MINUTE", "0")
            .env("PARLOR_WAITING_MB", "0");
        command
    }

    /// The same with other variables.
    pub fn with(data: &Path, variables: &[(&str, String)]) -> Server {
        let mut command = Server::command(data);
        command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        Server::start(&mut command)
    }

    /// A raw limit: this program in another role.
    pub fn limit(words: &[&str]) -> Server {
        Server::start(mortal(&std::env::current_exe().unwrap()).args(words))
    }

    fn start(command: &mut Command) -> Server {
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().rsplit("http://").next().and_then(|text| text.parse().ok()) else {
            let _ = child.kill();
            panic!("the server did not say where it listens: {line:?}");
        };
        let mut server = Server { child, address, started_in: Duration::ZERO };
        server.await_health(begun);
        server.started_in = begun.elapsed();
        server
    }

    fn await_health(&self, begun: Instant) {
        while begun.elapsed() < TIMEOUT {
            if health(self.address).is_ok_and(|status| status.contains(" 200 ")) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("{} does not answer", self.address);
    }

    /// Processor time so far, its own and the kernel's for it.
    pub fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name in parentheses may hold spaces.
        let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A private Redis without any file.
pub struct Redis {
    child: Child,
    pub url: String,
}

impl Redis {
    /// `None` where its program is not installed.
    pub fn start() -> Option<Redis> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = mortal(Path::new("redis-server"));
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
            &port.to_string(),
        ]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let redis = Redis { child, url: format!("redis://127.0.0.1:{port}") };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(5) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A private server of S3.
pub struct S3 {
    child: Child,
    url: String,
    _folder: Folder,
}

impl S3 {
    /// `None` where its program is not installed.
    pub fn start() -> Option<S3> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/.venv/bin/weed");
        let folder = Folder::new();
        let identity = r#"{"identities":[{"name":"bench","credentials":[{"accessKey":"bench","secretKey":"bench"}],"actions":["Admin","Read","Write","List","Tagging"]}]}"#;
        let config = folder.0.join("s3.json");
        std::fs::write(&config, identity).unwrap();
        let s3 = free_port();
        let mut command = mortal(&program);
        command.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=40"]);
        command.args(["-master.volumeSizeLimitMB=256", "-volume.preStopSeconds=0"]);
        command.args([format!("-dir={}", folder.0.display()), format!("-s3.config={}", config.display())]);
        for (name, port) in
            [("master", free_port()), ("volume", free_port()), ("filer", free_port()), ("s3", s3)]
        {
            command.arg(format!("-{name}.port={port}"));
        }
        if !program.exists() {
            return None;
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let server = S3 { child, url: format!("http://127.0.0.1:{s3}"), _folder: folder };
        let begun = Instant::now();
        while !server.has_bucket() {
            if begun.elapsed() > Duration::from_secs(60) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(server)
    }

    /// Makes it, and sees whether it takes files: the first writes of a fresh server are refused for some seconds.
    fn has_bucket(&self) -> bool {
        let bucket = Bucket::new(self.url.parse().unwrap(), UrlStyle::Path, "files", "us-east-1").unwrap();
        let credentials = Credentials::new("bench", "bench");
        let hour = Duration::from_secs(3_600);
        let make = bucket.create_bucket(&credentials).sign(hour);
        let put = bucket.put_object(Some(&credentials), "ready").sign(hour);
        let done = |url: &str, body: &str| {
            let words = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-d", body, url];
            Command::new("curl").args(words).output().is_ok_and(|done| done.stdout == b"200")
        };
        done(make.as_str(), "");
        done(put.as_str(), "ready")
    }

    /// Options of a server that keeps its files here.
    pub fn variables(&self, direct: &str) -> Vec<(&'static str, String)> {
        vec![
            ("S3_ENDPOINT", self.url.clone()),
            ("S3_BUCKET", "files".to_owned()),
            ("S3_ACCESS_KEY_ID", "bench".to_owned()),
            ("S3_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("S3_DIRECT_UPLOADS", direct.to_owned()),
        ]
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether somebody listens.
fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A port that was free a moment ago, and ten thousand above it another one.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let lower = port.checked_sub(10_000).filter(|port| *port > 1_024 && !listens(*port));
        if let Some(lower) = lower {
            return lower;
        }
    }
}

/// A program that dies with us, even when we are killed, where util-linux can arrange that.
fn mortal(program: &Path) -> Command {
    let helper = Path::new("/usr/bin/setpriv");
    if !helper.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(helper);
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

fn health(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A token as a host application signs it.
pub fn token(sub: &str, name: &str) -> String {
    let now = Clock::System.now().micros() / 1_000_000;
    let claims = Claims {
        tenant: "default".to_owned(),
        sub: sub.to_owned(),
        kind: "user".to_owned(),
        name: Some(name.to_owned()),
        email: None,
        roles: None,
        teams: None,
        stores: None,
        exp: (now + 86_400) as f64,
        nbf: None,
        iat: Some(now as f64),
        aud: None,
    };
    jwt::sign(&claims, SECRET.as_bytes(), None).unwrap()
}

/// A token of the Mercure protocol that may subscribe to everything.
pub fn mercure_token() -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let head = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", encode(r#"{"mercure":{"subscribe":["*"]}}"#));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A folder that goes away with its owner. In target/, which is on a disk: a flush to memory would prove nothing.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tmp-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = data_root().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where the benchmark keeps its data.
pub fn data_root() -> PathBuf {
    // target/release/deps/load-HASH
    let me = std::env::current_exe().unwrap();
    let target = me.ancestors().nth(3).unwrap_or(Path::new("target"));
    target.join("bench-data")
}
