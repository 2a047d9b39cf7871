//! What other sites may do with our pages: load the scripts, frame the inbox where they were named, and never meet the playground.

use crate::support::http;

use crate::support::Site;

async fn policy(site: &Site, path: &str) -> String {
    let page = http::client().get(format!("{}{path}", site.url)).send().await.unwrap();
    page.headers()["content-security-policy"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_named_origins_frame_the_inbox() {
    let site =
        Site::with(|config| config.origins = vec!["*".to_owned(), "https://crm.example".to_owned()]).await;
    let framed = policy(&site, "/app/?embed=1").await;
    assert!(framed.ends_with("frame-ancestors 'self' https://crm.example"), "{framed}");
    assert!(policy(&site, "/app/c/1?host=x&embed=1").await.contains("https://crm.example"));
    for path in ["/app/", "/app/?embed=10", "/app/?xembed=1"] {
        assert!(policy(&site, path).await.ends_with("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn there_is_no_playground_unless_it_is_asked_for() {
    let site = Site::start().await;
    for path in ["/playground", "/playground/", "/playground/index.html", "/playground/token?sub=1"] {
        let reply = http::client().get(format!("{}{path}", site.url)).send().await.unwrap();
        assert_eq!(reply.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_playground_signs_anybody_in() {
    let site = Site::with(|config| config.playground = true).await;
    let ana = site.user("Ana").await;
    let address = format!("{}/playground/token?sub=p-7&name=Pia", site.url);
    let token = http::client().get(address).send().await.unwrap().text().await.unwrap();
    let me = http::client().get(format!("{}/api/v1/me", site.url)).bearer_auth(token);
    let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(me["name"], "Pia");
    // The host's own id finds the person whom a "Discuss" button means.
    let found = ana.get("/users?external_id=p-7").await.ok(200);
    assert_eq!(found["items"][0]["id"], me["id"]);
    assert_eq!(ana.get("/users?external_id=nobody").await.ok(200)["items"].as_array().unwrap().len(), 0);
}

#[test]
fn the_playground_stays_on_this_machine() {
    let (data, _folder, _database) = crate::support::fresh_data();
    let mut config = crate::support::options_on(&data);
    config.playground = true;
    config.listen = "0.0.0.0:0".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(parlor::serve::Server::bind(&data, config, parlor::clock::Clock::System));
    assert!(refused.unwrap_err().to_string().contains("127.0.0.1"));
}
