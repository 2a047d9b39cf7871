//! Owns: telling people who is there, who types and who looks at what. The state of it is `parlor_realtime::presence`.
//! Must not know: how it travels to other nodes or to sockets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::events::{Audience, Event, NewEvent};
use parlor_chat::statuses::{self, UserStatus};
use parlor_chat::{Actor, ConversationId, Error, PersonId, TenantId, Time, conversations, users};
use parlor_realtime::presence::{Connection, Left, PEOPLE, Shown, Sign, Thresholds};
use parlor_realtime::roster::Change;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::App;

/// Changes of one moment are told together: a crowd that comes back at once is one event, not thousands.
const TOGETHER: Duration = Duration::from_millis(250);
/// People in one event: a frame of some ten kilobytes.
const MOST: usize = 100;
/// How often time is looked at.
const TICK: Duration = Duration::from_millis(500);

/// What others see of a user.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PresenceView {
    /// Who.
    pub user_id: PersonId,
    /// `online`, `away`, `busy` or `offline`.
    pub status: &'static str,
    /// Whether the user asks not to be disturbed; counts while connected.
    pub busy: bool,
    /// A few words of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When the words end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_until: Option<Time>,
    /// The last activity of somebody connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_active_at: Option<Time>,
    /// When the last connection ended, of somebody who is not connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Time>,
}

impl PresenceView {
    fn new(user_id: PersonId, shown: &Shown, said: UserStatus) -> Self {
        let status = match shown.connection {
            Connection::Offline => "offline",
            _ if said.busy => "busy",
            Connection::Away => "away",
            Connection::Online => "online",
        };
        let last_seen_at = if shown.connection == Connection::Offline {
            shown.active_at.max(said.last_seen_at)
        } else {
            None
        };
        Self {
            user_id,
            status,
            busy: said.busy,
            text: said.text,
            text_until: said.text_until,
            last_active_at: shown.active_at,
            last_seen_at,
        }
    }
}

impl App {
    /// Tells something that is not kept to everybody it is for, on all nodes.
    pub fn tell(&self, event: Event) {
        self.cluster.tell(&event);
        self.hub.tell(event);
    }

    /// Somebody gives a sign of typing, or of having stopped. Whoever may not write there tells nobody.
    ///
    /// # Errors
    /// `NotFound` where the actor does not see the conversation.
    pub async fn typing(
        &self,
        actor: &Arc<Actor>,
        conversation: ConversationId,
        typing: bool,
        is_private_note: bool,
    ) -> Result<(), Error> {
        let (tenant, person, now) = (actor.tenant, actor.id(), self.clock.now());
        self.presence.touch(tenant, person, now);
        if !typing {
            if let Some(audience) = self.presence.stop_typing(tenant, conversation, person) {
                self.tell_typing(actor, conversation, audience, false);
            }
            return Ok(());
        }
        let audience = match self.presence.typing(tenant, conversation, person, now) {
            Sign::Known => return Ok(()),
            Sign::Tell(audience) => audience,
            Sign::Ask => {
                let who = actor.clone();
                let asked = self.read_plain(move |tx| {
                    conversations::typing_audience(tx, &who, conversation, is_private_note)
                });
                let Some(audience) = asked.await? else { return Ok(()) };
                self.presence.typing_in((tenant, conversation, person), audience.clone(), now);
                audience
            }
        };
        self.tell_typing(actor, conversation, audience, true);
        Ok(())
    }

    fn tell_typing(&self, actor: &Actor, conversation: ConversationId, audience: Audience, typing: bool) {
        let data = json!({ "person_id": actor.id(), "typing": typing });
        let new = NewEvent { kind: "typing", conversation: Some(conversation), audience, access: &[], data };
        if let Ok(event) = Event::ephemeral(actor.tenant, self.clock.now(), Some(&actor.person), new) {
            self.tell(event);
        }
    }

