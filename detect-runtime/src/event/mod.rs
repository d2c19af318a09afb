//! One event: the fields of a JSON document that the ruleset names.
//!
//! In: a line of NDJSON, through the projector (fast mode) or a serde_json
//! document (reference mode, [`mod@reference`]). Out: values by field number, raw or
//! typed. Must not know rules or languages.
//!
//! A value is a scalar. Nulls are dropped, arrays are flattened in source order,
//! and what several spellings or repetitions of a key give adds up. An object is
//! no value; that there was one is kept for fields that ask for it
//! ([`Flags::OBJECT`](crate::json::layout::Flags::OBJECT)).

mod element;
pub mod reference;
mod store;

#[cfg(test)]
mod tests;

pub use element::{Element, Elements};
pub use store::Kind;
pub(crate) use store::{Entry, Store};

use crate::json::escape;
use crate::value::{Type, Value, load};
use bumpalo::Bump;
use core::cell::{Cell, OnceCell};

/// Number of a field in the ruleset's field table.
pub type FieldId = u16;

/// A scalar of the document as it stands there, borrowed from the line (or, in
/// reference mode, from the document's text). Nulls are dropped, arrays are
/// flattened in source order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw<'a> {
    /// A string with its escapes resolved.
    Text(&'a str),
    /// A number as written.
    Number(&'a str),
    /// true or false.
    Boolean(bool),
}

impl<'a> Raw<'a> {
    /// The value as text: a boolean is `true` or `false`, a number as written.
    pub fn text(self) -> &'a str {
        match self {
            Raw::Text(text) | Raw::Number(text) => text,
            Raw::Boolean(true) => "true",
            Raw::Boolean(false) => "false",
        }
    }
}

/// A scalar before its escapes are resolved: what a matcher looks at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<'a> {
    /// The text between the quotes, or the number or boolean as written.
    pub text: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Its position among all values of the event, for [`Event::resolve`].
    position: u32,
}

/// The fields of one event. Made by a
/// [`Projector`](crate::json::projector::Projector) or a
/// [`reference::Reader`]; both give the same answers.
#[derive(Debug)]
pub struct Event<'a> {
    line: &'a [u8],
    text: &'a str,
    store: &'a Store,
    arena: &'a Bump,
    /// Texts that were unescaped, by position.
    resolved: OnceCell<&'a [Cell<Option<&'a str>>]>,
}

impl<'a> Event<'a> {
    /// An event with the values of a store, which are parts of `text`.
    pub(crate) fn new(
        line: &'a [u8],
        text: &'a str,
        store: &'a Store,
        arena: &'a Bump,
    ) -> Event<'a> {
        Event { line, text, store, arena, resolved: OnceCell::new() }
    }

    /// The line as it came.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Where things live that live as long as the event.
    pub fn arena(&self) -> &'a Bump {
        self.arena
    }

    /// The fields that have a value, in the order of their first one.
    pub fn present(&self) -> &'a [FieldId] {
        self.store.present()
    }

    /// The fields at whose paths there are objects with members; kept for fields
    /// with the flag `OBJECT` only.
    pub fn objects(&self) -> &'a [FieldId] {
        self.store.objects()
    }

    /// Number of values of a field.
    #[inline]
    pub fn count(&self, field: FieldId) -> usize {
        self.store.count(field)
    }

    /// The values of a field, in source order.
    pub fn values<'e>(&'e self, field: FieldId) -> impl Iterator<Item = Raw<'a>> + 'e {
        self.stored(field).map(|stored| self.resolve(stored))
    }

    /// Value number `index` of a field. To see all, [`Event::values`] is quicker.
    pub fn raw(&self, field: FieldId, index: usize) -> Option<Raw<'a>> {
        self.stored(field).nth(index).map(|stored| self.resolve(stored))
    }

    /// The values of a field without a look at their escapes, in source order.
    #[inline]
    pub fn stored(&self, field: FieldId) -> impl Iterator<Item = Stored<'a>> + use<'a> {
        let text = self.text;
        self.store.entries(field).map(move |(position, entry)| Stored {
            text: entry.slice(text),
            kind: entry.kind,
            position,
        })
    }

    /// All values of all fields in the order of the document.
    #[inline]
    pub fn all(&self) -> impl ExactSizeIterator<Item = (FieldId, Stored<'a>)> + use<'a> {
        let text = self.text;
        self.store.all().iter().enumerate().map(move |(index, entry)| {
            let position = index as u32 + 1;
            let stored = Stored { text: entry.slice(text), kind: entry.kind, position };
            (entry.field, stored)
        })
    }

    /// The bytes of value number `index` of a field, if it is a string and stands
    /// in the line as it is, without escapes.
    pub fn text_bytes(&self, field: FieldId, index: usize) -> Option<&'a [u8]> {
        let stored = self.stored(field).nth(index)?;
        (stored.kind == Kind::Text).then_some(stored.text.as_bytes())
    }

    /// A stored value with its escapes resolved; into the arena if it has some,
    /// once.
    #[inline]
    pub fn resolve(&self, stored: Stored<'a>) -> Raw<'a> {
        match stored.kind {
            Kind::Text => Raw::Text(stored.text),
            Kind::Escaped => Raw::Text(self.unescape(stored)),
            Kind::Number => Raw::Number(stored.text),
            Kind::True => Raw::Boolean(true),
            Kind::False => Raw::Boolean(false),
        }
    }

    #[cold]
    fn unescape(&self, stored: Stored<'a>) -> &'a str {
        let resolved = self.resolved.get_or_init(|| {
            self.arena.alloc_slice_fill_with(self.store.all().len() + 1, |_| Cell::new(None))
        });
        let Some(known) = resolved.get(stored.position as usize) else {
            return escape::resolve(stored.text, self.arena);
        };
        if let Some(text) = known.get() {
            return text;
        }
        let text = escape::resolve(stored.text, self.arena);
        known.set(Some(text));
        text
    }

    /// The value of a field as a column of type `ty`, as an index would store it:
    /// null, one value, or a multi-value in stored order (see [`load`]).
    pub fn load(&self, field: FieldId, ty: Type) -> Value<'a> {
        load(self.values(field), ty, self.arena)
    }

    /// Whether there is an object with at least one member at the path of a
    /// field; kept for fields with the flag `OBJECT` only.
    pub fn has_object(&self, field: FieldId) -> bool {
        self.store.has_object(field)
    }

    /// The elements of the arrays at the path of a field, nested arrays
    /// flattened, nulls dropped; an object that stands there alone is its own
    /// only element. Kept for fields with the flag `ELEMENTS` only.
    pub fn elements(&self, field: FieldId) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let text = self.text;
        self.store.element_sources(field).flat_map(move |(start, end)| {
            Elements::new(text.get(start as usize..end as usize).unwrap_or_default())
        })
    }
}
