//! Owns: how many connections are open, whatever they speak: of one person, of one tenant, from one address, and from one
//! address of people who have not said who they are. In memory, of this node. Must not know: protocols.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use parlor_chat::{Error, PersonId, TenantId};

use crate::net::place::Place;

/// When it may serve to try again: connections end, but not by the second.
pub(crate) const RETRY_SECONDS: i64 = 10;

/// How many connections may be open; 0 is without limit.
#[derive(Args, Clone, Copy, Debug)]
pub struct ConnectionArgs {
    /// Realtime connections of one person on this node; 0 is without limit
    #[arg(
        id = "connections_per_person",
        long = "connections-per-person",
        env = "PARLOR_CONNECTIONS_PER_PERSON",
        default_value_t = 300,
        value_name = "N"
    )]
    pub person: u32,

    /// Realtime connections from one address of people who have not said who they are; 0 is without limit
    #[arg(
        id = "strangers_per_address",
        long = "strangers-per-address",
        env = "PARLOR_STRANGERS_PER_ADDRESS",
        default_value_t = 500,
        value_name = "N"
    )]
    pub strangers: u32,

    /// Realtime connections from one address (of version 6: from one /64); 0 is without limit
    #[arg(
        id = "connections_per_address",
        long = "connections-per-address",
        env = "PARLOR_CONNECTIONS_PER_ADDRESS",
        default_value_t = 20_000,
        value_name = "N"
    )]
    pub address: u32,

    /// Realtime connections of one tenant on this node; 0 is without limit
    #[arg(
        id = "connections_per_tenant",
        long = "connections-per-tenant",
        env = "PARLOR_CONNECTIONS_PER_TENANT",
        default_value_t = 50_000,
        value_name = "N"
    )]
    pub tenant: u32,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// Somebody who has shown nothing, in a tenant where the address names one.
    Stranger(Option<TenantId>),
    /// Somebody with a token of the tenant that names no person.
    Bearer(TenantId),
    /// A person.
    Person(TenantId, PersonId),
}

/// What connections are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Person(TenantId, PersonId),
    Strangers(Place),
    Address(Place),
    Tenant(TenantId),
}

impl Key {
    fn most(self, limits: &ConnectionArgs) -> u32 {
        match self {
            Self::Person(..) => limits.person,
            Self::Strangers(_) => limits.strangers,
            Self::Address(_) => limits.address,
            Self::Tenant(_) => limits.tenant,
        }
    }

    fn whose(self) -> &'static str {
        match self {
            Self::Person(..) => "yours",
            Self::Strangers(_) | Self::Address(_) => "those from your address",
            Self::Tenant(_) => "those of this tenant",
        }
    }
}

/// All open connections of this node.
#[derive(Debug)]
pub struct Connections {
    limits: ConnectionArgs,
    open: Mutex<HashMap<Key, u32>>,
}

/// A connection, counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Connected {
    all: Arc<Connections>,
    place: Option<Place>,
    visitor: Mutex<Visitor>,
}

impl Connections {
    pub(crate) fn new(limits: ConnectionArgs) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Key, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more.
    ///
    /// # Errors
    /// `Later` when there are as many as there may be.
    pub(crate) fn enter(
        self: &Arc<Self>,
        ip: Option<IpAddr>,
        visitor: Visitor,
    ) -> Result<Arc<Connected>, Error> {
        let place = ip.map(Place::of);
        self.count(&mut self.open(), keys(place, visitor))?;
        Ok(Arc::new(Connected { all: self.clone(), place, visitor: Mutex::new(visitor) }))
    }

    fn count(&self, open: &mut HashMap<Key, u32>, keys: [Option<Key>; 3]) -> Result<(), Error> {
        let full = |key: &Key| {
            let most = key.most(&self.limits);
            most > 0 && open.get(key).copied().unwrap_or(0) >= most
        };
        if let Some(key) = keys.iter().flatten().find(|key| full(key)) {
            // Proxies that nobody told us of make everybody one address.
            tracing::warn!(?key, "a connection was refused: there are as many as there may be");
            let whose = key.whose();
            let detail = format!("too many connections are open ({whose}): close some, or try again later");
            return Err(Error::Later { rule: "connections", detail, seconds: RETRY_SECONDS });
        }
        keys.into_iter().flatten().for_each(|key| *open.entry(key).or_default() += 1);
        Ok(())
    }
}

