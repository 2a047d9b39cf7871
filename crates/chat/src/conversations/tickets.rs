//! Ticket numbers: one running number per prefix, without gaps or doubles. The counter's row orders who takes which.

use parlor_db::{params, statements};

use crate::{error::Result, ids::TenantId, tx::Tx};

statements! {
    /// Takes the next one.
    pub static NEXT = both("
        INSERT INTO ticket_counters (tenant, prefix, last) VALUES ($1, $2, 1)
        ON CONFLICT (tenant, prefix) DO UPDATE SET last = ticket_counters.last + 1 RETURNING last");
}

/// Takes the next number of a prefix; given back when the operation fails.
pub(crate) fn next(tx: &mut Tx, tenant: TenantId, prefix: &str) -> Result<i64> {
    Ok(tx.db.one(&NEXT, params![tenant, prefix], |row| row.get(0))?)
}

/// "DEV-042": at least three digits, and more when it takes more.
pub fn number(prefix: &str, number: i64) -> String {
    format!("{prefix}-{number:03}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn grows_past_three_digits() {
        let numbers = [1, 42, 999, 1000, 12_345].map(|number| super::number("DEV", number));
        assert_eq!(numbers, ["DEV-001", "DEV-042", "DEV-999", "DEV-1000", "DEV-12345"]);
    }
}
