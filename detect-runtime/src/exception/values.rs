//! The questions of exceptions about one event, and the values that answer them.

use super::Item;
use crate::event::{Element, Event, FieldId, Raw};
use crate::leaf;
use crate::test::{Check, Fold, Order, Test};
use std::collections::HashSet;

/// The values of an item, or of several that ask one question and nothing else.
#[derive(Clone, Debug)]
pub struct Values {
    expires: Option<Check>,
    lists: Vec<List>,
}

/// The tests of a list, of which one must pass.
#[derive(Clone, Debug, Default)]
struct List {
    /// Of those that ask for equality.
    texts: HashSet<Box<str>>,
    others: Vec<Check>,
}

impl List {
    fn add(&mut self, tests: &[Test]) {
        for test in tests {
            match test {
                Test::Equals { text, fold: Fold::None } => {
                    self.texts.insert(text.as_str().into());
                }
                other => self.others.push(Check::new(other)),
            }
        }
    }

    fn passes(&self, raw: Raw<'_>) -> bool {
        !self.texts.is_empty() && self.texts.contains(raw.text())
            || self.others.iter().any(|test| test.passes(raw))
    }
}

impl Values {
    pub(super) fn of(item: &Item) -> Values {
        let until = |nanos| Check::new(&Test::DateOrder { order: Order::LessEqual, nanos });
        let lists = item.tests.iter().map(|tests| {
            let mut list = List::default();
            list.add(tests);
            list
        });
        Values { expires: item.expires.map(until), lists: lists.collect() }
    }

    /// Adds the values of another item of the same shape.
    pub(super) fn join(&mut self, item: &Item) {
        self.lists.iter_mut().zip(&item.tests).for_each(|(list, tests)| list.add(tests));
    }

    /// Whether they never expire.
    pub(super) fn always(&self) -> bool {
        self.expires.is_none()
    }

    /// Whether they have not expired for an event.
    pub(super) fn count(&self, event: &Event<'_>, time: FieldId) -> bool {
        let passes = |check: &Check| event.values(time).any(|raw| check.passes(raw));
        self.expires.as_ref().is_none_or(passes)
    }

    fn passes(&self, list: usize, raw: Raw<'_>) -> bool {
        self.lists.get(list).is_some_and(|list| list.passes(raw))
    }

    /// Some value of the field passes a test of this list.
    pub fn any(&self, list: usize, event: &Event<'_>, field: FieldId) -> bool {
        event.values(field).any(|raw| self.passes(list, raw))
    }

    /// The same for all fields whose name matches the pattern.
    pub fn any_named(&self, list: usize, event: &Event<'_>, pattern: &str) -> bool {
        leaf::some_value(event, pattern, |raw| self.passes(list, raw))
    }

    /// The same below an element of an array.
    pub fn any_below<'a>(
        &self,
        list: usize,
        event: &Event<'a>,
        element: Element<'a>,
        path: &str,
    ) -> bool {
        let mut found = false;
        element.values(path, event.arena(), &mut |raw| found = found || self.passes(list, raw));
        found
    }
}

/// The field has a value; an object counts if `objects`.
pub fn present(event: &Event<'_>, field: FieldId, objects: bool) -> bool {
    event.count(field) > 0 || objects && event.has_object(field)
}

/// There is a value below an element of an array.
pub fn present_below<'a>(event: &Event<'a>, element: Element<'a>, path: &str) -> bool {
    let mut found = false;
    element.values(path, event.arena(), &mut |_| found = true);
    found
}
