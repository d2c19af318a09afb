//! The event that an alert is made from: looked up by path, copied without what
//! the alert replaces, and as the alert's ancestors.

use super::Identity;
use super::json::{self, Members};
use crate::event::reference::{Document, Found};
use crate::head::Source;
use std::fmt::Write as _;

/// Members of a source that are addresses of a document, not contents.
const METADATA: [&str; 4] = ["_id", "_index", "_version", "_source"];

/// A parsed source event.
pub(super) struct Origin<'s> {
    /// The event; empty if the line is no JSON object.
    pub(super) document: Document,
    /// Its line.
    line: &'s [u8],
    /// Its index name, empty if none.
    pub(super) index: &'s str,
}

impl<'s> Origin<'s> {
    pub(super) fn new(line: &'s [u8], index: &'s str) -> Origin<'s> {
        let document = Document::parse(line).unwrap_or_else(|_| Document::Object(Vec::new()));
        Origin { document, line, index }
    }

    pub(super) fn of(source: &'s Source) -> Origin<'s> {
        Origin::new(&source.line, &source.index)
    }

    /// The scalars at a path.
    pub(super) fn scalars(&self, path: &str) -> Vec<&Document> {
        let mut scalars = Vec::new();
        self.document.find(path, &mut |found| {
            if let Found::Scalar(scalar) = found {
                scalars.push(scalar);
            }
        });
        scalars
    }

    /// The first scalar at a path as text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.scalars(path).first().map(|scalar| scalar_text(scalar))
    }

    /// `_id` if the event carries one, else a hash of its line.
    pub(super) fn id(&self) -> String {
        self.text("_id").unwrap_or_else(|| {
            let mut identity = Identity::new("event");
            identity.part(self.line.trim_ascii());
            identity.short()
        })
    }

    /// `_version`, 1 if the event carries none.
    pub(super) fn version(&self) -> String {
        self.text("_version").unwrap_or_else(|| "1".to_owned())
    }

    /// `kibana.alert.uuid` if the event is an alert.
    fn alert_uuid(&self) -> Option<String> {
        self.text("kibana.alert.uuid")
    }

    /// Id by which descendants name it.
    pub(super) fn ancestor_id(&self) -> String {
        self.alert_uuid().unwrap_or_else(|| self.id())
    }

    /// Depth of an alert over this event.
    pub(super) fn depth(&self) -> u32 {
        self.own_depth() + 1
    }

    fn own_depth(&self) -> u32 {
        self.text("kibana.alert.depth").and_then(|depth| depth.parse().ok()).unwrap_or(0)
    }

    /// Appends the elements of `kibana.alert.ancestors` for an alert over this
    /// event, without brackets: what an alert descends from, then itself.
    pub(super) fn ancestors(&self, out: &mut String) {
        let uuid = self.alert_uuid();
        if uuid.is_some() {
            self.document.find_composites("kibana.alert.ancestors", &mut |ancestors| {
                let single = std::slice::from_ref(ancestors);
                let elements = match ancestors {
                    Document::Array(elements) => elements,
                    _ => single,
                };
                for element in elements {
                    let _infallible = write!(out, "{element},");
                }
            });
        }
        let mut members = Members::begin(out);
        members.text("id", uuid.as_deref().unwrap_or(&self.id()));
        members.text("type", if uuid.is_some() { "signal" } else { "event" });
        members.text("index", self.index);
        members.integer("depth", self.own_depth());
        if let Some(rule) = uuid.and_then(|_| self.text("kibana.alert.rule.uuid")) {
            members.text("rule", &rule);
        }
        members.end();
    }

    /// Writes the copy: the event as it came, `event.kind` set to `signal`, and
    /// without its `@timestamp`, its metadata and what an earlier alert said.
    pub(super) fn copy(&self, members: &mut Members<'_>) {
        copy(&self.document, members);
    }

    /// Writes `kibana.alert.original_time` and `kibana.alert.original_event.*`.
    pub(super) fn original(&self, members: &mut Members<'_>) {
        original(&self.document, members);
    }
}

/// See [`Origin::copy`].
pub(super) fn copy(document: &Document, members: &mut Members<'_>) {
    let Document::Object(all) = document else { return };
    let mut kind = has(document, "event.kind");
    // In an alert these are other names of what stands below `kibana`.
    let is_alert = has(document, "kibana.alert.uuid");
    for (name, value) in all {
        if replaced(name) || is_alert && name.starts_with("signal.") {
            continue;
        }
        match (name.as_str(), value) {
            ("event.kind", _) => members.text(name, "signal"),
            ("event", Document::Object(inner)) => {
                let out = members.name("event");
                let mut event = Members::begin(out);
                for (name, value) in inner {
                    if name == "kind" {
                        event.text("kind", "signal");
                    } else {
                        let _infallible = write!(event.name(name), "{value}");
                    }
                }
                if !kind {
                    event.text("kind", "signal");
                    kind = true;
                }
                event.end();
            }
            _ => {
                let _infallible = write!(members.name(name), "{value}");
            }
        }
    }
    if !kind {
        members.text("event.kind", "signal");
    }
}

/// See [`Origin::original`].
pub(super) fn original(document: &Document, members: &mut Members<'_>) {
    let Document::Object(all) = document else { return };
    let mut time = None;
    document.find("@timestamp", &mut |found| {
        if let (Found::Scalar(scalar), None) = (found, time) {
            time = Some(scalar);
        }
    });
    if let Some(time) = time {
        let _infallible = write!(members.name("kibana.alert.original_time"), "{time}");
    }
    for (name, value) in all {
        if name == "event" {
            flat("kibana.alert.original_event", value, members);
        } else if let Some(rest) = name.strip_prefix("event.") {
            flat(&format!("kibana.alert.original_event.{rest}"), value, members);
        }
    }
}

/// Writes the leaves of objects under dotted names.
fn flat(path: &str, value: &Document, members: &mut Members<'_>) {
    match value {
        Document::Object(inner) => {
            for (name, value) in inner {
                flat(&format!("{path}.{name}"), value, members);
            }
        }
        // `event` itself is an object; any other value there is no field.
        leaf if path != "kibana.alert.original_event" => {
            let _infallible = write!(members.name(path), "{leaf}");
        }
        _ => {}
    }
}

/// True for members of the source that the alert writes itself.
fn replaced(name: &str) -> bool {
    name == "@timestamp"
        || METADATA.contains(&name)
        || name == "kibana"
        || name.starts_with("kibana.")
}

/// True if there is a scalar at the path.
fn has(document: &Document, path: &str) -> bool {
    let mut any = false;
    document.find(path, &mut |found| any |= matches!(found, Found::Scalar(_)));
    any
}

/// The text of a scalar without quotes.
pub(super) fn scalar_text(scalar: &Document) -> String {
    match scalar {
        Document::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Removes what stands at a path, however it is spelt, from objects; arrays of
/// objects are left alone.
pub(super) fn remove(document: &mut Document, path: &str) {
    let Document::Object(members) = document else { return };
    members.retain_mut(|(name, value)| {
        if name == path {
            return false;
        }
        match path.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) => {
                let was_empty = matches!(value, Document::Object(inner) if inner.is_empty());
                remove(value, rest);
                was_empty || !matches!(value, Document::Object(inner) if inner.is_empty())
            }
            None => true,
        }
    });
}

/// Appends a scalar as a JSON string.
pub(super) fn quoted(scalar: &Document, out: &mut String) {
    json::text(&scalar_text(scalar), out);
}
