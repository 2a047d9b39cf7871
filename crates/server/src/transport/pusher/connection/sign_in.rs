//! Owns: users that the application vouches for: signing a connection in, and telling it who of those it watches is
//! online.

use std::sync::Arc;

use parlor_realtime::Name;
use parlor_realtime::protocol::pusher::{self, SignIn, TERMINATED, WATCHED};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::transport::pusher::connection::Connection;
use crate::transport::pusher::connection::types::SignedClaims;
use crate::transport::pusher::connection::types::Step;
use crate::transport::pusher::connection::types::user_id;
use crate::transport::pusher::lists::SIGNED_IN;
use crate::transport::pusher::subscriptions::Member;

/// Users that one connection may watch.
const MOST_WATCHED: usize = 100;
#[derive(Deserialize)]
struct UserData {
    id: Value,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
    #[serde(default)]
    watchlist: Vec<Value>,
    #[serde(default)]
    parlor: SignedClaims,
}

impl Connection {
    /// Signs the connection in, or ends it.
    pub(super) async fn sign_in(&mut self, wanted: SignIn) -> Step {
        let signer = self.application.signer();
        let vouched = signer.checks_user(&wanted.auth, &self.subscriptions.socket_id, &wanted.user_data);
        let user: Option<UserData> = serde_json::from_str(&wanted.user_data).ok().filter(|_| vouched);
        let id = user.as_ref().and_then(|user| user_id(&user.id));
        let (Some(user), Some(id)) = (user, id) else { return Err(Some(pusher::UNAUTHORIZED)) };
        let again = match self.subscriptions.user() {
            Some(known) if *known.id != *id => return Err(Some(pusher::UNAUTHORIZED)),
            known => known.is_some(),
        };
        self.take_claims(&user.parlor).await?;
        if !again {
            let info = user.user_info.as_ref().map(|info| info.get().to_owned());
            self.joined.listen(Name::Channel(format!("{TERMINATED}{id}").into()));
            self.subscriptions.sign_in(Member { id: Arc::from(id.as_str()), info });
        }
        self.authorized();
        self.say(pusher::signed_in(&wanted.user_data)).await?;
        let watched: Vec<String> = user.watchlist.iter().filter_map(user_id).collect();
        if again || watched.is_empty() { Ok(()) } else { self.watch(&watched).await }
    }

    async fn watch(&mut self, users: &[String]) -> Step {
        if users.len() > MOST_WATCHED {
            let text = "the watchlist has more than 100 ids, the others are not watched";
            self.say(pusher::error(pusher::WATCHLIST_TOO_LONG, text)).await?;
        }
        let users = || users.iter().take(MOST_WATCHED).map(String::as_str);
        for user in users() {
            self.joined.listen(Name::Channel(format!("{WATCHED}{user}").into()));
        }
        let tenant = self.application.tenant.id;
        let (online, offline): (Vec<_>, Vec<_>) =
            users().partition(|user| self.app.registry.get(tenant, SIGNED_IN, user).is_some());
        self.say(pusher::watchlist(&online, &offline)).await
    }
}
