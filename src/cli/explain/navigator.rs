//! A layer of the ATT&CK Navigator, format 4.5: one technique for each that some rule
//! is mapped to, its score the number of these rules.

use detect_compiler::page::{Catalogue, Coverage, Mapped, Tactic};
use serde_json::{Value as Json, json};

/// Names of rules in the comment of a technique.
const NAMED: usize = 12;

/// The layer. Rules that are mapped to another framework are not in it.
pub(super) fn layer(catalogue: &Catalogue) -> Json {
    let coverage = Coverage::of(catalogue.entries.iter().map(|entry| &entry.page));
    let tactics = coverage.tactics.iter().filter(|tactic| tactic.framework == "MITRE ATT&CK");
    let techniques: Vec<Json> = tactics
        .flat_map(|tactic| {
            tactic.techniques.iter().map(move |(id, one)| technique(catalogue, tactic, id, one))
        })
        .collect();
    let most = coverage.techniques.values().map(|one| one.rules.len()).max().unwrap_or(1);
    json!({
        "name": "Detection rules",
        "versions": { "attack": "17", "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": format!("Coverage by {} rules", catalogue.entries.len()),
        "sorting": 3,
        "layout": {
            "layout": "side",
            "showID": true,
            "showName": true,
            "showAggregateScores": false,
            "countUnscored": false,
            "aggregateFunction": "sum",
            "expandedSubtechniques": "annotated",
        },
        "hideDisabled": false,
        "techniques": techniques,
        "gradient": {
            "colors": ["#d7efecff", "#0f766eff"],
            "minValue": 0,
            "maxValue": most,
        },
        "legendItems": [],
        "showTacticRowBackground": false,
        "selectTechniquesAcrossTactics": true,
        "selectSubtechniquesWithParent": false,
        "selectVisibleTechniques": false,
    })
}

fn technique(catalogue: &Catalogue, tactic: &Tactic, id: &str, mapped: &Mapped) -> Json {
    let name = |number: &usize| {
        catalogue.entries.get(*number).map_or("", |entry| entry.page.identity.name.as_str())
    };
    let mut names: Vec<&str> = mapped.rules.iter().take(NAMED).map(name).collect();
    let rest = mapped.rules.len().saturating_sub(NAMED);
    let more = format!("and {rest} more");
    if rest > 0 {
        names.push(&more);
    }
    json!({
        "techniqueID": id,
        "tactic": tactic.name.to_lowercase().replace(' ', "-"),
        "score": mapped.rules.len(),
        "comment": names.join("\n"),
        "enabled": true,
        "metadata": [],
        "links": [],
        "showSubtechniques": false,
    })
}
