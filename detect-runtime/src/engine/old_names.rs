//! Names that fields of alerts had before version 8, which rules still ask for:
//! `signal.rule.name` is `kibana.alert.rule.name`.
//!
//! In the index of alerts these are aliases: they can be asked for, and stand in no
//! document. So they are added to an alert only on its way back to the rules, where some
//! rule asks for one, and alerts over it leave them out again.

use serde_json::{Map, Value as Json};

/// Begins every old name.
const OLD: &str = "signal.";

/// Where the name is not that of today with another beginning (Kibana, `signal_aad_mapping`).
const MOVED: &[(&str, &str)] = &[
    ("rule.uuid", "rule.id"),
    ("severity", "rule.severity"),
    ("risk_score", "rule.risk_score"),
    ("workflow_status", "status"),
];

/// Whether some rule asks for an old name.
pub(super) fn asked_for(fields: &[&str]) -> bool {
    fields.iter().any(|field| field.starts_with(OLD))
}

/// The alert with the old names of its fields beside the new ones.
pub(super) fn added(alert: &str) -> String {
    let Ok(members) = serde_json::from_str::<Map<String, Json>>(alert) else {
        return alert.to_owned();
    };
    let mut all = members.clone();
    for (name, value) in members {
        let Some(name) = name.strip_prefix("kibana.alert.") else { continue };
        let moved = MOVED.iter().find(|(new, _)| *new == name).map_or(name, |(_, old)| *old);
        all.insert(format!("{OLD}{moved}"), value);
    }
    Json::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_stand_beside_the_new_ones() {
        let alert = r#"{"@timestamp":"2026-01-01T00:00:00.000Z","kibana.alert.rule.name":"A","kibana.alert.rule.uuid":"u","kibana.alert.severity":"low","kibana.alert.rule.threat":[{"tactic":{"name":"T"}}],"kibana.alert.risk_score":21.5}"#;
        let all: Json = serde_json::from_str(&added(alert)).expect("JSON");
        for (name, value) in [
            ("signal.rule.name", "\"A\""),
            ("signal.rule.id", "\"u\""),
            ("signal.rule.severity", "\"low\""),
            ("signal.rule.risk_score", "21.5"),
            ("signal.rule.threat", r#"[{"tactic":{"name":"T"}}]"#),
            ("kibana.alert.rule.name", "\"A\""),
        ] {
            assert_eq!(all[name].to_string(), value, "{name}");
        }
        assert!(asked_for(&["host.name", "signal.rule.tags"]) && !asked_for(&["signal"]));
    }
}
