//! Leaves of conditions that compute: expressions over fields of one event.
//!
//! In: an event, perhaps the element of an array that is being looked at, and
//! the generated function of an expression. Out: whether it is true. How several
//! values of a field are read was decided by the language: as one multi-value,
//! or one at a time.

mod choice;
pub mod element;

pub use choice::{MOST_CHOICES, Relation, some_choice, some_pair};
pub(crate) use choice::{reach, related};

use crate::event::reference::Document;
use crate::event::{Element, Event, FieldId, Raw};
use crate::plain::{Scope, some_field};
use crate::test::Tests;
use crate::value::{Cx, Type, Value, Warnings, load};

/// The generated code of an expression over slots.
pub type Eval = for<'a> fn(&[Value<'a>], &Cx<'a>) -> Value<'a>;

/// Where the value of a slot comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A field of the event.
    Field(FieldId),
    /// A path below the element at hand.
    Element(&'static str),
    /// A field that no event can have.
    Nowhere,
}

/// A computing leaf, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// Where each slot of `eval` comes from.
    pub fields: &'static [(Source, Type)],
    /// True if some choice of one value for each slot decides (EQL), false if a
    /// field is read as a whole (ES|QL).
    pub each: bool,
    /// How the expression relates its two slots, if that is all that it does.
    pub relation: Option<Relation>,
    /// The expression.
    pub eval: Eval,
}

impl Leaf {
    /// True if the expression is true; null and false are not.
    pub fn holds<'a>(&self, event: &Event<'a>, element: Option<Element<'a>>, cx: &Cx<'a>) -> bool {
        let values =
            cx.arena.alloc_slice_fill_iter(self.fields.iter().map(|(source, ty)| {
                match (source, element) {
                    (Source::Field(field), _) => event.load(*field, *ty),
                    (Source::Element(path), Some(element)) => {
                        let mut raws = bumpalo::collections::Vec::new_in(cx.arena);
                        element.values(path, cx.arena, &mut |raw| raws.push(raw));
                        load(raws, *ty, cx.arena)
                    }
                    _ => Value::Null,
                }
            }));
        match (self.each, self.relation) {
            (false, _) => (self.eval)(values, cx).truth() == Some(true),
            (true, None) => some_choice(values, cx, self.eval),
            (true, Some(relation)) => some_pair(relation, values, cx, self.eval),
        }
    }
}

/// True if some field whose name matches the pattern (`*` is any run of
/// characters) has a value that passes one of the tests, or any value without
/// tests. Parses the document: no table can hold names that only documents know.
pub fn any_field(event: &Event<'_>, pattern: &str, tests: Option<&Tests>) -> bool {
    some_value(event, pattern, |raw| tests.is_none_or(|tests| tests.one(raw)))
}

/// True if some field whose name matches the pattern has a value that passes;
/// see [`any_field`].
pub(crate) fn some_value(
    event: &Event<'_>,
    pattern: &str,
    mut passes: impl FnMut(Raw<'_>) -> bool,
) -> bool {
    let Ok(document) = Document::parse(event.line()) else { return false };
    let warnings = Warnings::default();
    let scope = Scope::new(&document, Cx { arena: event.arena(), now: 0, warnings: &warnings });
    some_field(pattern, &scope, &mut passes)
}
