//! Owns: Parlor's own channels: who a subscriber is, whether Parlor's rules let it in, what it is told, and that it is
//! told no more once they do not. The events themselves come through the person's place in the hub.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parlor_chat::access::access;
use parlor_chat::credentials::Root;
use parlor_chat::events::{self, EventKind};
use parlor_chat::tenants::Tenant;
use parlor_chat::{Actor, ConversationId, Error, PersonId, Tx, contacts, users};
use parlor_realtime::protocol::pusher::{self, ParlorChannel, TERMINATED};
use parlor_realtime::{EncodedEvent, Name, Reach};
use tokio::time::Instant;

use crate::auth::{reload_actor, require_root};
use crate::budgets::Spending;
use crate::metrics::Protocol;
use crate::services::presence::{self, TypingSign};
use crate::transport::audited::audited;
use crate::transport::pusher::connection::Connection;
use crate::transport::pusher::connection::types::Refused;
use crate::transport::pusher::connection::types::{End, Step};
use crate::transport::pusher::connection::types::{Person, SignedClaims};
use crate::transport::pusher::reading::reads;
use crate::transport::pusher::subscriptions::Member;

/// How long the answer to "may this person still read this conversation" is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// The event with which clients say that somebody types.
const TYPING: &str = "client-typing";
/// Before ids of contacts that are the host application's, not Parlor's.
const CONTACT: &str = "contact:";

type Admission<T = ()> = Result<T, Option<Refused>>;

fn refused<T>(status: u16, text: &'static str) -> Admission<T> {
    Err(Some(Refused::auth(status, text)))
}

impl Connection {
    /// Remembers which token is behind a signature and until when it serves; ends the connection when that is over.
    pub(super) async fn take_claims(&mut self, vouch: &SignedClaims) -> Step {
        let tag = vouch.tag.as_deref().and_then(|tag| u64::from_str_radix(tag, 16).ok());
        let root: Option<Root> = vouch.root.as_deref().and_then(|root| root.parse().ok());
        if let Some(root) = root {
            // Listen before looking, so that what ends in between is noticed.
            self.joined.lives_by(&[tag.unwrap_or(0), root.tag()]);
            let (tenant, process) = (self.application.tenant.id, self.app.auth.process_keys());
            let read = self.app.db.read_plain(move |tx| require_root(tx, tenant, &root, &process));
            match read.await {
                Ok(()) => {}
                Err(Error::Unauthorized { .. }) => return Err(Some(pusher::UNAUTHORIZED)),
                Err(error) => {
                    log(&error);
                    return Err(Some(pusher::COME_BACK));
                }
            }
        }
        let Some(until) = vouch.until else { return Ok(()) };
        let left = until - self.app.clock.now().micros();
        if left <= 0 {
            return Err(Some(pusher::UNAUTHORIZED));
        }
        self.lives_on(left);
        Ok(())
    }

    /// Lets a person onto one of Parlor's channels, by Parlor's rules.
    pub(super) async fn admit_own(&mut self, own: ParlorChannel, member: Option<&Member>) -> Admission {
        let Some(member) = member else {
            return refused(
                403,
                "this is one of Parlor's channels: sign channel_data with the user_id of a person, or sign in first",
            );
        };
        let actor = self.identify(member).await?;
        match own {
            ParlorChannel::Person(id) if id != actor.id() => {
                return refused(403, "this is another person's channel");
            }
            ParlorChannel::Inbox if !actor.is_staff() => {
                return refused(403, "only staff may join this channel");
            }
            _ => {}
        }
        if let Some(conversation) = own.conversation()
            && !reads(&self.app, &actor, conversation).await.map_err(failed)?
        {
            return refused(403, "this person does not read this conversation");
        }
        if self.person.is_none() {
            if self.connected.becomes(actor.tenant, actor.id()).is_err() {
                return Err(Some(Refused::limit(4100, "this person has too many connections")));
            }
            self.person = Some(self.enter(actor).await.map_err(failed)?);
        }
        self.remember_own(own, true);
        Ok(())
    }

