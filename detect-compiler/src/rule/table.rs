//! A TOML table while it is read: typed access to members, errors with places,
//! and what is left over at the end.

use super::Text;
use super::error::{Fault, Faults};
use crate::diagnostic::{edits, nearest};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place in the file.
pub(super) type Placed<T> = (T, Range<usize>);

/// A table being read. A member of the wrong type is reported and treated as absent.
pub(super) struct Table<'t, 'i> {
    /// Full name for messages (`rule.threshold`); empty for the document.
    name: String,
    /// Where the table begins: its header, or its braces.
    pub(super) span: Range<usize>,
    members: &'t DeTable<'i>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn document(members: &'t DeTable<'i>) -> Table<'t, 'i> {
        Table { name: String::new(), span: 0..0, members, asked: RefCell::default() }
    }

    /// Full name of a member.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn get(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.asked.borrow_mut().push(key);
        self.members.get(key)
    }

    /// True if the member is there, whatever it is.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Place of a member's value, or of the table.
    pub(super) fn place(&self, key: &'static str) -> Range<usize> {
        self.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// Marks members as known that mean nothing here.
    pub(super) fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend_from_slice(keys);
    }

    fn read<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        faults: &mut Faults,
        take: impl FnOnce(&'t DeValue<'i>) -> Option<T>,
    ) -> Option<Placed<T>> {
        let value = self.get(key)?;
        if let Some(taken) = take(value.get_ref()) {
            return Some((taken, value.span()));
        }
        let found = type_name(value.get_ref());
        faults.error(Fault::WrongType { name: self.path(key), expected, found }, value.span());
        None
    }

    pub(super) fn text(&self, key: &'static str, faults: &mut Faults) -> Option<Text> {
        let (value, span) = self.read(key, "a string", faults, DeValue::as_str)?;
        Some(Text { value: value.to_owned(), span })
    }

    /// A text that must be there and not be empty.
    pub(super) fn required_text(&self, key: &'static str, faults: &mut Faults) -> Option<Text> {
        if !self.has(key) {
            faults.error(Fault::Missing(self.path(key)), self.span.clone());
        }
        let text = self.text(key, faults)?;
        if text.value.trim().is_empty() {
            faults.error(Fault::Empty(self.path(key)), text.span.clone());
            return None;
        }
        Some(text)
    }

    pub(super) fn string(&self, key: &'static str, faults: &mut Faults) -> Option<String> {
        self.text(key, faults).map(|text| text.value)
    }

    /// A list of texts; one text alone stands for a list of one.
    pub(super) fn texts(&self, key: &'static str, faults: &mut Faults) -> Vec<Text> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let single = std::slice::from_ref(value);
        let elements = match value.get_ref() {
            DeValue::Array(elements) => elements,
            _ => single,
        };
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            if let Some(text) = element.get_ref().as_str() {
                texts.push(Text { value: text.to_owned(), span: element.span() });
            } else {
                let found = type_name(element.get_ref());
                let expected = "a list of strings";
                let fault = Fault::WrongType { name: self.path(key), expected, found };
                faults.error(fault, element.span());
            }
        }
        texts
    }

    pub(super) fn strings(&self, key: &'static str, faults: &mut Faults) -> Vec<String> {
        self.texts(key, faults).into_iter().map(|text| text.value).collect()
    }

    /// A whole number in a range.
    pub(super) fn integer(
        &self,
        key: &'static str,
        (least, most): (i64, i64),
        faults: &mut Faults,
    ) -> Option<Placed<i64>> {
        let (value, span) = self.read(key, "a whole number", faults, whole)?;
        if (least..=most).contains(&value) {
            return Some((value, span));
        }
        faults.error(Fault::OutOfRange { name: self.path(key), value, least, most }, span);
        None
    }

    pub(super) fn boolean(&self, key: &'static str, faults: &mut Faults) -> Option<bool> {
        self.read(key, "true or false", faults, DeValue::as_bool).map(|(value, _)| value)
    }

    pub(super) fn table(&self, key: &'static str, faults: &mut Faults) -> Option<Table<'t, 'i>> {
        let (members, span) = self.read(key, "a table", faults, DeValue::as_table)?;
        Some(self.child(key, span, members))
    }

    /// A list of tables; one table alone stands for a list of one.
    pub(super) fn tables(&self, key: &'static str, faults: &mut Faults) -> Vec<Table<'t, 'i>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let single = std::slice::from_ref(value);
        let elements = match value.get_ref() {
            DeValue::Array(elements) => elements,
            _ => single,
        };
        let mut tables = Vec::with_capacity(elements.len());
        for element in elements {
            if let Some(members) = element.get_ref().as_table() {
                tables.push(self.child(key, element.span(), members));
            } else {
                let found = type_name(element.get_ref());
                let expected = "a list of tables";
                let fault = Fault::WrongType { name: self.path(key), expected, found };
                faults.error(fault, element.span());
            }
        }
        tables
    }

    fn child(&self, key: &str, span: Range<usize>, members: &'t DeTable<'i>) -> Table<'t, 'i> {
        Table { name: self.path(key), span, members, asked: RefCell::default() }
    }

    /// A text out of a fixed list of names.
    pub(super) fn one_of(
        &self,
        key: &'static str,
        allowed: &'static [&'static str],
        faults: &mut Faults,
    ) -> Option<Placed<&'static str>> {
        let text = self.text(key, faults)?;
        if let Some(name) = allowed.iter().find(|name| **name == text.value) {
            return Some((name, text.span));
        }
        let fault = Fault::NotOneOf { name: self.path(key), value: text.value, allowed };
        faults.error(fault, text.span);
        None
    }

    /// The table as JSON, for parts that are JSON in origin (filters).
    pub(super) fn json(&self) -> Json {
        table_json(self.members)
    }

    /// Names and values of all members, in order of names.
    pub(super) fn members(&self) -> impl Iterator<Item = (Text, &'t Spanned<DeValue<'i>>)> {
        self.members.iter().map(|(key, value)| {
            (Text { value: key.get_ref().to_string(), span: key.span() }, value)
        })
    }

    /// Reports members that nobody asked for: an error where the name is at
    /// most two edits from a known one, as a rule that silently lacks, say, its
    /// `timestamp_override` is worse than one that does not compile; else a
    /// warning, as newer stacks may have added it.
    pub(super) fn finish(self, faults: &mut Faults) {
        let asked = self.asked.borrow();
        for (key, _) in self.members {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let absent = asked.iter().copied().filter(|known| !self.members.contains_key(*known));
            match nearest(name, absent) {
                Some(near) if edits(name, near) <= 2 => {
                    let fault = Fault::NearlyKnown { name: self.path(name), near };
                    faults.error(fault, key.span());
                }
                _ => {
                    let message = format!("unknown member `{}` is ignored", self.path(name));
                    faults.warn("unknown_member", message, key.span());
                }
            }
        }
    }
}

/// What a value is, in words.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn table_json(table: &DeTable<'_>) -> Json {
    let members = table.iter();
    Json::Object(
        members.map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect(),
    )
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(_) => whole(value).into(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok().into(),
        DeValue::Boolean(b) => Json::Bool(*b),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(elements) => {
            Json::Array(elements.iter().map(|element| json(element.get_ref())).collect())
        }
        DeValue::Table(table) => table_json(table),
    }
}
