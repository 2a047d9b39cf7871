//! Files whose bytes go straight to where they are stored: in the folder, in a bucket of S3 to which clients put them by
//! themselves, and in one that only the server reaches. One protocol, one outcome.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use parlor::auth::jwt::sign;
use parlor::clock::Clock;
use parlor::config::{ClamdSetting, DataArgs, ServeArgs};
use parlor::workers::jobs::drain;
use reqwest::Method;
use serde_json::{Value, json};

use crate::crash::Process;
use crate::files::PNG;
use crate::support::clamd::{Clamd, eicar};
use crate::support::s3::{self, S3};
use crate::support::{Person, Reply, SECRET, Site, claims, fresh_data, http};

/// A site for each way of storing. What is not installed is left out, with a line.
async fn everywhere() -> Vec<(Site, Option<S3>)> {
    let clock = || Clock::fixed(Clock::System.now());
    let mut sites = vec![(Site::at(clock(), |_| {}).await, None)];
    for direct in [true, false] {
        let Some(s3) = s3::bucket().await else { break };
        let site = Site::at(clock(), |config| through(&s3, direct, config)).await;
        sites.push((site, Some(s3)));
    }
    sites
}

fn through(s3: &S3, direct: bool, config: &mut ServeArgs) {
    s3.options(config);
    config.files.s3_direct_uploads = direct;
}

/// Keys in the bucket, or files in the folder.
async fn stored(site: &Site, s3: Option<&S3>) -> Vec<String> {
    if let Some(s3) = s3 {
        return s3.keys().await;
    }
    in_folder(&site.data.data)
}

