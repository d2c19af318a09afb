//! Where a form reads: the event, the element of an array, earlier events.

use super::Document;
use crate::event::Raw;
use crate::event::reference::Found;
use crate::value::{Cx, Type, Value, load};
use bumpalo::collections::Vec as ArenaVec;

/// What a form is evaluated against.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The event.
    pub(super) document: &'a Document,
    /// Arena, clock and warnings.
    pub(super) cx: Cx<'a>,
    /// The event's index, if the document itself does not say (`_index`).
    pub(super) index: Option<&'a str>,
    /// Columns of the row.
    pub(super) slots: &'a [Value<'a>],
    /// The events of earlier terms of a sequence, by number of the term.
    pub(super) captured: &'a [Option<&'a Document>],
    /// Whether the event's process descends from one of a lineage.
    pub(super) descends: &'a dyn Fn(u32) -> bool,
    pub(super) element: Option<&'a Binding<'a>>,
}

/// An element of an array that stands for its path.
pub(super) struct Binding<'a> {
    pub(super) path: &'a str,
    pub(super) element: &'a Document,
    pub(super) outer: Option<&'a Binding<'a>>,
}

impl<'a> Scope<'a> {
    /// A scope of one event alone.
    pub fn new(document: &'a Document, cx: Cx<'a>) -> Scope<'a> {
        Scope {
            document,
            cx,
            index: None,
            slots: &[],
            captured: &[],
            descends: &|_| false,
            element: None,
        }
    }

    /// The same behind the events of earlier terms of a sequence.
    #[must_use]
    pub fn behind(self, captured: &'a [Option<&'a Document>]) -> Scope<'a> {
        Scope { captured, ..self }
    }

    /// The same as an event of this index.
    #[must_use]
    pub fn indexed(self, index: &'a str) -> Scope<'a> {
        Scope { index: Some(index), ..self }
    }

    /// The same with these columns.
    #[must_use]
    pub fn with_slots(self, slots: &'a [Value<'a>]) -> Scope<'a> {
        Scope { slots, ..self }
    }

    /// The same with what is known about lineages.
    #[must_use]
    pub fn with_lineages(self, descends: &'a dyn Fn(u32) -> bool) -> Scope<'a> {
        Scope { descends, ..self }
    }

    /// Gives what stands at the path to `each`.
    pub(super) fn find(&self, path: &str, each: &mut dyn FnMut(Found<'a>)) {
        let mut binding = self.element;
        while let Some(bound) = binding {
            match path.strip_prefix(bound.path) {
                Some("") => return itself(bound.element, each),
                Some(rest) if rest.starts_with('.') => return bound.element.find(&rest[1..], each),
                _ => binding = bound.outer,
            }
        }
        self.document.find(path, each);
    }

    /// The scalars of a field, in source order.
    pub(super) fn raws(&self, path: &str) -> ArenaVec<'a, Raw<'a>> {
        let mut raws = ArenaVec::new_in(self.cx.arena);
        self.find(path, &mut |found| raws.extend(scalar(found)));
        if let ("_index", true, Some(index)) = (path, raws.is_empty(), self.index) {
            raws.push(Raw::Text(index));
        }
        raws
    }

    /// The typed value of a field.
    pub(super) fn field(&self, path: &str, ty: Type) -> Value<'a> {
        if ty == Type::Source {
            let text = self.cx.arena.alloc_str(&self.document.to_string());
            return Value::Text(text);
        }
        load(self.raws(path), ty, self.cx.arena)
    }

    /// The typed value of a field of an earlier event.
    pub(super) fn captured(&self, term: u32, path: &str, ty: Type) -> Value<'a> {
        match self.captured.get(term as usize) {
            Some(Some(document)) => Scope { document, element: None, ..*self }.field(path, ty),
            _ => Value::Null,
        }
    }

    /// The elements of the arrays at a path.
    pub(super) fn elements(&self, path: &str) -> ArenaVec<'a, &'a Document> {
        let mut elements = ArenaVec::new_in(self.cx.arena);
        let mut add = |composite: &'a Document| flatten(composite, &mut elements);
        let mut binding = self.element;
        while let Some(bound) = binding {
            match path.strip_prefix(bound.path).and_then(|rest| rest.strip_prefix('.')) {
                Some(rest) => {
                    bound.element.find_composites(rest, &mut add);
                    return elements;
                }
                None => binding = bound.outer,
            }
        }
        self.document.find_composites(path, &mut add);
        elements
    }

    /// All scalars of the event with the path of each.
    pub(super) fn leaves(&self, each: &mut dyn FnMut(&str, Raw<'a>)) {
        leaves(self.document, &mut String::new(), each);
    }
}

pub(super) fn scalar(found: Found<'_>) -> Option<Raw<'_>> {
    match found {
        Found::Scalar(document) => raw(document),
        Found::Object => None,
    }
}

fn raw(document: &Document) -> Option<Raw<'_>> {
    Some(match document {
        Document::Boolean(b) => Raw::Boolean(*b),
        Document::Number(text) => Raw::Number(text),
        Document::Text(text) => Raw::Text(text),
        Document::Null | Document::Array(_) | Document::Object(_) => return None,
    })
}

fn itself<'a>(element: &'a Document, each: &mut dyn FnMut(Found<'a>)) {
    match element {
        Document::Object(members) if !members.is_empty() => each(Found::Object),
        Document::Object(_) | Document::Array(_) | Document::Null => {}
        scalar => each(Found::Scalar(scalar)),
    }
}

fn flatten<'a>(value: &'a Document, elements: &mut ArenaVec<'a, &'a Document>) {
    match value {
        Document::Array(inner) => inner.iter().for_each(|value| flatten(value, elements)),
        Document::Null => {}
        element => elements.push(element),
    }
}

fn leaves<'a>(document: &'a Document, path: &mut String, each: &mut dyn FnMut(&str, Raw<'a>)) {
    match document {
        Document::Array(elements) => {
            for element in elements {
                leaves(element, path, each);
            }
        }
        Document::Object(members) => {
            for (key, value) in members {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                leaves(value, path, each);
                path.truncate(length);
            }
        }
        other => {
            if let Some(raw) = raw(other) {
                each(path, raw);
            }
        }
    }
}
