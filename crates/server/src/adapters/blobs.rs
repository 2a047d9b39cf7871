//! Owns: the bytes of attached files, under a private root, by tenant and id; what a file is, found by looking into it;
//! the signatures of links. Must not know: HTTP, who may read a file. A name that somebody gave is never in a path.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parlor_chat::attachments::NewFile;
use parlor_chat::{RowId, TenantId};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::adapters::private_path::private;
use crate::config::{DataArgs, ServeArgs};
use crate::error::StartError;

/// How much of a file tells what it is.
const HEAD: usize = 8192;
/// A file that is written only to see whether that is possible.
const TRIED_OUT: &str = "tried-out.part";

/// Where files are.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Blobs under this root. It is made when the first one comes.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Those of a server: under its option, which must be a folder or become one, else in its data folder.
    ///
    /// # Errors
    /// When the option names something else.
    pub fn of(data: &DataArgs, config: &ServeArgs) -> Result<Self, StartError> {
        let Some(root) = config.files.clone().filter(|root| !root.as_os_str().is_empty()) else {
            return Ok(Self::new(data.data.join("files")));
        };
        match std::fs::create_dir_all(&root) {
            Ok(()) => Ok(Self::new(root)),
            Err(error) => Err(StartError::Files(root, error)),
        }
    }

    fn folder(&self, tenant: TenantId) -> PathBuf {
        self.root.join(tenant.0.simple().to_string())
    }

    fn path(&self, tenant: TenantId, id: RowId) -> PathBuf {
        self.folder(tenant).join(id.0.simple().to_string())
    }

    /// Begins a new file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn begin(&self, tenant: TenantId, id: RowId) -> io::Result<Upload> {
        let folder = self.folder(tenant);
        make_private(&folder).await?;
        let (path, part) = (self.path(tenant, id), self.path(tenant, id).with_extension("part"));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&part).await?;
        Ok(Upload { id, path, part, file, head: Vec::new(), size: 0, hash: Sha256::new(), done: false })
    }

    /// Puts a whole file in its place. Blocks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, tenant: TenantId, id: RowId, bytes: &[u8]) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.folder(tenant))?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path(tenant, id))?.write_all(bytes)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn open(&self, tenant: TenantId, id: RowId) -> io::Result<File> {
        File::open(self.path(tenant, id)).await
    }

    /// Whether another file could be stored. Blocks.
    ///
    /// # Errors
    /// When it could not.
    pub(crate) fn try_out(&self) -> io::Result<()> {
        try_out(&self.root)
    }

    /// Closes the folder to others, and with it everything that is inside: an earlier version may have left it open.
    pub(crate) fn close(&self) {
        private(&self.root);
    }

    /// Removes what is left of uploads that a crash cut off, and closes what an earlier version left open. Blocks.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sweep(&self, older_than: std::time::Duration) -> io::Result<()> {
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

    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// When it stays.
    pub async fn remove(&self, tenant: TenantId, id: RowId) -> io::Result<()> {
        match fs::remove_file(self.path(tenant, id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes some bytes into a folder and takes them away again; a folder that is not there yet is left so. Blocks.
///
/// # Errors
/// When the disk takes no more.
pub(crate) fn try_out(folder: &Path) -> io::Result<()> {
    let path = folder.join(TRIED_OUT);
    let written = std::fs::write(&path, [0; HEAD]);
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

/// A file on its way in.
#[derive(Debug)]
pub struct Upload {
    id: RowId,
    path: PathBuf,
    part: PathBuf,
    file: File,
    head: Vec<u8>,
    size: i64,
    hash: Sha256,
    /// It is in its place, or was taken away.
    done: bool,
}

/// A client that goes away in the middle takes its upload along: nobody would ever remove what came of it.
impl Drop for Upload {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

impl Upload {
    /// Takes the next bytes; answers how many there are now.
    ///
    /// # Errors
    /// When the disk is full.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<i64> {
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.hash.update(bytes);
        self.size += i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.file.write_all(bytes).await?;
        Ok(self.size)
    }

    /// The file is whole and in its place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn finish(mut self, name: String) -> io::Result<NewFile> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        fs::rename(&self.part, &self.path).await?;
        self.done = true;
        let content_type = kind(&self.head).to_owned();
        let measures =
            if content_type.starts_with("image/") { measured(self.path.clone()).await } else { None };
        let sha256 = std::mem::take(&mut self.hash).finalize().into();
        Ok(NewFile { id: self.id, name, content_type, size: self.size, sha256, measures })
    }

    /// It is not wanted after all.
    pub async fn cancel(mut self) {
        let _ = fs::remove_file(&self.part).await;
        self.done = true;
    }
}

/// Width and height of a picture, read from its header. One that does not tell is shown without.
async fn measured(path: PathBuf) -> Option<(i64, i64)> {
    let size = tokio::task::spawn_blocking(move || imagesize::size(path)).await.ok()?.ok()?;
    let [width, height] = [size.width, size.height].map(|length| i64::try_from(length).ok());
    width
        .zip(height)
        .filter(|(width, height)| (1..=100_000).contains(width) && (1..=100_000).contains(height))
}

/// What a file is, by its first bytes. Its name says nothing.
fn kind(head: &[u8]) -> &'static str {
    if let Some(known) = infer::get(head) {
        return known.mime_type();
    }
    // A character may be cut at the end of what was looked at.
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD,
    };
    if text && !head.contains(&0) { "text/plain" } else { "application/octet-stream" }
}

/// Kinds that a browser shows without running anything in them; everything else is only downloaded.
#[must_use]
pub fn is_shown(content_type: &str) -> bool {
    matches!(
        content_type,
        "image/png"
            | "image/jpeg"
            | "image/gif"
            | "image/webp"
            | "image/avif"
            | "image/bmp"
            | "application/pdf"
            | "text/plain"
            | "video/mp4"
            | "video/webm"
            | "audio/mpeg"
            | "audio/ogg"
            | "audio/x-wav"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_is_in_them() {
        let cases: [(&[u8], &str); 6] = [
            (b"\x89PNG\r\n\x1a\n0000", "image/png"),
            (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
            (b"%PDF-1.7 ...", "application/pdf"),
            ("plain words, é".as_bytes(), "text/plain"),
            (b"\x00\x01\x02\x03", "application/octet-stream"),
            (b"", "text/plain"),
        ];
        for (head, expected) in cases {
            assert_eq!(kind(head), expected);
        }
        assert!(is_shown("image/png") && !is_shown("text/html") && !is_shown("image/svg+xml"));
    }
}