    /// The person that the user's id names: Parlor's id, or the host application's.
    async fn identify(&mut self, member: &Member) -> Admission<Arc<Actor>> {
        let (tenant, id) = (self.application.tenant.clone(), pusher::plain_id(&member.id).to_owned());
        let found = self.app.db.read_plain(move |tx| resolve(tx, &tenant, &id)).await;
        let actor = match found {
            Ok(Some(actor)) => Arc::new(actor),
            Ok(None) => return refused(403, "no person has this user_id"),
            Err(Error::Unauthorized { .. }) => return refused(403, "this person's account is closed"),
            Err(error) => return Err(failed(error)),
        };
        match &self.person {
            Some(known) if known.id() != actor.id() => refused(403, "this connection is another person's"),
            _ => Ok(actor),
        }
    }

    /// Joins the hub as the person, with the queue that the connection already has.
    async fn enter(&mut self, actor: Arc<Actor>) -> Result<Person, Error> {
        let tenant = actor.tenant;
        let mut ticket = self.app.hub.ticket(tenant);
        loop {
            let who = actor.clone();
            let (at, access, roles) = self
                .app
                .db
                .read_plain(move |tx| {
                    let fresh = reload_actor(tx, &who)?;
                    Ok((events::position(tx, tenant)?.seq, access(tx, &fresh)?, fresh.roles))
                })
                .await?;
            let names = vec![Name::Channel(format!("{TERMINATED}{}", actor.id()).into())];
            let reach = Reach { person: Some((access, roles)), names, ..Reach::default() };
            match ticket.join(reach, at, self.joined.mailbox.clone()) {
                Ok(joined) => {
                    let attending = self.app.presence.attend(tenant, actor.id(), self.app.clock.now());
                    let (conversations, channel, inbox) = (HashMap::new(), None, false);
                    let audited = audited(&self.app, &actor, Protocol::Pusher);
                    return Ok(Person {
                        actor,
                        _joined: joined,
                        attending,
                        _audited: audited,
                        conversations,
                        channel,
                        inbox,
                    });
                }
                Err(back) => ticket = back.0,
            }
        }
    }

    fn remember_own(&mut self, own: ParlorChannel, joined: bool) {
        let Some(person) = &mut self.person else { return };
        match own {
            ParlorChannel::Conversation(id) => person.conversations.entry(id).or_default().0 = joined,
            ParlorChannel::Viewers(id) => person.conversations.entry(id).or_default().1 = joined,
            ParlorChannel::Person(_) => person.channel = joined.then(|| own.to_string().into()),
            ParlorChannel::Inbox => person.inbox = joined,
        }
        person.conversations.retain(|_, (reader, viewer)| *reader || *viewer);
        if let ParlorChannel::Viewers(id) = own {
            let other = || person.conversations.iter().find(|(_, (_, viewer))| *viewer).map(|(id, _)| *id);
            let viewed = if joined { Some(id) } else { other() };
            person.attending.view(viewed, self.app.clock.now());
        }
    }

    /// The connection left a channel that may be one of Parlor's.
    pub(super) fn forget_own(&mut self, channel: &str) {
        if let Some(own) = ParlorChannel::parse(channel) {
            self.remember_own(own, false);
        }
    }

    /// Gives one of Parlor's events to the channels it belongs to.
    pub(super) async fn forward_own(&mut self, published: &EncodedEvent) -> Step {
        let Some(person) = &self.person else { return Ok(()) };
        let event = &published.event;
        let on = event.conversation.and_then(|id| Some((id, *person.conversations.get(&id)?)));
        let (channel, inbox) = (person.channel.clone(), person.inbox && event.kind == EventKind::Presence);
        let frames = published.pusher();
        if let Some(channel) = channel {
            self.feed(frames.on(&channel)).await?;
        }
        if inbox {
            self.feed(frames.on(&ParlorChannel::Inbox.to_string())).await?;
        }
        let Some((conversation, (reader, viewer))) = on else { return Ok(()) };
        if reader {
            self.feed(frames.in_conversation(conversation)).await?;
        }
        if viewer {
            self.feed(frames.for_viewers(conversation)).await?;
        }
        let me = self.person.as_ref().map(Person::id);
        if event.access.iter().any(|change| Some(change.person) == me && !change.member) {
            self.check(conversation).await?;
        }
        Ok(())
    }

