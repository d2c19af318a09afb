//! Exceptions of a rule: events on which it does not alert.
//!
//! In: an event that satisfies the rule. Out: whether some exception exempts it.
//! The fields and operators that exceptions ask for are constants of the rule, its
//! [`Shape`]s; the [`Items`], which give each shape its values, are a table that
//! is replaced while the program runs. Must not know where the items come from.
//!
//! An item is one row: the shape that it fills, the instant up to which it counts,
//! and for each value entry of the shape the tests of which some value of the
//! field must pass one. A shape without an item exempts nothing. Texts that a field
//! must equal are looked up, and items that ask one question and nothing else are one
//! list: however many values there are, such an event costs one look.

use crate::event::{Element, Event, FieldId, Raw};
use crate::leaf;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::test::{Check, Fold, Order, Test};
use std::collections::{HashMap, HashSet};
use thiserror::Error;

/// The exceptions of a rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct ExceptionSpec {
    /// What items may ask for.
    pub shapes: &'static [Shape],
    /// `@timestamp`, with which times of expiry are compared.
    pub time: FieldId,
    /// The items that the build found, encoded.
    pub items: &'static [u8],
}

/// Fields and operators of items: all entries must hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The entries in words, by which a shape is known.
    pub words: &'static str,
    /// What is asked.
    pub entries: &'static [Entry],
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The answer must be no.
    pub negate: bool,
    /// What is asked.
    pub ask: Ask,
}

/// Kinds of question.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// Some value of the field passes one of the item's tests.
    Value(FieldId),
    /// The same for all fields whose name matches the pattern.
    Pattern(&'static str),
    /// The field has a value; an object counts if the flag says so.
    Exists(FieldId, bool),
    /// Some element of the array of objects satisfies all these entries.
    Nested(FieldId, &'static [Below]),
}

/// A question about an element of an array.
#[derive(Clone, Copy, Debug)]
pub struct Below {
    /// The answer must be no.
    pub negate: bool,
    /// Path below the element; empty = the element itself.
    pub path: &'static str,
    /// True if the item gives tests, false if a value of any kind is asked for.
    pub value: bool,
}

/// Values for one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Number of the shape.
    pub shape: u32,
    /// Last instant at which it counts, in nanoseconds since 1970.
    pub expires: Option<i128>,
    /// For each entry of the shape that asks for values, in order (those below an
    /// array too), the tests of which one must pass.
    pub tests: Vec<Vec<Test>>,
}

/// Items that do not fit the rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExceptionError {
    /// The rule was built without a shape of this number.
    #[error("the rule was built without fields and operators number {0}")]
    Shape(u32),
    /// The number of values is not that of the shape.
    #[error("{found} lists of values where the rule asks for {expected}")]
    Values {
        /// What the shape asks for.
        expected: usize,
        /// What the item gives.
        found: usize,
    },
    /// Bytes that are no items.
    #[error("the rule's own exceptions are damaged: {0}")]
    Damaged(#[from] DecodeError),
}

/// The items of a rule, made ready.
#[derive(Clone, Debug, Default)]
pub struct Items {
    rows: Vec<Ready>,
    items: usize,
}

/// An item, or several of a shape with one question.
#[derive(Clone, Debug)]
struct Ready {
    shape: u32,
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

impl Items {
    /// Makes items ready for a rule.
    ///
    /// # Errors
    /// [`ExceptionError`] if one does not fit a shape of the rule.
    pub fn new(spec: &ExceptionSpec, items: &[Item]) -> Result<Items, ExceptionError> {
        let mut rows: Vec<Ready> = Vec::new();
        let mut joined: HashMap<u32, usize> = HashMap::new();
        for item in items {
            let shape = spec.shapes.get(item.shape as usize);
            let shape = shape.ok_or(ExceptionError::Shape(item.shape))?;
            let (expected, found) = (shape.lists(), item.tests.len());
            if expected != found {
                return Err(ExceptionError::Values { expected, found });
            }
            let alone = item.expires.is_none() && shape.asks_once();
            if alone && let Some(row) = joined.get(&item.shape).and_then(|at| rows.get_mut(*at)) {
                row.lists.iter_mut().zip(&item.tests).for_each(|(list, tests)| list.add(tests));
                continue;
            }
            if alone {
                joined.insert(item.shape, rows.len());
            }
            rows.push(Ready::new(item));
        }
        Ok(Items { rows, items: items.len() })
    }