    /// What is shown of these people, and of everybody connected when none are named.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn presence_of(
        &self,
        tenant: TenantId,
        people: Option<Vec<PersonId>>,
    ) -> Result<Vec<PresenceView>, Error> {
        let shown: Vec<(PersonId, Shown)> = match people {
            None => self.presence.people(tenant),
            Some(people) => {
                people.into_iter().map(|person| (person, self.presence.shown(tenant, person))).collect()
            }
        };
        self.views(tenant, shown).await
    }

    /// Users only: whether a contact is there is told where the contact takes part.
    async fn views(
        &self,
        tenant: TenantId,
        shown: Vec<(PersonId, Shown)>,
    ) -> Result<Vec<PresenceView>, Error> {
        let people: Vec<PersonId> = shown.iter().map(|(person, _)| *person).collect();
        let read = self.read_plain(move |tx| {
            Ok((statuses::of(tx, tenant, &people)?, users::among(tx, tenant, &people)?))
        });
        let (mut said, users) = read.await?;
        let known = shown.into_iter().filter(|(person, _)| users.contains(person));
        Ok(known
            .map(|(person, shown)| {
                let said = said.remove(&person).unwrap_or_default();
                PresenceView::new(person, &shown, said)
            })
            .collect())
    }

    async fn thresholds(&self) -> HashMap<TenantId, Thresholds> {
        let mut found = HashMap::new();
        for tenant in self.hub.tenants() {
            if let Ok(settings) = self.settings(tenant).await {
                let thresholds =
                    Thresholds { away: settings.away_after_seconds, offline: settings.offline_after_seconds };
                found.insert(tenant, thresholds);
            }
        }
        found
    }

    async fn remember_left(&self, left: Vec<Left>) -> Result<(), Error> {
        let mut by_tenant: BTreeMap<TenantId, Vec<(PersonId, Time)>> = BTreeMap::new();
        for Left { tenant, person, at } in left {
            by_tenant.entry(tenant).or_default().push((person, at));
        }
        for (tenant, people) in by_tenant {
            let no = self.read_plain(move |tx| parlor_chat::tenants::by_id(tx, tenant)).await?.no;
            self.write_plain(no, move |tx| statuses::seen(tx, tenant, &people)).await?;
        }
        Ok(())
    }
}

/// Starts the work of this module.
pub(super) fn start(app: &super::Ctx) {
    let changes = app.roster.changes();
    tokio::spawn(follow(Arc::downgrade(app), changes));
    tokio::spawn(watch_time(Arc::downgrade(app)));
}

/// What only time changes.
async fn watch_time(app: Weak<App>) {
    let mut turns = interval(TICK);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = Vec::new();
    let mut turn = 0_u64;
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        let (now, thresholds) = (app.clock.now(), app.thresholds().await);
        let usual = Thresholds { away: 300, offline: 0 };
        let gone = app.presence.tick(now, |tenant| thresholds.get(&tenant).copied().unwrap_or(usual));
        left.extend(gone);
        for stopped in app.presence.stopped_typing(now) {
            let data = json!({ "person_id": stopped.person, "typing": false });
            let (conversation, audience) = (Some(stopped.conversation), stopped.audience);
            let new = NewEvent { kind: "typing", conversation, audience, access: &[], data };
            if let Ok(event) = Event::ephemeral(stopped.tenant, now, None, new) {
                app.tell(event);
            }
        }
        turn += 1;
        // Those who left within some seconds share a write.
        if turn.is_multiple_of(10)
            && !left.is_empty()
            && let Err(error) = app.remember_left(std::mem::take(&mut left)).await
        {
            tracing::warn!(%error, "when people were last seen could not be remembered");
        }
    }
}