fn in_folder(data: &Path) -> Vec<String> {
    let tenants = std::fs::read_dir(data.join("files")).into_iter().flatten();
    let files = tenants.flat_map(|tenant| std::fs::read_dir(tenant.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// How many files there are, once there are no more than these: they are removed beside the requests.
async fn left(site: &Site, s3: Option<&S3>, most: usize) -> usize {
    for _ in 0..100 {
        assert_eq!(drain(&site.app).await, [""; 0]);
        let count = stored(site, s3).await.len();
        if count <= most {
            return count;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stored(site, s3).await.len()
}

async fn ask(person: &Person, name: &str, kind: &str, size: usize) -> Value {
    person.post("/files/uploads", json!({"name": name, "content_type": kind, "size": size})).await.ok(201)
}

/// Puts bytes to an address as it says, but for what is changed.
async fn put(site: &Site, address: &Value, bytes: &[u8], changes: &[(&str, &str)]) -> u16 {
    assert_eq!(address["method"], "PUT");
    let url = address["url"].as_str().unwrap();
    let url = if url.starts_with('/') { format!("{}{url}", site.url) } else { url.to_owned() };
    let mut request = http::client().request(Method::PUT, url).body(bytes.to_vec());
    let mut headers = address["headers"].as_object().unwrap().clone();
    for (name, value) in changes {
        headers.insert((*name).to_owned(), json!(value));
    }
    for (name, value) in &headers {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send().await.unwrap().status().as_u16()
}

fn is_done(status: u16) -> bool {
    (200..300).contains(&status)
}

async fn confirm(person: &Person, address: &Value) -> Reply {
    person.post(&format!("/files/{}/confirm", address["id"].as_str().unwrap()), json!({})).await
}

async fn send(person: &Person, group: &str, id: &Value) -> Reply {
    person
        .post(&format!("/conversations/{group}/messages"), json!({"body": "", "attachment_ids": [id]}))
        .await
}

#[tokio::test]
async fn asked_put_confirmed_and_sent() {
    for (site, s3) in everywhere().await {
        let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
        let group = ana.group("files", &[&ben]).await;
        let address = ask(&ana, "../plan.png", "image/png", PNG.len()).await;
        let id = address["id"].clone();
        confirm(&ana, &address).await.problem(409, "conflict");
        send(&ana, &group, &id).await.problem(422, "invalid");
        ana.get(&format!("/files/{}", id.as_str().unwrap())).await.problem(404, "not_found");

        assert!(is_done(put(&site, &address, PNG, &[]).await));
        send(&ana, &group, &id).await.problem(422, "invalid");
        confirm(&eve, &address).await.problem(404, "not_found");
        let file = confirm(&ana, &address).await.ok(200);
        assert_eq!((&file["name"], &file["content_type"]), (&json!("plan.png"), &json!("image/png")));
        assert_eq!(file["size"], PNG.len());
        assert_eq!(confirm(&ana, &address).await.ok(200), file, "an answer that was lost is given again");

        send(&ana, &group, &id).await.ok(201);
        let path = format!("/files/{}", id.as_str().unwrap());
        let got = ben.send(ben.request(Method::GET, &path).header("range", "bytes=1-3")).await;
        assert_eq!((got.status, got.text.as_str()), (206, "PNG"));
        assert_eq!(got.headers["content-range"], format!("bytes 1-3/{}", PNG.len()).as_str());
        let head = ben.send(ben.request(Method::HEAD, &path)).await;
        assert_eq!((head.status, &head.headers["content-length"]), (200, &PNG.len().into()));
        eve.get(&path).await.problem(404, "not_found");
        let names = stored(&site, s3.as_ref()).await;
        assert!(names.iter().all(|name| !name.contains("plan")), "names are ids: {names:?}");
    }
}

/// The address must take nothing else, and nothing twice: what was looked at is what is delivered.
#[tokio::test]
async fn an_address_takes_what_was_announced_once() {
    for (site, _s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let address = ask(&ana, "plan.png", "image/png", PNG.len()).await;
        let other = vec![b'x'; PNG.len()];
        for (bytes, changes) in
            [(PNG, &[("content-type", "text/html")][..]), (&PNG[1..], &[]), (&[PNG, b"x"].concat(), &[])]
        {
            assert_eq!(put(&site, &address, bytes, changes).await, 403, "{changes:?} {}", bytes.len());
        }
        let mut forged = address.clone();
        forged["url"] = json!(address["url"].as_str().unwrap().replace("ignature=", "ignature=0"));
        assert!([400, 403].contains(&put(&site, &forged, PNG, &[]).await));
        assert!(is_done(put(&site, &address, PNG, &[]).await));
        assert!([409, 412].contains(&put(&site, &address, &other, &[]).await), "before it is confirmed");
        confirm(&ana, &address).await.ok(200);
        assert!([409, 412].contains(&put(&site, &address, &other, &[]).await), "and after");
        let got = ana.get(&format!("/files/{}", address["id"].as_str().unwrap())).await;
        assert_eq!(got.text, String::from_utf8_lossy(PNG));
    }
}

#[tokio::test]
async fn what_is_not_what_it_was_said_to_be_is_removed() {
    for (site, s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let page = b"<!DOCTYPE html><script>alert(1)</script>";
        let address = ask(&ana, "photo.png", "image/png", page.len()).await;
        assert!(is_done(put(&site, &address, page, &[]).await));
        let refused = confirm(&ana, &address).await.problem(422, "invalid");
        assert_eq!((&refused["field"], &refused["rule"]), (&json!("file"), &json!("type")));
        confirm(&ana, &address).await.problem(404, "not_found");
        assert_eq!(left(&site, s3.as_ref(), 0).await, 0);
    }
}

/// 1,000 pixels wide and 500 high, turned by its Exif, which says where it was taken.
fn photo() -> Vec<u8> {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(1_000, 500, |x, y| {
        image::Rgb([x, y, x ^ y].map(|colour| (colour % 256) as u8))
    });
    picture.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0secret-place";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xFF\xE1", &length, exif, &jpeg[2..]].concat()
}

#[tokio::test]
async fn a_photo_tells_nothing_but_itself_and_has_small_pictures() {
    for (site, s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let group = ana.group("files", &[]).await;
        let photo = photo();
        let address = ask(&ana, "photo.jpg", "image/jpeg", photo.len()).await;
        assert!(is_done(put(&site, &address, &photo, &[]).await));
        let file = confirm(&ana, &address).await.ok(200);
        assert_eq!((&file["width"], &file["height"]), (&json!(500), &json!(1_000)), "as it is shown");
        send(&ana, &group, &file["id"]).await.ok(201);
        let path = format!("/files/{}", file["id"].as_str().unwrap());
        let whole = ana.get(&path).await;
        assert_eq!(whole.headers["content-length"], file["size"].to_string().as_str());
        assert!(!whole.text.contains("secret-place"));
        site.jobs_done().await;
        let link = ana.get(&format!("{path}/link")).await.ok(200)["url"].as_str().unwrap().to_owned();
        for (side, by_link) in [(200, false), (400, true), (800, false)] {
            let url = match by_link {
                true => format!("{}{link}&size={side}", site.url),
                false => format!("{}/api/v1{path}?size={side}", site.url),
            };
            let token = ana.token.clone().unwrap();
            let got = http::client().get(url).bearer_auth(token).send().await.unwrap();
            assert_eq!(got.headers()["content-type"], "image/jpeg");
            let small = image::load_from_memory(&got.bytes().await.unwrap()).unwrap();
            assert_eq!((small.width(), small.height()), (side / 2, side));
        }
        ana.get(&format!("{path}?size=300")).await.problem(422, "invalid");
        let mut kept = stored(&site, s3.as_ref()).await;
        kept.sort();
        let ends: Vec<&str> =
            kept.iter().filter_map(|key| key.rsplit_once('.')).map(|(_, end)| end).collect();
        assert_eq!(ends, ["200", "400", "800", "clean"]);
        let other = vec![7; photo.len()];
        let status = put(&site, &address, &other, &[]).await;
        assert!([404, 409, 412].contains(&status), "its address is not free again: {status}");
        let direct = s3.is_some() && site.app.blobs.origin().is_some();
        assert_eq!(kept.len(), if direct { 5 } else { 4 }, "held until its address has ended: {kept:?}");

        site.app.clock.advance(10);
        let admin = site.user_with("Ada", &["admin"]).await;
        let before = json!(site.app.clock.now());
        admin.post("/purges", json!({"before": before, "mode": "permanent"})).await.ok(200);
        assert_eq!(left(&site, s3.as_ref(), 0).await, 0, "all of it goes");
    }
}

#[tokio::test]
async fn a_photo_as_it_came_goes_once_nothing_can_come_in_its_place() {
    for (site, s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let photo = photo();
        let address = ask(&ana, "photo.jpg", "image/jpeg", photo.len()).await;
        assert!(is_done(put(&site, &address, &photo, &[]).await));
        confirm(&ana, &address).await.ok(200);
        crate::files::upload(&ana, "wall.png", PNG).await.ok(201);
        site.jobs_done().await;
        let ends = async || {
            let mut kept = stored(&site, s3.as_ref()).await;
            kept.sort();
            kept.iter().filter(|key| !key.contains('.')).count()
        };
        let direct = usize::from(site.app.blobs.origin().is_some());
        assert_eq!(ends().await, direct, "a form has no address, and ours looks at the row");
        site.app.clock.advance(86_400 + 400);
        // Nobody has sent it: it goes, too, a day later.
        site.jobs_done().await;
        assert_eq!(ends().await, 0);
    }
}

/// Names that are shown otherwise than they are sent.
#[tokio::test]
async fn a_name_is_looked_at_as_it_is_shown() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    for name in ["photo.png ", "photo.png\u{200B}", "photo.png\u{2069}"] {
        let refused = crate::files::upload(&ana, name, b"MZ\x90\0\x03\0\0\0").await.problem(422, "invalid");
        assert_eq!(refused["rule"], "type", "{name:?}");
        let body = json!({"name": name, "content_type": "application/pdf", "size": 9});
        ana.post("/files/uploads", body).await.problem(422, "invalid");
    }
}

/// Few bytes that are many pixels are refused before anybody opens them.
#[tokio::test]
async fn a_picture_of_too_many_pixels_is_refused() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(5_000, 5_000).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let refused = crate::files::upload(&ana, "sky.png", &png.into_inner()).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("file"), &json!("measures")));
    assert!(refused["detail"].as_str().unwrap().contains("5000 times 5000"));
    assert_eq!(left(&site, None, 0).await, 0);
}

#[tokio::test]
async fn limits_are_told_before_the_bytes_come() {
    let site = Site::start().await;
    let (ana, admin) = (site.user("Ana").await, site.user_with("Ada", &["admin"]).await);
    let group = ana.group("files", &[]).await;
    let settings =
        json!({"attachment_max_mb": 3, "picture_max_mb": 1, "message_files_max_mb": 3, "waiting_mb": 7});
    admin.patch("/settings", settings).await.ok(200);
    let asked = async |name: &str, kind: &str, size: i64| {
        ana.post("/files/uploads", json!({"name": name, "content_type": kind, "size": size})).await
    };
    asked("film.mp4", "video/mp4", 3_000_001).await.problem(413, "too_large");
    asked("photo.jpg", "image/jpeg", 1_000_001).await.problem(413, "too_large");
    for (field, name, kind, size) in [
        ("size", "a.png", "image/png", -1),
        ("content_type", "a.png", "image/png\r\nX: y", 1),
        ("name", "x".repeat(1_001).as_str(), "", 1),
        ("file", "a.png", "application/pdf", 1),
    ] {
        assert_eq!(asked(name, kind, size).await.problem(422, "invalid")["field"], field);
    }
    let first = asked("one.bin", "", 2_000_000).await.ok(201);
    let second = asked("two.bin", "", 2_000_000).await.ok(201);
    asked("three.bin", "", 3_000_001).await.problem(413, "too_large");
    asked("three.bin", "", 3_000_000).await.ok(201);
    asked("four.bin", "", 1).await.problem(429, "rate_limited");

    let bytes = vec![0; 2_000_000];
    for address in [&first, &second] {
        assert!(is_done(put(&site, address, &bytes, &[]).await));
        confirm(&ana, address).await.ok(200);
    }
    let both = json!({"body": "two", "attachment_ids": [first["id"], second["id"]]});
    let path = format!("/conversations/{group}/messages");
    let refused = ana.post(&path, both).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("attachment_ids"), &json!("max_size")));
    send(&ana, &group, &first["id"]).await.ok(201);

    admin.patch("/settings", json!({"common_files_only": true})).await.ok(200);
    assert_eq!(asked("tool.exe", "", 1).await.problem(422, "invalid")["rule"], "type");
    asked("plan.pdf", "application/pdf", 1).await.ok(201);
}

