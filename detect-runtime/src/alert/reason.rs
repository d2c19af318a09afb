//! The sentence of an alert (`kibana.alert.reason`).

use super::fields::Fields;
use super::rating::Verdict;

/// Builds the sentence; parts without a value are left out.
pub(super) fn sentence(verdict: &Verdict, fields: Fields<'_>) -> String {
    let first = |field: &str| fields.first(field);
    let mut sentence = fields.texts("event.category").join(", ");
    if !sentence.is_empty() {
        sentence.push(' ');
    }
    sentence.push_str("event");
    let named = |word: &str, field: &str| first(field).map(|value| format!("{word} {value}"));
    let parts: Vec<String> = [
        named("process", "process.name"),
        named("parent process", "process.parent.name"),
        named("file", "file.name"),
        endpoint("source", first("source.ip"), first("source.port")),
        endpoint("destination", first("destination.ip"), first("destination.port")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !parts.is_empty() {
        sentence.push_str(" with ");
        sentence.push_str(&parts.join(", "));
        sentence.push(',');
    }
    if let Some(user) = first("user.name") {
        sentence.push_str(" by ");
        sentence.push_str(&user);
    }
    if let Some(host) = first("host.name") {
        sentence.push_str(" on ");
        sentence.push_str(&host);
    }
    sentence.push_str(" created ");
    sentence.push_str(verdict.severity.name());
    sentence.push_str(" alert ");
    sentence.push_str(&verdict.name);
    sentence.push('.');
    sentence
}

fn endpoint(word: &str, ip: Option<String>, port: Option<String>) -> Option<String> {
    match (ip, port) {
        (Some(ip), Some(port)) => Some(format!("{word} {ip}:{port}")),
        (Some(ip), None) => Some(format!("{word} {ip}")),
        _ => None,
    }
}
