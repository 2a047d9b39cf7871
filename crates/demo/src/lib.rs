//! A small believable company for trying Parlor out: people, teams, stores, and ten days of what they said in four
//! languages, in every kind of conversation. Owns filling a fresh database with it, through the operations of the
//! domain only: nothing here writes a row by itself.
//!
//! `talks/*.toml`, `people.rs` and `hierarchy.rs` are data; `talks.rs` and `script.rs` read how conversations are written
//! down, `schedule.rs` puts everything in the order of time, `setup.rs` makes the people, and `run.rs` does what the
//! steps say. Must not know: the server.

mod data;
mod deliveries;
mod files;
mod hierarchy;
mod people;
mod run;
mod schedule;
mod script;
mod setup;
mod talks;

use parlor_chat::settings::Settings;
use parlor_chat::{Error, Time, Tx, in_use, search, tenants, users};
use serde::Serialize;

use parlor_chat::tenants::DEFAULT_SLUG;
use schedule::steps;
use setup::Timeline;

pub use files::DemoFile;

/// The password of everybody in the demo. No secret: it is printed, and it is in the documentation.
pub const PASSWORD: &str = "parlor-demo";

/// What the demo's data is made from when nothing else is asked for.
pub const SEED: u64 = 2041;

const DAY_SECONDS: i64 = 86_400;

/// What was made.
#[derive(Clone, Debug, Serialize)]
pub struct Filled {
    /// Conversations of both tenants.
    pub conversations: usize,
    /// Messages, without the lines that Parlor notes down itself.
    pub messages: usize,
    /// Attached files, to be put in their place.
    #[serde(skip)]
    pub files: Vec<DemoFile>,
}

/// Somebody who can sign in with e-mail and password.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    /// Slug of the tenant.
    pub tenant: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// What it is in the company.
    pub does: String,
    /// With what to sign in.
    pub email: String,
    /// With what to sign in.
    pub password: &'static str,
    /// Language of its screens.
    pub locale: &'static str,
    /// What it may do.
    pub may: &'static str,
}

/// A customer: comes in with a token of the host application.
#[derive(Clone, Debug, Serialize)]
pub struct Guest {
    /// Slug of the tenant.
    pub tenant: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// The `sub` of its tokens.
    pub sub: String,
    /// Language it writes in.
    pub locale: &'static str,
}

/// Who can sign in.
#[must_use]
pub fn sign_ins() -> Vec<SignIn> {
    let staff = people::STAFF.iter().map(|one| SignIn {
        tenant: DEFAULT_SLUG,
        name: one.name,
        does: one.does.to_owned(),
        email: people::email(one.key),
        password: PASSWORD,
        locale: one.locale,
        may: one.may,
    });
    let erp = hierarchy::PEOPLE.iter().map(|(key, name, role)| SignIn {
        tenant: hierarchy::ERP.0,
        name,
        does: (*role).to_owned(),
        email: people::email(key),
        password: PASSWORD,
        locale: "fr",
        may: hierarchy::may(role),
    });
    staff.chain(erp).collect()
}

/// The customers.
#[must_use]
pub fn guests() -> Vec<Guest> {
    let guest = |one: &people::Customer| Guest {
        tenant: DEFAULT_SLUG,
        name: one.name,
        sub: format!("demo-{}", one.key),
        locale: one.locale,
    };
    people::CUSTOMERS.iter().map(guest).collect()
}

/// What a database holds that is to be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing that anybody made.
    Nothing,
    /// The demo.
    Demo,
    /// An installation of somebody's, and what shows it.
    InUse(String),
}

/// Looks whether there is room for the demo.
///
/// # Errors
/// When the database cannot be read.
pub fn look(tx: &mut Tx<'_>) -> Result<Found, Error> {
    let first = people::email(people::STAFF[0].key);
    match tenants::by_slug(tx, DEFAULT_SLUG) {
        Ok(tenant) if users::credentials(tx, tenant.id, &first)?.is_some() => return Ok(Found::Demo),
        Ok(_) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(in_use::sign(tx, DEFAULT_SLUG)?.map_or(Found::Nothing, Found::InUse))
}

/// Fills the tenants `default` and `erp`, all or nothing. The same time and seed make the same data. `hash` is the
/// password's.
///
/// # Errors
/// When the database refuses; nothing is stored then.
pub fn fill(
    db: &mut parlor_db::Tx,
    now: Time,
    seed: u64,
    defaults: &Settings,
    hash: &str,
) -> Result<Filled, Error> {
    let mut timeline = Timeline { db, defaults, seed, done: 0 };
    // Two weeks and a bit: seven working days back, and everybody is there before anybody speaks.
    let begin = now.plus_seconds(-16 * DAY_SECONDS);
    let tenant = setup::tenant(&mut timeline, begin, DEFAULT_SLUG, people::COMPANY)?;
    let company = setup::furniture_maker(&mut timeline, begin, tenant, hash)?;
    let mut talks = vec![deliveries::talk()?];
    talks.extend(talks::furniture_maker()?);
    let plan = steps(&talks, now, seed).map_err(Error::Damaged)?;
    let made = run::run(&mut timeline, &company, &talks, plan)?;
    let files = files::showroom(&mut timeline, &company, now)?;
    index(&mut timeline, &company, now)?;
    let (slug, name) = hierarchy::ERP;
    let tenant = setup::tenant(&mut timeline, begin, slug, name)?;
    let company = setup::with_hierarchy(&mut timeline, begin, tenant, hash)?;
    let talks = talks::hierarchy()?;
    let plan = steps(&talks, now, seed).map_err(Error::Damaged)?;
    let erp = run::run(&mut timeline, &company, &talks, plan)?;
    index(&mut timeline, &company, now)?;
    Ok(Filled {
        conversations: made.conversations + erp.conversations + 1,
        messages: made.messages + erp.messages + files.len(),
        files,
    })
}

/// Search finds the demo from the first moment, not when a server has come round to it.
fn index(timeline: &mut Timeline<'_>, company: &setup::Company, now: Time) -> Result<(), Error> {
    while search::catch_up(&mut timeline.at(now), company.tenant.id, company.tenant.no)? {}
    Ok(())
}