    /// The items that the rule was built with.
    ///
    /// # Errors
    /// [`ExceptionError`] if the constants are damaged.
    pub fn built(spec: &ExceptionSpec) -> Result<Items, ExceptionError> {
        Items::new(spec, &Vec::<Item>::decode(&mut Reader::new(spec.items))?)
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items
    }

    /// True if nothing is exempt.
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// True if some item exempts the event.
    pub fn exempt(&self, spec: &ExceptionSpec, event: &Event<'_>) -> bool {
        self.rows.iter().any(|item| {
            let counts = item
                .expires
                .as_ref()
                .is_none_or(|check| event.values(spec.time).any(|raw| check.passes(raw)));
            let shape = spec.shapes.get(item.shape as usize);
            counts && shape.is_some_and(|shape| shape.holds(event, &item.lists))
        })
    }
}

impl Ready {
    fn new(item: &Item) -> Ready {
        let until = |nanos| Check::new(&Test::DateOrder { order: Order::LessEqual, nanos });
        let lists = item.tests.iter().map(|tests| {
            let mut list = List::default();
            list.add(tests);
            list
        });
        Ready { shape: item.shape, expires: item.expires.map(until), lists: lists.collect() }
    }
}

impl Shape {
    /// One question that wants a value: items of this shape are one list of values.
    fn asks_once(&self) -> bool {
        matches!(self.entries, [Entry { negate: false, ask: Ask::Value(_) | Ask::Pattern(_) }])
    }

    /// Lists of tests that an item of this shape gives.
    fn lists(&self) -> usize {
        let of_entry = |entry: &Entry| match entry.ask {
            Ask::Value(_) | Ask::Pattern(_) => 1,
            Ask::Exists(..) => 0,
            Ask::Nested(_, below) => below.iter().filter(|b| b.value).count(),
        };
        self.entries.iter().map(of_entry).sum()
    }

    fn holds(&self, event: &Event<'_>, lists: &[List]) -> bool {
        let mut lists = lists.iter();
        self.entries.iter().all(|entry| {
            let mut next = || lists.next();
            let found = match entry.ask {
                Ask::Value(field) => {
                    next().is_some_and(|list| event.values(field).any(|raw| list.passes(raw)))
                }
                Ask::Pattern(pattern) => next()
                    .is_some_and(|list| leaf::some_value(event, pattern, |raw| list.passes(raw))),
                Ask::Exists(field, objects) => {
                    event.count(field) > 0 || objects && event.has_object(field)
                }
                Ask::Nested(field, below) => {
                    let lists: Vec<&List> =
                        below.iter().filter(|b| b.value).filter_map(|_| next()).collect();
                    event.elements(field).any(|element| inside(below, &lists, element, event))
                }
            };
            found != entry.negate
        })
    }
}

/// Whether an element of an array satisfies all entries.
fn inside<'a>(below: &[Below], lists: &[&List], element: Element<'a>, event: &Event<'a>) -> bool {
    let mut lists = lists.iter();
    below.iter().all(|entry| {
        let tests = if entry.value { lists.next() } else { None };
        let mut found = false;
        element.values(entry.path, event.arena(), &mut |raw| {
            found = found || tests.is_none_or(|tests| tests.passes(raw));
        });
        found != entry.negate
    })
}

impl Encode for Item {
    fn encode(&self, out: &mut Vec<u8>) {
        self.shape.encode(out);
        self.expires.is_some().encode(out);
        out.extend_from_slice(&self.expires.unwrap_or_default().to_le_bytes());
        (self.tests.len() as u64).encode(out);
        for tests in &self.tests {
            tests[..].encode(out);
        }
    }
}

impl Decode for Item {
    fn decode(from: &mut Reader<'_>) -> Result<Item, DecodeError> {
        let shape = u32::decode(from)?;
        let expires = bool::decode(from)?;
        let instant = i128::from_le_bytes(from.array()?);
        let lists = from.length()?;
        let tests = (0..lists).map(|_| Vec::decode(from)).collect::<Result<_, _>>()?;
        Ok(Item { shape, expires: expires.then_some(instant), tests })
    }
}

#[cfg(test)]
mod tests;
