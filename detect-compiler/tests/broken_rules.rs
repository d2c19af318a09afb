//! What a build says about rules that do not compile: each `NAME.toml` in
//! `tests/data/broken` of the workspace gives the text of `NAME.txt` beside it, and
//! all of them together give all texts. `DETECT_BLESS=1` writes the texts anew.

use detect_compiler::compile::{Failure, Options, compile, plans};
use detect_compiler::diagnostic::{Report, Style};
use detect_compiler::expand::OnError;
use detect_compiler::rule::{Folder, read_folder};
use std::fs;
use std::path::Path;

fn options(on_error: OnError) -> Options {
    let runtime = "::detect::runtime".parse().expect("a path");
    Options { on_error, runtime, below: "rules".to_owned(), ..Options::default() }
}

fn folder() -> (&'static Path, Folder) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/broken"));
    (path, read_folder(path).expect("the folder of cases"))
}

fn text(reports: &[Report]) -> String {
    reports.iter().map(|report| report.render(Style::Plain)).collect()
}

#[test]
fn each_has_its_message() {
    let (path, folder) = folder();
    let bless = std::env::var_os("DETECT_BLESS").is_some();
    let mut wrong = Vec::new();
    assert!(folder.files.len() >= 12, "{} cases", folder.files.len());
    for file in &folder.files {
        let alone = Folder { files: vec![file.clone()] };
        let messages = text(&plans(&alone, &options(OnError::Stop)).refused);
        assert!(!messages.is_empty(), "{} compiles", file.path);
        let expected = path.join(&file.path).with_extension("txt");
        if bless {
            fs::write(&expected, &messages).expect("a text to write");
        } else if fs::read_to_string(&expected).unwrap_or_default() != messages {
            wrong.push(messages);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_build_shows_all() {
    let (_, folder) = folder();
    let Err(Failure::Rules(reports)) = compile(&folder, &options(OnError::Stop)) else {
        panic!("the folder compiles");
    };
    for file in &folder.files {
        let place = format!("rules/{}", file.path);
        assert!(reports.iter().any(|report| *report.path == *place), "{place}");
    }
    // A build that allows it leaves them out, and says of each why.
    let compiled = compile(&folder, &options(OnError::Skip)).expect("a ruleset of nothing");
    assert_eq!(text(&compiled.refused), text(&reports));
}

#[test]
fn two_files_with_one_id() {
    let (_, folder) = folder();
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated"));
    let mut rules = read_folder(path).expect("rules that compile");
    let mut twin = rules.files[0].clone();
    twin.path = "twin.toml".to_owned();
    rules.files.push(twin);
    let plans_of = |on_error| plans(&rules, &options(on_error));
    let messages = text(&plans_of(OnError::Stop).refused);
    assert!(messages.contains("rules/twin.toml"), "{messages}");
    assert!(messages.contains(&rules.files[0].path), "{messages}");
    let skipped = plans_of(OnError::Skip);
    assert_eq!(skipped.rules.len(), rules.files.len());
    assert!(text(&skipped.warnings).contains("twin.toml"));
    assert!(folder.files.iter().all(|file| file.path != "twin.toml"));
}
