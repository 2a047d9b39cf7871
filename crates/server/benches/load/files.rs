//! What files cost: putting and getting 25 MB with either storage, the memory of an upload, small pictures.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Body, Client};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::block_on;
use crate::report::{Budget, Figure, Report};
use crate::server::{Folder, S3, Server, token};

const SIZE: usize = 25_000_000;
const ROUNDS: usize = 8;
/// Uploads at once while memory is looked at.
const AT_ONCE: usize = 8;
/// Photos of which small ones are made; as large as cameras make them.
const PHOTOS: usize = 12;
const MEASURES: (u32, u32) = (4_000, 3_000);

pub fn run(report: &mut Report) {
    let data: Vec<u8> = (0..SIZE).map(|at| (at * 31 % 251) as u8).collect();
    report.section("files: 25 MB each, one after the other");
    let folder = Folder::new();
    let limit = written(&folder.0, &data);
    let server = Server::parlor(&folder.0);
    block_on(storage("folder", &server, &data, Some(limit), report));
    block_on(photos(&server, report));
    server.stop();
    let Some(s3) = S3::start() else {
        report.say("no server of S3 is installed (scripts/need-tools): not measured");
        return;
    };
    for (what, direct) in [("S3, put by the client", "on"), ("S3, through the server", "off")] {
        let folder = Folder::new();
        let server = Server::with(&folder.0, &s3.variables(direct));
        block_on(storage(what, &server, &data, None, report));
        server.stop();
    }
}

/// Megabytes a second that the disk takes with a flush for each file.
fn written(folder: &Path, data: &[u8]) -> f64 {
    let begun = Instant::now();
    for round in 0..ROUNDS {
        let mut file = std::fs::File::create(folder.join(format!("raw-{round}"))).unwrap();
        file.write_all(data).unwrap();
        file.sync_all().unwrap();
    }
    rate(ROUNDS * data.len(), begun.elapsed())
}

fn rate(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// One person's requests.
struct Person {
    client: Client,
    base: String,
    token: String,
}

impl Person {
    fn of(server: &Server, name: &str) -> Person {
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let tls = tls.with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).build().unwrap();
        Person { client, base: format!("http://{}", server.address), token: token(name, name) }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/api/v1{path}", self.base)).bearer_auth(&self.token);
        let answer =
            request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn ask(&self, name: &str, kind: &str, size: usize) -> Value {
        self.post("/files/uploads", json!({"name": name, "content_type": kind, "size": size})).await
    }

    async fn put(&self, address: &Value, size: usize, body: impl Into<Body>) {
        let url = address["url"].as_str().unwrap();
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let mut request = self.client.put(url).header("content-length", size).body(body);
        for (name, value) in address["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn confirm(&self, address: &Value) -> String {
        let id = address["id"].as_str().unwrap().to_owned();
        self.post(&format!("/files/{id}/confirm"), json!({})).await;
        id
    }

    async fn get(&self, path: &str) -> (Option<String>, usize) {
        let request = self.client.get(format!("{}/api/v1{path}", self.base)).bearer_auth(&self.token);
        let mut answer = request.send().await.unwrap();
        assert!(answer.status().is_success());
        let kind =
            answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        let mut length = 0;
        while let Some(chunk) = answer.chunk().await.unwrap() {
            length += chunk.len();
        }
        (kind, length)
    }
}

async fn storage(what: &str, server: &Server, data: &[u8], limit: Option<f64>, report: &mut Report) {
    let ana = Person::of(server, "ana");
    let (begun, mut ids) = (Instant::now(), Vec::new());
    for _ in 0..ROUNDS {
        let address = ana.ask("film.bin", "", data.len()).await;
        ana.put(&address, data.len(), data.to_vec()).await;
        ids.push(ana.confirm(&address).await);
    }
    megabytes(report, &format!("{what}: up"), rate(ROUNDS * data.len(), begun.elapsed()), limit);
    let begun = Instant::now();
    for id in &ids {
        assert_eq!(ana.get(&format!("/files/{id}")).await.1, data.len());
    }
    megabytes(report, &format!("{what}: down"), rate(ROUNDS * data.len(), begun.elapsed()), None);
    memory(what, server, data, report).await;
}

fn megabytes(report: &mut Report, what: &str, value: f64, limit: Option<f64>) {
    let limit = limit.map(|limit| (format!("{limit:.0} MB/s written and flushed"), value / limit));
    report.figure(Figure { what, shown: format!("{value:.0} MB/s"), value, limit, budget: Budget::None });
}

/// Slow uploads of several people, and what the server takes for each meanwhile.
async fn memory(what: &str, server: &Server, data: &[u8], report: &mut Report) {
    let before = server.memory();
    let people: Vec<Person> =
        (0..AT_ONCE).map(|number| Person::of(server, &format!("slow-{number}"))).collect();
    let uploads = join_all(people.iter().map(|person| async {
        let address = person.ask("film.bin", "", data.len()).await;
        let pieces: Vec<Vec<u8>> = data.chunks(250_000).map(<[u8]>::to_vec).collect();
        let slow = futures_util::stream::unfold(pieces.into_iter(), |mut pieces| async move {
            let piece = pieces.next()?;
            sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(piece), pieces))
        });
        person.put(&address, data.len(), Body::wrap_stream(slow)).await;
    }));
    let most = async {
        let mut most = before;
        for _ in 0..20 {
            sleep(Duration::from_millis(100)).await;
            most = most.max(server.memory());
        }
        most
    };
    let (_, most) = tokio::join!(uploads, most);
    let each = most.saturating_sub(before) as f64 / AT_ONCE as f64 / 1e6;
    report.figure(Figure {
        what: &format!("{what}: memory of an upload"),
        shown: format!("{each:.2} MB ({AT_ONCE} at once)"),
        value: each,
        limit: None,
        budget: Budget::Most(1.0, "MB"),
    });
}

/// From the last confirmation to the last small picture.
async fn photos(server: &Server, report: &mut Report) {
    let (width, height) = MEASURES;
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([x, y, x * y].map(|colour| (colour % 256) as u8))
    });
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let ana = Person::of(server, "ana");
    let (begun, mut ids) = (Instant::now(), Vec::new());
    for number in 0..PHOTOS {
        let address = ana.ask(&format!("photo-{number}.jpg"), "image/jpeg", jpeg.len()).await;
        ana.put(&address, jpeg.len(), jpeg.clone()).await;
        ids.push(ana.confirm(&address).await);
    }
    let confirmed = begun.elapsed();
    for id in &ids {
        while ana.get(&format!("/files/{id}?size=200")).await.1 > 100_000 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    let each = begun.elapsed().as_secs_f64() / PHOTOS as f64;
    report.figure(Figure {
        what: "small pictures of photos with 12 megapixels",
        shown: format!(
            "{:.2} a second, three of each ({:.1} MB; confirmed in {:.0} ms each)",
            1.0 / each,
            jpeg.len() as f64 / 1e6,
            confirmed.as_secs_f64() * 1000.0 / PHOTOS as f64
        ),
        value: 1.0 / each,
        limit: None,
        budget: Budget::None,
    });
}
