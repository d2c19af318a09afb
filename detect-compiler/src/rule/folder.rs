//! A folder of rules: which files there are, and what they say together.
//!
//! Reserved names: `*.exceptions.toml` (exceptions of the rule beside it),
//! `*.tests.ndjson` (samples), and at the top `detect-fields.toml` (field types)
//! and `detect-profile.toml` (what a recorded stream looked like). Every other
//! `.toml` must be a rule; files of other kinds and hidden ones are passed over.

use super::error::{Fault, Faults};
use super::read::{file_problem, parse};
use super::table::{Table, type_name};
use super::{Exceptions, Rule, RuleError};
use crate::diagnostic::{Problem, Report};
use crate::schema::{FieldType, Schema, parse_type};
use detect_runtime::alert::content_hash;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use toml::Spanned;
use toml::de::DeValue;

/// Name of the file of field types.
const FIELDS: &str = "detect-fields.toml";
/// Name of the file that describes a stream.
const PROFILE: &str = "detect-profile.toml";
const EXCEPTIONS: &str = ".exceptions.toml";
const SAMPLES: &str = ".tests.ndjson";

/// A file that takes part in a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below the folder, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl File {
    /// Hash of the bytes.
    pub fn content_hash(&self) -> u64 {
        content_hash(&self.bytes)
    }
}

/// All files of a rules folder that matter, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// The files.
    pub files: Vec<File>,
}

/// A file or folder that cannot be read.
#[derive(Debug, Error)]
#[error("cannot read `{}`: {error}", path.display())]
pub struct FolderError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// What the files of a folder say.
#[derive(Debug, Default)]
pub struct Ruleset {
    /// The rules, sorted by path.
    pub rules: Vec<Rule>,
    /// Files that are wrong.
    pub refused: Vec<Report>,
    /// One report for each rule with the id of an earlier one; both are in `rules`.
    pub duplicates: Vec<Report>,
    /// Built-in field types with those of the folder.
    pub schema: Schema,
    /// Hash of the folder's field types, for [`Rule::meaning_hash`].
    pub fields_hash: u64,
    /// Text of `detect-profile.toml`.
    pub profile: Option<String>,
}

/// Reads a folder with all below it, or one file (with its exceptions and samples).
///
/// # Errors
/// The first file or folder that cannot be read.
pub fn read_folder(root: &Path) -> Result<Folder, FolderError> {
    let mut folder = Folder::default();
    let failed = |path: &Path, error| FolderError { path: path.to_owned(), error };
    let metadata = root.metadata().map_err(|error| failed(root, error))?;
    if metadata.is_dir() {
        collect(root, "", &mut HashSet::new(), &mut folder)?;
        folder.files.sort_by(|a, b| a.path.cmp(&b.path));
        return Ok(folder);
    }
    let beside = |ending: &str| root.with_extension(&ending[1..]);
    for (path, needed) in [(root, true), (&beside(EXCEPTIONS), false), (&beside(SAMPLES), false)] {
        if needed || path.exists() {
            let bytes = std::fs::read(path).map_err(|error| failed(path, error))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            folder.files.push(File { path: name, bytes });
        }
    }
    Ok(folder)
}

fn collect(
    path: &Path,
    below: &str,
    seen: &mut HashSet<PathBuf>,
    folder: &mut Folder,
) -> Result<(), FolderError> {
    let failed = |path: &Path, error| FolderError { path: path.to_owned(), error };
    // A link to a folder above would never end.
    let real = path.canonicalize().map_err(|error| failed(path, error))?;
    if !seen.insert(real) {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(|error| failed(path, error))? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let (path, below) = (entry.path(), format!("{below}{name}"));
        if path.is_dir() {
            collect(&path, &format!("{below}/"), seen, folder)?;
        } else if path.extension().is_some_and(|extension| extension == "toml")
            || name.ends_with(SAMPLES)
        {
            let bytes = std::fs::read(&path).map_err(|error| failed(&path, error))?;
            folder.files.push(File { path: below, bytes });
        }
    }
    Ok(())
}

