//! Exceptions of a rule: events on which it does not alert.
//!
//! In: an event that satisfies the rule. Out: whether some exception exempts it.
//! The fields and operators that exceptions ask for are code of the rule, generated
//! from its [`Shape`]s, the "and not" of its condition; the [`Items`], which give each
//! shape its values, are a table that is replaced while the program runs. Must not
//! know where the items come from.
//!
//! The generated function asks [`Items::of`] for the items of each shape and their
//! [`Values`] for each question. Reference mode walks the shapes instead
//! ([`ExceptionSpec::walk`]); the questions themselves stand in `values` for both.
//!
//! An item is one row: the shape that it fills, the instant up to which it counts,
//! and for each value entry of the shape the tests of which some value of the
//! field must pass one. A shape without an item exempts nothing. Texts that a field
//! must equal are looked up, and items that ask one question and nothing else are one
//! list: however many values there are, such an event costs one look.

mod values;
mod walk;

pub use values::{Values, present, present_below};

use crate::event::{Event, FieldId};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::test::Test;
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
    /// The shapes as generated code.
    pub exempts: Exempts,
}

/// Whether some item exempts an event.
pub type Exempts = fn(&Event<'_>, &Items) -> bool;

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
    /// By shape.
    shapes: Vec<Vec<Values>>,
    time: FieldId,
    /// Number of items.
    count: usize,
}

impl Items {
    /// Makes items ready for a rule.
    ///
    /// # Errors
    /// [`ExceptionError`] if one does not fit a shape of the rule.
    pub fn new(spec: &ExceptionSpec, items: &[Item]) -> Result<Items, ExceptionError> {
        let mut shapes: Vec<Vec<Values>> = vec![Vec::new(); spec.shapes.len()];
        for item in items {
            let number = item.shape as usize;
            let (Some(shape), Some(all)) = (spec.shapes.get(number), shapes.get_mut(number)) else {
                return Err(ExceptionError::Shape(item.shape));
            };
            let (expected, found) = (shape.lists(), item.tests.len());
            if expected != found {
                return Err(ExceptionError::Values { expected, found });
            }
            let joins = shape.asks_once() && item.expires.is_none();
            match all.iter_mut().find(|values| joins && values.always()) {
                Some(joined) => joined.join(item),
                None => all.push(Values::of(item)),
            }
        }
        Ok(Items { shapes, time: spec.time, count: items.len() })
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
        self.count
    }

    /// True if nothing is exempt.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The items of a shape that count for an event.
    pub fn of<'i>(
        &'i self,
        event: &'i Event<'_>,
        shape: usize,
    ) -> impl Iterator<Item = &'i Values> {
        let all = self.shapes.get(shape).into_iter().flatten();
        all.filter(|values| values.count(event, self.time))
    }
}

impl Shape {
    /// One question that wants a value: items of this shape are one list of values.
    fn asks_once(&self) -> bool {
        matches!(self.entries, [Entry { negate: false, ask: Ask::Value(_) | Ask::Pattern(_) }])
    }

    /// Lists of tests that an item of this shape gives.
    fn lists(&self) -> usize {
        self.entries.iter().map(|entry| entry.ask.lists()).sum()
    }
}

impl Ask {
    /// Lists of tests that an item gives for this question.
    fn lists(&self) -> usize {
        match self {
            Ask::Value(_) | Ask::Pattern(_) => 1,
            Ask::Exists(..) => 0,
            Ask::Nested(_, below) => below.iter().filter(|below| below.value).count(),
        }
    }
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
