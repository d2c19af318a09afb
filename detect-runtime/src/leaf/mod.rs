//! Leaves of conditions that compute: expressions over fields of one event.
//!
//! In: an event, perhaps the element of an array that is being looked at, and
//! the generated function of an expression. Out: whether it is true. How several
//! values of a field are read was decided by the language: as one multi-value,
//! or one at a time.

pub mod element;

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
        if self.each {
            some_choice(values, cx, self.eval)
        } else {
            (self.eval)(values, cx).truth() == Some(true)
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

/// True if some choice of one value for each slot makes the expression true; a
/// slot without value is null.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::leaf::some_choice;
/// use detect_runtime::value::{Cx, Value, Warnings};
/// let (arena, warnings) = (Bump::new(), Warnings::default());
/// let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
/// let values = [Value::Multi(&[Value::Long(1), Value::Long(2)]), Value::Long(2)];
/// let equal = |slots: &[Value<'_>]| matches!(slots, [Value::Long(a), Value::Long(b)] if a == b);
/// assert!(some_choice(&values, &cx, |slots, _| Value::Boolean(equal(slots))));
/// ```
pub fn some_choice<'a>(
    slots: &[Value<'a>],
    cx: &Cx<'a>,
    eval: impl Fn(&[Value<'a>], &Cx<'a>) -> Value<'a>,
) -> bool {
    if !slots.iter().any(|slot| matches!(slot, Value::Multi(_))) {
        return eval(slots, cx).truth() == Some(true);
    }
    let first = |slot: &Value<'a>| slot.as_slice().first().copied().unwrap_or_default();
    let chosen = cx.arena.alloc_slice_fill_iter(slots.iter().map(first));
    let at = cx.arena.alloc_slice_fill_copy(slots.len(), 0usize);
    loop {
        if eval(chosen, cx).truth() == Some(true) {
            return true;
        }
        // The next combination, like the digits of an odometer: the first digit
        // that can turn does, those before it begin again.
        let turned = slots.iter().zip(&mut *at).zip(&mut *chosen).any(|((slot, at), chosen)| {
            let values = slot.as_slice();
            *at += 1;
            let more = *at < values.len();
            if !more {
                *at = 0;
            }
            *chosen = values.get(*at).copied().unwrap_or_default();
            more
        });
        if !turned {
            return false;
        }
    }
}