/// Erased and forgotten files are really gone.
#[tokio::test]
async fn nothing_stays_of_what_nobody_wants() {
    for (site, s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let group = ana.group("files", &[]).await;
        let sent = ask(&ana, "a.png", "image/png", PNG.len()).await;
        assert!(is_done(put(&site, &sent, PNG, &[]).await));
        confirm(&ana, &sent).await.ok(200);
        send(&ana, &group, &sent["id"]).await.ok(201);
        let forgotten = ask(&ana, "b.png", "image/png", PNG.len()).await;
        assert!(is_done(put(&site, &forgotten, PNG, &[]).await));
        assert_eq!(left(&site, s3.as_ref(), 3).await, if site.app.blobs.origin().is_some() { 3 } else { 2 });

        // Tokens of these tests are of now.
        site.app.clock.advance(10);
        let admin = site.user_with("Ada", &["admin"]).await;
        let before = json!(site.app.clock.now());
        admin.post("/purges", json!({"before": before, "mode": "permanent"})).await.ok(200);
        assert_eq!(left(&site, s3.as_ref(), 1).await, 1, "the one that is still waited for");
        // What runs at this moment would come again too late.
        site.jobs_done().await;
        site.app.clock.advance(2 * 3_600);
        assert_eq!(left(&site, s3.as_ref(), 0).await, 0);
    }
}

