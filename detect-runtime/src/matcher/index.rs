//! Index names and index patterns.

use crate::event::reference::{Document, Found};
use memchr::memmem;

/// Name of the index of the engine's own alerts.
pub const ALERTS: &str = ".alerts-security.alerts-default";

/// True if a list of index patterns admits an index name. `*` stands for any run
/// of characters, a leading `-` takes back what earlier patterns admitted, a
/// cluster prefix (`remote:logs-*`) is not part of the name. The backing index of
/// a data stream (`.ds-NAME-2026.01.01-000001`) counts as its stream too. An index of
/// alerts is hidden: only a pattern that begins with a dot admits it, by its alias
/// or by the name behind that (`.internal.alerts-security.alerts-default-000001`).
///
/// ```
/// use detect_runtime::matcher::admit;
/// let patterns = ["logs-endpoint.events.process-*", "-logs-*-test"];
/// assert!(admit(patterns, "logs-endpoint.events.process-default"));
/// assert!(admit(patterns, ".ds-logs-endpoint.events.process-default-2026.01.01-000001"));
/// assert!(!admit(patterns, "logs-endpoint.events.process-test"));
/// ```
pub fn admit<'p>(patterns: impl IntoIterator<Item = &'p str>, index: &str) -> bool {
    let mut admitted = false;
    for pattern in patterns {
        let pattern = pattern.rsplit(':').next().unwrap_or(pattern);
        match pattern.strip_prefix('-') {
            Some(excluded) => admitted &= !matches_index(excluded, index),
            None => admitted = admitted || matches_index(pattern, index),
        }
    }
    admitted
}

/// The name of a document's index: `_index`, else that of alerts if it is one, else
/// `data_stream.type-dataset-namespace` where it has all three, else what a Beat writes
/// to by default. `None`: it does not say, so that every pattern admits it.
///
/// ```
/// use detect_runtime::event::reference::Document;
/// use detect_runtime::matcher::index_of;
/// let line = br#"{"data_stream":{"type":"logs","dataset":"x.y","namespace":"default"}}"#;
/// let document = Document::parse(line).unwrap();
/// assert_eq!(index_of(&document).as_deref(), Some("logs-x.y-default"));
/// ```
pub fn index_of(document: &Document) -> Option<String> {
    let first = |path: &str| {
        let mut first = None;
        document.find(path, &mut |found| {
            if let Found::Scalar(value) = found {
                first.get_or_insert(value);
            }
        });
        match first {
            Some(Document::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    };
    if let Some(index) = first("_index") {
        return Some(index.to_owned());
    }
    if first("kibana.alert.uuid").is_some() {
        return Some(ALERTS.to_owned());
    }
    let parts = ["data_stream.type", "data_stream.dataset", "data_stream.namespace"].map(first);
    if let [Some(kind), Some(data_set), Some(namespace)] = parts {
        return Some(format!("{kind}-{data_set}-{namespace}"));
    }
    first("@metadata.beat").map(|beat| format!("{beat}-"))
}

fn matches_index(pattern: &str, index: &str) -> bool {
    if index.starts_with(".alerts-") || index.starts_with(".internal.alerts-") {
        return matches_alerts(pattern, index);
    }
    if star_matches(pattern.as_bytes(), index.as_bytes()) {
        return true;
    }
    stream_of_backing_index(index)
        .is_some_and(|stream| star_matches(pattern.as_bytes(), stream.as_bytes()))
}

/// The alias `.alerts-X` stands for `.internal.alerts-X-NNNNNN`.
fn matches_alerts(pattern: &str, index: &str) -> bool {
    if !pattern.starts_with('.') {
        return false;
    }
    let alias = index
        .strip_prefix(".internal")
        .and_then(|alias| alias.rsplit_once('-'))
        .filter(|(_, generation)| generation.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(alias, _)| alias);
    let alias = alias.unwrap_or(index);
    star_matches(pattern.as_bytes(), index.as_bytes())
        || star_matches(pattern.as_bytes(), alias.as_bytes())
        || star_matches(pattern.as_bytes(), format!(".internal{alias}-000001").as_bytes())
}

/// `.ds-NAME-yyyy.MM.dd-NNNNNN` -> `NAME`.
fn stream_of_backing_index(index: &str) -> Option<&str> {
    let rest = index.strip_prefix(".ds-")?;
    let (rest, _generation) = rest.rsplit_once('-')?;
    let (stream, _date) = rest.rsplit_once('-')?;
    Some(stream)
}

/// Greedy leftmost placement of the literals between stars, which is exact for
/// patterns of `*` only.
fn star_matches(pattern: &[u8], text: &[u8]) -> bool {
    let Some(first) = memchr::memchr(b'*', pattern) else {
        return pattern == text;
    };
    let last = memchr::memrchr(b'*', pattern).unwrap_or(first);
    let (prefix, suffix) = (&pattern[..first], &pattern[last + 1..]);
    if text.len() < prefix.len() + suffix.len()
        || !text.starts_with(prefix)
        || !text.ends_with(suffix)
    {
        return false;
    }
    let mut rest = &text[prefix.len()..text.len() - suffix.len()];
    if first == last {
        return true;
    }
    for literal in pattern[first + 1..last].split(|byte| *byte == b'*') {
        match memmem::find(rest, literal) {
            Some(at) => rest = &rest[at + literal.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_admit() {
        let rows: &[(&[&str], &str, bool)] = &[
            (&["logs-*"], "logs-", true),
            (&["logs-*"], "log", false),
            (&["*"], "", true),
            (&["a*b*c"], "aXbXc", true),
            (&["a*b*c"], "acb", false),
            (&["a*bc*c"], "abc", false),
            (&["ab*ba"], "aba", false),
            (&["cluster:logs-x"], "logs-x", true),
            (&["logs-*", "-logs-a*"], "logs-ab", false),
            (&["-logs-a*", "logs-*"], "logs-ab", true),
            (&["winlogbeat-*"], ".ds-winlogbeat-8-2026.01.01-000001", true),
            (&[".ds-logs-*"], ".ds-logs-a-2026.01.01-000001", true),
            (&[".alerts-security.*"], ALERTS, true),
            (&[".alerts-security.alerts-default"], ALERTS, true),
            (&[".internal.alerts-security*"], ALERTS, true),
            (&[".internal.alerts-security.alerts-default-000001"], ALERTS, true),
            (&[".alerts-security.*"], ".internal.alerts-security.alerts-default-000002", true),
            (&[".alerts-security.alerts-ops"], ALERTS, false),
            (&["*"], ALERTS, false),
            (&["*", ".alerts-*", "-.alerts-security*"], ALERTS, false),
            (&["remote:.alerts-security.*"], ALERTS, true),
        ];
        for (patterns, index, expected) in rows {
            assert_eq!(admit(patterns.iter().copied(), index), *expected, "{patterns:?} {index}");
        }
    }
}
