//! Owns: files that hold a key: written whole or not at all, and for their owner alone. Must not know: what is in them.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use crate::clock::random_seed;

/// The key is whole before it has its name, so that a full disk or a kill leaves no half of one. Of two that start at
/// once, the second leaves the first one's.
pub(crate) fn make(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = part_of(path)?;
    let made = write_new(&part, bytes).and_then(|_| match std::fs::hard_link(&part, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        Err(_) if !path.exists() => std::fs::rename(&part, path),
        linked => linked,
    });
    let _ = std::fs::remove_file(&part);
    made?;
    keep_name(path)
}

/// Puts another key in the place of one. Whoever reads finds the one or the other; the file keeps its owner. Only one may
/// do so at a time: what a killed one has left beside the file is written over.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    // A link is followed: the file that it names is the one that others share.
    let path = &std::fs::canonicalize(path)?;
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let replaced = write_new(&part, bytes).and_then(|file| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let (before, now) = (std::fs::metadata(path)?, file.metadata()?);
            if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
                std::os::unix::fs::fchown(&file, Some(before.uid()), Some(before.gid()))?;
            }
        }
        file.sync_all()?;
        std::fs::rename(&part, path)
    });
    if replaced.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    replaced?;
    keep_name(path)
}

/// The name itself must outlive a power cut, or the next start would make another key.
fn keep_name(path: &Path) -> Result<()> {
    File::open(folder_of(path)?)?.sync_all()
}

fn folder_of(path: &Path) -> Result<&Path> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(Error::from(ErrorKind::InvalidInput)),
    }
}

fn part_of(path: &Path) -> Result<PathBuf> {
    let name: String = random_seed().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(folder_of(path)?.join(format!("{name}.part")))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}
