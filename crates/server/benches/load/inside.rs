//! Sending without HTTP: `messages::post` through the storage engine in this process. Tells what of a send is the
//! domain's and the database's, and what the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parlor::adapters::secret_keys::SecretKeys;
use parlor_chat::conversations::{self, NewConversation};
use parlor_chat::messages::{self, Body, NewMessage};
use parlor_chat::provisioning::HostClaims;
use parlor_chat::settings::Settings;
use parlor_chat::{Actor, ConversationId, Error, MIGRATIONS, Time, Tx, provisioning};
use parlor_db::{Db, Options};

use crate::server::Folder;

/// Callers that each wait for their send.
const CALLERS: usize = 64;

/// Sends a second, and how many shared a commit.
pub fn posts(run: Duration, places: usize, text: &'static str) -> (f64, f64) {
    let folder = Folder::new();
    let db = Db::open(folder.0.join("inside.db").to_str().unwrap(), Options::default()).unwrap();
    db.migrate(MIGRATIONS).unwrap();
    let (actor, ids) = prepare(&db, places);
    let (sent, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (db, actor, ids, sent) = (db.clone(), actor.clone(), ids.clone(), sent.clone());
                tokio::spawn(async move {
                    while begun.elapsed() < run {
                        let number = sent.fetch_add(1, Relaxed);
                        let id = ids[(number % ids.len() as u64) as usize];
                        post(&db, actor.clone(), id, number, text).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    (sent.load(Relaxed) as f64 / begun.elapsed().as_secs_f64(), db.stats().average_batch())
}

/// A repeatable source of ids.
fn seed(number: u64) -> [u8; 32] {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    seed
}

fn write<T: Send + 'static>(
    db: &Db,
    number: u64,
    operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    let (settings, keys) = (Settings::default(), SecretKeys::given(Vec::new()));
    let now = Time(1_700_000_000_000_000);
    db.write_blocking(1, move |tx| operation(&mut Tx::new(tx, now, seed(number), &settings, &keys))).unwrap()
}

fn prepare(db: &Db, places: usize) -> (Arc<Actor>, Arc<Vec<ConversationId>>) {
    let tenant = write(db, 1, parlor_chat::tenants::ensure_default);
    let claims = HostClaims { sub: "inside".to_owned(), ..HostClaims::default() };
    let actor = Arc::new(write(db, 2, move |tx| {
        provisioning::from_host(tx, &tenant, &claims).map(|seen| seen.actor)
    }));
    let ids = (0..places)
        .map(|number| {
            let who = actor.clone();
            let new = serde_json::json!({"kind": "channel", "title": format!("Channel {number}")});
            let new: NewConversation = serde_json::from_value(new).unwrap();
            write(db, 1000 + number as u64, move |tx| conversations::open(tx, &who, &new, None))
                .conversation
                .id
        })
        .collect();
    (actor, Arc::new(ids))
}

async fn post(db: &Db, actor: Arc<Actor>, id: ConversationId, number: u64, text: &str) {
    let body = Body::parse(text, 20_000).unwrap().rendered();
    let new = serde_json::json!({"body": text, "client_id": format!("i-{number}")});
    let new: NewMessage = serde_json::from_value(new).unwrap();
    let now = Time(1_700_000_000_000_000 + number as i64);
    let (settings, keys) = (Settings::default(), SecretKeys::given(Vec::new()));
    db.write(1, move |tx| {
        let tx = &mut Tx::new(tx, now, seed(number + 1_000_000), &settings, &keys);
        let posted = messages::post(tx, &actor, id, &new, &body)?;
        Ok::<_, Error>(posted.json)
    })
    .await
    .unwrap();
}
