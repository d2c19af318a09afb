//! `threat`: tactics and techniques of MITRE ATT&CK or ATLAS.

use super::error::{Fault, Faults};
use super::table::Table;

/// One `[[rule.threat]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threat {
    /// `MITRE ATT&CK` or `MITRE ATLAS`.
    pub framework: String,
    /// The tactic.
    pub tactic: Tactic,
    /// Techniques of that tactic.
    pub techniques: Vec<Technique>,
}

/// A tactic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tactic {
    /// `TA0010`
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub reference: String,
}

/// A technique or subtechnique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technique {
    /// `T1059` or `T1059.004`
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub reference: String,
    /// Subtechniques; those of a subtechnique are empty.
    pub subtechniques: Vec<Technique>,
}

pub(super) fn read(parent: &Table<'_, '_>, faults: &mut Faults) -> Vec<Threat> {
    let mut threats = Vec::new();
    for table in parent.tables("threat", faults) {
        if let Some(threat) = threat(&table, faults) {
            threats.push(threat);
        }
        table.finish(faults);
    }
    threats
}

fn threat(table: &Table<'_, '_>, faults: &mut Faults) -> Option<Threat> {
    let framework = table.required_text("framework", faults);
    if !table.has("tactic") {
        faults.error(Fault::Missing(table.path("tactic")), table.span.clone());
    }
    let tactic = table.table("tactic", faults).and_then(|tactic| {
        let named = named(&tactic, faults);
        tactic.finish(faults);
        named
    });
    let techniques = techniques(table, "technique", faults);
    let (id, name, reference) = tactic?;
    Some(Threat { framework: framework?.value, tactic: Tactic { id, name, reference }, techniques })
}

fn techniques(table: &Table<'_, '_>, key: &'static str, faults: &mut Faults) -> Vec<Technique> {
    let mut techniques = Vec::new();
    for table in table.tables(key, faults) {
        let named = named(&table, faults);
        let subtechniques = match key {
            "technique" => self::techniques(&table, "subtechnique", faults),
            _ => Vec::new(),
        };
        if let Some((id, name, reference)) = named {
            techniques.push(Technique { id, name, reference, subtechniques });
        }
        table.finish(faults);
    }
    techniques
}

fn named(table: &Table<'_, '_>, faults: &mut Faults) -> Option<(String, String, String)> {
    let id = table.required_text("id", faults);
    let name = table.required_text("name", faults);
    let reference = table.string("reference", faults).unwrap_or_default();
    Some((id?.value, name?.value, reference))
}
