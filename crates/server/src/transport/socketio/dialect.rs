//! Owns: in whose words the main namespace speaks.

/// In whose words a client is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Parlor's own: docs/protocols/socketio.md.
    Native,
    /// The contract's: docs/contracts/erp.md. The address names the tenant.
    Erp,
}
