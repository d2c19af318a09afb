//! The page as JSON. `docs/EXPLAIN.md` documents the members; none goes away.

use super::{Column, Identity, Indicator, Page, Stage};
use crate::rule::{Technique, Threat};
use serde_json::{Value as Json, json};

impl Page {
    /// The page for programs.
    pub fn json(&self) -> Json {
        json!({
            "rule": identity(&self.identity),
            "threat": self.threat.iter().map(threat).collect::<Vec<_>>(),
            "stages": self.stages.iter().enumerate().map(stage).collect::<Vec<_>>(),
            "indicators": self.indicators.iter().map(indicator).collect::<Vec<_>>(),
            "output": self.output.iter().map(column).collect::<Vec<_>>(),
            "data_sets": self.data_sets,
            "os": self.os,
            "reads": self.reads,
        })
    }
}

fn identity(rule: &Identity) -> Json {
    json!({
        "id": rule.id,
        "name": rule.name,
        "type": rule.rule_type,
        "language": rule.language,
        "status": rule.status,
        "severity": rule.severity,
        "risk_score": rule.risk_score,
        "author": rule.author,
        "window": rule.window,
        "interval": rule.interval,
        "group_by": rule.group_by,
        "index": rule.index,
        "path": rule.path,
        "description": rule.description,
        "tags": rule.tags,
        "references": rule.references,
        "false_positives": rule.false_positives,
        "created": rule.created,
        "updated": rule.updated,
    })
}

fn stage((number, stage): (usize, &Stage)) -> Json {
    json!({ "n": number + 1, "command": stage.command, "text": stage.text })
}

fn indicator(row: &Indicator) -> Json {
    json!({
        "field": row.predicate.field,
        "kind": row.predicate.kind.name(),
        "values": row.predicate.values,
        "negated": row.predicate.negated,
        "corpus": row.corpus,
    })
}

fn column(column: &Column) -> Json {
    json!({ "field": column.field, "source": column.source })
}

fn threat(threat: &Threat) -> Json {
    json!({
        "framework": threat.framework,
        "tactic": {
            "id": threat.tactic.id,
            "name": threat.tactic.name,
            "reference": threat.tactic.reference,
        },
        "technique": threat.techniques.iter().map(technique).collect::<Vec<_>>(),
    })
}

fn technique(technique: &Technique) -> Json {
    json!({
        "id": technique.id,
        "name": technique.name,
        "reference": technique.reference,
        "subtechnique": technique.subtechniques.iter().map(self::technique).collect::<Vec<_>>(),
    })
}
