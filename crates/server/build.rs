//! Makes sure that there is something to embed: the Rust side builds and tests without Node.

use std::path::Path;

fn main() {
    let folder = Path::new("../../web/dist/app");
    let page = folder.join("inbox.html");
    if !page.exists() {
        let text =
            "<!doctype html><title>Parlor</title><p>The web app is not built. Run <code>make web</code>.";
        if std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&page, text)).is_err() {
            println!("cargo::warning=web/dist is missing and cannot be written");
        }
    }
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
}
