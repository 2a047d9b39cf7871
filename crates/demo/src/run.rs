//! Owns: running the steps of schedule.rs with the operations of the domain, exactly as clients would call them.
//! Must not know: any text.

use std::collections::HashMap;

use parlor_chat::conversations::{self, ConversationChange, NewConversation, Related, Role};
use parlor_chat::messages::{self, Body, NewMessage};
use parlor_chat::participants::{self, MeChange};
use parlor_chat::{
    Actor, ConversationId, Error, MessageId, PersonId, Priority, Right, Status, Time, drafts, error,
    read_state,
};
use serde_json::json;

use super::people::{RECORDS, record_url};
use super::schedule::{Action, Step};
use super::script::{Mark, Say};
use super::setup::{Company, Timeline};
use super::talks::Talk;

/// How much was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    pub conversations: usize,
    pub messages: usize,
}

/// The run while it goes on.
struct Run<'p, 'a> {
    company: &'p Company,
    talks: &'a [Talk],
    opened: Vec<Option<ConversationId>>,
    /// The messages of each conversation with their authors.
    said: Vec<Vec<(&'a str, MessageId)>>,
    labels: HashMap<(usize, &'a str), MessageId>,
}

/// Runs the steps in their order.
pub(super) fn run<'a>(
    timeline: &mut Timeline<'_>,
    company: &Company,
    talks: &'a [Talk],
    steps: Vec<Step<'a>>,
) -> Result<Made, Error> {
    let mut run = Run {
        company,
        talks,
        opened: vec![None; talks.len()],
        said: vec![Vec::new(); talks.len()],
        labels: HashMap::new(),
    };
    for step in steps {
        let key = &talks[step.talk].key;
        run.step(timeline, step).map_err(|error| within(key, error))?;
    }
    Ok(Made {
        conversations: run.opened.iter().flatten().count(),
        messages: run.said.iter().map(Vec::len).sum(),
    })
}

/// A mistake in a script is found by the rules of the domain; this says in which.
fn within(key: &str, error: Error) -> Error {
    match error {
        Error::Db(error) => Error::Db(error),
        other => Error::Damaged(format!("the demo's conversation {key}: {other}")),
    }
}

fn unknown(what: &str) -> Error {
    error::invalid("script", "known", format!("nothing is called {what:?}"))
}

fn priority(word: &str) -> Result<Priority, Error> {
    Priority::parse(word).ok_or_else(|| unknown(word))
}

impl<'a> Run<'_, 'a> {
    fn step(&mut self, timeline: &mut Timeline<'_>, step: Step<'a>) -> Result<(), Error> {
        let Step { at, talk, action } = step;
        if let Action::Open(first) = action {
            return self.open(timeline, at, talk, first);
        }
        let id = self.opened[talk].ok_or_else(|| unknown(&self.talks[talk].key))?;
        match action {
            Action::Open(_) => {}
            Action::Say(say) => self.say(timeline, at, talk, id, say)?,
            Action::Mark(place, mark) => self.mark(timeline, at, talk, place, mark)?,
            Action::Change { who, what, value } => self.change(timeline, at, id, who, what, value)?,
            Action::Read(who) => {
                read_state::read(&mut timeline.at(at), self.actor(who)?, id, None)?;
            }
            Action::Delivered(who) => {
                read_state::delivered(&mut timeline.at(at), self.actor(who)?, id, i64::MAX)?
            }
            Action::Acknowledge(who) => {
                read_state::acknowledge(&mut timeline.at(at), self.actor(who)?, id)?;
            }
            Action::Draft { who, mode, text } => {
                drafts::put(&mut timeline.at(at), self.actor(who)?, id, mode, text)?;
            }
        }
        Ok(())
    }

    fn actor(&self, who: &str) -> Result<&Actor, Error> {
        self.company.actors.get(who).ok_or_else(|| unknown(who))
    }

    fn ids(&self, people: &[impl AsRef<str>]) -> Result<Vec<PersonId>, Error> {
        people.iter().map(|who| self.actor(who.as_ref()).map(Actor::id)).collect()
    }

    fn open(
        &mut self,
        timeline: &mut Timeline<'_>,
        at: Time,
        talk: usize,
        first: Option<Say<'a>>,
    ) -> Result<(), Error> {
        let script = &self.talks[talk];
        let mut new = self.new_conversation(script)?;
        let body =
            first.as_ref().map(|say| Body::parse(&say.text.replace("\\n", "\n"), 20_000)).transpose()?;
        if let Some(say) = &first {
            new.message = Some(self.new_message(talk, say)?);
        }
        let mut opener = self.actor(&script.by)?.clone();
        if !script.contact.is_empty() {
            // The host application knows whose customer this is; a store by itself writes to those it knows only.
            opener.rights = opener.rights.union([Right::Contacts].into_iter().collect());
        }
        let opened = conversations::open(&mut timeline.at(at), &opener, &new, body.as_ref())?;
        self.opened[talk] = Some(opened.conversation.id);
        if let (Some(say), Some(message)) = (first, opened.message) {
            self.remember(talk, &say, message.id);
        }
        Ok(())
    }

