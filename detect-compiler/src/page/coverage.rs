//! Which tactics and techniques the rules of a catalogue are mapped to.

use super::Page;
use crate::rule::Technique;
use std::collections::BTreeMap;

/// Tactics of ATT&CK Enterprise in the order of the kill chain.
const ORDER: [&str; 14] = [
    "TA0043", "TA0042", "TA0001", "TA0002", "TA0003", "TA0004", "TA0005", "TA0006", "TA0007",
    "TA0008", "TA0009", "TA0011", "TA0010", "TA0040",
];

/// The mapping of all rules.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Tactics, those of ATT&CK in the order of the kill chain, others behind them.
    pub tactics: Vec<Tactic>,
    /// Techniques and subtechniques by id, whatever their tactics.
    pub techniques: BTreeMap<String, Mapped>,
}

/// A tactic with its techniques.
#[derive(Clone, Debug)]
pub struct Tactic {
    /// `MITRE ATT&CK` or `MITRE ATLAS`.
    pub framework: String,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Numbers of the rules, rising.
    pub rules: Vec<usize>,
    /// Techniques and subtechniques by id, with the rules that name them under this
    /// tactic.
    pub techniques: BTreeMap<String, Mapped>,
}

/// A technique or subtechnique with the rules that are mapped to it. A rule that names
/// a subtechnique is mapped to its technique too.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    /// Name.
    pub name: String,
    /// Address.
    pub reference: String,
    /// Id of the technique that a subtechnique belongs to.
    pub parent: Option<String>,
    /// Numbers of the rules, rising.
    pub rules: Vec<usize>,
}

impl Coverage {
    /// The coverage of these pages; rules are numbered in their order.
    pub fn of<'p>(pages: impl IntoIterator<Item = &'p Page>) -> Coverage {
        let mut tactics: BTreeMap<(bool, usize, String), Tactic> = BTreeMap::new();
        let mut techniques = BTreeMap::new();
        for (rule, page) in pages.into_iter().enumerate() {
            for threat in &page.threat {
                let (id, name) = (&threat.tactic.id, &threat.tactic.name);
                let place = ORDER.iter().position(|known| known == id).unwrap_or(ORDER.len());
                let other = threat.framework != "MITRE ATT&CK";
                let tactic = tactics.entry((other, place, id.clone())).or_insert_with(|| Tactic {
                    framework: threat.framework.clone(),
                    id: id.clone(),
                    name: name.clone(),
                    rules: Vec::new(),
                    techniques: BTreeMap::new(),
                });
                add(&mut tactic.rules, rule);
                for technique in &threat.techniques {
                    map(&mut tactic.techniques, technique, None, rule);
                    map(&mut techniques, technique, None, rule);
                }
            }
        }
        Coverage { tactics: tactics.into_values().collect(), techniques }
    }
}

fn map(
    all: &mut BTreeMap<String, Mapped>,
    technique: &Technique,
    parent: Option<&str>,
    rule: usize,
) {
    let mapped = all.entry(technique.id.clone()).or_insert_with(|| Mapped {
        name: technique.name.clone(),
        reference: technique.reference.clone(),
        parent: parent.map(str::to_owned),
        rules: Vec::new(),
    });
    add(&mut mapped.rules, rule);
    for inner in &technique.subtechniques {
        map(all, inner, Some(&technique.id), rule);
    }
}

fn add(rules: &mut Vec<usize>, rule: usize) {
    if rules.last() != Some(&rule) {
        rules.push(rule);
    }
}
