//! What the conformance suites share: where their data is, ways to evaluate a
//! rule, and the tally.

// Each suite is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub(crate) mod compiled;
pub(crate) mod corpora;
pub(crate) mod plain;
pub(crate) mod tally;
pub(crate) mod threshold;

use bumpalo::Bump;
use detect_compiler::plan::{Cond, Sample, Sequence};
use detect_runtime::head::{Content, Draft, Source};
use detect_runtime::value::Owned;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `now` is: 2026-11-24, later than all test data.
pub(crate) const NOW: i64 = 1_795_478_400_000;

/// A way to evaluate what a front end made. Each suite runs every way over every
/// case; all must give what the suite expects.
pub(crate) trait Way {
    /// Name for messages.
    fn name(&self) -> &'static str;

    /// The numbers of the documents that satisfy a condition.
    fn matches(&mut self, rule: &Conditions<'_>, documents: &[Document]) -> Vec<usize>;

    /// The completed sequences of documents, which are in order of time: their
    /// numbers term by term, `None` for a missing event.
    fn sequences(&mut self, sequence: &Sequence, documents: &[Document]) -> Vec<Joined>;

    /// The samples of documents.
    fn samples(&mut self, sample: &Sample, documents: &[Document]) -> Vec<Joined>;
}

/// A condition with the lineages that it names.
pub(crate) struct Conditions<'c> {
    /// The condition.
    pub(crate) cond: &'c Cond,
    /// See `Plan::lineages`.
    pub(crate) lineages: &'c [Cond],
}

/// Events that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    /// Numbers of the documents, `None` for a missing event.
    pub(crate) events: Vec<Option<usize>>,
    /// The join key as text, `null` for null.
    pub(crate) keys: Vec<String>,
}

impl Joined {
    /// From the draft of a sequence or sample; `number` knows the documents.
    pub(crate) fn of(
        draft: &Draft,
        key: fn(&Owned) -> String,
        number: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> Joined {
        let Content::Sequence { events, keys, .. } = &draft.content else {
            panic!("not a sequence: {draft:?}")
        };
        let number = |event: &Option<Arc<Source>>| number(&event.as_ref()?.line);
        Joined { events: events.iter().map(number).collect(), keys: keys.iter().map(key).collect() }
    }

    /// One event by itself.
    pub(crate) fn alone(number: usize) -> Joined {
        Joined { events: vec![Some(number)], keys: Vec::new() }
    }
}

/// Keys of samples: dates are milliseconds since 1970 there.
pub(crate) fn epoch(value: &Owned) -> String {
    match value {
        Owned::Date(millis) => millis.to_string(),
        other => text(other),
    }
}

/// Keys of sequences.
pub(crate) fn text(value: &Owned) -> String {
    let arena = Bump::new();
    let text = detect_runtime::value::text(value.lend(&arena), &arena);
    text.unwrap_or("null").to_owned()
}

/// A document of a data set.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its line.
    pub(crate) line: String,
    /// The same, for the plain way.
    pub(crate) parsed: detect_runtime::event::reference::Document,
}

impl Document {
    /// From a line of JSON.
    pub(crate) fn new(line: String) -> Document {
        let parsed = detect_runtime::event::reference::Document::parse(line.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        Document { line, parsed }
    }

    /// From JSON that was changed in some way.
    pub(crate) fn of(json: &Json) -> Document {
        Document::new(json.to_string())
    }
}

/// The data folders that have `name`: those of `DETECT_TEST_DATA`, or the
/// project's own and the shared one.
pub(crate) fn folders(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = match std::env::var_os("DETECT_TEST_DATA") {
        Some(list) => std::env::split_paths(&list).collect(),
        None => vec![root.join("tests/data"), root.join("../shared/conformance")],
    };
    folders.into_iter().map(|folder| folder.join(name)).filter(|folder| folder.is_dir()).collect()
}

/// Reads a file of a data folder.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a TOML file of a data folder; `None` if the folder has no such file.
pub(crate) fn read_toml(path: &Path) -> Option<toml::Table> {
    path.exists()
        .then(|| read(path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
