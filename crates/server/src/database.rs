//! Owns: the one way in which operations are run: on the engine, with the time, randomness, default settings and keys
//! that they need, out of the budget of whoever asks, and with a row of the audit log for what was refused.
//! Must not know: what an operation does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use parlor_chat::sealing::KeyRing;
use parlor_chat::settings::Settings;
use parlor_chat::{Actor, Error, TenantId, Time, Tx, audit};
use parlor_db::{Db, TxError};

use crate::adapters::secret_keys::SecretKeys;
use crate::budgets::{Budgets, Spending};
use crate::clock::{Clock, Stamps, random_seed};

/// What the transactions of one operation have in common, however often it is run.
struct Parts {
    now: Time,
    seed: [u8; 32],
    defaults: Arc<Settings>,
    keys: Arc<SecretKeys>,
}

impl Parts {
    fn tx<'a>(&'a self, tx: &'a mut parlor_db::Tx) -> Tx<'a> {
        Tx::new(tx, self.now, self.seed, &self.defaults, &*self.keys)
    }
}

/// The database as requests and workers use it. Clones share one engine.
#[derive(Clone, Debug)]
pub struct Database {
    engine: Db,
    clock: Clock,
    stamps: Arc<Stamps>,
    /// When a disk took no more.
    full_at: Arc<AtomicI64>,
    /// Something could not be read because the database is damaged: it will not be whole again by itself.
    damaged: Arc<AtomicBool>,
    defaults: Arc<Settings>,
    keys: Arc<SecretKeys>,
    /// Absent on the command line: whoever has a shell has the disk.
    budgets: Option<Arc<Budgets>>,
}

impl Database {
    /// Runs operations on this engine, at the time of this clock, with these settings where a tenant has set nothing,
    /// and with these keys of secrets.
    #[must_use]
    pub fn new(engine: Db, clock: Clock, defaults: Settings, keys: Arc<SecretKeys>) -> Self {
        Self {
            engine,
            clock,
            stamps: Arc::default(),
            full_at: Arc::new(AtomicI64::new(i64::MIN)),
            damaged: Arc::default(),
            defaults: Arc::new(defaults),
            keys,
            budgets: None,
        }
    }

    /// The same with other keys of secrets.
    #[must_use]
    pub fn with_keys(self, keys: Arc<SecretKeys>) -> Self {
        Self { keys, ..self }
    }

    /// The same, with what each person may do in a while bounded.
    #[must_use]
    pub fn with_budgets(self, budgets: Budgets) -> Self {
        Self { budgets: Some(Arc::new(budgets)), ..self }
    }

    /// The same on another engine.
    #[must_use]
    pub fn on(&self, engine: Db) -> Self {
        Self { engine, ..self.clone() }
    }

    /// The keys of secrets.
    #[must_use]
    pub fn keys(&self) -> &SecretKeys {
        &self.keys
    }

    /// What a transaction is made of, but for the engine's own.
    fn parts(&self) -> Parts {
        Parts {
            now: self.stamps.next(self.clock.now()),
            seed: random_seed(),
            defaults: self.defaults.clone(),
            keys: self.keys.clone(),
        }
    }

    /// The storage engine itself.
    #[must_use]
    pub fn engine(&self) -> &Db {
        &self.engine
    }

    /// The time of the clock. Operations see it too, but for when it has gone back.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Remembers that the database was found damaged.
    pub(crate) fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether something was found that the database has lost.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Whether, within the last seconds, something could not be stored because the disk took no more.
    #[must_use]
    pub fn was_full(&self, seconds: i64) -> bool {
        self.full_at.load(Ordering::Relaxed) >= self.clock.now().plus_seconds(-seconds).micros()
    }

    /// Something was stored at that time: what is stored from now on comes after it.
    pub fn not_before(&self, stored: Time) {
        self.stamps.not_before(stored, self.clock.now());
    }

