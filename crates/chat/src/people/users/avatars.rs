//! Avatars: the picture of a user, as one of the files. Owns who may set it, and that nobody has more than one; the
//! bytes are the server's business. The address is no secret to whoever sees the person, and cannot be guessed.

use parlor_db::{FromRow, params, statements};
use serde_json::json;

use crate::{
    attachments::{self, Attachment, Kept, NewFile, StoredFile, attachment_columns, kept_columns},
    audit,
    error::{Result, not_found},
    ids::{PersonId, RowId, TenantId},
    person::Actor,
    rights::Right,
    tx::Tx,
};

use super::{User, announce::tell, load::managed, store};

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO attachments (tenant, id, uploader_id, message_id, name, content_type, size, etag, created_at, width,
            height, avatar_of, state)
        VALUES ($1, $2, $3, NULL, 'avatar', $4, $5, $6, $7, $8, $9, $10, 'avatar')");
    /// The one at an address.
    pub static SERVED = both(concat!("
        SELECT ", attachment_columns!(), ", ", kept_columns!(), " FROM attachments a
        WHERE a.tenant = $1 AND a.id = $2 AND a.state = 'avatar'"));
    /// It is no longer anybody's, and is removed with the files that no message wants.
    pub static RELEASE = both("
        UPDATE attachments SET avatar_of = NULL, name = '', state = 'abandoned' WHERE tenant = $1 AND avatar_of = $2");
}

/// Where a picture is served: without a token, for as long as it is somebody's.
pub fn path(tenant: TenantId, id: RowId) -> String {
    format!("/files/avatars/{tenant}/{id}")
}

/// The user, if the actor may change its picture: its own, or with `manage_users`.
pub fn changeable(tx: &mut Tx, actor: &Actor, user: PersonId) -> Result<User> {
    if user != actor.id() {
        actor.require(Right::ManageUsers, "user.avatar")?;
    }
    managed(tx, actor, user, "user.avatar")
}

/// Gives a user a picture that is in its place; the one before is removed.
pub fn set(tx: &mut Tx, actor: &Actor, user: PersonId, new: &NewFile) -> Result<User> {
    let user = changeable(tx, actor, user)?;
    release(tx, actor.tenant, user.id)?;
    tx.db.execute(
        &INSERT,
        params![
            actor.tenant,
            new.id,
            actor.id(),
            new.content_type.as_str(),
            new.size,
            new.etag.as_deref(),
            tx.now,
            new.measures.map(|(width, _)| width),
            new.measures.map(|(_, height)| height),
            user.id
        ],
    )?;
    changed(tx, actor, &user, Some(&path(actor.tenant, new.id)))
}

/// Takes a user's picture away, wherever it came from.
pub fn remove(tx: &mut Tx, actor: &Actor, user: PersonId) -> Result<User> {
    let user = changeable(tx, actor, user)?;
    if user.avatar_url.is_none() {
        return Ok(user);
    }
    release(tx, actor.tenant, user.id)?;
    changed(tx, actor, &user, None)
}

fn changed(tx: &mut Tx, actor: &Actor, user: &User, url: Option<&str>) -> Result<User> {
    if user.id != actor.id() {
        let details = json!({ "name": user.name, "removed": url.is_none() });
        audit::record(tx, actor, "user.avatar", Some(("user", &user.id.to_string())), &details)?;
    }
    set_avatar_url(tx, actor, user, url)
}

/// The picture that a user had is no longer used.
pub(crate) fn release(tx: &mut Tx, tenant: TenantId, user: PersonId) -> Result<()> {
    match tx.db.execute(&RELEASE, params![tenant, user])? {
        0 => Ok(()),
        _ => attachments::remove_soon(tx),
    }
}

/// The picture at an address.
pub fn served(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<StoredFile> {
    let found = tx.db.opt(&SERVED, params![tenant, id], |row| {
        Ok((Attachment::from_row(row)?, Kept::read(row, Attachment::WIDTH)?))
    })?;
    let (file, kept) = found.ok_or(not_found("picture"))?;
    Ok(kept.of(file))
}

/// The address of a user's picture is another one.
fn set_avatar_url(tx: &mut Tx, actor: &Actor, user: &User, url: Option<&str>) -> Result<User> {
    store::update(tx, actor.tenant, user.id, &user.name, url, user.active)?;
    tell(tx, actor, User { avatar_url: url.map(str::to_owned), ..user.clone() })
}