fn keys(place: Option<Place>, visitor: Visitor) -> [Option<Key>; 3] {
    let (tenant, person) = match visitor {
        Visitor::Stranger(tenant) => (tenant, place.map(Key::Strangers)),
        Visitor::Bearer(tenant) => (Some(tenant), None),
        Visitor::Person(tenant, person) => (Some(tenant), Some(Key::Person(tenant, person))),
    };
    [person, place.map(Key::Address), tenant.map(Key::Tenant)]
}

impl Connected {
    fn visitor(&self) -> MutexGuard<'_, Visitor> {
        self.visitor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The visitor has said who it is.
    ///
    /// # Errors
    /// `Later` when that person has as many as there may be; the connection counts as before.
    pub(crate) fn becomes(&self, tenant: TenantId, person: PersonId) -> Result<(), Error> {
        let (mut visitor, new) = (self.visitor(), Visitor::Person(tenant, person));
        let mut open = self.all.open();
        leave(&mut open, keys(self.place, *visitor));
        let counted = self.all.count(&mut open, keys(self.place, new));
        match counted {
            Ok(()) => *visitor = new,
            Err(_) => keys(self.place, *visitor).into_iter().flatten().for_each(|key| {
                *open.entry(key).or_default() += 1;
            }),
        }
        counted
    }
}

fn leave(open: &mut HashMap<Key, u32>, keys: [Option<Key>; 3]) {
    for key in keys.into_iter().flatten() {
        if let Entry::Occupied(mut entry) = open.entry(key) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let visitor = *self.visitor();
        leave(&mut self.all.open(), keys(self.place, visitor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionArgs = ConnectionArgs { person: 2, strangers: 3, address: 5, tenant: 6 };

    fn tenant() -> TenantId {
        TenantId(uuid::Uuid::nil())
    }

    fn person(n: u128) -> Visitor {
        Visitor::Person(tenant(), PersonId(uuid::Uuid::from_u128(n)))
    }

    fn ip(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, n]))
    }

    fn fits(
        all: &Arc<Connections>,
        ip: Option<IpAddr>,
        visitor: Visitor,
        most: usize,
    ) -> Vec<Arc<Connected>> {
        let open: Vec<_> = std::iter::from_fn(|| all.enter(ip, visitor).ok()).take(most + 1).collect();
        assert_eq!(open.len(), most, "{visitor:?}");
        open
    }

    #[test]
    fn each_has_its_own_and_gives_it_back() {
        let all = Connections::new(LIMITS);
        let ana = fits(&all, ip(1), person(1), 2);
        let strangers = fits(&all, ip(1), Visitor::Stranger(None), 3);
        fits(&all, ip(1), person(2), 0);
        let ben = fits(&all, ip(2), person(2), 2);
        let cid = fits(&all, ip(2), person(3), 2);
        fits(&all, ip(3), person(4), 0);
        drop((ana, strangers));
        fits(&all, ip(1), person(1), 2);
        drop((ben, cid));
        assert!(all.open().is_empty(), "nothing is remembered of nobody");
    }

    #[test]
    fn a_stranger_becomes_a_person_or_stays() {
        let all = Connections::new(LIMITS);
        let strangers = fits(&all, ip(1), Visitor::Stranger(None), 3);
        let one = PersonId(uuid::Uuid::from_u128(1));
        assert!(strangers[0].becomes(tenant(), one).is_ok());
        assert!(strangers[1].becomes(tenant(), one).is_ok());
        assert!(strangers[2].becomes(tenant(), one).is_err());
        fits(&all, ip(1), Visitor::Stranger(None), 2);
        drop(strangers);
        assert!(all.open().is_empty());
    }

    #[test]
    fn zero_is_without_limit() {
        let all = Connections::new(ConnectionArgs { person: 0, strangers: 0, address: 0, tenant: 0 });
        let open: Vec<_> = (0..1000).map(|_| all.enter(ip(1), person(1)).unwrap()).collect();
        drop(open);
    }
}
