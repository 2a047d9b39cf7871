//! Owns: how often somebody may try what opens an account, or costs much. Must not know: accounts or passwords.
//!
//! The address is asked first, and an account only together with it: nobody uses up the attempts of somebody elsewhere,
//! and what a stranger calls an account is not remembered once the address has had enough.

use std::net::IpAddr;

use parlor_chat::Actor;

use crate::app::App;
use crate::auth::limiter::{Key, Rate};
use crate::net::place::Place;
use crate::request::problem::Problem;

/// What is tried without being signed in.
#[derive(Clone, Copy)]
pub(crate) enum Attempt<'a> {
    /// A password.
    SignIn { tenant: &'a str, email: &'a str },
    /// The setup code.
    Setup,
    /// Looking at an invitation.
    Look,
    /// Accepting one.
    Accept,
}

impl Attempt<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::SignIn { .. } => "sign-in",
            Self::Setup => "setup",
            Self::Look => "look",
            Self::Accept => "accept",
        }
    }

    /// The account at this address, where there is one.
    fn account(self, place: &[u8]) -> Option<Key> {
        let Self::SignIn { tenant, email } = self else { return None };
        let email = email.trim().to_lowercase();
        Some(Key::of("account", &[place, tenant.as_bytes(), email.as_bytes()]))
    }
}

/// Takes one attempt from the address, then one from the account as it is tried from there.
pub(crate) fn limit(app: &App, ip: Option<IpAddr>, attempt: Attempt<'_>) -> Result<(), Problem> {
    let per_minute = f64::from(app.config.sign_in_rate);
    let rate = Rate { per_minute, burst: per_minute };
    let place = ip.map(Place::of);
    let place = place.as_ref().map_or(&[] as &[u8], Place::bytes);
    let keys = [Some(Key::of(attempt.name(), &[place])), attempt.account(place)];
    keys.into_iter().flatten().try_for_each(|key| {
        app.limits.attempts.take(key, rate, app.clock.now()).map_err(Problem::rate_limited)
    })
}

/// The right password was given: what was tried before does not count.
pub(crate) fn succeeded(app: &App, ip: Option<IpAddr>, attempt: Attempt<'_>) {
    let place = ip.map(Place::of);
    if let Some(key) = attempt.account(place.as_ref().map_or(&[], Place::bytes)) {
        app.limits.attempts.forget(&key);
    }
}

/// Takes one attempt at one's own password.
pub(crate) fn limit_own(app: &App, actor: &Actor) -> Result<(), Problem> {
    let per_minute = f64::from(app.config.sign_in_rate);
    limit_work(app, actor, "own-password", Rate { per_minute, burst: per_minute })
}

/// Takes one turn at something that costs much.
pub(crate) fn limit_work(app: &App, actor: &Actor, what: &'static str, rate: Rate) -> Result<(), Problem> {
    let key = Key::of(what, &[actor.tenant.0.as_bytes(), actor.id().0.as_bytes()]);
    app.limits.attempts.take(key, rate, app.clock.now()).map_err(Problem::rate_limited)
}