    fn new_conversation(&self, talk: &Talk) -> Result<NewConversation, Error> {
        let mut new: NewConversation =
            serde_json::from_value(json!({ "kind": talk.kind.as_deref().unwrap_or("direct") }))?;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        new.user_ids = self.ids(&talk.with)?;
        new.title = text(&talk.title);
        new.subject = text(&talk.subject);
        new.description = text(&talk.description);
        new.priority = text(&talk.priority).as_deref().map(priority).transpose()?;
        new.source = text(&talk.source);
        new.is_private = talk.private;
        new.replies_enabled = talk.replies;
        new.labels = talk.labels.clone();
        new.related = record(&talk.record)?;
        if !talk.contact.is_empty() {
            new.contact_id = Some(self.actor(&talk.contact)?.id());
        }
        if !talk.team.is_empty() {
            new.team_id =
                Some(*self.company.teams.get(talk.team.as_str()).ok_or_else(|| unknown(&talk.team))?);
        }
        if !talk.store.is_empty() {
            new.store_id =
                Some(*self.company.stores.get(talk.store.as_str()).ok_or_else(|| unknown(&talk.store))?);
        }
        if !talk.linked.is_empty() {
            let place = self.talks.iter().position(|other| other.key == talk.linked);
            new.linked_conversation_id = place.and_then(|place| self.opened[place]);
        }
        Ok(new)
    }

    fn new_message(&self, talk: usize, say: &Say<'_>) -> Result<NewMessage, Error> {
        let thread =
            say.thread.map(|label| self.labels.get(&(talk, label)).copied().ok_or_else(|| unknown(label)));
        Ok(NewMessage {
            body: say.text.replace("\\n", "\n"),
            client_id: None,
            is_private_note: say.note,
            thread_root_id: thread.transpose()?,
            reply_to_id: None,
            related: record(say.record.unwrap_or(""))?,
            external_id: None,
            attachment_ids: Vec::new(),
        })
    }

    fn say(
        &mut self,
        timeline: &mut Timeline<'_>,
        at: Time,
        talk: usize,
        id: ConversationId,
        say: Say<'a>,
    ) -> Result<(), Error> {
        let new = self.new_message(talk, &say)?;
        let body = Body::parse(&new.body, 20_000)?;
        let posted = messages::post(&mut timeline.at(at), self.actor(say.who)?, id, &new, &body)?;
        self.remember(talk, &say, posted.message.id);
        Ok(())
    }

    fn remember(&mut self, talk: usize, say: &Say<'a>, id: MessageId) {
        self.said[talk].push((say.who, id));
        if let Some(label) = say.label {
            self.labels.insert((talk, label), id);
        }
    }

    fn mark(
        &self,
        timeline: &mut Timeline<'_>,
        at: Time,
        talk: usize,
        place: usize,
        mark: Mark<'a>,
    ) -> Result<(), Error> {
        let (author, id) = *self.said[talk].get(place).ok_or_else(|| unknown("the message before"))?;
        match mark {
            Mark::React { emoji, people } => {
                for who in people {
                    messages::react(&mut timeline.at(at), self.actor(who)?, id, emoji, true)?;
                }
            }
            Mark::Pin { by } => {
                messages::pin(&mut timeline.at(at), self.actor(by)?, id, true)?;
            }
            Mark::Edit { text } => {
                messages::edit(&mut timeline.at(at), self.actor(author)?, id, &Body::parse(text, 20_000)?)?;
            }
            Mark::Delete => {
                messages::delete(&mut timeline.at(at), self.actor(author)?, id)?;
            }
        }
        Ok(())
    }

    fn change(
        &self,
        timeline: &mut Timeline<'_>,
        at: Time,
        id: ConversationId,
        who: &str,
        what: &str,
        value: &str,
    ) -> Result<(), Error> {
        let actor = self.actor(who)?;
        let people: Vec<&str> = value.split(',').filter(|name| !name.is_empty()).collect();
        let mut change = ConversationChange::default();
        match what {
            "add" => {
                participants::add(&mut timeline.at(at), actor, id, &self.ids(&people)?, Role::Member)?;
                return Ok(());
            }
            "mute" => {
                let quiet = MeChange { muted: Some(true), notify: None };
                participants::set_preferences(&mut timeline.at(at), actor, id, &quiet)?;
                return Ok(());
            }
            "join" => return participants::join(&mut timeline.at(at), actor, id).map(|_| ()),
            "leave" => return participants::remove(&mut timeline.at(at), actor, id, actor.id()),
            "status" => change.status = Some(Status::parse(value).ok_or_else(|| unknown(value))?),
            "priority" => change.priority = Some(priority(value)?),
            "labels" => change.labels = Some(people.iter().map(|label| (*label).to_owned()).collect()),
            "assignee" => change.assignee_id = Some(Some(self.actor(value)?.id())),
            "team" => change.team_id = Some(self.company.teams.get(value).copied()),
            "snooze" => {
                let days: i64 = value.parse().map_err(|_| unknown(value))?;
                change.snoozed_until = Some(Some(at.plus_seconds(days * 86_400)));
            }
            _ => return Err(unknown(what)),
        }
        conversations::update(&mut timeline.at(at), actor, id, &change)?;
        Ok(())
    }
}

/// The card of a record, by its key.
fn record(key: &str) -> Result<Option<Related>, Error> {
    if key.is_empty() {
        return Ok(None);
    }
    let (id, kind, title) = RECORDS.iter().find(|record| record.0 == key).ok_or_else(|| unknown(key))?;
    Ok(Some(Related {
        kind: (*kind).to_owned(),
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        url: Some(record_url(kind, id)),
        picture_url: None,
    }))
}
