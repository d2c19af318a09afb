//! Exceptions of a rule: `RULE.exceptions.toml` beside `RULE.toml`.
//!
//! The file has Kibana's items as tables:
//!
//! ```toml
//! [[item]]
//! name = "Backups of the file server"
//! expire_time = "2027-01-01T00:00:00Z"   # optional
//!
//! [[item.entries]]
//! field = "host.name"
//! type = "match"            # match, match_any, exists, wildcard, nested
//! operator = "included"     # default; "excluded" negates
//! value = "files-01"
//! ```
//!
//! An event is exempt if all entries of any item hold. An item that expires
//! counts for events up to that time. `list` (a value list stored elsewhere) is
//! refused, as its contents are not known here.

use super::Text;
use super::error::{Fault, Faults};
use super::table::Table;
use crate::diagnostic::Report;
use std::sync::Arc;

/// A file of exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceptions {
    /// Path below the rules folder.
    pub path: Arc<str>,
    /// The file's text.
    pub source: Arc<str>,
    /// The items.
    pub items: Vec<Item>,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Name.
    pub name: String,
    /// Last instant at which it counts, in nanoseconds since 1970.
    pub expires: Option<i128>,
    /// What must hold, all of it.
    pub entries: Vec<Entry>,
}

/// A condition of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Field.
    pub field: Text,
    /// `operator = "excluded"`.
    pub negate: bool,
    /// What the field's values are tested for.
    pub test: EntryTest,
}

/// The test of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryTest {
    /// Some value equals.
    Match(Text),
    /// Some value equals one of these.
    MatchAny(Vec<Text>),
    /// There is a value.
    Exists,
    /// Some value matches a pattern of `*` and `?`, as a whole.
    Wildcard(Text),
    /// All hold within one element of the array of objects.
    Nested(Vec<Entry>),
}

impl Item {
    /// Fields and operators in words, in an order that does not depend on the
    /// file's. Values are no part of them: items with the same words differ only in
    /// what may change without a new build.
    pub fn words(&self) -> String {
        in_order(&self.entries).iter().map(|entry| entry.words()).collect::<Vec<_>>().join(", ")
    }
}

/// Entries in the order of their words.
pub(crate) fn in_order(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_cached_key(|entry| entry.words());
    sorted
}

impl Entry {
    fn words(&self) -> String {
        let not = if self.negate { " not" } else { "" };
        let field = &self.field.value;
        match &self.test {
            EntryTest::Match(_) | EntryTest::MatchAny(_) | EntryTest::Wildcard(_) => {
                format!("{field}{not} like a value")
            }
            EntryTest::Exists => format!("{field}{not} present"),
            EntryTest::Nested(inner) => {
                let inner: Vec<String> =
                    in_order(inner).iter().map(|entry| entry.words()).collect();
                format!("{field}{not} with ({})", inner.join(", "))
            }
        }
    }
}

impl Exceptions {
    /// Reads a file of exceptions.
    ///
    /// # Errors
    /// All that is wrong with the file, in one report.
    pub fn parse(path: &str, source: &str) -> Result<Exceptions, Report> {
        let mut faults = Faults::default();
        let items = super::read::parse(source, &mut faults).map(|document| {
            let document = Table::document(&document);
            let items = items(&document, &mut faults);
            document.finish(&mut faults);
            items
        });
        match items {
            Some(items) if !faults.any_error() => {
                Ok(Exceptions { path: path.into(), source: source.into(), items })
            }
            _ => {
                Err(Report { path: path.into(), source: source.into(), problems: faults.problems })
            }
        }
    }
}

fn items(document: &Table<'_, '_>, faults: &mut Faults) -> Vec<Item> {
    let mut items = Vec::new();
    for table in document.tables("item", faults) {
        table.ignore(&["description", "item_id", "tags", "comments", "os_types", "namespace_type"]);
        let name = table.required_text("name", faults);
        let expires = table.text("expire_time", faults).and_then(|time| {
            let parsed = time.value.parse::<jiff::Timestamp>();
            if parsed.is_err() {
                let expected = "a time such as \"2027-01-01T00:00:00Z\"";
                let name = table.path("expire_time");
                let fault = Fault::WrongType { name, expected, found: "a string" };
                faults.error(fault, time.span);
            }
            parsed.ok().map(jiff::Timestamp::as_nanosecond)
        });
        let entries = entries(&table, faults);
        table.finish(faults);
        if let Some(name) = name {
            items.push(Item { name: name.value, expires, entries });
        }
    }
    items
}

fn entries(table: &Table<'_, '_>, faults: &mut Faults) -> Vec<Entry> {
    let tables = table.tables("entries", faults);
    if tables.is_empty() {
        faults.error(Fault::Missing(table.path("entries")), table.span.clone());
    }
    let mut entries = Vec::with_capacity(tables.len());
    for table in tables {
        entries.extend(entry(&table, faults));
        table.finish(faults);
    }
    entries
}

const KINDS: &[&str] = &["match", "match_any", "exists", "wildcard", "list", "nested"];

fn entry(table: &Table<'_, '_>, faults: &mut Faults) -> Option<Entry> {
    let field = table.required_text("field", faults);
    let operator = table.one_of("operator", &["included", "excluded"], faults);
    let Some((kind, place)) = table.one_of("type", KINDS, faults) else {
        table.required_text("type", faults);
        return None;
    };
    let test = match kind {
        "exists" => EntryTest::Exists,
        "match" => EntryTest::Match(value(table, faults)?),
        "wildcard" => EntryTest::Wildcard(value(table, faults)?),
        "match_any" => {
            let values = table.texts("value", faults);
            if values.is_empty() {
                faults.error(Fault::Missing(table.path("value")), table.span.clone());
            }
            EntryTest::MatchAny(values)
        }
        "nested" => EntryTest::Nested(entries(table, faults)),
        _ => {
            table.ignore(&["list", "value"]);
            let reason = "the contents of value lists are not known here";
            faults.error(Fault::Exception { kind: kind.to_owned(), reason }, place);
            return None;
        }
    };
    let negate = operator.is_some_and(|(name, _)| name == "excluded");
    Some(Entry { field: field?, negate, test })
}

/// The value of `match` and `wildcard`: present, maybe empty.
fn value(table: &Table<'_, '_>, faults: &mut Faults) -> Option<Text> {
    if !table.has("value") {
        faults.error(Fault::Missing(table.path("value")), table.span.clone());
    }
    table.text("value", faults)
}
