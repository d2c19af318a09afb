//! The plain way to an event: parse the whole line with serde_json, then look up
//! field after field by its path.
//!
//! It shares nothing with the projector but the rules for escapes, so that each
//! can be the measure of the other. Unlike a `serde_json::Value`, a [`Document`]
//! keeps repeated keys and the text of numbers.

use super::{Event, FieldId, Kind, Store};
use crate::json::layout::{Flags, Layout};
use crate::json::{MAX_DEPTH, Malformed, Reason, escape};
use bumpalo::Bump;
use core::fmt;
use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value as it was written: members in order and with their repetitions,
/// numbers as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number's text.
    Number(String),
    /// A string without escapes.
    Text(String),
    /// Elements in order.
    Array(Vec<Document>),
    /// Members in order.
    Object(Vec<(String, Document)>),
}

/// A value at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'d> {
    /// A scalar that is not null.
    Scalar(&'d Document),
    /// An object with at least one member.
    Object,
}

impl Document {
    /// Parses a line.
    ///
    /// # Errors
    /// [`Malformed`] if it is no JSON object.
    pub fn parse(line: &[u8]) -> Result<Document, Malformed> {
        let text =
            core::str::from_utf8(line).map_err(|error| Reason::Utf8.at(error.valid_up_to()))?;
        let start = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if !text[start..].starts_with('{') {
            return Err(Reason::NotObject.at(start));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| explain(text, &error))?;
        Document::build(raw.get(), text, MAX_DEPTH)
    }

    /// Gives what stands at a path, in source order, to `each`. Keys may hold
    /// dots; arrays are flattened, nulls dropped.
    pub fn find<'d>(&'d self, path: &str, each: &mut dyn FnMut(Found<'d>)) {
        match self {
            Document::Array(elements) => {
                for element in elements {
                    element.find(path, each);
                }
            }
            Document::Object(members) => {
                for (key, value) in members {
                    if key == path {
                        value.flatten(each);
                    } else if let Some(rest) = below(path, key) {
                        value.find(rest, each);
                    } else if below(key, path).is_some() {
                        each(Found::Object);
                    }
                }
            }
            _ => {}
        }
    }

    /// Gives the arrays and lone objects at a path to `each`.
    pub fn find_composites<'d>(&'d self, path: &str, each: &mut dyn FnMut(&'d Document)) {
        match self {
            Document::Array(elements) => {
                for element in elements {
                    element.find_composites(path, each);
                }
            }
            Document::Object(members) => {
                for (key, value) in members {
                    if key == path {
                        if let Document::Array(_) | Document::Object(_) = value {
                            each(value);
                        }
                    } else if let Some(rest) = below(path, key) {
                        value.find_composites(rest, each);
                    }
                }
            }
            _ => {}
        }
    }

    fn flatten<'d>(&'d self, each: &mut dyn FnMut(Found<'d>)) {
        match self {
            Document::Null => {}
            Document::Array(elements) => elements.iter().for_each(|element| element.flatten(each)),
            Document::Object(members) if members.is_empty() => {}
            Document::Object(_) => each(Found::Object),
            scalar => each(Found::Scalar(scalar)),
        }
    }

    /// `raw` is a part of `line`, for the offsets of errors.
    fn build(raw: &str, line: &str, room: usize) -> Result<Document, Malformed> {
        let inner = |raw: &RawValue| Document::build(raw.get(), line, room - 1);
        let offset = raw.as_ptr() as usize - line.as_ptr() as usize;
        let composite = raw.starts_with(['{', '[']);
        if composite && room == 0 {
            return Err(Reason::TooDeep.at(offset));
        }
        Ok(match raw.as_bytes().first() {
            Some(b'{') => {
                let Pairs(pairs) = parse(raw, line)?;
                let mut members = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    members.push((unquote(key.get()), inner(value)?));
                }
                Document::Object(members)
            }
            Some(b'[') => {
                let Items(items) = parse(raw, line)?;
                Document::Array(items.into_iter().map(inner).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Document::Text(unquote(raw)),
            Some(b't') => Document::Boolean(true),
            Some(b'f') => Document::Boolean(false),
            Some(b'n') => Document::Null,
            _ => Document::Number(raw.to_owned()),
        })
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Document::Null => f.write_str("null"),
            Document::Boolean(value) => value.fmt(f),
            Document::Number(text) => f.write_str(text),
            Document::Text(text) => write_text(text, f),
            Document::Array(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    element.fmt(f)?;
                }
                f.write_str("]")
            }
            Document::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    write_text(key, f)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Reads lines into events, the plain way.
#[derive(Debug)]
pub struct Reader<'t> {
    layout: Layout<'t>,
    store: Store,
    text: String,
}

impl<'t> Reader<'t> {
    /// A reader for these fields.
    pub fn new(layout: Layout<'t>) -> Reader<'t> {
        Reader { layout, store: Store::new(layout.field_count()), text: String::new() }
    }

    /// Reads a line (without its line feed).
    ///
    /// # Errors
    /// [`Malformed`] if it is no JSON object.
    pub fn read<'a>(&'a mut self, line: &'a [u8], arena: &'a Bump) -> Result<Event<'a>, Malformed> {
        Ok(self.event(&Document::parse(line)?, line, arena))
    }

