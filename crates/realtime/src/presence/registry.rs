//! Owns: who is where at this moment over all nodes: lists of members with counts, kept in memory only. Each node
//! tells the others its own entries as absolute numbers, so a message told twice does no harm, and a node that dies is
//! forgotten as a whole. Must not know: how nodes talk, what a list means.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::TenantId;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Names a node; made anew at every start.
pub type NodeId = u64;

/// The lists of all tenants.
#[derive(Debug, Default)]
pub struct Registry {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    lists: HashMap<(TenantId, Arc<str>), List>,
    watchers: Vec<UnboundedSender<Change>>,
}

#[derive(Debug, Default)]
struct List {
    total: u32,
    members: BTreeMap<Arc<str>, Entries>,
}

/// One member's entries, by node. Ours is under `None`.
#[derive(Debug, Default)]
struct Entries(Vec<(Option<NodeId>, Entry)>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    count: u32,
    value: Option<Arc<str>>,
}

/// A member of a list, over all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in the list.
    pub id: Arc<str>,
    /// What it brought along; our node's when there are several.
    pub value: Option<Arc<str>>,
    /// What each node says, ours first.
    pub values: Vec<Arc<str>>,
    /// How often it entered.
    pub count: u32,
}

/// Something changed, here or on another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose list.
    pub tenant: TenantId,
    /// Which list.
    pub list: Arc<str>,
    /// Which member.
    pub member: Arc<str>,
    /// What it brought along, or had brought when it left.
    pub value: Option<Arc<str>>,
    /// How often it had entered.
    pub before: u32,
    /// How often it has entered now.
    pub after: u32,
    /// How many entries the list had.
    pub list_before: u32,
    /// How many it has now.
    pub list_after: u32,
    /// Whether it happened on this node.
    pub local: bool,
}

/// One node's entry, as told to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryUpdate {
    /// Whose list.
    pub tenant: TenantId,
    /// Which list.
    pub list: Arc<str>,
    /// Which member.
    pub member: Arc<str>,
    /// How often it entered on that node; 0 when it is gone.
    pub count: u32,
    /// What it brought along.
    pub value: Option<Arc<str>>,
}

impl Registry {
    /// An empty one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every change from now on.
    pub fn changes(&self) -> UnboundedReceiver<Change> {
        let (sender, receiver) = unbounded_channel();
        self.inside().watchers.push(sender);
        receiver
    }

    /// The member enters the list (once more) on this node.
    pub fn enter(&self, tenant: TenantId, list: &str, member: &str, value: Option<&str>) -> Change {
        self.inside().change(None, tenant, list, member, |entry| {
            entry.count += 1;
            if value.is_some() {
                entry.value = value.map(Arc::from);
            }
        })
    }

    /// The member leaves the list (once) on this node.
    pub fn leave(&self, tenant: TenantId, list: &str, member: &str) -> Change {
        self.inside().change(None, tenant, list, member, |entry| entry.count = entry.count.saturating_sub(1))
    }

    /// The member brings something else along.
    pub fn set(&self, tenant: TenantId, list: &str, member: &str, value: &str) -> Change {
        self.inside().change(None, tenant, list, member, |entry| entry.value = Some(value.into()))
    }

    /// How many entries a list has.
    #[must_use]
    pub fn count(&self, tenant: TenantId, list: &str) -> u32 {
        self.inside().lists.get(&(tenant, Arc::from(list))).map_or(0, |list| list.total)
    }

    /// The members of a list, in the order of their names.
    #[must_use]
    pub fn members(&self, tenant: TenantId, list: &str) -> Vec<Member> {
        let inside = self.inside();
        let Some(list) = inside.lists.get(&(tenant, Arc::from(list))) else { return Vec::new() };
        list.members.iter().map(|(id, entries)| entries.member(id)).collect()
    }

    /// One member of a list.
    #[must_use]
    pub fn get(&self, tenant: TenantId, list: &str, member: &str) -> Option<Member> {
        let inside = self.inside();
        let (id, entries) = inside.lists.get(&(tenant, Arc::from(list)))?.members.get_key_value(member)?;
        Some(entries.member(id))
    }

