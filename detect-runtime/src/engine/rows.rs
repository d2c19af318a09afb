//! Rows of hits that were announced without one: the event is read again.

use super::table::{Rule, Table};
use crate::event::Event;
use crate::head::Lent;
use crate::json::layout::{Layout, LayoutError};
use crate::json::projector::Projector;
use crate::value::{Type, Value};
use bumpalo::Bump;

/// Reads lines again.
pub(super) struct Rows {
    projector: Projector<'static>,
    arena: Bump,
}

impl Rows {
    pub(super) fn new(table: &'static Table) -> Result<Rows, LayoutError> {
        Ok(Rows { projector: Projector::new(Layout::new(table.layout)?), arena: Bump::new() })
    }

    /// Calls with the row that a rule's head wants of an event. The line was an
    /// event before.
    pub(super) fn row(&mut self, rule: &Rule, lent: &Lent<'_>, with: impl FnOnce(&[Value<'_>])) {
        self.arena.reset();
        if let Ok(event) = self.projector.project(lent.line(), &self.arena) {
            let row = self.arena.alloc_slice_fill_copy(rule.row.len(), Value::Null);
            fill(row, rule, &event);
            with(row);
        }
    }
}

/// Writes the fields that a rule's head wants into the row.
pub(super) fn fill<'a>(row: &mut [Value<'a>], rule: &Rule, event: &Event<'a>) {
    for (slot, (field, ty)) in row.iter_mut().zip(rule.row) {
        *slot = match ty {
            Type::Source => source_text(event.line()),
            _ => event.load(*field, *ty),
        };
    }
}

/// The whole document as a value; null if it is no UTF-8.
fn source_text(line: &[u8]) -> Value<'_> {
    core::str::from_utf8(line).map_or(Value::Null, Value::Text)
}
