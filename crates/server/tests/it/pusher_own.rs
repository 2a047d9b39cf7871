//! Parlor's own channels over the Pusher protocol: its rules decide who joins and who stays, whoever signed.

use std::time::Duration;

use parlor::auth::jwt::Claims;
use parlor_realtime::protocol::pusher::signature::Signer;
use serde_json::{Value, json};

use crate::support::pusher::{APP, Pusher, Server, authorize, options, site, site_with};
use crate::support::{Person, Sio, Site, claims, now};

fn event(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

async fn pair(site: &Site) -> (Person, Person, String) {
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let group = ana.group("talk", &[&ben]).await;
    (ana, ben, group)
}

fn data(id: &str) -> String {
    json!({"user_id": id, "user_info": {"name": id}}).to_string()
}

#[tokio::test]
async fn a_conversation_reaches_its_channel() {
    let site = site().await;
    let (ana, ben, group) = pair(&site).await;
    let channel = format!("private-conversation-{group}");
    let mut client = Pusher::open(&site).await;
    client.join_as(&ben, &channel).await;
    let sent = ana.say(&group, "hello").await;
    let frame = client.next_of("message.posted").await;
    assert_eq!(frame["channel"], channel.as_str());
    assert_eq!(event(&frame)["data"]["message"]["id"], sent["id"]);
    ana.post(&format!("/conversations/{group}/read"), json!({})).await.ok(200);
    let other = ana.group("elsewhere", &[&ben]).await;
    ana.say(&other, "not here").await;
    ana.say(&group, "again").await;
    assert_eq!(event(&client.next_of("message.posted").await)["data"]["message"]["body"], "again");
    // One's own channel carries everything.
    let own = format!("private-user-{}", ben.id);
    client.join_as(&ben, &own).await;
    ana.say(&other, "there").await;
    let frame = client.next_of("message.posted").await;
    assert_eq!((&frame["channel"], &event(&frame)["conversation_id"]), (&json!(own), &json!(other)));
    ana.post(&format!("/conversations/{group}/typing"), json!({})).await.ok(204);
    ana.say(&group, "both").await;
    let frames = [client.next_of("message.posted").await, client.next_of("message.posted").await];
    let mut channels = frames.map(|frame| frame["channel"].as_str().unwrap().to_owned());
    channels.sort();
    assert_eq!(channels, [channel, own]);
}

/// Over Pusher and as Laravel Echo says it, a note is typed for those who read notes.
#[tokio::test]
async fn a_note_is_not_typed_on_the_customers_channel() {
    let site = site().await;
    let (agent, customer) = (site.user_with("Agent", &["admin"]).await, site.contact("Carla").await);
    let opened =
        customer.post("/conversations", json!({"kind": "support", "message": {"body": "hello"}})).await;
    let id = opened.ok(201)["id"].as_str().unwrap().to_owned();
    let channel = format!("private-conversation-{id}");
    let (mut writes, mut sees) = (Pusher::open(&site).await, Pusher::open(&site).await);
    writes.join_as(&agent, &channel).await;
    sees.join_as(&customer, &channel).await;
    let whisper = |note: bool| json!({"event": "client-typing", "channel": channel, "data": {"typing": true, "is_private_note": note}});
    writes.send(whisper(true)).await;
    // Some clients put the object into a text; and of what cannot be read, fewer are told.
    for text in [r#"{"typing":true,"is_private_note":true}"#, "note"] {
        writes.send(json!({"event": "client-typing", "channel": channel, "data": text})).await;
    }
    writes.until_pong().await;
    agent.say(&id, "hello").await;
    loop {
        let told = sees.frame().await.unwrap();
        let name = told["event"].as_str().unwrap().to_owned();
        assert!(name != "typing" && name != "client-typing", "the note is typed before the customer: {told}");
        if name == "message.posted" {
            break;
        }
    }
    writes.send(whisper(false)).await;
    sees.next_of("typing").await;
}

#[tokio::test]
async fn the_secret_alone_opens_no_conversation() {
    let site = site().await;
    let (ana, ben, group) = pair(&site).await;
    let eve = site.user("Eve").await;
    let channel = format!("private-conversation-{group}");
    let mut client = Pusher::open(&site).await;
    let refused = client.refused(&channel, None).await;
    assert_eq!(refused["status"], 403);
    assert!(refused["error"].as_str().unwrap().contains("user_id"), "{refused}");
    for (who, status) in [(eve.id.as_str(), 403), ("eve", 403), ("nobody", 403), ("contact:ana", 403)] {
        let refused = client.refused(&channel, Some(&data(who))).await;
        assert_eq!(refused["status"], status, "{who}");
    }
    let of_ana = format!("private-user-{}", ana.id);
    assert_eq!(client.refused(&of_ana, Some(&data(&ben.id))).await["status"], 403);
    // Named by the host's id or by Parlor's.
    client.join(&channel, Some(&data("ben"))).await;
    client.join(&format!("private-user-{}", ben.id), Some(&data(&ben.id))).await;
    let refused = client.refused(&of_ana, Some(&data("ana"))).await;
    assert!(refused["error"].as_str().unwrap().contains("another person"), "one connection, one person");
    // Names that carry no id of Parlor's are the application's own.
    client.join("private-user-7", None).await;
    client.join("private-conversation-general", None).await;
    // A signed-in user is a person too.
    let mut signed_in = Pusher::open(&site).await;
    signed_in.sign_in(json!({"id": "ana"})).await;
    signed_in.join(&channel, None).await;
    signed_in.join(&of_ana, None).await;
}

#[tokio::test]
async fn parlors_answers_follow_its_rules() {
    let site = site().await;
    let (ana, _, group) = pair(&site).await;
    let (eve, cleo) = (site.user("Eve").await, site.contact("Cleo").await);
    let channel = format!("private-conversation-{group}");
    for path in ["/pusher/auth", "/broadcasting/auth"] {
        let answer = authorize(&ana, path, "1.2", &channel).await.ok(200);
        let data: Value = serde_json::from_str(answer["channel_data"].as_str().unwrap()).unwrap();
        assert_eq!((&data["user_id"], &data["user_info"]["name"]), (&json!(ana.id), &json!("Ana")));
        let auth = APP.channel("1.2", &channel, answer["channel_data"].as_str());
        assert_eq!(answer["auth"], auth.as_str());
        authorize(&eve, path, "1.2", &channel).await.problem(403, "forbidden");
        authorize(&site.stranger(), path, "1.2", &channel).await.problem(401, "unauthorized");
        authorize(&ana, path, "1.2", &format!("private-user-{}", eve.id)).await.problem(403, "forbidden");
        authorize(&cleo, path, "1.2", "presence-inbox").await.problem(403, "forbidden");
        authorize(&ana, path, "1.2", "presence-inbox").await.ok(200);
        for channel in ["private-orders", "presence-lobby", "private-encrypted-x"] {
            authorize(&ana, path, "1.2", channel).await.problem(403, "forbidden");
        }
        authorize(&ana, path, "1.2", "public").await.problem(422, "invalid");
        authorize(&ana, path, "junk", &channel).await.problem(422, "invalid");
    }
    for path in ["/pusher/user-auth", "/broadcasting/user-auth"] {
        let answer = authorize(&ana, path, "1.2", "").await.ok(200);
        let data: Value = serde_json::from_str(answer["user_data"].as_str().unwrap()).unwrap();
        assert_eq!(data["id"], ana.id.as_str());
        assert_eq!(answer["auth"], APP.user("1.2", answer["user_data"].as_str().unwrap()).as_str());
    }
}

#[tokio::test]
async fn the_application_may_let_people_join_its_own_channels() {
    let site = site().await;
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let patterns = json!(["private-orders", "presence-room-*", "private-encrypted-*"]);
    options(&site, json!({"client_auth": patterns, "encryption_master_key": key})).await;
    let ana = site.user("Ana").await;
    let mut client = Pusher::open(&site).await;
    client.join_as(&ana, "private-orders").await;
    let told = client.join_as(&ana, "presence-room-1").await;
    assert_eq!(told["presence"]["hash"][&ana.id]["name"], "Ana");
    let answer = authorize(&ana, "/pusher/auth", &client.id, "private-encrypted-x").await.ok(200);
    assert!(answer["shared_secret"].as_str().unwrap().len() > 40);
    authorize(&ana, "/pusher/auth", &client.id, "private-orders-2").await.problem(403, "forbidden");
}

#[tokio::test]
async fn cookies_serve_from_our_own_pages_only() {
    let site = site().await;
    let ana = site.user("Ana").await;
    let reply = site.stranger().post("/sessions", json!({"token": ana.token})).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let stranger = site.stranger();
    let ask = |headers: &[(&str, &str)]| {
        let mut request = stranger.client.post(format!("{}/pusher/auth", site.url)).header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let form = "socket_id=1.2&channel_name=presence-inbox";
        stranger.send(request.header("content-type", "application/x-www-form-urlencoded").body(form))
    };
    assert_eq!(ask(&[]).await.status, 403);
    assert_eq!(ask(&[("origin", "https://evil.example"), ("x-csrf-token", "x")]).await.status, 403);
    assert_eq!(ask(&[("origin", &site.url)]).await.status, 200);
    assert_eq!(ask(&[("x-csrf-token", "x")]).await.status, 200);
    assert_eq!(ask(&[("x-parlor-csrf", "1")]).await.status, 200);
}

#[tokio::test]
async fn who_is_removed_hears_no_more() {
    let site = site().await;
    let (ana, ben, group) = pair(&site).await;
    let (reads, views) = (format!("private-conversation-{group}"), format!("presence-conversation-{group}"));
    let (mut of_ana, mut of_ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    for (client, person) in [(&mut of_ana, &ana), (&mut of_ben, &ben)] {
        client.join_as(person, &reads).await;
        client.join_as(person, &views).await;
    }
    of_ben.tell(&views, "client-typing", json!({})).await;
    assert_eq!(of_ana.next_of("client-typing").await["user_id"], ben.id.as_str());
    ana.delete(&format!("/conversations/{group}/participants/{}", ben.id)).await.ok(204);
    let last = of_ben.next_of("participant.removed").await;
    assert_eq!(event(&last)["conversation_id"], group.as_str());
    let mut told = [
        of_ben.next_of("pusher:subscription_error").await,
        of_ben.next_of("pusher:subscription_error").await,
    ]
    .map(|frame| frame["channel"].as_str().unwrap().to_owned());
    told.sort();
    assert_eq!(told, [views.clone(), reads.clone()]);
    let left = of_ana.next_of("pusher_internal:member_removed").await;
    assert_eq!(event(&left)["user_id"], ben.id.as_str());
    ana.say(&group, "without ben").await;
    of_ana.tell(&views, "client-typing", json!({})).await;
    Server::new(&site).publish(&reads, "by the application", "1").await;
    of_ana.next_of("by the application").await;
    of_ben.tell(&views, "client-typing", json!({})).await;
    assert!(of_ben.until_pong().await.is_empty());
    assert!(of_ana.until_pong().await.iter().all(|frame| frame["event"] != "client-typing"));
    let refused = of_ben.refused(&reads, Some(&data(&ben.id))).await;
    assert_eq!(refused["status"], 403);
}

#[tokio::test]
async fn who_no_longer_reads_by_team_hears_nothing_of_clients() {
    let site = site().await;
    let admin = site.user_with("Administrator", &["admin"]).await;
    let team = |name: &'static str, member: Person| {
        let admin = admin.clone();
        async move {
            let new = json!({"name": name, "slug": name, "ticket_prefix": name.to_uppercase(), "members": [member.id]});
            admin.post("/teams", new).await.ok(201)["id"].as_str().unwrap().to_owned()
        }
    };
    let (ana, ben) = (site.user_with("Ana", &["agent"]).await, site.user_with("Ben", &["agent"]).await);
    let (one, two) = (team("one", ana.clone()).await, team("two", ben.clone()).await);
    let cleo = site.contact("Cleo").await;
    let opened = cleo.post("/conversations", json!({"kind": "support", "message": {"body": "help"}})).await;
    let id = opened.ok(201)["id"].as_str().unwrap().to_owned();
    admin.patch(&format!("/conversations/{id}"), json!({"team_id": one})).await.ok(200);
    let views = format!("presence-conversation-{id}");
    let (mut of_ana, mut of_cleo) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let mut of_admin = Pusher::open(&site).await;
    of_admin.join_as(&admin, &views).await;
    of_ana.join_as(&ana, &views).await;
    of_cleo.join_as(&cleo, &views).await;
    of_cleo.tell(&views, "client-typing", json!({})).await;
    of_ana.next_of("client-typing").await;
    admin.patch(&format!("/conversations/{id}"), json!({"team_id": two})).await.ok(200);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    of_cleo.tell(&views, "client-typing", json!({})).await;
    let told = of_ana.next_of("pusher:subscription_error").await;
    assert_eq!(told["channel"], views.as_str());
    assert!(of_ana.until_pong().await.iter().all(|frame| frame["event"] != "client-typing"));
    of_admin.next_of("pusher_internal:member_removed").await;
}

#[tokio::test]
async fn who_is_deactivated_or_changed_is_disconnected() {
    let site = site().await;
    let (ana, ben, group) = pair(&site).await;
    let admin = site.user_with("Administrator", &["admin"]).await;
    let (mut of_ana, mut of_ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    of_ana.join_as(&ana, &format!("private-conversation-{group}")).await;
    of_ben.join_as(&ben, &format!("private-user-{}", ben.id)).await;
    admin.patch(&format!("/users/{}", ben.id), json!({"active": false})).await.ok(200);
    assert_eq!(of_ben.close_code().await, 4009);
    let mut again = Pusher::open(&site).await;
    let channel = format!("private-conversation-{group}");
    assert_eq!(again.refused(&channel, Some(&data(&ben.id))).await["status"], 403);
    let roles = admin.get("/roles").await.ok(200);
    let agent = roles["items"].as_array().unwrap().iter().find(|role| role["name"] == "agent").unwrap();
    admin.patch(&format!("/users/{}", ana.id), json!({"roles": [agent["id"]]})).await.ok(200);
    assert_eq!(of_ana.close_code().await, 4100, "with other rights: come back");
    let mut of_ana = Pusher::open(&site).await;
    of_ana.join_as(&ana, &format!("private-conversation-{group}")).await;
}

#[tokio::test]
async fn a_token_that_ends_ends_the_connection() {
    let site = site().await;
    let ana = site.person(Claims { exp: now() - 20.0, ..claims("Ana") }).await;
    let mut client = Pusher::open(&site).await;
    client.join_as(&ana, "presence-inbox").await;
    assert_eq!(client.close_code().await, 4009);
    // What was signed for a token that has ended serves no longer.
    let mut again = Pusher::open(&site).await;
    let late = json!({"user_id": ana.id, "parlor": {"until": 1, "tag": "0"}}).to_string();
    assert_eq!(again.refused("presence-inbox", Some(&late)).await["status"], 401);
}

#[tokio::test]
async fn signing_out_ends_the_connection() {
    let site = site().await;
    let ana = site.user("Ana").await;
    let reply = site.stranger().post("/sessions", json!({"token": ana.token})).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (mut client, mut other) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let mut signed_in = Pusher::open(&site).await;
    let request = ana.client.post(format!("{}/pusher/user-auth", site.url)).header("cookie", &cookie);
    let request = request.header("x-csrf-token", "x").json(&json!({"socket_id": signed_in.id}));
    let user = ana.send(request).await.ok(200);
    signed_in.send(json!({"event": "pusher:signin", "data": user})).await;
    signed_in.next_of("pusher:signin_success").await;
    signed_in.join("presence-inbox", None).await;
    let request = ana.client.post(format!("{}/pusher/auth", site.url)).header("cookie", &cookie);
    let asked = json!({"socket_id": client.id, "channel_name": "presence-inbox"});
    let answer = ana.send(request.header("x-csrf-token", "x").json(&asked)).await.ok(200);
    let auth = answer["auth"].as_str().map(str::to_owned);
    client.ask("presence-inbox", auth, answer["channel_data"].as_str()).await;
    other.join_as(&ana, "presence-inbox").await;
    let request = ana.client.delete(format!("{}/api/v1/sessions/current", site.url));
    ana.send(request.header("cookie", &cookie).header("x-parlor-csrf", "1")).await.ok(204);
    assert_eq!(client.close_code().await, 4009);
    assert_eq!(signed_in.close_code().await, 4009);
    other.until_pong().await;
}

#[tokio::test]
async fn staff_sees_who_is_at_the_inbox() {
    let site = site().await;
    let (ana, ben) = (site.user("Ana").await, site.user("Ben").await);
    let (mut of_ana, mut of_ben) = (Pusher::open(&site).await, Pusher::open(&site).await);
    let told = of_ana.join_as(&ana, "presence-inbox").await;
    assert_eq!(told["presence"]["ids"], json!([ana.id]));
    of_ben.join_as(&ben, "presence-inbox").await;
    let added = of_ana.next_of("pusher_internal:member_added").await;
    assert_eq!(event(&added)["user_info"]["name"], "Ben");
    let cleo = site.contact("Cleo").await;
    let mut of_cleo = Pusher::open(&site).await;
    assert_eq!(of_cleo.refused("presence-inbox", Some(&data("contact:cleo"))).await["status"], 403);
    assert_eq!(of_cleo.refused("presence-inbox", Some(&data(&cleo.id))).await["status"], 403);
}

#[tokio::test]
async fn another_tenants_key_opens_nothing_here() {
    let site = site().await;
    let (_, _, group) = pair(&site).await;
    site.tenant("other").await;
    let other = site
        .app
        .db
        .write_plain(2, |tx| {
            let tenant = parlor_chat::tenants::by_slug(tx, "other")?;
            parlor_chat::pusher_apps::ensure(tx, tenant.id, tenant.no)
        })
        .await
        .unwrap();
    let path = format!("/app/{}?protocol=7", other.key);
    let mut client = Pusher { socket: Pusher::raw(&site, &path).await, id: String::new() };
    let first = event(&client.frame().await.unwrap());
    let id = first["socket_id"].as_str().unwrap().to_owned();
    let signer = Signer { key: &other.key, secret: &other.secret };
    let channel = format!("private-conversation-{group}");
    let answer = client.ask(&channel, Some(APP.channel(&id, &channel, None)), None).await;
    assert_eq!(answer["data"]["status"], 401, "our key signs for our application only");
    let data = data("ana");
    let answer = client.ask(&channel, Some(signer.channel(&id, &channel, Some(&data))), Some(&data)).await;
    assert_eq!(answer["data"]["status"], 403, "no such person there");
    client.ask("news", None, None).await;
    Server::new(&site).publish("news", "n", "1").await;
    assert!(client.until_pong().await.is_empty(), "the same name, another tenant");
}

#[tokio::test]
async fn other_clients_see_viewing_and_typing() {
    let site = site().await;
    let (ana, ben, group) = pair(&site).await;
    let mut native = ana.ws(None).await;
    native.is_live().await;
    let views = format!("presence-conversation-{group}");
    let mut of_ben = Pusher::open(&site).await;
    of_ben.join_as(&ben, &views).await;
    let told = native.told("viewing").await;
    assert!(told["data"].to_string().contains(&ben.id), "{told}");
    of_ben.tell(&views, "client-typing", json!({})).await;
    let told = native.told("typing").await;
    assert_eq!(told["data"], json!({"person_id": ben.id, "typing": true}));
    of_ben.tell(&views, "client-typing", json!({"typing": false})).await;
    assert_eq!(native.told("typing").await["data"]["typing"], false);
    // And the other way round, with who is there.
    let mut inbox = Pusher::open(&site).await;
    inbox.join_as(&ben, "presence-inbox").await;
    let cleo = site.user("Cleo").await;
    let _native = cleo.ws(None).await;
    let told = inbox.next_of("presence").await;
    assert_eq!(told["channel"], "presence-inbox");
    native.send(&json!({"type": "typing", "conversation_id": group, "typing": true}).to_string()).await;
    while event(&of_ben.next_of("typing").await)["data"]["person_id"] != ana.id.as_str() {}
}

#[tokio::test]
async fn contacts_do_not_see_who_of_the_staff_looks_on() {
    let site = site().await;
    let (max, agent) = (site.contact("Max").await, site.user_with("Abe", &["agent"]).await);
    let support = json!({"kind": "support", "message": {"body": "help"}});
    let id = max.post("/conversations", support).await.ok(201)["id"].as_str().unwrap().to_owned();
    let views = format!("presence-conversation-{id}");
    let (mut early, mut of_agent, mut late) =
        (Pusher::open(&site).await, Pusher::open(&site).await, Pusher::open(&site).await);
    early.join_as(&max, &views).await;
    let seen_by_staff = of_agent.join_as(&agent, &views).await;
    assert_eq!(seen_by_staff["presence"]["count"], 2, "staff sees both");
    of_agent.tell(&views, "client-typing", json!({"in": "a private note"})).await;
    assert_eq!(late.join_as(&max, &views).await["presence"]["ids"], json!([max.id]));
    agent.say(&id, "an answer").await;
    for contact in [&mut early, &mut late] {
        let mut names = Vec::new();
        while names.last().is_none_or(|name| name != "message.posted") {
            names.push(contact.frame().await.unwrap()["event"].as_str().unwrap().to_owned());
        }
        let told = |name: &String| name.starts_with("client-") || name.contains("member");
        assert!(!names.iter().any(told), "{names:?}");
    }
    // The other way round it is told.
    early.tell(&views, "client-typing", json!({})).await;
    of_agent.next_of("client-typing").await;
}

/// What Laravel Echo says over Socket.IO is held to the options and limits of the application, as over Pusher.
#[tokio::test]
async fn whispers_over_socket_io_obey_the_application() {
    let site = site_with(|config| config.pusher.members = 2).await;
    options(&site, json!({"client_auth": ["presence-team"]})).await;
    let people = [site.user("Ana").await, site.user("Ben").await, site.user("Cleo").await];
    let mut sockets = Vec::new();
    for person in &people {
        let mut sio = Sio::of(person).await;
        sio.send(r#"42["subscribe",{"channel":"presence-team"}]"#).await;
        sockets.push(sio);
    }
    let [ana, ben, cleo] = &mut sockets[..] else { panic!("three") };
    let wave = |text: &str| {
        format!(r#"42["client event",{{"channel":"presence-team","event":"client-wave","data":"{text}"}}]"#)
    };
    for sio in [&mut *ana, &mut *ben] {
        while !sio.packet().await.unwrap().contains("presence:subscribed") {}
    }
    assert!(
        cleo.packet().await.unwrap().contains(r#"["subscription_error","presence-team",429]"#),
        "it is full"
    );
    cleo.send(&wave("from outside")).await;
    ana.send(&wave("first")).await;
    let heard = async |sio: &mut Sio| loop {
        let packet = sio.packet().await.unwrap();
        if packet.contains("client-wave") {
            return packet;
        }
    };
    assert!(heard(ben).await.contains("first"), "whoever is not on a channel tells it nothing");
    options(&site, json!({"client_auth": ["presence-team"], "client_events": false})).await;
    ana.send(&wave("second")).await;
    assert_eq!(ana.ask("active", json!({})).await["ok"], true, "what was said before is done");
    Server::new(&site).publish("presence-team", "end", "{}").await;
    loop {
        let packet = ben.packet().await.unwrap();
        assert!(!packet.contains("second"), "{packet}");
        if packet.contains(r#"["end","presence-team""#) {
            break;
        }
    }
}
