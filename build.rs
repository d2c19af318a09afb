//! Notices every change of the rules that are compiled into the program.

#[cfg(feature = "cli")]
#[path = "src/build.rs"]
#[allow(unreachable_pub, reason = "the same file is a public module of the library")]
mod build;

#[cfg(feature = "cli")]
#[path = "src/cli/library/pack.rs"]
mod pack;

fn main() {
    // The library alone has no rules, and must not be built again for its users' ones.
    #[cfg(feature = "cli")]
    program();
    println!("cargo::rerun-if-changed=build.rs");
    // Tests over public rules are compiled where these are at hand.
    for (name, folder) in [("shared_corpus", "../shared/corpus"), ("shared_seed", "../shared/seed")]
    {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if std::path::Path::new(folder).is_dir() {
            println!("cargo::rustc-cfg={name}");
            println!("cargo::rerun-if-changed={folder}");
        }
    }
    test_data();
}

/// The rules of the program: those of `DETECT_RULES`, else its own.
#[cfg(feature = "cli")]
fn program() {
    println!("cargo::rerun-if-env-changed=DETECT_RULES");
    let chosen = std::env::var("DETECT_RULES").ok().filter(|path| !path.is_empty());
    let rules = chosen.as_deref().unwrap_or("rules");
    build::rules(rules);
    pack::pack(std::path::Path::new(rules));
}

/// The conformance suites are compiled from folders of test data: a file that comes
/// or goes there is noticed here, a changed one where it is read.
fn test_data() {
    println!("cargo::rerun-if-env-changed=DETECT_TEST_DATA");
    let given = std::env::var_os("DETECT_TEST_DATA").filter(|list| !list.is_empty());
    let given = given.unwrap_or("tests/data:../shared/conformance".into());
    for folder in std::env::split_paths(&given) {
        for kind in ["esql", "eql", "kql", "triggers"].map(|kind| folder.join(kind)) {
            if kind.is_dir() {
                println!("cargo::rerun-if-changed={}", kind.display());
            }
        }
    }
}
