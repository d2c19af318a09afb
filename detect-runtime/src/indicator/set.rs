//! A set of indicator documents with its indices.

use super::index::{Index, block_key};
use super::{EntrySpec, ThreatSpec};
use crate::event::Raw;
use crate::event::reference::{Document, Found};
use crate::json::Malformed;
use crate::key::push;
use crate::value::address::Block;
use crate::value::{Type, Value, load_one};
use bumpalo::Bump;
use std::sync::Arc;

/// A set of indicators with an index for one rule.
#[derive(Debug, Default)]
pub struct Indicators {
    text: String,
    documents: Vec<Place>,
    /// Index names and file names.
    indices: Vec<Arc<str>>,
    groups: Vec<Index>,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    end: usize,
    /// Number in its file.
    number: u32,
    index: u32,
}

impl Indicators {
    /// Number of documents.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Bytes of documents and indices.
    pub fn memory(&self) -> usize {
        self.text.capacity()
            + self.documents.capacity() * size_of::<Place>()
            + self.groups.iter().map(Index::memory).sum::<usize>()
    }

    pub(super) fn group(&self, number: usize) -> Option<&Index> {
        self.groups.get(number)
    }

    /// Text, number in its file, index name.
    pub(super) fn document(&self, number: u32) -> (&str, u64, &Arc<str>) {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.documents[number - 1].end };
        let place = self.documents[number];
        let text = &self.text[start..place.end];
        (text, u64::from(place.number), &self.indices[place.index as usize])
    }

    /// Whether an event's value contains one of the document's values.
    pub(super) fn contains(&self, number: u32, entry: &EntrySpec, value: Value<'_>) -> bool {
        let Ok(document) = Document::parse(self.document(number).0.as_bytes()) else {
            return false;
        };
        let mut contains = false;
        values(&document, entry, &mut |one| {
            contains |= value.as_slice().iter().any(|v| match (v, &one) {
                (Value::Ip(address), One::Block(block)) => block.contains(*address),
                (v, One::Key(key)) => {
                    let mut bytes = Vec::new();
                    push(&mut bytes, *v);
                    bytes == *key
                }
                _ => false,
            });
        });
        contains
    }
}

/// Reads indicators, file by file, line by line.
///
/// ```
/// use detect_runtime::indicator::{Builder, EntrySpec, ThreatSpec};
/// use detect_runtime::value::Type;
///
/// static RULE: ThreatSpec = ThreatSpec {
///     mapping: &[&[EntrySpec {
///         position: 0,
///         field: "source.ip",
///         ty: Type::Ip,
///         indicator: "threat.indicator.ip",
///         negate: false,
///     }]],
///     indices: &["logs-ti_*"],
///     filter: &[],
/// };
/// let mut builder = Builder::new(&RULE);
/// builder.file("feed.ndjson");
/// let line = br#"{"threat":{"indicator":{"ip":"198.51.100.0/24"}}}"#;
/// builder.line(line, &mut |_| true).unwrap();
/// assert_eq!(builder.finish().len(), 1);
/// ```
#[derive(Debug)]
pub struct Builder {
    spec: &'static ThreatSpec,
    set: Indicators,
    file: u32,
    number: u32,
}

impl Builder {
    /// An empty set for this rule.
    pub fn new(spec: &'static ThreatSpec) -> Builder {
        let groups = spec.mapping.iter().map(|entries| Index::new(entries)).collect();
        let mut builder = Builder {
            spec,
            set: Indicators { groups, ..Indicators::default() },
            file: 0,
            number: 0,
        };
        builder.file("");
        builder
    }

    /// Begins a file; its name stands for the index of documents that name none.
    pub fn file(&mut self, name: &str) {
        self.file = self.index(name);
        self.number = 0;
    }

