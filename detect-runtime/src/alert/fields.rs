//! Fields of an alert's contents by name, wherever they come from.

use super::origin::{Origin, scalar_text};
use crate::event::reference::Document;
use crate::value::{self, Owned};
use bumpalo::Bump;

/// Columns of a row, and behind them the fields of the event.
#[derive(Clone, Copy)]
pub(super) struct Fields<'f> {
    names: &'f [&'static str],
    values: &'f [Owned],
    origin: Option<&'f Origin<'f>>,
}

impl<'f> Fields<'f> {
    pub(super) fn event(origin: &'f Origin<'f>) -> Fields<'f> {
        Fields { names: &[], values: &[], origin: Some(origin) }
    }

    pub(super) fn row(
        names: &'f [&'static str],
        values: &'f [Owned],
        origin: Option<&'f Origin<'f>>,
    ) -> Fields<'f> {
        Fields { names, values, origin }
    }

    /// The columns with their names.
    pub(super) fn columns(self) -> impl Iterator<Item = (&'static str, &'f Owned)> + use<'f> {
        self.names.iter().copied().zip(self.values)
    }

    /// The values of a field as texts, in order.
    pub(super) fn texts(&self, field: &str) -> Vec<String> {
        self.all(field, |_| true)
    }

    /// The values that are strings.
    pub(super) fn strings(&self, field: &str) -> Vec<String> {
        self.all(field, |scalar| matches!(scalar, Document::Text(_)))
    }

    /// The first value as text.
    pub(super) fn first(&self, field: &str) -> Option<String> {
        self.texts(field).into_iter().next().filter(|text| !text.is_empty())
    }

    fn all(&self, field: &str, admit: impl Fn(&Document) -> bool) -> Vec<String> {
        if let Some((_, value)) = self.columns().find(|(name, _)| *name == field) {
            return column_texts(value);
        }
        let Some(origin) = self.origin else { return Vec::new() };
        origin.scalars(field).into_iter().filter(|s| admit(s)).map(scalar_text).collect()
    }
}

/// The single values of a column as texts.
fn column_texts(value: &Owned) -> Vec<String> {
    let arena = Bump::new();
    let lent = value.lend(&arena);
    let single = |value: &value::Value<'_>| value::text(*value, &arena).map(str::to_owned);
    lent.as_slice().iter().filter_map(single).collect()
}
