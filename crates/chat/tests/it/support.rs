//! A tenant with people, and short ways to act as them. The clock and the randomness are counters.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use parlor_chat::{
    Actor, ConversationId, Error, Kind, MIGRATIONS, PersonId, Right, Time, Tx,
    conversations::{self, NewConversation, Opened},
    messages::{self, Body, Message, NewMessage},
    provisioning, roles,
    sealing::{Key, KeyId, KeyRing},
    secrets,
    settings::Settings,
    tenants::{self, Tenant},
    users,
};
use parlor_db::{Options, testing::TestDb};

pub struct World {
    pub test: TestDb,
    pub tenant: Tenant,
    now: Cell<i64>,
}

/// Keys that seal: the first one does in every world.
pub struct Keys(AtomicU64);

pub static KEYS: Keys = Keys(AtomicU64::new(0));

/// One of the keys at hand, 0 to 3.
pub fn key(number: u8) -> Key {
    Key::new(zeroize::Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap() * 7 + number)))
}

impl KeyRing for Keys {
    fn key(&self, id: KeyId) -> Option<Key> {
        (0..4).map(key).find(|key| key.id() == id)
    }

    fn nonce(&self) -> [u8; 12] {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        std::array::from_fn(|at| *number.get(at).unwrap_or(&0))
    }
}

pub const START: i64 = 1_700_000_000_000_000;

impl World {
    pub fn new() -> World {
        let test = TestDb::new(MIGRATIONS, Options::default()).unwrap();
        let mut world = World {
            test,
            tenant: Tenant {
                id: parlor_chat::TenantId(uuid::Uuid::nil()),
                slug: String::new(),
                name: String::new(),
                no: 0,
            },
            now: Cell::new(START),
        };
        world.write(|tx| secrets::claim(tx, key(0).id())).unwrap();
        world.write(secrets::all_sealed).unwrap();
        world.tenant = world.write(|tx| tenants::create(tx, "acme", "Acme")).unwrap();
        world
    }

    pub fn other_tenant(&self, slug: &str) -> Tenant {
        let slug = slug.to_owned();
        self.write(move |tx| tenants::create(tx, &slug, "Other")).unwrap()
    }

    /// Lets seconds go by.
    pub fn pass(&self, seconds: i64) {
        self.now.set(self.now.get() + seconds * 1_000_000);
    }

    pub fn now(&self) -> Time {
        Time(self.now.get())
    }

    pub fn write<T: Send + 'static>(
        &self,
        mut f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.now.set(self.now.get() + 1000);
        let (now, seed) = (self.now(), seed(self.now.get()));
        self.test.db.write_blocking(0, move |db| f(&mut Tx::new(db, now, seed, &Settings::default(), &KEYS)))
    }

    pub fn read<T: Send + 'static>(
        &self,
        mut f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, seed) = (self.now(), seed(self.now.get()));
        self.test.db.read_blocking(move |db| f(&mut Tx::new(db, now, seed, &Settings::default(), &KEYS)))
    }

    pub fn system(&self) -> Actor {
        tenants::system_actor(&self.tenant)
    }

    /// Brings the search index to the newest message.
    pub fn index(&self) {
        let (tenant, no) = (self.tenant.id, self.tenant.no);
        while self.write(move |tx| parlor_chat::search::catch_up(tx, tenant, no)).unwrap() {}
    }

    /// A user with these rights (through a role of its own).
    pub fn user(&self, name: &str, rights: &[Right]) -> Actor {
        self.user_of(&self.tenant, name, rights)
    }

    pub fn user_of(&self, tenant: &Tenant, name: &str, rights: &[Right]) -> Actor {
        let (tenant, name, rights) = (tenant.clone(), name.to_owned(), rights.to_vec());
        self.write(move |tx| {
            let system = tenants::system_actor(&tenant);
            let change = roles::RoleChange { rights: Some(rights.clone()), ..Default::default() };
            let role = roles::create(tx, &system, &format!("role of {name}"), &change)?;
            let new = users::NewUser { name: name.clone(), roles: Some(vec![role.id]), ..Default::default() };
            let user = users::create(tx, &system, &new, None)?;
            users::actor(tx, &tenant, user.id)
        })
        .unwrap()
    }

    pub fn reload(&self, actor: &Actor) -> Actor {
        let (tenant, id) = (self.tenant.clone(), actor.id());
        self.read(move |tx| users::actor(tx, &tenant, id)).unwrap()
    }

    pub fn contact(&self, name: &str) -> Actor {
        let (tenant, name) = (self.tenant.clone(), name.to_owned());
        self.write(move |tx| {
            let claims = provisioning::HostClaims {
                sub: format!("c-{name}"),
                kind: Some("contact".to_owned()),
                name: Some(name.clone()),
                ..Default::default()
            };
            provisioning::from_host(tx, &tenant, &claims).map(|seen| seen.actor)
        })
        .unwrap()
    }

    pub fn open(&self, actor: &Actor, new: NewConversation) -> Result<Opened, Error> {
        let actor = actor.clone();
        self.write(move |tx| {
            let body = new.message.as_ref().map(|message| body(&message.body));
            conversations::open(tx, &actor, &new, body.as_ref())
        })
    }

    pub fn group(&self, actor: &Actor, others: &[&Actor]) -> ConversationId {
        let mut new = blank(Kind::Group);
        new.user_ids = others.iter().map(|other| other.id()).collect();
        self.open(actor, new).unwrap().conversation.id
    }

    pub fn direct(&self, actor: &Actor, other: PersonId) -> Result<Opened, Error> {
        let mut new = blank(Kind::Direct);
        new.user_ids = vec![other];
        self.open(actor, new)
    }

    pub fn post(&self, actor: &Actor, id: ConversationId, text: &str) -> Result<Message, Error> {
        self.post_as(actor, id, text, |_| {})
    }

    pub fn post_as(
        &self,
        actor: &Actor,
        id: ConversationId,
        text: &str,
        change: impl Fn(&mut NewMessage) + Send + 'static,
    ) -> Result<Message, Error> {
        let (actor, text) = (actor.clone(), text.to_owned());
        self.write(move |tx| {
            let mut new = message(&text);
            change(&mut new);
            messages::post(tx, &actor, id, &new, &body(&text)).map(|posted| posted.message)
        })
    }
}

fn seed(number: i64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    seed
}

pub fn body(text: &str) -> Body {
    Body::parse(text, 20_000).unwrap()
}

pub fn message(text: &str) -> NewMessage {
    NewMessage::text(text)
}

pub fn blank(kind: Kind) -> NewConversation {
    serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap()
}

/// The rule that refused.
pub fn rule<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::NotFound { what } => format!("not found: {what}"),
        Error::Forbidden { rule, right, .. } => match right {
            Some(right) => format!("forbidden: right {}", right.name()),
            None => format!("forbidden: {rule}"),
        },
        Error::Invalid { field, rule, .. } => format!("invalid: {field} {rule}"),
        Error::Conflict { rule, .. } => format!("conflict: {rule}"),
        other => format!("{other:?}"),
    }
}
