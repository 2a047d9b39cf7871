//! What people change of themselves.

use crate::{
    error::{Result, invalid},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{PersonId, TenantId},
    person::Actor,
    text::checked_name,
    tx::Tx,
};

use super::{Profile, ProfileChange, announce::announce, load::get, store};

/// One's own profile.
pub fn profile(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Profile> {
    store::profile(tx, tenant, id)
}

/// Changes one's own profile.
pub fn update_profile(tx: &mut Tx, actor: &Actor, change: &ProfileChange) -> Result<()> {
    actor.require_staff("me.update")?;
    let user = get(tx, actor, actor.id())?;
    let mut profile = profile(tx, actor.tenant, actor.id())?;
    if let Some(locale) = &change.locale {
        if !["en", "fr", "de", "pt"].contains(&locale.as_str()) {
            return Err(invalid("locale", "known", "use en, fr, de or pt"));
        }
        profile.locale.clone_from(locale);
    }
    if let Some(zone) = &change.time_zone {
        let fits = (1..=64).contains(&zone.len())
            && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
        if !fits {
            return Err(invalid("time_zone", "format", "use an IANA name such as Europe/Vienna"));
        }
        profile.time_zone.clone_from(zone);
    }
    if let Some(preferences) = &change.preferences {
        if !preferences.is_object() || preferences.to_string().len() > 16_384 {
            return Err(invalid("preferences", "object", "use an object of at most 16 KiB"));
        }
        profile.preferences = preferences.clone();
    }
    store::set_profile(tx, actor.tenant, actor.id(), &profile)?;
    if let Some(name) = &change.name
        && *name != user.name
    {
        store::update(
            tx,
            actor.tenant,
            user.id,
            &checked_name(name)?,
            user.avatar_url.as_deref(),
            user.active,
        )?;
        announce(tx, actor, user.id, "user.update")?;
    }
    let told = Payload::MeUpdated(payloads::MeUpdated { profile });
    events::append(tx, actor, NewEvent::new(told, Audience::Person(actor.id()))).map(drop)
}
