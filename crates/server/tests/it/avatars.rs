//! People's pictures: who chooses them, where everybody finds them, and what hostile ones come to.

use crate::support::http;
use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use parlor::auth::jwt::{Claims, sign};
use parlor_chat::{Time, attachments};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Person, Reply, Site, claims};

fn picture(colour: [u8; 3]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    RgbImage::from_pixel(60, 40, Rgb(colour)).write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

async fn choose(person: &Person, path: &str, bytes: Vec<u8>) -> Reply {
    person.send(person.request(Method::PUT, path).body(bytes)).await
}

async fn open(site: &Site, url: &Value) -> Response {
    http::get(format!("{}{}", site.url, url.as_str().unwrap())).await.unwrap()
}

#[tokio::test]
async fn everybody_sees_a_picture_until_it_is_replaced() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("faces", &[&ben]).await;
    let said = ana.say(&group, "before").await;
    let mut hears = ben.ws(None).await;
    let user = choose(&ana, "/me/avatar", picture([200, 30, 30])).await.ok(200);
    let url = &user["avatar_url"];
    assert_eq!(hears.next_of("user.updated").await["data"]["user"]["avatar_url"], *url);
    assert_eq!(ana.get("/me").await.ok(200)["avatar_url"], *url);
    let seen = ben.get(&format!("/messages/{}", said["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(seen["author"]["avatar_url"], *url);
    assert_eq!(ana.say(&group, "after").await["author"]["avatar_url"], *url);

    let got = open(&site, url).await;
    let header = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((got.status().as_u16(), header("content-type")), (200, "image/jpeg".to_owned()));
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("sandbox"));
    let shown = image::load_from_memory(&got.bytes().await.unwrap()).unwrap().to_rgb8();
    assert_eq!(shown.dimensions(), (256, 256));

    let fresh = choose(&ana, "/me/avatar", picture([30, 30, 200])).await.ok(200);
    assert_ne!(fresh["avatar_url"], *url);
    assert_eq!(open(&site, url).await.status(), 404, "the one before is gone");
    assert_eq!(open(&site, &fresh["avatar_url"]).await.status(), 200);
    hears.next_of("user.updated").await;
    assert_eq!(ana.delete("/me/avatar").await.ok(200)["avatar_url"], Value::Null);
    assert_eq!(hears.next_of("user.updated").await["data"]["user"]["avatar_url"], Value::Null);
    assert_eq!(open(&site, &fresh["avatar_url"]).await.status(), 404);
    ana.delete("/me/avatar").await.ok(200);
    let admin = site.user_with("Ada", &["admin"]).await;
    assert_eq!(
        admin.get("/audit?action=user.avatar").await.ok(200)["items"],
        json!([]),
        "one's own is no news"
    );
    admin.post("/purges", json!({"before": 1, "mode": "permanent"})).await.ok(200);
    let tenant = std::fs::read_dir(site.data.data.join("files")).unwrap().next().unwrap().unwrap();
    assert_eq!(std::fs::read_dir(tenant.path()).unwrap().count(), 0, "nothing of them is left");
}

#[tokio::test]
async fn others_pictures_are_for_administrators() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let admin = site.user_with("Ada", &["admin"]).await;
    let path = format!("/users/{}/avatar", ana.id);
    let refused = choose(&ben, &path, picture([1, 2, 3])).await.problem(403, "forbidden");
    assert_eq!(refused["right"], "manage_users");
    ben.delete(&path).await.problem(403, "forbidden");
    choose(&site.contact("Kim").await, "/me/avatar", picture([1, 2, 3])).await.problem(403, "forbidden");
    choose(&site.stranger(), "/me/avatar", picture([1, 2, 3])).await.problem(401, "unauthorized");
    let url = choose(&admin, &path, picture([1, 2, 3])).await.ok(200)["avatar_url"].clone();
    assert_eq!(open(&site, &url).await.status(), 200);
    let rows = admin.get("/audit?action=user.avatar").await.ok(200);
    assert_eq!(
        (&rows["items"][0]["entity_id"], &rows["items"][0]["details"]["removed"]),
        (&json!(ana.id), &json!(false))
    );
    // An address of elsewhere takes the place of the picture, which is gone then.
    let elsewhere = json!({"avatar_url": "https://example.com/ana.png"});
    admin.patch(&format!("/users/{}", ana.id), elsewhere).await.ok(200);
    assert_eq!(open(&site, &url).await.status(), 404);

    let secret = site.tenant("acme").await;
    let roles = Some(vec!["admin".to_owned()]);
    let token = sign(&Claims { tenant: "acme".to_owned(), roles, ..claims("Eve") }, secret.as_bytes(), None);
    let eve = Person::arrive(&site.url, token.unwrap()).await;
    choose(&eve, &path, picture([1, 2, 3])).await.problem(404, "not_found");
    eve.delete(&path).await.problem(404, "not_found");
    let hers = choose(&eve, "/me/avatar", picture([1, 2, 3])).await.ok(200)["avatar_url"].clone();
    let (place, id) = hers.as_str().unwrap().rsplit_once('/').unwrap();
    let ours = url.as_str().unwrap().rsplit_once('/').unwrap().0;
    assert_eq!(open(&site, &json!(format!("{ours}/{id}"))).await.status(), 404, "only with its tenant");
    assert_eq!(open(&site, &json!(format!("{place}/{id}"))).await.status(), 200);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_at_the_field() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let whole = picture([1, 2, 3]);
    for no_picture in
        [b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), b"%PDF-1.7".to_vec(), whole[..40].to_vec()]
    {
        let refused = choose(&ana, "/me/avatar", no_picture).await.problem(422, "invalid");
        assert_eq!((&refused["field"], &refused["rule"]), (&json!("picture"), &json!("picture")));
    }
    let large = choose(&ana, "/me/avatar", vec![0; 8_000_001]).await.problem(413, "too_large");
    assert_eq!(large["field"], "picture");
    assert_eq!(ana.get("/me").await.ok(200)["avatar_url"], Value::Null);
    let kept = std::fs::read_dir(site.data.data.join("files")).unwrap().count();
    assert_eq!(kept, 0, "what was refused leaves nothing");
    let many = async {
        loop {
            let reply = choose(&ana, "/me/avatar", b"no".to_vec()).await;
            if reply.status != 422 {
                return reply;
            }
        }
    };
    many.await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_picture_is_no_attachment() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("faces", &[&ben]).await;
    let url = choose(&ana, "/me/avatar", picture([1, 2, 3])).await.ok(200)["avatar_url"].clone();
    let id = url.as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
    let claimed = json!({"body": "", "attachment_ids": [id]});
    ana.post(&format!("/conversations/{group}/messages"), claimed).await.problem(422, "invalid");
    ana.get(&format!("/files/{id}")).await.problem(404, "not_found");
    ana.get(&format!("/files/{id}/link")).await.problem(404, "not_found");
    ana.patch(&format!("/files/{id}"), json!({"description": "me"})).await.problem(404, "not_found");
    // It waits for no message, and so is not given up like files that nobody sends.
    let late = Time(i64::MAX);
    site.app.db.write_plain(0, move |tx| attachments::give_up(tx, late)).await.unwrap();
    assert_eq!(open(&site, &url).await.status(), 200);
    let file = crate::files::upload(&ana, "a.png", crate::files::PNG).await.ok(201);
    let as_avatar =
        format!("{}/{}", url.as_str().unwrap().rsplit_once('/').unwrap().0, file["id"].as_str().unwrap());
    assert_eq!(open(&site, &json!(as_avatar)).await.status(), 404, "and files are no pictures of people");
}
