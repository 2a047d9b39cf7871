//! People as participants and authors see them, and the actor of an operation.

use parlor_db::{Value, row};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    ids::{PersonId, RoleId, StoreId, TeamId, TenantId},
    rights::{Right, Rights},
    words::words,
};

words! {
    /// What a person is.
    pub enum PersonKind {
        /// One of the staff.
        User = "user",
        /// A customer.
        Contact = "contact",
        /// A program that writes as itself.
        Bot = "bot",
        /// Parlor itself: the command line, wake-ups, what nobody did.
        System = "system",
    }
}

/// A stored text, not copied.
pub(crate) fn text(value: Value<'_>) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(format!("expected text, found {other:?}")),
    }
}

/// Somebody, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// The user's or contact's id.
    pub id: PersonId,
    /// User, contact, bot or system.
    pub kind: PersonKind,
    /// Shown name.
    pub name: String,
    /// The address of its picture.
    pub avatar_url: Option<String>,
}

row! {
    /// The columns of somebody: where the id, the kind, the name and the picture are.
    impl Person, person_columns!($id:expr, $kind:expr, $name:expr, $avatar:expr) {
        id: [$id],
        kind: [$kind],
        name: [$name],
        avatar_url: [$avatar],
    }
}
pub(crate) use person_columns;

/// The authenticated principal of an operation, with everything that rules ask of it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The tenant whose data it may reach.
    pub tenant: TenantId,
    /// The tenant's number: the upper bits of its message numbers.
    pub tenant_no: i64,
    /// The person who acts, as others see it.
    pub person: Person,
    /// What its roles allow.
    pub rights: Rights,
    /// Holds every right, and may view every conversation (audited).
    pub super_admin: bool,
    /// Its roles.
    pub roles: Vec<RoleId>,
    /// Its teams.
    pub teams: Vec<TeamId>,
    /// Its stores.
    pub stores: Vec<StoreId>,
    /// Where the request came from, for the audit log.
    pub ip: Option<String>,
}

impl Actor {
    /// Parlor itself in a tenant with this id and number.
    pub(crate) fn system(tenant: TenantId, tenant_no: i64) -> Actor {
        Actor {
            tenant,
            tenant_no,
            person: Person {
                id: PersonId(uuid::Uuid::nil()),
                kind: PersonKind::System,
                name: "Parlor".to_owned(),
                avatar_url: None,
            },
            rights: Rights::all(),
            super_admin: true,
            roles: Vec::new(),
            teams: Vec::new(),
            stores: Vec::new(),
            ip: None,
        }
    }

    /// The actor's own id.
    pub fn id(&self) -> PersonId {
        self.person.id
    }

    /// Users and bots; not contacts.
    pub fn is_staff(&self) -> bool {
        self.person.kind != PersonKind::Contact
    }

    /// A customer.
    pub fn is_contact(&self) -> bool {
        self.person.kind == PersonKind::Contact
    }

    /// Whether the actor holds the right.
    pub fn has(&self, right: Right) -> bool {
        self.is_staff() && (self.super_admin || self.rights.has(right))
    }

    /// Refuses without the right.
    pub fn require(&self, right: Right, action: &'static str) -> Result<()> {
        if self.has(right) {
            return Ok(());
        }
        Err(Error::Forbidden {
            right: Some(right),
            rule: "right",
            reason: format!("this needs the right \"{}\"", right.name()),
            action,
            entity: None,
        })
    }

    /// Refuses an actor who lacks any right there is: what is asked for opens everything.
    pub(crate) fn require_every(&self, action: &'static str, why: &str) -> Result<()> {
        match Right::ALL.iter().find(|right| !self.has(**right)) {
            None => Ok(()),
            Some(right) => Err(Error::Forbidden {
                right: Some(*right),
                rule: "every_right",
                reason: format!("{why}: it needs every right, and you lack \"{}\"", right.name()),
                action,
                entity: None,
            }),
        }
    }

    /// Refuses contacts.
    pub fn require_staff(&self, action: &'static str) -> Result<()> {
        if self.is_staff() {
            Ok(())
        } else {
            Err(crate::error::forbidden(action, "staff", "only staff may do this"))
        }
    }
}
