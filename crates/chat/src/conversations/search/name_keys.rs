//! The keys by which names and titles are found, for rows that have none yet: those of an older version. Whoever writes a
//! name writes its key with it.

use parlor_db::{Sql, params, statements};

use crate::{
    error::Result,
    folding,
    ids::{RowId, TenantId},
    tx::Tx,
};

statements! {
    /// Users without a key.
    pub static USERS = both("
        SELECT id, name FROM users WHERE tenant = $1 AND name_key IS NULL LIMIT $2");
    /// Gives one its key.
    pub static KEY_USER = both("UPDATE users SET name_key = $3 WHERE tenant = $1 AND id = $2");
    /// Contacts without a key.
    pub static CONTACTS = both("
        SELECT id, name FROM contacts WHERE tenant = $1 AND name_key IS NULL LIMIT $2");
    /// Gives one its key.
    pub static KEY_CONTACT = both("UPDATE contacts SET name_key = $3 WHERE tenant = $1 AND id = $2");
    /// Conversations without a key.
    pub static CONVERSATIONS = both("
        SELECT id, COALESCE(title, subject, '') FROM conversations WHERE tenant = $1 AND title_key IS NULL LIMIT $2");
    /// Gives one its key.
    pub static KEY_CONVERSATION = both("UPDATE conversations SET title_key = $3 WHERE tenant = $1 AND id = $2");
}

/// How many [`key_names`] takes in one transaction.
const STEP: i64 = 500;

/// Makes keys for names that have none, at most some hundreds of them. Answers whether more wait.
pub fn key_names(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    let tables: [(&'static Sql, &'static Sql); 3] =
        [(&USERS, &KEY_USER), (&CONTACTS, &KEY_CONTACT), (&CONVERSATIONS, &KEY_CONVERSATION)];
    for (unkeyed, key) in tables {
        let rows = tx
            .db
            .all(unkeyed, params![tenant, STEP], |row| Ok((row.get::<RowId>(0)?, row.get::<String>(1)?)))?;
        for (id, name) in &rows {
            tx.db.execute(key, params![tenant, *id, folding::key(name).as_str()])?;
        }
        if !rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