    /// The tenant's lists whose names begin so, with their numbers of entries.
    #[must_use]
    pub fn lists(&self, tenant: TenantId, prefix: &str) -> Vec<(Arc<str>, u32)> {
        let inside = self.inside();
        let mut found: Vec<_> = inside
            .lists
            .iter()
            .filter(|((of, name), _)| *of == tenant && name.starts_with(prefix))
            .map(|((_, name), list)| (name.clone(), list.total))
            .collect();
        found.sort();
        found
    }

    /// What this node tells one that has just come.
    #[must_use]
    pub fn local(&self) -> Vec<EntryUpdate> {
        let inside = self.inside();
        let mut told = Vec::new();
        for ((tenant, list), members) in &inside.lists {
            for (member, entries) in &members.members {
                if let Some(entry) = entries.of(None) {
                    told.push(EntryUpdate {
                        tenant: *tenant,
                        list: list.clone(),
                        member: member.clone(),
                        count: entry.count,
                        value: entry.value.clone(),
                    });
                }
            }
        }
        told
    }

    /// This node's entry behind a local change, as told to others.
    #[must_use]
    pub fn local_entry(&self, change: &Change) -> EntryUpdate {
        let inside = self.inside();
        let entry = inside
            .lists
            .get(&(change.tenant, change.list.clone()))
            .and_then(|list| list.members.get(&change.member)?.of(None));
        EntryUpdate {
            tenant: change.tenant,
            list: change.list.clone(),
            member: change.member.clone(),
            count: entry.map_or(0, |entry| entry.count),
            value: entry.and_then(|entry| entry.value.clone()),
        }
    }

    /// Another node says something about itself.
    pub fn apply_remote(&self, node: NodeId, told: EntryUpdate) {
        self.inside().change(Some(node), told.tenant, &told.list, &told.member, |entry| {
            *entry = Entry { count: told.count, value: told.value.clone() };
        });
    }

    /// Another node says everything about itself: what it does not mention is gone.
    pub fn replace_node(&self, node: NodeId, all: Vec<EntryUpdate>) {
        let mut inside = self.inside();
        let mentioned: std::collections::HashSet<_> =
            all.iter().map(|told| (told.tenant, told.list.clone(), told.member.clone())).collect();
        for (tenant, list, member) in inside.entries_of(node) {
            if !mentioned.contains(&(tenant, list.clone(), member.clone())) {
                inside.change(Some(node), tenant, &list, &member, |entry| entry.count = 0);
            }
        }
        for told in all {
            inside.change(Some(node), told.tenant, &told.list, &told.member, |entry| {
                *entry = Entry { count: told.count, value: told.value.clone() };
            });
        }
    }

