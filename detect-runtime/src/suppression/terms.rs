//! The values by which a match is grouped.

use crate::alert::SuppressionInfo;
use crate::event::reference::{Document, Found};
use crate::head::{Content, Source};
use crate::state::Encode;
use crate::value::Owned;

/// A value for each name, null for a missing one.
pub(super) fn terms(
    info: &SuppressionInfo,
    columns: &[&'static str],
    content: &Content,
) -> Box<[Owned]> {
    let of_event = |source: &Source| {
        let document = Document::parse(&source.line).ok();
        let field = |name: &&str| document.as_ref().map_or(Owned::Null, |d| set(field(d, name)));
        info.group_by.iter().map(field).collect()
    };
    match content {
        Content::Threshold { terms, .. } => terms.clone(),
        Content::Event(event) | Content::NewTerms { event, .. } | Content::Threat { event, .. } => {
            of_event(event)
        }
        Content::Sequence { events, .. } => {
            let documents: Vec<Document> = events
                .iter()
                .flatten()
                .filter_map(|event| Document::parse(&event.line).ok())
                .collect();
            info.group_by.iter().map(|name| shared(&documents, name)).collect()
        }
        Content::Row { columns: values, source, .. } => {
            let document = source.as_ref().and_then(|source| Document::parse(&source.line).ok());
            let term = |name: &&str| match columns.iter().position(|column| column == name) {
                Some(column) => match values.get(column) {
                    Some(Owned::Multi(all)) => set(all.to_vec()),
                    Some(value) => value.clone(),
                    None => Owned::Null,
                },
                None => document.as_ref().map_or(Owned::Null, |d| set(field(d, name))),
            };
            info.group_by.iter().map(term).collect()
        }
    }
}

/// The scalars at a path, in source order.
fn field(document: &Document, path: &str) -> Vec<Owned> {
    let mut values = Vec::new();
    document.find(path, &mut |found| {
        let Found::Scalar(scalar) = found else { return };
        values.push(match scalar {
            Document::Boolean(b) => Owned::Boolean(*b),
            Document::Text(text) => Owned::Text(text.as_str().into()),
            Document::Number(text) => match (text.parse(), text.parse()) {
                (Ok(n), _) => Owned::Long(n),
                (Err(_), Ok(n)) => Owned::Double(n),
                (Err(_), Err(_)) => Owned::Text(text.as_str().into()),
            },
            Document::Null | Document::Array(_) | Document::Object(_) => return,
        });
    });
    values
}

/// Values as a set: in one order (texts in their own), each once.
fn set(values: Vec<Owned>) -> Owned {
    let mut keyed: Vec<((bool, Vec<u8>), Owned)> = values
        .into_iter()
        .map(|value| match &value {
            Owned::Text(text) => ((true, text.as_bytes().to_vec()), value),
            other => {
                let mut bytes = Vec::new();
                other.encode(&mut bytes);
                ((false, bytes), value)
            }
        })
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.dedup_by(|a, b| a.0 == b.0);
    list(keyed.into_iter().map(|(_, value)| value).collect())
}

fn list(mut values: Vec<Owned>) -> Owned {
    match values.len() {
        0 => Owned::Null,
        1 => values.remove(0),
        _ => Owned::Multi(values.into()),
    }
}

/// What all events of a sequence have at a path, in content and order.
fn shared(documents: &[Document], path: &str) -> Owned {
    let mut values = documents.iter().map(|document| field(document, path));
    let Some(first) = values.next() else { return Owned::Null };
    if values.all(|other| other == first) { list(first) } else { Owned::Null }
}