    /// Takes a sign that others are told from the person's budget, which all its connections share. Of whom Parlor does not
    /// know, only the connection is limited.
    pub(super) async fn may_sign(&mut self, event: &str) -> bool {
        // Typing takes its own.
        let Some(person) = self.person.as_ref().filter(|_| event != TYPING) else { return true };
        let (db, actor) = (self.app.db.clone(), person.actor.clone());
        !matches!(db.spend(&actor, Spending::Sign).await, Err(Error::Later { .. }))
    }

    /// A client said something on a channel: the person is active, and may be typing. Answers whether everybody on the
    /// channel may hear it: of who types a note, only those do who read notes.
    pub(super) async fn sign_of_life(&mut self, event: &str, channel: &str, data: &str) -> bool {
        let conversation = ParlorChannel::parse(channel).and_then(ParlorChannel::conversation);
        let sign = conversation.filter(|_| event == TYPING).map(|at| (at, TypingSign::of(data)));
        let is_for_all = sign.as_ref().is_none_or(|(_, sign)| !sign.is_private_note);
        let Some(person) = &self.person else { return is_for_all };
        person.attending.active(self.app.clock.now());
        if let Some((conversation, TypingSign { typing, is_private_note })) = sign {
            let actor = person.actor.clone();
            let told = presence::typing(&self.app, &actor, conversation, typing, is_private_note).await;
            if let Err(error) = told {
                tracing::debug!(%error, "a sign of typing leads nowhere");
            }
        }
        is_for_all
    }

    /// Whether what clients tell on this channel may reach this connection, or leave it. Asks Parlor's rules again from
    /// time to time: who reads a conversation may change without an event for those who no longer do.
    pub(super) async fn still_reads(&mut self, channel: &str) -> Result<bool, End> {
        let Some(subscription) = self.subscriptions.get_mut(channel) else { return Ok(false) };
        let Some(conversation) = subscription.own.and_then(ParlorChannel::conversation) else {
            return Ok(true);
        };
        if subscription.checked.elapsed() < BELIEVED {
            return Ok(true);
        }
        subscription.checked = Instant::now();
        self.check(conversation).await?;
        Ok(self.subscriptions.get(channel).is_some())
    }

    /// Takes the connection off the conversation's channels if the person reads it no longer.
    async fn check(&mut self, conversation: ConversationId) -> Step {
        let Some(person) = &self.person else { return Ok(()) };
        match reads(&self.app, &person.actor.clone(), conversation).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(Error::Unauthorized { .. }) => return Err(Some(pusher::UNAUTHORIZED)),
            Err(error) => {
                log(&error);
                return Err(Some(pusher::COME_BACK));
            }
        }
        for own in [ParlorChannel::Conversation(conversation), ParlorChannel::Viewers(conversation)] {
            let channel = own.to_string();
            if self.subscriptions.get(&channel).is_some() {
                self.unsubscribe(&channel);
                let text = "this person no longer reads this conversation";
                self.say(pusher::not_subscribed(&channel, "AuthError", text, 403)).await?;
            }
        }
        Ok(())
    }
}

/// It cannot be found out now.
fn failed(error: Error) -> Option<Refused> {
    log(&error);
    None
}

fn log(error: &Error) {
    tracing::warn!(%error, "a subscription could not be checked");
}

fn resolve(tx: &mut Tx<'_>, tenant: &Tenant, id: &str) -> Result<Option<Actor>, Error> {
    if let Ok(id) = id.parse::<PersonId>() {
        return match users::actor(tx, tenant, id) {
            Err(Error::Unauthorized { .. }) => contacts::actor(tx, tenant, id).map(Some),
            found => found.map(Some),
        };
    }
    if let Some(id) = id.strip_prefix(CONTACT) {
        let known = contacts::by_external(tx, tenant.id, id)?;
        return known.map(|id| contacts::actor(tx, tenant, id)).transpose();
    }
    let known = users::by_external(tx, tenant.id, id)?;
    known.map(|id| users::actor(tx, tenant, id)).transpose()
}
