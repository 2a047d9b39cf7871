//! A real server of S3 with a bucket, and a part of it for each test. It is started once, and ends with the tests.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parlor::config::ServeArgs;
use parlor_db::testing::TempDir;
use reqwest::StatusCode;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::sync::OnceCell;

use super::http;

const KEY: &str = "parlor-test";
const SECRET: &str = "parlor-test-secret";
const HOST: &str = "http://127.0.0.1";

struct Running {
    url: String,
    bucket: Bucket,
    credentials: Credentials,
    parts: AtomicU32,
    _folder: TempDir,
}

static SERVER: OnceCell<Option<Running>> = OnceCell::const_new();

/// A part of the bucket.
pub struct S3 {
    prefix: String,
    server: &'static Running,
}

/// Where `scripts/need-tools` puts the server.
fn program() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/.venv/bin/weed");
    path.exists().then_some(path)
}

/// Ports that are free, and of which the ones that are ten thousand higher are free, too.
fn ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    while held.len() < N {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = one.local_addr().unwrap().port();
        if let Some(other) = port.checked_sub(10_000).filter(|port| *port > 1_024)
            && let Ok(lower) = TcpListener::bind(("127.0.0.1", other))
        {
            held.push((other, one, lower));
        }
    }
    std::array::from_fn(|at| held[at].0)
}

async fn start() -> Option<Running> {
    let program = program()?;
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("s3.json");
    let actions = r#"["Admin","Read","Write","List","Tagging"]"#;
    let identity = format!(
        r#"{{"identities":[{{"name":"parlor","credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}],"actions":{actions}}}]}}"#
    );
    std::fs::File::create(&config).unwrap().write_all(identity.as_bytes()).unwrap();
    let [master, volume, filer, s3] = ports();
    // It lives as long as somebody holds the other end of its input: these tests.
    let script = r#""$@" >/dev/null 2>&1 & weed=$!; cat >/dev/null; kill -9 $weed"#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(&program).arg("server").args([
        "-ip=127.0.0.1".to_owned(),
        "-ip.bind=127.0.0.1".to_owned(),
        format!("-dir={}", folder.path().display()),
        format!("-master.port={master}"),
        "-master.volumeSizeLimitMB=64".to_owned(),
        "-volume.max=40".to_owned(),
        format!("-volume.port={volume}"),
        "-volume.preStopSeconds=0".to_owned(),
        "-filer".to_owned(),
        format!("-filer.port={filer}"),
        "-s3".to_owned(),
        format!("-s3.port={s3}"),
        format!("-s3.config={}", config.display()),
    ]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Its input stays open until the process ends.
    std::mem::forget(child);
    let url = format!("{HOST}:{s3}");
    let bucket = Bucket::new(url.parse().unwrap(), UrlStyle::Path, "files", "us-east-1").unwrap();
    let server = Running {
        url,
        bucket,
        credentials: Credentials::new(KEY, SECRET),
        parts: AtomicU32::new(0),
        _folder: folder,
    };
    // The first writes of a fresh server are refused for some seconds.
    for _ in 0..600 {
        if server.takes_files().await {
            return Some(server);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the server of S3 did not start");
}

/// A part of the bucket that nobody else uses; `None`, with a line that says so, where the server is not installed.
pub async fn bucket() -> Option<S3> {
    match SERVER.get_or_init(start).await {
        Some(server) => {
            let number = server.parts.fetch_add(1, Ordering::Relaxed);
            Some(S3 { prefix: format!("test-{number}/"), server })
        }
        None => {
            eprintln!("skipped: no server of S3 is installed (scripts/need-tools)");
            None
        }
    }
}

impl Running {
    async fn takes_files(&self) -> bool {
        let hour = Duration::from_secs(3_600);
        let make = self.bucket.create_bucket(&self.credentials).sign(hour);
        let put = self.bucket.put_object(Some(&self.credentials), "ready").sign(hour);
        let made = http::client()
            .put(make)
            .send()
            .await
            .is_ok_and(|answer| answer.status() != StatusCode::INTERNAL_SERVER_ERROR);
        let put = http::client().put(put).body("ready").send().await;
        made && put.is_ok_and(|answer| answer.status().is_success())
    }
}

impl S3 {
    /// Options of a server that keeps its files here.
    pub fn options(&self, config: &mut ServeArgs) {
        let files = &mut config.files;
        files.s3_endpoint = Some(self.server.url.clone());
        files.s3_bucket = Some(self.server.bucket.name().to_owned());
        files.s3_prefix.clone_from(&self.prefix);
        files.s3_access_key_id = Some(KEY.to_owned());
        files.s3_secret_access_key = Some(SECRET.to_owned().into());
    }

    /// The same for a command.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("S3_ENDPOINT", self.server.url.clone()),
            ("S3_BUCKET", self.server.bucket.name().to_owned()),
            ("S3_ACCESS_KEY_ID", KEY.to_owned()),
            ("S3_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("S3_PREFIX", self.prefix.clone()),
        ]
    }

    /// The keys of all files.
    pub async fn keys(&self) -> Vec<String> {
        let mut list = self.server.bucket.list_objects_v2(Some(&self.server.credentials));
        list.with_prefix(self.prefix.clone());
        let text = http::get(list.sign(Duration::from_secs(60))).await.unwrap().text().await.unwrap();
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
        keys.map(|(key, _)| key.to_owned()).collect()
    }
}
