//! What a client keeps beside conversations: users, teams, roles, stores, contacts, settings, notifications. As with
//! conversations, it is fetched once and lives on events.

use std::collections::BTreeMap;

use parlor_chat::{
    Actor, Error, RoleId, Tx,
    contacts::{self, ContactFilter},
    events::payloads::{RoleUpdated, StoreUpdated, TeamUpdated},
    notifications, roles, settings, stores, teams, users,
    users::{User, UserFilter},
};
use serde::Serialize;
use serde_json::{Value, json};

type Items = BTreeMap<String, Value>;

/// Everything of a tenant that is no conversation, as one of its people sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    pub users: Items,
    pub teams: Items,
    pub roles: Items,
    pub stores: Items,
    pub contacts: Items,
    pub settings: Value,
    pub profile: Value,
    pub notifications: Items,
}

/// Changes without an event of its own: it follows from the messages of the contact.
const DERIVED: &str = "last_activity_at";

fn item<T: Serialize>(of: &T) -> (String, Value) {
    let mut value = serde_json::to_value(of).unwrap();
    value.as_object_mut().unwrap().remove(DERIVED);
    (value["id"].as_str().unwrap().to_owned(), value)
}

fn items<T: Serialize>(all: &[T]) -> Items {
    all.iter().map(item).collect()
}

/// Puts an id into a list of ids, or takes it out; lists are compared in order.
fn put(list: &mut Value, id: &str, member: bool) {
    let ids = list.as_array_mut().unwrap();
    ids.retain(|known| known != id);
    if member {
        ids.push(json!(id));
    }
    ids.sort_by_key(|id| id.as_str().unwrap().to_owned());
}

impl Directory {
    pub fn fetch(tx: &mut Tx, actor: &Actor) -> Result<Directory, Error> {
        if actor.is_contact() {
            return Ok(Directory::default());
        }
        let everybody = UserFilter { limit: Some(200), ..Default::default() };
        let contacts = ContactFilter { limit: Some(200), ..Default::default() };
        Ok(Directory {
            users: items(&users::list(tx, actor, &everybody)?.items),
            teams: items(&teams::list(tx, actor)?),
            roles: items(&roles::list(tx, actor)?),
            stores: items(&stores::list(tx, actor)?),
            contacts: items(&contacts::list(tx, actor, &contacts)?.items),
            settings: json!(settings::load(tx, actor.tenant)?.public()),
            profile: json!(users::profile(tx, actor.tenant, actor.id())?),
            notifications: items(&notifications::list(tx, actor, None, None, Some(200))?.items),
        })
    }

    /// A user says in which teams and stores it is, and these say who is in them: each event tells of both.
    pub fn user(&mut self, user: &User) {
        let (id, value) = item(user);
        for (groups, mine, list) in
            [(&mut self.teams, &value["teams"], "members"), (&mut self.stores, &value["stores"], "users")]
        {
            for (group, known) in groups.iter_mut() {
                put(&mut known[list], &id, mine.as_array().unwrap().contains(&json!(group)));
            }
        }
        self.users.insert(id, value);
    }

    pub fn team(&mut self, told: &TeamUpdated) {
        let (id, value) = item(&told.team);
        self.members(&id, &value["members"], "teams");
        if told.deleted {
            self.teams.remove(&id)
        } else {
            self.teams.insert(id, value)
        };
    }

    pub fn store(&mut self, told: &StoreUpdated) {
        let (id, value) = item(&told.store);
        self.members(&id, &value["users"], "stores");
        if told.deleted {
            self.stores.remove(&id)
        } else {
            self.stores.insert(id, value)
        };
    }

    fn members(&mut self, group: &str, members: &Value, list: &str) {
        for (user, known) in &mut self.users {
            put(&mut known[list], group, members.as_array().unwrap().contains(&json!(user)));
        }
    }

    /// There is one default role, and nobody writes to a role that is gone.
    pub fn role(&mut self, told: &RoleUpdated) {
        match told {
            RoleUpdated::Changed { role } => {
                if role.is_default {
                    self.roles.values_mut().for_each(|other| other["is_default"] = json!(false));
                }
                let (id, value) = item(role);
                self.roles.insert(id, value);
            }
            RoleUpdated::Deleted { role_id, .. } => self.forget_role(*role_id),
        }
    }

    fn forget_role(&mut self, id: RoleId) {
        let id = id.to_string();
        self.roles.remove(&id);
        self.roles.values_mut().for_each(|other| put(&mut other["writes_to"], &id, false));
    }

    pub fn contact<T: Serialize>(&mut self, contact: &T) {
        let (id, value) = item(contact);
        self.contacts.insert(id, value);
    }

    pub fn notification<T: Serialize>(&mut self, notification: &T) {
        let (id, value) = item(notification);
        self.notifications.insert(id, value);
    }

    /// With lists of ids in one order.
    pub fn sorted(mut self) -> Directory {
        let lists = ["roles", "teams", "stores", "members", "users", "writes_to"];
        let all = [&mut self.users, &mut self.teams, &mut self.roles, &mut self.stores];
        for value in all.into_iter().flat_map(BTreeMap::values_mut) {
            for list in lists {
                if let Some(ids) = value.get_mut(list).and_then(Value::as_array_mut) {
                    ids.sort_by_key(|id| id.as_str().unwrap().to_owned());
                }
            }
        }
        self
    }
}
