//! Attached files: from the upload to the link, and what hostile uploads come to.

use crate::support::http;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parlor::clock::Clock;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Person, Reply, Site};

/// One grey pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\
    \0\0\0\nIDATx\xdach\0\0\0\x82\0\x81\xdaE\x08;\0\0\0\0IEND\xaeB`\x82";

pub async fn upload(person: &Person, name: &str, bytes: &[u8]) -> Reply {
    let mime = if name.ends_with(".png") { "image/png" } else { "application/octet-stream" };
    let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(mime).unwrap();
    person.send(person.request(Method::POST, "/files").multipart(Form::new().part("file", part))).await
}

async fn group(site: &Site) -> (Person, Person, Person, String) {
    let (ana, ben, eve) = (site.user("Ana").await, site.user("Ben").await, site.user("Eve").await);
    let id = ana.group("files", &[&ben]).await;
    (ana, ben, eve, id)
}

async fn send(person: &Person, group: &str, body: &str, files: &[&Value]) -> Reply {
    person
        .post(&format!("/conversations/{group}/messages"), json!({"body": body, "attachment_ids": files}))
        .await
}

#[tokio::test]
async fn a_picture_travels_with_a_message() {
    let site = Site::start().await;
    let (ana, ben, eve, group) = group(&site).await;
    let file = upload(&ana, "holiday.png", PNG).await.ok(201);
    assert_eq!((&file["name"], &file["content_type"]), (&json!("holiday.png"), &json!("image/png")));
    let path = format!("/files/{}", file["id"].as_str().unwrap());
    ben.get(&path).await.problem(404, "not_found");
    let mut hears = ben.ws(None).await;
    let sent = send(&ana, &group, "", &[&file["id"]]).await.ok(201);
    assert_eq!((&sent["body"], &sent["attachments"]), (&json!(""), &json!([file])));
    assert_eq!(hears.next_of("message.posted").await["data"]["message"]["attachments"], json!([file]));
    let list = ben.get("/conversations").await.ok(200);
    assert_eq!(list["items"][0]["last_message"]["preview"], "holiday.png");

    let got = ben.get(&path).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.headers["content-type"], "image/png");
    assert_eq!(got.headers["content-disposition"], "inline; filename*=UTF-8''holiday.png");
    assert!(got.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert_eq!(got.headers["x-content-type-options"], "nosniff");
    assert_eq!(got.headers["content-length"], PNG.len().to_string().as_str());
    eve.get(&path).await.problem(404, "not_found");
    eve.get(&format!("{path}/link")).await.problem(404, "not_found");

    let link = ben.get(&format!("{path}/link")).await.ok(200);
    let url = link["url"].as_str().unwrap();
    let open = |url: String| async move { http::get(url).await.unwrap().status().as_u16() };
    assert_eq!(open(format!("{}{url}", site.url)).await, 200);
    let later = url.replace("expires=", "expires=1");
    assert_eq!(open(format!("{}{later}", site.url)).await, 403, "a link serves for the time it was made for");
    let other = upload(&ana, "other.png", PNG).await.ok(201);
    let swapped = url.replace(file["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    assert_eq!(open(format!("{}{swapped}", site.url)).await, 403);

    ana.delete(&format!("/messages/{}", sent["id"].as_str().unwrap())).await.ok(200);
    ben.get(&path).await.problem(404, "not_found");
    assert_eq!(open(format!("{}{url}", site.url)).await, 404, "not even by link");
}

#[tokio::test]
async fn a_link_serves_one_file_of_one_tenant_for_some_minutes() {
    let site = Site::at(Clock::fixed(Clock::System.now()), |_| {}).await;
    let (ana, _, eve, group) = group(&site).await;
    let file = upload(&ana, "plan.png", PNG).await.ok(201);
    send(&ana, &group, "", &[&file["id"]]).await.ok(201);
    let path = format!("/files/{}/link", file["id"].as_str().unwrap());
    eve.get(&path).await.problem(404, "not_found");
    let link = async || ana.get(&path).await.ok(200)["url"].as_str().unwrap().to_owned();
    let open = async |url: &str| http::get(format!("{}{url}", site.url)).await.unwrap().status().as_u16();
    let url = link().await;
    assert_eq!(open(&url).await, 200);

    let (address, signature) = url.split_once("signature=").unwrap();
    let signed = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for at in [0, 15, 16, signed.len() - 1] {
        let mut other = signed.clone();
        other[at] ^= 1;
        let forged = format!("{address}signature={}", URL_SAFE_NO_PAD.encode(other));
        assert_eq!(open(&forged).await, 403, "byte {at}: of another tenant, or not ours");
    }
    for cut in ["", "AAAA", &signature[..signature.len() - 2]] {
        assert_eq!(open(&format!("{address}signature={cut}")).await, 403);
    }
    site.app.clock.advance(599);
    assert_eq!(open(&url).await, 200);
    site.app.clock.advance(1);
    assert_eq!(open(&url).await, 403, "its time is over");
    assert_eq!(open(&link().await).await, 200, "and there is a new one for who may still read");
}

/// Players and downloads that go on where they were cut off.
#[tokio::test]
async fn a_part_of_a_file_is_answered_to_who_may_read_it() {
    let site = Site::start().await;
    let (ana, ben, eve, group) = group(&site).await;
    let text: Vec<u8> = (0..200_000_u32).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
    let file = upload(&ana, "long.txt", &text).await.ok(201);
    send(&ana, &group, "", &[&file["id"]]).await.ok(201);
    let path = format!("/files/{}", file["id"].as_str().unwrap());
    let link = ben.get(&format!("{path}/link")).await.ok(200)["url"].as_str().unwrap().to_owned();
    let ask = async |method: Method, headers: &[(&str, &str)]| {
        let mut request = ben.request(method, &path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        ben.send(request).await
    };
    let whole = ask(Method::GET, &[]).await;
    let etag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(
        (whole.status, whole.text.len(), &whole.headers["accept-ranges"]),
        (200, text.len(), &"bytes".parse().unwrap())
    );

    for (range, part) in
        [("bytes=0-9", 0..10), ("bytes=70000-140000", 70_000..140_001), ("bytes=-5", 199_995..200_000)]
    {
        for by_link in [false, true] {
            let reply = match by_link {
                false => ask(Method::GET, &[("range", range)]).await,
                true => {
                    let request =
                        site.stranger().client.get(format!("{}{link}", site.url)).header("range", range);
                    site.stranger().send(request).await
                }
            };
            assert_eq!(reply.status, 206, "{range}: {}", reply.text);
            assert_eq!(reply.text.as_bytes(), &text[part.clone()], "{range}");
            let told = format!("bytes {}-{}/200000", part.start, part.end - 1);
            assert_eq!(reply.headers["content-range"], told.as_str());
        }
    }
    let nowhere = ask(Method::GET, &[("range", "bytes=200000-")]).await;
    assert_eq!(nowhere.headers["content-range"], "bytes */200000");
    nowhere.problem(416, "range");
    assert_eq!(ask(Method::GET, &[("if-none-match", &etag)]).await.status, 304);
    let other = ask(Method::GET, &[("if-range", "\"other\""), ("range", "bytes=0-1")]).await;
    assert_eq!(
        (other.status, other.text.len()),
        (200, text.len()),
        "what was begun of another file is begun anew"
    );
    let head = ask(Method::HEAD, &[]).await;
    assert_eq!(
        (head.status, head.text.len(), &head.headers["content-length"]),
        (200, 0, &"200000".parse().unwrap())
    );

    // A part is no way around the rules.
    let asked = eve.request(Method::GET, &path).header("range", "bytes=0-9").header("if-none-match", &etag);
    eve.send(asked).await.problem(404, "not_found");
    ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.ok(204);
    assert_eq!(ask(Method::GET, &[("range", "bytes=0-9"), ("if-none-match", &etag)]).await.status, 404);
}

#[tokio::test]
async fn a_file_is_sent_once_and_by_its_uploader() {
    let site = Site::start().await;
    let (ana, ben, _, group) = group(&site).await;
    let file = upload(&ana, "a.png", PNG).await.ok(201);
    let refused = send(&ben, &group, "mine", &[&file["id"]]).await.problem(422, "invalid");
    assert_eq!(refused["field"], "attachment_ids");
    send(&ana, &group, "twice", &[&file["id"], &file["id"]]).await.problem(422, "invalid");
    send(&ana, &group, "once", &[&file["id"]]).await.ok(201);
    send(&ana, &group, "again", &[&file["id"]]).await.problem(422, "invalid");
    send(&ana, &group, "", &[]).await.problem(422, "invalid");
}

#[tokio::test]
async fn hostile_uploads_come_to_nothing() {
    let site = Site::start().await;
    let (ana, ben, _, group) = group(&site).await;
    let page = b"<!DOCTYPE html><script>alert(1)</script>";
    let refused = upload(&ana, "innocent.png", page).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("file"), &json!("type")));
    let page = upload(&ana, "page.html", page).await.ok(201);
    assert_eq!(page["content_type"], "text/html");
    send(&ana, &group, "look", &[&page["id"]]).await.ok(201);
    let got = ben.get(&format!("/files/{}", page["id"].as_str().unwrap())).await;
    assert_eq!(got.headers["content-type"], "application/octet-stream");
    assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));

    let sly = upload(&ana, "../../../../etc/passwd", PNG).await.ok(201);
    assert_eq!(sly["name"], "passwd");
    site.jobs_done().await;
    let root = site.data.data.join("files");
    let mut found = Vec::new();
    for tenant in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(tenant.unwrap().path()).unwrap() {
            found.push(file.unwrap().file_name().into_string().unwrap());
        }
    }
    assert_eq!(found.len(), 2);
    let is_id = |name: &String| name.trim_end_matches(".clean").len() == 32;
    assert!(found.iter().all(is_id), "names are ids: {found:?}");

    let admin = site.user_with("Ada", &["admin"]).await;
    admin.patch("/settings", json!({"attachment_max_mb": 1})).await.ok(200);
    upload(&ana, "large.bin", &vec![7; 1_000_001]).await.problem(413, "too_large");
    upload(&ana, "fits.bin", &vec![7; 1_000_000]).await.ok(201);
    admin.patch("/settings", json!({"attachment_max_mb": 0})).await.ok(200);
    upload(&ana, "none.bin", b"x").await.problem(413, "too_large");
    site.jobs_done().await;
    let rest = std::fs::read_dir(root)
        .unwrap()
        .flat_map(|tenant| std::fs::read_dir(tenant.unwrap().path()).unwrap());
    assert_eq!(rest.count(), 3, "what was refused leaves nothing");
    ana.post("/files", json!({"file": "x"})).await.problem(400, "malformed");
}

/// A PNG that is 640 pixels wide and 480 high.
fn wide_png() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(640, 480).write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[tokio::test]
async fn pictures_tell_their_measures_and_are_described_before_they_are_sent() {
    let site = Site::start().await;
    let (ana, ben, _, group) = group(&site).await;
    let file = upload(&ana, "wall.png", &wide_png()).await.ok(201);
    assert_eq!((&file["width"], &file["height"]), (&json!(640), &json!(480)));
    assert_eq!(upload(&ana, "broken.png", &wide_png()[..100]).await.ok(201)["width"], 640);
    let telling = [&wide_png()[..100], b"Exif\0\0secret-place"].concat();
    let refused = upload(&ana, "broken.png", &telling).await.problem(422, "invalid");
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("file"), &json!("picture")));
    let path = format!("/files/{}", file["id"].as_str().unwrap());
    ben.patch(&path, json!({"description": "not mine"})).await.problem(404, "not_found");
    ana.patch(&path, json!({"description": "x".repeat(1_001)})).await.problem(422, "invalid");
    let told = ana.patch(&path, json!({"description": " The north wall "})).await.ok(200);
    assert_eq!(told["description"], "The north wall");
    let sent = send(&ana, &group, "", &[&file["id"]]).await.ok(201);
    assert_eq!(sent["attachments"], json!([told]));
    ana.patch(&path, json!({"description": "too late"})).await.problem(404, "not_found");
}

#[tokio::test]
async fn search_finds_what_has_a_file_a_picture_or_a_link() {
    let site = Site::start().await;
    let (ana, ben, eve, group) = group(&site).await;
    let picture = upload(&ana, "wall.png", &wide_png()).await.ok(201);
    let list = upload(&ana, "list.csv", b"a;b").await.ok(201);
    send(&ana, &group, "", &[&picture["id"]]).await.ok(201);
    send(&ana, &group, "the heron list", &[&list["id"]]).await.ok(201);
    send(&ben, &group, "heron at https://example.com", &[]).await.ok(201);
    send(&ben, &group, "just a heron", &[]).await.ok(201);
    let found = async |who: &Person, query: &str| {
        let page = who.get(&format!("/search?{query}")).await.ok(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(found(&ben, "q=heron").await, 3);
    assert_eq!(found(&ben, "q=heron&has=file").await, 1);
    assert_eq!(found(&ben, "has=file").await, 2);
    assert_eq!(found(&ben, "has=picture").await, 1);
    assert_eq!(found(&ben, "q=&has=link").await, 1);
    assert_eq!(found(&eve, "has=file").await, 0, "nothing of a group that she is not in");
    ben.get("/search?has=cake").await.problem(422, "invalid");
    ben.get("/search?q=").await.problem(422, "invalid");
}
