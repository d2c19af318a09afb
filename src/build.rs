//! For build scripts: notices every change of a rules folder.
//!
//! The macro makes cargo watch each rule file, but no token can name a file that
//! is not there yet, and a file that comes with an older time stamp looks
//! unchanged. One line in `build.rs` closes both gaps:
//!
//! ```no_run
//! detect::build::rules("rules");
//! ```

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

/// Tells cargo to compile the crate again whenever the contents of `path` (a
/// folder with all below it, or a file; relative to the crate) are others than at
/// the last build: files that were added, removed, renamed or changed, whatever
/// their time stamps.
///
/// The script runs at each build, which costs the reading of the folder; rustc
/// only runs if the hash changed.
pub fn rules(path: impl AsRef<Path>) {
    let mut hasher = DefaultHasher::new();
    add(path.as_ref(), &mut hasher);
    // A path that never exists: cargo runs the script every time.
    println!("cargo::rerun-if-changed=.detect-rules-always");
    println!("cargo::rustc-env=DETECT_RULES_HASH={:016x}", hasher.finish());
}

/// Adds names and contents in a fixed order. What cannot be read counts as
/// missing: the macro says so with a message that names it.
fn add(path: &Path, hasher: &mut DefaultHasher) {
    if let Ok(entries) = std::fs::read_dir(path) {
        let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            hasher.write(entry.to_string_lossy().as_bytes());
            hasher.write_u8(0);
            add(&entry, hasher);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
}
