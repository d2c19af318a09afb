//! The projector: one walk over a line that keeps the wanted fields.
//!
//! In: a line, and the [`Layout`] of wanted fields. Out: an [`Event`], or a
//! [`Malformed`]. Must not know rules, tests or value types.
//!
//! # How
//!
//! Lines of one producer look alike: between two values there is nearly always
//! the same text as in the line before. Such a piece of text between values,
//! `,"name":"` or `"},"user":{"id":"` less its first quote, is called **glue**
//! here. What it means (which brackets open and close, whose value comes next and
//! of what kind) depends on nothing but the glue itself and the objects that are
//! open before it. So the projector learns glue ([`learned`]): each piece is
//! parsed once by the grammar ([`grammar`]), and remembered together with the
//! pieces that were seen behind it. From then on a line is read by comparing 32
//! bytes with the most likely glue, jumping over it, finding the end of the value
//! in the bitmap of quotes, and so on (`walk`). This is the layout speculation
//! of Mison (Li et al., VLDB 2017) taken from keys to all the text between values.
//!
//! The grammar is the only place that knows JSON's syntax and the layout's trie.
//! Glue that does not match, is too long or does not fit into the memory for
//! learned glue goes through it; so the worst case is linear, too: every byte is
//! looked at by one scan, by at most one bracket count for each wanted raw array
//! around it, by one parse, and each piece of glue costs a constant number of
//! guesses.
//!
//! # What is checked
//!
//! Everything, except inside objects and arrays that hold no wanted field: there
//! strings are checked (termination, escapes, control characters, UTF-8), nesting
//! is counted, but brackets of different kinds are taken for equal, and numbers,
//! commas and colons are not looked at.

mod grammar;
mod learned;
mod walk;

#[cfg(test)]
mod tests;

use super::layout::Layout;
use super::scan::{Index, Level, dispatch};
use super::{Malformed, Reason};
use crate::event::{Event, FieldId, Store};
use bumpalo::Bump;
use learned::Learned;
use walk::walk;

/// Reads lines into events. One for each thread; it remembers how lines looked.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::event::Raw;
/// use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
/// use detect_runtime::json::projector::Projector;
///
/// let fields = [FieldSpec { path: "process.args".into(), flags: Flags::NONE }];
/// let table = build(&fields).unwrap();
/// let mut projector = Projector::new(Layout::new(&table).unwrap());
/// let arena = Bump::new();
/// let event = projector.project(br#"{"process":{"args":["ls",null,"-l"]}}"#, &arena).unwrap();
/// assert_eq!(event.count(0), 2);
/// assert_eq!(event.raw(0, 1), Some(Raw::Text("-l")));
/// ```
#[derive(Debug)]
pub struct Projector<'t> {
    parts: Parts<'t>,
    level: Level,
}

/// What the walk works on.
#[derive(Debug)]
pub(crate) struct Parts<'t> {
    layout: Layout<'t>,
    index: Index,
    learned: Learned,
    store: Store,
    /// Of the glue that was parsed last: the fields of which it shows an object.
    objects: Vec<FieldId>,
    /// A key without its escapes.
    key: String,
}

impl<'t> Projector<'t> {
    /// A projector for these fields with the best instructions there are.
    pub fn new(layout: Layout<'t>) -> Projector<'t> {
        Projector::with_level(layout, Level::detect())
    }

    /// The same with chosen instructions.
    pub fn with_level(layout: Layout<'t>, level: Level) -> Projector<'t> {
        let parts = Parts {
            index: Index::default(),
            learned: Learned::new(&layout),
            store: Store::new(layout.field_count()),
            layout,
            objects: Vec::new(),
            key: String::new(),
        };
        Projector { parts, level }
    }

    /// The wanted fields.
    pub fn layout(&self) -> Layout<'t> {
        self.parts.layout
    }

    /// Reads a line (without its line feed). The event borrows the projector
    /// until the next line, and keeps in `arena` what it has to unescape.
    ///
    /// # Errors
    /// [`Malformed`] if the line is no JSON object, as far as that is checked
    /// (see the [module](self)).
    pub fn project<'a>(
        &'a mut self,
        line: &'a [u8],
        arena: &'a Bump,
    ) -> Result<Event<'a>, Malformed> {
        if line.len() >= u32::MAX as usize {
            return Err(Reason::TooLong.at(u32::MAX as usize));
        }
        self.parts.store.clear();
        let parts = &mut self.parts;
        let text = dispatch!(self.level, walk, <'l> (parts: &mut Parts<'_> = parts, line: &'l [u8] = line)
            -> Result<&'l str, Malformed>)?;
        Ok(Event::new(line, text, &self.parts.store, arena))
    }
}
