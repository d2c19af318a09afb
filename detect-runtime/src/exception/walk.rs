//! The plain form of exceptions: their shapes, walked one entry at a time.

use super::{Ask, Below, ExceptionSpec, Items, Shape, Values, present, present_below};
use crate::event::{Element, Event};

impl ExceptionSpec {
    /// True if some item exempts the event: what [`ExceptionSpec::exempts`] says, in
    /// reference mode.
    pub fn walk(&self, event: &Event<'_>, items: &Items) -> bool {
        let mut shapes = self.shapes.iter().enumerate();
        shapes
            .any(|(number, shape)| items.of(event, number).any(|values| shape.holds(event, values)))
    }
}

impl Shape {
    fn holds(&self, event: &Event<'_>, values: &Values) -> bool {
        let mut lists = 0;
        self.entries.iter().all(|entry| {
            let first = lists;
            lists += entry.ask.lists();
            let found = match entry.ask {
                Ask::Value(field) => values.any(first, event, field),
                Ask::Pattern(pattern) => values.any_named(first, event, pattern),
                Ask::Exists(field, objects) => present(event, field, objects),
                Ask::Nested(field, below) => event
                    .elements(field)
                    .any(|element| inside(below, values, first, event, element)),
            };
            found != entry.negate
        })
    }
}

/// Whether an element of an array satisfies all entries; their lists begin at `first`.
fn inside<'a>(
    below: &[Below],
    values: &Values,
    first: usize,
    event: &Event<'a>,
    element: Element<'a>,
) -> bool {
    let mut list = first;
    below.iter().all(|entry| {
        let found = if entry.value {
            list += 1;
            values.any_below(list - 1, event, element, entry.path)
        } else {
            present_below(event, element, entry.path)
        };
        found != entry.negate
    })
}
