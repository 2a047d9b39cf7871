//! Real messages that are not part of this repository: `../shared/data/real.tar.gz` seen from its root. Owns: unpacking
//! them, and the honest line when they are missing.

use std::{fs, path::Path, process::Command};

/// All files of a folder of the real messages, with their paths in it; None, and a line that says so, when they are missing.
pub fn messages(test: &str, folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/real.tar.gz");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let unpacked = archive.exists() && fs::create_dir_all(&target).is_ok() && {
        let mut tar = Command::new("tar");
        tar.arg("xzf").arg(&archive).arg("-C").arg(&target).arg(format!("shared/email/{folder}"));
        tar.status().is_ok_and(|status| status.success())
    };
    if !unpacked {
        eprintln!("skipped {test}: no real messages at ../shared/data/real.tar.gz");
        return None;
    }
    let root = target.join("shared/email").join(folder);
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    fs::remove_dir_all(&target).unwrap();
    files.sort();
    Some(files)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.push((path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap()));
        }
    }
}
