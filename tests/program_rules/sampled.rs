//! `detect samples`: what it writes, `detect test` runs.

use super::program;

/// Rules of several languages and kinds, rules over alerts among them.
pub(super) fn samples_are_cases() {
    let folder = std::env::temp_dir().join(format!("detect-samples-{}", std::process::id()));
    let out = folder.to_str().expect("a path of text");
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/program");
    let made = program(&["samples", rules, "--out", out], "");
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    println!("{said}");
    let count = std::fs::read_dir(&folder).expect("it was written").count();
    assert!(count >= 9, "{count} files\n{said}");
    let run = program(&["test", out], "");
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{told}");
    assert_eq!(told.matches("... ok").count(), 2 * count, "{told}");
    // What is there stays.
    let again = program(&["samples", rules, "--out", out], "");
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    std::fs::remove_dir_all(&folder).expect("it is ours");
}