    /// The event of a line that has been parsed.
    pub fn event<'a>(
        &'a mut self,
        document: &Document,
        line: &'a [u8],
        arena: &'a Bump,
    ) -> Event<'a> {
        self.store.clear();
        self.text.clear();
        for field in 0..self.layout.field_count() as FieldId {
            self.fill(document, field);
        }
        self.store.link();
        Event::new(line, &self.text, &self.store, arena)
    }

    fn fill(&mut self, document: &Document, field: FieldId) {
        let path = self.layout.path(field);
        let flags = self.layout.flags(field);
        let (store, text) = (&mut self.store, &mut self.text);
        document.find(path, &mut |found| {
            let start = text.len();
            let kind = match found {
                Found::Object => {
                    if flags.has(Flags::OBJECT) {
                        store.add_objects(&[field]);
                    }
                    return;
                }
                Found::Scalar(Document::Text(value)) => {
                    text.push_str(value);
                    Kind::Text
                }
                Found::Scalar(Document::Number(value)) => {
                    text.push_str(value);
                    Kind::Number
                }
                Found::Scalar(Document::Boolean(true)) => Kind::True,
                Found::Scalar(_) => Kind::False,
            };
            match kind {
                Kind::True => text.push_str("true"),
                Kind::False => text.push_str("false"),
                _ => {}
            }
            store.add(field, kind, start, text.len());
        });
        if flags.has(Flags::ELEMENTS) {
            document.find_composites(path, &mut |composite| {
                let start = text.len();
                text.push_str(&composite.to_string());
                store.add_element_source(field, start, text.len());
            });
        }
    }
}

/// What is left of `path` below `key`.
fn below<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    path.strip_prefix(key)?.strip_prefix('.')
}

/// The text of a string with its quotes.
fn unquote(raw: &str) -> String {
    let mut text = String::new();
    escape::append(&raw[1..raw.len() - 1], &mut text);
    text
}

fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\0'..='\u{1f}' => write!(f, "\\u{:04x}", character as u32)?,
            _ => fmt::Write::write_char(f, character)?,
        }
    }
    f.write_str("\"")
}

fn parse<'r, T: Deserialize<'r>>(raw: &'r str, line: &str) -> Result<T, Malformed> {
    serde_json::from_str(raw).map_err(|error| explain(line, &error))
}

/// Our words for serde_json's: its own messages are not typed.
fn explain(line: &str, error: &serde_json::Error) -> Malformed {
    let offset = error.column().saturating_sub(1).min(line.len());
    let reason = if error.is_eof() {
        let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        if quotes % 2 == 1 { Reason::UnterminatedString } else { Reason::Unterminated }
    } else {
        let message = error.to_string();
        [
            ("trailing characters", Reason::Trailing),
            ("control character", Reason::Control),
            ("escape", Reason::Escape),
            ("invalid number", Reason::Number),
            ("recursion", Reason::TooDeep),
        ]
        .into_iter()
        .find_map(|(word, reason)| message.contains(word).then_some(reason))
        .unwrap_or(Reason::Unexpected)
    };
    reason.at(offset)
}

struct Pairs<'r>(Vec<(&'r RawValue, &'r RawValue)>);

impl<'r> Deserialize<'r> for Pairs<'r> {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'r> Visitor<'r> for Members {
            type Value = Pairs<'r>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<Pairs<'r>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

struct Items<'r>(Vec<&'r RawValue>);

impl<'r> Deserialize<'r> for Items<'r> {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'r> Visitor<'r> for Elements {
            type Value = Items<'r>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'r>>(self, mut seq: A) -> Result<Items<'r>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}
