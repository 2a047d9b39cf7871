//! A client as docs/protocols/native.md describes it, for the proof that events tell everything: it takes a snapshot once,
//! then lives on events.

use std::collections::BTreeMap;

use parlor_chat::{
    Actor, ConversationId, Error, Tx, conversations,
    events::{Event, Payload},
    messages::{self, Range},
    replay::{self, Replay},
    snapshot,
};
use serde_json::{Value, json};

use crate::directory::Directory;
use crate::support::World;

/// A client as native.md describes it: it takes a snapshot once, then lives on events.
#[derive(Clone)]
pub struct Client {
    pub actor: Actor,
    pub seq: i64,
    epoch: i64,
    pub conversations: BTreeMap<String, Value>,
    pub messages: BTreeMap<String, Value>,
    pub directory: Directory,
}

/// What follows from a conversation and the viewer rather than from events alone.
const DERIVED: &[&str] = &["can", "draft", "last_read_at", "updated_at"];

fn plain(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !DERIVED.contains(&key.as_str()));
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn fetch_one(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<(Value, Vec<Value>), Error> {
    let view = serde_json::to_value(conversations::get(tx, actor, id)?).unwrap();
    let page = messages::page(tx, actor, id, Range::Newest, Some(200))?;
    Ok((plain(view), page.items.iter().map(|item| plain(serde_json::to_value(item).unwrap())).collect()))
}

impl Client {
    pub fn start(world: &World, actor: &Actor) -> Client {
        let actor = actor.clone();
        world
            .read(move |tx| {
                let taken = snapshot::take(tx, &actor, Some(200))?;
                let mut client = Client {
                    actor: actor.clone(),
                    seq: taken.position.seq,
                    epoch: taken.position.epoch,
                    conversations: BTreeMap::new(),
                    messages: BTreeMap::new(),
                    directory: Directory::fetch(tx, &actor)?,
                };
                for view in taken.conversations.items {
                    client.take_in(fetch_one(tx, &actor, view.id)?);
                }
                Ok(client)
            })
            .unwrap()
    }

    fn take_in(&mut self, (view, items): (Value, Vec<Value>)) {
        for item in items {
            self.messages.insert(text(&item["id"]), item);
        }
        self.conversations.insert(text(&view["id"]), view);
    }

    /// Everything since the last event, one page of three after the other.
    pub fn catch_up(&mut self, world: &World) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let (actor, epoch, after) = (self.actor.clone(), self.epoch, self.seq);
            let replay = world.read(move |tx| replay::replay(tx, &actor, epoch, after, 3)).unwrap();
            let Replay::Events { events, seen: upto, done } = replay else { panic!("reset") };
            for event in events {
                let value: Value = serde_json::from_str(&event.json).unwrap();
                assert_eq!(value["seq"], event.seq);
                self.apply(world, &event);
                seen.push(value);
            }
            self.seq = upto;
            if done {
                return seen;
            }
        }
    }

    fn apply(&mut self, world: &World, event: &Event) {
        let told = event.payload().unwrap();
        let value: Value = serde_json::from_str(&event.json).unwrap();
        let data = plain(value["data"].clone());
        let place = event.conversation.map(|id| id.to_string()).unwrap_or_default();
        match told {
            Payload::ConversationOpened(_) => self.fetch(world, &place),
            Payload::ParticipantAdded(_) => self.entered(world, &place, &data),
            Payload::ParticipantRemoved(_) => self.gone(&place, &data),
            Payload::HistoryImported(_) => *self = Client::start(world, &self.actor),
            Payload::UserUpdated(told) => self.directory.user(&told.user),
            Payload::TeamUpdated(told) => self.directory.team(&told),
            Payload::RoleUpdated(told) => self.directory.role(&told),
            Payload::StoreUpdated(told) => self.directory.store(&told),
            Payload::ContactUpdated(told) => self.directory.contact(&told.contact),
            Payload::SettingsUpdated(told) => self.directory.settings = json!(told.settings),
            Payload::MeUpdated(told) => self.directory.profile = json!(told.profile),
            Payload::NotificationCreated(told) => self.directory.notification(&told.notification),
            Payload::NotificationUpdated(told) => {
                let known = self.directory.notifications.get_mut(&told.notification_id.to_string());
                known.expect("a known notification")["status"] = json!(told.status);
            }
            Payload::StatusUpdated(_) => {}
            _ if !self.conversations.contains_key(&place) => {}
            Payload::HistoryPurged(_) => {
                self.messages.retain(|_, item| item["conversation_id"] != place);
                self.fetch(world, &place);
            }
            Payload::MessagePosted(_) => self.posted(&place, &data),
            Payload::MessageEdited(_) | Payload::MessageDeleted(_) => self.changed(&place, &data),
            Payload::MessageReacted(_) => self.message(&data)["reactions"] = data["reactions"].clone(),
            Payload::MessagePinned(_) => self.pinned(&place, &data),
            Payload::ConversationUpdated(_) => {
                let view = self.conversations.get_mut(&place).unwrap();
                for (field, value) in data["changes"].as_object().unwrap() {
                    view[field] = value.clone();
                }
            }
            Payload::ParticipantUpdated(_) => self.participants(&place, &data),
            Payload::Read(_) => self.position(&place, &data, "last_read_seq"),
            Payload::Delivered(_) => self.position(&place, &data, "last_delivered_seq"),
            Payload::MeConversation(_) => {
                self.conversations.get_mut(&place).unwrap()["me"] = data["me"].clone();
            }
            Payload::Acknowledged(_) | Payload::DraftSaved(_) => {}
            Payload::CredentialEnded(_) | Payload::ChannelPublished(_) | Payload::TopicPublished(_) => {
                panic!("{:?} is for no client", event.kind)
            }
        }
    }

    fn fetch(&mut self, world: &World, place: &str) {
        let (actor, id): (Actor, ConversationId) = (self.actor.clone(), place.parse().unwrap());
        match world.read(move |tx| fetch_one(tx, &actor, id)) {
            Ok(found) => self.take_in(found),
            Err(Error::NotFound { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn message(&mut self, data: &Value) -> &mut Value {
        self.messages.get_mut(data["message_id"].as_str().unwrap()).expect("a known message")
    }

    fn is_me(&self, id: &Value) -> bool {
        id.as_str() == Some(&self.actor.id().to_string())
    }

    fn posted(&mut self, place: &str, data: &Value) {
        let item = &data["message"];
        let known = self.conversations[place]["last_seq"].as_i64() >= item["seq"].as_i64();
        if let Some(root) = item["thread_root_id"].as_str().filter(|_| !known) {
            let root = self.messages.get_mut(root).expect("a known root");
            root["reply_count"] = json!(root["reply_count"].as_i64().unwrap() + 1);
        }
        self.messages.insert(text(&item["id"]), item.clone());
        if known {
            return;
        }
        let mine = self.is_me(&item["author"]["id"]);
        let mentioned =
            item["mentions"].as_array().unwrap().iter().any(|mention| self.is_me(&mention["user_id"]));
        let is_staff = self.actor.is_staff();
        let view = self.conversations.get_mut(place).unwrap();
        view["last_seq"] = item["seq"].clone();
        view["last_activity_at"] = data["conversation"]["last_activity_at"].clone();
        view["last_message"] = shortened(item);
        let is_text = item["kind"] == "text";
        let author = &item["author"];
        let read = &data["author_read_seq"];
        if mine && is_text && !read.is_null() {
            view["me"]["last_read_seq"] = read.clone();
        }
        for participant in view["participants"].as_array_mut().unwrap() {
            if participant["person"]["id"] == author["id"] && is_text && !read.is_null() {
                participant["last_read_seq"] = read.clone();
            }
        }
        if is_text && !mine && (view["me"]["participant"] == true || view["kind"] == "announcement") {
            add(&mut view["me"]["unread"], 1);
            add(&mut view["me"]["mentions"], i64::from(mentioned));
        }
        if view["kind"] == "support" && is_staff && is_text {
            let by_contact = author["kind"] == "contact";
            view["team_unread"] =
                if by_contact { json!(view["team_unread"].as_i64().unwrap() + 1) } else { json!(0) };
        }
    }

    fn changed(&mut self, place: &str, data: &Value) {
        let item = &data["message"];
        let id = text(&item["id"]);
        let before = self.messages.insert(id.clone(), item.clone()).unwrap();
        let deleted = !item["deleted_at"].is_null() && before["deleted_at"].is_null();
        if deleted && !item["thread_root_id"].is_null() {
            let root = item["thread_root_id"].as_str().unwrap();
            add(&mut self.messages.get_mut(root).unwrap()["reply_count"], -1);
        }
        let mine = self.is_me(&item["author"]["id"]);
        let view = self.conversations.get_mut(place).unwrap();
        if view["last_message"]["id"] == item["id"] {
            view["last_message"] = shortened(item);
        }
        if deleted && !before["pinned_at"].is_null() {
            add(&mut view["pinned_count"], -1);
        }
        let unread = item["seq"].as_i64() > view["me"]["last_read_seq"].as_i64();
        if deleted && unread && !mine {
            add(&mut view["me"]["unread"], -1);
        }
        let quoted: Vec<String> = self.messages.keys().cloned().collect();
        for other in quoted {
            let other = self.messages.get_mut(&other).unwrap();
            if other["reply_to"]["id"] == item["id"] {
                other["reply_to"]["preview"] = json!(messages::preview(item["body"].as_str().unwrap(), 120));
                other["reply_to"]["deleted"] = json!(!item["deleted_at"].is_null());
            }
        }
    }

    fn pinned(&mut self, place: &str, data: &Value) {
        self.message(data)["pinned_at"] = data["pinned_at"].clone();
        let change = if data["pinned_at"].is_null() { -1 } else { 1 };
        add(&mut self.conversations.get_mut(place).unwrap()["pinned_count"], change);
    }

    fn entered(&mut self, world: &World, place: &str, data: &Value) {
        let me = data["participants"].as_array().unwrap().iter().any(|one| self.is_me(&one["person"]["id"]));
        if me || !self.conversations.contains_key(place) {
            self.fetch(world, place);
        } else {
            self.participants(place, data);
        }
    }

    fn participants(&mut self, place: &str, data: &Value) {
        let own = self.actor.id().to_string();
        let view = self.conversations.get_mut(place).unwrap();
        for new in data["participants"].as_array().unwrap() {
            let list = view["participants"].as_array_mut().unwrap();
            list.retain(|old| old["person"]["id"] != new["person"]["id"]);
            list.push(new.clone());
            list.sort_by_key(|one| (text(&one["joined_at"]), text(&one["person"]["id"])));
            if new["person"]["id"] == own.as_str() {
                view["me"]["role"] = new["role"].clone();
            }
        }
        if let Some(count) = data.get("members_count") {
            view["members_count"] = count.clone();
        }
    }

    fn gone(&mut self, place: &str, data: &Value) {
        for one in data["participants"].as_array().unwrap() {
            let me = self.is_me(&one["person"]["id"]);
            if me {
                self.conversations.remove(place);
                self.messages.retain(|_, item| item["conversation_id"] != place);
            } else if let Some(view) = self.conversations.get_mut(place) {
                let list = view["participants"].as_array_mut().unwrap();
                list.retain(|old| old["person"]["id"] != one["person"]["id"]);
                view["members_count"] = data["members_count"].clone();
            }
        }
    }

    /// Read positions of staff may lie beyond what a contact sees: it shows the smaller of the two.
    pub fn shown(&self) -> BTreeMap<String, Value> {
        let mut shown = self.conversations.clone();
        for view in shown.values_mut().filter(|_| self.actor.is_contact()) {
            let last = view["last_seq"].as_i64();
            for participant in view["participants"].as_array_mut().unwrap() {
                for field in ["last_read_seq", "last_delivered_seq"] {
                    participant[field] = json!(participant[field].as_i64().min(last));
                }
            }
        }
        shown
    }

    fn position(&mut self, place: &str, data: &Value, field: &str) {
        let me = self.is_me(&data["person_id"]);
        let view = self.conversations.get_mut(place).unwrap();
        if me {
            view["me"][field] = data[field].clone();
        }
        for participant in view["participants"].as_array_mut().unwrap() {
            if participant["person"]["id"] == data["person_id"] {
                participant[field] = data[field].clone();
                if field == "last_read_seq"
                    && participant["last_delivered_seq"].as_i64() < data[field].as_i64()
                {
                    participant["last_delivered_seq"] = data[field].clone();
                }
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn add(value: &mut Value, change: i64) {
    *value = json!(value.as_i64().unwrap() + change);
}

fn shortened(item: &Value) -> Value {
    json!({
        "id": item["id"], "seq": item["seq"], "kind": item["kind"], "author": item["author"],
        "preview": messages::preview(item["body"].as_str().unwrap(), 140),
        "is_private_note": item["is_private_note"], "deleted": !item["deleted_at"].is_null(),
        "system": item["system"], "created_at": item["created_at"],
    })
}