/// Two at once, and one that is confirmed meanwhile: one set of bytes wins, whole.
#[tokio::test]
async fn a_race_for_an_address_has_one_winner() {
    for (site, _s3) in everywhere().await {
        let ana = site.user("Ana").await;
        let address = ask(&ana, "notes.txt", "text/plain", 200_000).await;
        let texts: Vec<Vec<u8>> = (b'a'..b'e').map(|letter| vec![letter; 200_000]).collect();
        let tries = texts.iter().map(|text| put(&site, &address, text, &[]));
        let (puts, _) = tokio::join!(join_all(tries), async {
            for _ in 0..20 {
                confirm(&ana, &address).await;
            }
        });
        assert_eq!(puts.iter().filter(|status| is_done(**status)).count(), 1, "{puts:?}");
        let winner = puts.iter().position(|status| is_done(*status)).unwrap();
        confirm(&ana, &address).await.ok(200);
        let got = ana.get(&format!("/files/{}", address["id"].as_str().unwrap())).await;
        assert!(got.text.as_bytes() == texts[winner]);
    }
}

/// Storage that is away is told as such, and costs nobody else anything.
#[tokio::test]
async fn storage_that_does_not_answer_may_come_back() {
    let site = Site::with(|config| {
        let files = &mut config.files;
        files.s3_endpoint = Some("http://127.0.0.1:9".to_owned());
        files.s3_bucket = Some("files".to_owned());
        files.s3_access_key_id = Some("id".to_owned());
        files.s3_secret_access_key = Some("word".to_owned().into());
    })
    .await;
    let ana = site.user("Ana").await;
    let group = ana.group("files", &[]).await;
    let address = ask(&ana, "a.png", "image/png", PNG.len()).await;
    let refused = confirm(&ana, &address).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(503, "unavailable");
    crate::files::upload(&ana, "a.png", PNG).await.problem(503, "unavailable");
    ana.post(&format!("/conversations/{group}/messages"), json!({"body": "still here"})).await.ok(201);
}

