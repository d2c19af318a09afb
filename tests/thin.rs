//! The runtime stays thin: at most 35 crates in its default dependency tree,
//! build-time derives counted.

use std::collections::BTreeSet;
use std::process::Command;

const MOST: usize = 35;

#[test]
fn the_runtime_has_few_dependencies() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "-p",
            "detect-runtime",
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    // `name v1.2.3 (*)`: name and version tell a crate.
    let crates: BTreeSet<Vec<&str>> = tree
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(' ').take(2).collect())
        .collect();
    assert!(crates.len() > 1, "the tree was read");
    assert!(crates.len() <= MOST, "{} crates: {crates:?}", crates.len());
}
