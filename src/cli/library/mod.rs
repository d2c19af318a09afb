//! Which rules: those compiled into the program, a folder, or one file; and which one
//! of them.
//!
//! In: what the user names. Out: the catalogue, and an entry of it or a message that
//! says what is near. The files of the compiled rules are packed into the program
//! (`pack`, part of the build script).

use super::failure::Failure;
use super::output;
use detect_compiler::diagnostic::{Report, Style};
use detect_compiler::lower;
use detect_compiler::page::{Catalogue, Entry};
use detect_compiler::rule::{File, Folder, Rule, read_folder};
use std::collections::HashMap;
use std::path::Path;

/// Files of the compiled rules.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.zst"));

/// Names that a message shows at most.
const SHOWN: usize = 8;

/// The files of a folder, or of the rules that are compiled in.
pub(crate) fn folder(rules: Option<&Path>) -> Result<Folder, Failure> {
    match rules {
        Some(path) => read_folder(path).map_err(|error| Failure::read(&error.path, &error.error)),
        None => Ok(compiled_in()),
    }
}

fn compiled_in() -> Folder {
    let bytes = zstd::decode_all(PACKED).unwrap_or_default();
    let mut rest = bytes.as_slice();
    let mut next = || -> Option<Vec<u8>> {
        let (length, tail) = rest.split_first_chunk::<8>()?;
        let (part, tail) = tail.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        rest = tail;
        Some(part.to_vec())
    };
    let mut folder = Folder::default();
    while let (Some(path), Some(bytes)) = (next(), next()) {
        folder.files.push(File { path: String::from_utf8_lossy(&path).into_owned(), bytes });
    }
    folder.files.sort_by(|a, b| a.path.cmp(&b.path));
    folder
}

/// Members with the long texts of the rules that are compiled in, by path: what full
/// alerts say besides.
pub(crate) fn long_texts() -> HashMap<String, String> {
    let rules = compiled_in().ruleset().rules;
    rules.iter().map(|rule| (rule.path.to_string(), lower::long_texts(rule))).collect()
}

/// A rule as the user named it, with counts of the catalogue.
pub(crate) fn find(catalogue: &Catalogue, folder: &Folder, name: &str) -> Result<Entry, Failure> {
    let identity = |entry: &&Entry| entry.page.identity.clone();
    let known = catalogue.entries.iter().filter(|entry| {
        let own = identity(entry);
        own.id == name || own.name.eq_ignore_ascii_case(name) || own.path == name
    });
    match known.collect::<Vec<_>>().as_slice() {
        [entry] => return Ok((*entry).clone()),
        [] => {}
        several => return Err(ambiguous(name, several)),
    }
    if let Some(report) = catalogue.refused.iter().find(|report| is_of(report, folder, name)) {
        return Err(broken(report));
    }
    let path = Path::new(name);
    if path.is_file() {
        return from_file(catalogue, path);
    }
    if path.is_dir() {
        let message = format!("`{name}` is a folder; name one rule, or `--rules {name}`");
        return Err(Failure::Usage(message));
    }
    Err(unknown(catalogue, name))
}

/// A file that need not be part of the catalogue.
fn from_file(catalogue: &Catalogue, path: &Path) -> Result<Entry, Failure> {
    let single = Catalogue::of(&folder(Some(path))?);
    if let Some(report) = single.refused.first() {
        return Err(broken(report));
    }
    let Some(mut entry) = single.entries.into_iter().next() else {
        return Err(Failure::Usage(format!("there is no rule in `{}`", path.display())));
    };
    catalogue.count(&mut entry.page);
    Ok(entry)
}

/// True if a refused file is the one that is meant: by path, or by id or name as far
/// as it can be read.
fn is_of(report: &Report, folder: &Folder, name: &str) -> bool {
    let file = || folder.files.iter().find(|file| *file.path == *report.path);
    *report.path == *name
        || file().is_some_and(|file| {
            let source = String::from_utf8_lossy(&file.bytes);
            Rule::parse(&file.path, &source)
                .is_ok_and(|rule| rule.id.value == name || rule.name.eq_ignore_ascii_case(name))
        })
}

fn broken(report: &Report) -> Failure {
    let style = if output::error_coloured() { Style::Coloured } else { Style::Plain };
    eprint!("{}", report.render(style));
    Failure::Found
}

fn ambiguous(name: &str, several: &[&Entry]) -> Failure {
    let line =
        |entry: &&Entry| format!("\n    {}  {}", entry.page.identity.id, entry.page.identity.path);
    let lines: String = several.iter().take(SHOWN).map(line).collect();
    let count = several.len();
    Failure::Usage(format!("{count} rules are called `{name}`; name one by its file:{lines}"))
}

fn unknown(catalogue: &Catalogue, name: &str) -> Failure {
    let line =
        |entry: &Entry| format!("\n    {}  {}", entry.page.identity.id, entry.page.identity.name);
    let near: String = near(catalogue, name).into_iter().map(line).collect();
    let hint = if near.is_empty() { "" } else { "\n  did you mean" };
    Failure::Usage(format!("there is no rule with the id, name or file `{name}`{hint}{near}"))
}

/// Rules whose names have all the words, else those that are a few letters away.
fn near<'c>(catalogue: &'c Catalogue, name: &str) -> Vec<&'c Entry> {
    let wanted = name.to_lowercase();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let entries = || catalogue.entries.iter();
    let all = entries().filter(|entry| {
        let own = entry.page.identity.name.to_lowercase();
        !words.is_empty() && words.iter().all(|word| own.contains(word))
    });
    let ids =
        entries().filter(|entry| wanted.len() >= 4 && entry.page.identity.id.starts_with(&wanted));
    let mut found: Vec<&Entry> = all.chain(ids).take(SHOWN).collect();
    if found.is_empty() {
        let names: Vec<String> =
            entries().map(|entry| entry.page.identity.name.to_lowercase()).collect();
        let nearest =
            detect_compiler::diagnostic::nearest(&wanted, names.iter().map(String::as_str));
        found.extend(nearest.and_then(|nearest| {
            entries().find(|entry| entry.page.identity.name.to_lowercase() == nearest)
        }));
    }
    found
}
