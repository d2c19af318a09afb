//! What the members of a sequence have in common: the event fields of its alert.

use super::origin::{Origin, scalar_text};
use crate::event::reference::{Document, Found};

/// The fields of the first event that all others have with the same value: of
/// arrays the elements that all have, of objects member by member. The others
/// may spell a path otherwise (nested, dotted).
pub(super) fn intersection(events: &[Origin<'_>]) -> Document {
    match events.split_first() {
        None => Document::Object(Vec::new()),
        Some((first, others)) => {
            common(&first.document, "", others).unwrap_or_else(|| Document::Object(Vec::new()))
        }
    }
}

fn common(value: &Document, path: &str, others: &[Origin<'_>]) -> Option<Document> {
    match value {
        Document::Object(members) => {
            let members: Vec<(String, Document)> = members
                .iter()
                .filter_map(|(name, value)| {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    Some((name.clone(), common(value, &path, others)?))
                })
                .collect();
            (!members.is_empty()).then_some(Document::Object(members))
        }
        Document::Array(elements) => {
            let kept: Vec<Document> = elements
                .iter()
                .filter(|element| others.iter().all(|other| holds(other, path, element)))
                .cloned()
                .collect();
            (!kept.is_empty()).then_some(Document::Array(kept))
        }
        Document::Null => None,
        scalar => {
            let alone = |other: &Origin<'_>| match other.scalars(path).as_slice() {
                [one] => scalar_text(one) == scalar_text(scalar),
                _ => false,
            };
            others.iter().all(alone).then(|| scalar.clone())
        }
    }
}

/// True if the event has this element at the path.
fn holds(event: &Origin<'_>, path: &str, element: &Document) -> bool {
    let mut any = false;
    if let Document::Object(_) | Document::Array(_) = element {
        event.document.find_composites(path, &mut |composite| {
            any |= composite == element
                || matches!(composite, Document::Array(elements) if elements.contains(element));
        });
    } else {
        event.document.find(path, &mut |found| {
            any |= matches!(found, Found::Scalar(scalar) if scalar == element);
        });
    }
    any
}