/// The command runs beside no server, too: what it clears is gone when it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_from_the_command_line_takes_the_bytes_along() {
    let (data, _folder, _database) = tokio::task::spawn_blocking(fresh_data).await.unwrap();
    let folder = vec![("PARLOR_FILES", data.data.join("files").display().to_string())];
    let mut places = vec![(folder, None)];
    if let Some(s3) = s3::bucket().await {
        places.push((s3.variables(), Some(s3)));
    }
    for (environment, s3) in places {
        let options: Vec<String> = environment.iter().map(|(name, value)| flag(name, value)).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut server = Process::with(&data, &options);
        let ana = Person::arrive(&server.url, sign(&claims("Ana"), SECRET.as_bytes(), None).unwrap()).await;
        let group = ana.group("files", &[]).await;
        let file = crate::files::upload(&ana, "a.png", PNG).await.ok(201);
        send(&ana, &group, &file["id"]).await.ok(201);
        server.kill();
        let before = count(&data, s3.as_ref()).await;
        let (own, given, now) = (data.clone(), environment.clone(), Clock::System.now().rfc3339());
        let purged = tokio::task::spawn_blocking(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
            command.args(["purge", "--before", &now, "--data"]).arg(&own.data).envs(given);
            match &own.database {
                Some(url) => command.env("DATABASE_URL", url),
                None => command.env_remove("DATABASE_URL"),
            };
            command.output().unwrap()
        });
        let purged = purged.await.unwrap();
        assert!(purged.status.success(), "{}", String::from_utf8_lossy(&purged.stderr));
        assert_eq!((before, count(&data, s3.as_ref()).await), (1, 0));
    }
}

