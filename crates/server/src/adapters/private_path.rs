//! Owns: closing files of the data folder to everybody but their owner. Must not know: what is in them.

use std::path::Path;

/// A file of the data folder that others could read, from an earlier version or a copy, is closed to them. Where that is
/// not ours to do, the file stays as it is.
pub(crate) fn private(path: &Path) {
    #[cfg(unix)]
    if let Ok(about) = std::fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode();
        if mode & 0o077 != 0 {
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700));
        }
    }
}
