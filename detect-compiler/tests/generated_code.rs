//! The generated code of a rule for each kind of head, and of the first rule of the
//! project: it is read like any other code. Tables stand as their lengths.

use detect_compiler::compile::{Options, compile};
use detect_compiler::rule::{Folder, read_folder};
use std::path::Path;

/// Longest literal that is shown.
const SHOWN: usize = 60;

fn code(folder: &Folder) -> String {
    let options =
        Options { runtime: "::detect::runtime".parse().expect("a path"), ..Options::default() };
    let tokens = |()| compile(folder, &options).map(|compiled| compiled.tokens);
    let once = tokens(()).unwrap_or_else(|failure| panic!("{failure:?}"));
    let again = tokens(()).unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!(once.to_string(), again.to_string(), "the same rules give the same tokens");
    let file = syn::parse2(once).expect("items");
    shorten(&prettyplease::unparse(&file))
}

/// Replaces long byte strings by their length as it is spelled.
fn shorten(text: &str) -> String {
    let mut short = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("b\"") {
        let (before, literal) = rest.split_at(at);
        short.push_str(before);
        let mut escaped = false;
        let end = literal[2..].find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.map_or(literal.len(), |end| end + 3);
        let (literal, behind) = literal.split_at(end);
        if literal.len() > SHOWN {
            short.push_str("b\"...\"");
        } else {
            short.push_str(literal);
        }
        rest = behind;
    }
    short.push_str(rest);
    short
}

fn folder(path: &str) -> Folder {
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("rules")
}

#[test]
fn one_of_each_head() {
    let rules = folder("tests/generated");
    assert_eq!(rules.files.len(), 8);
    for file in &rules.files {
        let name = file.path.trim_end_matches(".toml").to_owned();
        let code = code(&Folder { files: vec![file.clone()] });
        insta::assert_snapshot!(name, code);
    }
}

#[test]
fn the_first_rule() {
    let path = "../rules/linux/file_transfer_utility_launched_from_unusual_parent.toml";
    insta::assert_snapshot!("first_rule", code(&folder(path)));
}

/// The "and not" of a rule: a function for its fields and operators, values beside it.
#[test]
fn exceptions() {
    insta::assert_snapshot!("exceptions", code(&folder("tests/exempt")));
}

/// Everything that is generated inside a crate has the same bytes wherever that
/// crate lies.
#[test]
fn no_place_of_this_machine() {
    let here = env!("CARGO_MANIFEST_DIR");
    for path in ["tests/generated", "tests/exempt", "../rules"] {
        assert!(!code(&folder(path)).contains(here), "{path}");
    }
}
