//! Owns: the people of a measurement and the channel that they have all joined. Must not know: what is measured.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::client::Client;
use crate::server::{mercure_token, token};
use crate::socket::{Look, Received, listen};
use crate::speech::Speech;

/// Everybody, and where they listen.
pub struct People {
    pub tokens: Vec<String>,
    pub place: String,
}

fn name(number: usize) -> String {
    format!("listener-{number}")
}

impl People {
    /// Makes the people and the channel that they have all joined.
    pub async fn gather(address: SocketAddr, count: usize) -> People {
        let mut client = Client::connect(address).await;
        let tokens: Vec<String> =
            (0..count).map(|number| token(&name(number), &format!("Listener {number}"))).collect();
        let new = serde_json::json!({"kind": "channel", "title": "Everybody"}).to_string();
        let opened = client.post(&tokens[0], "/conversations", &new).await.ok().json();
        let place = opened["id"].as_str().unwrap().to_owned();
        for token in &tokens[1..] {
            client.post(token, &format!("/conversations/{place}/join"), "").await.ok();
        }
        People { tokens, place }
    }

    /// How one of them listens.
    pub fn speech(&self, protocol: &str, number: usize) -> Speech {
        let (token, conversation) = (self.tokens[number].clone(), self.place.clone());
        match protocol {
            "native" => Speech::Native { token, cursor: None },
            "pusher" => Speech::Pusher { user: name(number), conversation },
            "mercure" => Speech::Mercure { token: mercure_token(), conversation },
            _ => Speech::SocketIo { token },
        }
    }

    /// Connects some of them and waits until all are told that they are ready. `look` gets what some of them receive.
    pub async fn connect(
        &self,
        address: SocketAddr,
        protocol: &str,
        who: std::ops::Range<usize>,
        received: &Rc<Received>,
        look: Option<(usize, Look)>,
    ) {
        let wanted = received.ready.get() + who.len();
        for number in who {
            let look = look.as_ref().filter(|(every, _)| number % every == 0).map(|(_, look)| look.clone());
            listen(address, self.speech(protocol, number), received.clone(), look).await;
        }
        let begun = Instant::now();
        while received.ready.get() < wanted {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{} of {wanted} are ready",
                received.ready.get()
            );
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Where messages are sent.
    pub fn path(&self) -> String {
        format!("/conversations/{}/messages", self.place)
    }
}
