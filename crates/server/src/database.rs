//! Owns: the one way in which operations are run: on the engine, with the time, randomness and default settings that they
//! need, and with a row of the audit log for what was refused. Must not know: what an operation does.

use std::sync::Arc;

use parlor_chat::settings::Settings;
use parlor_chat::{Actor, Error, Time, Tx, audit};
use parlor_db::Db;

use crate::clock::{Clock, random_seed};

/// The database as requests and workers use it. Clones share one engine.
#[derive(Clone, Debug)]
pub struct Database {
    engine: Db,
    clock: Clock,
    defaults: Arc<Settings>,
}

impl Database {
    /// Runs operations on this engine, at the time of this clock, with these settings where a tenant has set nothing.
    #[must_use]
    pub fn new(engine: Db, clock: Clock, defaults: Settings) -> Self {
        Self { engine, clock, defaults: Arc::new(defaults) }
    }

    /// The storage engine itself.
    #[must_use]
    pub fn engine(&self) -> &Db {
        &self.engine
    }

    /// The time that the next operation will see.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
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
            result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        }
        self.audited(actor, result).await
    }

    /// Runs an operation that may write.
    ///
    /// # Errors
    /// The operation's own; a refusal leaves an audit row.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: &Arc<Actor>,
        operation: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let who = actor.clone();
        let result = self.write_plain(actor.tenant_no, move |tx| operation(tx, &who)).await;
        self.audited(actor, result).await
    }

    /// Reads on nobody's behalf: to learn who is calling, or for a worker.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn read_plain<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, defaults) = (self.clock.now(), self.defaults.clone());
        let seed = random_seed();
        self.engine.read(move |tx| operation(&mut Tx::new(tx, now, seed, &defaults))).await
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
        let (now, defaults) = (self.clock.now(), self.defaults.clone());
        let seed = random_seed();
        let lane = tenant_no.unsigned_abs();
        self.engine.write(lane, move |tx| operation(&mut Tx::new(tx, now, seed, &defaults))).await
    }

    /// Reads on nobody's behalf and blocks: for the command line.
    ///
    /// # Errors
    /// The operation's own.
    pub fn read_blocking<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, defaults, seed) = (self.clock.now(), self.defaults.clone(), random_seed());
        self.engine.read_blocking(move |tx| operation(&mut Tx::new(tx, now, seed, &defaults)))
    }

    /// Writes on nobody's behalf and blocks: for the command line.
    ///
    /// # Errors
    /// The operation's own.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        tenant_no: i64,
        operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (now, defaults, seed) = (self.clock.now(), self.defaults.clone(), random_seed());
        let lane = tenant_no.unsigned_abs();
        self.engine.write_blocking(lane, move |tx| operation(&mut Tx::new(tx, now, seed, &defaults)))
    }

    /// Runs something that makes the domain's transactions itself, with times of its own, and blocks.
    ///
    /// # Errors
    /// The operation's own.
    pub fn write_raw<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut parlor_db::Tx, &Settings) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let defaults = self.defaults.clone();
        self.engine.write_blocking(1, move |tx| operation(tx, &defaults))
    }

    /// The one place that remembers refusals, in a transaction of its own: the refused one was rolled back.
    async fn audited<T>(&self, actor: &Arc<Actor>, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Forbidden { rule, action, entity, .. }) = &result {
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
}
