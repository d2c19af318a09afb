//! Leaves of conditions that compute: expressions over fields of one event.
//!
//! In: an event and the generated function of an expression. Out: whether it is
//! true. How several values of a field are read was decided by the language:
//! as one multi-value, or one at a time.

use crate::event::{Event, FieldId};
use crate::value::{Cx, Type, Value};

/// The generated code of an expression over slots.
pub type Eval = for<'a> fn(&[Value<'a>], &Cx<'a>) -> Value<'a>;

/// A computing leaf, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The field behind each slot of `eval`.
    pub fields: &'static [(FieldId, Type)],
    /// True if some choice of one value for each slot decides (EQL), false if a
    /// field is read as a whole (ES|QL).
    pub each: bool,
    /// The expression.
    pub eval: Eval,
}

impl Leaf {
    /// True if the expression is true; null and false are not.
    pub fn holds<'a>(&self, event: &Event<'a>, cx: &Cx<'a>) -> bool {
        let values = cx.arena.alloc_slice_fill_iter(
            self.fields.iter().map(|(field, ty)| event.load(*field, *ty, cx)),
        );
        if self.each {
            some_choice(values, cx, self.eval)
        } else {
            (self.eval)(values, cx).truth() == Some(true)
        }
    }
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
    let chosen = cx.arena.alloc_slice_fill_iter(
        slots.iter().map(|slot| slot.as_slice().first().copied().unwrap_or_default()),
    );
    let at = cx.arena.alloc_slice_fill_copy(slots.len(), 0usize);
    loop {
        if eval(chosen, cx).truth() == Some(true) {
            return true;
        }
        // The next combination, like the digits of an odometer.
        let Some(turned) = (0..slots.len()).find(|&slot| {
            at[slot] += 1;
            let more = at[slot] < slots[slot].as_slice().len();
            if !more {
                at[slot] = 0;
            }
            chosen[slot] = slots[slot].as_slice().get(at[slot]).copied().unwrap_or_default();
            more
        }) else {
            return false;
        };
        debug_assert!(turned < slots.len());
    }
}
