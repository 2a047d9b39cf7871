//! Owns: files in a private folder: how they come in, and that none is replaced. Must not know: buckets.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::blob::{Blob, Chunks, Stored};
use crate::adapters::private_path::private;

/// What is read at once.
const CHUNK: usize = 64 * 1024;
/// A file that is written only to see whether that is possible.
const TRIED_OUT: &str = "tried-out.part";
const TRIED_BYTES: usize = 8192;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// How many files have been begun.
    begun: Arc<AtomicU64>,
}

/// A file on its way in.
#[derive(Debug)]
pub struct Incoming {
    pub(super) blob: Blob,
    pub(super) size: u64,
    part: PathBuf,
    file: File,
    /// It is in its place, or was taken away.
    done: bool,
}

/// A client that goes away in the middle takes its upload along: nobody would ever remove what came of it.
impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

impl Incoming {
    /// Which file it is to be.
    #[must_use]
    pub fn blob(&self) -> Blob {
        self.blob
    }

    /// Takes the next bytes; answers how many there are now.
    ///
    /// # Errors
    /// When the disk is full.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.file.write_all(bytes).await?;
        self.size += bytes.len() as u64;
        Ok(self.size)
    }

    /// The bytes, once they are all on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) async fn bytes(&mut self) -> io::Result<Chunks> {
        self.file.flush().await?;
        read_part(&self.part, 0..self.size).await
    }

    /// It is not wanted after all, or is somewhere else.
    pub async fn cancel(mut self) {
        let _ = fs::remove_file(&self.part).await;
        self.done = true;
    }
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, begun: Arc::default() }
    }

    fn path(&self, blob: Blob) -> PathBuf {
        self.root.join(blob.to_string())
    }

    /// Each attempt has a file of its own: one that was cut off is in nobody's way.
    pub(super) async fn begin(&self, blob: Blob) -> io::Result<Incoming> {
        let path = self.path(blob);
        if let Some(folder) = path.parent() {
            make_private(folder).await?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let (part, file) = loop {
            let attempt = self.begun.fetch_add(1, Ordering::Relaxed);
            let mut part = path.clone().into_os_string();
            part.push(format!(".{attempt}.part"));
            let part = PathBuf::from(part);
            match options.open(&part).await {
                // Of another node, or of a process before this one.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => break (part, opened?),
            }
        };
        Ok(Incoming { blob, size: 0, part, file, done: false })
    }

    /// A second name is made only where there is none, in one step: whoever comes second finds the place taken.
    pub(super) async fn place(&self, mut incoming: Incoming) -> io::Result<Stored> {
        incoming.file.flush().await?;
        incoming.file.sync_all().await?;
        let path = self.path(incoming.blob);
        match fs::hard_link(&incoming.part, &path).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Some file systems have no second names.
            Err(_) if fs::try_exists(&path).await? => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&incoming.part, &path).await?,
        }
        // The name as well: the row that refers to it is durable.
        if let Some(folder) = path.parent() {
            File::open(folder).await?.sync_all().await?;
        }
        let size = incoming.size;
        incoming.cancel().await;
        Ok(Stored { size, etag: None })
    }

    pub(super) async fn stat(&self, blob: Blob) -> io::Result<Stored> {
        Ok(Stored { size: fs::metadata(self.path(blob)).await?.len(), etag: None })
    }

    pub(super) async fn read(&self, blob: Blob, part: Range<u64>) -> io::Result<Chunks> {
        read_part(&self.path(blob), part).await
    }

    pub(super) async fn remove(&self, blob: Blob) -> io::Result<()> {
        fs::remove_file(self.path(blob)).await
    }

    pub(super) fn try_out(&self) -> io::Result<()> {
        try_out(&self.root)
    }

    pub(super) fn close(&self) {
        private(&self.root);
    }

    /// Removes what is left of uploads that a crash cut off, and closes what an earlier version left open. Blocks.
    pub(super) fn sweep(&self, older_than: Duration) -> io::Result<()> {
        let tenants = match std::fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            tenants => tenants?,
        };
        for tenant in tenants {
            let tenant = tenant?.path();
            let Ok(files) = std::fs::read_dir(&tenant) else { continue };
            private(&tenant);
            for file in files {
                let file = file?;
                private(&file.path());
                let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
                if file.path().extension().is_some_and(|end| end == "part") && age > older_than {
                    std::fs::remove_file(file.path())?;
                }
            }
        }
        Ok(())
    }
}

async fn read_part(path: &Path, part: Range<u64>) -> io::Result<Chunks> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(part.start)).await?;
    let wanted = file.take(part.end.saturating_sub(part.start));
    Ok(Box::pin(stream::try_unfold(wanted, |mut wanted| async move {
        let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
        let read = wanted.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), wanted)))
    })))
}

/// Writes some bytes into a folder and takes them away again; a folder that is not there yet is left so. Blocks.
///
/// # Errors
/// When the disk takes no more.
pub(crate) fn try_out(folder: &Path) -> io::Result<()> {
    let path = folder.join(TRIED_OUT);
    let written = std::fs::write(&path, [0; TRIED_BYTES]);
    let _ = std::fs::remove_file(&path);
    match written {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        written => written,
    }
}

async fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}