    /// The other nodes that have entries here.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        let inside = self.inside();
        let entries = inside.lists.values().flat_map(|list| list.members.values());
        let mut nodes: Vec<_> =
            entries.flat_map(|entries| entries.0.iter().filter_map(|(node, _)| *node)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

impl Inside {
    fn entries_of(&self, node: NodeId) -> Vec<(TenantId, Arc<str>, Arc<str>)> {
        let mut found = Vec::new();
        for ((tenant, list), members) in &self.lists {
            for (member, entries) in &members.members {
                if entries.of(Some(node)).is_some() {
                    found.push((*tenant, list.clone(), member.clone()));
                }
            }
        }
        found
    }

    fn change(
        &mut self,
        node: Option<NodeId>,
        tenant: TenantId,
        name: &str,
        member: &str,
        change: impl FnOnce(&mut Entry),
    ) -> Change {
        let key = (tenant, Arc::<str>::from(name));
        let list = self.lists.entry(key.clone()).or_default();
        let member: Arc<str> = match list.members.get_key_value(member) {
            Some((known, _)) => known.clone(),
            None => member.into(),
        };
        let entries = list.members.entry(member.clone()).or_default();
        let (before, was) = (entries.count(), entries.of(node).cloned().unwrap_or_default());
        let mut now = was.clone();
        change(&mut now);
        // A member that is not here has nothing along.
        let silent = was == now || (was.count == 0 && now.count == 0);
        let value = entries.value().or_else(|| now.value.clone());
        entries.put(node, now);
        let after = entries.count();
        let value = entries.value().or(value);
        let list_before = list.total;
        list.total = list.total - before + after;
        let list_after = list.total;
        if after == 0 {
            list.members.remove(&member);
        }
        if list.members.is_empty() {
            self.lists.remove(&key);
        }
        let local = node.is_none();
        let change =
            Change { tenant, list: key.1, member, value, before, after, list_before, list_after, local };
        if !silent {
            self.watchers.retain(|watcher| watcher.send(change.clone()).is_ok());
        }
        change
    }
}

impl Entries {
    fn of(&self, node: Option<NodeId>) -> Option<&Entry> {
        self.0.iter().find(|(of, _)| *of == node).map(|(_, entry)| entry)
    }

    fn put(&mut self, node: Option<NodeId>, entry: Entry) {
        self.0.retain(|(of, _)| *of != node);
        if entry.count > 0 {
            // Ours comes first.
            let at = if node.is_none() { 0 } else { self.0.len() };
            self.0.insert(at, (node, entry));
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|(_, entry)| entry.count).sum()
    }

    fn value(&self) -> Option<Arc<str>> {
        self.0.iter().find_map(|(_, entry)| entry.value.clone())
    }

    fn member(&self, id: &Arc<str>) -> Member {
        let values = self.0.iter().filter_map(|(_, entry)| entry.value.clone()).collect();
        Member { id: id.clone(), value: self.value(), values, count: self.count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tenant;

    fn told(member: &str, count: u32, value: &str) -> EntryUpdate {
        EntryUpdate {
            tenant: tenant(),
            list: "room".into(),
            member: member.into(),
            count,
            value: Some(value.into()),
        }
    }

    #[test]
    fn counts_and_members_over_nodes() {
        let registry = Registry::new();
        let mut changes = registry.changes();
        let first = registry.enter(tenant(), "room", "ana", Some("A"));
        assert_eq!((first.before, first.after, first.list_before, first.list_after), (0, 1, 0, 1));
        registry.enter(tenant(), "room", "ana", None);
        registry.apply_remote(2, told("ana", 1, "B"));
        registry.apply_remote(2, told("ben", 3, "C"));
        let ana = registry.get(tenant(), "room", "ana").unwrap();
        assert_eq!((ana.count, ana.value.as_deref(), ana.values.len()), (3, Some("A"), 2));
        assert_eq!(registry.count(tenant(), "room"), 6);
        assert_eq!(registry.lists(tenant(), "ro"), [("room".into(), 6)]);
        assert!(
            registry.lists(TenantId(uuid::Uuid::from_u128(9)), "").is_empty(),
            "another tenant sees nothing"
        );
        assert_eq!(registry.local(), [EntryUpdate { count: 2, ..told("ana", 2, "A") }]);
        registry.replace_node(2, vec![]);
        assert_eq!(registry.members(tenant(), "room").len(), 1);
        registry.leave(tenant(), "room", "ana");
        let last = registry.leave(tenant(), "room", "ana");
        assert_eq!((last.before, last.after, last.list_after), (1, 0, 0));
        assert_eq!(registry.local_entry(&last).count, 0);
        let mut seen = Vec::new();
        while let Ok(change) = changes.try_recv() {
            seen.push((change.member.to_string(), change.before, change.after, change.local));
        }
        let steps = [
            ("ana", 0, 1, true),
            ("ana", 1, 2, true),
            ("ana", 2, 3, false),
            ("ben", 0, 3, false),
            ("ana", 3, 2, false),
            ("ben", 3, 0, false),
            ("ana", 2, 1, true),
            ("ana", 1, 0, true),
        ];
        seen.sort_by_key(|(member, ..)| member == "ben");
        let mut steps = steps.map(|(member, before, after, local)| (member.to_owned(), before, after, local));
        steps.sort_by_key(|(member, ..)| member == "ben");
        assert_eq!(seen, steps);
    }

    #[test]
    fn the_same_told_twice_changes_nothing() {
        let registry = Registry::new();
        let mut changes = registry.changes();
        registry.apply_remote(2, told("ben", 1, "C"));
        registry.apply_remote(2, told("ben", 1, "C"));
        registry.leave(tenant(), "room", "nobody");
        assert!(changes.try_recv().is_ok());
        assert!(changes.try_recv().is_err());
        assert_eq!((registry.count(tenant(), "room"), registry.nodes()), (1, vec![2]));
    }
}
