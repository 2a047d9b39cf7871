//! Owns: one finding of the doctor. Must not know: what is looked at.

use serde::Serialize;

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) ok: bool,
    /// What was found, and what to do about it.
    pub(crate) detail: String,
}

impl Check {
    pub(crate) fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: true, detail: detail.into() }
    }

    pub(crate) fn bad(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: false, detail: detail.into() }
    }
}

/// A clock that differs more than this makes tokens fail.
pub(crate) const CLOCK_TOLERANCE_SECONDS: i64 = 20;