async fn count(data: &DataArgs, s3: Option<&S3>) -> usize {
    match s3 {
        Some(s3) => s3.keys().await.len(),
        None => in_folder(&data.data).len(),
    }
}

/// `S3_BUCKET` as `--s3-bucket=…`.
fn flag(name: &str, value: &str) -> String {
    let name = name.strip_prefix("PARLOR_").unwrap_or(name).to_lowercase().replace('_', "-");
    format!("--{name}={value}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_the_bucket_out() {
    let Some(s3) = s3::bucket().await else { return };
    let site = Site::start().await;
    let data = &site.data;
    let doctor = async |change: Option<(&'static str, &'static str)>| {
        let (data, environment) = (data.clone(), s3.variables());
        let run = tokio::task::spawn_blocking(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
            command.args(["doctor", "--data"]).arg(&data.data).envs(environment).envs(change);
            match &data.database {
                Some(url) => command.env("DATABASE_URL", url),
                None => command.env_remove("DATABASE_URL"),
            };
            command.output().unwrap()
        });
        let done = run.await.unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (well, told) = doctor(None).await;
    assert!(well && told.contains("stores, reads and removes"), "{told}");
    let (well, told) = doctor(Some(("S3_SECRET_ACCESS_KEY", "another"))).await;
    assert!(!well && told.contains("403") && told.contains("time of this machine"), "{told}");
    let (well, told) = doctor(Some(("S3_ENDPOINT", "http://127.0.0.1:9"))).await;
    assert!(!well && told.contains("refused"), "{told}");
    assert_eq!(s3.keys().await, [""; 0], "nothing of it stays");
}

#[tokio::test]
async fn an_infected_file_reaches_nobody() {
    let Some(mut clamd) = Clamd::start().await else { return };
    let site =
        Site::with(|config| config.files.clamd = Some(ClamdSetting(Some(clamd.address.parse().unwrap()))))
            .await;
    let (ana, admin) = (site.user("Ana").await, site.user_with("Ada", &["admin"]).await);
    let virus = eicar().into_bytes();
    let address = ask(&ana, "readme.txt", "text/plain", virus.len()).await;
    assert!(is_done(put(&site, &address, &virus, &[]).await));
    let refused = confirm(&ana, &address).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("file"), &json!("virus")));
    let by_form = crate::files::upload(&ana, "other.txt", &virus).await.problem(422, "invalid");
    assert!(by_form["detail"].as_str().unwrap().contains("Eicar-Test"));
    assert_eq!(left(&site, None, 0).await, 0, "nothing of it stays");
    let audit = admin.get("/audit?action=file.infected").await.ok(200);
    let names: Vec<&Value> =
        audit["items"].as_array().unwrap().iter().map(|row| &row["details"]["name"]).collect();
    assert_eq!(names, ["other.txt", "readme.txt"]);

    crate::files::upload(&ana, "plain.txt", b"just words").await.ok(201);
    let large = crate::files::upload(&ana, "large.bin", &vec![7; 3_000_000]).await.problem(422, "invalid");
    assert!(large["detail"].as_str().unwrap().contains("could not look"), "{large}");
    clamd.kill();
    crate::files::upload(&ana, "later.txt", b"words").await.problem(503, "unavailable");
}

#[tokio::test]
async fn files_are_taken_without_a_look_where_the_operator_says_so() {
    let site = Site::with(|config| {
        config.files.clamd = Some(ClamdSetting(Some("tcp://127.0.0.1:9".parse().unwrap())));
        config.files.clamd_optional = true;
    })
    .await;
    crate::files::upload(&site.user("Ana").await, "plain.txt", b"just words").await.ok(201);
}
