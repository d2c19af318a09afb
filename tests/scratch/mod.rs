//! A crate of its own in a temporary folder, which embeds rules as a stranger's
//! would: it depends on `detect` by path, without the program.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What lies in `rules` says the program that it was built into: path and hash of
/// each file.
pub(crate) const LISTS_ITS_RULES: &str = r#"
#[detect::ruleset(path = "rules", on_error = "skip")]
struct Rules;

fn main() {
    for (path, hash) in <Rules as detect::Ruleset>::table().files {
        println!("{path} {hash:016x}");
    }
}
"#;

/// The crate; its folder is removed at the end.
pub(crate) struct Crate {
    root: PathBuf,
    name: String,
}

/// What a build said.
pub(crate) struct Built {
    pub(crate) success: bool,
    /// The crate's own program was compiled, not found fresh.
    pub(crate) compiled: bool,
    /// Messages of rustc about the crate, by level.
    pub(crate) warnings: Vec<String>,
    pub(crate) errors: Vec<String>,
    program: Option<PathBuf>,
}

impl Crate {
    /// A crate with a program and no rules. Its dependencies are built once for all
    /// such crates, below the workspace's target folder: unoptimised, so that the
    /// runtime that the macro links is the one that the program links.
    pub(crate) fn new(name: &str, features: &[&str], program: &str) -> Crate {
        let root = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n\
             [dependencies.detect]\npath = {ROOT:?}\ndefault-features = false\nfeatures = {features:?}\n\n\
             [build-dependencies.detect]\npath = {ROOT:?}\ndefault-features = false\nfeatures = {features:?}\n\n\
             [profile.dev]\ndebug = false\nincremental = false\n\n\
             [profile.dev.build-override]\nopt-level = 0\n\n[workspace]\n"
        );
        let new = Crate { root, name: name.to_owned() };
        new.write("Cargo.toml", &manifest);
        new.write("build.rs", "fn main() {\n    detect::build::rules(\"rules\");\n}\n");
        new.write("src/main.rs", program);
        fs::create_dir_all(new.root.join("rules")).expect("a temporary folder");
        let lock = Path::new(ROOT).join("Cargo.lock");
        fs::copy(lock, new.root.join("Cargo.lock")).expect("the workspace's lock file");
        new
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Writes a file in its place.
    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
        fs::write(path, text).expect("a temporary file");
    }

    /// Brings a file that was written long ago, as `mv` and `cp -p` do.
    pub(crate) fn bring_old(&self, below: &str, text: &str) {
        let coming = self.path("coming");
        fs::write(&coming, text).expect("a temporary file");
        age(&coming);
        fs::rename(coming, self.path(below)).expect("a temporary file");
    }

    /// Overwrites a file in its place and sets its time back, of which its folder
    /// shows nothing.
    pub(crate) fn overwrite_old(&self, below: &str, text: &str) {
        self.write(below, text);
        age(&self.path(below));
    }

    pub(crate) fn remove(&self, below: &str) {
        fs::remove_file(self.path(below)).expect("the file is there");
    }

    /// `cargo build`, with variables.
    pub(crate) fn build(&self, variables: &[(&str, &str)]) -> Built {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--offline", "--message-format=json", "--manifest-path"])
            .arg(self.path("Cargo.toml"))
            .arg("--target-dir")
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch"));
        // What the outer build was given is not for this one.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PROFILE_") || name.starts_with("DETECT_") {
                cargo.env_remove(name);
            }
        }
        cargo.env_remove("CARGO_BUILD_TARGET").env_remove("CARGO_INCREMENTAL");
        cargo.envs(variables.iter().copied());
        let output = cargo.output().expect("cargo runs");
        let mut built = Built {
            success: output.status.success(),
            compiled: false,
            warnings: Vec::new(),
            errors: Vec::new(),
            program: None,
        };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(message) = serde_json::from_str::<Json>(line) else { continue };
            if message["target"]["name"] == *self.name {
                built.note(&message);
            }
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(built.success || !built.errors.is_empty(), "{errors}");
        built
    }

    /// Path and hash of each file in `rules`, as [`LISTS_ITS_RULES`] prints them.
    pub(crate) fn rules(&self) -> Vec<String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path("rules")).expect("the folder").flatten() {
            let bytes = fs::read(entry.path()).expect("a rule");
            files.insert(entry.file_name().into_string().expect("UTF-8"), bytes);
        }
        let hash = |bytes: &[u8]| detect::runtime::alert::content_hash(bytes);
        files.iter().map(|(name, bytes)| format!("{name} {:016x}", hash(bytes))).collect()
    }
}

impl Drop for Crate {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.root);
    }
}

impl Built {
    fn note(&mut self, message: &Json) {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        if message["reason"] == "compiler-artifact" {
            self.compiled = message["fresh"] == false;
            self.program = message["executable"].as_str().map(PathBuf::from);
        }
        match message["message"]["level"].as_str() {
            Some("warning") => self.warnings.push(text(&message["message"]["message"])),
            Some("error") => self.errors.push(text(&message["message"]["message"])),
            _ => {}
        }
    }

    /// What the program prints.
    pub(crate) fn run(&self, argument: Option<&str>) -> String {
        let program = self.program.as_ref().expect("a program was built");
        let output = Command::new(program).args(argument).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

/// Sets a file's time to years ago.
fn age(path: &Path) {
    let file = File::options().write(true).open(path).expect("a temporary file");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(old).expect("the file system keeps times");
}