    /// Takes a line; documents that do not pass `filter`, the rule's indicator
    /// filter, and documents that take part in no group are not kept.
    ///
    /// # Errors
    /// [`Malformed`] if it is no JSON object. It counts as a document then.
    pub fn line(
        &mut self,
        line: &[u8],
        filter: &mut dyn FnMut(&Document) -> bool,
    ) -> Result<(), Malformed> {
        let number = self.number;
        self.number = number.saturating_add(1);
        let document = Document::parse(line)?;
        if !filter(&document) || self.set.documents.len() >= u32::MAX as usize {
            return Ok(());
        }
        let new = self.set.documents.len() as u32;
        let mut kept = false;
        for (entries, index) in self.spec.mapping.iter().zip(&mut self.set.groups) {
            kept |= enter(&document, entries, index, new);
        }
        if kept {
            let mut named = None;
            document.find("_index", &mut |found| {
                if let Found::Scalar(Document::Text(name)) = found {
                    named.get_or_insert(name.clone());
                }
            });
            let index = named.map_or(self.file, |name| self.index(&name));
            self.set.text.push_str(String::from_utf8_lossy(line).trim());
            self.set.documents.push(Place { end: self.set.text.len(), number, index });
        }
        Ok(())
    }

    /// The set.
    pub fn finish(mut self) -> Indicators {
        self.set.text.shrink_to_fit();
        self.set.documents.shrink_to_fit();
        self.set.groups.iter_mut().for_each(Index::shrink);
        self.set
    }

    fn index(&mut self, name: &str) -> u32 {
        let indices = &mut self.set.indices;
        let at = indices.iter().position(|i| **i == *name).unwrap_or_else(|| {
            indices.push(name.into());
            indices.len() - 1
        });
        at as u32
    }
}

/// Enters a document into a group's index; false if it takes no part.
///
/// It must have a value for each entry, and exactly one where there are several
/// entries.
fn enter(document: &Document, entries: &[EntrySpec], index: &mut Index, number: u32) -> bool {
    let mut lists: Vec<Vec<One>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut list = Vec::new();
        values(document, entry, &mut |one| {
            if !list.contains(&one) {
                list.push(one);
            }
        });
        if list.is_empty() || entries.len() > 1 && list.len() > 1 {
            return false;
        }
        lists.push(list);
    }
    let positive = || lists.iter().zip(entries).filter(|(_, e)| !e.negate).map(|(l, _)| l);
    for (at, list) in positive().enumerate() {
        for one in list {
            if let One::Block(block) = one {
                index.note_length(at, block.bits);
            }
        }
    }
    match positive().collect::<Vec<_>>()[..] {
        [] => index.participate(number),
        [list] => list.iter().for_each(|one| index.add(&one.key(), number)),
        ref many => {
            let key: Vec<u8> = many.iter().flat_map(|l| l[0].key()).collect();
            index.add(&key, number);
        }
    }
    true
}

/// A value of an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum One {
    Key(Vec<u8>),
    Block(Block),
}

impl One {
    fn key(&self) -> Vec<u8> {
        match self {
            One::Key(key) => key.clone(),
            One::Block(block) => block_key(*block).into(),
        }
    }
}

/// The values of a document for an entry, read as the event's field would be.
fn values(document: &Document, entry: &EntrySpec, each: &mut dyn FnMut(One)) {
    let arena = Bump::new();
    document.find(entry.indicator, &mut |found| {
        let raw = match found {
            Found::Scalar(Document::Text(text)) => Raw::Text(text),
            Found::Scalar(Document::Number(text)) => Raw::Number(text),
            Found::Scalar(Document::Boolean(b)) => Raw::Boolean(*b),
            _ => return,
        };
        if entry.ty == Type::Ip {
            if let Some(block) = Block::parse(raw.text()) {
                each(One::Block(block));
            }
        } else if let Some(value) = load_one(raw, entry.ty, &arena) {
            let mut key = Vec::new();
            push(&mut key, value);
            each(One::Key(key));
        }
    });
}
