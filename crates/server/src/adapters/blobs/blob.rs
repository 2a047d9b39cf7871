//! Owns: what folders and buckets have in common: which file, what is in its place, its bytes. Must not know: either.

use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use parlor_chat::{RowId, TenantId};

/// Which bytes: whose, of which file, in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its id.
    pub id: RowId,
    /// The form.
    pub form: Form,
}

/// The forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it came.
    Sent,
    /// A picture without what cameras note in it.
    Cleaned,
    /// A small picture of it, whose longest side has so many pixels.
    Small(u32),
}

impl Blob {
    /// A file as it came.
    #[must_use]
    pub fn sent(tenant: TenantId, id: RowId) -> Self {
        Self { tenant, id, form: Form::Sent }
    }

    /// The same file in another form.
    #[must_use]
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

/// Its place below the folder, or in the bucket.
impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant.0.simple(), self.id.0.simple())?;
        match self.form {
            Form::Sent => Ok(()),
            Form::Cleaned => f.write_str(".clean"),
            Form::Small(side) => write!(f, ".{side}"),
        }
    }
}

/// What is in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// In bytes.
    pub size: u64,
    /// What S3 calls these bytes; other bytes in the same place have another name.
    pub etag: Option<String>,
}

/// An address that takes the bytes of one file, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Signed.
    pub url: String,
    /// What the request must say, word for word.
    pub headers: Vec<(&'static str, String)>,
}

/// Bytes as they come.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;