    /// Runs an operation that only reads. Where looking itself must be remembered (a super administrator's view
    /// leaves an audit row) the reading connection refuses, and the operation runs again as a writing one.
    ///
    /// # Errors
    /// The operation's own; a refusal leaves an audit row.
    pub async fn read<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let operation = Arc::new(operation);
        let (who, reads) = (actor.clone(), operation.clone());
        let mut result = self.read_plain(move |tx| reads(tx, &who)).await;
        if let Err(Error::Db(parlor_db::Error::ReadOnly(_))) = &result {
            let who = actor.clone();
            self.spend(&who, Spending::Change).await?;
            result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        }
        self.audited(actor, result).await
    }

    /// Runs an operation that may write, which is one change of the actor's budget.
    ///
    /// # Errors
    /// `Later` when the budget is spent, and the operation's own; a refusal leaves an audit row.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.spend(actor, Spending::Change).await?;
        self.write_paid(actor, operation).await
    }

    /// Runs an operation that may write, for which something else was spent, or that is a part of one.
    ///
    /// # Errors
    /// The operation's own; a refusal leaves an audit row.
    pub async fn write_paid<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let who = actor.clone();
        let result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        self.audited(actor, result).await
    }

    /// Takes one from the actor's budget.
    ///
    /// # Errors
    /// `Later` when it is spent.
    pub async fn spend(&self, actor: &Actor, what: Spending) -> Result<(), Error> {
        let Some(budgets) = &self.budgets else { return Ok(()) };
        let settings = self.settings(actor.tenant).await?;
        budgets.spend(actor, what, &settings, self.clock.now())
    }

    /// Takes one search from the actor's budget, where a list is asked for what holds this text.
    ///
    /// # Errors
    /// `Later` when it is spent.
    pub async fn spend_search(&self, actor: &Actor, sought: Option<&String>) -> Result<(), Error> {
        match sought.is_some_and(|text| !text.is_empty()) {
            true => self.spend(actor, Spending::Search).await,
            false => Ok(()),
        }
    }

    /// The settings that hold for a tenant.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn settings(&self, tenant: TenantId) -> Result<Arc<Settings>, Error> {
        let (now, cache) = (self.clock.now(), self.budgets.as_ref().map(|budgets| &budgets.settings));
        if let Some(known) = cache.and_then(|cache| cache.get(&tenant, now)) {
            return Ok(known);
        }
        let generation = cache.map_or(0, |cache| cache.generation());
        let read = self.read_plain(move |tx| parlor_chat::settings::load(tx, tenant)).await?;
        let read = Arc::new(read);
        if let Some(cache) = cache {
            cache.put(tenant, read.clone(), now, generation);
        }
        Ok(read)
    }

    /// Reads on nobody's behalf: to learn who is calling, or for a worker.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn read_plain<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let parts = self.parts();
        self.noted(self.engine.read(move |tx| operation(&mut parts.tx(tx))).await)
    }

    /// Writes on nobody's behalf, in the lane of the tenant with this number.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn write_plain<T: Send + 'static>(
        &self,
        tenant_no: i64,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (parts, lane) = (self.parts(), tenant_no.unsigned_abs());
        self.noted(self.engine.write(lane, move |tx| operation(&mut parts.tx(tx))).await)
    }

    /// Remembers what a failure says of the storage.
    fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        match &result {
            Err(Error::Db(parlor_db::Error::Full(_))) => {
                self.full_at.store(self.clock.now().micros(), Ordering::Relaxed);
            }
            Err(Error::Db(parlor_db::Error::Lost(_))) => self.note_damage(),
            _ => {}
        }
        result
    }

    /// Reads on nobody's behalf and blocks: for the command line.
    ///
    /// # Errors
    /// The operation's own.
    pub fn read_blocking<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let parts = self.parts();
        self.engine.read_blocking(move |tx| operation(&mut parts.tx(tx)))
    }

    /// Writes on nobody's behalf and blocks: for the command line.
    ///
    /// # Errors
    /// The operation's own.
    pub fn write_blocking<T: Send + 'static, E: TxError>(
        &self,
        tenant_no: i64,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (parts, lane) = (self.parts(), tenant_no.unsigned_abs());
        self.engine.write_blocking(lane, move |tx| operation(&mut parts.tx(tx)))
    }

    /// Runs something that makes the domain's transactions itself, with times of its own, and blocks.
    ///
    /// # Errors
    /// The operation's own.
    pub fn write_raw<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut parlor_db::Tx, &Settings, &dyn KeyRing) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (defaults, keys) = (self.defaults.clone(), self.keys.clone());
        self.engine.write_blocking(1, move |tx| operation(tx, &defaults, &*keys))
    }

    /// The one place that remembers refusals, in a transaction of its own: the refused one was rolled back.
    async fn audited<T>(&self, actor: &Arc<Actor>, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Forbidden { rule, action, entity, .. }) = &result
            && self.is_worth_a_row(actor, rule, action, entity.as_ref())
        {
            let (who, rule, action, entity) = (actor.clone(), *rule, *action, entity.clone());
            let row = self.write_plain(actor.tenant_no, move |tx| {
                let about = entity.as_ref().map(|(kind, id)| (*kind, id.as_str()));
                audit::forbidden_attempt(tx, &who, action, rule, about)
            });
            if let Err(error) = row.await {
                tracing::error!(%error, action, "a refused attempt could not be audited");
            }
        }
        result
    }

    fn is_worth_a_row(
        &self,
        actor: &Actor,
        rule: &str,
        action: &str,
        entity: Option<&(&'static str, String)>,
    ) -> bool {
        let Some(budgets) = &self.budgets else { return true };
        let (kind, id) = entity.map_or(("", ""), |(kind, id)| (*kind, id.as_str()));
        let refusal = [rule, action, kind, id].map(str::as_bytes);
        budgets.notes(actor, &refusal, self.clock.now())
    }
}
