//! For build scripts: notices every change of a rules folder.
//!
//! The macro makes cargo watch each rule file, but no token can name a file that
//! is not there yet. One line in `build.rs` closes the gap:
//!
//! ```no_run
//! detect::build::rules("rules");
//! ```

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

/// Variable that asks for a look into the files at each build: see [`rules`].
const WATCH: &str = "DETECT_RULES_WATCH";

/// Makes cargo compile the crate again when `path` (a folder with all below it, or
/// a file; relative to the crate) changes: files that were changed, added, removed
/// or renamed, also where a file that comes has an older time stamp than the one
/// before it, because its folder says when it came. Where nothing changed nothing
/// is compiled.
///
/// Cargo goes by time stamps. A tool that overwrites a file in its place and sets
/// its time back (`cp -p` onto a file that is there, `rsync --inplace`) hides the
/// change from it. With `DETECT_RULES_WATCH=content` the folder is read at every
/// build and nothing can be hidden; cargo then compiles the crate at every build,
/// whether or not something changed, because it knows no way between.
pub fn rules(path: impl AsRef<Path>) {
    let path = path.as_ref();
    println!("cargo::rerun-if-env-changed={WATCH}");
    // Cargo looks at folders and files below, the folders' own times included.
    println!("cargo::rerun-if-changed={}", path.display());
    if std::env::var_os(WATCH).is_some_and(|how| how == "content") {
        // A path that never exists: cargo runs the script every time.
        println!("cargo::rerun-if-changed=.detect-rules-always");
    }
    let mut hasher = DefaultHasher::new();
    add(path, &mut hasher);
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
