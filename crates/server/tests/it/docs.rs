//! The description of the API is the code's, and the page that shows it works without the outside.

use crate::support::Site;
use crate::support::http;

/// Run `parlor openapi > docs/api/openapi.json` after changing the API.
#[test]
fn the_checked_in_description_is_the_codes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == parlor::http::openapi::text(&parlor::router::document()),
        "run: parlor openapi > docs/api/openapi.json"
    );
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let site = Site::start().await;
    let ana = site.stranger();
    for (path, kind) in [
        ("/api/docs/", "text/html; charset=utf-8"),
        ("/api/docs/docs.js", "text/javascript; charset=utf-8"),
        ("/api/docs/docs.css", "text/css; charset=utf-8"),
        ("/api/v1/openapi.json", "application/json"),
    ] {
        let response = ana.client.get(format!("{}{path}", site.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], kind);
        let text = response.text().await.unwrap();
        assert!(path.ends_with("json") || !text.contains("https://"), "{path}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document: serde_json::Value =
        serde_json::from_str(&parlor::http::openapi::text(&parlor::router::document())).unwrap();
    let mut names: Vec<String> = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["responses"]["default"].is_object());
        }
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all > 60, "{all}");
}

#[tokio::test]
async fn pages_of_the_app_share_a_path_with_the_pusher_protocol() {
    let site = Site::start().await;
    let client = http::client();
    for page in ["/app/login", "/app/setup", "/app/search"] {
        let answer = client.get(format!("{}{page}", site.url)).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
    }
    let missing = client.get(format!("{}/app/missing.js", site.url)).send().await.unwrap();
    assert_eq!(missing.status(), 404);
}
