//! Owns: how much one person may send, change, say and look for in a while, and how often it is noted that one is refused.
//! In memory, of this node. Must not know: what is done, or how a refusal looks.
//!
//! Every operation that writes takes from here, whichever entrance it comes through ([`crate::database::Database::write`]).

use std::sync::Arc;

use parlor_chat::settings::Settings;
use parlor_chat::{Actor, Error, PersonId, TenantId, Time};

use crate::auth::limiter::{Key, Limiter, Rate};
use crate::ttl_cache::TtlCache;

/// Ten a second, for minutes: a fast hand, several windows and what they do by themselves stay below it. A tenant may
/// have set that somebody sends little; reading and reacting must go on then.
const LEAST_PER_MINUTE: f64 = 600.0;
/// The event of a saved draft holds its text. Somebody who types without a pause saves once a second.
const DRAFTS: Rate = Rate { per_minute: 120.0, burst: 260.0 };

/// The same refusal leaves a row once a minute, after a few …
const SAME_REFUSAL: Rate = Rate { per_minute: 1.0, burst: 3.0 };
/// … and one person's, whatever they are, so many.
const REFUSALS: Rate = Rate { per_minute: 30.0, burst: 30.0 };

/// What is spent. Each has a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spending {
    /// A message, or the file of one.
    Message,
    /// A draft.
    Draft,
    /// Any other change: rows, and events that everybody concerned is told.
    Change,
    /// A search.
    Search,
    /// A sign that others are told and nobody keeps: typing, looking at something, coming.
    Sign,
}

impl Spending {
    fn name(self) -> &'static str {
        match self {
            Self::Message => "messages",
            Self::Draft => "drafts",
            Self::Change => "changes",
            Self::Search => "searches",
            Self::Sign => "signs",
        }
    }

    /// What may be spent; `None` is without limit. One setting holds for all: where sending is without limit, programs
    /// drive the installation.
    fn rate(self, settings: &Settings) -> Option<Rate> {
        let sent = settings.send_rate_per_minute as f64;
        let rate = match self {
            Self::Message => Rate { per_minute: sent, burst: (sent / 10.0).max(1.0) },
            Self::Draft => DRAFTS,
            Self::Change | Self::Search | Self::Sign => {
                let per_minute = sent.max(LEAST_PER_MINUTE);
                Rate { per_minute, burst: per_minute / 3.0 }
            }
        };
        (sent > 0.0).then_some(rate)
    }
}

/// Everybody's budgets.
#[derive(Debug)]
pub struct Budgets {
    /// The settings in force, as far as they are remembered.
    pub(crate) settings: Arc<TtlCache<TenantId, Arc<Settings>>>,
    people: Limiter<(TenantId, PersonId, Spending)>,
    refusals: Limiter<Key>,
}

impl Budgets {
    /// Nobody has spent anything.
    pub(crate) fn new(settings: Arc<TtlCache<TenantId, Arc<Settings>>>) -> Self {
        Self { settings, people: Limiter::default(), refusals: Limiter::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// `Later` when the budget is spent: how long to wait.
    pub fn spend(&self, actor: &Actor, what: Spending, settings: &Settings, now: Time) -> Result<(), Error> {
        let Some(rate) = what.rate(settings) else { return Ok(()) };
        self.people.take((actor.tenant, actor.id(), what), rate, now).map_err(|seconds| Error::Later {
            rule: what.name(),
            detail: format!("too many {} at once, try again in {seconds} s", what.name()),
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        })
    }

    /// Whether a refusal is worth a row of the audit log: not each of a thousand that are alike, or of one person.
    pub fn notes(&self, actor: &Actor, refusal: &[&[u8]], now: Time) -> bool {
        let (tenant, person) = (actor.tenant, actor.id());
        let who: [&[u8]; 2] = [tenant.0.as_bytes(), person.0.as_bytes()];
        let same = Key::of("refusal", &[&who, refusal].concat());
        self.refusals.take(same, SAME_REFUSAL, now).is_ok()
            && self.refusals.take(Key::of("refusals", &who), REFUSALS, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_follow_sending_but_never_stop_reading() {
        let of =
            |what: Spending, send| what.rate(&Settings { send_rate_per_minute: send, ..Settings::default() });
        assert_eq!(of(Spending::Change, 0), None);
        assert_eq!(of(Spending::Message, 6), Some(Rate { per_minute: 6.0, burst: 1.0 }));
        assert_eq!(of(Spending::Change, 6), Some(Rate { per_minute: 600.0, burst: 200.0 }));
        assert_eq!(of(Spending::Search, 6_000), Some(Rate { per_minute: 6_000.0, burst: 2_000.0 }));
    }
}
