//! The row of a hit: which fields a head wants, each once, by position.

use crate::plan::Field;

/// Fields of a row in order.
#[derive(Default)]
pub(super) struct RowFields(Vec<Field>);

impl RowFields {
    /// Position of the field, adding it if need be.
    pub(super) fn position(&mut self, field: &Field) -> u16 {
        if let Some(position) = self.0.iter().position(|known| known == field) {
            position as u16
        } else {
            self.0.push(field.clone());
            (self.0.len() - 1) as u16
        }
    }

    /// Adds the field at the end, even if it stands in the row already.
    pub(super) fn push(&mut self, field: &Field) {
        self.0.push(field.clone());
    }

    /// The fields.
    pub(super) fn into_fields(self) -> Vec<Field> {
        self.0
    }
}
