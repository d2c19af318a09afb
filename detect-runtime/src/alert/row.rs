//! Columns of a result row as fields of its alert.

use super::fields::Fields;
use super::origin::Origin;
use crate::event::Raw;
use crate::event::reference::Document;
use crate::value::{Owned, Type, load_one};
use bumpalo::Bump;

/// Columns that an alert shows: not null, no metadata of the source document,
/// and not the alert's own `@timestamp`.
pub(super) fn written(fields: Fields<'_>) -> impl Iterator<Item = (&'static str, &Owned)> {
    fields.columns().filter(|(name, value)| {
        !name.starts_with('_') && *name != "@timestamp" && !matches!(value, Owned::Null)
    })
}

/// The columns that say something else than the event does under their name.
pub(super) fn laid_over<'f>(
    fields: Fields<'f>,
    origin: &Origin<'_>,
) -> Vec<(&'static str, &'f Owned)> {
    let arena = Bump::new();
    written(fields).filter(|(name, value)| !stands_there(name, value, origin, &arena)).collect()
}

/// True if the event has these values, as a set, in whatever order and spelling.
fn stands_there(path: &str, column: &Owned, origin: &Origin<'_>, arena: &Bump) -> bool {
    let single = std::slice::from_ref(column);
    let values = match column {
        Owned::Multi(all) => all,
        _ => single,
    };
    let Some(ty) = values.first().and_then(type_of) else { return false };
    let scalars = origin.scalars(path);
    let stored: Vec<_> =
        scalars.iter().filter_map(|scalar| load_one(raw(scalar), ty, arena)).collect();
    !stored.is_empty()
        && stored.iter().all(|stored| values.iter().any(|value| value.is(*stored)))
        && values.iter().all(|value| stored.iter().any(|stored| value.is(*stored)))
}

fn raw(scalar: &Document) -> Raw<'_> {
    match scalar {
        Document::Text(text) => Raw::Text(text),
        Document::Number(text) => Raw::Number(text),
        Document::Boolean(value) => Raw::Boolean(*value),
        Document::Null | Document::Array(_) | Document::Object(_) => Raw::Text(""),
    }
}

/// The type that a stored value must be read as to compare with this one.
fn type_of(value: &Owned) -> Option<Type> {
    Some(match value {
        Owned::Boolean(_) => Type::Boolean,
        Owned::Integer(_) => Type::Integer,
        Owned::Long(_) => Type::Long,
        Owned::UnsignedLong(_) => Type::UnsignedLong,
        Owned::Double(_) => Type::Double,
        Owned::Text(_) => Type::Keyword,
        Owned::Date(_) => Type::Date,
        Owned::DateNanos(_) => Type::DateNanos,
        Owned::Ip(_) => Type::Ip,
        Owned::Version(_) => Type::Version,
        Owned::Null
        | Owned::Point(_)
        | Owned::Shape(_)
        | Owned::Period { .. }
        | Owned::Duration(_)
        | Owned::Multi(_) => return None,
    })
}
