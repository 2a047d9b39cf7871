//! What people write, and what others write to break things.

use reqwest::Method;
use serde_json::json;

use crate::support::Site;

#[tokio::test]
async fn what_is_kept_as_written() {
    let site = Site::start().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("texts", &[&ben]).await;
    for text in [
        "שלום עולם",
        "مرحبا",
        "👩‍👩‍👧‍👦 🏳️‍🌈",
        "日本語 ไทย",
        "a\u{202e}b",
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "line\nbreak",
        "' OR 1=1; --",
    ] {
        let sent = ana.say(&group, text).await;
        assert_eq!(sent["body"], text);
        let read = ben.get(&format!("/messages/{}", sent["id"].as_str().unwrap())).await.ok(200);
        assert_eq!(read["body"], text);
        let html = read["html"].as_str().unwrap().to_lowercase();
        assert!(!html.contains("<script") && !html.contains("href=\"javascript"), "{html}");
    }
}

#[tokio::test]
async fn what_is_refused() {
    let site = Site::start().await;
    let ana = site.user("Ana").await;
    let group = ana.group("texts", &[&site.user("Ben").await]).await;
    let path = format!("/conversations/{group}/messages");
    for text in ["", "   \n\t", "\u{200b}\u{200b}"] {
        let problem = ana.post(&path, json!({"body": text})).await.problem(422, "invalid");
        assert_eq!((&problem["field"], &problem["rule"]), (&json!("body"), &json!("not_empty")), "{text:?}");
    }
    ana.post(&path, json!({"body": "a\0b"})).await.problem(422, "invalid");
    ana.post(&path, json!({"body": "x".repeat(900_000)})).await.problem(413, "too_large");
    ana.post(&path, json!({"body": "x".repeat(1_100_000)})).await.problem(413, "too_large");
    let raw = ana.request(Method::POST, &path).header("content-type", "application/json");
    ana.send(raw.body(&b"{\"body\":\"\xc3\x28\"}"[..])).await.problem(400, "malformed");
    let lone = ana.request(Method::POST, &path).header("content-type", "application/json");
    ana.send(lone.body(r#"{"body":"\ud800"}"#)).await.problem(400, "malformed");
    assert_eq!(ana.get(&path).await.ok(200)["items"], json!([]));
}