/// Tells what changes in the roster, whichever node it comes from, to those online here.
async fn follow(app: Weak<App>, mut changes: UnboundedReceiver<Change>) {
    let mut viewing: HashMap<(TenantId, PersonId), BTreeSet<ConversationId>> = HashMap::new();
    let mut shown: HashMap<(TenantId, PersonId), Connection> = HashMap::new();
    let mut batch = Vec::new();
    while changes.recv_many(&mut batch, 10_000).await > 0 {
        sleep(TOGETHER).await;
        while let Ok(change) = changes.try_recv() {
            batch.push(change);
        }
        let Some(app) = app.upgrade() else { return };
        let mut moved: BTreeMap<TenantId, BTreeMap<PersonId, Option<Time>>> = BTreeMap::new();
        for change in batch.drain(..).filter(|change| &*change.list == PEOPLE) {
            if let Ok(person) = change.member.parse() {
                moved.entry(change.tenant).or_default().insert(person, last_activity(&change));
            }
        }
        for (tenant, people) in moved {
            let mut news = Vec::new();
            for (person, last_active) in people {
                let mut now = app.presence.shown(tenant, person);
                now.active_at = now.active_at.or(last_active);
                let key = (tenant, person);
                let before = viewing.remove(&key).unwrap_or_default();
                if before != now.viewing {
                    app.tell_viewing(tenant, person, &before, &now.viewing).await;
                }
                if !now.viewing.is_empty() {
                    viewing.insert(key, now.viewing.clone());
                }
                if shown.get(&key).copied().unwrap_or_default() != now.connection {
                    match now.connection {
                        Connection::Offline => shown.remove(&key),
                        connection => shown.insert(key, connection),
                    };
                    news.push((person, now));
                }
            }
            for part in news.chunks(MOST) {
                app.tell_presence(tenant, part.to_vec()).await;
            }
        }
    }
}

/// What somebody who has left brought along until then.
fn last_activity(change: &Change) -> Option<Time> {
    serde_json::from_str::<Shown>(change.value.as_deref()?).ok()?.active_at
}

impl App {
    async fn tell_presence(&self, tenant: TenantId, people: Vec<(PersonId, Shown)>) {
        let now = self.clock.now();
        let views = match self.views(tenant, people).await {
            Ok(views) if views.is_empty() => return,
            Ok(views) => views,
            Err(error) => {
                tracing::warn!(%error, "who is there could not be told");
                return;
            }
        };
        let new = NewEvent {
            kind: "presence",
            conversation: None,
            audience: Audience::Staff,
            access: &[],
            data: json!({ "people": views }),
        };
        if let Ok(event) = Event::ephemeral(tenant, now, None, new) {
            self.hub.tell(event);
        }
    }

    async fn tell_viewing(
        &self,
        tenant: TenantId,
        person: PersonId,
        before: &BTreeSet<ConversationId>,
        after: &BTreeSet<ConversationId>,
    ) {
        let now = self.clock.now();
        let changed = after
            .difference(before)
            .map(|id| (*id, true))
            .chain(before.difference(after).map(|id| (*id, false)));
        for (conversation, viewing) in changed {
            let asked = self.read_plain(move |tx| viewers_audience(tx, tenant, person, conversation));
            let Ok(Some((actor, audience))) = asked.await else { continue };
            let data = json!({ "person_id": person, "viewing": viewing });
            let new =
                NewEvent { kind: "viewing", conversation: Some(conversation), audience, access: &[], data };
            if let Ok(event) = Event::ephemeral(tenant, now, Some(&actor.person), new) {
                self.hub.tell(event);
            }
        }
    }
}

fn viewers_audience(
    tx: &mut parlor_chat::Tx<'_>,
    tenant: TenantId,
    person: PersonId,
    conversation: ConversationId,
) -> Result<Option<(Actor, Audience)>, Error> {
    let tenant = parlor_chat::tenants::by_id(tx, tenant)?;
    let actor = match users::actor(tx, &tenant, person) {
        Ok(actor) => actor,
        Err(Error::NotFound { .. } | Error::Unauthorized { .. }) => {
            parlor_chat::contacts::actor(tx, &tenant, person)?
        }
        Err(error) => return Err(error),
    };
    let audience = conversations::viewing_audience(tx, &actor, conversation)?;
    Ok(audience.map(|audience| (actor, audience)))
}
