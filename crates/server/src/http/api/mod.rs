//! `/api/v1` for everybody who is signed in, and for signing in.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Ctx;

pub(crate) mod avatars;
mod contacts;
mod conversations;
mod drafts;
pub(crate) mod files;
mod invitations;
pub(crate) mod me;
pub(crate) mod messages;
mod notifications;
mod participants;
mod presence;
mod read_state;
mod search;
mod sessions;
mod setup;
mod sign_in;
mod snapshot;
mod stores;
mod teams;
pub(crate) mod uploads;
mod users;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(sign_in::routes())
        .merge(me::routes())
        .merge(avatars::routes())
        .merge(sessions::routes())
        .merge(invitations::routes())
        .merge(conversations::routes())
        .merge(participants::routes())
        .merge(messages::routes())
        .merge(presence::routes())
        .merge(read_state::routes())
        .merge(drafts::routes())
        .merge(files::routes())
        .merge(uploads::routes())
        .merge(notifications::routes())
        .merge(search::routes())
        .merge(snapshot::routes())
        .merge(users::routes())
        .merge(teams::routes())
        .merge(stores::routes())
        .merge(contacts::routes())
}