impl Folder {
    /// Reads what the files say; errors of one file do not keep the others from
    /// being read.
    pub fn ruleset(&self) -> Ruleset {
        let mut ruleset = Ruleset { schema: Schema::builtin(), ..Ruleset::default() };
        let mut exceptions = HashMap::new();
        for file in &self.files {
            if file.path.ends_with(SAMPLES) {
                continue;
            }
            let Ok(source) = std::str::from_utf8(&file.bytes) else {
                ruleset.refused.push(file_report(&file.path, Fault::Utf8));
                continue;
            };
            match file.path.as_str() {
                FIELDS => {
                    ruleset.fields_hash = file.content_hash();
                    let problems = read_fields(source, &mut ruleset.schema);
                    if !problems.is_empty() {
                        let (path, source) = (file.path.as_str().into(), source.into());
                        ruleset.refused.push(Report { path, source, problems });
                    }
                }
                PROFILE => ruleset.profile = Some(source.to_owned()),
                path if path.ends_with(EXCEPTIONS) => match Exceptions::parse(path, source) {
                    Ok(found) => {
                        exceptions.insert(path.replace(EXCEPTIONS, ".toml"), Arc::new(found));
                    }
                    Err(report) => ruleset.refused.push(report),
                },
                path => match Rule::parse(path, source) {
                    Ok(rule) => ruleset.rules.push(rule),
                    Err(report) => ruleset.refused.push(report),
                },
            }
        }
        for rule in &mut ruleset.rules {
            rule.exceptions = exceptions.remove(&*rule.path);
        }
        self.lonely(exceptions.into_values(), &mut ruleset.refused);
        ruleset.duplicates = duplicates(&ruleset.rules);
        ruleset.refused.sort_by(|a, b| a.path.cmp(&b.path));
        ruleset
    }

    /// The files of samples.
    pub fn samples(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(SAMPLES))
    }

    /// Exceptions of rules that do not exist (not: that do not compile).
    fn lonely(&self, left: impl Iterator<Item = Arc<Exceptions>>, refused: &mut Vec<Report>) {
        for exceptions in left {
            let rule = exceptions.path.replace(EXCEPTIONS, ".toml");
            if !self.files.iter().any(|file| file.path == rule) {
                refused.push(file_report(&exceptions.path, Fault::LonelyExceptions(rule)));
            }
        }
    }
}

/// A report about a file as a whole.
fn file_report(path: &str, fault: Fault) -> Report {
    Report { path: path.into(), source: "".into(), problems: vec![file_problem(fault)] }
}

fn duplicates(rules: &[Rule]) -> Vec<Report> {
    let mut first: HashMap<&str, &Rule> = HashMap::new();
    let mut reports = Vec::new();
    for rule in rules {
        match first.get(rule.id.value.as_str()) {
            None => {
                first.insert(&rule.id.value, rule);
            }
            Some(other) => {
                let fault =
                    Fault::DuplicateId { id: rule.id.value.clone(), other: other.path.to_string() };
                let error = RuleError { fault, span: rule.id.span.clone() };
                reports.push(rule.report(vec![Problem::of(&error)]));
            }
        }
    }
    reports
}

/// Reads `detect-fields.toml`:
///
/// ```toml
/// [fields]
/// "acme.session" = "keyword"
/// "acme.scores" = { type = "long", array = true }
/// ```
fn read_fields(source: &str, schema: &mut Schema) -> Vec<Problem> {
    let mut faults = Faults::default();
    if let Some(document) = parse(source, &mut faults) {
        let document = Table::document(&document);
        if let Some(fields) = document.table("fields", &mut faults) {
            field_types(&fields, "", schema, &mut faults);
        }
        document.finish(&mut faults);
    }
    faults.problems
}

fn field_types(table: &Table<'_, '_>, below: &str, schema: &mut Schema, faults: &mut Faults) {
    for (name, value) in table.members() {
        let path = format!("{below}{}", name.value);
        match value.get_ref() {
            DeValue::String(ty) => {
                if let Some(field) = known_type(ty, value, faults) {
                    schema.set(&path, field);
                }
            }
            DeValue::Table(inner) => match inner.get("type") {
                Some(ty) if ty.get_ref().is_str() => {
                    let array = inner.get("array").and_then(|array| array.get_ref().as_bool());
                    let text = ty.get_ref().as_str().unwrap_or_default();
                    if let Some(field) = known_type(text, ty, faults) {
                        schema.set(&path, FieldType { array, ..field });
                    }
                }
                // `acme.session = "keyword"` without quotes is a table in a table.
                _ => field_types(&Table::document(inner), &format!("{path}."), schema, faults),
            },
            other => {
                let expected = "the name of a type";
                let fault = Fault::WrongType { name: path, expected, found: type_name(other) };
                faults.error(fault, value.span());
            }
        }
    }
}

fn known_type(name: &str, at: &Spanned<DeValue<'_>>, faults: &mut Faults) -> Option<FieldType> {
    let field = parse_type(name);
    if field.is_none() {
        faults.error(Fault::FieldType(name.to_owned()), at.span());
    }
    field
}
