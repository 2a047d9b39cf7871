//! Owns: the bytes of attached files, by tenant and id, in a private folder or in a bucket of S3. Must not know: HTTP requests
//! of ours, who may read a file, what is in one. A name that somebody gave is never in a path or a key.
//!
//! What is in its place is never replaced: a file never changes. What cannot be reached is an [`io::Error`] of a kind that
//! tells whether it is missing, there already, or may come back.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use crate::adapters::outbound::Outbound;
use crate::config::{DataArgs, FilesArgs};
use crate::error::StartError;

mod blob;
mod local;
mod s3;

pub use blob::{Address, Blob, Chunks, Form, Stored};
use local::Folder;
pub use local::Incoming;
pub(crate) use local::try_out;
use s3::S3;

/// Where files are. What is on its way in passes through a folder in both.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: Folder,
    s3: Option<Arc<S3>>,
}

impl Blobs {
    /// Those of a server: in the bucket that its options name, else under its folder, which must be one or become one, else
    /// in the data folder.
    ///
    /// # Errors
    /// When the options contradict each other or name what cannot be used, and where nodes would keep files each by itself.
    pub(crate) fn of(data: &DataArgs, files: &FilesArgs, outbound: &Outbound) -> Result<Self, StartError> {
        let s3 = S3::of(files, outbound)?.map(Arc::new);
        let folder = match files.folder() {
            Some(root) => {
                std::fs::create_dir_all(root).map_err(|error| StartError::Files(root.to_owned(), error))?;
                root.to_owned()
            }
            None if data.is_embedded() || s3.is_some() => data.data.join("files"),
            None => return Err(StartError::NoFiles),
        };
        Ok(Self { folder: Folder::new(folder), s3 })
    }

    /// Under this folder. It is made when the first file comes.
    #[must_use]
    pub fn in_folder(root: PathBuf) -> Self {
        Self { folder: Folder::new(root), s3: None }
    }

    /// Begins a file whose bytes come through us.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn begin(&self, blob: Blob) -> io::Result<Incoming> {
        self.folder.begin(blob).await
    }

    /// Puts what has come in its place, once it is whole.
    ///
    /// # Errors
    /// `AlreadyExists` when something is there; when the disk or the bucket refuses.
    pub async fn finish(&self, incoming: Incoming) -> io::Result<Stored> {
        match &self.s3 {
            None => self.folder.place(incoming).await,
            Some(s3) => s3.put(incoming).await,
        }
    }

    /// Puts bytes that are here in their place.
    ///
    /// # Errors
    /// As with [`Blobs::begin`] and [`Blobs::finish`].
    pub async fn put(&self, blob: Blob, bytes: &[u8]) -> io::Result<Stored> {
        let mut incoming = self.begin(blob).await?;
        incoming.write(bytes).await?;
        self.finish(incoming).await
    }

    /// An address to which a client puts so many bytes of this type by itself, for some seconds and while nothing is there;
    /// `None` where bytes come through us.
    #[must_use]
    pub fn address(&self, blob: Blob, size: u64, content_type: &str, lasts: Duration) -> Option<Address> {
        self.s3.as_ref().and_then(|s3| s3.address(blob, size, content_type, lasts))
    }

    /// The origin of such addresses, which pages must be allowed to reach.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.s3.as_ref().and_then(|s3| s3.origin())
    }

    /// What is in a place.
    ///
    /// # Errors
    /// When that cannot be told.
    pub async fn stat(&self, blob: Blob) -> io::Result<Option<Stored>> {
        let found = match &self.s3 {
            None => self.folder.stat(blob).await,
            Some(s3) => s3.stat(blob).await,
        };
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// A part of a file; of the bytes that `etag` names, where it is given.
    ///
    /// # Errors
    /// `NotFound` when it is not there, or is another one.
    pub async fn read(&self, blob: Blob, etag: Option<&str>, part: Range<u64>) -> io::Result<Chunks> {
        match &self.s3 {
            None => self.folder.read(blob, part).await,
            Some(s3) => s3.read(blob, etag, part).await,
        }
    }

    /// The same, at once: for small parts.
    ///
    /// # Errors
    /// As with [`Blobs::read`], and when it breaks off.
    pub async fn read_whole(&self, blob: Blob, etag: Option<&str>, part: Range<u64>) -> io::Result<Vec<u8>> {
        let length = part.end.saturating_sub(part.start);
        let mut chunks = self.read(blob, etag, part).await?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() as u64 > length {
                return Err(io::Error::other("more bytes come than were asked for"));
            }
        }
        match bytes.len() as u64 == length {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// When it stays.
    pub async fn remove(&self, blob: Blob) -> io::Result<()> {
        let removed = match &self.s3 {
            None => self.folder.remove(blob).await,
            Some(s3) => s3.remove(blob).await,
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Whether the bucket takes, gives and removes a file: `None` where there is no bucket.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn try_bucket(&self) -> Option<io::Result<String>> {
        let s3 = self.s3.as_ref()?;
        Some(s3.try_out(self.folder.begin(s3::TRIED_OUT).await).await)
    }

    /// Whether the disk takes another file. Blocks.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn try_out(&self) -> io::Result<()> {
        self.folder.try_out()
    }

    /// Closes the folder to others, and with it everything that is inside: an earlier version may have left it open.
    pub(crate) fn close(&self) {
        self.folder.close();
    }

    /// Removes what is left of uploads that a crash cut off. Blocks.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sweep(&self, older_than: Duration) -> io::Result<()> {
        self.folder.sweep(older_than)
    }
}
